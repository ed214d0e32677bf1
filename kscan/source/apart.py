# SPDX-License-Identifier: GPL-2.0-only
"""Work on a tree that another process does, and that leaves the tree as if this one had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from kscan.source.tree import Tree, Unreadable
from kscan.workers import aside

_T = TypeVar("_T")


@contextmanager
def apart(tree: Tree, work: Callable[[], _T]) -> Iterator[Callable[[], _T | None]]:
    """Has a forked process do `work`, which reads `tree`; what it yields waits for the result.

    What that process could not read `tree` then counts as a skip here.  The result is pickled,
    and None where the process was ended from outside.
    """

    def done() -> tuple[_T, list[str]]:
        return work(), [skip.path for skip in tree.skips]

    with aside(done) as result:

        def taken() -> _T | None:
            found = result()
            if found is None:
                return None
            for path in found[1]:
                with suppress(Unreadable):
                    tree.read(path)
            return found[0]

        yield taken
