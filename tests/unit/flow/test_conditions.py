# SPDX-License-Identifier: GPL-2.0-only
"""Under which conditions a place runs."""

from __future__ import annotations

import pytest
from text_tree import function_of, program_of

from kscan.flow.cfg import cfg_of
from kscan.flow.conditions import conditions_of, values_at
from kscan.flow.paths import spelled


def conditions_at_act(body: str) -> list[str]:
    """What holds at the call of act(): ``a``, or ``!a``."""
    program = program_of(f"a.c\n    int f(int a, int b, struct foo *p)\n    {{\n{body}\n    }}\n")
    at = program.reader.tree.read("a.c").index(b"act(")
    found = conditions_of(cfg_of(program.body(function_of(program, "f"))), at)
    return [("" if c.holds else "!") + spelled(c.test) for c in found]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("if (a) act();", ["a"]),
        ("if (!a && b) act();", ["!a", "b"]),
        ("if (a || b) act();", []),
        ("if (a || b) return 0; act();", ["!a", "!b"]),
        ("if (p->x == NULL) return 0; act();", ["p->x"]),
        ("if (p->x != NULL) return 0; act();", ["!p->x"]),
        ("if (NULL == p->x) return 0; act();", ["p->x"]),
        ("if (0x0 != p->x) return 0; act();", ["!p->x"]),
        ("if (likely(a)) { if (b) b = 1; act(); }", ["a"]),
        ("return a ?: act();", ["!a"]),
        ("return a ? act() : 0;", ["a"]),
        ("return a ? 0 : act();", ["!a"]),
        ("b = a && act();", ["a"]),
        ("b = !a || act();", ["a"]),
        ("if (a) goto out; act(); out: return 0;", ["!a"]),
        ("while (a) act();", ["a"]),
        ("if (a) b = 1; else b = 2; act();", []),
        ("switch (a) { case 1: act(); }", []),
    ],
)
def test_conditions(body: str, wanted: list[str]) -> None:
    assert conditions_at_act("        " + body) == wanted


def test_a_place_of_another_function_has_none() -> None:
    program = program_of("a.c\n    int f(int a)\n    {\n        return a;\n    }\n")
    assert conditions_of(cfg_of(program.body(function_of(program, "f"))), 9999) == ()


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("if (a == ADDED) act();", {"ADDED"}),
        ("if (a != ADDED) return 0; act();", {"ADDED"}),
        ("if (b && a == ADDED) act();", {"ADDED"}),
        ("if (a == ADDED || a == BOUND) act();", set()),
        ("if (a != ADDED) act();", set()),
        ("if (b == ADDED) act();", set()),
        ("switch (a) { case ADDED: act(); break; case BOUND: b = 1; }", {"ADDED"}),
        ("switch (a) { case ADDED: case BOUND: act(); }", {"ADDED", "BOUND"}),
        ("switch (a) { case ADDED: b = 1; case BOUND: act(); }", {"ADDED", "BOUND"}),
        ("switch (a) { case ADDED: default: act(); }", set()),
        ("switch (a) { case ADDED: break; default: return 0; } act();", {"ADDED"}),
        ("switch (a) { case ADDED: b = 1; } act();", set()),
        ("switch (b) { case ADDED: act(); }", set()),
    ],
)
def test_values(body: str, wanted: set[str]) -> None:
    program = program_of(f"a.c\n    int f(int a, int b)\n    {{\n        {body}\n    }}\n")
    at = program.reader.tree.read("a.c").index(b"act(")
    cfg = cfg_of(program.body(function_of(program, "f")))
    assert values_at(cfg, at, "a") == wanted
    assert values_at(cfg, 9999, "a") == set()
