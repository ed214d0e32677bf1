# SPDX-License-Identifier: GPL-2.0-only
"""Objects that a driver's own macros declare at file scope."""

from __future__ import annotations

import pytest
import trees

from kscan.program.tables import table_entries

OPS = """
#define FOO_OPS(name, which)            \\
    static const struct ops name = {    \\
        .go = which##_go,               \\
        COMMON(which)                   \\
    }
#define COMMON(which) .stop = which##_stop,
"""
DRIVER = """
#include <linux/ops.h>
#include "foo.h"
static int foo_go(int x) { return x; }
static int foo_stop(int x) { return x; }
%s
"""
STRUCT = "struct ops { int (*go)(int x); int (*stop)(int x); };"
BOTH = [("ops.go", "foo_go"), ("ops.stop", "foo_stop")]


def entries(files: dict[str, str]) -> list[tuple[str, str]]:
    """What the table `foo_ops` of the driver holds."""
    made = trees.program({"include/linux/ops.h": STRUCT, **files})
    found = table_entries(made, "drivers/foo/foo.c", "foo_ops", ())
    return [(str(entry.slot), entry.function.name) for entry in found]


@pytest.mark.parametrize(
    "use",
    [
        "FOO_OPS(foo_ops, foo);",
        "static FOO_OPS( foo_ops,\n    foo );",
        "FOO_OPS(foo_ops, foo)",
        "FOO_OPS(foo_ops, foo)\n\nstatic int foo_late(void)\n{\n    return 0;\n}",
        "static FOO_OPS(foo_ops,foo)\n#define FOO_LATE 1",
        "FOO_OPS(foo_ops /* first, (second) */, foo)\nstatic int foo_late;",
    ],
)
def test_a_table_that_a_macro_declares(use: str) -> None:
    driver = DRIVER % use
    for files in (
        {"drivers/foo/foo.c": OPS + driver},
        {"drivers/foo/foo.c": driver, "drivers/foo/foo.h": OPS},
    ):
        assert entries(files) == BOTH


@pytest.mark.parametrize(
    ("macro", "use"),
    [
        # of the kernel's own macros the catalogue says what they declare
        ("", "FOO_OPS(foo_ops, foo);"),
        (OPS, "FOO_OPS(foo_ops);"),
        (OPS.replace("{", "("), "FOO_OPS(foo_ops, foo);"),
        ("#define FOO_OPS(name, which) struct ops name", "FOO_OPS(foo_ops, foo);"),
        (OPS.replace("(name, which)", " name", 1), "FOO_OPS(foo_ops, foo);"),
        # a definition, an object, and a call
        (OPS, "FOO_OPS(foo_ops, foo)\n{\n    return 0;\n}"),
        (OPS, "int FOO_OPS(foo_ops, foo)\nint late;"),
        (OPS, "int foo_late(void)\n{\n    FOO_OPS(foo_ops, foo)\n}"),
    ],
)
def test_what_declares_no_table(macro: str, use: str) -> None:
    files = {"include/linux/ops.h": STRUCT + "\n" + OPS}
    assert entries({**files, "drivers/foo/foo.c": macro + DRIVER % use}) == []


def test_an_object_stands_where_the_macro_does() -> None:
    pair = "#define PAIR(name) int name##_a[] = { 1 }, name##_b[] = { 2 }; int name##_c = 1\n"
    made = trees.program({"a.c": f"{pair}int first;\nPAIR(foo);\n"})
    assert [(one.name, one.line) for one in made.unit("a.c").globals] == [
        ("first", 2), ("foo_a", 3), ("foo_b", 3), ("foo_c", 3),
    ]  # fmt: skip
    assert made.variable("foo_b", "a.c") is not None and made.holds("a.c", "foo_c")
