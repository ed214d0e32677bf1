# SPDX-License-Identifier: GPL-2.0-only
"""``make bench TREE=path/to/linux``: what kscan costs, against what one would run instead.

One table from one run. Every row is a command that runs by itself; wall time, CPU time (its
children included) and the resident memory of its largest process are medians after a warm-up,
and the wall time is told as a ratio to the floor: ``git grep -l -w`` for the words that the
contracts make kscan search for. A command whose warm-up takes longer than `SLOW` seconds runs
once more only. What is not installed is named below the table.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import median
from threading import Timer

SLOW = 45.0
"""Seconds of warm-up from which a command is measured once."""

LONGEST = 900
"""Seconds after which a command is given up."""

KSCAN = Path(sys.executable).with_name("kscan")

CONTRACTS = Path(__file__).with_name("contracts.toml")
"""Seven contracts besides the built-in one."""

RULE = """\
@late@
expression instance, ops, parent, device, value;
@@
iommu_device_register(instance, ops, parent)
... when any
* platform_set_drvdata(device, value)
"""
"""Our one-rule semantic patch: driver data that is set after the registration."""

PATTERN = "platform_set_drvdata($DEVICE, $VALUE)"
"""The same call for ast-grep, which has no notion of before and after."""


@dataclass(frozen=True)
class Command:
    """A row of the table."""

    name: str
    line: Sequence[str]
    where: Path
    environment: dict[str, str] = field(default_factory=dict)
    fresh: Path | None = None
    """A directory that is emptied before every run."""
    accepted: tuple[int, ...] = (0, 1)
    idle: str = ""
    """What it complains where it looked at nothing, and ends as if all were well."""


@dataclass(frozen=True)
class Cost:
    """What a run took: seconds, seconds, bytes; or the medians of `runs`."""

    wall: float
    cpu: float
    memory: int
    runs: int = 1


class Failed(Exception):
    """A command that did not do its work."""


def run(command: Command) -> Cost:
    """Runs `command` once, its output thrown away."""
    if command.fresh is not None:
        shutil.rmtree(command.fresh, ignore_errors=True)
        command.fresh.mkdir(parents=True)
    with tempfile.TemporaryFile() as complaints:
        started = time.monotonic()
        process = subprocess.Popen(
            command.line,
            cwd=command.where,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            start_new_session=True,
        )
        limit = Timer(LONGEST, lambda: os.killpg(process.pid, signal.SIGKILL))
        limit.start()
        _, status, usage = os.wait4(process.pid, 0)
        limit.cancel()
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        complaints.seek(0)
        said = complaints.read().decode("utf-8", "replace").strip().splitlines()
        if process.returncode not in command.accepted:
            raise Failed(f"{command.name}: exit {process.returncode}: {(said or ['silent'])[-1]}")
        if command.idle and command.idle in said:
            raise Failed(f"{command.name}: looked at nothing: {'; '.join(said)}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def measured(command: Command, runs: int) -> Cost:
    """The medians of `runs` runs of `command` after a warm-up."""
    print(f"{command.name} …", end=" ", file=sys.stderr, flush=True)
    warm_up = run(command)
    costs = [run(command) for _ in range(1 if warm_up.wall > SLOW else runs)]
    cost = Cost(
        median(c.wall for c in costs),
        median(c.cpu for c in costs),
        int(median(c.memory for c in costs)),
        len(costs),
    )
    told = f"{cost.wall:.2f} s, {cost.cpu:.2f} s of CPU, {cost.memory / 1e6:.0f} MB"
    print(told, file=sys.stderr)
    return cost


# What is run


@cache
def words() -> tuple[str, ...]:
    """`searched` of a process of its own: what is imported here would count as theirs.

    A child's peak memory is never told as less than its parent had when it was started.
    """
    return tuple(asked_of_kscan("--words").split())


def searched() -> list[str]:
    """The words that the catalogue's contracts and scenarios make an audit search for."""
    from kscan.kernel.catalogue import catalogue

    known = catalogue()
    return sorted({word for each in (*known.contracts, *known.scenarios) for word in each.words})


