# SPDX-License-Identifier: GPL-2.0-only
"""Which defconfigs build a file: ``arch/*/configs/*defconfig`` of arm64, arm, riscv and x86.

A defconfig is what ``make savedefconfig`` leaves: symbols at their default, and symbols that
another one selects, are not in it.  So a file listed here is built for sure, and one that is
not listed may be built all the same.
"""

from __future__ import annotations

import re

from kscan.hits.kbuild import Build
from kscan.source.tree import Tree, Unreadable

ARCHITECTURES = ("arm64", "arm", "riscv", "x86")

_SET = re.compile(rb"^(CONFIG_\w+)=[ym][ \t\r]*$", re.MULTILINE)
_UNSET = re.compile(rb"^# (CONFIG_\w+) is not set[ \t\r]*$", re.MULTILINE)


class Defconfigs:
    """The defconfigs of one tree, read when first asked about."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._read: dict[str, tuple[frozenset[str], frozenset[str]]] | None = None

    def that_build(self, ways: tuple[Build, ...]) -> tuple[str, ...]:
        """Paths of the defconfigs that set what one of `ways` needs, sorted.

        The symbol that decides must be ``y`` or ``m``; of the others none may be unset by name.
        A way that no symbol decides is built by all of them and tells nothing: no path.
        """
        return tuple(
            path
            for path, (on, off) in sorted(self._symbols().items())
            if any(
                way.gate in on
                and not off.intersection((*way.own, *way.around))
                and _same_architecture(path, way.target)
                for way in ways
            )
        )

    def _symbols(self) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
        if self._read is None:
            self._read = {}
            for architecture in ARCHITECTURES:
                for path in self._tree.listing(f"arch/{architecture}/configs"):
                    if path.endswith("defconfig"):
                        self._read[path] = _switched(self._tree, path)
        return self._read


def _same_architecture(defconfig: str, target: str) -> bool:
    """`target` is generic code, or code of the architecture of `defconfig`."""
    parts = target.split("/")
    return parts[0] != "arch" or parts[1:2] == defconfig.split("/")[1:2]


def _switched(tree: Tree, path: str) -> tuple[frozenset[str], frozenset[str]]:
    """The symbols `path` sets to y or m, and those it unsets."""
    try:
        text = tree.read(path)
    except Unreadable:
        return frozenset(), frozenset()
    return _names(_SET, text), _names(_UNSET, text)


def _names(pattern: re.Pattern[bytes], text: bytes) -> frozenset[str]:
    return frozenset(name.decode() for name in pattern.findall(text))
