# SPDX-License-Identifier: GPL-2.0-only
"""``kscan callers``: who calls a function."""

from __future__ import annotations

import click

from kscan.cli import answers, options, trees


@click.command(short_help="List who calls a function, and how.")
@click.argument("function", metavar="F")
@options.tree_argument
@options.inspection_options
@click.option("--all", "whole", is_flag=True, help="List every caller, however many there are.")
def command(
    function: str, tree: str, commit: str | None, format_: str, under: tuple[str, ...],
    no_cache: bool, whole: bool,
) -> None:  # fmt: skip
    """List who calls F: by name, through a table that holds it, or by handing it over.

    F is a function's name, or PATH:NAME where several files have one. TREE is the kernel source.
    """
    from kscan.inspection.callers import as_text, callers  # noqa: PLC0415 - not for --help

    with answers.progress() as progress:
        progress(f"looking for the callers of {function}")
        answer = callers(trees.inspected(tree, commit, no_cache, under), function)
    answers.answered(answer, format_, lambda: as_text(answer, whole=whole))