def floor(tree: Path, name: str = "floor: git grep -l -w") -> Command:
    """The search alone, over the same files."""
    each = [part for word in words() for part in ("-e", word)]
    line = ["git", "grep", "--no-index", "-l", "-w", "-F", *each, "--", "*.c", "*.h"]
    return Command(
        name, line, tree, {"GIT_DIR": "/dev/null/none", "GIT_CONFIG_GLOBAL": "/dev/null"}
    )


def kscan(name: str, tree: Path, *arguments: str, store: Path, fresh: bool = False) -> Command:
    """A kscan command with a store of its own."""
    environment = {"KSCAN_CACHE_DIR": str(store)}
    return Command(
        name, [str(KSCAN), *arguments], tree, environment, store if fresh else None, (0, 1)
    )


def kscan_commands(tree: Path, scratch: Path) -> Iterator[Command]:
    """kscan itself."""
    audit = ("audit", ".", "-f", "json")
    store = scratch / "store"
    yield kscan("kscan --version", tree, "--version", store=store)
    yield kscan("audit, no cache, no hits", tree, *audit, "--no-cache", "--no-hits", store=store)
    several = (*audit, "--no-cache", "--no-hits", "--catalog", str(CONTRACTS))
    yield kscan("audit, no cache, no hits, eight contracts", tree, *several, store=store)
    yield kscan("audit, no cache", tree, *audit, "--no-cache", store=store)
    yield kscan("audit, empty cache", tree, *audit, store=scratch / "empty", fresh=True)
    yield kscan("audit, warm, no hits", tree, *audit, "--no-hits", store=store)
    yield kscan("audit, warm", tree, *audit, store=store)


def diff_command(repository: Path, span: str, scratch: Path) -> Command:
    """``kscan diff`` of one commit, warm after the warm-up."""
    line = ("diff", span, "--repo", ".", "-f", "json")
    return kscan(f"diff {span}, warm", repository, *line, store=scratch / "diff")


def health_commands(tree: Path, scratch: Path, whole: bool) -> Iterator[Command]:
    """``kscan health``, which parses everything."""
    store = scratch / "store"
    part = ("health", ".", "--path", "drivers/iommu")
    yield kscan("health, drivers/iommu", tree, *part, store=store)
    if whole:
        yield kscan("health, whole tree", tree, "health", ".", store=store)


def other_commands(tree: Path, scratch: Path, missing: list[str]) -> Iterator[Command]:
    """What one would run instead, as far as it is installed; the rest goes to `missing`."""
    yield from _spatch(tree, scratch, missing)
    yield from _ast_grep(tree, missing)
    sources = scratch / "files"
    sources.write_text("\n".join(_sources(tree)) + "\n")
    ctags = shutil.which("ctags")
    if ctags is None or b"Universal" not in _version(ctags):
        missing.append("Universal Ctags")
    else:
        line = [ctags, "--options=NONE", "--languages=C", f"-L{sources}", f"-f{scratch / 'tags'}"]
        yield Command("ctags, whole tree", line, tree, accepted=(0,))
    cscope = shutil.which("cscope")
    if cscope is None:
        missing.append("cscope")
    else:
        made = scratch / "cscope"
        line = [cscope, "-b", "-k", "-q", f"-i{sources}", f"-f{made / 'cscope.out'}"]
        yield Command("cscope -b -k -q, whole tree", line, tree, fresh=made, accepted=(0,))


def _spatch(tree: Path, scratch: Path, missing: list[str]) -> Iterator[Command]:
    spatch = shutil.which("spatch")
    if spatch is None:
        missing.append("spatch (Coccinelle)")
        return
    rule = scratch / "late.cocci"
    rule.write_text(RULE)
    for folder in _present(tree, "drivers/iommu", "drivers"):
        line = [spatch, "--very-quiet", "--no-includes", "--jobs", str(os.cpu_count() or 1)]
        line += ["--sp-file", str(rule), "--dir", folder]
        name = f"spatch, one rule, {folder}"
        yield Command(name, line, tree, accepted=(0,), idle="0 files match")  # without find(1)


