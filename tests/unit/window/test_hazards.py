# SPDX-License-Identifier: GPL-2.0-only
"""What a callback does wrong when it is called a second time."""

from __future__ import annotations

import pytest
import trees

from kscan.kernel.catalogue import catalogue
from kscan.window.again import Again
from kscan.window.hazards import hazards

HEAD = """
    struct list_head { struct list_head *next, *prev; };
    struct dev_iommu { void *priv; };
    struct device { struct dev_iommu *iommu; struct device *parent; };
    struct platform_device { struct device dev; };
    struct spec { void *np; int id; };
    struct foo { struct list_head clients; struct list_head node; void *domain; int users, opened;
                 struct client *first; };
    struct client { struct list_head list; struct device *dev; struct foo *foo; int id; };
    struct owner { struct list_head foos; };
    static struct list_head all;
    static int identity;
    static inline void *dev_iommu_priv_get(struct device *dev)
    {
        if (dev->iommu)
            return dev->iommu->priv;
        return 0;
    }
    static void set_priv(struct device *dev, void *priv) { dev->iommu->priv = priv; }
    static struct foo *find(void *np)
    {
        struct platform_device *pdev = of_find_device_by_node(np);
        struct foo *foo;

        if (!pdev)
            return 0;
        foo = platform_get_drvdata(pdev);
        put_device(&pdev->dev);
        return foo;
    }
    static struct client *client_of(struct device *dev)
    {
        struct client *client;

        list_for_each_entry(client, &all, list) {
            if (client->dev == dev)
                return client;
        }
        return 0;
    }
    static void attach(struct foo *foo, void *domain) { foo->domain = domain; }
    static void opened(struct client *client) { client->foo->opened++; }
"""
ALLOCATE = "c = kzalloc(sizeof(*c), 1); if (!c) return -12;"
CALLBACK = "static int f(struct device *dev, struct spec *spec) { struct client *c; "


def calling(body: str, declared: str = "") -> Again:
    """A callback of this body, called a second time."""
    path = "drivers/a.c"
    made = trees.program({path: HEAD + declared + CALLBACK + body + " return 0; }"})
    known = catalogue()
    repeated = known.contract("iommu").repeated
    callback = trees.function(made, "f", path)
    return Again(made, known, repeated, callback, lambda file: file == path)


def found(body: str, declared: str = "") -> list[tuple[str, str]]:
    """The hazards of a callback: kind, and what is overwritten, joined or dropped."""
    return [
        (hazard.kind.value, hazard.place.spelled if hazard.place else hazard.name)
        for hazard in hazards(calling(body, declared))
    ]


