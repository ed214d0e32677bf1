# SPDX-License-Identifier: GPL-2.0-only
"""Kernel C made parseable: a rewrite of the bytes that moves nothing.

The C grammar knows no macros, so an annotation (``__init``), a loop macro or a guard derails
it.  `respell` blanks or respells them with the same length and the same newlines, so every
offset, line and column of the tree is true in the source as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from kscan.syntax.annotations import blank_annotations, blank_assembly
from kscan.syntax.arguments import respell_arguments
from kscan.syntax.conditionals import resolve
from kscan.syntax.declaring import respell_declaring
from kscan.syntax.draft import Draft, Mark
from kscan.syntax.filescope import respell_file_scope
from kscan.syntax.initialisers import respell_initialisers
from kscan.syntax.macros import respell_invocations
from kscan.syntax.strings import respell_strings

__all__ = ["Mark", "Respelled", "respell"]


@dataclass(frozen=True, slots=True)
class Respelled:
    """Text for the parser, and what it no longer says."""

    text: bytes
    """Same length and same newlines as the source; comments are blank."""
    marks: tuple[Mark, ...]
    """By offset."""


def respell(source: bytes) -> Respelled:
    """`source` as plain C of the same length, with the same newlines; any bytes will do."""
    draft = Draft(source)
    resolve(draft)
    blank_assembly(draft)
    blank_annotations(draft)
    respell_initialisers(draft)
    respell_strings(draft)
    respell_declaring(draft)
    respell_arguments(draft)
    respell_file_scope(draft)
    respell_invocations(draft)
    marks = sorted(draft.marks, key=lambda mark: (mark.offset, -mark.length))
    return Respelled(draft.finished(), tuple(marks))
