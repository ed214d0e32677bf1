# SPDX-License-Identifier: GPL-2.0-only
"""Directories in which Makefiles of drivers kept out of the tree have headers looked for.

``ccflags-y += -I$(src)/inc`` (Documentation/kbuild/makefiles.rst, section 3.7) counts for the
files beside the Makefile, and is taken to count for those further down.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from kscan.source.tree import EXTERNAL, Tree, Unreadable

_NAMES = ("Kbuild", "Makefile")
_COMMENT = re.compile(r"(?<!\\)#[^\n]*")
_FLAG = re.compile(r"(?<!\S)-I[ \t]*([^\s#]+)")
_HERE = re.compile(r"(?:\$[({]srctree[)}]/)?\$[({](?:src|obj)[)}]")
_TOP = re.compile(r"\$[({](?:M|KBUILD_EXTMOD)[)}]")
_TREE = re.compile(r"\$[({]srctree[)}]/")


def directories(tree: Tree, directory: str) -> tuple[str, ...]:
    """What the Makefiles in `directory` and above it, up to the driver's top, name with ``-I``."""
    if not directory.startswith(f"{EXTERNAL}/"):
        return ()
    top = "/".join(directory.split("/")[:2])
    found: dict[str, None] = {}
    here = directory
    while len(here) >= len(top):
        found.update(dict.fromkeys(_named(tree, here, top)))
        here = posixpath.dirname(here)
    return tuple(found)


def _named(tree: Tree, here: str, top: str) -> Iterator[str]:
    """The directories that the Makefile in `here` names."""
    for makefile in (f"{here}/{name}" for name in _NAMES):
        for flag in _FLAG.findall(_text(tree, makefile)):
            place = _TREE.sub("", _TOP.sub(top, _HERE.sub(here, flag)))
            if "$" not in place and not place.startswith("/"):
                yield posixpath.normpath(place)


def _text(tree: Tree, makefile: str) -> str:
    try:
        text = tree.read(makefile) if tree.exists(makefile) else b""
    except Unreadable:
        text = b""
    return _COMMENT.sub("", text.decode("utf-8", "replace"))
