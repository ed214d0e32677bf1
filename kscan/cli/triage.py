# SPDX-License-Identifier: GPL-2.0-only
"""``kscan triage``: is this oops one that the audit predicts?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kscan.cli import answers, named, options, trees
from kscan.model import KscanError

if TYPE_CHECKING:
    from kscan.source.tree import Tree
    from kscan.triage.log import Incident
    from kscan.triage.outcome import Outcome


@click.command(short_help="Say which finding explains an oops.")
@click.argument("log", default=None, required=False, metavar="[LOG]", type=named.PLACE)
@click.argument("tree", default=None, required=False, metavar="[TREE]")
@click.option("--tree", "named", default=None, metavar="TREE", help="Another way to give TREE.")
@click.option("--commit", metavar="REV", help="Read this commit, not the files on disk.")
@options.external_option
@click.option("--as-is", is_flag=True, help="Audit the tree as it stands: assume no call edge.")
@options.format_option
@options.run_options
@click.pass_context
def command(
    ctx: click.Context, log: str | None, tree: str | None, named: str | None, commit: str | None,
    as_is: bool, format_: str, no_cache: bool, jobs: int | None, catalogues: tuple[Path, ...],
) -> None:  # fmt: skip
    """Match the oopses, WARNs and late probes of LOG, a file or - for stdin, to findings.

    TREE is the kernel source that ran; the current directory unless given.
    Exit status: 0 where a finding explains something, 1 where none does, 2 for bad input.
    """
    from kscan.triage import outcome  # noqa: PLC0415 - not for --help
    from kscan.triage.log import incidents  # noqa: PLC0415

    source = _source(tree, named)
    text, log = _read(log, source), log or "-"
    ran = trees.opened(source, commit)
    found = incidents(text)
    outcomes = _judged(found, ran, as_is, no_cache, jobs, catalogues) if found else ()
    if outcomes or format_ == "json":
        again = options.again(source, commit, as_is, catalogues)
        texts = (outcome.as_text(each, log, again) for each in outcomes)
        answers.answered(
            outcome.as_json(outcomes), format_, lambda: "\n".join(texts).removesuffix("\n")
        )
    if not found:
        answers.said(outcome.none_found(text, log))
    ctx.exit(0 if outcome.explained(outcomes) else 1)


def _source(tree: str | None, named: str | None) -> str:
    """The one tree that was given, as an argument or by name; raises `KscanError` for two."""
    if tree is not None and named is not None and Path(tree) != Path(named):
        raise KscanError(f"triage: two trees are given, {tree} and --tree {named}: leave one out")
    given = named if tree is None else tree
    return "." if given is None else given


def _read(log: str | None, tree: str) -> bytes:
    """What stands in `log`, or is piped; raises `KscanError` where nobody gave any."""
    from kscan.triage.console import read  # noqa: PLC0415 - not for --help

    if log is not None:
        trees.refuse_directory(log, tree, f"triage LOG TREE, as in triage dmesg.txt {log}")
        return read(log)
    text = b"" if sys.stdin is not None and sys.stdin.isatty() else read("-")
    if not text:
        raise KscanError("triage: no log is given: triage LOG TREE, as in triage dmesg.txt linux")
    return text


def _judged(
    found: tuple[Incident, ...], ran: Tree, as_is: bool, no_cache: bool,
    jobs: int | None, catalogues: tuple[Path, ...],
) -> tuple[Outcome, ...]:  # fmt: skip
    """What an audit of the tree that ran has to say about each of `found`."""
    from kscan.audit import Audit, Options  # noqa: PLC0415 - after the log
    from kscan.model import Confidence  # noqa: PLC0415
    from kscan.triage.outcome import outcomes_of  # noqa: PLC0415

    asked = Options(as_is=as_is, min_confidence=Confidence.LOW, catalogues=catalogues)
    with answers.progress() as progress:
        report = Audit(ran, asked, trees.store(no_cache), progress, jobs=jobs).report()
        progress("matching the log")
        return outcomes_of(found, report, ran)
