# SPDX-License-Identifier: GPL-2.0-only
"""Steadiness: hostile source ends within bounds, as an answer or as a skip."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import sample_trees
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from text_tree import function_of
from trees import MemoryTree

from kscan.audit import Audit, Options
from kscan.cli.commands import kscan
from kscan.execution.execute import Execution
from kscan.execution.world import World
from kscan.facts import extract, lower
from kscan.facts.reader import Reader
from kscan.facts.store import NullStore
from kscan.flow.cfg import Cfg, Kind, Node, cfg_of
from kscan.flow.places import Place
from kscan.flow.writes import Writes
from kscan.hazards.case import Case
from kscan.kernel.catalogue import catalogue
from kscan.model import Confidence, Finding, KscanError, Severity
from kscan.program.calls import call_sites
from kscan.program.headers import MOST, Headers, Says, names_in
from kscan.program.program import Program
from kscan.rules import Rule, rules
from kscan.sharing import Sharing
from kscan.source.open import open_tree
from kscan.source.tree import LARGEST
from kscan.syntax import dialect, parser
from kscan.workers import Turns

SOON = 20
"""Starts of Python, some 0.05 s each on an idle machine, in which a signal ends a command."""


def taken_through(program: Program, path: str = "a.c") -> None:
    """Lowers and executes every function of `path`, with everything it reads written late."""
    functions = catalogue(()).functions
    writes = Writes(program, catalogue(()), lambda _path: True)
    for function in program.functions_in(path):
        body = program.body(function)
        cfg_of(body)
        assert len(body.nodes) >= 0
        call_sites(program, function)
        writes.of(function)
        late = frozenset({Place("global", path, "x"), Place("global", "", "x")})
        Execution(program, World(functions, late, lambda _path: True)).run(function)


def body_of(statements: str) -> Program:
    return Program(
        Reader(MemoryTree({"a.c": f"int f(int x)\n{{\n{statements}\n}}\n"}), NullStore())
    )


NESTED = {
    "if": ("if (x) ", "x();"),
    "while": ("while (x) ", "x();"),
    "for": ("for (;;) ", "x();"),
    "else": ("if (x) ; else ", "x();"),
    "label": ("a: ", "x();"),
    "loop": ("list_for_each_entry(a, b, c) ", "x();"),
    "switch": ("switch (x) case 1: ", "x();"),
    "not": ("!", "x;"),
    "star": ("*", "x;"),
    "and": ("x && ", "x;"),
    "plus": ("x + ", "x;"),
    "assign": ("x = ", "x;"),
    "comma": ("x, ", "x;"),
    "choice": ("x ? x : ", "x;"),
}


@pytest.mark.parametrize("times", [140, 190, 380, 700, 20_000])
@pytest.mark.parametrize("kind", NESTED)
def test_nesting_is_an_answer_or_a_skip(kind: str, times: int) -> None:
    head, tail = NESTED[kind]
    taken_through(body_of(head * times + tail))


@pytest.mark.parametrize("brackets", ["{}", "()", "[]"])
def test_a_hundred_thousand_brackets_are_a_skip(brackets: str) -> None:
    program = body_of(f"{'(' * (brackets != '{}')}{brackets[0] * 100_000}{brackets[1] * 100_000}")
    taken_through(program)
    assert [skip.path for skip in program.reader.skips] == ["a.c"]
    assert "nested" in program.reader.skips[0].reason


def test_deep_statements_are_a_skip_that_names_the_function() -> None:
    program = body_of("if (x) " * (lower.DEEPEST + 1) + ";")
    taken_through(program)
    (skip,) = program.reader.skips
    assert (skip.path, skip.reason[:5]) == ("a.c", "f(): ")


def test_an_else_chain_of_the_kernel_is_no_skip() -> None:
    program = body_of("if (x) g(); else " * 95 + "g();")
    assert len(call_sites(program, function_of(program, "f"))) == 96
    assert program.reader.skips == ()


def test_a_huge_function_is_a_skip() -> None:
    program = body_of("x();\n" * (lower.LONGEST // 5))
    taken_through(program)
    assert "bytes" in program.reader.skips[0].reason


def test_many_statements_give_up_by_steps() -> None:
    program = body_of("if (x) goto a; a: y += x;\n" * 4_000)
    taken_through(program)
    assert program.reader.skips == ()


DOUBLING = "\n".join(f"#define M{n}(a) (M{n + 1}(a) + M{n + 1}(a))" for n in range(60))
MUTUAL = """
#define A(x) (B(x) + C(x) + B(x))
#define B(x) (C(x) + A(x) + C(x))
#define C(x) (A(x) + B(x) + A(x))
"""
WIDER = "".join(
    f"#define W{n}(a) ({' + '.join(['g(a)', f'W{n + 1}(a)'] * 100)})\n" for n in range(6)
)


@pytest.mark.parametrize(
    ("macros", "statement"),
    [
        (DOUBLING, "return M0(x);"),
        (DOUBLING, "y = " + "".join(f"M{n}(" for n in range(20)) + "x" + ")" * 20 + ";"),
        (MUTUAL, "return A(A(A(A(x))));"),
        (WIDER, "return W0(x);"),
        ("#define D(a) ((a) + (a))\n", "y = " + "D(" * 30 + "x" + ")" * 30 + ";"),
        ("#define P(a) ((a)->p)\n#define S(a) S(a)\n", "P(S(" * 20 + "x" + "))" * 20 + ";"),
    ],
)  # fmt: skip
def test_macros_that_grow_without_end(macros: str, statement: str) -> None:
    text = f"static int *x;\n{macros}\nint f(void)\n{{\n{statement}\n}}\n"
    taken_through(Program(Reader(MemoryTree({"a.c": text}), NullStore())))


def test_headers_that_include_each_other() -> None:
    tree = MemoryTree({
        "a.c": '#include "a.h"\nint f(void) { return x; }\n',
        "a.h": '#include "b.h"\n#include "a.h"\n#define A 1\n',
        "b.h": '#include "a.h"\n#include "b.h"\n#define B 1\n',
    })  # fmt: skip
    assert set(Headers(tree).closure("a.c")) == {"a.h", "b.h"}


def test_ten_thousand_includes() -> None:
    many = "".join(f'#include "h{n}.h"\n' for n in range(10_000))
    few = "".join(f'#include "h{n}.h"\n' for n in range(20))
    files = {f"h{n}.h": many if n < 20 else few for n in range(10_000)}
    headers = Headers(MemoryTree({"a.c": many, "b.c": many, **files}))
    assert len(headers.closure("a.c")) == len(headers.closure("b.c")) == MOST


@pytest.mark.parametrize("bait", [b"static\n", b"static inline ", b"extern a[", b"a\n", b"a("])
def test_headers_are_sketched_in_the_time_their_length_takes(bait: bytes) -> None:
    for says in Says:
        assert len(names_in(b"\n" + bait * (400_000 // len(bait)), says)) <= 1


ERRORS = (KeyError("x"), RuntimeError("x"), KscanError("x"), OSError("x"), MemoryError())


def rule_that_raises(error: Exception, *, each: bool = False) -> Rule:
    def check(_case: Case) -> Iterator[Finding]:
        raise error
        yield

    return Rule(check, "raises", Severity.NOTE, each)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_rule_that_raises_is_a_skip_with_its_name(error: Exception, tmp_path: Path) -> None:
    tree = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-global", tmp_path)
    audit = Audit(open_tree(tree), Options(), NullStore())
    good = next(rule for rule in rules() if rule.id == "late-global")
    bad = rule_that_raises(error)
    assert audit.findings((bad, good)) == audit.findings((good,)) != []
    assert audit.failed[0].path == bad.id
    assert type(error).__name__ in audit.failed[0].reason


def test_a_rule_that_raises_in_another_process_is_a_skip_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-global", tmp_path)
    good = next(rule for rule in rules() if rule.id == "late-global")
    bad = rule_that_raises(KeyError("x"))
    assert good.each and not bad.each
    monkeypatch.setattr("kscan.sharing.FEWEST_FILES", 0)
    monkeypatch.setattr("kscan.audit.selected", lambda _ids: (bad, good))
    reports = [
        Audit(open_tree(tree), Options(), NullStore(), jobs=jobs).report() for jobs in (1, 2)
    ]
    assert reports[0].findings == reports[1].findings != ()
    assert [[skip.path for skip in report.skips] for report in reports] == [[bad.id]] * 2


def test_a_rule_that_raises_for_each_driver_says_the_same_by_two_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(case: Case) -> Iterator[Finding]:
        raise KeyError(case.late_reads[0].late.spelled)
        yield

    in_order = Turns.__iter__

    def last_first(turns: Turns) -> Iterator[int]:
        yield from reversed(list(in_order(turns)))

    tree = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-global", tmp_path)
    bad = Rule(check, "raises", Severity.NOTE, each=True)
    monkeypatch.setattr("kscan.sharing.FEWEST_FILES", 0)
    monkeypatch.setattr("kscan.audit.selected", lambda _ids: (bad,))
    monkeypatch.setattr(Turns, "__iter__", last_first)
    skips = [
        Audit(open_tree(tree), Options(), NullStore(), jobs=jobs).report().skips for jobs in (1, 2)
    ]
    assert skips[0] == skips[1] != ()


@pytest.mark.parametrize("jobs", [1, 2])
def test_drivers_at_which_one_rule_fails_are_named(
    jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-global", tmp_path)
    bad = rule_that_raises(RuntimeError("x" * 10_000), each=True)
    monkeypatch.setattr("kscan.sharing.FEWEST_FILES", 0)
    monkeypatch.setattr("kscan.audit.selected", lambda _ids: (bad,))
    (skip,) = Audit(open_tree(tree), Options(), NullStore(), jobs=jobs).report().skips
    assert skip.path == bad.id
    assert skip.reason.startswith("the rule failed at drivers/iommu/bar-core.c: RuntimeError: xxx")
    assert "; drivers/iommu/baz-iommu.c: RuntimeError: xxx" in skip.reason
    assert re.search(r"; and \d+ more$", skip.reason)
    assert len(skip.reason) < 1_000


@pytest.mark.parametrize(("strict", "status"), [(["--strict"], 2), ([], 0)])
def test_a_rule_that_raises_is_fatal_when_strict(
    strict: list[str], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-global", tmp_path)
    bad = rule_that_raises(KeyError("x"))
    monkeypatch.setattr("kscan.audit.selected", lambda _ids: (bad,))
    line = ["audit", str(tree), "--no-cache", "-f", "json", *strict]
    done = CliRunner().invoke(kscan, line)
    assert done.exit_code == status
    skips = json.loads(done.stdout)["skips"]
    assert [skip["path"] for skip in skips] == [bad.id]
    assert "the rule failed at iommu_device_register(): KeyError" in skips[0]["reason"]


SPELLED = (
    "x y f g foo bar a->b a.b ( ) [ ] { } ; , * & ! - + = == += && || ? : < << ++ if else while"
    " for do switch case default return goto break continue static const int void struct sizeof"
    " typeof __init __free(kfree) guard(mutex)(&x); scoped_guard(mutex,&x) NULL 0 'c' \"s\" L1:"
    " 0x1fUL list_for_each_entry(x,y,z) container_of(x,struct_foo,y) IS_ERR(x) ({ }) .a= ... asm"
    " volatile @ ` $ \\"
)
LINES = [
    "\n",
    "\n#if A\n",
    "\n#else\n",
    "\n#endif\n",
    "\n#define D(a) \\\n",
    "//",
    "/*",
    "*/",
    "\0",
]
SOUP = st.lists(st.sampled_from([*SPELLED.split(), *LINES]), max_size=60)


@given(SOUP, st.booleans())
@settings(max_examples=150)
def test_token_soup_is_read_or_a_skip(tokens: list[str], function: bool) -> None:
    text = " ".join(tokens)
    text = f"static int *x;\nint f(int a)\n{{\n{text}\n}}\n" if function else text
    taken_through(Program(Reader(MemoryTree({"a.c": text}), NullStore())))


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_any_bytes_are_read_or_unparsable(source: bytes) -> None:
    respelled = dialect.respell(source)
    with suppress(parser.Unparsable):
        for fact in extract.unit_of(source, respelled).functions:
            cfg_of(lower.lowered(respelled.text, fact.start, fact.end, {}))


@pytest.fixture
def large_tree(tmp_path: Path) -> Path:
    """A tree that takes two processes several seconds to parse."""
    tree = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-global", tmp_path / "tree")
    text = "".join(f"int f{n}(int x)\n{{\n\treturn x + {n};\n}}\n" for n in range(8_000))
    for number in range(60):
        (tree / f"drivers/large{number}.c").write_text(text)
    return tree


def started(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """A kscan that runs by itself, in a process group of its own."""
    code = "import sys; sys.argv[0] = 'kscan'; from kscan.cli import main; main()"
    line = [sys.executable, "-c", code, *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(line, start_new_session=True, **{**pipes, **options})


def processes_of(group: int) -> list[int]:
    """The processes of a process group that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, owner = stat.read_text().rpartition(")")[2].split()[:3]
            if int(owner) == group and state != "Z":
                found.append(int(stat.parent.name))
    return found


