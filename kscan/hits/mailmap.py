# SPDX-License-Identifier: GPL-2.0-only
"""People and their addresses: ``Name <address>`` as MAINTAINERS writes it, and ``.mailmap``.

Rests on gitmailmap(5) and on how ``scripts/get_maintainer.pl`` reads both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from kscan.source.tree import Tree, Unreadable

_NAMED = re.compile(r"^([^<]*+)<(?=[^<>\s]+@)([^<>\s]++)>")
_BARE = re.compile(r"^\s*([^\s<>]+@[^\s<>]+)")
_SEVERAL = re.compile(
    r',\s*+(?="[^"]*+"\s*+<?[^\s<>,]+@'
    r'|[^"<>,@]*+(?:<[^\s<>,]+@|(?<=[^\s<>,])@|["@][^\s<>,]*@))'
)
"""A comma before another mailbox: after what may be its name stands ``<x@``, ``x@`` or ``"x@``."""

_ENTRY = re.compile(r"^([^<]*+)<([^>]++)>(?:\s*+([^<]*+)<([^>]++)>)?$")
_LONGEST = 4 << 20


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A person, or a list where the name is empty."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Mailmap:
    """Who is known by which name and address today."""

    by_address: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Present name and address by former address; either is empty where it did not change."""
    by_person: dict[Mailbox, tuple[str, str]] = field(default_factory=dict)

    def current(self, person: Mailbox) -> Mailbox:
        """`person` under the present name and address."""
        known = self.by_person.get(person) or self.by_address.get(person.address)
        if known is None:
            return person
        name, address = known
        return Mailbox(name or person.name, address or person.address)


def mailboxes(value: str) -> tuple[Mailbox, ...]:
    """The mailboxes in `value`: one as a rule, several where commas part them."""
    parts = _SEVERAL.split(value) if value.count("@") > 1 else [value]
    return tuple(box for part in parts if (box := _mailbox(part)) is not None)


def _mailbox(text: str) -> Mailbox | None:
    if named := _NAMED.match(text):
        return Mailbox(_plain(named[1]), named[2])
    bare = _BARE.match(text)
    return Mailbox("", bare[1]) if bare else None


def _plain(name: str) -> str:
    return name.strip().strip('"').strip()


def of(tree: Tree) -> Mailmap:
    """The ``.mailmap`` of `tree`; an empty one where there is none."""
    try:
        text = tree.read(".mailmap") if tree.exists(".mailmap") else b""
    except Unreadable:
        text = b""
    return parsed(text[:_LONGEST])


@lru_cache(maxsize=4)
def parsed(text: bytes) -> Mailmap:
    """The entries of a mailmap; lines of another form are left out."""
    mailmap = Mailmap()
    for line in text.decode("utf-8", "replace").split("\n"):
        entry = _ENTRY.match(line.partition("#")[0].strip())
        if entry is None:
            continue
        name, address, former_name, former = entry.groups()
        present = _plain(name), "" if former is None else address.strip()
        if former is None:
            _extend(mailmap.by_address, address.strip(), present)
        elif former_name.strip():
            mailmap.by_person[Mailbox(_plain(former_name), former.strip())] = present
        else:
            _extend(mailmap.by_address, former.strip(), present)
    return mailmap


def _extend(known: dict[str, tuple[str, str]], former: str, present: tuple[str, str]) -> None:
    """A later line for the same address adds what it says and keeps the rest."""
    name, address = known.get(former, ("", ""))
    known[former] = (present[0] or name, present[1] or address)
