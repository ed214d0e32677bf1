# SPDX-License-Identifier: GPL-2.0-only
"""What a function writes through what it calls, and whose object that is."""

from __future__ import annotations

from itertools import permutations

import pytest
import trees

from kscan.flow.depth import DEPTH
from kscan.flow.paths import root_name
from kscan.flow.writes import Writes
from kscan.kernel.catalogue import catalogue

HEAD = """
    struct device { int x; };
    struct foo { struct device *dev; };
    static struct { struct device *dev; } params;
    static struct foo shared;
    static struct foo *pointed;
"""


def written(text: str) -> list[tuple[str, str]]:
    """Member and object of each write that `f` makes; the object empty where it is not known."""
    made = trees.program({"a.c": HEAD + text})
    writes = Writes(made, catalogue(), lambda _path: True)
    return [(w.place.name, root_name(w.base)) for w in writes.of(trees.function(made, "f"))]


@pytest.mark.parametrize(
    ("callee", "root"),
    [
        ("static void set(struct device *d) { params.dev = d; }", "params"),
        ("static void set(struct device *d) { shared.dev = d; }", "shared"),
        ("static void set(struct device *d) { pointed->dev = d; }", "pointed"),
        ("static void set(struct device *d) { struct foo *p = &shared; p->dev = d; }", "shared"),
        ("static void set(struct device *d) { static struct foo own; own.dev = d; }", "own"),
        ("static void set(struct device *d) { struct foo local; local.dev = d; }", ""),
        ("static void set(struct device *d) { struct foo *p = kzalloc(8); p->dev = d; }", ""),
    ],
)
def test_the_object_that_a_callee_writes_to(callee: str, root: str) -> None:
    assert written(f"{callee} void f(struct device *dev) {{ set(dev); }}") == [("dev", root)]
    further = "static void on(struct device *d) { set(d); } void f(struct device *e) { on(e); }"
    assert written(f"{callee} {further}") == [("dev", root)]


def test_a_parameter_is_what_the_caller_hands_over() -> None:
    text = "static void set(struct foo *g) { g->dev = 0; } void f(void) { set(&shared); }"
    assert ("dev", "shared") in written(text)


CHAIN = "".join(
    f"static void f{n}(struct foo *g) {{ g->dev = {n}; f{n + 1}(g); }}"
    for n in reversed(range(DEPTH + 4))
)
CIRCLE = """
    static void odd(struct foo *g) { g->dev = 1; even(g); }
    static void even(struct foo *g) { g->dev = 2; odd(g); even(g); }
"""


@pytest.mark.parametrize(
    ("text", "names", "numbers"),
    [
        (CHAIN, ("f0", "f9", "f20"), (DEPTH + 1, DEPTH - 5, DEPTH - 16)),
        (CIRCLE, ("odd", "even"), (2, 2)),
    ],
    ids=["chain", "circle"],
)
def test_the_order_of_questions_does_not_matter(
    text: str, names: tuple[str, ...], numbers: tuple[int, ...]
) -> None:
    made = trees.program({"a.c": HEAD + text})
    for order in permutations(range(len(names))):
        writes = Writes(made, catalogue(), lambda _path: True)
        found = {at: len(writes.of(trees.function(made, names[at]))) for at in order}
        assert tuple(found[at] for at in sorted(found)) == numbers
