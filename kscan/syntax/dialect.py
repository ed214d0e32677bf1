# SPDX-License-Identifier: GPL-2.0-only
"""Kernel C made parseable: a rewrite of the bytes that moves nothing.

The C grammar knows no macros, so an annotation (``__init``), a loop macro or a guard derails
it.  `respell` blanks or respells them with the same length and the same newlines, so every
offset, line and column of the tree is true in the source as well.  Braces that a macro moves
by a byte are the one exception; no name moves.

What no longer stands in the text is kept as a `Mark`, by kind:

========================  ====================================================================
``annotation``            ``__init``, ``__iomem``, ``__free(kfree)``, an attribute
``asm``                   an ``asm`` block with its operands
``branch``, ``dead``      a conditional branch left out; one that ``#if 0`` rules out
``class``                 the arguments of ``DEFINE_CLASS()``, the name and the type first
``loop``, ``guard``       the macro that now reads ``while`` or ``if``; its arguments stay
``definition``            the macro that defines a function; its first argument is the name
``declaration``           the macro that declares; the names in it stay
``invocation``            a macro invocation for whose semicolon there was no room
``toplevel``              one at file scope
``initialiser``           a designated list handed to a macro
``storage``               ``static`` before a macro invocation
``type``, ``typeof``      a macro that makes a type; only its name stays
========================  ====================================================================
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
