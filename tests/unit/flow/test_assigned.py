# SPDX-License-Identifier: GPL-2.0-only
"""What a function sets its variables and members to."""

from __future__ import annotations

from text_tree import function_of, program_of

from kscan.flow.assigned import assigned_in
from kscan.flow.paths import spelled


def test_the_last_value_before_a_place_counts_and_zeros_do_not() -> None:
    program = program_of("""
        a.c
            int f(struct foo *foo)
            {
                struct bar *bar = NULL, *other = foo->first;
                bar = foo->second;
                foo->third = bar;
                use(bar);
                bar = foo->fourth;
                bar = NULL;
                return 0;
            }
        """)
    function = function_of(program, "f")
    values = assigned_in(program, function)
    source = program.reader.tree.read("a.c")
    use = source.index(b"use(")
    known = values.before("bar", use)
    assert known is not None
    assert spelled(known.value) == "foo->second"
    last = values.before("bar", function.fact.end)
    assert last is not None and spelled(last.value) == "foo->fourth"
    third = values.before("foo->third", function.fact.end)
    assert third is not None and spelled(third.value) == "bar"
    assert values.before("other", source.index(b"struct bar")) is None
    assert values.before("unknown", use) is None


def test_a_variable_is_not_set_by_what_is_stored_where_it_points() -> None:
    program = program_of("""
        a.c
            void f(int *p)
            {
                int *q = p;
                *q = 1;
                q = NULL;
            }
        """)
    values = assigned_in(program, function_of(program, "f")).values("q")
    assert [*map(spelled, values)] == ["p", ""]
