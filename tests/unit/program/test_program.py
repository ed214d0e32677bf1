# SPDX-License-Identifier: GPL-2.0-only
"""Names, types, tables and calls across files."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trees

from kscan.facts import ir
from kscan.flow.paths import spelled
from kscan.kernel.catalogue import catalogue
from kscan.program.calls import EdgeKind, Slot, call_sites
from kscan.program.graph import Assumed, reach
from kscan.program.headers import Says, names_in
from kscan.program.macros import expanded, with_rest
from kscan.program.program import Program
from kscan.program.tables import Tables, table_entries
from kscan.program.types import Scope

HEADER = """
    struct ops { struct foo *(*get)(struct dev *d); int (*put)(struct foo *f); };
    struct foo { struct ops *ops; struct dev *dev; struct { int x; } in; };
    struct foo *foo_alloc(void);
    #define to_foo(d) container_of(d, struct foo, dev)
    static inline struct foo *foo_get(struct dev *d) { return to_foo(d); }
    #ifdef CONFIG_BAR
    int bar_go(struct foo *f);
    #else
    static inline int bar_go(struct foo *f) { return 0; }
    #endif
"""
FILES = {
    "include/linux/foo.h": HEADER,
    "a.c": """
        #include <linux/foo.h>
        static int helped(struct foo *f) { return bar_go(f); }
        static void each(void (*fn)(struct foo *f), struct foo *f) { fn(f); }
        static void one(struct foo *f) { f->ops->put(f); }
        int start(struct dev *d)
        {
            struct foo *f = foo_get(d);

            each(one, f);
            return helped(foo_alloc());
        }
        static const struct ops first = { .put = first_put };
        static int first_put(struct foo *f) { return 1; }
    """,
    "b.c": "#include <linux/foo.h>\nint bar_go(struct foo *f)\n{\n\treturn f->in.x;\n}\n",
}


def test_a_real_definition_is_preferred_to_its_stub() -> None:
    made = trees.program(FILES)
    assert [f.path for f in made.resolve("bar_go", "a.c")] == ["b.c"]
    assert [f.path for f in made.resolve("foo_get", "a.c")] == ["include/linux/foo.h"]
    assert made.resolve("nobody", "a.c") == ()


def test_an_attribute_is_not_the_name_of_an_inline_function() -> None:
    source = b"""
static inline __alloc_size(1, 2) void *foo_alloc(size_t n, size_t m)
{
}
static __always_inline __attribute__((unused)) int __bar(int a)
{
}
static inline void __baz(int a) __must_hold(lock)
{
}
"""
    assert names_in(source, Says.INLINE) == {"foo_alloc", "__bar", "__baz"}


def test_a_typedef_is_one_of_a_struct_too_and_a_class() -> None:
    source = b"""
typedef int foo_t;
typedef struct baz {
	int a;
} baz_t;
DEFINE_CLASS(held, struct bar *, put(_T), get(), void)
typedef int (*foo_read_t)(void *priv, unsigned int offset,
			void (*done)(void *priv));
