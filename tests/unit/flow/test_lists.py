# SPDX-License-Identifier: GPL-2.0-only
"""Lists that are joined, with and without a search before."""

from __future__ import annotations

import pytest
import trees

from kscan.flow.lists import Lists
from kscan.kernel.catalogue import catalogue

HEAD = """
    struct list_head { struct list_head *next, *prev; };
    struct foo { struct list_head list; int id; };
    struct bar { struct list_head foos; struct list_head others; };
    static struct list_head all;
    #define for_each_foo(pos, bar) list_for_each_entry(pos, &(bar)->foos, list)
    static struct foo *found(struct bar *bar, struct foo *foo)
    {
        struct foo *pos;

        list_for_each_entry(pos, &bar->foos, list) {
            if (pos == foo)
                return pos;
        }
        return 0;
    }
    static int has(struct bar *bar, struct foo *foo) { return found(bar, foo) || has(bar, foo); }
    static int has_any(struct bar *bar) { return !list_empty(&bar->foos); }
"""


@pytest.mark.parametrize(
    ("body", "searched"),
    [
        ("list_add(&foo->list, &bar->foos);", False),
        ("if (list_empty(&foo->list)) list_add(&foo->list, &bar->foos);", True),
        ("if (list_empty(&bar->foos)) list_add(&foo->list, &bar->foos);", True),
        ("if (list_empty(&bar->others)) list_add(&foo->list, &bar->foos);", False),
        ("if (!found(bar, foo)) list_add_tail(&foo->list, &bar->foos);", True),
        ("if (!found(bar, foo)) list_add_tail(&foo->list, &bar->others);", False),
        ("if (!has(bar, foo)) list_add_tail(&foo->list, &bar->foos);", True),
        ("if (!has(bar, foo)) list_add_tail(&foo->list, &bar->others);", False),
        ("if (!has_any(bar)) list_add_tail(&foo->list, &bar->foos);", True),
        ("if (!has_any(bar)) list_add_tail(&foo->list, &bar->others);", False),
        ("list_for_each_entry(pos, &bar->foos, list) if (pos == foo) return;"
         " list_add(&foo->list, &bar->foos);", True),
        ("list_for_each_entry(pos, &bar->others, list) if (pos == foo) return;"
         " list_add(&foo->list, &bar->foos);", False),
        ("for_each_foo(pos, bar) if (pos == foo) return; list_add(&foo->list, &bar->foos);", True),
        ("list_add(&foo->list, &bar->foos); found(bar, foo);", False),
        ("if (foo->id) found(bar, foo); list_add(&foo->list, &bar->foos);", False),
        ("list_for_each_entry(pos, &all, list) if (pos == foo) return;"
         " list_add(&foo->list, &all);", True),
    ],
)  # fmt: skip
def test_a_search_before_a_join(body: str, searched: bool) -> None:
    text = f"void f(struct bar *bar, struct foo *foo) {{ struct foo *pos; {body} }}"
    program = trees.program({"a.c": HEAD + text})
    function = trees.function(program, "f")
    lists = Lists(program, catalogue().functions)
    (join,) = lists.joins(function)
    wanted = lists.searched_for(join)
    assert lists.searches_before(function, join.at, wanted) == searched
