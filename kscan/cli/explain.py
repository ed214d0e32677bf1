# SPDX-License-Identifier: GPL-2.0-only
"""``kscan explain``: a rule's page, or a finding laid open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kscan.cli import answers, named, options, trees
from kscan.cli.diff import Inputs
from kscan.model import KscanError

if TYPE_CHECKING:
    from kscan.source.ranges import Range
    from kscan.source.tree import Memory, Tree

_FINGERPRINT = re.compile(r"v\d.*|[0-9a-f-]+")
"""A fingerprint or its beginning, as far as its letters tell."""


@click.command(short_help="Show a rule's page, or a finding step by step.")
@click.argument("name", metavar="RULE|FINGERPRINT", type=options.RULE)
@options.tree_argument
@click.option("--as-is", is_flag=True, help="The tree as it stands: assume no call edge.")
@click.option(
    "--on-top",
    multiple=True,
    metavar="FILE",
    type=named.PLACE,
    help="Put this patch or mbox on top of TREE first (repeatable).",
)
@click.option(
    "--since",
    metavar="REV|DIR",
    help="What the range that kscan diff looked at begins with: read its new names.",
)
@click.option("--patch", is_flag=True, help="Print the finding's fix as a diff for git apply.")
@options.format_option
@options.run_options
def command(
    name: str, tree: str, commit: str | None, as_is: bool, on_top: tuple[str, ...],
    since: str | None, patch: bool, format_: str, no_cache: bool, jobs: int | None,
    catalogues: tuple[Path, ...],
) -> None:  # fmt: skip
    """Explain a rule, or a finding of TREE: each step in its source, with the reason for it.

    FINGERPRINT is what `kscan audit` and `kscan diff` show beside the finding, with the options
    that read the same source; its beginning will do. With --patch the diff is printed once the
    patched tree was audited and the finding was gone.
    """
    from kscan.inspection.explanation import (  # noqa: PLC0415 - not for --help
        as_text,
        checked_patch,
        document,
        explained,
        laid_out,
        page,
    )  # fmt: skip
    from kscan.rules import selected  # noqa: PLC0415 - not for --help

    if on_top and since is not None:
        raise KscanError("explain: --since and --on-top both name a range: leave one out")
    known = page(name)
    if known is not None and patch:
        raise KscanError(f"{name} is a rule: give --patch the fingerprint of a finding")
    if known is not None:
        text = laid_out(str(known["page"]), answers.terminal_width())
        answers.answered(known, format_, lambda: text)
        return
    if not _FINGERPRINT.fullmatch(name):
        selected((name,))  # raises what rules there are
    from kscan.audit import Audit, Options  # noqa: PLC0415 - not for a page

    with answers.progress() as progress:
        opened, memory = trees.opened(tree, commit), trees.store(no_cache)
        span = _range(opened, tree, commit, on_top, since)
        opened = span.head if span is not None else opened
        spelled = _spelled(span, catalogues, memory) if span is not None else ()
        asked = Options(as_is=as_is, catalogues=catalogues, hits=False, spelled=spelled)
        audit = Audit(opened, asked, memory, progress, jobs=jobs)
        found = explained(audit, name)
        checked = checked_patch(found) if patch else None
    if checked is not None and found.finding.fix is not None:
        click.echo(checked.patch, nl=False)
        answers.said(f"fix: {found.finding.fix.sentence}")
        answers.said("checked: with this patch the finding is gone, and none is new")
        for one in checked.shown:
            answers.said(f"hidden before: {one.fingerprint}: {one.rule}: {one.message}")
        return
    answer = document(found)
    again = options.again(tree, commit, as_is, catalogues, on_top, since=since)
    answers.answered(answer, format_, lambda: as_text(answer, again, answers.terminal_width()))


def _range(
    opened: Tree, tree: str, commit: str | None, on_top: tuple[str, ...], since: str | None
) -> Range | None:
    """The range that ends in what is read; None where a tree alone is named."""
    from kscan.source.patches import read_series  # noqa: PLC0415 - not for a page
    from kscan.source.ranges import patch_range  # noqa: PLC0415

    if since is not None:
        places = (f"{since}..{commit}",) if commit else (since, tree)
        return Inputs(places, (), False, tree, None).opened()
    return patch_range(opened, read_series(on_top)) if on_top else None


def _spelled(
    span: Range, catalogues: tuple[Path, ...], memory: Memory
) -> tuple[tuple[str, str], ...]:
    """New names that a range gives to what the catalogue knows."""
    from kscan.change.ends import Ends  # noqa: PLC0415 - not for a page
    from kscan.kernel.catalogue import catalogue  # noqa: PLC0415

    names = catalogue(catalogues).names
    ends = Ends(span.base, span.head, span.changed, names, memory, frozenset)
    return tuple(ends.spelled(span.head).items())
