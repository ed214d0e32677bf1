# SPDX-License-Identifier: GPL-2.0-only
"""Whether two objects are one under another name: a global, a struct tag or a member renamed."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from kscan.change.functions import MOST_FILES, Bodies, tokens
from kscan.change.renames import Renames
from kscan.model import Finding
from kscan.source.tree import C_SUFFIXES, Unreadable

Structs = dict[str, frozenset[str]]
"""Members by struct tag."""


@dataclass
class _State:
    """What the names of one end stand for."""

    bodies: Bodies
    paths: tuple[str, ...]
    """The changed files: a renamed tag or member is declared in one of them."""
    _known: Structs | None = None
    _words: dict[str, frozenset[bytes]] = field(default_factory=dict)

    @property
    def structs(self) -> Structs:
        """The structs that the changed files declare."""
        if self._known is None:
            found: Structs = {}
            for path in self.paths:
                for struct in self.bodies.reader.unit(path).structs:
                    members = frozenset(member.name for member in struct.fields)
                    found[struct.tag] = found.get(struct.tag, frozenset()) | members
            self._known = found
        return self._known

    def spells(self, word: str, path: str) -> bool:
        """The code of `path` has `word`; its comments and strings do not count."""
        if path not in self._words:
            self._words[path] = frozenset(tokens(self._text(path)))
        return word.encode() in self._words[path]

    def _text(self, path: str) -> bytes:
        try:
            return self.bodies.reader.tree.read(path)
        except Unreadable:
            return b""


class Respelled:
    """Answers for the renames of one change."""

    def __init__(self, renames: Renames) -> None:
        changed = renames.changed if len(renames.changed) <= MOST_FILES else ()
        self._old = _State(renames.old, _code(change.old for change in changed))
        self._new = _State(renames.new, _code(change.new for change in changed))

    def fits(self, old: Finding, new: Finding) -> bool:
        """One name of the object ends with the other; or what differs is gone, and now new."""
        if old.subject is None or new.subject is None:
            return False
        ways = old.subject.name, new.subject.name
        was, now = (re.findall(r"\w+", way) for way in ways)
        if not was or not now:
            return False
        if was[-1] == now[-1] and max(ways, key=len).endswith(min(ways, key=len)):
            return True
        if len(was) != len(now):
            was, now = was[-1:], now[-1:]
        steps = [(was[:end], now[:end]) for end in range(1, len(was) + 1)]
        return was != now and all(
            one[-1] == other[-1] or self._is_renamed(one, other, (old, new)) for one, other in steps
        )

    def _is_renamed(self, was: list[str], now: list[str], ends: tuple[Finding, Finding]) -> bool:
        """The last word is gone, and new: among the members of its struct, the tags, the words."""
        before, after = self._old.structs, self._new.structs
        gone, come = was[-1], now[-1]
        if was[:-1] and was[-2] in before and now[-2] in after:
            return _replaces(before[was[-2]], after[now[-2]], gone, come)
        if gone in before and come in after:
            return _replaces(before, after, gone, come)
        old, new = (finding.primary.path for finding in ends)
        is_gone = self._old.spells(gone, old) and not self._new.spells(gone, new)
        return is_gone and not self._old.spells(come, old)


def _replaces(before: Container[str], after: Container[str], was: str, now: str) -> bool:
    return was in before and was not in after and now in after and now not in before


def _code(paths: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(path for path in paths if path is not None and path.endswith(C_SUFFIXES))
