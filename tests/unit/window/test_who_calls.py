# SPDX-License-Identifier: GPL-2.0-only
"""Who calls a function: by its name, or as the one that fills a member of its driver's struct."""

from __future__ import annotations

import pytest
import trees

from kscan.window.callers import Callers

FILES = {
    "include/linux/soc.h": "struct common { int (*bind)(int x); };",
    "drivers/a/a.h": "struct soc { int (*bring_up)(int x); int (*go)(int x); };",
    "drivers/a/core.c": """
        #include <linux/soc.h>
        #include "a.h"
        static int first(struct soc *soc) { return soc->bring_up(1); }
        static int second(const struct soc *soc) { return (*soc->bring_up)(2); }
        static int third(struct soc *soc) { return soc->go(3); }
        static int fourth(struct common *common) { return common->bind(4); }
        """,
    "drivers/a/one.c": """
        #include <linux/soc.h>
        #include "a.h"
        static int one_bring_up(int x) { return x; }
        static int one_go(int x) { return x; }
        static int one_bind(int x) { return one_go(x); }
        const struct soc one = { .bring_up = one_bring_up, .go = one_go };
        const struct common one_common = { .bind = one_bind };
        """,
    "drivers/a/two.c": """
        #include "a.h"
        static int two_go(int x) { return x; }
        const struct soc two = { .go = two_go };
        """,
}


@pytest.mark.parametrize(
    ("name", "callers"),
    [
        ("one_bring_up", ["first", "second"]),
        # two fill this one: which of them runs is not known
        ("one_go", ["one_bind"]),
        # a struct that the kernel has for all drivers
        ("one_bind", []),
    ],
)
def test_who_calls_a_function(name: str, callers: list[str]) -> None:
    made = trees.program(FILES)
    found = Callers(made)
    target = trees.function(made, name, "drivers/a/one.c")
    assert [caller.name for caller, _ in found.of(target)] == callers
    assert [caller.name for caller, _ in found.first_of(target)] == callers
