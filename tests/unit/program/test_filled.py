# SPDX-License-Identifier: GPL-2.0-only
"""Tables that macros fill: entries, where they stand, and what stays unknown."""

from __future__ import annotations

import pytest
import trees

from kscan.program.filled import filled, filling, holding, slot_facts
from kscan.program.program import Program
from kscan.program.tables import table_entries, unread_macros

HEADER = """
    struct in_ops { int (*attach)(void); int (*detach)(void); };
    struct driver { int (*start)(void); };
    struct ops {
        int (*get)(void); int (*put)(void); int (*set)(void);
        struct in_ops *in; struct driver driver;
    };
    #define HEADER_OPS .get = foo_get
    #define PASTED(one, two) one##_##two
    #define NESTED(prefix) HEADER_OPS, .put = PASTED(prefix, put)
    #define CONFIGURED(x) ((x) ? : NULL)
    """
FUNCTIONS = """
    static int foo_get(void) { return 0; }
    static int foo_put(void) { return 0; }
    static int foo_set(void) { return 0; }
    static int foo_attach(void) { return 0; }
    """


def program(text: str) -> Program:
    source = f"#include <linux/ops.h>\n{trees.textwrap.dedent(FUNCTIONS)}"
    return trees.program(
        {"include/linux/ops.h": HEADER, "a.c": source + trees.textwrap.dedent(text)}
    )


def entries(made: Program, table: str = "t") -> dict[str, str]:
    return {str(e.slot): e.function.name for e in table_entries(made, "a.c", table, ("in",))}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("const struct ops t = { HEADER_OPS };", {"ops.get": "foo_get"}),
        ("const struct ops t = { NESTED(foo) };", {"ops.get": "foo_get", "ops.put": "foo_put"}),
        (
            "#define OWN() \\\n\t.get = foo_get, \\\n\t.put = foo_put\n"
            "const struct ops t = {\n\tOWN()\n\t.set = foo_set,\n};",
            {"ops.get": "foo_get", "ops.put": "foo_put", "ops.set": "foo_set"},
        ),
        (
            "#define OWN(f, ...) .get = f##_get, ##__VA_ARGS__\n"
            "const struct ops t = { OWN(foo, .put = foo_put) };",
            {"ops.get": "foo_get", "ops.put": "foo_put"},
        ),
        (
            "#define SLOT(which, f) .which = f##_##which\n"
            "const struct ops t = { SLOT(put, foo), SLOT(set, foo) };",
            {"ops.put": "foo_put", "ops.set": "foo_set"},
        ),
        (
            "#define OWN .in = &(const struct in_ops) { .attach = foo_attach }\n"
            "const struct ops t = { .get = foo_get, OWN };",
            {"ops.get": "foo_get", "in_ops.attach": "foo_attach"},
        ),
        (
            "#define IN(f) &(const struct in_ops) { .attach = f##_attach }\n"
            "const struct ops t = { .in = IN(foo) };",
            {"in_ops.attach": "foo_attach"},
        ),
        (
            "#define ATTACH .attach = foo_attach,\n"
            "const struct ops t = { .in = &(const struct in_ops) { ATTACH } };",
            {"in_ops.attach": "foo_attach"},
        ),
        (
            "#define DRIVER(f) { .start = f }\nconst struct ops t = { .driver = DRIVER(foo_get) };",
            {"driver.start": "foo_get"},
        ),
        (
            "#define START(f) .start = f\nconst struct ops t = { .driver = { START(foo_get) } };",
            {"driver.start": "foo_get"},
        ),
        (
            "#define DRIVER(f) { \\\n\t.start = f, \\\n}\n"
            "#define OWN(f) \\\n.driver = DRIVER(f), \\\n.get = f\n"
            "const struct ops t = { OWN(foo_get) };",
            {"driver.start": "foo_get", "ops.get": "foo_get"},
        ),
        (
            "#define ONE(f) { \\\n\t.put = f, \\\n}\n"
            "const struct ops t[] = {\n\tONE(foo_put),\n\tONE(foo_put),\n};",
            {"ops.put": "foo_put"},
        ),
        ("#define GET foo_get\nconst struct ops t = { .get = GET };", {"ops.get": "foo_get"}),
        ("#define GET foo_get\n#define OWN .get = GET\nconst struct ops t = { OWN };",
         {"ops.get": "foo_get"}),
        ("#define foo_get foo_get\nconst struct ops t = { .get = foo_get };",
         {"ops.get": "foo_get"}),
        ("const struct ops t = { .get = CONFIGURED(foo_get) };", {"ops.get": "foo_get"}),
        ("#define INIT(f) { .get = f }\nconst struct ops t = INIT(foo_get);",
         {"ops.get": "foo_get"}),
        ("#define INIT { .get = foo_get }\nconst struct ops t = INIT;", {"ops.get": "foo_get"}),
        (
            "#define ONE(f) { .get = f }\n"
            "const struct ops t[] = { ONE(foo_get), [3] = { .put = foo_put, } };",
            {"ops.get": "foo_get", "ops.put": "foo_put"},
        ),
        (
            "#define ONE(f) { .put = f }\nconst struct ops t[] = { [3] = ONE(foo_put) };",
            {"ops.put": "foo_put"},
        ),
        ("#define EMPTY()\nconst struct ops t = { EMPTY() };", {}),
        ("const struct ops t = { UNKNOWN() };", {}),
        ("#define LOOP LOOP, .get = foo_get\nconst struct ops t = { LOOP };",
         {"ops.get": "foo_get"}),
    ],
)  # fmt: skip
def test_what_a_macro_puts_into_a_table(text: str, found: dict[str, str]) -> None:
    assert entries(program(text)) == found


