# SPDX-License-Identifier: GPL-2.0-only
"""Execution where something is not written yet."""

from __future__ import annotations

import pytest
import trees

from kscan.execution.execute import Execution, declined
from kscan.execution.values import Value, What
from kscan.execution.world import Happening, World
from kscan.flow.places import Place
from kscan.kernel.catalogue import catalogue

LATE = Place("global", "a.c", "late")
HEAD = """
    struct dev { int id; };
    struct list_head { struct list_head *next, *prev; };
    struct foo { struct dev *dev; int n; struct list_head *all; struct list_head list, node; };
    static struct foo *late;
    static int number;
    void use(struct foo *f);
"""


def run(text: str, late: Place = LATE) -> tuple[set[Happening], bool]:
    """What `f` does while `late` is unwritten, and whether it then refuses."""
    made = trees.program({"a.c": HEAD + text})
    world = World(catalogue().functions, frozenset({late}), lambda path: path == "a.c")
    execution = Execution(made, world)
    f = trees.function(made, "f")
    outcome = execution.run(f, tuple(Value(What.SET) for _ in f.fact.params))
    refused = bool(declined(outcome, f.fact.result.ptr > 0))
    return {event.what for event in execution.events}, refused


CRASH, WRONG = {Happening.CRASH}, {Happening.WRONG}
CRASHES = (CRASH, False)
REFUSES: tuple[set[Happening], bool] = (set(), True)


@pytest.mark.parametrize(
    ("text", "events", "refused"),
    [
        ("int f(void) { return late->n; }", CRASH, False),
        ("int f(void) { if (!late) return -EINVAL; return late->n; }", set(), True),
        ("int f(void) { if (late) return late->n; return 0; }", set(), False),
        ("int f(void) { struct foo *p = late; return p && p->n; }", set(), False),
        ("int f(void) { if (!late || late->n) return 0; return 1; }", set(), False),
        ("struct foo *f(void) { return late ? late : ERR_PTR(-ENODEV); }", set(), True),
        ("struct foo *f(void) { if (!late) goto o; use(late); o: return late; }", set(), True),
        ("int f(void) { int r = -ENODEV; if (!late) goto o; r = 0; o: return r; }", set(), True),
        ("static int g(struct foo *p) { return p->n; } int f(void) { return g(late); }", *CRASHES),
        ("static struct foo *g(void) { return late; } int f(void) { return g()->n; }", *CRASHES),
        ("static int g(void) { return late ? 0 : -EBUSY; } int f(void) { return g(); }", *REFUSES),
        ("int f(void) { late = &x; return late->n; }", set(), False),
        ("int f(void) { while (late) late->n++; return 0; }", set(), False),
        ("void f(void) { kfree(late); }", set(), False),
        ("void f(void) { use(late); }", CRASH, False),
        # lists: a head that is no pointer to one, and one that is not made ready
        ("void f(void) { struct foo *p; list_for_each_entry(p, late->all, node) use(p); }",
         *CRASHES),
        ("void f(void) { struct foo *p; list_for_each_entry(p, &late->list, node) use(p); }",
         *CRASHES),
        ("int f(void) { return list_empty(late->all); }", *CRASHES),
        ("int f(void) { return list_empty(&late->list); }", *CRASHES),
        ("void f(struct foo *p) { if (late) list_for_each_entry(p, late->all, node) use(p); }",
         set(), False),
        # what is stored, the functions called see, and those that call
        ("static void s(void) { late = &x; } int f(void) { s(); return late->n; }", set(), False),
        ("static int g(void) { return late->n; } int f(void) { late = &x; return g(); }",
         set(), False),
        ("static int g(void) { return late->n; } int f(void) { g(); late = &x; return g(); }",
         *CRASHES),
        ("static int s(int a) { if (a) return -EINVAL; late = &x; return 0; }"
         " int f(int a) { if (s(a)) return -EINVAL; return late->n; }", set(), False),
        ("static void s(struct foo *p) { late = p; } int f(void) { s(0); return late->n; }",
         set(), False),
        ("static void g(void) { } int f(void) { g(); return late->n; }", *CRASHES),
        ("void f(void) { dev_err(late->dev, \"x\"); }", CRASH, False),
    ],
)  # fmt: skip
def test_what_is_done_with_null(text: str, events: set[Happening], refused: bool) -> None:
    assert run(text) == (events, refused)


