# SPDX-License-Identifier: GPL-2.0-only
"""The base of a range beside its later states: what the range does to functions, and their names.

A function of the catalogue that has a new name in a later state is read there as if the
catalogue called it so.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from kscan.change.commits import differing
from kscan.change.fates import Fates, fates
from kscan.change.functions import MOST_FILES, Alterations, Bodies, c_files
from kscan.change.renames import Renames
from kscan.facts.reader import Reader
from kscan.source.compare import ChangedPath
from kscan.source.tree import Memory, Tree


@dataclass
class Ends:
    """Both ends of a range, and the steps in between."""

    base: Tree
    head: Tree
    changed: Sequence[ChangedPath]
    """The files that the range changes."""
    names: frozenset[str]
    """The functions that the catalogue rests on."""
    kept: Memory
    foremost: Callable[[], Container[str]]
    """Files of the head that are compared first where there are too many."""
    _last_step: Fates | None = None

    @property
    def is_large(self) -> bool:
        """Not all functions are compared, and nothing is known of new names."""
        return len(c_files(self.changed)) > MOST_FILES

    @cached_property
    def alterations(self) -> Alterations:
        """The functions that the range alters."""
        return self._altered(self.head, self.changed, self.foremost() if self.is_large else ())

    def _altered(
        self, tree: Tree, changed: Sequence[ChangedPath], foremost: Container[str] = ()
    ) -> Alterations:
        return Alterations(self._bodies, Bodies(Reader(tree, self.kept)), changed, foremost)

    @cached_property
    def _bodies(self) -> Bodies:
        """The functions of the base, which every step is compared with."""
        return Bodies(Reader(self.base, self.kept))

    @cached_property
    def renames(self) -> Renames:
        """What the range renames."""
        return self._whole.renames

    @property
    def removed(self) -> Mapping[str, str]:
        """Functions of the catalogue that the head lacks, and the file each stood in."""
        return self._whole.removed

    @property
    def told(self) -> tuple[str, ...]:
        """What a report says of new names in the head."""
        return self._whole.told

    def spelled(self, tree: Tree) -> Mapping[str, str]:
        """New names that functions of the catalogue have in `tree`, the head or a step."""
        if tree is self.base or self.is_large:
            return {}
        return self._fates(tree).spelled

    def earlier(self, tree: Tree) -> Mapping[str, str]:
        """What functions with such a name in `tree` are called in the base."""
        return {now: name for name, now in self.spelled(tree).items()}

    def _fates(self, tree: Tree) -> Fates:
        """What became of the functions of the catalogue between the base and `tree`."""
        if tree is self.head:
            return self._whole
        if self._last_step is None or self._last_step.head.reader.tree is not tree:
            step = self._altered(tree, differing(self.base, tree))
            self._last_step = fates(step, self.names)
        return self._last_step

    @cached_property
    def _whole(self) -> Fates:
        return fates(self.alterations, self.names)
