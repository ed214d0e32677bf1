# SPDX-License-Identifier: GPL-2.0-only
"""``kscan health``: how much of a tree's C the parser understands."""

from __future__ import annotations

import click

from kscan.cli import answers, options, trees
from kscan.model import KscanError


@click.command(short_help="Say how much of the C is understood.")
@options.tree_argument
@click.option(
    "--path", "under", multiple=True, metavar="SUBTREE",
    help="Only files below this directory (repeatable).",
)  # fmt: skip
@click.option("--jobs", type=options.JOBS, default=None, metavar="N",
              help="How many processes parse; one per core unless given.")  # fmt: skip
@options.format_option
def command(
    tree: str, commit: str | None, under: tuple[str, ...], jobs: int | None, format_: str
) -> None:
    """Say how many functions of TREE have a parse error, in which files, and by which macro.

    All C files are parsed, which takes minutes for a whole kernel: --path keeps to a part.
    """
    from kscan.inspection.health import as_json, as_text, health  # noqa: PLC0415 - not for --help

    with answers.progress() as progress:
        progress(f"listing {tree}")
        opened = trees.opened(tree, commit)
        under = trees.places(under, tree)
        trees.refuse_unknown(opened, under)
        answer = health(opened, under=under, jobs=jobs, progress=progress)
    if not (answer.files or answer.skips):
        raise KscanError(f"{', '.join(under)}: no .c file below: give a directory that has some")
    if format_ == "json":
        import json  # noqa: PLC0415 - only here

        click.echo(json.dumps(as_json(answer), indent=2))
    else:
        answers.shown(as_text(answer))
