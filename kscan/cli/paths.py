# SPDX-License-Identifier: GPL-2.0-only
"""``kscan paths``: how control gets from one function to another."""

from __future__ import annotations

import click

from kscan.cli import answers, options, trees


@click.command(short_help="Show the shortest ways from one function to another.")
@click.argument("start", metavar="FROM")
@click.argument("end", metavar="TO")
@options.tree_argument
@click.option("--as-is", is_flag=True, help="The tree as it stands: assume no call edge.")
@click.option("--all", "further", is_flag=True, help="Look for longer ways, too.")
@options.inspection_options
def command(
    start: str, end: str, tree: str, commit: str | None, as_is: bool, further: bool, format_: str,
    under: tuple[str, ...], no_cache: bool,
) -> None:  # fmt: skip
    """Show the shortest ways from FROM to TO: calls, slots, functions handed over.

    Both are function names, or PATH:NAME where several files have one. Where the tree lacks
    the edges of the catalogue's scenarios they are assumed, and marked.
    """
    from kscan.inspection.paths import as_text, paths  # noqa: PLC0415 - not for --help

    with answers.progress() as progress:
        progress(f"looking for ways from {start} to {end}")
        inspection = trees.inspected(tree, commit, no_cache, under)
        answer = paths(inspection, start, end, as_is=as_is, further=further)
    answers.answered(answer, format_, lambda: as_text(answer))
