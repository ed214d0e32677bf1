# SPDX-License-Identifier: GPL-2.0-only
"""``kscan callees``: what a function calls."""

from __future__ import annotations

import click

from kscan.cli import answers, options, trees


@click.command(short_help="List what a function calls, and who fills its slots.")
@click.argument("function", metavar="F")
@options.tree_argument
@options.inspection_options
@click.option("--all", "whole", is_flag=True, help="List every function that fills a slot.")
def command(
    function: str, tree: str, commit: str | None, format_: str, under: tuple[str, ...],
    no_cache: bool, whole: bool,
) -> None:  # fmt: skip
    """List what F calls: names with their definitions, slots with who fills them.

    F is a function's name, or PATH:NAME where several files have one. TREE is the kernel source.
    """
    from kscan.inspection.callees import as_text, callees  # noqa: PLC0415 - not for --help

    with answers.progress() as progress:
        progress(f"looking for what {function} calls")
        answer = callees(trees.inspected(tree, commit, no_cache, under), function)
    answers.answered(answer, format_, lambda: as_text(answer, whole=whole))