def catches(process: int, number: signal.Signals) -> bool:
    """`process` has a handler of its own for the signal."""
    status = Path(f"/proc/{process}/status").read_text()
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return bool(caught >> (number - 1) & 1)


def wait_for(claim: Callable[[], bool]) -> None:
    while not claim():
        time.sleep(0.02)


def start() -> float:
    """Seconds that Python takes to start and end, as busy as the machine is now."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", "import click"], check=True)
    return time.monotonic() - begun


@pytest.mark.parametrize("to_all", [False, True], ids=["to it alone", "to its group"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_ends_all_of_it_within_a_second(
    number: signal.Signals, to_all: bool, large_tree: Path
) -> None:
    process = started("health", str(large_tree), "--jobs", "2")
    wait_for(lambda: len(processes_of(process.pid)) == 3)
    time.sleep(0.3)
    sent = time.monotonic()
    (os.killpg if to_all else os.kill)(process.pid, number)
    output, complaint = process.communicate()
    assert time.monotonic() - sent < SOON * start()
    assert process.returncode == 128 + number
    assert (output, complaint) == (b"", b"")
    wait_for(lambda: processes_of(process.pid) == [])


def test_workers_end_with_a_parent_that_is_killed(large_tree: Path) -> None:
    process = started("health", str(large_tree), "--jobs", "2")
    wait_for(lambda: len(processes_of(process.pid)) == 3)
    process.kill()
    process.communicate()
    wait_for(lambda: processes_of(process.pid) == [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
@pytest.mark.parametrize("after", [0.0, 0.3, 0.8])
def test_a_signal_ends_an_audit(number: signal.Signals, after: float, tmp_path: Path) -> None:
    tree = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-global", tmp_path / "tree")
    (tree / "drivers/large.c").write_text(
        "int iommu_ops;\n" + "int f(void)\n{\n\tx = y;\n}\n" * 90_000
    )
    before = sorted(p.name for p in tmp_path.rglob("*"))
    process = started("audit", str(tree), "--no-cache", "-o", str(tmp_path / "report"))
    wait_for(lambda: catches(process.pid, signal.SIGTERM))  # Python itself is up
    time.sleep(after)
    sent = time.monotonic()
    process.send_signal(number)
    output, complaint = process.communicate()
    assert time.monotonic() - sent < SOON * start()
    assert (process.returncode, output, complaint) == (128 + number, b"", b"")
    assert processes_of(process.pid) == []
    assert sorted(p.name for p in tmp_path.rglob("*")) == before


def test_a_signal_in_a_callback_that_cannot_raise_ends_it_quietly() -> None:
    code = (
        "import os, signal, time, weakref, kscan.cli.signals as signals\n"
        "class Held: pass\n"
        "signals.heed()\n"
        "held = Held()\n"
        "gone = weakref.ref(held, lambda _: os.kill(os.getpid(), signal.SIGTERM))\n"
        "del held\n"
        "time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGTERM, b"", b"")


def test_a_signal_ends_the_imports_quietly() -> None:
    code = (
        "import os, signal, sys, kscan.cli as cli\n"
        "class Hook:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'click':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Hook())\n"
        "assert 'click' not in sys.modules\n"
        "cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGINT, b"", b"")


@pytest.mark.parametrize("arguments", [["rules"], ["explain", "late-global"], ["audit", "TREE"]])
def test_a_reader_that_goes_away_is_no_error(arguments: list[str], tmp_path: Path) -> None:
    tree = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-global", tmp_path)
    reading, writing = os.pipe()
    os.close(reading)
    line = [str(tree) if part == "TREE" else part for part in arguments]
    process = started(*line, stdout=writing)
    os.close(writing)
    _, complaint = process.communicate()
    assert b"Traceback" not in complaint
    assert b"rror" not in complaint and b"xception" not in complaint
    assert process.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize(
    "text",
    [
        "int a[] = {" + "1,\n" * 200_000 + "};\n",
        "struct a a[] = {" + "{.a = f},\n" * 20_000 + "};\n",
        "struct a *a[] = {" + "&b,\n" * 50_000 + "};\n",
        "int a" + ", b" * 40_000 + ";\n",
        "#define A B\n" * 50_000,
        "#if A\n" * 300 + "int a;\n" + "#endif\n" * 300,
    ],
    ids=["numbers", "entries", "addresses", "declarators", "macros", "conditionals"],
)
def test_long_files_take_the_time_their_length_takes(text: str) -> None:
    program = Program(Reader(MemoryTree({"a.c": text}), NullStore()))
    assert program.functions_in("a.c") == ()


GRAPHS = st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=10, max_size=10)


@given(GRAPHS)
def test_dominance_is_what_removing_a_node_shows(edges: list[list[int]]) -> None:
    cfg = Cfg([Node(n, Kind.EVALUATE, then=then) for n, then in enumerate(edges)])

    def reached(without: int) -> set[int]:
        found: set[int] = set()
        pending = [] if without == 0 else [0]
        while pending:
            node = pending.pop()
            if node not in found and node != without:
                found.add(node)
                pending += edges[node]
        return found

    everything = reached(-1)
    for first in range(10):
        kept = reached(first)
        for second in range(10):
            expected = second in everything - kept if second in everything else first == second
            if first not in everything:
                expected = first == second
            assert cfg.dominates(first, second) == expected, (first, second)


def test_a_probe_of_thousands_of_statements(tmp_path: Path) -> None:
    tree = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-global", tmp_path)
    driver = next(p for p in tree.rglob("*.c") if b"iommu_device_register(&" in p.read_bytes())
    text = driver.read_text()
    at = text.index("\n", text.index("iommu_device_register(&")) + 1
    start = text.rindex("\n", 0, at - 1) + 1
    padding = "\tif (a)\n\t\tx++;\n" * 700
    driver.write_text(text[:start] + padding + text[start:at] + padding + text[at:])
    assert Audit(open_tree(tree), Options(), NullStore()).report().findings


# What other processes do


@pytest.mark.parametrize("tree", sample_trees.trees(), ids=sample_trees.name_of)
def test_rules_shared_out_find_what_one_process_does(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.sharing.FEWEST_FILES", 0)
    source = sample_trees.materialise(tree, tmp_path / "linux")
    options = Options(min_confidence=Confidence.LOW)
    reports = []
    for jobs in (1, 2):
        report = Audit(open_tree(source), options, NullStore(), jobs=jobs).report()
        reports.append(replace(report, stats=replace(report.stats, seconds=0.0)))
    assert reports[0] == reports[1]


@pytest.fixture
def with_boards(tmp_path: Path) -> Path:
    """A tree with a driver's boards, one of which is too large to be read."""
    tree = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-global", tmp_path / "linux")
    node = '/ { model = "Board"; mmu@1 { compatible = "fred,iommu-v1"; }; };\n'
    boards = tree / "arch/arm64/boot/dts"
    boards.mkdir(parents=True)
    (boards / "small.dts").write_text(node)
    (boards / "large.dts").write_text(node + "\n" * (LARGEST + 1))
    return tree


