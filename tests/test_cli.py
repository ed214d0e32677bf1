# SPDX-License-Identifier: GPL-2.0-only
"""The command line on good and bad input: one clear line, and the exit status."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import shlex
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
import sample_trees
from click.testing import CliRunner
from histories import History

from kscan.cli import commands

pytestmark = pytest.mark.usefixtures("own_cache")

STORY = sample_trees.SAMPLE_TREES / "probe-path"
NEW_PATH = STORY / "1-new-probe-path"


def kscan(
    *args: str | Path, cwd: Path | None = None, stdin: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.argv[0] = 'kscan'; from kscan.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        cwd=cwd,
        env={**os.environ, **env},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def kernel(root: Path, **files: bytes) -> Path:
    """The sample tree with more files: small, whole, and ours to spoil."""
    target = sample_trees.materialise(NEW_PATH, root)
    for name, content in files.items():
        path = target / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return target


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_version_and_help_name_the_commands() -> None:
    assert kscan("--version").stdout.startswith("kscan, version ")
    shown = kscan("--help").stdout
    assert "audit" in shown and "window" in shown


def test_the_module_runs_as_the_command_does() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kscan", "rules"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == (kscan("rules").stdout, 0)


def test_an_audit_with_findings_ends_with_1() -> None:
    done = kscan("audit", NEW_PATH)
    assert done.returncode == 1
    assert "late-global" in done.stdout
    assert "findings in" in done.stderr


def test_an_audit_without_findings_ends_with_0() -> None:
    assert kscan("audit", STORY / "0-before", "--as-is").returncode == 0


def test_the_exit_status_follows_fail_on_not_the_format() -> None:
    for format_ in ("text", "concise", "json", "sarif", "markdown", "html", "github"):
        line = ["audit", str(NEW_PATH), "--no-hits", "-f", format_]
        assert CliRunner().invoke(commands.kscan, line).exit_code == 1
        assert CliRunner().invoke(commands.kscan, [*line, "--fail-on", "never"]).exit_code == 0


def test_text_diagnostics_start_as_editors_expect() -> None:
    rows = kscan("audit", NEW_PATH, "-f", "concise").stdout.splitlines()
    assert any(
        row.startswith("drivers/iommu/acme-iommu.c:157:8: error: late-global:") for row in rows
    )


def test_concise_says_nothing_where_there_is_nothing_to_say() -> None:
    done = kscan("audit", STORY / "0-before", "--as-is", "-f", "concise")
    assert (done.returncode, done.stdout) == (0, "")
    trees = (STORY / "0-before", STORY / "0-before")
    assert kscan("diff", *trees, "-f", "concise").stdout == ""


def test_the_text_of_triage_ends_in_one_newline(tmp_path: Path) -> None:
    log = tmp_path / "dmesg"
    log.write_text(
        "BUG: kernel NULL pointer dereference, address: 0000000000000010\n"
        "pc : bar_of_xlate+0x10/0x40\nCall trace:\n bar_of_xlate+0x10/0x40\n"
        " of_iommu_xlate+0x10/0x40\n---[ end trace 0 ]---\n"
    )
    shown = kscan("triage", log, "--tree", NEW_PATH).stdout
    assert shown.startswith(f"{log}:1: ")
    piped = kscan("triage", "--tree", NEW_PATH, stdin=log.read_text()).stdout
    assert piped.startswith("-:1: ")
    assert shown.endswith("\n") and not shown.endswith("\n\n")
    assert kscan("triage", "--tree", NEW_PATH, "/dev/null").stdout == ""


def test_a_report_goes_into_a_file(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    done = kscan("audit", NEW_PATH, "-f", "json", "-o", target)
    assert done.stdout == ""
    assert json.loads(target.read_text())["schema"] == "kscan/report/1"


def test_cold_warm_and_uncached_are_byte_identical() -> None:
    runs = [kscan("audit", NEW_PATH, "-f", "json") for _ in range(2)]
    runs += [kscan("audit", NEW_PATH, "-f", "json", "--no-cache")]
    runs += [kscan("audit", NEW_PATH, "-f", "json", "--jobs", jobs) for jobs in ("1", "8")]
    assert len({run.stdout for run in runs}) == 1


def test_a_rule_and_a_path_narrow_the_audit() -> None:
    done = kscan(
        "audit", NEW_PATH, "-f", "json", "--rule", "late-global", "--path", "drivers/iommu"
    )
    found = json.loads(done.stdout)["findings"]
    assert {f["rule"] for f in found} == {"late-global"}
    other = kscan("audit", NEW_PATH, "-f", "json", "--path", "drivers/amba")
    assert {f["path"] for f in json.loads(other.stdout)["findings"]} == {"drivers/amba/bus.c"}


def test_window_shows_slots_with_their_ways() -> None:
    done = kscan("window", "iommu_device_register", NEW_PATH, "-f", "json")
    listing = json.loads(done.stdout)
    slots = {slot["slot"]: slot for slot in listing["slots"]}
    ways = [step["to"] for step in slots["iommu_ops.of_xlate"]["way"]]
    assert "platform_dma_configure" in ways and "of_dma_configure_id" in ways
    before = kscan("window", "iommu_device_register", STORY / "0-before", "--as-is", "-f", "json")
    shut = json.loads(before.stdout)
    assert "iommu_ops.of_xlate" not in {slot["slot"] for slot in shut["slots"]}
    assert not any(r["callbacks"] for r in shut["registrations"] if r["gated"])


def test_an_unknown_contract_is_named() -> None:
    assert "frob_register" in one_line(kscan("window", "frob_register", NEW_PATH))


def test_the_rules_as_a_document() -> None:
    document = json.loads(kscan("rules", "-f", "json").stdout)
    assert document["schema"] == "kscan/rules/1"
    assert document["rules"][0].keys() == {"id", "severity", "summary"}


def test_an_unknown_rule_is_named() -> None:
    assert "late-frob" in one_line(kscan("audit", NEW_PATH, "--rule", "late-frob"))


def test_a_baseline_hides_what_was_accepted(tmp_path: Path) -> None:
    file = tmp_path / "accepted"
    assert kscan("baseline", NEW_PATH, "-o", file).returncode == 0
    done = kscan("audit", NEW_PATH, "--baseline", file, "-f", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["findings"] == []
    assert done.stderr.startswith("0 findings (9 in the baseline) in ")
    text = kscan("audit", NEW_PATH, "--baseline", file).stdout
    assert "\nNo new finding in 4 registrations" in text
    assert text.endswith("\n0 errors, 0 warnings, 0 notes; 9 in the baseline\n")
    for narrowing in (["--rule", "late-drvdata"], ["--path", "drivers/of"], ["--as-is"]):
        text = kscan("audit", NEW_PATH, "--baseline", file, *narrowing).stdout
        assert "matched nothing" not in text


def test_the_count_on_stderr_leaves_out_what_is_suppressed(tmp_path: Path) -> None:
    config = tmp_path / "kscan.toml"
    config.write_text('[[suppress]]\nrule = "late-drvdata"\nreason = "known"\n')
    arguments = ("audit", NEW_PATH, "--rule", "late-drvdata", "--config", config)
    done = kscan(*arguments)
    assert done.returncode == 0
    assert done.stdout.endswith("\n0 errors, 0 warnings, 0 notes; 1 suppressed\n")
    assert f" [{config}: known]" in done.stdout
    assert done.stderr.startswith("0 findings (1 suppressed) in ")


def test_a_log_without_an_oops_is_told_before_any_audit(tmp_path: Path) -> None:
    log = tmp_path / "dmesg.txt"
    log.write_text("[    1.0] usb 1-1: new device\n[    1.1] done\n")
    assert "nowhere: no such directory" in one_line(kscan("triage", log, tmp_path / "nowhere"))
    done = kscan("triage", log, "--tree", NEW_PATH)
    assert (done.returncode, done.stdout) == (1, "")
    said = f"{log}: no oops, WARN, call trace or late probe in 2 lines: "
    assert done.stderr.startswith(said)
    as_json = kscan("triage", log, "--tree", NEW_PATH, "-f", "json")
    assert (as_json.returncode, json.loads(as_json.stdout)["incidents"]) == (1, [])


def test_a_missing_log_is_told_before_a_missing_tree(tmp_path: Path) -> None:
    told = "kscan: error: triage: no log is given: triage LOG TREE"
    assert one_line(kscan("triage", cwd=tmp_path)).startswith(told)
    shown = on_a_terminal(f'cd {tmp_path}; "$KSCAN" triage 2>&1 | cat')
    assert shown.startswith(told)


def test_a_log_with_an_oops_is_matched(tmp_path: Path) -> None:
    log = tmp_path / "dmesg.txt"
    log.write_text(
        "Internal error: Oops: 0000000096000006 [#1] SMP\npc : foo+0x18/0x90\n"
        "Call trace:\n foo+0x18/0x90\n---[ end trace 0000000000000000 ]---\n"
    )
    done = kscan("triage", log, NEW_PATH)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{log}:1: oops: ")
    assert kscan("triage", log, "--tree", NEW_PATH).stdout == done.stdout
    assert kscan("triage", log, NEW_PATH, "--tree", f"{NEW_PATH}/").stdout == done.stdout
    assert kscan("triage", log, cwd=NEW_PATH).stdout == done.stdout


def test_a_log_is_matched_to_one_tree(tmp_path: Path) -> None:
    log = tmp_path / "dmesg.txt"
    log.write_text("nothing\n")
    said = one_line(kscan("triage", log, NEW_PATH, "--tree", STORY / "0-before"))
    assert f"two trees are given, {NEW_PATH} and --tree {STORY / '0-before'}" in said


# Bad input


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ('[[suppress]]\nrule = "late-globel"\nreason = "r"\n', "suppress[0].rule"),
        ('[policy.fail]\nrules = ["late-globel"]\n', "policy.fail.rules"),
    ],
)
def test_a_configuration_of_an_unknown_rule(tmp_path: Path, content: str, key: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(content)
    said = one_line(kscan("audit", NEW_PATH, "--config", file))
    assert f"{file}: {key}: no rule 'late-globel': did you mean late-global?" in said
    assert "late-global" in said


def test_a_subtree_that_is_not_there() -> None:
    assert "drivers/nosuch" in one_line(kscan("audit", NEW_PATH, "--path", "drivers/nosuch"))


@pytest.mark.parametrize(
    "words",
    [
        ("health", NEW_PATH),
        ("callers", "of_iommu_xlate", NEW_PATH),
        ("callees", "of_iommu_xlate", NEW_PATH),
        ("paths", "of_iommu_xlate", "of_iommu_xlate", NEW_PATH),
        ("diff", STORY / "0-before", NEW_PATH),
    ],
)
def test_no_command_takes_a_subtree_that_is_not_there(words: tuple[str | Path, ...]) -> None:
    assert "nope: nothing below it in " in one_line(kscan(*words, "--path", "nope"))


def test_a_change_may_remove_a_subtree(tmp_path: Path) -> None:
    base = kernel(tmp_path / "base", **{"sound/acme/a.c": b"int a;\n"})
    done = kscan("diff", base, NEW_PATH, "--path", "sound/acme", "--no-hits")
    assert (done.returncode, done.stderr.count("0 introduced")) == (0, 1), done


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("facts", "drivers/iommu", NEW_PATH), "drivers/iommu is a directory: give a file below"),
        (("facts", NEW_PATH), "that is a directory; facts FILE TREE"),
        (("hits", "drivers/iommu", NEW_PATH), "drivers/iommu: a directory of "),
        (("hits", "drivers", NEW_PATH), "drivers: a directory of "),
        (("hits", NEW_PATH), "that is a directory; hits FILE|FUNCTION TREE"),
        (("hits", "./drivers/iommu/Kconfig", NEW_PATH), "drivers/iommu/Kconfig: no C file; give"),
        (("hits", "Makefile", NEW_PATH), "Makefile: no C file; give"),
        (("window", NEW_PATH), "that is a directory; window API TREE"),
        (("triage", NEW_PATH), "that is a directory; triage LOG TREE"),
    ],
)
def test_a_place_where_something_else_is_asked(words: tuple[str | Path, ...], said: str) -> None:
    assert said in one_line(kscan(*words))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("audit", ""), "the name of a tree is empty"),
        (("diff", NEW_PATH, ""), "the name of a tree is empty"),
        (("audit", NEW_PATH, "--path", ""), "--path: the name is empty"),
        (("facts", ""), "a name is empty: facts FILE TREE"),
    ],
)
def test_an_empty_word_is_not_the_current_directory(
    line: tuple[str | Path, ...], said: str
) -> None:
    assert said in one_line(kscan(*line, cwd=NEW_PATH))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("line", [["nope"], ["audit", "nowhere"], ["audit", str(NEW_PATH)]])
def test_complaints_that_find_no_room_end_with_2_all_the_same(line: list[str]) -> None:
    code = "import sys; sys.argv[0] = 'kscan'; from kscan.cli import main; main()"
    with Path("/dev/full").open("w") as full:
        run = [sys.executable, "-c", code, *line]
        done = subprocess.run(run, stdout=subprocess.DEVNULL, stderr=full, check=False)
    assert done.returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk() -> None:
    code = "import sys; sys.argv[0] = 'kscan'; from kscan.cli import main; main()"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, "audit", str(NEW_PATH)],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_directory_that_is_deleted_under_us(tmp_path: Path) -> None:
    for command in ("audit", "diff HEAD", "hits f"):
        words = f'mkdir {tmp_path}/d && cd {tmp_path}/d && rmdir ../d && "$KSCAN" {command}'
        told = one_line(shell(words))
        assert "the current directory is deleted" in told


def test_a_file_may_be_named_from_the_root_of_all() -> None:
    path = "drivers/iommu/bar-vmsa.c"
    for command in ("facts", "hits"):
        said = kscan(command, NEW_PATH / path, NEW_PATH)
        assert (said.returncode, said.stdout) == (0, kscan(command, path, NEW_PATH).stdout)
        assert kscan(command, NEW_PATH / path, cwd=NEW_PATH).stdout == said.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("audit", "--jobs", "99"), "invalid value for '--jobs': '99' is no number from 1 to 64 "),
        (("callers",), "missing argument 'F' (kscan callers --help)"),
        (("adit",), "no such command 'adit' (kscan --help)"),
        (("bot", "nipa", "--nope"), " (kscan bot nipa --help)"),
        (("audit", NEW_PATH, "-o", ""), "-o: the name of the file is empty: give one"),
        (("audit", "./-x"), "/-x: no such directory; give"),
        (("audit", NEW_PATH, "--baseline", ""), "'--baseline': the name is empty: give one"),
        (("audit", NEW_PATH, "--external", ""), "'--external': the name is empty: give one"),
        (("diff", "HEAD", "--repo", ""), "'--repo': the name is empty: give one"),
        (("diff", "--patch", ""), "'--patch': the name is empty: give one"),
        (("diff", ""), "the name of a range is empty: give A..B, or two"),
        (("query", ""), "'FILE.scm': the name is empty: give one"),
    ],
)
def test_what_the_command_line_does_not_take_is_one_line(
    words: tuple[str | Path, ...], said: str
) -> None:
    told = one_line(kscan(*words))
    assert told.startswith("kscan: error: ") and said in told


@pytest.mark.parametrize(
    "words",
    [
        ("audit", NEW_PATH, "--config"),
        ("audit", NEW_PATH, "--baseline"),
        ("diff", "--repo", NEW_PATH, "--patch"),
        ("explain", "v1-0123", NEW_PATH, "--on-top"),
        ("bot", "mail", "--from", "A <a@example.org>"),
        ("triage",),
        ("query",),
    ],
)
def test_nobody_waits_for_a_pipe_without_a_writer(words: tuple[str | Path, ...], tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    assert "pipe: a named pipe: give a file" in one_line(kscan(*words, tmp_path / "pipe"))


def test_a_pipe_that_a_shell_hands_over_is_read() -> None:
    done = shell(f'"$KSCAN" audit {NEW_PATH} --baseline <("$KSCAN" baseline {NEW_PATH} -o -)')
    assert done.returncode == 0, done.stderr
    assert "9 in the baseline" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "nowhere"),
        ("baseline", "nowhere"),
        ("diff", "HEAD", "--repo", "nowhere"),
        ("bot", "mail", "nowhere"),
    ],
)
def test_where_the_answer_goes_is_asked_before_it_is_looked_for(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    said = one_line(kscan(*words, "-o", tmp_path / "none" / "file"))
    assert "none/file: no such file or directory: give a file that can be written" in said
    assert ": is a directory: give a file" in one_line(kscan(*words, "-o", tmp_path))


def test_a_part_without_c_has_no_health() -> None:
    said = one_line(kscan("health", NEW_PATH, "--path", "include"))
    assert "include: no .c file below" in said


def test_a_shell_completes_rules() -> None:
    for words in ("kscan audit --rule late-", "kscan explain late-"):
        count = str(len(words.split()) - 1)
        done = kscan(_KSCAN_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=count)
        assert "plain,late-global" in done.stdout.splitlines()
        assert "plain,unguarded-driver" not in done.stdout.splitlines()


def test_places_in_a_query_count_from_one(tmp_path: Path) -> None:
    query = tmp_path / "q.scm"
    query.write_text("(fn) @x")
    assert "at line 1, column 2: fn" in one_line(kscan("query", query, ".", NEW_PATH))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[[contract]]\nname = "x"\nfoo = 1\n', "known keys are name, register, "),
        ("[[contracts]]\n", "known keys are contract, scenario, stop, functions"),
        ("[[contract]]\nname = 1\n", "give a value of that type"),
        ('[[stop]]\nnames = ["a"]\n', "known keys are reason, names, directories, except\n"),
        ('[[functions.initialiser]]\nkind = "x"\n', "at `$.functions.initialiser[0]`; known keys"),
        ("[functions]\ndrvdata = [1]\n", "functions.drvdata is a table: its keys are fields, "),
    ],
)
def test_a_catalogue_that_does_not_fit(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(content)
    assert said in one_line(kscan("audit", NEW_PATH, "--catalog", file)) + "\n"


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    assert "nowhere" in one_line(kscan("audit", tmp_path / "nowhere"))


def test_a_directory_that_is_empty(tmp_path: Path) -> None:
    assert str(tmp_path) in one_line(kscan("audit", tmp_path))


def test_a_directory_that_is_no_kernel(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no kernel")
    assert "kernel" in one_line(kscan("audit", tmp_path))


def test_a_file_instead_of_a_tree(tmp_path: Path) -> None:
    file = tmp_path / "a.c"
    file.write_text("int a;\n")
    assert "a.c" in one_line(kscan("audit", file))


def test_a_subtree_without_the_core(tmp_path: Path) -> None:
    tree = tmp_path / "drivers"
    tree.mkdir()
    (tree / "Makefile").write_text("obj-y += a.o\n")
    (tree / "a.c").write_text("int a;\n")
    done = kscan("audit", tmp_path)
    assert done.returncode in (0, 2)
    assert "Traceback" not in done.stderr
    assert "iommu_device_register" in done.stderr + done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_a_counted_skip(tmp_path: Path) -> None:
    tree = kernel(tmp_path / "t", drivers__iommu__locked__c=b"")
    locked = tree / "drivers/iommu/locked.c"
    locked.write_text("void iommu_device_register(void);\n")
    locked.chmod(0)
    skips = json.loads(kscan("audit", tree, "-f", "json").stdout)["skips"]
    assert [s["path"] for s in skips] == ["drivers/iommu/locked.c"]


def test_the_concise_format_names_skips_beside_it(tmp_path: Path) -> None:
    tree = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-global", tmp_path / "tree")
    driver = "drivers/iommu/other.c"
    (tree / driver).write_text(
        "#include <linux/iommu.h>\nint f(struct iommu_device *i, void *ops)\n{\n"
        "\treturn iommu_device_register(i, ops, 0);\n}\n"
    )
    done = kscan("audit", tree, "-f", "concise", "--no-cache")
    assert f"skipped: {driver}: f(): the ops table is not known" in done.stderr
    assert "skipped:" not in done.stdout


def test_bytes_that_are_not_utf8_are_read(tmp_path: Path) -> None:
    tree = kernel(tmp_path / "t")
    driver = tree / "drivers/iommu/acme-iommu.c"
    driver.write_bytes(driver.read_bytes() + b"/* caf\xe9 \xff\xfe */\n")
    done = kscan("audit", tree, "-f", "json")
    assert done.returncode == 1
    assert len(json.loads(done.stdout)["findings"]) >= 5


def test_a_symlink_loop_is_not_followed(tmp_path: Path) -> None:
    tree = kernel(tmp_path / "t")
    (tree / "drivers/loop").symlink_to(tree / "drivers")
    (tree / "drivers/self").symlink_to("self")
    done = kscan("audit", tree, "-f", "json")
    assert done.returncode == 1
    assert not [f for f in json.loads(done.stdout)["findings"] if "loop" in f["path"]]


def test_a_directory_named_like_a_file(tmp_path: Path) -> None:
    tree = kernel(tmp_path / "t")
    (tree / "drivers/iommu/foo.c").mkdir()
    assert kscan("audit", tree).returncode == 1


def test_a_huge_generated_header_is_a_counted_skip(tmp_path: Path) -> None:
    tree = kernel(tmp_path / "t")
    header = tree / "include/linux/huge.h"
    with header.open("wb") as file:
        for number in range(50):
            file.write(b"#define IOMMU_OPS_%d iommu_ops\n" % number + b" " * (1 << 20) + b"\n")
    driver = tree / "drivers/iommu/acme-iommu.c"
    driver.write_bytes(b"#include <linux/huge.h>\n" + driver.read_bytes())
    done = kscan("audit", tree, "-f", "json")
    assert done.returncode == 1
    assert "include/linux/huge.h" in {s["path"] for s in json.loads(done.stdout)["skips"]}
    assert kscan("audit", tree, "--strict").returncode == 2


def test_missing_blobs_of_a_git_tree_are_named(tmp_path: Path) -> None:
    tree = kernel(tmp_path / "t")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tree)]
    for args in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *args], check=True, capture_output=True)
    path = "drivers/iommu/acme-iommu.c"
    blob = subprocess.run(
        [*git, "rev-parse", f"HEAD:{path}"], check=True, capture_output=True, text=True
    ).stdout.strip()
    (tree / ".git/objects" / blob[:2] / blob[2:]).unlink()
    done = kscan("audit", tree, "--commit", "HEAD", "-f", "json")
    assert "Traceback" not in done.stderr
    assert path in done.stdout + done.stderr


def story_of(root: Path) -> History:
    """A repository whose commits are the trees of the story."""
    history = History(root)
    for stage in ("0-before", "1-new-probe-path", "2-fixed"):
        history.becomes(sample_trees.materialise(STORY / stage, root.parent / stage))
        history.commit(stage)
    return history


def test_a_partial_clone_is_told_what_brings_the_rest(tmp_path: Path) -> None:
    history = story_of(tmp_path / "linux")
    history.git("config", "uploadpack.allowFilter", "true")
    place, url = tmp_path / "partial", history.root.as_uri()
    history.git("clone", "-q", "--filter=blob:none", url, str(place))
    told = r"kscan: error: \d+ blobs of HEAD~[12] are not in this partial clone: git fetch"
    assert re.match(told, one_line(kscan("diff", "--repo", place, "HEAD~2..HEAD~1")))
    assert re.match(told, one_line(kscan("audit", place, "--commit", "HEAD~1")))
    assert kscan("audit", place, "--commit", "HEAD").returncode == 0


def test_a_lost_blob_of_a_range_is_no_removal(tmp_path: Path) -> None:
    history = story_of(tmp_path / "linux")
    blob = history.git("rev-parse", "HEAD:drivers/iommu/iommu.c")
    (history.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    told = one_line(kscan("diff", "--repo", history.root, "HEAD~1..HEAD", "--no-cache"))
    assert f"drivers/iommu/iommu.c of HEAD: blob {blob} is missing or damaged" in told


def test_a_store_that_cannot_be_used_is_told_once() -> None:
    done = kscan("audit", NEW_PATH, KSCAN_CACHE_DIR="/proc/kscan")
    assert done.returncode == 1
    assert [row for row in done.stderr.splitlines() if "cache" in row] == [
        "kscan: warning: cache: /proc/kscan/facts.sqlite: No such file or directory; "
        "nothing is kept"
    ]
    assert "warning" not in kscan("audit", NEW_PATH, "--no-cache").stderr


def test_a_store_that_is_not_cleared_says_so(tmp_path: Path) -> None:
    (tmp_path / "facts.sqlite" / "full").mkdir(parents=True)
    for place in (str(tmp_path), "/proc/kscan"):
        told = one_line(kscan("cache", "clear", KSCAN_CACHE_DIR=place))
        assert f"cache: {place}/facts.sqlite: " in told and "nothing was cleared" in told
    assert kscan("cache", "clear", KSCAN_CACHE_DIR=str(tmp_path / "new")).returncode == 0


def test_an_unknown_revision(tmp_path: Path) -> None:
    tree = kernel(tmp_path / "t")
    subprocess.run(["git", "-C", str(tree), "init", "-q"], check=True)
    assert "v9.9" in one_line(kscan("audit", tree, "--commit", "v9.9"))


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    done = kscan("audit", NEW_PATH, "-o", tmp_path / "no" / "such" / "file")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = "import sys; sys.argv[0] = 'kscan'; from kscan.cli import main; main()"
    command = f"'{sys.executable}' -c \"{code}\" audit '{NEW_PATH}' -f json | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def test_a_full_disk_is_no_defect() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        code = "import sys; sys.argv[0] = 'kscan'; from kscan.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, "audit", str(NEW_PATH), "-f", "json"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    told = "kscan: error: standard output: no space left on device: send it elsewhere"
    assert done.stderr.splitlines()[-1].startswith(told)


def shell(command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """What bash makes of `command`, in which "$KSCAN" is kscan and "$TREE" a tree."""
    program = Path(sys.executable).with_name("kscan")
    return subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "KSCAN": str(program), "TREE": str(NEW_PATH), **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ('"$KSCAN" audit "$TREE" >&-', "standard output is closed"),
        ('"$KSCAN" rules >&-', "standard output is closed"),
        ('"$KSCAN" triage - --tree "$TREE" <&-', "standard input is closed"),
        ('"$KSCAN" diff --patch - <&-', "standard input is closed"),
    ],
)
def test_a_closed_stream_is_told(command: str, said: str) -> None:
    assert said in one_line(shell(command))


def test_a_report_needs_no_other_stream_than_its_own(tmp_path: Path) -> None:
    whole = kscan("audit", NEW_PATH).stdout
    without = shell('"$KSCAN" audit "$TREE" 2>&-')
    assert (without.returncode, without.stdout) == (1, whole)
    target = tmp_path / "report"
    assert shell(f'"$KSCAN" audit "$TREE" -o {target} <&- >&- 2>&-').returncode == 1
    assert target.read_text() == whole


def test_what_an_encoding_cannot_spell_is_replaced() -> None:
    plain = kscan("audit", NEW_PATH).stdout
    done = shell('"$KSCAN" audit "$TREE"', PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stdout) == (1, plain.replace("\N{HORIZONTAL ELLIPSIS}", "?"))


def on_a_terminal(command: str, columns: int = 80, **env: str) -> str:
    """What `shell` would show on a terminal of that many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    program = Path(sys.executable).with_name("kscan")
    process = subprocess.Popen(
        ["bash", "-c", command], stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL,
        env={**os.environ, "KSCAN": str(program), "TREE": str(NEW_PATH), **env},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while part := os.read(ours, 1 << 16):
            shown += part
    process.wait()
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_no_colour_gets_none(env: dict[str, str]) -> None:
    command = '"$KSCAN" audit "$TREE"'
    coloured = on_a_terminal(command, **{"NO_COLOR": "", "TERM": "xterm", **env})
    assert "\x1b" not in coloured and "late-global" in coloured
    assert "\x1b" in on_a_terminal(command, NO_COLOR="", TERM="xterm")


def test_a_directory_without_another_is_told_so(tmp_path: Path) -> None:
    told = one_line(kscan("diff", NEW_PATH))
    assert told.endswith(f"{NEW_PATH}: a directory; kscan diff OLD_TREE NEW_TREE compares two")
    told = one_line(kscan("diff", NEW_PATH, tmp_path / "none"))
    assert f"{tmp_path / 'none'}: no such directory; give the top" in told
    assert one_line(kscan("diff", "v1", "v2")).endswith("two commits a RANGE: v1..v2")


def test_a_patch_without_its_option_is_told_the_option(tmp_path: Path) -> None:
    patch = tmp_path / "series.mbox"
    patch.write_text("x")
    done = kscan("diff", patch)
    assert done.returncode == 2
    assert done.stderr.endswith("series.mbox: a file; kscan diff --patch FILE reads one\n")
    done = kscan("diff", "--patch", patch, tmp_path)
    assert done.returncode == 2
    assert done.stderr.endswith(f"--repo {tmp_path} instead of {tmp_path}\n")


def test_a_misspelt_rule_is_no_fingerprint(tmp_path: Path) -> None:
    told = one_line(kscan("explain", "late-globl", cwd=tmp_path))
    assert "no rule 'late-globl'" in told and "late-global" in told


def test_the_last_line_says_what_was_assumed() -> None:
    before = STORY / "0-before"
    assumed = kscan("audit", before, "-f", "concise").stderr
    assert "scenario new-probe-path (--as-is leaves it out)" in assumed
    assert "scenario" not in kscan("audit", before, "-f", "concise", "--as-is").stderr


def test_the_last_line_says_what_could_be_assumed(tmp_path: Path) -> None:
    before, after = (shutil.copytree(STORY / "0-before", tmp_path / name) for name in "ab")
    core = after / "drivers/iommu/iommu.c"
    core.write_text(core.read_text() + "/* the end */\n")
    said = "as the trees stand (--scenario assumes more)"
    assert said in kscan("diff", before, after, "-f", "concise").stderr
    scenario = ("--scenario", "new-probe-path")
    assert said not in kscan("diff", before, after, "-f", "concise", *scenario).stderr


def explained(done: subprocess.CompletedProcess[str], cwd: Path) -> None:
    """Every finding of a report is laid open by the command that stands below it."""
    assert done.returncode == 1, done.stderr
    commands = [row.strip() for row in done.stdout.splitlines() if row.startswith("    more: ")]
    assert commands
    for command in (commands[0], commands[-1]):
        words = shlex.split(command.removeprefix("more: "))
        told = kscan(*words[1:], cwd=cwd)
        assert told.returncode == 0, told.stderr
        assert words[2] in told.stdout


def test_the_command_below_a_finding_lays_it_open(tmp_path: Path) -> None:
    history = History(tmp_path / "my linux")
    for stage in ("0-before", "1-new-probe-path"):
        history.becomes(STORY / stage)
        history.commit(stage)
    series = tmp_path / "series.mbox"
    series.write_text(history.git("format-patch", "--stdout", "-1") + "\n")
    explained(kscan("audit", "my linux", "--as-is", cwd=tmp_path), tmp_path)
    explained(kscan("audit", "--commit", "HEAD~1", cwd=history.root), history.root)
    explained(kscan("diff", "HEAD~1..", "--repo", "my linux", cwd=tmp_path), tmp_path)
    explained(kscan("diff", STORY / "0-before", "my linux", cwd=tmp_path), tmp_path)
    history.git("reset", "-q", "--hard", "HEAD~1")
    explained(kscan("diff", "--patch", series, cwd=history.root), history.root)


def test_what_a_patch_introduces_under_a_new_name_is_laid_open(tmp_path: Path) -> None:
    history = History(tmp_path / "linux")
    history.becomes(STORY / "0-before")
    history.commit("before")
    history.becomes(STORY / "1-new-probe-path")
    for path in history.root.rglob("*.[ch]"):
        told = path.read_text()
        path.write_text(told.replace("iommu_device_register", "iommu_instance_register"))
    history.commit("the new probe path, and a new name")
    explained(kscan("diff", "HEAD", cwd=history.root), history.root)
    explained(kscan("diff", STORY / "0-before", ".", cwd=history.root), history.root)
    told = one_line(kscan("explain", "v1-0", "--since", "HEAD~1", "--on-top", "x", cwd=tmp_path))
    assert "both name a range" in told
    series = tmp_path / "series.mbox"
    series.write_text(history.git("format-patch", "--stdout", "-1") + "\n")
    history.git("reset", "-q", "--hard", "HEAD~1")
    explained(kscan("diff", "--patch", series, cwd=history.root), history.root)
