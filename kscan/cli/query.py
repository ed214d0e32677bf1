# SPDX-License-Identifier: GPL-2.0-only
"""``kscan query``: a tree-sitter query over kernel C."""

from __future__ import annotations

from pathlib import Path

import click

from kscan.cli import named, options
from kscan.model import KscanError


@click.command(short_help="Run a tree-sitter query over a tree.")
@click.argument("file", metavar="FILE.scm", type=named.FILE)
@click.argument("path", default=".", metavar="[PATH]")
@options.tree_argument
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text",
              show_default=True, help="How the answer is written.")  # fmt: skip
def command(file: Path, path: str, tree: str, commit: str | None, format_: str) -> None:
    """Run the tree-sitter query in FILE.scm over the C files at or below PATH, in TREE.

    PATH is a file or directory below the top of TREE; all of it unless given.
    """
    from kscan.inspection.query import as_text, run  # noqa: PLC0415 - not for --help

    path = options.below(path, tree)
    try:
        inspection = options.inspected(tree, commit, True)
    except KscanError:
        if path != ".":
            options.refuse_directory(path, tree, "query FILE.scm PATH TREE; . is all of TREE")
        raise
    with options.progress() as progress:
        progress(f"{file.name} over {path}")
        answer = run(inspection, file, path)
    options.answered(answer, format_, lambda: as_text(answer))