def _ast_grep(tree: Path, missing: list[str]) -> Iterator[Command]:
    program = shutil.which("ast-grep")
    if program is None:
        missing.append("ast-grep")
        return
    for folder in _present(tree, "drivers/iommu", "drivers"):
        line = [program, "run", "--lang", "c", "--pattern", PATTERN, folder]
        yield Command(f"ast-grep, one rule, {folder}", line, tree)


def _present(tree: Path, *folders: str) -> list[str]:
    return [folder for folder in folders if (tree / folder).is_dir()]


def _version(program: str) -> bytes:
    return subprocess.run([program, "--version"], capture_output=True, check=False).stdout


def _sources(tree: Path) -> Iterator[str]:
    for directory, folders, files in os.walk(tree):
        folders[:] = sorted(f for f in folders if f != ".git")
        for file in sorted(files):
            if file.endswith((".c", ".h")) and not (Path(directory) / file).is_symlink():
                yield os.path.relpath(f"{directory}/{file}", tree)


# The curve


def parts(tree: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Trees that grow: one directory of drivers, all drivers, everything; headers in each."""
    for name, folders in (("drivers/iommu", ["drivers/iommu"]), ("drivers", ["drivers"])):
        target = scratch / name.replace("/", "-")
        for folder in _present(tree, "include", *folders):
            shutil.copytree(
                tree / folder,
                target / folder,
                symlinks=True,
                ignore=lambda _where, names: [n for n in names if n.endswith((".o", ".rst"))],
            )
        yield f"{name} and include", target
    yield "whole tree", tree


def curve(tree: Path, scratch: Path, runs: int) -> Iterator[list[str]]:
    """Rows of the growth table."""
    for name, part in parts(tree, scratch):
        searched = sum(1 for _ in _sources(part))
        store = scratch / "none"
        audit = ("audit", ".", "--no-cache", "--no-hits", "-f", "json")
        least = measured(floor(part, f"floor, {name}"), runs)
        cost = measured(kscan(f"audit, {name}", part, *audit, store=store), runs)
        yield [
            name, f"{searched}", f"{_parsed(part)}", f"{least.wall:.2f}", f"{cost.wall:.2f}",
            f"{cost.wall / least.wall:.1f}", f"{cost.memory / 1e6:.0f}",
        ]  # fmt: skip


def _parsed(tree: Path) -> int:
    import json

    line = [str(KSCAN), "audit", ".", "--no-cache", "--no-hits", "-f", "json"]
    done = subprocess.run(line, cwd=tree, capture_output=True, check=False)
    return int(json.loads(done.stdout)["stats"]["files_parsed"])


# kscan's own phases


def phases(tree: Path) -> Iterator[tuple[str, float]]:
    """What an audit with no cache says it does, and the seconds until it says the next."""
    from kscan.audit import Audit, Options
    from kscan.facts.store import NullStore
    from kscan.source.open import open_tree

    said: list[tuple[str, float]] = [("opening the tree", time.monotonic())]
    told = Audit(
        open_tree(tree),
        Options(),
        NullStore(),
        lambda message: said.append((message, time.monotonic())),
    )
    told.report()
    said.append(("", time.monotonic()))
    for (message, start), (_, end) in pairwise(said):
        yield message, end - start


def asked_of_kscan(option: str, tree: Path | str = ".") -> str:
    """What this module prints in a process of its own with `option`."""
    line = [sys.executable, "-m", "tests.bench", option, str(tree)]
    root = Path(__file__).parents[1]
    return subprocess.run(line, cwd=root, capture_output=True, text=True, check=True).stdout


# The report


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, the first column to the left."""
    widths = [max(len(row[n]) for row in (heads, *rows)) for n in range(len(heads))]

    def line(row: Sequence[str]) -> str:
        cells = [
            row[0].ljust(widths[0]),
            *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
        ]
        return f"| {' | '.join(cells)} |"

    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(heads), line(ruler), *map(line, rows)])