typedef void ( * foo_put_t )(struct foo *foo);
struct other {
	int b;
} one, two;
"""
    assert names_in(source, Says.TYPEDEF) == {"foo_t", "baz_t", "held", "foo_read_t", "foo_put_t"}


def test_a_header_is_read_once_for_what_it_includes_and_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inner = {"include/linux/inner.h": "#define INNER 1\n", "b/part.inc": "#define PART 1\n"}
    code = '#include <linux/foo.h>\n#include <linux/inner.h>\n#include "part.inc"\n'
    made = trees.program({**FILES, **inner, "b/c.c": code})
    read: list[str] = []
    really = made.reader.tree.read
    monkeypatch.setattr(made.reader.tree, "read", lambda path: (read.append(path), really(path))[1])
    assert made.headers.saying(Says.MACRO, "INNER", "b/c.c") == ["include/linux/inner.h"]
    assert made.headers.saying(Says.MACRO, "PART", "b/c.c") == ["b/part.inc"]
    assert made.headers.saying(Says.INLINE, "foo_get", "a.c") == ["include/linux/foo.h"]
    assert made.headers.saying(Says.MACRO, "INNER", "a.c") == []
    assert sorted(path for path in read if path.endswith(".h")) == sorted(
        ["include/linux/foo.h", "include/linux/inner.h"]
    )


def test_a_definition_elsewhere_is_told_without_reading_its_file() -> None:
    made = trees.program(FILES)
    assert made.is_elsewhere("bar_go", "a.c", "a.c".__eq__)
    assert not made.is_elsewhere("bar_go", "a.c", "b.c".__eq__)
    assert not made.is_elsewhere("helped", "a.c", "b.c".__eq__)
    assert not made.is_elsewhere("foo_get", "a.c", "b.c".__eq__)
    assert made.result("bar_go", "a.c").base == "int"
    assert made.result("foo_get", "a.c").base == "struct foo"
    assert "b.c" not in made.reader.units
    assert made.result("nobody", "a.c").base == ""


def test_whoever_asks_is_told_what_was_found_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trees.program(FILES)
    assert made.resolve_among("bar_go", "a.c", "a.c".__eq__) == ()
    monkeypatch.setattr(made, "headers", None)
    assert [f.path for f in made.resolve_among("bar_go", "a.c", "b.c".__eq__)] == ["b.c"]
    assert not made.is_elsewhere("bar_go", "a.c", "b.c".__eq__)


def test_types_follow_calls_macros_and_members() -> None:
    made = trees.program(FILES)
    scope = Scope(made, trees.function(made, "start"))
    assert scope.tag_of(ir.Name("f", 0)) == "foo"
    assert scope.tag_of(ir.Call(ir.Name("foo_alloc", 0), (), 0)) == "foo"
    assert scope.tag_of(ir.Call(ir.Name("to_foo", 0), (ir.Name("d", 0),), 0)) == "foo"
    assert scope.tag_of(ir.Member(ir.Name("f", 0), "ops", True, 0)) == "ops"


def test_a_call_of_a_macro_is_expanded_once() -> None:
    made = trees.program(FILES)
    call = ir.Call(ir.Name("to_foo", 0), (ir.Name("d", 7),), 5)
    found = expanded(made, "a.c", call)
    assert isinstance(found, ir.Call)
    assert found.args[0] == ir.Name("d", 7)
    assert expanded(made, "a.c", call) is found
    assert expanded(made, "other.c", call) is None
    assert expanded(made, "a.c", ir.Call(ir.Name("to_foo", 0), (ir.Name("e", 7),), 5)) != found


def meant(
    expand: Callable[[Program, str, ir.Call], ir.Expr | None], macro: str, given: str
) -> str | None:
    """What `expand` makes of the call of a `macro`, its parameters and body, with `given`."""
    made = trees.program({"a.c": f"#define OF{macro}\nvoid start(void) {{ OF({given}); }}"})
    call = made.body(trees.function(made, "start")).calls[0]
    node = expand(made, "a.c", call)
    return spelled(node) if node else None


@pytest.mark.parametrize(
    ("macro", "given", "found"),
    [
        ("(...) f(__VA_ARGS__)", "a, b", "f(a, b)"),
        ("(x, ...) f(x, ##__VA_ARGS__)", "a, b, c", "f(a, b, c)"),
        ("(x, ...) f(x, ##__VA_ARGS__)", "a", "f(a)"),
        ("(x, rest...) f(x, ##rest)", "a, b, c", "f(a, b, c)"),
        ("(x, ...) f(#x, __VA_ARGS__)", "a, b", None),
        ("(x) f(x)", "a", None),
        (" f", "a", None),
    ],
)
def test_a_macro_takes_what_is_left(macro: str, given: str, found: str | None) -> None:
    assert meant(with_rest, macro, given) == found


@pytest.mark.parametrize(
    ("body", "given", "found"),
    [
        ("which##_ops", "foo", "foo_ops"),
        ("the_ ## which ## _ops", "foo", "the_foo_ops"),
        ("which##_ops", "foo[1]", None),
        ("(d)->which", "foo", "d->foo"),
        ("(d)->which.which", "foo", "d->foo.foo"),
        ("(d)->other", "foo", "d->other"),
        ("#which", "foo", None),
    ],
)
def test_a_macro_puts_names_together(body: str, given: str, found: str | None) -> None:
    assert meant(expanded, f"(which) {body}", given) == found


def test_an_inferred_type_is_that_of_the_initialiser() -> None:
    made = trees.program(
        {"a.c": """
            struct ops { int (*put)(void); };
            struct foo { struct ops *ops; };
            int f(struct foo *foo)
            {
                const auto ops = foo->ops;
                __auto_type same = ops;
                typeof(*foo) *other = foo;

                return ops->put() + same->put() + other->ops->put();
            }
        """}
    )  # fmt: skip
    sites = call_sites(made, trees.function(made, "f"))
    assert [site.slot for site in sites] == [Slot("ops", "put")] * 3


def test_an_object_of_a_class_has_the_type_that_a_header_gives_the_class() -> None:
    header = """
        struct ops { int (*put)(void); };
        struct held { struct ops *ops; };
        DEFINE_CLASS(foo_held,
                     struct held,
                     release(&_T),
                     ({ struct held made; made.ops = get(foo); made; }),
                     struct foo *foo)
        DEFINE_CLASS(foo_ops, struct ops *, put(_T), get(foo), struct foo *foo)
    """
    source = """
        #include "held.h"
        int f(struct foo *foo)
        {
            CLASS(foo_held, held)(foo);
            CLASS(foo_ops, ops)(prepared(foo));

            return held.ops->put() + ops->put();
        }
    """
    made = trees.program({"a.c": source, "held.h": header})
    sites = call_sites(made, trees.function(made, "f"))
    assert [site.slot for site in sites if site.slot] == [Slot("ops", "put")] * 2
    assert "prepared" in [site.name for site in sites]


def test_a_function_handed_over_is_an_edge_from_who_hands_it() -> None:
    made = trees.program(FILES)
    found = {(s.kind, s.name) for s in call_sites(made, trees.function(made, "start"))}
    assert (EdgeKind.ARGUMENT, "one") in found
    assert (EdgeKind.DIRECT, "helped") in found
    inner = call_sites(made, trees.function(made, "one"))
    assert [s.slot for s in inner] == [Slot("ops", "put")]
    assert call_sites(made, trees.function(made, "each")) == ()


def test_a_member_inside_a_literal_belongs_to_the_struct_around_it() -> None:
    made = trees.program(
        {"a.c": """
            struct pm { int (*stop)(void); };
            struct in_ops { struct pm pm; int (*go)(void); };
            struct ops { struct { struct in_ops *in; } sub; };
            static int a_stop(void) { return 0; }
            static int a_go(void) { return 0; }
            static const struct ops t = {
                .sub.in = &(struct in_ops) { .pm = { .stop = a_stop }, .go = a_go },
            };
        """}
    )  # fmt: skip
    found = {str(e.slot) for e in table_entries(made, "a.c", "t", ())}
    assert found == {"pm.stop", "in_ops.go"}


def test_reach_takes_the_shortest_way_and_stops_where_told() -> None:
    made = trees.program(FILES)
    found = reach(made, catalogue(), trees.function(made, "start"))
    assert [e.callee.name for e in found.way(found.named("bar_go"))] == ["helped", "bar_go"]
    assert set(found.slots) == {Slot("ops", "put")}


def test_a_function_that_runs_later_is_not_reached() -> None:
    made = trees.program(
        {"a.c": """
            #define arm_timer(t, f) init_timer_key(t, f, 0)
            #define timer_setup(t, f, flags) arm_timer(t, f)
            static void later(void) { }
            static void work(void) { }
            static void now(void) { }
            void init_timer_key(int *t, void (*f)(void), int flags);
            void start(int *t)
            {
                timer_setup(t, later, 0);
                INIT_WORK(t, work);
                for_each_thing(t, now);
            }
        """}
    )  # fmt: skip
    found = reach(made, catalogue(), trees.function(made, "start"))
    assert found.named("now") is not None
    assert found.named("later") is None and found.named("work") is None


def test_an_assumed_edge_is_walked_like_any_other() -> None:
    made = trees.program(FILES)
    extra = (Assumed("helped", Slot("ops", "get")), Assumed("helped", callee="one"))
    found = reach(made, catalogue(), trees.function(made, "helped"), assumed=extra)
    assert set(found.slots) == {Slot("ops", "get"), Slot("ops", "put")}
    assert found.way(found.named("one"))[0].site.kind is EdgeKind.ASSUMED


def test_implementers_are_told_by_struct_and_field() -> None:
    made = trees.program(FILES)
    tables = Tables(made, ("a.c", "b.c"))
    assert [e.function.name for e in tables.implementers(Slot("ops", "put"))] == ["first_put"]
    assert tables.implementers(Slot("other", "put")) == ()
    assert [str(e.slot) for e in table_entries(made, "a.c", "first", ())] == ["ops.put"]
