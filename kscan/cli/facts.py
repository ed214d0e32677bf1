# SPDX-License-Identifier: GPL-2.0-only
"""``kscan facts``: what kscan reads in one file."""

from __future__ import annotations

import click

from kscan.cli import options


@click.command(short_help="Print what one file defines, fills and includes.")
@click.argument("path")
@options.tree_argument
@click.option("--no-cache", is_flag=True, help="Neither read nor keep facts.")
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text",
              show_default=True, help="How the answer is written.")  # fmt: skip
def command(path: str, tree: str, commit: str | None, no_cache: bool, format_: str) -> None:
    """Print the facts of PATH, a file of TREE: what it defines, fills and includes."""
    from kscan.inspection.facts import as_text, facts  # noqa: PLC0415 - not for --help

    path = options.below(path, tree)
    options.refuse_directory(path, tree, "facts FILE TREE")
    inspection = options.inspected(tree, commit, no_cache)
    answer = facts(inspection, path)
    options.answered(answer, format_, lambda: as_text(inspection, path))