def machine() -> str:
    """Where this was measured."""
    model = next(
        (
            text.partition(":")[2].strip()
            for text in Path("/proc/cpuinfo").read_text().splitlines()
            if text.startswith("model name")
        ),
        platform.machine(),
    )
    git = subprocess.run(["git", "version"], capture_output=True, text=True, check=False).stdout
    return (
        f"{os.cpu_count()} cores, {model}, {os.sysconf('SC_PHYS_PAGES') * 4096 / 2**30:.0f} GiB, "
        f"Python {platform.python_version()}, {git.strip()}, load {os.getloadavg()[0]:.1f} before"
    )


def commands(asked: argparse.Namespace, scratch: Path, missing: list[str]) -> Iterator[Command]:
    """Every row but the floor."""
    tree = asked.tree
    yield from kscan_commands(tree, scratch)
    repository = asked.repo or (tree if (tree / ".git").exists() else None)
    if repository is None:
        missing.append("kscan diff: TREE is no git repository and no --repo was given")
    else:
        yield diff_command(repository, asked.range, scratch)
    yield from health_commands(tree, scratch, asked.whole_health)
    yield from other_commands(tree, scratch, missing)


def bench(asked: argparse.Namespace, scratch: Path) -> None:
    """Measures and prints."""
    print(f"{machine()}\nwords: {' '.join(words())}\n", flush=True)
    missing: list[str] = []
    least = measured(floor(asked.tree), asked.runs)
    rows = [_row("floor: git grep -l -w", least, least)]
    for command in commands(asked, scratch, missing):
        if asked.only and not any(part in command.name for part in asked.only):
            continue
        try:
            rows.append(_row(command.name, measured(command, asked.runs), least))
        except Failed as failed:
            missing.append(str(failed))
    print(table(["command", "wall s", "/ floor", "CPU s", "memory MB", "runs"], rows), flush=True)
    for what in missing:
        print(f"- not measured: {what}")
    if not asked.only:
        spent = asked_of_kscan("--phases", asked.tree)
        print(f"\nPhases of the audit with no cache, with hits:\n\n{spent}")
        heads = ["tree", "files", "parsed", "floor s", "audit s", "/ floor", "memory MB"]
        print(table(heads, list(curve(asked.tree, scratch, asked.runs))))


def _row(name: str, cost: Cost, least: Cost) -> list[str]:
    return [
        name, f"{cost.wall:.2f}", f"{cost.wall / least.wall:.2f}", f"{cost.cpu:.2f}",
        f"{cost.memory / 1e6:.0f}", f"{cost.runs}",
    ]  # fmt: skip


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("tree", type=Path, help="top directory of a kernel tree")
    parser.add_argument("-n", "--runs", type=int, default=5, help="runs of each command")
    parser.add_argument("--repo", type=Path, help="a repository for kscan diff; else TREE's own")
    parser.add_argument("--range", default="HEAD^..HEAD", help="what kscan diff is asked about")
    parser.add_argument("--whole-health", action="store_true", help="kscan health of it all, too")
    parser.add_argument("--only", action="append", help="rows whose name contains this")
    parser.add_argument("--phases", action="store_true", help="only kscan's own phases, once")
    parser.add_argument("--words", action="store_true", help="only the words of the floor")
    asked = parser.parse_args()
    asked.tree = asked.tree.resolve()
    return asked


def main() -> None:
    """One run, one table."""
    asked = arguments()
    if asked.words:
        print("\n".join(searched()))
        return
    if asked.phases:
        rows = [[message, f"{seconds:.2f}"] for message, seconds in phases(asked.tree)]
        print(table(["phase", "wall s"], rows))
        return
    with tempfile.TemporaryDirectory(prefix="kscan-bench-") as scratch:
        bench(asked, Path(scratch))


if __name__ == "__main__":
    main()
