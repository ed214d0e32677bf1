# SPDX-License-Identifier: GPL-2.0-only
"""A lock that a way through calls takes while it holds it."""

from __future__ import annotations

import pytest
import trees

from kscan.flow.held import taken_twice
from kscan.kernel.catalogue import catalogue

PATH = "drivers/a.c"
TAKE, DROP = "mutex_lock(&one);", "mutex_unlock(&one);"


@pytest.mark.parametrize(
    ("outer", "middle", "inner", "twice"),
    [
        (f"{TAKE} middle(x); {DROP}", "inner(x);", TAKE, True),
        (f"{TAKE} middle(x); {DROP}", f"{TAKE} inner(x); {DROP}", "", True),
        (f"{TAKE} middle(x); {DROP}", f"{DROP} inner(x); {TAKE}", f"{TAKE} {DROP}", False),
        (f"{TAKE} {DROP} middle(x);", "inner(x);", TAKE, False),
        (f"if (x) {TAKE} middle(x);", "inner(x);", TAKE, False),
        (f"{TAKE} if (x) {DROP} middle(x);", "inner(x);", TAKE, False),
        (f"{TAKE} middle(x);", "inner(x);", "mutex_lock(&two);", False),
        (f"{TAKE} middle(x);", "inner(x);", "mutex_trylock(&one);", False),
        (f"{TAKE} middle(x);", f"if (x) {{ {TAKE} return; }} inner(x);", "", False),
        (f"while (x) {{ {TAKE} {DROP} }} middle(x);", "inner(x);", TAKE, False),
        ("mutex_lock(&x->lock); middle(x);", "inner(x);", "mutex_lock(&x->lock);", False),
    ],
)
def test_a_lock_is_taken_while_it_is_held(outer: str, middle: str, inner: str, twice: bool) -> None:
    bodies = {"inner": inner, "middle": middle, "outer": outer}
    code = "struct x { struct mutex lock; };\nstatic struct mutex one, two;\n"
    code += "".join(f"static void {n}(struct x *x) {{ {b} }}\n" for n, b in bodies.items())
    made = trees.program({PATH: code})
    known = {name: trees.function(made, name, PATH) for name in bodies}

    def site(name: str, callee: str) -> tuple:
        calls = made.body(known[name]).calls
        return known[name], next(call.at for call in calls if call.name == callee)

    way = (site("outer", "middle"), site("middle", "inner"), (known["inner"], None))
    found = taken_twice(made, catalogue(), way)
    assert (found.name if found else "") == ("one" if twice else "")
