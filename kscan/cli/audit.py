# SPDX-License-Identifier: GPL-2.0-only
"""``kscan audit``: the drivers of a tree that break under the new probe path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from kscan.cli import accepted, answers, options, trees
from kscan.model import Confidence, Report


@click.command(short_help="Find the drivers of a tree that break.")
@options.tree_argument
@click.option("--as-is", is_flag=True, help="Audit the tree as it stands: assume no call edge.")
@options.finding_options
@accepted.accepting_options
@options.output_options
@options.run_options
@click.pass_context
def command(
    ctx: click.Context, tree: str, commit: str | None, as_is: bool, rules: tuple[str, ...],
    under: tuple[str, ...], strict: bool, no_hits: bool, format_: str, output: str | None,
    min_confidence: str, fail_on: str, no_cache: bool, jobs: int | None,
    catalogues: tuple[Path, ...], baseline: Path | None, config: Path | None,
) -> None:  # fmt: skip
    """Find the drivers of TREE that break when a registration calls back into them.

    TREE is an unbuilt kernel source tree; the current directory unless given. The exit status is 0
    where nothing is as bad as --fail-on says, 1 where something is, 2 for bad input.
    """
    from kscan.audit import Options  # noqa: PLC0415 - not for --help
    from kscan.report.verdict import audit_count  # noqa: PLC0415
    from kscan.reported import report_of  # noqa: PLC0415
    from kscan.source.absence import laid_to_absence  # noqa: PLC0415
    from kscan.triage.baseline import View  # noqa: PLC0415

    under = trees.places(under, tree)
    asked = Options(as_is, rules, under, Confidence(min_confidence), catalogues, not no_hits)
    with answers.progress() as progress:
        opened = trees.opened(tree, commit)
        acceptance = accepted.acceptance(opened, config, baseline)
        trees.refuse_unknown(opened, under)
        with laid_to_absence(opened):
            found = report_of(opened, asked, trees.store(no_cache), progress, jobs)
        again = options.again(tree, commit, as_is, catalogues)
        found = replace(found, tree=replace(found.tree, again=again))
        view = View(as_is, rules, under, asked.min_confidence)
        report = acceptance.of_report(found, view)
    answers.written(report, format_, output, min_confidence=Confidence(min_confidence))
    answers.said_skips(report.skips, format_, report.notes)
    stats = report.stats
    answers.said(
        f"{audit_count(report)} in {stats.seconds:.1f} s: {stats.files_considered:,} files "
        f"considered, {stats.files_parsed} parsed, {stats.cache_hits} of them by an earlier run, "
        f"{len(report.skips)} skipped{_assumed(report)}"
    )
    status = answers.status_of(report.findings, fail_on)
    ctx.exit(2 if strict and report.skips else status)


def _assumed(report: Report) -> str:
    """What a format of one line a finding has no room for."""
    tree = report.tree
    is_assumed = tree.scenario != "as-is" and bool(tree.scenario_note.strip())
    return f"; scenario {tree.scenario} (--as-is leaves it out)" if is_assumed else ""
