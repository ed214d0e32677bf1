# SPDX-License-Identifier: GPL-2.0-only
"""The house: families of files are whole, queries compile, the README says what is true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import bench
import pytest
import sample_trees
from click.testing import CliRunner
from histories import History

from kscan.cli.commands import kscan
from kscan.kernel.catalogue import catalogue
from kscan.rules import Rule, rules
from kscan.syntax import queries

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "kscan").rglob("*.py"))
HEADINGS = ("What it finds", "Why it matters", "How it can be wrong", "How to fix it", "References")
EMPTY_WORDS = re.compile(r"manager|helper|util|common|misc|processor|engine")
LONGEST_FUNCTION = 60
LONGEST_MODULE = 400

by_rule = pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
by_source = pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))


@by_rule
def test_a_rule_has_its_sample_tree_and_golden(rule: Rule) -> None:
    assert (sample_trees.SAMPLE_TREES / rule.id).is_dir()
    assert (ROOT / "tests" / "golden" / "rules" / f"{rule.id}.txt").is_file()


@by_rule
def test_a_rule_has_a_page(rule: Rule) -> None:
    for heading in HEADINGS:
        assert f"\n{heading}\n" in rule.page, heading
    assert "``" not in rule.page
    assert all(row.count("`") % 2 == 0 for row in rule.page.splitlines())
    assert len(rule.summary) < 90


def test_no_sample_tree_is_left_over() -> None:
    known = {rule.id for rule in rules()} | {"core", "probe-path"}
    assert {p.name for p in sample_trees.SAMPLE_TREES.iterdir() if p.is_dir()} == known


@pytest.mark.parametrize("path", sorted((ROOT / "queries").rglob("*.scm")), ids=lambda p: p.stem)
def test_every_query_compiles(path: Path) -> None:
    queries.query(str(path.relative_to(ROOT / "queries").with_suffix("")))


def test_the_readme_lists_the_rules_as_kscan_does() -> None:
    table = CliRunner().invoke(kscan, ["rules", "--format", "markdown"]).output
    assert table in (ROOT / "README.md").read_text()


def test_contributing_says_where_each_part_is() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    parts = {path.relative_to(ROOT).parts[1] for path in SOURCES}
    told = set(re.findall(r"^    kscan/(\S+)", text, re.M))
    assert {part for part in parts if not part.startswith("__")} == told


def test_the_readme_shows_what_an_audit_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    command, shown = _block("$ kscan audit ")
    printed = CliRunner().invoke(kscan, [*command.split()[2:], "--no-cache"]).stdout
    assert printed.strip() == shown


def test_the_readme_shows_what_a_diff_prints(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    history = History(tmp_path / "story")
    for stage, subject in (("0-before", "before"), ("1-new-probe-path", "new probe path")):
        tree = sample_trees.materialise(
            sample_trees.SAMPLE_TREES / "probe-path" / stage, tmp_path / stage
        )
        history.becomes(tree)
        history.commit(subject)
    monkeypatch.chdir(history.root)
    arguments = ["diff", "HEAD~1..HEAD", "--no-cache"]
    concise = CliRunner().invoke(kscan, [*arguments, "-f", "concise"]).stdout
    assert concise.strip() == _block("$ kscan diff HEAD~2..HEAD~1 -f concise")[1]
    told = CliRunner().invoke(kscan, arguments).stdout
    _, shown = _block("$ kscan diff HEAD~2..HEAD~1\n")
    for part in shown.split("\n\n")[1:]:
        assert part.startswith("[") or part in told


def test_the_readme_shows_what_a_triage_prints(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    command, shown = _block("$ kscan triage dmesg.txt sample-trees")
    rows = [row for row in shown.splitlines() if not row.strip().startswith("[")]
    told = re.findall(r"^ +(\w+)\(\) +\|", shown, re.M)
    head = rows[0].partition("oops: ")[2]
    trace = "\n".join(f"[    1.000001]  {name}+0x24/0x130" for name in told)
    log = tmp_path / "dmesg.txt"
    log.write_text(f"[    1.000000] {head}\n[    1.000001] Call trace:\n{trace}\n")
    arguments = [str(log) if word == "dmesg.txt" else word for word in command.split()[2:]]
    printed = CliRunner().invoke(kscan, [*arguments, "--no-cache"]).stdout
    assert len(rows) > 5
    assert [row for row in rows if row.strip() not in printed] == []


def _block(command: str) -> tuple[str, str]:
    """The command that begins so in the README, and what stands as its output."""
    text = (ROOT / "README.md").read_text()
    start = text.index(command)
    end = re.compile(r"^(?=\S)|^ {4}\$ ", re.M).search(text, text.index("\n", start) + 1)
    rows = text[start : end.start() if end else None].splitlines()
    return rows[0], "\n".join(row[4:] for row in rows[1:]).strip()


def test_test_files_have_names_of_their_own() -> None:
    names = [
        f"{p.parent.name}.{p.name}" if (p.parent / "__init__.py").exists() else p.name
        for p in (ROOT / "tests").rglob("test_*.py")
    ]
    assert [name for name in set(names) if names.count(name) > 1] == []


@by_source
def test_a_module_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("# SPDX-License-Identifier: GPL-2.0-only\n")
    assert ast.get_docstring(ast.parse(text))
    assert text.count("\n") <= LONGEST_MODULE
    assert not EMPTY_WORDS.search(path.stem)


@by_source
def test_functions_are_small_and_named_for_what_they_do(path: Path) -> None:
    for name, lines in _functions(path):
        assert lines <= LONGEST_FUNCTION, name
        assert not EMPTY_WORDS.search(name), name


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_the_bench_knows_what_an_audit_searches_for() -> None:
    assert {"iommu_device_register", "iommu_ops", "dma_configure"} <= set(bench.searched())


@pytest.mark.parametrize(("said", "counts"), [("0 files match", False), ("10 files match", True)])
def test_the_bench_does_not_time_what_looked_at_nothing(said: str, *, counts: bool) -> None:
    line = ["sh", "-c", f"echo find: not found >&2; echo {said} >&2"]
    command = bench.Command("spatch", line, Path(), idle="0 files match")
    with nullcontext() if counts else pytest.raises(bench.Failed, match="nothing: find: not found"):
        assert bench.run(command).wall > 0


def test_the_bench_has_eight_contracts() -> None:
    assert len(catalogue((bench.CONTRACTS,)).contracts) == 8
