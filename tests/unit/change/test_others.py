# SPDX-License-Identifier: GPL-2.0-only
"""Whom a change concerns: the callers of what others use, and what is near a driver's own."""

from __future__ import annotations

import pytest
import trees

from kscan.change.others import Others
from kscan.kernel.catalogue import catalogue
from kscan.reachability import Implementation

FILES = {
    "include/linux/thing.h": """
        struct thing_ops { int (*start)(int x); int (*stop)(int x); };
        struct thing { const struct thing_ops *ops; };
        int thing_start(struct thing *t);
        """,
    "drivers/thing/core.c": """
        #include <linux/thing.h>
        static int started(struct thing *t) { return t->ops->start(1); }
        int thing_start(struct thing *t) { return started(t); }
        """,
    "drivers/a/a.c": """
        #include <linux/thing.h>
        static int a_start(int x) { return x; }
        static const struct thing_ops a_ops = { .start = a_start };
        """,
    "drivers/b/b.c": """
        #include <linux/thing.h>
        struct driver { int (*probe)(struct thing *t); };
        static int prepare(struct thing *t) { return thing_start(t); }
        static int b_probe(struct thing *t) { return prepare(t); }
        static const struct driver b_driver = { .probe = b_probe };
        static int near(struct thing *t) { return t->ops->start(2); }
        static const struct driver c_driver = { .probe = near };
        """,
}


@pytest.mark.parametrize(
    ("path", "name", "drivers", "further"),
    [
        # what others call concerns who calls it, and whom it calls
        ("drivers/thing/core.c", "started", ["drivers/a/a", "drivers/b/b"], 0),
        # whom a driver's own function reaches further down than it looks itself is counted
        ("drivers/b/b.c", "b_probe", [], 1),
        ("drivers/b/b.c", "near", ["drivers/a/a"], 0),
    ],
)
def test_the_drivers_beside_a_change(
    path: str, name: str, drivers: list[str], further: int
) -> None:
    others = Others(trees.program(FILES), catalogue(), (), frozenset({path}))
    found = others.share([Implementation(name, path)])
    assert [driver.driver for driver in found.drivers] == drivers
    assert found.not_listed == further
