# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of references and allocations, way by way."""

from __future__ import annotations

import pytest
import trees

from kscan.flow.fates import MEMORY, REFERENCE, Fate, Owned
from kscan.flow.ownership import Lifetimes
from kscan.kernel.catalogue import catalogue

HEAD = """
    struct device { int id; void *platform_data; void *driver_data; };
    struct platform_device { struct device dev; };
    struct list_head { struct list_head *next, *prev; };
    struct foo { struct list_head list; struct platform_device *pdev; int n; };
    struct platform_device *of_find_device_by_node(void *np);
    static struct list_head all;
    static struct foo *kept;
"""


def owned(text: str, name: str = "f") -> tuple[Owned, ...]:
    made = trees.program({"a.c": HEAD + text})
    lifetimes = Lifetimes(made, catalogue().functions, lambda path: path == "a.c")
    return lifetimes.of(trees.function(made, name))


def fates(text: str, kind: str = REFERENCE) -> set[str]:
    """The fates of the one object of a kind that `f` acquires."""
    (found,) = (o for o in owned(text) if o.acquired.kind == kind)
    return {end.fate.value for end in found.ends}


FIND = "struct platform_device *p = of_find_device_by_node(np);"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"{FIND} put_device(&p->dev); return 0;", {"released"}),
        (f"{FIND} if (!p) return -1; platform_device_put(p); return 0;", {"released"}),
        (f"{FIND} if (!p) return -1; return 0;", {"left"}),
        (f"{FIND} if (IS_ERR_OR_NULL(p)) return -1; put_device(&p->dev); return 0;", {"released"}),
        (f"{FIND} if (WARN_ON(!p)) return -1; put_device(&p->dev); return 0;", {"released"}),
        (f"{FIND} if (x) return -1; put_device(&p->dev); return 0;", {"left", "released"}),
        (f"{FIND} int r = -1; if (x) goto out; r = 0; out: put_device(&p->dev); return r;",
         {"released"}),
        (f"{FIND} struct device *d = &p->dev; put_device(d); return 0;", {"released"}),
        (f"{FIND} put(p); return 0;", {"released"}),
        (f"{FIND} look(p); return 0;", {"left"}),
        (f"{FIND} platform_get_drvdata(p); return 0;", {"left"}),
        (f"{FIND} dev_set_drvdata(dev, p); return 0;", {"stored"}),
        (f"{FIND} foo->pdev = p; return 0;", {"stored"}),
        ("foo->pdev = of_find_device_by_node(np); return 0;", {"stored"}),
        ("put_device(&of_find_device_by_node(np)->dev); return 0;", {"released"}),
        ("struct platform_device *p; if (!(p = of_find_device_by_node(np))) return -1;"
         " put(p); return 0;", {"released"}),
        ("return !of_find_device_by_node(np);", {"left"}),
        (f"{FIND} return devm_add_action_or_reset(dev, put, p);", {"adopted"}),
        (f"{FIND} while (x--) {{ if (x == 3) break; }} put(p); return 0;", {"released"}),
    ],
)  # fmt: skip
def test_what_becomes_of_a_reference(body: str, expected: set[str]) -> None:
    callees = """
        static void put(struct platform_device *p) { put_device(&p->dev); }
        static int look(struct platform_device *p) { return p->dev.id; }
    """
    head = "int f(struct device *dev, struct foo *foo, void *np, int x) {"
    assert fates(callees + head + body + "}") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("struct foo *p = kzalloc(8, 1); if (!p) return 0; kept = p; return 0;", {"stored"}),
        ("struct foo *p = kzalloc(8, 1); kfree(p); return 0;", {"released"}),
        ("struct foo *p = kzalloc(8, 1); dev_iommu_priv_set(dev, p); return 0;", {"stored"}),
        ("struct foo *p = kzalloc(8, 1); list_add(&p->list, &all); return 0;", {"stored"}),
        ("struct foo *p = kzalloc(8, 1); p->list.next = &p->list; return 0;", {"left"}),
        ("struct foo *p = kzalloc(8, 1); dev->platform_data = p; if (x) goto err; return 0;"
         " err: kfree(p); return -1;", {"stored", "released"}),
        ("struct holder { struct foo *p; }; struct foo *p = kzalloc(8, 1); return x;", {"left"}),
    ],
)  # fmt: skip
def test_what_becomes_of_memory(body: str, expected: set[str]) -> None:
    assert fates(f"int f(struct device *dev, int x) {{ {body} }}", MEMORY) == expected


@pytest.mark.parametrize("declarator", ["*dev", "*const dev", "* const\tdev"])
def test_a_scope_puts_what_its_variable_holds(declarator: str) -> None:
    text = f"""
        int f(void *np)
        {{
            struct device {declarator} __free(put_device) = bus_find_device_by_of_node(bus, np);

            return dev ? 0 : -1;
        }}
    """
    assert fates(text) == {"released"}


def test_what_a_callee_returns_is_acquired_by_its_caller() -> None:
    text = """
        static struct foo *make(void) { struct foo *p = kzalloc(8, 1); return p; }
        int f(struct device *dev) { struct foo *p = make(); dev->driver_data = p; return 0; }
    """
    (found,) = owned(text)
    assert (found.acquired.name, found.acquired.function.name) == ("kzalloc", "make")
    assert [frame.callee.name for frame in found.acquired.frames] == ["make"]
    (end,) = found.fates(Fate.STORED)
    assert end.place is not None
    assert end.place.kind == "driver data" or end.place.spelled == "device.driver_data"


def test_what_a_callee_hands_out_is_acquired_by_its_caller() -> None:
    text = """
        static int make(struct foo **out)
        {
            struct foo *p = kzalloc(8, 1);

            if (!p)
                return -12;
            *out = p;
            return 0;
        }
        int f(struct device *dev)
        {
            struct foo *p = 0;

            if (make(&p))
                return -12;
            dev->platform_data = p;
            return 0;
        }
    """
    (found,) = owned(text)
    assert [end.place.spelled for end in found.fates(Fate.STORED) if end.place] == [
        "device.platform_data"
    ]


def test_a_catalogued_function_hands_out_without_being_seen() -> None:
    text = """
        int of_dma_get_range(void *np, const struct foo **map);
        int f(struct device *dev, void *np)
        {
            const struct foo *map = 0;

            if (of_dma_get_range(np, &map))
                return -1;
            dev->platform_data = map;
            return 0;
        }
    """
    (found,) = owned(text)
    assert (found.acquired.name, found.acquired.kind) == ("of_dma_get_range", MEMORY)
    assert found.fates(Fate.STORED)


def test_resizing_is_no_allocation_of_its_own() -> None:
    assert owned("int f(void) { kept = krealloc(kept, 16, 1); return 0; }") == ()


def test_recursion_ends() -> None:
    text = """
        static struct foo *g(int n);
        static struct foo *h(int n) { return g(n - 1); }
        static struct foo *g(int n) { return n ? h(n) : kzalloc(8, 1); }
        int f(void) { kept = g(3); return 0; }
    """
    assert {o.acquired.name for o in owned(text)} == {"kzalloc"}
