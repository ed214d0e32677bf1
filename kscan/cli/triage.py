# SPDX-License-Identifier: GPL-2.0-only
"""``kscan triage``: is this oops one that the audit predicts?"""

from __future__ import annotations

from pathlib import Path

import click

from kscan.cli import options


@click.command()
@click.argument("log", default="-", metavar="[LOG]")
@click.option("--tree", default=".", metavar="TREE", help="The kernel source; . unless given.")
@click.option("--commit", metavar="REV", help="Read this commit, not the files on disk.")
@click.option("--as-is", is_flag=True, help="Audit the tree as it stands: assume no call edge.")
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text",
              help="How the answer is written.")  # fmt: skip
@options.run_options
@click.pass_context
def command(
    ctx: click.Context, log: str, tree: str, commit: str | None, as_is: bool, format_: str,
    no_cache: bool, jobs: int | None, catalogues: tuple[Path, ...],
) -> None:  # fmt: skip
    """Match the oopses, WARNs and late probes of LOG, a file or - for stdin, to findings.

    Exit status: 0 where a finding explains something, 1 where none does.
    """
    from kscan.audit import Audit, Options  # noqa: PLC0415 - not for --help
    from kscan.model import Confidence  # noqa: PLC0415
    from kscan.triage.console import read  # noqa: PLC0415
    from kscan.triage.outcome import as_json, as_text, explained, triage  # noqa: PLC0415

    text = read(log)
    asked = Options(as_is=as_is, min_confidence=Confidence.LOW, catalogues=catalogues)
    with options.progress() as progress:
        opened = options.opened(tree, commit)
        report = Audit(opened, asked, options.store(no_cache), progress, jobs=jobs).report()
        progress("matching the log")
        outcomes = triage(text, report, opened)
    if format_ == "json":
        import json  # noqa: PLC0415 - only here

        click.echo(json.dumps(as_json(outcomes), indent=2))
    else:
        told = "\n".join(as_text(outcome) for outcome in outcomes)
        click.echo(told or "no oops or WARN found\n", nl=False)
    ctx.exit(0 if explained(outcomes) else 1)