@pytest.mark.parametrize(("include", "found"), [('"d.h"', ["d_get"]), ("<linux/d.h>", [])])
def test_a_macro_that_is_a_value_is_the_drivers_own(include: str, found: list[str]) -> None:
    made = trees.program(
        {
            "d/d.h": "#define GET d_get\n",
            "include/linux/d.h": "#define GET d_get\n",
            "d/d.c": f"""
                #include {include}
                struct ops {{ int (*get)(void); }};
                static int d_get(void) {{ return 0; }}
                const struct ops t = {{ .get = GET }};
                """,
        }
    )
    assert [e.function.name for e in table_entries(made, "d/d.c", "t", ())] == found


def test_an_entry_stands_where_its_macro_does() -> None:
    made = program("const struct ops t = {\n\t.set = foo_set,\n\tNESTED(foo)\n};")
    assert [(e.function.name, e.line) for e in table_entries(made, "a.c", "t", ())] == [
        ("foo_set", 8), ("foo_get", 9), ("foo_put", 9),
    ]  # fmt: skip


def test_a_table_below_one_that_a_macro_fills_is_followed() -> None:
    made = program(
        "const struct in_ops below = { .attach = foo_attach };\n"
        "#define OWN .in = &below\nconst struct ops t = { OWN };"
    )
    assert entries(made) == {"in_ops.attach": "foo_attach"}


def test_a_value_is_what_the_macro_says_not_its_last_argument() -> None:
    made = program(
        "int put(void) { return 0; }\n"
        "const struct ops t = { .put = PASTED(foo, put), .set = strange(foo_set) };"
    )
    found = {fact.fields[-1]: fact.values for fact in slot_facts(made, "a.c")}
    assert found == {"put": ("foo_put",), "set": ("foo_set",)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("const struct ops t = { UNKNOWN() };", ("UNKNOWN",)),
        ("const struct ops t = { .get = foo_get, UNKNOWN };", ("UNKNOWN",)),
        ("const struct ops t = UNKNOWN(foo);", ("UNKNOWN",)),
        ("#define OWN UNKNOWN(foo)\nconst struct ops t = { OWN };", ("UNKNOWN",)),
        ("#define OWN .get = foo_get }\nconst struct ops t = { OWN };", ("OWN",)),
        ("#define OWN(a, b) .get = a\nconst struct ops t = { OWN(foo_get) };", ("OWN",)),
        ("const struct ops t = { foo_get, foo_put };", ()),  # by their positions
        ("const struct ops t = { .get = unknown(foo_get) };", ()),
        ("const struct ops t = { HEADER_OPS };", ()),
    ],
)
def test_a_macro_that_may_fill_nobody_knows_what(text: str, names: tuple[str, ...]) -> None:
    assert unread_macros(program(text), "a.c", "t") == names


def test_macros_within_macros_without_end_are_not_followed() -> None:
    chain = [f"#define M{n} M{n + 1}\n" for n in range(100)]
    made = program("".join(chain) + "#define M100 .get = foo_get\nconst struct ops t = { M0 };")
    assert unread_macros(made, "a.c", "t") == ("M32",)


def test_macros_that_multiply_come_to_an_end() -> None:
    doubled = [f"#define M{n} M{n + 1}, M{n + 1}\n" for n in range(30)]
    made = program("".join(doubled) + "#define M30 .get = foo_get\nconst struct ops t = { M0 };")
    assert filled(made, "a.c").unread


@pytest.mark.parametrize(
    "text",
    [
        "const struct ops t = { .get = foo_get, HEADER_OPS };",
        "const struct ops t = { NESTED(foo) };",
        "#define OWN() .set = foo_set, HEADER_OPS\nconst struct ops t = { OWN() };",
        "#define GET .get = foo_get\n#define OWN(x) x, .set = foo_set\n"
        "const struct ops t = { OWN(GET) };",
        "#define VALUE foo_get\nconst struct ops t = { .get = VALUE, .put = foo_put };",
        "const struct ops t = { .get = CONFIGURED(foo_get), .set = foo_set };",
        "#define OWN(x) .in = &(const struct in_ops) { .attach = x }\n"
        "const struct ops t = { OWN(CONFIGURED(foo_attach)) };",
    ],
)
def test_what_one_word_is_asked_for_is_what_all_entries_have_of_it(text: str) -> None:
    every = slot_facts(program(text), "a.c")
    for word in ("get", "put", "set", "attach", "foo_get", "foo_put", "foo_set", "foo_attach"):
        asked = program(text)
        assert holding(asked, "a.c", word) == [f for f in every if word in f.values]
        assert filling(asked, "a.c", word) == [f for f in every if f.fields[-1:] == (word,)]


def test_macros_are_read_only_where_one_may_bring_the_word() -> None:
    made = program(
        "#define CLOCK(x) .set = x\n#define OWN CLOCK(foo_set)\n"
        "const struct ops t = { .get = foo_get, OWN };"
    )
    assert [f.fields for f in holding(made, "a.c", "foo_get")] == [("get",)]
    assert filling(made, "a.c", "put") == []
    assert "a.c" not in made.filled
    assert [f.fields for f in holding(made, "a.c", "foo_set")] == [("set",)]
    assert "a.c" in made.filled


def test_a_word_that_macros_put_together_may_be_any() -> None:
    made = program("const struct ops t = { NESTED(foo) };")
    assert [f.fields for f in holding(made, "a.c", "foo_put")] == [("put",)]
