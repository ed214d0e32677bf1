# SPDX-License-Identifier: GPL-2.0-only
"""Strings pasted from macros: ``"a" __stringify(b) "c"``, ``KERN_ERR PFX "..."``."""

from __future__ import annotations

import re

from kscan.syntax.annotations import PARENTHESES
from kscan.syntax.draft import Draft

_CALL_AFTER = re.compile(rb'"\s*+(\w++[ \t]*+' + PARENTHESES + rb")")
_CALL_BEFORE = re.compile(rb'\)\s*+"')
_WORDS = re.compile(rb'[(,="]\s*+([A-Z_]\w*+\s++)(?=[A-Z_]\w*+\s*+(?:[A-Z_]\w*+\s*+)*+["),])')
_LEVEL = re.compile(rb'\(\s*+(KERN_[A-Z]++\s++)(?=[A-Za-z_]\w*+\s*+["(,)])')
_CALLEE = re.compile(rb"(?:[(,=?:\"]|\breturn)\s*(\w+[ \t]*)\Z")


def respell_strings(draft: Draft) -> None:
    """Leave literals and at most one macro name between two of them."""
    for m in _CALL_AFTER.finditer(bytes(draft.text)):
        draft.blank(*m.span(1))
    text = bytes(draft.text)
    for m in _CALL_BEFORE.finditer(text):
        opening = draft.opening_before(m.start())
        if callee := _CALLEE.search(text, max(0, opening - 80), max(0, opening)):
            draft.blank(callee.start(1), m.start() + 1)
    for pattern in (_WORDS, _LEVEL):
        for m in pattern.finditer(bytes(draft.text)):
            draft.blank(*m.span(1))
