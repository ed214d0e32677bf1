# SPDX-License-Identifier: GPL-2.0-only
"""Bodies as expressions and statements."""

from __future__ import annotations

import pytest
import trees

from kscan.facts import ir


def body(text: str) -> ir.Body:
    made = trees.program(
        {"a.c": "void f(void)\n{\n" + "".join(f"\t{row}\n" for row in text.split("\n")) + "}\n"}
    )
    return made.body(trees.function(made, "f"))


def test_loops_and_guards_keep_their_macros() -> None:
    loop, guard = body(
        "list_for_each_entry(a, &x->list, node) { b(a); }\nguard(mutex)(&x->lock);"
    ).statements
    assert isinstance(loop, ir.ForEach) and loop.macro == "list_for_each_entry"
    assert len(loop.args) == 3 and len(loop.body) == 1
    assert isinstance(guard, ir.Guarded) and guard.macro == "guard" and len(guard.args) == 2


def test_offsets_are_those_of_the_file() -> None:
    made = trees.program({"a.c": "int x;\nvoid f(void)\n{\n\tgo(x);\n}\n"})
    call = made.body(trees.function(made, "f")).calls[0]
    assert made.reader.position("a.c", call.at) == (4, 2)


def test_a_body_is_walked_outer_expressions_first() -> None:
    made = body("if (a(b)) { c = d; }")
    assert [n.id for n in made.nodes if isinstance(n, ir.Name)] == ["a", "b", "d", "c"]
    assert [type(n) for n in made.nodes][:3] == [ir.Call, ir.Name, ir.Name]
    assert made.nodes is made.nodes
    assert ir.Body(()).nodes == ()


def test_shapes_of_statements() -> None:
    found = body(
        "for (int i = 0; i < 3; i++) if (i) continue; else break;\n"
        "switch (x) { case 1: a(); break; default: b(); }\n"
        "do { c(); } while (y);\ngoto out;\nout:\n\treturn;"
    ).statements
    kinds = [type(s).__name__ for s in found]
    assert kinds == ["While", "Switch", "While", "Goto", "Label", "Return"]
    assert isinstance(found[2], ir.While) and found[2].body_first


@pytest.mark.parametrize(
    ("opening", "closing", "deep", "skips"),
    [
        ("(", ")", 190, 0), ("(", ")", 200, 1),
        ("!", "", 190, 0), ("!", "", 210, 1), ("!", "", 390, 1), ("!", "", 1000, 1),
    ],
)  # fmt: skip
def test_what_is_nested_too_deeply_is_said(
    opening: str, closing: str, deep: int, skips: int
) -> None:
    value = opening * deep + "y" + closing * deep
    code = f"void f(void)\n{{\n\tgo();\n\tx = {value};\n}}\n"
    made = trees.program({"a.c": code})
    for function in made.reader.unit("a.c").functions:
        made.reader.body("a.c", function)
    assert len(made.reader.skipped) == skips
    assert all("nested more than" in why for why in made.reader.skipped.values())


def test_a_postfix_step_binds_tighter_than_a_prefix() -> None:
    (negated, plain, prefix, pointed) = (
        next(n for n in ir.walk(expr) if isinstance(n, ir.Unary))
        for statement in body("a(!x->n++);\nb(y++);\nc(++z);\nd((*p)++);").statements
        for expr in ir.expressions(statement)
    )
    assert isinstance(negated.operand, ir.Unary)
    assert (negated.op, negated.operand.op, negated.operand.postfix) == ("!", "++", True)
    assert (plain.op, plain.postfix, prefix.op, prefix.postfix) == ("++", True, "++", False)
    assert isinstance(pointed.operand, ir.Unary)
    assert (pointed.op, pointed.postfix, pointed.operand.op) == ("++", True, "*")
