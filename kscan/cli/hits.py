# SPDX-License-Identifier: GPL-2.0-only
"""``kscan hits``: which hardware a driver runs on, who builds it, and whom to ask."""

from __future__ import annotations

import click

from kscan.cli import answers, options, trees
from kscan.model import KscanError


@click.command(short_help="Say which hardware, configurations and people a driver hits.")
@click.argument("place", metavar="FILE|FUNCTION")
@options.tree_argument
@click.option(
    "--all", "--whole", "whole", is_flag=True, help="List everything instead of the first few."
)
@options.format_option
def command(place: str, tree: str, commit: str | None, whole: bool, format_: str) -> None:
    """Say who is hit by a driver: symbols, defconfigs, firmware matches, boards, maintainers."""
    from kscan.inspection.hits import as_json, as_text, hit_by  # noqa: PLC0415 - not for --help
    from kscan.source.tree import is_below  # noqa: PLC0415 - with the tree

    place = trees.below(place, tree)
    if not place.isidentifier():
        trees.refuse_directory(place, tree, "hits FILE|FUNCTION TREE")
    with answers.progress() as progress:
        progress(f"looking for the hardware of {place}")
        opened = trees.opened(tree, commit)
        try:
            answer = hit_by(opened, place)
        except KscanError:
            path = place.removeprefix("./")
            if opened.exists(path) or not any(is_below(p, (path,)) for p in opened.paths()):
                raise
            raise KscanError(
                f"{place}: a directory of {opened.name}; give a C file or a function of it"
            ) from None
    if format_ == "json":
        import json  # noqa: PLC0415 - only here

        click.echo(json.dumps(as_json(answer), indent=2))
    else:
        answers.shown(as_text(answer, whole=whole))
