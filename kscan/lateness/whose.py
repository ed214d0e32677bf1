# SPDX-License-Identifier: GPL-2.0-only
"""Whose members late places are, those of others not being late, and what they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kscan.facts import ir
from kscan.flow.embedded import Holders
from kscan.flow.places import Place, place_of
from kscan.kernel.functions import Functions
from kscan.lateness.late import Late
from kscan.lateness.probing import is_of_device
from kscan.program.program import Program
from kscan.program.types import scope_of
from kscan.window.scope import Ownership


@dataclass(frozen=True)
class Whose:
    """The objects that late places are members of."""

    of_instance: frozenset[Place] = frozenset()
    """They are members of the instance's device."""
    embedded: Mapping[Place, frozenset[Holders]] = field(default_factory=dict)
    """Of objects that lie in these members."""


ANYONES = Whose()
_LIST_HEAD = "list_head"


def whose(program: Program, belongs: Ownership, late: Late) -> Whose:
    """Whose member the place of `late` is."""
    apart = is_of_device(program, late.write, belongs)
    of_instance = frozenset({late.place} if apart else ())
    return Whose(of_instance, {late.place: late.embedded} if late.embedded else {})


def counting(program: Program, functions: Functions, late: Late) -> frozenset[Place]:
    """What tells how many elements of `late` there are: ``foo->ports[foo->nr++] = port``."""
    scope = scope_of(program, late.write.function)
    counted = (i.operand for i in late.write.indices if isinstance(i, ir.Unary) and i.op == "++")
    places = (place_of(scope, functions, operand) for operand in counted)
    return frozenset(place for place in places if place is not None)


def leads_to_others(program: Program, late: Late) -> bool:
    """Until it is written, nothing is met on a list: it joins one, or points at its head."""
    if late.place.kind == "membership":
        return True
    target = late.write.target
    if target is None or late.place.kind not in ("field", "global"):
        return False
    kind = scope_of(program, late.write.function).type_of(target)
    return kind.ptr == 1 and kind.tag == _LIST_HEAD