def test_hits_looked_up_aside_are_those_of_one_process(
    with_boards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.sharing.FEWEST_FILES", 0)
    reports = []
    for jobs in (1, 2):
        report = Audit(open_tree(with_boards), Options(), NullStore(), jobs=jobs).report()
        reports.append(replace(report, stats=replace(report.stats, seconds=0.0)))
    assert reports[0] == reports[1]
    boards = {board for f in reports[0].findings if f.hits for board in f.hits.boards}
    assert boards == {"arch/arm64/boot/dts/small.dts (Board)"}
    assert "arch/arm64/boot/dts/large.dts" in {skip.path for skip in reports[0].skips}


def test_a_process_that_is_killed_takes_nothing_along(
    with_boards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.sharing.FEWEST_FILES", 0)
    whole = Audit(open_tree(with_boards), Options(), NullStore(), jobs=1).report()
    monkeypatch.setattr("kscan.workers._do", _ended)
    report = Audit(open_tree(with_boards), Options(), NullStore(), jobs=2).report()
    assert report.findings == whole.findings != ()


def test_a_process_that_is_killed_in_its_turn_takes_no_driver_along(
    with_boards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_turn(_self: Sharing, turns: Turns) -> None:
        next(iter(turns))
        os._exit(9)

    monkeypatch.setattr("kscan.sharing.FEWEST_FILES", 0)
    whole = Audit(open_tree(with_boards), Options(), NullStore(), jobs=1).report()
    monkeypatch.setattr("kscan.sharing.Sharing._part", one_turn)
    report = Audit(open_tree(with_boards), Options(), NullStore(), jobs=2).report()
    assert report.findings == whole.findings != ()


def test_what_fails_before_hits_are_looked_up_aside_costs_no_finding(
    with_boards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.sharing.FEWEST_FILES", 0)
    whole = Audit(open_tree(with_boards), Options(), NullStore(), jobs=1).report()
    monkeypatch.setattr("kscan.audit.Audit.suspects", Mock(side_effect=KeyError("x")))
    report = Audit(open_tree(with_boards), Options(), NullStore(), jobs=2).report()
    assert report.findings == whole.findings != ()


def _ended(*_: object) -> None:
    os._exit(9)


def test_a_signal_in_a_callback_of_an_extension_ends_kscan_too() -> None:
    line = (
        "import os, signal, time, kscan.cli as cli, kscan.cli.commands as commands\n"
        "def lost(standalone_mode):\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        time.sleep(9)\n"
        "    except cli.signals.Stopped:\n"
        "        raise SystemError('returned a result with an exception set')\n"
        "commands.kscan = lost\n"
        "cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGTERM, b"", b"")
