# SPDX-License-Identifier: GPL-2.0-only
"""The tree a user names, or one clear line about why there is none."""

from __future__ import annotations

from pathlib import Path

from kscan.model import KscanError
from kscan.source.commit import CommitTree
from kscan.source.directory import DirectoryTree
from kscan.source.repository import NoRepository, Repository
from kscan.source.sparse import told_sparse
from kscan.source.tree import Tree

_TOP_FOLDERS = ("drivers", "kernel", "include")


def open_tree(path: Path | str, commit: str | None = None) -> Tree:
    """The directory `path`, or the tree at `commit` of the repository whose top it is.

    Raises `KscanError` where `path` is no directory, no top of a repository, is empty, may
    not be read, or holds no kernel source: at least one ``.c`` file, and one of drivers/,
    kernel/ and include/ at its top, where a part of a kernel tree has a Makefile, too.
    """
    if not str(path):
        raise KscanError("the name of a tree is empty: give the top directory of a kernel tree")
    place = Path(path)
    if str(place).startswith("-"):  # as it is to be spelled, lest it be taken for an option
        place = place.absolute()
    _refuse_what_is_no_directory(place)
    tree: Tree
    if commit is not None:
        repository = _repository(place)
        _refuse_what_is_below(place, repository.worktree)
        tree = CommitTree(repository, commit)
        top = {file.partition("/")[0] for file in tree.paths() if "/" in file}
        has_source = any(file.endswith(".c") for file in tree.paths())
        _refuse_what_is_no_kernel(f"{place} at {commit}", top, has_source)
        return tree
    top = _names_in(place)
    if {"HEAD", "objects", "refs"} <= top and "Makefile" not in top:
        raise KscanError(f"{place}: a bare git repository; name a commit of it with --commit")
    tree = DirectoryTree(place)
    folders = {name for name in top.intersection(_TOP_FOLDERS) if (place / name).is_dir()}
    has_source = tree.has_source()
    if not has_source and tree.skips:
        unread = tree.skips[0]
        raise KscanError(
            f"{place}: no .c file that can be read; {unread.path}: {unread.reason}: "
            "give a tree that you may read"
        )
    _refuse_what_is_no_kernel(str(place), folders, has_source)
    return told_sparse(tree)


def _repository(place: Path) -> Repository:
    try:
        return Repository(place)
    except NoRepository:
        raise KscanError(
            f"{place}: not in a git repository; leave out --commit, or give a clone"
        ) from None


def _refuse_what_is_no_directory(place: Path) -> None:
    if "\0" in str(place):
        raise KscanError(f"{str(place)!r}: not a path")
    try:
        is_directory = place.is_dir()
        exists = is_directory or place.exists()
    except OSError as error:
        raise _unreadable(place, error) from error
    if not exists:
        raise KscanError(f"{place}: no such directory; give the top directory of a kernel tree")
    if not is_directory:
        raise KscanError(
            f"{place}: a file, not a directory; give the top directory of a kernel tree, "
            "or a patch to kscan diff --patch"
        )


def _refuse_what_is_below(place: Path, top: Path | None) -> None:
    if top is not None and not top.samefile(place):
        raise KscanError(f"{place}: below the top of its repository; give {top} with --commit")


def _names_in(place: Path) -> set[str]:
    try:
        names = {entry.name for entry in place.iterdir()}
    except OSError as error:
        raise _unreadable(place, error) from error
    if not names and _is_gone(place):
        raise KscanError(f"{place}: the current directory is deleted; change to one that is there")
    if not names:
        raise KscanError(f"{place}: an empty directory; unpack or check out a kernel tree there")
    return names


def _unreadable(place: Path, error: OSError) -> KscanError:
    reason = (error.strerror or str(error)).lower()
    return KscanError(f"{place}: {reason}; give the top directory of a tree that you may read")


def _is_gone(place: Path) -> bool:
    """`place` is seen from a current directory that is deleted."""
    try:
        place.absolute()
    except FileNotFoundError:
        return True
    return False


def _refuse_what_is_no_kernel(name: str, folders: set[str], has_source: bool) -> None:
    if not has_source:
        raise KscanError(f"{name}: not a kernel tree: no .c file in it")
    if not folders.intersection(_TOP_FOLDERS):
        raise KscanError(
            f"{name}: not a kernel tree: none of {'/, '.join(_TOP_FOLDERS)}/ at its top; "
            "give the top directory"
        )
