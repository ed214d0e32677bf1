# SPDX-License-Identifier: GPL-2.0-only
"""Macros in initialisers: which stand where, and with which arguments."""

from __future__ import annotations

import pytest

from kscan.facts.extract import unit_of
from kscan.facts.spelled import initialised
from kscan.facts.unit import InvocationFact

TABLE = b"static const struct ops t = {\n\t%s\n};\n"


def invocations(source: bytes) -> list[InvocationFact]:
    return list(unit_of(source).invocations)


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        (b"COMMON()", [("COMMON", (), 2)]),
        (b"COMMON", [("COMMON", None, 2)]),
        (b".get = foo_get,\n\tCOMMON(foo, 3)", [("COMMON", ("foo", "3"), 3)]),
        (b"COMMON\n\t.get = foo_get,", [("COMMON", None, 2)]),
        (b"COMMON(foo)\n\t.get = foo_get,", [("COMMON", ("foo",), 2)]),
        (b"ONE\n\tTWO\n\t.get = foo_get,\n\tTHREE",
         [("ONE", None, 2), ("TWO", None, 3), ("THREE", None, 5)]),
        (b"COMMON(\"a, (b\", f(x, y), .get = foo /* so */, { 1, 2 })",
         [("COMMON", ('"a, (b"', "f(x, y)", ".get = foo", "{ 1, 2 }"), 2)]),
        (b"COMMON(, b)", [("COMMON", ("", "b"), 2)]),
        (b".get = foo_get,", []),
        (b"NULL", []),
    ],
)  # fmt: skip
def test_macros_among_the_entries_of_a_table(
    entries: bytes, found: list[tuple[str, tuple[str, ...] | None, int]]
) -> None:
    said = invocations(TABLE % entries)
    assert [(i.macro, i.arguments, i.line) for i in said] == found
    assert {(i.owner, i.variable, i.fields, i.whole) for i in said} <= {
        ("struct ops", "t", (), False)
    }


def test_an_entry_beside_a_macro_without_a_comma_is_one_of_the_table() -> None:
    (slot,) = unit_of(TABLE % b"COMMON\n\t.get = { .a = foo_get },").slots
    assert (slot.variable, slot.fields, slot.values) == ("t", ("get", "a"), ("foo_get",))


def test_macros_below_members_and_in_compound_literals() -> None:
    said = invocations(
        TABLE
        % b".driver = { COMMON },\n\t.in = &(const struct in_ops) {\n\t\tINNER(foo)\n\t\t.a = b },"
    )
    assert [(i.macro, i.fields, i.inner) for i in said] == [
        ("COMMON", ("driver",), ""),
        ("INNER", ("in",), "struct in_ops#0"),
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (TABLE % b".driver = DRIVER(foo),", [(("driver",), "DRIVER")]),
        (TABLE % b".in = &(INNER(foo)),", [(("in",), "INNER")]),
        (b"struct foo a = DRIVER(foo), b[] = DRIVERS;\n", [((), "DRIVER"), ((), "DRIVERS")]),
        (b"struct foo *a = DRIVER;\nint b = NUMBER(1);\n", []),
    ],
)
def test_macros_that_are_all_of_an_initialiser(
    source: bytes, found: list[tuple[tuple[str, ...], str]]
) -> None:
    said = invocations(source)
    assert [(i.fields, i.macro) for i in said] == found
    assert all(i.whole for i in said)


@pytest.mark.parametrize(
    ("source", "macros"),
    [
        (b"struct driver d[] = {\n\tD(a),\n\t{ E(b) },\n\t[3] = F(c),\n};\n", ["D", "E", "F"]),
        (b"static const u16 ids[] = { FIRST_ID, SECOND_ID, ID(3) };\n", []),
        (b"struct quirk q[] = {\n\t{ VENDOR_ID, 0x1234, quirk_one },\n};\n", []),
    ],
)
def test_arrays_of_structs_and_of_numbers(source: bytes, macros: list[str]) -> None:
    assert [i.macro for i in invocations(source)] == macros


@pytest.mark.parametrize(
    ("text", "slots", "macros"),
    [
        ("{\n\t.a = b,\n\tC(d)\n}", [("a",)], ["C"]),
        ("&(const struct in_ops) { .a = b }", [("a",)], []),
        ("{ { .a = b }, { .c = d } }", [("a",), ("c",)], []),
        ("{ }", [], []),
    ],
)
def test_an_initialiser_that_is_spelled_out(
    text: str, slots: list[tuple[str, ...]], macros: list[str]
) -> None:
    known = initialised(text)
    assert known is not None
    assert [s.fields for s in known[0]] == slots
    assert [i.macro for i in known[1]] == macros


@pytest.mark.parametrize("text", ["{ .a = }", "{ 1 } }; int x = { 2", "", "{ .a = b##c }"])
def test_what_is_no_initialiser_says_nothing(text: str) -> None:
    assert initialised(text) is None
