# SPDX-License-Identifier: GPL-2.0-only
"""Answers kept from run to run, beside the facts: typed, and a miss when in doubt.

What is kept is a function of commits, of what was asked and of kscan itself, all of which
stand in the key; so it never goes stale.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from kscan.source.beside import BesideTree
from kscan.source.patched import Blob, Change, PatchedTree
from kscan.source.searched import SearchedTree
from kscan.source.tree import Memory, Tree, blob_id_of

_T = TypeVar("_T")


@dataclass
class Kept:
    """A cache for this run in front of one for all runs."""

    cache: Memory
    _own: dict[str, bytes] = field(default_factory=dict)

    def get_many(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        """The values of those of `keys` that are known."""
        wanted = list(keys)
        own = {key: self._own[key] for key in wanted if key in self._own}
        return {**self.cache.get_many(key for key in wanted if key not in own), **own}

    def put_many(self, values: Mapping[str, bytes]) -> None:
        """Keeps `values`."""
        self._own.update(values)
        self.cache.put_many(values)

    def recall(self, key: str, shape: type[_T]) -> _T | None:
        """The value kept under `key`; None where there is none, or `key` is empty."""
        stored = self.get_many([key]).get(key) if key else None
        if stored is None:
            return None
        try:
            return msgspec.msgpack.decode(zlib.decompress(stored), type=shape)
        except (zlib.error, msgspec.DecodeError):
            return None

    def keep(self, key: str, value: object) -> None:
        """Keeps `value` under `key`; an empty key keeps nothing."""
        if not key:
            return
        try:
            content = msgspec.msgpack.encode(value)
        except UnicodeEncodeError:  # a path that is not UTF-8
            return
        self.put_many({key: zlib.compress(content, 1)})


def key_of(kind: str, trees: Iterable[Tree], *asked: str) -> str:
    """The key for what kscan says of `trees` when `asked`; empty where a tree has no name."""
    names = [identity(tree) for tree in trees]
    if not all(names):
        return ""
    total = hashlib.sha256("\0".join((*names, *asked)).encode("utf-8", "surrogateescape"))
    return f"{kind}:{program_digest()}:{total.hexdigest()[:40]}"


def identity(tree: Tree) -> str:
    """A name that only this state of the source has; empty where none is sure.

    Of a patched tree that of its commit, or of the tree below with the changed blobs; with
    directories beside a tree those of all.
    """
    if isinstance(tree, SearchedTree):
        return tree.state() or ""
    if isinstance(tree, BesideTree):
        names = [identity(tree.base), *map(identity, tree.beside.values())]
        return " ".join((*names, *tree.beside)) if all(names) else ""
    below = identity(tree.base) if isinstance(tree, PatchedTree) else ""
    if not below or not isinstance(tree, PatchedTree):
        return ""
    alone = isinstance(tree.base, SearchedTree)
    return (tree.commit if alone else None) or _digest(below, tree.changes)


def _digest(below: str, changes: Mapping[str, Change]) -> str:
    total = hashlib.sha256(below.encode())
    for path, change in sorted(changes.items()):
        total.update(f"{path}\0{_named(change)}\0".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _named(change: Change) -> str:
    """The id of what a file becomes; empty where it is gone."""
    if isinstance(change, Blob):
        return change.id
    return "" if change is None else blob_id_of(change)


@cache
def program_digest() -> str:
    """SHA-256 over all that kscan is made of: what it says may change with any of it."""
    total = hashlib.sha256()
    package = Path(__file__).resolve().parents[1]
    for root in (package, package.parent / "queries"):
        for path in sorted(p for p in root.rglob("*") if p.suffix in (".py", ".toml", ".scm")):
            total.update(path.read_bytes())
    return total.hexdigest()[:24]
