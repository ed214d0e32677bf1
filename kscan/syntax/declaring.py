# SPDX-License-Identifier: GPL-2.0-only
"""Macros that declare: a bitmap, a flexible array, a group of fields, a per-CPU object, a class.

Each becomes the declaration it stands for (``include/linux/types.h``, ``stddef.h``,
``percpu-defs.h``, ``cleanup.h``), its names in place; so does one whose name only ends like
theirs, as ``__DECLARE_FLEX_ARRAY`` does.  The macro's name is a mark of kind ``declaration``.
A bit-field without a name, which the grammar does not know, becomes blank, and the ``auto`` of
C23 the name of a type; ``at_least`` (``include/linux/compiler_types.h``) tells nothing of a
parameter.
"""

from __future__ import annotations

import re
import string

from kscan.syntax.annotations import PARENTHESES
from kscan.syntax.draft import Draft

_BITMAP = re.compile(rb"DECLARE_BITMAP\s*+(" + PARENTHESES + rb")")
_TYPED = re.compile(
    rb"D(?:EFINE|ECLARE)_(?:(?:EARLY_|INIT_)?PER_CPU\w{0,200}+|FLEX_ARRAY)\s*+("
    + PARENTHESES
    + rb")"
)
_NAMED = re.compile(rb"DECLARE_(?:HASHTABLE|KFIFO(?:_PTR)?+)(\()\w++([^();]*+\))(?=;)")
_BIT_FIELD = re.compile(rb":[ \t]*+\d++[ \t]*+;")
_BIT_TYPE = re.compile(
    rb"\b(?:(?:unsigned|signed|int|long|char|short|(?:__)?(?:[us]|[bl]e)\d+)[ \t]*)+\Z"
)
_GROUP = re.compile(rb"struct_group(?:_attr|_tagged)?+\s*+(" + PARENTHESES + rb"\s*+;?+)")
_MAP_FIELD = re.compile(rb"\b__(?:uint|type|array|ulong)[ \t]*+" + PARENTHESES + rb"[ \t]*+;")
_AUTO = re.compile(rb"\bauto(?=[ \t]++\*?+[A-Za-z_]\w*+[ \t]*+=)")
_AT_LEAST = re.compile(rb"\[(at_least)(?=\s)")
_CLASS = re.compile(rb"^DEFINE_CLASS(" + PARENTHESES + rb");?+", re.MULTILINE)
_OF_CLASS = re.compile(rb"\b(CLASS\()\w++\s*+(,)\s*+\w++\s*+(\))\s*+(\(\s*+\))?+")
_DIMENSION = re.compile(rb"\[[^]\n]*+(?P<whole>\](?=\s++\w))?+")
_BRACKET = re.compile(rb"[(){}\[\],]")
_IN_WORD = frozenset((string.ascii_letters + string.digits + "_").encode())


def commas(arguments: bytes) -> list[int]:
    """Offsets of the commas directly inside the parentheses of `arguments`."""
    depth, found = 0, []
    for m in _BRACKET.finditer(arguments):
        if m[0] in b"([{":
            depth += 1
        elif m[0] in b")]}":
            depth -= 1
        elif depth == 1:
            found.append(m.start())
    return found


def word_begins(text: bytes, end: int) -> int:
    """Offset of the first letter of the word that stands before `end`, or goes on there.

    A pattern that began with any word would be tried at every word of the file.
    """
    while end and text[end - 1] in _IN_WORD:
        end -= 1
    return end


def respell_declaring(draft: Draft) -> None:
    """Spell macros that declare as declarations."""
    text = bytes(draft.text)
    _respell_new_words(draft, text)
    for m in _BITMAP.finditer(text):
        _declare_bitmap(draft, m)
    for m in _TYPED.finditer(text):
        _declare_typed(draft, m)
    for m in _NAMED.finditer(text):
        draft.blank(*m.span(1))
        draft.blank(*m.span(2))
    for m in _BIT_FIELD.finditer(text):
        if kind := _BIT_TYPE.search(text, max(0, m.start() - 30), m.start()):
            draft.blank(kind.start(), m.end())
    _respell_rare(draft, text)


def _respell_rare(draft: Draft, text: bytes) -> None:
    """What few files have, by a word that tells."""
    if b"CLASS" in text:
        _respell_classes(draft, text)
    if b"struct_group" in text:
        for m in _GROUP.finditer(text):
            _ungroup_fields(draft, m)
    if b"__uint" in text:
        for m in _MAP_FIELD.finditer(text):
            draft.blank(*m.span())


def _respell_new_words(draft: Draft, text: bytes) -> None:
    """Words that the grammar does not know."""
    for m in _AT_LEAST.finditer(text):
        draft.blank(*m.span(1))
    for m in _AUTO.finditer(text):
        draft.mark(*m.span(), "type")
        draft.put(m.start(), b"Auto")


def _declare_bitmap(draft: Draft, m: re.Match[bytes]) -> None:
    """``DECLARE_BITMAP(name, bits)`` as ``unsigned long name[ bits]``."""
    at = commas(m[1])
    if len(at) == 1:
        start = word_begins(m.string, m.start())
        draft.mark(start, m.start(1), "declaration")
        draft.blank(start, m.start(1) + 1)
        draft.put(start, b"unsigned long")
        draft.put(m.start(1) + at[0], b"[")
        draft.put(m.end(1) - 1, b"]")


def _declare_typed(draft: Draft, m: re.Match[bytes]) -> None:
    """``DEFINE_PER_CPU(type, name)`` as ``type  name``."""
    at = commas(m[1])
    if len(at) != 1:
        return
    start = word_begins(m.string, m.start())
    draft.mark(start, m.start(1), "declaration")
    draft.blank(start, m.start(1) + 1)
    draft.put(m.start(1) + at[0], b" ")
    draft.put(m.end(1) - 1, b" ")
    for dimension in _DIMENSION.finditer(bytes(draft.text[m.start() : m.end()])):
        if dimension["whole"]:
            draft.blank(m.start() + dimension.start(), m.start() + dimension.end())


def _respell_classes(draft: Draft, text: bytes) -> None:
    """``CLASS(name, object)(arguments);`` as ``name  object;(arguments);``.

    ``DEFINE_CLASS(name, type, …)`` becomes blank: its arguments are a mark of kind ``class``.
    """
    for m in _CLASS.finditer(text):
        draft.mark(*m.span(1), "class")
        draft.blank(*m.span())
    for m in _OF_CLASS.finditer(text):
        draft.mark(m.start(), m.end(1) - 1, "declaration")
        draft.blank(*m.span(1))
        draft.blank(*m.span(2))
        draft.put(m.start(3), b";")
        if m[4]:
            draft.blank(*m.span(4))


def _ungroup_fields(draft: Draft, m: re.Match[bytes]) -> None:
    """``struct_group(name, fields)`` as its fields, which is how code reaches them."""
    start = word_begins(m.string, m.start())
    if prefix := m.string[start : m.start()]:
        number = 3
    else:
        number = 1 if m[0].startswith((b"struct_group(", b"struct_group ")) else 2
    at = commas(m[1])
    if len(at) < number or prefix not in (b"", b"__"):
        return
    draft.mark(start, m.start(1), "declaration")
    draft.blank(start, m.start(1) + at[number - 1] + 1)
    closing = m.start(1) + m[1].rindex(b")")
    draft.blank(closing, m.end(1))
