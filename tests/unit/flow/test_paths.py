# SPDX-License-Identifier: GPL-2.0-only
"""Access paths as a reader writes them."""

from __future__ import annotations

import pytest
from text_tree import function_of, program_of

from kscan.facts import ir
from kscan.flow.paths import is_path, root_of, spelled


def expressions_of(*written: str) -> list[ir.Expr]:
    lines = "\n".join(f"        use({text});" for text in written)
    program = program_of(f"a.c\n    int f(void)\n    {{\n{lines}\n    }}\n")
    body = program.body(function_of(program, "f"))
    uses = (s.value for s in body.statements if isinstance(s, ir.Evaluate))
    return [use.args[0] for use in uses if isinstance(use, ir.Call)]


@pytest.mark.parametrize(
    ("written", "path", "root", "plain"),
    [
        ("foo->lock", "foo->lock", "foo", True),
        ("&foo->a.b", "foo->a.b", "foo", False),
        ("(struct bar *)foo->x[2].y", "foo->x[2].y", "foo", True),
        ("*foo->x[i]", "foo->x[i]", "foo", True),
        ("to_foo(dev)->bar", "to_foo(dev)->bar", "", False),
        ("a + b", "", "", False),
        ("foo->x[i + 1]", "", "foo", True),
        ("f()", "", "", False),
    ],
)
def test_paths_are_spelled(written: str, path: str, root: str, plain: bool) -> None:
    (node,) = expressions_of(written)
    assert (spelled(node), root_of(node), is_path(node)) == (path, root, plain)
