# SPDX-License-Identifier: GPL-2.0-only
"""Which files are a driver's own: where its registration, its table and its callers stand."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass


@dataclass(frozen=True)
class Ownership:
    """A driver's directories, less the files of the core that registers it."""

    directories: frozenset[str]
    core: frozenset[str]

    def __call__(self, path: str) -> bool:
        """`path` belongs to the driver."""
        return path not in self.core and any(
            path.startswith(directory + "/") for directory in self.directories
        )


@dataclass(frozen=True)
class OneFile:
    """One file alone."""

    path: str

    def __call__(self, path: str) -> bool:
        """`path` is that file."""
        return path == self.path


def ownership(paths: list[str], core: frozenset[str]) -> Ownership:
    """The directories of `paths`; files of `core` are not the driver's."""
    return Ownership(frozenset(posixpath.dirname(path) for path in paths), core)
