# SPDX-License-Identifier: GPL-2.0-only
"""``kscan query``: a tree-sitter query over kernel C."""

from __future__ import annotations

from pathlib import Path

import click

from kscan.cli import answers, named, options, trees
from kscan.model import KscanError


@click.command(short_help="Run a tree-sitter query over a tree.")
@click.argument("file", metavar="FILE.scm", type=named.FILE)
@click.argument("path", default=".", metavar="[PATH]")
@options.tree_argument
@options.format_option
def command(file: Path, path: str, tree: str, commit: str | None, format_: str) -> None:
    """Run the tree-sitter query in FILE.scm over the C files at or below PATH, in TREE.

    PATH is a file or directory below the top of TREE; all of it unless given.
    """
    from kscan.inspection.query import as_text, run  # noqa: PLC0415 - not for --help

    path = trees.below(path, tree)
    try:
        inspection = trees.inspected(tree, commit, True)
    except KscanError:
        if path != ".":
            trees.refuse_directory(path, tree, "query FILE.scm PATH TREE; . is all of TREE")
        raise
    with answers.progress() as progress:
        progress(f"{file.name} over {path}")
        answer = run(inspection, file, path)
    answers.answered(answer, format_, lambda: as_text(answer))
