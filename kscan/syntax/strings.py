# SPDX-License-Identifier: GPL-2.0-only
"""Strings pasted from macros: ``"a" __stringify(b) "c"``, ``KERN_ERR PFX "..."``."""

from __future__ import annotations

import re

from kscan.syntax.annotations import PARENTHESES
from kscan.syntax.draft import Draft, blank

_CALL_AFTER = re.compile(rb'(?<=")\s*+\w++[ \t]*+' + PARENTHESES)
_CALL_BEFORE = re.compile(rb'(?<=[(,=?:])\s*+\w++[ \t]*+' + PARENTHESES + rb'(?=\s*+")')
_WORDS_BEFORE = re.compile(rb'(?<=[(,="])\s*+\w++\s++(?=\w[\w\s]*+")')


def respell_strings(draft: Draft) -> None:
    """Leave literals and at most one macro name between two of them."""
    for pattern in (_CALL_AFTER, _CALL_BEFORE, _WORDS_BEFORE):
        draft.rewrite(pattern, lambda m: blank(m[0]))