@pytest.mark.parametrize(
    ("text", "events", "refused"),
    [
        ("int f(void) { return number * 4; }", WRONG, False),
        ("int f(void) { if (number < 2) return -ENODEV; return 0; }", WRONG, True),
        ("int f(void) { if (number == 3) return 1; return 0; }", WRONG, False),
        ("int f(void) { switch (number) { case 3: return 1; } return 0; }", WRONG, False),
        ("int f(void) { if (number == 0) return 1; return 0; }", set(), False),
        ("int g(void); int f(void) { return g() == number; }", WRONG, False),
        ("int f(void) { if (number) return 1; return 0; }", set(), False),
    ],
)
def test_what_is_done_with_zero(text: str, events: set[Happening], refused: bool) -> None:
    assert run(text, Place("global", "a.c", "number")) == (events, refused)


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("int f(void) { return several[1]->n; }", CRASH),
        ("int f(int i) { struct foo *p = several[i]; return p->n; }", CRASH),
        ("int f(int i) { if (!several[i]) return 0; return several[i]->n; }", set()),
        ("int f(void) { several[0] = late; return several[1]->n; }", set()),
        ("int f(void) { use(several); return 0; }", set()),
    ],
)
def test_no_element_is_there_before_one_is_written(text: str, events: set[Happening]) -> None:
    made = f"static struct foo *several[4]; {text}"
    assert run(made, Place("global", "a.c", "several"))[0] == events


WALK = "void f(struct foo *g) { struct foo *p; %s }"


@pytest.mark.parametrize(
    ("body", "events"),
    [
        ("list_for_each_entry(p, &g->list, node) p->n = 1;", {Happening.UNREADY}),
        ("p = list_first_entry(&g->list, struct foo, node);", {Happening.UNREADY}),
        ("list_for_each_entry(p, &g->node, list) p->n = 1;", set()),
        ("hlist_for_each_entry(p, &g->list, node) p->n = 1;", set()),
    ],
)
def test_a_list_is_made_ready_before_it_is_walked(body: str, events: set[Happening]) -> None:
    assert run(WALK % body, Place("list", "foo", "list"))[0] == events


def test_a_call_that_lacks_its_arguments_is_worth_something() -> None:
    for name in (
        "READ_ONCE", "WRITE_ONCE", "IS_ERR", "ERR_PTR", "kzalloc", "dev_get_drvdata",
        "list_empty", "list_first_entry", "container_of", "driver_find_device",
        "of_find_device_by_node", "dev_of_node",
    ):  # fmt: skip
        assert run(f"int f(void) {{ {name}(); return late->n; }}") == (CRASH, False)


def test_behind_a_head_that_is_null_nothing_is_met() -> None:
    made = trees.program({"a.c": HEAD + WALK % "list_for_each_entry(p, late->all, node) use(p);"})
    lists = frozenset({LATE, Place("lock", "foo", "n")})
    execution = Execution(made, World(catalogue().functions, lists))
    execution.run(trees.function(made, "f"))
    assert [event.what for event in execution.events] == [Happening.CRASH]


def test_recursion_and_endless_loops_end() -> None:
    assert run("int f(void) { for (;;) f(); }") == (set(), False)
    turns = "static int g(int n); static int g(int n) { return g(n); }"
    assert run(f"{turns} int f(void) {{ return g(1) + late->n; }}")[0] == CRASH


def test_ways_that_part_keep_their_own_values() -> None:
    begun = "int f(void) { struct foo *p = late; int a = any();"
    assert run(f"{begun} if (a) p = &x; else p = &y; return p->n; }}") == (set(), False)
    assert run(f"{begun} if (a) p = &x; else use(0); return p->n; }}") == (CRASH, False)
    assert run(f"{begun} if (a) p = &x; else a = p->n; return a; }}") == (CRASH, False)
    assert run(f"{begun} if (a) a = p->n; else p = &x; return a; }}") == (CRASH, False)
    cases = "switch (a) { case 1: p = &x; break; case 2: a = p->n; }"
    assert run(f"{begun} {cases} return a; }}") == (CRASH, False)
