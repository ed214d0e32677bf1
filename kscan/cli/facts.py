# SPDX-License-Identifier: GPL-2.0-only
"""``kscan facts``: what kscan reads in one file."""

from __future__ import annotations

import click

from kscan.cli import answers, options, trees


@click.command(short_help="Print what one file defines, fills and includes.")
@click.argument("path")
@options.tree_argument
@click.option("--no-cache", is_flag=True, help="Neither read nor keep facts.")
@options.format_option
def command(path: str, tree: str, commit: str | None, no_cache: bool, format_: str) -> None:
    """Print the facts of PATH, a file of TREE: what it defines, fills and includes."""
    from kscan.inspection.facts import as_text, facts  # noqa: PLC0415 - not for --help

    path = trees.below(path, tree)
    trees.refuse_directory(path, tree, "facts FILE TREE")
    inspection = trees.inspected(tree, commit, no_cache)
    answer = facts(inspection, path)
    answers.answered(answer, format_, lambda: as_text(inspection, path))
