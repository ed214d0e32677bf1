# SPDX-License-Identifier: GPL-2.0-only
"""Whether a store that overwrites a pointer leaves the old object to nobody."""

from __future__ import annotations

import pytest
import trees

from kscan.facts import ir
from kscan.flow.places import Place
from kscan.flow.releasing import releases_old
from kscan.kernel.catalogue import catalogue

FUNCTION = """
    struct foo { void *table; void *other; };
    void f(struct foo *foo, void *new, int n)
    {
        %s
    }
"""


def released(body: str) -> bool:
    """What `foo->table` held is freed around the store of `new` in it."""
    made = trees.program({"a.c": FUNCTION % body})
    function = trees.function(made, "f")
    stores = [
        node.at
        for node in made.body(function).nodes
        if isinstance(node, ir.Assign | ir.Call) and "new" in repr(node)
    ]
    place = Place("field", "foo", "table")
    return releases_old(made, catalogue().functions, function, stores[0], place)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("foo->table = new;", False),
        ("kfree(foo->table); foo->table = new;", True),
        ("kfree(foo->other); foo->table = new;", False),
        ("if (foo->table) kfree(foo->table); foo->table = new;", True),
        ("if (n) kfree(foo->table); foo->table = new;", False),
        ("void *old = foo->table; foo->table = new; kfree(old);", True),
        ("void *old = foo->table; foo->table = new; if (n) return; kfree(old);", False),
        ("void *old = foo->table; foo->table = new; if (old) kvfree(old);", True),
        ("void *old = READ_ONCE(foo->table); foo->table = new; kfree_rcu(old, rcu);", True),
        ("kfree(xchg(&foo->table, new));", True),
        ("foo->table = new; if (n) kfree(foo->table);", False),
    ],
)
def test_the_old_object_is_freed(body: str, expected: bool) -> None:
    assert released(body) is expected
