# SPDX-License-Identifier: GPL-2.0-only
"""Calls through members of a driver's own structs, and the single function behind each."""

from __future__ import annotations

import pytest
import trees

from kscan.program.calls import call_sites
from kscan.program.hooks import hooked

SPELLED = {
    "drivers/a/a.h": """
        struct soc { int (*prepare)(int x); int (*stop)(int x); };
        #define SOC_OPS(which) .prepare = which##_prepare, .stop = all_stop
        """,
    "drivers/a/a.c": """
        #include "a.h"
        int all_stop(int x) { return x; }
        static int f(struct soc *s)
        {
            s->prepare(1);
            s->stop(1);
        }
        """,
    "drivers/a/one.c": """
        #include "a.h"
        static int one_prepare(int x) { return x; }
        const struct soc one = { SOC_OPS(one) };
        """,
    "drivers/a/two.c": """
        #include "a.h"
        static int two_prepare(int x) { return x; }
        const struct soc two = { SOC_OPS(two) };
        """,
}
FILES = {
    "include/linux/common.h": "struct common_ops { int (*go)(int x); };",
    "drivers/a/a.h": """
        struct soc { int (*prepare)(int x); int (*stop)(int x); int (*set)(int x); };
        """,
    "drivers/a/a.c": """
        #include <linux/common.h>
        #include "a.h"
        struct own { int (*go)(int x); };
        static int go(int x) { return x; }
        static const struct common_ops common = { .go = go };
        static const struct own mine = { .go = go };
        static int stop_one(int x) { return x; }
        static const struct soc one = { .stop = stop_one };
        static int f(struct common_ops *c, struct own *o, struct soc *s)
        {
            c->go(1);
            o->go(1);
            (*s->prepare)(1);
            s->stop(1);
            s->set(1);
        }
        """,
    "drivers/a/b.c": """
        #include "a.h"
        struct own { int (*go)(int x); };
        static int other(int x) { return x; }
        static const struct own others = { .go = other };
        static int prepare(int x) { return x; }
        static int stop_two(int x) { return x; }
        const struct soc two = { .prepare = prepare, .stop = stop_two };
        """,
}


@pytest.mark.parametrize(
    ("slot", "name"),
    [
        ("common_ops.go", None),  # everybody's struct
        ("own.go", "go"),  # of this file alone, though another file has one of that name
        ("soc.prepare", "prepare"),
        ("soc.stop", None),  # two functions
        ("soc.set", None),  # none
    ],
)
def test_what_a_call_through_a_member_leads_to(slot: str, name: str | None) -> None:
    made = trees.program(FILES)
    caller = trees.function(made, "f", "drivers/a/a.c")
    (site,) = [s for s in call_sites(made, caller) if str(s.slot) == slot]
    assert site.slot is not None
    found = hooked(made, site.slot, caller.path, lambda path: path.startswith("drivers/a/"))
    assert (found.name if found is not None else None) == name
    assert hooked(made, site.slot, caller.path, lambda _path: False) is None


@pytest.mark.parametrize(
    ("files", "slot", "name"),
    [
        (("one.c", "two.c"), "soc.prepare", None),
        (("one.c",), "soc.prepare", "one_prepare"),
        (("one.c", "two.c"), "soc.stop", "all_stop"),
    ],
)
def test_a_macro_of_the_drivers_header_fills_members(
    files: tuple[str, ...], slot: str, name: str | None
) -> None:
    made = trees.program({p: t for p, t in SPELLED.items() if p.endswith(("a.c", "a.h", *files))})
    caller = trees.function(made, "f", "drivers/a/a.c")
    (site,) = [s for s in call_sites(made, caller) if str(s.slot) == slot]
    assert site.slot is not None
    found = hooked(made, site.slot, caller.path, lambda path: path.startswith("drivers/a/"))
    assert (found.name if found is not None else None) == name
