# SPDX-License-Identifier: GPL-2.0-only
"""``kscan baseline``: accepts the findings that stand, so that only new ones are told."""

from __future__ import annotations

from pathlib import Path

import click

from kscan.cli import answers, named, options, trees
from kscan.model import Confidence
from kscan.wording import counted

FILE = "kscan-baseline.jsonl"


@click.command()
@options.tree_argument
@click.option("--as-is", is_flag=True, help="Audit the tree as it stands: assume no call edge.")
@click.option(
    "--min-confidence",
    type=click.Choice(options.CONFIDENCES),
    default="medium",
    show_default=True,
    help="Leave out findings less certain.",
)
@click.option(
    "-o",
    "--output",
    default=FILE,
    type=named.OUTPUT,
    show_default=True,
    metavar="FILE",
    help="Where the baseline goes; - is stdout.",
)
@options.run_options
def command(
    tree: str, commit: str | None, as_is: bool, min_confidence: str, output: str, no_cache: bool,
    jobs: int | None, catalogues: tuple[Path, ...],
) -> None:  # fmt: skip
    """Write down the findings of TREE as accepted.

    One line a finding, sorted by place. kscan audit and kscan diff hide them when the file is
    given with --baseline.
    """
    from kscan.audit import Options  # noqa: PLC0415 - not for --help
    from kscan.reported import report_of  # noqa: PLC0415
    from kscan.triage.baseline import View, written  # noqa: PLC0415

    asked = Options(as_is, (), (), Confidence(min_confidence), catalogues)  # as audit asks
    with answers.progress() as progress:
        opened = trees.opened(tree, commit)
        findings = report_of(opened, asked, trees.store(no_cache), progress, jobs).findings
    text = written(findings, View(as_is, min_confidence=asked.min_confidence))
    if output == "-":
        click.echo(text, nl=False)
        return
    from kscan.cli.output import put  # noqa: PLC0415 - after the work

    put(output, text)
    answers.said(f"{counted(len(findings), 'finding')} accepted in {output}")
