# SPDX-License-Identifier: GPL-2.0-only
"""What a callback does wrong when it is called a second time."""

from __future__ import annotations

import pytest
import trees

from kscan.flow.depth import DEPTH
from kscan.kernel.catalogue import catalogue
from kscan.repeats.again import Again, Kind, When
from kscan.repeats.faults import hazards

HEAD = """
    struct list_head { struct list_head *next, *prev; };
    struct dev_iommu { void *priv; };
    struct device { struct dev_iommu *iommu; struct device *parent; void *ops; long *mask, own; };
    struct platform_device { struct device dev; };
    struct spec { void *np; int id; };
    struct foo { struct list_head clients; struct list_head node; void *domain; int users, opened;
                 struct client *first; unsigned long flags, bits[2]; int lock; };
    struct client { struct list_head list; struct device *dev; struct foo *foo; int id; };
    struct owner { struct list_head foos; };
    static struct list_head all;
    static int identity, my_ops, other_ops;
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
        # what else is acquired
        ("struct foo *foo = find(spec->np); foo->domain = ioremap(spec->id, 4);",
         [("acquisition", "foo.domain")]),
        ("struct foo *foo = find(spec->np); foo->users = ida_alloc(&all, 1);"
         " if (foo->users < 0) return foo->users;", [("acquisition", "foo.users")]),
        ("struct foo *foo = find(spec->np); void *clk = clk_get(dev, 0);"
         " if (IS_ERR(clk)) return PTR_ERR(clk); foo->domain = clk;",
         [("acquisition", "foo.domain")]),
        ("dev_iommu_priv_set(dev, get_device(dev->parent));", [("acquisition", PRIV)]),
        ("struct foo *foo = find(spec->np); if (!foo->domain) foo->domain = ioremap(1, 4);", []),
        ("struct foo *foo = find(spec->np); iounmap(foo->domain);"
         " foo->domain = ioremap(1, 4);", []),
        ("struct foo *foo = find(spec->np); if (foo->domain) clk_put(foo->domain);"
         " foo->domain = clk_get(dev, 0);", []),
        ("void *regs = ioremap(1, 4); readl(regs); iounmap(regs);", []),
        ("get_device(dev);", []),
        (f"if (dev_iommu_priv_get(dev)) return 0; {ALLOCATE} c->dev = get_device(dev);"
         " list_add(&c->list, &all); dev_iommu_priv_set(dev, c);", [("lost", PRIV)]),
        # what is dropped
        (f"c = dev_iommu_priv_get(dev); if (!c) {{ {ALLOCATE} dev_iommu_priv_set(dev, c); }}",
         [("lost", PRIV)]),
        (f"if (!dev_iommu_priv_get(dev)) {{ {ALLOCATE} set_priv(dev, c); }}"
         " c = dev_iommu_priv_get(dev); c->id = spec->id;", [("lost", PRIV)]),
        (f"if (!dev_iommu_priv_get(dev)) {{ {ALLOCATE} dev_iommu_priv_set(dev, c); }}"
         " c = dev_iommu_priv_get(dev); c->id = spec->id;", [("lost", PRIV)]),
        ("c = dev_iommu_priv_get(dev); if (!c) { c = devm_kzalloc(dev->parent, 8, 1);"
         " dev_iommu_priv_set(dev, c); }", []),
        ("c = dev_iommu_priv_get(dev); if (!c) { c = devres_alloc(0, 8, 1);"
         " dev_iommu_priv_set(dev, c); devres_add(dev->parent, c); }", []),
        (f"struct foo *foo = find(spec->np); c = dev_iommu_priv_get(dev);"
         f" if (list_empty(&foo->clients)) {{ {ALLOCATE} list_add(&c->list, &foo->clients);"
         " dev_iommu_priv_set(dev, c); } c->id = spec->id;", [("missing", PRIV)]),
        # what is not dropped
        ("struct foo *foo = find(spec->np); if (foo->first) return -EBUSY; foo->first = dev;",
         [("refused", "foo.first")]),
        ("struct foo *foo = find(spec->np); if (!foo) return -ENODEV;"
         " if (foo->users) return -EBUSY; foo->users = 1; dev_iommu_priv_set(dev, foo);",
         [("refused", "foo.users")]),
        ("struct foo *foo = find(spec->np); if (foo->first && foo->first != dev) return -EBUSY;"
         " foo->first = dev;", []),
        ("struct foo *foo = find(spec->np); if (foo->first) return 0; foo->first = dev;", []),
        ("if (dev_iommu_priv_get(dev)) return -EBUSY;"
         " dev_iommu_priv_set(dev, find(spec->np));", []),
        ("struct foo *foo = find(spec->np); if (foo->users > 3) return -ENOSPC;"
         " foo->users = 1;", []),
        # lists
        ("struct foo *foo = find(spec->np); list_add(&foo->node, &all);", [("insertion", "all")]),
        ("struct foo *foo = find(spec->np); if (list_empty(&foo->node))"
         " list_add(&foo->node, &all);", []),
        ("struct foo *foo = find(spec->np), *pos; struct owner *o = dev_iommu_priv_get(dev);"
         " if (!o) { o = kzalloc(8, 1); dev_iommu_priv_set(dev, o); }"
         " list_for_each_entry(pos, &o->foos, node) if (pos == foo) return 0;"
         " list_add(&foo->node, &o->foos);", [("moved", "owner.foos")]),
        ("struct foo *foo = find(spec->np); struct owner *o = dev_iommu_priv_get(dev);"
         " if (!o) { o = kzalloc(8, 1); dev_iommu_priv_set(dev, o); }"
         " if (!list_empty(&foo->node)) list_del(&foo->node);"
         " list_add(&foo->node, &o->foos);", [("lost", PRIV)]),
        # only the first call, and one after a drop, comes to the list without looking
        (f"struct foo *foo = find(spec->np); c = dev_iommu_priv_get(dev);"
         f" if (!c || list_empty(&foo->clients)) {{ {ALLOCATE} list_add(&c->list, &foo->clients);"
         " dev_iommu_priv_set(dev, c); } c->id = spec->id;", [("lost", PRIV)]),
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


LOOKED_UP = "struct platform_device *p = of_find_device_by_node(spec->np); "
FULL = "c = kzalloc(sizeof(*c), 1); if (!c) "


@pytest.mark.parametrize(
    ("body", "way", "starved"),
    [
        (f"{FULL} return -ENOMEM; if (spec->id) return -EINVAL;", "0;", False),
        (f"{FULL} return -ENOMEM; put_device(&p->dev);", "-ENOMEM;", True),
        (f"{FULL} return PTR_ERR(ERR_PTR(-ENOMEM)); put_device(&p->dev);", "PTR_", True),
        (f"{FULL} return -ENOMEM; if (spec->id) return -EINVAL; put_device(&p->dev);",
         "-E", False),
        ("if (spec->id) return -EINVAL; put_device(&p->dev);", "-EINVAL;", False),
        # with memory it is lost as well, once the next one is stored over it
        (f"{FULL} return -ENOMEM; dev_iommu_priv_set(dev, p);", "-ENOMEM;", False),
    ],
)  # fmt: skip
def test_the_way_out_that_leaves_a_reference(body: str, way: str, *, starved: bool) -> None:
    again = calling(LOOKED_UP + body)
    (hazard,) = (one for one in hazards(again) if one.kind is Kind.REFERENCE)
    assert hazard.end is not None and hazard.starved is starved
    text = again.program.reader.tree.read("drivers/a.c")[hazard.end.at :].decode()
    assert text.startswith(way)


def test_what_one_hazard_hides_can_be_uncovered() -> None:
    body = (
        "struct foo *foo = find(spec->np), *pos; struct owner *o = dev_iommu_priv_get(dev);"
        " if (!o) { o = kzalloc(8, 1); dev_iommu_priv_set(dev, o); }"
        " list_for_each_entry(pos, &o->foos, node) if (pos == foo) return 0;"
        " list_add(&foo->node, &o->foos);"
    )
    (moved,) = hazards(calling(body))
    assert moved.kind is Kind.MOVED
    kinds = [hazard.kind for hazard in hazards(calling(body), uncovering=True)]
    assert kinds == [Kind.MOVED, Kind.LOST]


def test_a_test_of_what_the_core_drops_keeps_a_second_call_out() -> None:
    take = "struct platform_device *p; p = of_find_device_by_node(spec->np);"
    (always,) = hazards(calling(f"{take} set_priv(dev, platform_get_drvdata(p));"))
    guarded = f"if (!dev_iommu_priv_get(dev)) {{ {take} set_priv(dev, drvdata(p)); }}"
    (once,) = hazards(calling(guarded))
    assert (always.when, once.when) == (When.EVERY, When.DROPPED)


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


FOO = f"struct foo *foo = find(spec->np); {ALLOCATE}"
FIRST = f"struct foo *foo = find(spec->np); %s {{ {ALLOCATE} foo->first = c; }}"


@pytest.mark.parametrize(
    "body",
    [
        # what was stored is no object with a name, or one that is asked for
        "if (dev->mask == &dev->own) dev->mask = devm_kzalloc(dev->parent, 8, 1);",
        FIRST % "if (dev->ops != &my_ops)" + " dev->ops = &my_ops;",
        FIRST % "if (dev->ops == &my_ops) return 0;" + " dev->ops = &my_ops;",
        # the new object is given up
        f"{FOO} lock(&foo->lock); if (foo->first) {{ kfree(c); return 0; }} foo->first = c;",
        f"{FOO} if (!foo->first) {{ foo->first = c; c = 0; }} kfree(c);",
        # the old object is
        f"struct foo *foo = find(spec->np); kfree(foo->first); {ALLOCATE} foo->first = c;",
        f"{FOO} if (foo->first) kfree(foo->first); foo->first = c;",
        f"{FOO} struct client *old = foo->first; memcpy(c, old, 8); foo->first = c; kfree(old);",
        f"{FOO} struct client *old = foo->first; foo->first = c; if (old) kfree(old);",
        f"{FOO} kfree(xchg(&foo->first, c));",
        # in one expression
        "struct foo *foo = find(spec->np); foo->first = foo->first ?: kzalloc(8, 1);",
        "struct foo *foo = find(spec->np); foo->first || (foo->first = kzalloc(8, 1));",
        # bits and counts
        FIRST % "if (!test_and_set_bit(0, &foo->flags))",
        FIRST % "if (foo->users++ == 0)",
        FIRST % "if (!foo->users++)",
        FIRST % "if (foo->users++) return 0;",
    ],
)
def test_what_the_first_call_left_keeps_the_second_one_out(body: str) -> None:
    assert found(body) == []


def test_what_a_getter_yields_is_freed_before_it_is_replaced() -> None:
    old = f"struct client *old = dev_iommu_priv_get(dev); {ALLOCATE} %s dev_iommu_priv_set(dev, c);"
    assert found(old % "kfree(old);") == [("lost", "dev_iommu.priv")]
    assert found(old % "kfree(other_get(dev));") == [("allocation", "dev_iommu.priv")]


@pytest.mark.parametrize(
    ("body", "when"),
    [
        (f"{FOO} foo->first = c;", When.EVERY),
        (FIRST % "if (spec->id)", When.EVERY),
        ("struct platform_device *p = to_parent(spec->np);"
         " c = devm_kzalloc(&p->dev, 8, 1); if (!c) return -12; dev_iommu_priv_set(dev, c);",
         When.EVERY),
        (FIRST % "if (foo->opened) return 0;", When.EVERY),
        (FIRST % "if (dev->ops != &other_ops)" + " dev->ops = &my_ops;", When.EVERY),
        (f"{FOO} if (c->id) kfree(foo->first); foo->first = c;", When.EVERY),
        (f"{FOO} foo->first = c; if (spec->id) {{ kfree(foo->first); return -22; }}", When.EVERY),
        (FIRST % "if (foo->users > 3) return 0; foo->users += spec->id;", When.UNCLEAR),
        (FIRST % "int n = foo->users; if (n > 3) return 0; foo->users += spec->id;", When.UNCLEAR),
        (FIRST % "if (++foo->users == 1)", When.UNCLEAR),
        (FIRST % "if (!test_and_set_bit(0, foo->bits))", When.UNCLEAR),
        ("struct foo *foo = find(spec->np); if (foo->users > 3) return 0; foo->users += spec->id;"
         " foo->opened = 0;", When.UNCLEAR),
        (f"if (!dev_iommu_priv_get(dev)) {{ {ALLOCATE} dev_iommu_priv_set(dev, c); }}",
         When.DROPPED),
    ],
)  # fmt: skip
def test_a_test_that_stays_open_is_told_from_none(body: str, when: When) -> None:
    (hazard,) = hazards(calling(body))
    assert hazard.when == when


@pytest.mark.parametrize(
    ("known", "another"),
    [("!list_empty(&foo->clients)", True), ("foo->first", True), ("dev->own", False)],
)
def test_what_is_missing_may_be_what_a_second_device_lacks(known: str, *, another: bool) -> None:
    body = (
        f"struct foo *foo = find(spec->np); c = dev_iommu_priv_get(dev); if (!({known})) {{"
        f" {ALLOCATE} list_add(&c->list, &foo->clients); foo->first = c; dev->own = 1;"
        " dev_iommu_priv_set(dev, c); } c->id = spec->id;"
    )
    (hazard,) = hazards(calling(body))
    assert (hazard.kind, hazard.another) == (Kind.MISSING, another)


def test_a_list_tells_of_an_allocation_what_a_dropped_place_does_not() -> None:
    body = "c = devm_kzalloc(dev->parent, 8, 1); list_add(&c->list, &all);"
    (hazard,) = hazards(calling(f"{body} dev_iommu_priv_set(dev, c);"))
    assert (hazard.place and hazard.place.name, hazard.managed) == ("all", True)
    listed = f"{ALLOCATE} list_add(&c->list, &all); dev_iommu_priv_set(dev, c);"
    (lost,) = hazards(calling(f"if (!dev_iommu_priv_get(dev)) {{ {listed} }}"))
    assert (lost.kind, lost.listed and lost.listed.name) == (Kind.LOST, "all")


OWNER = "struct owner *o = {}; "
MAKE = "o = kzalloc(8, 1); dev_iommu_priv_set(dev, o);"
SEARCH = "struct foo *foo = find(spec->np), *pos; {} {}"
WALK = "list_for_each_entry(pos, &o->foos, node) if (pos == foo) return {};"
JOIN = "list_add(&foo->node, &o->foos);"
PRIV_OWNER = OWNER.format("dev_iommu_priv_get(dev)")
INLINE = PRIV_OWNER + SEARCH.format(f"if (!o) {{ {MAKE} }}", WALK.format(0) + JOIN)


@pytest.mark.parametrize(
    ("inline", "body", "helper", "kinds"),
    [
        (INLINE,
         PRIV_OWNER + SEARCH.format(f"if (!o) {{ {MAKE} }}", "return join(o, foo);"),
         f"static int join(struct owner *o, struct foo *foo) {{ struct foo *pos; {WALK.format(0)}"
         f" {JOIN} return 0; }}", ["moved"]),
        (INLINE,
         PRIV_OWNER + SEARCH.format(f"if (!o) {{ {MAKE} }}", f"if (has(o, foo)) return 0; {JOIN}"),
         "static bool has(struct owner *o, struct foo *foo) { struct foo *pos;"
         f" {WALK.format('true')} return false; }}", ["moved"]),
        (INLINE,
         PRIV_OWNER + SEARCH.format("if (!o) o = make(dev);", WALK.format(0) + JOIN),
         f"static struct owner *make(struct device *dev) {{ struct owner *o; {MAKE} return o; }}",
         ["moved"]),
        (INLINE,
         OWNER.format("owner_of(dev)") + SEARCH.format("", WALK.format(0) + JOIN),
         "static struct owner *owner_of(struct device *dev) {"
         f" struct owner *o = dev_iommu_priv_get(dev); if (!o) {{ {MAKE} }} return o; }}",
         ["moved"]),
        ("c = dev_iommu_priv_get(dev); if (c) c->id++;",
         "c = dev_iommu_priv_get(dev); if (c) count(c);",
         "static void count(struct client *c) { c->id++; }", []),
        ("struct foo *foo = find(spec->np); foo->users++;",
         "count(find(spec->np));",
         "static void count(struct foo *foo) { foo->users++; }", ["reset"]),
        (f"{ALLOCATE} c->foo = find(spec->np); c->foo->domain = &identity; kfree(c);",
         f"{ALLOCATE} fill(c, spec); kfree(c);",
         "static void fill(struct client *c, struct spec *spec)"
         " { c->foo = find(spec->np); c->foo->domain = &identity; }", ["reset"]),
    ],
)  # fmt: skip
def test_a_part_taken_into_a_function_of_its_own_changes_nothing(
    inline: str, body: str, helper: str, kinds: list[str]
) -> None:
    assert [kind for kind, _ in found(inline)] == kinds
    assert found(body, helper) == found(inline)


def nested(number: int) -> str:
    """A `number` of calls below one another."""
    calls = (f"static void g{n}(void) {{ g{n + 1}(); }}\n" for n in range(1, number))
    return f"static void g{number}(void) {{ }}\n" + "".join(calls)


def test_calls_too_deep_to_be_followed_again_are_told() -> None:
    told = [f"f(): calls nested more than {DEPTH} deep below it are not followed"]
    for number, reasons in ((DEPTH, []), (DEPTH + 1, told)):
        again = calling("g1();", nested(number))
        assert len(again.entered) == 1 + DEPTH
        assert [skip.reason for skip in again.program.cut_short] == reasons
