# SPDX-License-Identifier: GPL-2.0-only
"""The bytes of files that were read lately: several analyses of one range read the same ones."""

from __future__ import annotations

import threading
from collections import OrderedDict

from kscan.source.patched import PatchedTree
from kscan.source.tree import Tree

LIMIT = 16 << 20
"""Bytes kept; what was not read for longest goes first."""


class Contents:
    """Files of several trees of one range; a file that a tree does not change is kept once."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._size = 0
        self._files: OrderedDict[tuple[int, str], tuple[Tree, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, tree: Tree, path: str) -> bytes:
        """The bytes of `path` in `tree`; raises `Unreadable`."""
        while isinstance(tree, PatchedTree) and path not in tree.changes:
            tree = tree.base
        key = (id(tree), path)
        with self._lock:
            known = self._files.get(key)
            if known is not None:
                self._files.move_to_end(key)
                return known[1]
        content = tree.read(path)
        self._take(key, tree, content)
        return content

    def _take(self, key: tuple[int, str], tree: Tree, content: bytes) -> None:
        with self._lock:
            if key in self._files:
                return
            self._files[key] = (tree, content)  # the tree lives as long as its id is a key
            self._size += len(content)
            while self._size > self._limit and len(self._files) > 1:
                _, (_, gone) = self._files.popitem(last=False)
                self._size -= len(gone)