PRIV = "dev_iommu.priv"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # references
        ("struct platform_device *p = of_find_device_by_node(spec->np);"
         " dev_iommu_priv_set(dev, platform_get_drvdata(p));",
         [("reference", "of_find_device_by_node")]),
        ("struct foo *foo = find(spec->np); dev_iommu_priv_set(dev, foo);", []),
        # allocations
        (f"{ALLOCATE} dev_iommu_priv_set(dev, c);", [("allocation", PRIV)]),
        (f"{ALLOCATE} dev_iommu_priv_set(dev, c); c->foo = find(spec->np);",
         [("allocation", PRIV)]),
        (f"{ALLOCATE} c->id = spec->id; kfree(c);", []),
        (f"struct foo *foo = find(spec->np); {ALLOCATE} foo->first = c;",
         [("allocation", "foo.first")]),
        (f"struct foo *foo = find(spec->np); if (!foo->first) {{ {ALLOCATE} foo->first = c; }}",
         []),
        (f"struct foo *foo = find(spec->np); if (foo->first) return 0; {ALLOCATE} foo->first = c;",
         []),
        (f"c = client_of(dev); if (!c) {{ {ALLOCATE} list_add(&c->list, &all); }}"
         " dev_iommu_priv_set(dev, c);", []),
        (f"{ALLOCATE} devres_add(dev->parent, c); dev_iommu_priv_set(dev, c);",
         [("allocation", PRIV)]),
        # what is dropped
        (f"c = dev_iommu_priv_get(dev); if (!c) {{ {ALLOCATE} dev_iommu_priv_set(dev, c); }}",
         [("lost", PRIV)]),
        (f"if (!dev_iommu_priv_get(dev)) {{ {ALLOCATE} set_priv(dev, c); }}"
         " c = dev_iommu_priv_get(dev); c->id = spec->id;", [("lost", PRIV)]),
        ("c = dev_iommu_priv_get(dev); if (!c) { c = devm_kzalloc(dev->parent, 8, 1);"
         " dev_iommu_priv_set(dev, c); }", []),
        ("c = dev_iommu_priv_get(dev); if (!c) { c = devres_alloc(0, 8, 1);"
         " dev_iommu_priv_set(dev, c); devres_add(dev->parent, c); }", []),
        (f"struct foo *foo = find(spec->np); c = dev_iommu_priv_get(dev);"
         f" if (list_empty(&foo->clients)) {{ {ALLOCATE} list_add(&c->list, &foo->clients);"
         " dev_iommu_priv_set(dev, c); } c->id = spec->id;", [("missing", PRIV)]),
        # lists
        ("struct foo *foo = find(spec->np); list_add(&foo->node, &all);", [("insertion", "all")]),
        ("struct foo *foo = find(spec->np); if (list_empty(&foo->node))"
         " list_add(&foo->node, &all);", []),
        ("struct foo *foo = find(spec->np), *pos; struct owner *o = dev_iommu_priv_get(dev);"
         " if (!o) { o = kzalloc(8, 1); dev_iommu_priv_set(dev, o); }"
         " list_for_each_entry(pos, &o->foos, node) if (pos == foo) return 0;"
         " list_add(&foo->node, &o->foos);", [("moved", "owner.foos")]),
        # shared state
        ("struct foo *foo = find(spec->np); foo->domain = &identity;", [("reset", "foo.domain")]),
        ("struct foo *foo = find(spec->np); foo->domain = 0;", [("reset", "foo.domain")]),
        ("struct foo *foo = find(spec->np); if (!foo->domain) foo->domain = &identity;", []),
        ("struct foo *foo = find(spec->np); foo->users++;", [("reset", "foo.users")]),
        ("struct foo *foo = find(spec->np); foo->opened = 0;", [("reset", "foo.opened")]),
        ("struct foo *foo = find(spec->np); foo->users = 0;", []),
        ("struct foo *foo = find(spec->np); foo->first = 0;", []),
        ("c = dev_iommu_priv_get(dev); if (c) c->id++;", []),
        ("dev->iommu->priv = 0;", []),
        # nothing but ids
        ("return iommu_fwspec_add_ids(dev, &spec->id, 1);", []),
    ],
)  # fmt: skip
def test_what_the_second_call_does(body: str, expected: list[tuple[str, str]]) -> None:
    assert found(body) == expected


def test_a_test_of_what_the_core_drops_keeps_a_second_call_out() -> None:
    take = "struct platform_device *p; p = of_find_device_by_node(spec->np);"
    (always,) = hazards(calling(f"{take} set_priv(dev, platform_get_drvdata(p));"))
    guarded = f"if (!dev_iommu_priv_get(dev)) {{ {take} set_priv(dev, drvdata(p)); }}"
    (once,) = hazards(calling(guarded))
    assert (always.every, once.every) == (True, False)


def test_a_field_behind_a_fresh_object_is_shared_all_the_same() -> None:
    body = f"{ALLOCATE} c->foo = find(spec->np); c->foo->domain = &identity; kfree(c);"
    assert found(body) == [("reset", "foo.domain")]


def test_a_helper_is_followed_and_its_guard_counts() -> None:
    helper = """
        static struct client *make(struct foo *foo)
        {
            struct client *c = kzalloc(sizeof(*c), 1);

            foo->first = c;
            return c;
        }
    """
    call = "struct foo *foo = find(spec->np); {} make(foo);"
    assert found(call.format(""), helper) == [("allocation", "foo.first")]
    assert found(call.format("if (!foo->first)"), helper) == []
