# SPDX-License-Identifier: GPL-2.0-only
"""The tree that a command line names, places in it, and the store of its facts."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kscan.cli import answers, options
from kscan.model import KscanError
from kscan.wording import closest, meant

if TYPE_CHECKING:
    from kscan.facts.store import Store
    from kscan.inspection.inspection import Inspection
    from kscan.source.tree import Memory, Tree


def standing(tree: Tree) -> Tree:
    """`tree` with what ``--external`` names beside it; raises `KscanError` for what is none."""
    from kscan.source.beside import beside  # noqa: PLC0415 - heavy, and not for --help

    return beside(tree, options.external())


def inspected(
    tree: str, commit: str | None, no_cache: bool, under: tuple[str, ...] = ()
) -> Inspection:
    """The tree a command line asks about."""
    from kscan.inspection.inspection import Inspection  # noqa: PLC0415 - not for --help

    asked, under = opened(tree, commit), places(under, tree)
    refuse_unknown(asked, under)
    return Inspection(asked, store(no_cache), under=under)


def opened(tree: str, commit: str | None) -> Tree:
    """The tree a command line names; raises `KscanError` for what is none."""
    from kscan.source.open import open_tree  # noqa: PLC0415 - heavy, and not for --help

    return standing(open_tree(tree, commit))


def store(no_cache: bool) -> Memory:
    """The fact store, or none; what is wrong with it is told once the command is done."""
    from kscan.facts.store import NullStore  # noqa: PLC0415 - sqlite3

    return NullStore() if no_cache else told_store()


def told_store() -> Store:
    """The fact store; what is wrong with it is told once the command is done."""
    from kscan.facts.store import Store  # noqa: PLC0415 - sqlite3

    kept = Store()

    def warn() -> None:
        for warning in kept.warnings[:1]:
            answers.said(f"kscan: warning: {warning}")

    context = click.get_current_context(silent=True)
    if context is not None:
        context.call_on_close(warn)
    return kept


def refuse_unknown(tree: Tree, under: tuple[str, ...], base: Tree | None = None) -> None:
    """Raises `KscanError` for a directory of which `tree` has no file: a slip would look clean.

    A directory that only `base` has is one that a change removes.
    """
    from kscan.source.tree import is_below  # noqa: PLC0415 - with the tree

    trees = [tree] if base is None else [tree, base]
    for place in under:
        if not any(is_below(path, (place,)) for known in trees for path in known.paths()):
            folders = {path.rpartition("/")[0] for path in tree.paths()}
            near = meant(closest(place, folders)) or "give a path below its top"
            raise KscanError(f"{place}: nothing below it in {tree.name}; {near}")


def below(place: str, tree: str) -> str:
    """`place`, as a shell completes it, as its path below the top of `tree`."""
    if "\0" in place + tree:
        return place
    if not place.startswith("/"):
        here, there = Path(place).exists(), (Path(tree) / place).exists()
        if there or not here:
            return place.removeprefix("./")
        place = str(Path(place).absolute())
    for top in (Path(tree).absolute(), Path(tree).resolve()):
        for spelled in (Path(place), Path(place).resolve()):
            if spelled != top and spelled.is_relative_to(top):
                return spelled.relative_to(top).as_posix()
    return _beside(Path(place).resolve(), tree) or place


def _beside(place: Path, tree: str) -> str:
    """`place` as its path below ``external/``; empty where no directory of ``--external`` has it.

    So it is where they are numbered there, having one name.
    """
    from kscan.source.tree import EXTERNAL  # noqa: PLC0415 - not for --help

    tops = {top.resolve().name: top.resolve() for top in options.external()}
    if len(tops) < len(options.external()) or (Path(tree) / EXTERNAL).exists():
        return ""
    held = (one for one in tops.items() if place.is_relative_to(one[1]))
    name, top = next(held, ("", place))
    return (Path(EXTERNAL) / name / place.relative_to(top)).as_posix() if name else ""


def places(given: Sequence[str], tree: str) -> tuple[str, ...]:
    """`below` for each of several, none where one is the top, which has all.

    Raises `KscanError` for one without a name.
    """
    if "" in given:
        raise KscanError("--path: the name is empty: give a directory below the top, or none")
    found = tuple(posixpath.normpath(below(place, tree)) for place in given)
    return () if any(_is_top(place, tree) for place in found) else found


def _is_top(place: str, tree: str) -> bool:
    """`place`, as `below` gives it, is the top of `tree`."""
    if not place.startswith("/") or "\0" in place + tree:
        return place == "."
    return Path(place).resolve() == Path(tree).resolve()


def refuse_directory(place: str, tree: str, usage: str) -> None:
    """Raises `KscanError` where `place` is a directory and no tree is named: a word is missing."""
    if not place:
        raise KscanError(f"a name is empty: {usage}")
    if tree == "." and "\0" not in place and Path(place).is_dir():
        raise KscanError(f"{place}: that is a directory; {usage}")
