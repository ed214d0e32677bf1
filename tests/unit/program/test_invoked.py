# SPDX-License-Identifier: GPL-2.0-only
"""The text a macro stands for, as the preprocessor makes it."""

from __future__ import annotations

import pytest

from kscan.facts.unit import MacroFact
from kscan.program.invoked import text_of


@pytest.mark.parametrize(
    ("params", "body", "arguments", "text"),
    [
        (None, ".a = b", None, ".a = b"),
        (None, "OTHER", ("x", "y"), "OTHER(x, y)"),
        ((), ".a = b", (), ".a = b"),
        ((), ".a = b", None, None),
        ((), ".a = b", ("x",), None),
        (("x",), ".a = x, .b = &x", ("foo",), ".a = foo, .b = &foo"),
        (("x",), ".a = ax, .x = xx", ("foo",), ".a = ax, .foo = xx"),
        (("x",), ".a = x##_get, .b = get_##x##_1", ("foo",), ".a = foo_get, .b = get_foo_1"),
        (("x",), ".a = __ ## x ## _get", ("foo",), ".a = __foo_get"),
        (("x",), '.a = #x, .b = "x ## y"', ("foo",), '.a = "foo", .b = "x ## y"'),
        (("x",), '.a = #x', ('"b"',), '.a = "\\"b\\""'),
        (("x",), ".a = x##_get", (), ".a =_get"),
        (("x", "y"), ".a = x, .b = y", ("y", "x"), ".a = y, .b = x"),
        (("x", "y"), ".a = x", ("foo",), None),
        (("x", "..."), ".a = x, __VA_ARGS__", ("b", ".c = d", ".e = f"), ".a = b, .c = d, .e = f"),
        (("x", "..."), ".a = x, ##__VA_ARGS__", ("b",), ".a = b"),
        (("x", "..."), ".a = x, ##__VA_ARGS__", ("b", ".c = d"), ".a = b, .c = d"),
        (("x", "args"), ".a = x, args", ("b", ".c = d", ".e = f"), ".a = b, .c = d, .e = f"),
        (("x",), ".a = x" * 4000, ("b" * 100,), None),
    ],
)  # fmt: skip
def test_arguments_are_put_in(
    params: tuple[str, ...] | None, body: str, arguments: tuple[str, ...] | None, text: str | None
) -> None:
    assert text_of(MacroFact("M", params, body, 1), arguments) == text
