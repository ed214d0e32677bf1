# SPDX-License-Identifier: GPL-2.0-only
"""What a driver sets only after its registration, and what its callbacks make of that."""

from __future__ import annotations

from pathlib import Path

import pytest
from text_tree import TextTree, case_of
from windows import FOLLOWS_NEXT, chip_contract, tree

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore
from kscan.fixes import mended
from kscan.rules import selected

HEAD = """
struct list_head { struct list_head *next, *prev; };
struct inner { int size; struct foo *next; };
struct foo { struct iommu_device iommu; struct inner in; struct list_head *all;
             struct list_head node, own; struct foo *peers[4]; int lock, version;
             struct foo *next; int ready, number; unsigned long flags; atomic_t users;
             refcount_t held; seqlock_t seq; int (*hook)(struct foo *foo); };
static struct list_head every;
static struct { struct foo *foo; } params;
static struct foo *several[4];
static struct foo *counted[4];
static struct foo *only;
static struct mutex guard, guards[4];
static int loose;
static int unknown = -1;
static int fixed_at = 3;
static struct idr map;
static DEFINE_STATIC_KEY_FALSE(up);
static DEFINE_HASHTABLE(table, 4);
static int hooked(struct foo *foo) { return 0; }
#define ONE_OF(x) ((x)->ready = 1)
#define READY(x) do { (x)->ready = 1; } while (0)
#define READY_HELD(x) do { typeof(x) _x = (x); _x->ready = 1; } while (0)
#define TO_READY(x, y) ({ struct foo *_x = (x); typeof(y) _y = (y); _x->ready = _y; _y; })
#define COUNTED(x) ({ struct foo *_x = (x); int _n = 0; _n++; _x->ready = _n; })
static void set(struct foo *foo) { params.foo = foo; }
static void make(struct foo **to) { *to = kzalloc(sizeof(**to), 1); }
static void make_it(struct foo **to) { make(to); }
static void drop(struct foo **to) { *to = 0; }
static int bound_of(struct foo *foo) { if (!foo) return 0; return foo->number; }
static void use(struct foo *foo) { foo->lock = 1; }
static void fill(struct inner *in, struct foo *foo) { in->next = foo; }
static void use_next(struct foo *foo) { foo->next->lock = 1; }
static int next_of(struct foo *foo) { return ++foo->version; }
static void spin(struct foo *foo, int until) { while (foo->number < until) use(foo); }
static void settle(struct foo *foo)
{
    int until = foo->version;

    if (!foo->ready) until = next_of(foo);
    spin(foo, until);
}
static void join(struct foo *it) { struct foo *foo = it; foo->next = it; }
"""
DRIVER = """
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev), *each;

    %s
    return 0;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct device *dev, struct foo *foo)
{
    counted[0] = foo;
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    %s
    return 0;
}
"""

OPENING = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
"""What makes a fwspec, so that a device is offered to the instance that it names."""


def found(
    read: str, write: str, device: str = "0", before: str = "", *, uncovering: bool = False
) -> list[tuple[str, str, str]]:
    """What is late in a driver that reads so in a callback, and writes so after registering."""
    code = (HEAD + before + DRIVER % (read, write)).replace("&foo_ops, 0)", f"&foo_ops, {device})")
    made = tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING)
    case = case_of(made, uncovering=uncovering)
    return [
        (one.late.spelled, one.reader.effect.value, one.confidence.value) for one in case.late_reads
    ]


LOCKED = "spin_lock(&each->lock);"
BORN = "foo->next = kzalloc(sizeof(*foo), 1);"


@pytest.mark.parametrize(
    ("read", "write", "expected"),
    [
        # a setter's object is the caller's
        ("use(params.foo);", "set(foo);", [("params.foo", "crash", "high")]),
        ("use_next(foo);", "join(foo);", [("foo.next", "crash", "high")]),
        # an arm of a choice is a way out like another
        ("return !only ? -ENODEV : 0;", "only = foo;", [("only", "declined", "high")]),
        ("return only ? 0 : -ENODEV;", "only = foo;", [("only", "declined", "high")]),
        # elements stand for their array
        ("use(several[1]);", "several[0] = foo;", [("several", "crash", "medium")]),
        ("use(foo->peers[1]);", "foo->peers[0] = foo;", [("foo.peers", "crash", "medium")]),
        ("use(counted[1]);", "counted[1] = foo;", []),
        # a list is walked from a head that is there, and made ready
        ("list_for_each_entry(each, foo->all, node) use(each);", "foo->all = &every;",
         [("foo.all", "crash", "high")]),
        ("list_for_each_entry(each, &foo->own, node) use(each);", "INIT_LIST_HEAD(&foo->own);",
         [("foo.own", "unready", "high")]),
        ("list_for_each_entry (each, &foo->own, node) { use(each); }",
         "INIT_LIST_HEAD(&foo->own);", [("foo.own", "unready", "high")]),
        # a node is taken off a list that it is on, or was made ready for
        ("list_del_init(&foo->node);", "INIT_LIST_HEAD(&foo->node);",
         [("foo.node", "unready", "high")]),
        ("list_add_tail(&foo->node, &every);", "INIT_LIST_HEAD(&foo->node);", []),
        # an entry that is not on the list yet is not met there
        (f"list_for_each_entry(each, &every, node) {LOCKED}",
         "spin_lock_init(&foo->lock); list_add(&foo->node, &every);", []),
        (f"list_for_each_entry(each, foo->all, node) {LOCKED}",
         "spin_lock_init(&foo->lock); foo->all = &every;", [("foo.all", "crash", "high")]),
        ("hash_for_each_possible(table, each, node, 4) return 0; return -ENODEV;",
         "hash_add(table, &foo->node, 4);", [("table", "declined", "high")]),
        # a function that is not there is called all the same
        ("return foo->hook(foo);", "foo->hook = hooked;", [("foo.hook", "crash", "high")]),
        ("if (foo->hook) return foo->hook(foo);", "foo->hook = hooked;", []),
        # keys, counters and locks that are zero until then
        ("if (!static_branch_likely(&up)) return -ENODEV;", "static_branch_enable(&up);",
         [("up", "declined", "high")]),
        ("if (!refcount_inc_not_zero(&foo->held)) return -ENODEV;",
         "refcount_set(&foo->held, 1);", [("foo.held", "declined", "medium")]),
        ("write_seqlock(&foo->seq);", "seqlock_init(&foo->seq);",
         [("foo.seq", "unready", "high")]),
        ("kref_get(&foo->held);", "kref_init(&foo->held);", [("foo.held", "unready", "high")]),
        ("blocking_notifier_call_chain(&foo->own, 1, foo);",
         "BLOCKING_INIT_NOTIFIER_HEAD(&foo->own);", [("foo.own", "unready", "high")]),
        # a number that is zero until then leads to another element
        ("return foo->peers[foo->version]->lock;", "foo->version = 3;",
         [("foo.version", "wrong-value", "medium")]),
        ("use(several[foo->version]);", "foo->version = 3;",
         [("foo.version", "wrong-value", "medium")]),
        ("fill(&foo->in + 1, foo->peers[loose]);", "foo->version = 3;", []),
        # a number below zero says that it is not known yet
        ("if (unknown < 0) return -ENODEV;", "unknown = 4;", [("unknown", "declined", "high")]),
        ("BUG_ON(unknown < 0 || loose);", "unknown = 4;", [("unknown", "crash", "high")]),
        ("if (!unknown) return -ENODEV;", "unknown = 4;", []),
        ("if (fixed_at < 3) return -ENODEV;", "fixed_at = 4;", []),
        # a number that is written out tells zero from others
        ("if (foo->version >= 3) use(each);", "foo->version = 4;",
         [("foo.version", "wrong-value", "medium")]),
        ("if (foo->version) use(foo);", "foo->version = 4;", []),
        # nor does zero mean to somebody else what it will
        ("tell_firmware(4, foo->version);", "foo->version = 4;",
         [("foo.version", "wrong-value", "medium")]),
        ('dev_info(dev, "%d", foo->version);', "foo->version = 4;", []),
        ("if (foo->version) tell_firmware(4, foo->version);", "foo->version = 4;", []),
        # what it decides is not handed over
        ("return bound_of(only);", "only = foo;", []),
        ("return only ? 4 : 0;", "only = foo;", []),
        ("return foo->version;", "foo->version = 4;", [("foo.version", "wrong-value", "medium")]),
        # zero is zero, however it is spelled
        ("return loose ? 0 : -ENODEV;", "loose = 0U;", []),
        ("return loose ? 0 : -ENODEV;", "loose = 0x00ul;", []),
        ("return loose ? 0 : -ENODEV;", "loose = 0x10;", [("loose", "declined", "high")]),
        # of a struct that is not the driver's own, callbacks may set what they need
        ("return ((struct foo *)dev->bus->own)->lock;", "dev->bus->own = foo;",
         [("bus_type.own", "crash", "medium")]),
        ("if (loose) dev->bus->own = 0; return ((struct foo *)dev->bus->own)->lock;",
         "dev->bus->own = foo;", [("bus_type.own", "crash", "low")]),
        # a struct is set as a whole: by a literal, or by a copy of a local one
        ("use(foo->in.next);", "foo->in = (struct inner){ .next = foo };",
         [("foo.in.next", "crash", "high")]),
        ("use(foo->in.next);", "struct inner in = { .next = foo }; foo->in = in;",
         [("foo.in.next", "crash", "high")]),
        ("use(foo->in.next);", "struct inner in; in.next = foo; foo->in = in;",
         [("foo.in.next", "crash", "high")]),
        ("use(foo->in.next);", "struct inner in; in.next = foo; memcpy(&foo->in, &in, 8);",
         [("foo.in.next", "crash", "high")]),
        ("use(only->next);", "*only = (struct foo){ .next = foo };",
         [("foo.next", "crash", "high")]),
        ("use(foo->in.next);", "foo->in = (struct inner){ .size = 4, .next = 0 };", []),
        ("use(foo->in.next);", "struct inner in; foo->in = in; in.next = foo;", []),
        ("use(foo->in.next);", "struct inner in = { .next = foo }; use(in.next);", []),
        # no callback comes to a struct on the stack, nor to what lies in it
        ("use(foo->in.next);", "struct inner in; in.next = foo; use(in.next);", []),
        ("use(foo->in.next);", "struct foo two; two.in.next = foo; use(two.in.next);", []),
        ("use(foo->in.next);", "struct inner in; fill(&in, foo);", []),
        ("use(foo->in.next);", "struct inner *in = &foo->in; fill(in, foo);",
         [("inner.next", "crash", "high")]),
        # what is only made more exact was there before
        ("if (foo->version >= 3) use(each);", "foo->version = fixed(foo->version);", []),
        ("if (foo->version >= 3) use(each);",
         "int least = min(foo->version, 4), now = least + 1; foo->version = now;", []),
        ("if (foo->version >= 3) use(each);",
         "int least = min(foo->number, 4), now = least + 1; foo->version = now;",
         [("foo.version", "wrong-value", "medium")]),
        # what counts on is no set-up for itself: it begins with zero whenever it runs first
        ("settle(foo);", "settle(foo);", []),
        ("settle(foo);", "foo->version = next_of(foo);", [("foo.version", "wrong-value", "low")]),
    ],
)  # fmt: skip
def test_late_and_read(read: str, write: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(read, write) == expected


TWO = """
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);

    %s
}
static int foo_probe_device(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);

    %s
    return 0;
}
static const struct iommu_ops foo_ops = {
    .of_xlate = foo_of_xlate, .probe_device = foo_probe_device,
};
static int probe(struct device *dev, struct foo *foo)
{
    %s
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    params.foo = foo;
    only = foo;
    return 0;
}
"""
REFUSES = "if (!only) return -ENODEV; return 0;"


@pytest.mark.parametrize(
    ("xlate", "probed", "before", "sure"),
    [
        (REFUSES, "use(params.foo);", "", "medium"),
        # not for one and the same place, nor where it goes on, may be set, or runs later
        (REFUSES, "use(only);", "", None),
        ("if (!only) foo->ready = 1; return 0;", "use(params.foo);", "", "high"),
        (REFUSES, "use(params.foo);", "if (dev) only = foo;", "high"),
        ("use(params.foo); return 0;", "if (!only) return -ENODEV;", "", "high"),
    ],
)
def test_what_another_callback_refuses_before(
    xlate: str, probed: str, before: str, sure: str | None
) -> None:
    code = HEAD + TWO % (xlate, probed, before)
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING))
    crashes = [one for one in case.late_reads if one.reader.effect.value == "crash"]
    assert [one.confidence.value for one in crashes] == ([sure] if sure else [])
    told = "only comes in time: for want of it foo_of_xlate() refuses first"
    assert any(told in doubt for one in crashes for doubt in one.doubts) is (sure == "medium")


MACROS = """
#define THE_ONE only
#define LINK mk_link(virt_to_phys(only))
#define mk_link(pa) (((pa) >> 4) | 1)
#define MOST 4
#define ROUND around + loose
#define around ROUND
"""


@pytest.mark.parametrize(
    ("read", "write", "expected"),
    [
        ("use(THE_ONE);", "only = foo;", [("only", "crash", "high")]),
        ("return THE_ONE ? 0 : -ENODEV;", "only = foo;", [("only", "declined", "high")]),
        # a pointer is made a number of, and not followed
        ("foo->number = LINK;", "only = foo;", [("only", "wrong-value", "medium")]),
        ("foo->number = virt_to_phys(only);", "only = foo;", [("only", "wrong-value", "medium")]),
        ("foo->number = MOST;", "only = foo;", []),
        ("foo->number = ROUND;", "loose = 3;", [("loose", "wrong-value", "medium")]),
    ],
)
def test_a_macro_without_arguments_that_reads_an_object(
    read: str, write: str, expected: list[tuple[str, str, str]]
) -> None:
    assert found(read, write, before=MACROS) == expected


JOIN = "list_add(&foo->node, &every);"
FIRST = "list_for_each_entry(each, &every, node) return 0; return -ENODEV;"
TAKEN = "list_for_each_entry(each, &every, node) { foo = each; break; } return -ENODEV;"
CHOSEN = "list_for_each_entry(each, &every, node) if (each->number == 3) return 0; return -ENODEV;"
PASSED = (
    "list_for_each_entry(each, &every, node) { if (each->number != 3) continue; return 0; }"
    " return -ENODEV;"
)
CALLED = "list_for_each_entry(each, &every, node) if (each->number) use(each); return 0;"


@pytest.mark.parametrize(
    ("read", "device", "expected"),
    [
        (FIRST, "0", [("every", "declined", "high")]),
        (TAKEN, "0", [("every", "declined", "high")]),
        # whether another instance would do, nobody knows where devices are not told apart
        (CHOSEN, "0", []),
        (CHOSEN, "dev", [("every", "declined", "high")]),
        (PASSED, "0", []),
        (PASSED, "dev", [("every", "declined", "high")]),
        (CALLED, "dev", []),
    ],
)
def test_a_loop_that_takes_an_entry_of_a_list(
    read: str, device: str, expected: list[tuple[str, str, str]]
) -> None:
    assert found(read, JOIN, device) == expected


HANDING = """
static struct list_head others;
static struct xarray byid;
static struct foo *find_in(struct list_head *head)
{
    struct foo *each;

    list_for_each_entry(each, head, node) return each;
    return 0;
}
static struct foo *find_below(struct list_head *head) { return find_in(head); }
static struct foo *load_of(struct xarray *map) { return xa_load(map, 1); }
static void join_to(struct foo *foo, struct list_head *head) { list_add(&foo->node, head); }
static void join_below(struct foo *it, struct list_head *head) { join_to(it, head); }
"""
WANTED = "if (!%s) return -ENODEV;"


@pytest.mark.parametrize(
    ("read", "write", "expected"),
    [
        (WANTED % "find_in(&every)", JOIN, [("every", "declined", "high")]),
        (WANTED % "find_below(&every)", JOIN, [("every", "declined", "high")]),
        (WANTED % "find_in(&others)", JOIN, []),
        (WANTED % "find_in(foo->number ? &every : &others)", JOIN, []),
        (WANTED % "find_in(&foo->own)", "list_add(&foo->node, &foo->own);",
         [("foo.own", "declined", "high")]),
        (WANTED % "load_of(&byid)", "xa_store(&byid, 1, foo, 0);", [("byid", "declined", "high")]),
        (FIRST, "join_to(foo, &every);", [("every", "declined", "high")]),
        (FIRST, "join_below(foo, &every);", [("every", "declined", "high")]),
        (FIRST, "join_to(foo, &others);", []),
        (FIRST, "struct list_head *some = several[0]->all; join_to(foo, some);", []),
        (WANTED % "find_in(&foo->own)", "join_to(foo, &foo->own);",
         [("foo.own", "declined", "high")]),
    ],
)  # fmt: skip
def test_a_list_that_is_handed_to_a_function(
    read: str, write: str, expected: list[tuple[str, str, str]]
) -> None:
    assert found(read, write, "dev", before=HANDING) == expected


def test_what_joins_early_through_a_function_is_not_late() -> None:
    early = "join_to(foo, &every); counted[0] = foo;"
    code = HEAD + HANDING + DRIVER.replace("counted[0] = foo;", early) % (FIRST, JOIN)
    assert not case_of(tree(drivers__iommu__foo_c=code)).late_reads


NEXT = [("foo.next", "crash", "high")]
LATE = "foo->next = foo;"


@pytest.mark.parametrize(
    ("read", "write", "expected"),
    [
        # a loop of a known length ends
        ("use(foo->next);", f"int i; for (i = 0; i < 2; i++) use(foo); {LATE}", NEXT),
        ("use(foo->next);", f"int i; for (i = 3; i >= 0; i--) use(foo); {LATE}", NEXT),
        ("use(foo->next);", f"int i = 9; while (i > 0) i--; {LATE}", NEXT),
        ("int i; for (i = 0; i < 2; i++) use(foo); use(foo->next);", LATE, NEXT),
        ("use(foo->next);", f"for (loose = 0; loose < 2; loose++) use(foo); {LATE}", NEXT),
        # counting is a store
        ("if (!loose) return -ENODEV;", "loose++;", [("loose", "declined", "high")]),
        # a pointer is published by a macro, an atomic or a bit set by a function
        ("use(only);", "WRITE_ONCE(only, foo);", [("only", "crash", "high")]),
        ("use(only);", "rcu_assign_pointer(only, foo);", [("only", "crash", "high")]),
        ("use(only);", "smp_store_release(&only, foo);", [("only", "crash", "high")]),
        ("use(only);", "xchg(&only, foo);", [("only", "crash", "high")]),
        ("use(only);", "cmpxchg(&only, 0, foo);", [("only", "crash", "high")]),
        ("use(smp_load_acquire(&only));", "only = foo;", [("only", "crash", "high")]),
        ("if (!test_bit(1, &foo->flags)) return -ENODEV;", "set_bit(1, &foo->flags);",
         [("foo.flags", "declined", "high")]),
        ("if (!atomic_read(&foo->users)) return -ENODEV;", "atomic_set(&foo->users, 1);",
         [("foo.users", "declined", "high")]),
        ("if (!foo->ready) return -ENODEV;", "READY(foo);", [("foo.ready", "declined", "high")]),
        ("if (!foo->ready) return -ENODEV;", "ONE_OF(foo);", [("foo.ready", "declined", "high")]),
        ("if (!foo->ready) return -ENODEV;", "READY_HELD(foo);",
         [("foo.ready", "declined", "high")]),
        ("if (!foo->ready) return -ENODEV;", "TO_READY((void *)foo, 1);",
         [("foo.ready", "declined", "high")]),
        ("if (!foo->ready) return -ENODEV;", "COUNTED(foo);", []),
        # a pointer that is the late one on one way of several
        ("each = foo; if (foo->number) each = only; use(each);", "only = foo;",
         [("only", "crash", "high")]),
        ("each = only; if (!each) each = foo; use(each);", "only = foo;", []),
        # what is read only where something late is there, is not read
        ("if (foo->ready) use(foo->next);", f"{LATE} foo->ready = 1;", []),
        ("if (!foo->ready) return 0; use(foo->next);", f"{LATE} foo->ready = 1;", []),
        ("if (test_bit(1, &foo->flags)) use(foo->next);", f"{LATE} set_bit(1, &foo->flags);", []),
        ("int i; for (i = 0; i < foo->number; i++) use(foo->next);",
         f"{LATE} foo->number = 4;", []),
        ("if (foo->ready) use(foo->next);", LATE, NEXT),
        ("if (!foo->ready) return -ENODEV; use(foo->next);", f"{LATE} foo->ready = 1;",
         [("foo.ready", "declined", "high")]),
        ("int i; for (i = 0; i < loose; i++) if (several[i]->lock) return 0; return -ENODEV;",
         "several[loose++] = foo;", [("loose", "declined", "high")]),
        # stored through the pointer that a callee is given, and by that one's callee
        ("use(foo->next);", "make(&foo->next);", NEXT),
        ("use(foo->next);", "make_it(&foo->next);", NEXT),
        ("use(foo->next);", "drop(&foo->next);", []),
        # zero is another number than that of a case
        ("switch (foo->number) { case 1: use(foo->next); break; default: break; }",
         f"{LATE} foo->number = 1;", [("foo.number", "wrong-value", "medium")]),
        ("switch (foo->number) { case 0: use(foo->next); break; case 1: break; }",
         f"{LATE} foo->number = 1;", [*NEXT, ("foo.number", "wrong-value", "medium")]),
        # an entry is found by its key
        ("use(idr_find(&map, 1));", "idr_alloc(&map, foo, 0, 0, 0);", [("map", "crash", "high")]),
        ("if (!xa_load(&map, 1)) return -ENODEV;", "xa_store(&map, 1, foo, 0);",
         [("map", "declined", "high")]),
        ("use(idr_find(&map, 1));", "idr_alloc(&every, foo, 0, 0, 0);", []),
        # a lock of the file is made ready late, and what makes it ready does not use it
        ("mutex_lock(&guard);", "mutex_init(&guard);", [("guard", "unready", "high")]),
        ("spin_lock_init(&foo->lock);", "spin_lock_init(&foo->lock);", []),
        ("mutex_lock(&guards[loose]);", "int i; for (i = 0; i < 4; i++) mutex_init(&guards[i]);",
         [("guards", "unready", "high")]),
        ("mutex_lock(&guards[loose]);", "mutex_init(&guard);", []),
        # what is allocated late has nothing that comes too late, nor is there an object to ask
        ("spin_lock(&foo->next->lock);", f"{BORN} spin_lock_init(&foo->next->lock);",
         [("foo.next", "crash", "medium")]),
        ("if (foo->next) spin_lock(&foo->next->lock);",
         f"{BORN} spin_lock_init(&foo->next->lock);", []),
        ("spin_lock(&foo->next->lock);", "foo->next = only; spin_lock_init(&foo->next->lock);",
         [("foo.next", "crash", "medium"), ("foo.lock", "unready", "high")]),
    ],
)  # fmt: skip
def test_how_drivers_spell_it(read: str, write: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(read, write) == expected


@pytest.mark.parametrize(
    ("write", "read", "late"),
    [
        # while one is NULL the other is as well, and dereferenced first
        ("foo->in.next = foo; foo->next = foo;", "foo->next->lock = foo->in.next->lock;",
         ["foo.in.next", "foo.next"]),
        ("foo->in.next = foo; foo->next = foo;", "foo->next->lock = 1; foo->in.next->lock = 1;",
         ["foo.next"]),
        ("foo->in.next = foo; foo->next = foo;",
         "if (loose) foo->next->lock = 1; foo->in.next->lock = 1;", ["foo.in.next", "foo.next"]),
        ("foo->in.next = foo; foo->next = foo;",
         "if (foo->next) foo->next->lock = 1; foo->in.next->lock = 1;", ["foo.in.next"]),
        # while one is set the other may be NULL yet
        ("foo->next = foo; foo->in.next = foo;", "foo->next->lock = 1; foo->in.next->lock = 1;",
         ["foo.next", "foo.in.next"]),
    ],
)  # fmt: skip
def test_a_crash_hides_what_is_set_before_and_met_after_it(
    write: str, read: str, late: list[str]
) -> None:
    assert [name for name, _, _ in found(read, write)] == late
    if len(late) == 1 and "if" not in read:
        assert len(found(read, write, uncovering=True)) == 2


@pytest.mark.parametrize(
    ("handed", "expected"), [("foo", NEXT), ("NULL", []), ("0", []), ("only", NEXT)]
)
def test_a_function_that_is_handed_nothing_sets_nothing(
    handed: str, expected: list[tuple[str, str, str]]
) -> None:
    both = (
        "static void put(struct foo *foo, struct foo *next) { foo->next = next; }\n"
        "static void put_it(struct foo *foo, struct foo *next) { put(foo, next); }\n"
    )
    assert found("use(foo->next);", f"put_it(foo, {handed});", before=both) == expected


@pytest.mark.parametrize(
    ("write", "number"),
    [
        ('of_property_read_u32(dev->of_node, "size", &foo->number);', 1),
        ('if (device_property_read_u32(dev, "size", &foo->number)) foo->number = 3;', 1),
        ('of_property_read_u32_index(dev->of_node, "size", 2, &foo->number);', 1),
        ("regmap_read(foo->next, 4, &foo->number);", 1),
        # another function may only read what it is handed, and another argument be read
        ("compute(dev, 4, &foo->number);", 0),
        ('of_property_read_u32_index(dev->of_node, "size", &foo->number, &loose);', 0),
    ],
)
def test_what_a_function_fills_in_by_a_pointer(write: str, number: int) -> None:
    read = "if (foo->number > 4) foo->lock = 1;"
    assert found(read, write) == found(read, "foo->number = 3;") * number


def test_what_a_late_flag_hides_can_be_uncovered() -> None:
    read = "if (!foo->ready) return -ENODEV; use(foo->next);"
    both = [*NEXT, ("foo.ready", "declined", "high")]
    assert found(read, f"{LATE} foo->ready = 1;", uncovering=True) == both


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("", NEXT),
        ("if (dev) foo->next = foo;", [("foo.next", "crash", "medium")]),
        # unless it is there
        ("if (!foo->next) foo->next = foo;", []),
        ("if (foo->next == 0) { use(only); foo->next = foo; }", []),
        ("if (dev) if (!foo->next) foo->next = foo;", [("foo.next", "crash", "medium")]),
        ("if (foo->next) foo->next = foo;", [("foo.next", "crash", "medium")]),
        ("if (!foo->all) foo->next = foo;", [("foo.next", "crash", "medium")]),
        ("if (!foo->next) { if (dev) foo->next = foo; }", [("foo.next", "crash", "medium")]),
        # on every way, if not by one store
        ("if (dev) foo->next = foo; else foo->next = 0;", []),
        ("switch (loose) { case 1: foo->next = foo; break; default: foo->next = 0; }", []),
        ("switch (loose) { case 1: foo->next = foo; break; }", [("foo.next", "crash", "medium")]),
        # which a zero alone does not show
        ("foo->next = 0;", NEXT),
        ("if (dev) foo->next = 0;", NEXT),
        ("memset(&foo->next, 0, sizeof(foo->next));", NEXT),
        ("memset(&foo->next, 0xff, sizeof(foo->next));", []),
        ("*foo = (struct foo){ .number = 3 };", NEXT),
        ("*foo = (struct foo){ .next = foo };", []),
        ("*foo = (struct foo){ { 0 } };", []),  # who knows which
        # with all of the object, unless it is copied from another instance
        ("*foo = template;", []),
        ("memcpy(foo, &template, sizeof(*foo));", []),
        ("if (dev) *foo = template;", [("foo.next", "crash", "medium")]),
        ("*foo = *only;", NEXT),
        ("memcpy(foo, only, sizeof(*foo));", NEXT),
        ("*dev = model;", NEXT),
        # through a pointer
        ("make(&foo->next);", []),
        # by a macro that publishes
        ("WRITE_ONCE(foo->next, foo);", []),
        ("rcu_assign_pointer(foo->next, foo);", []),
        ("swap(foo->next, only);", []),
    ],
)
def test_written_before_as_well(before: str, expected: list[tuple[str, str, str]]) -> None:
    head = HEAD + "static struct foo template;\nstatic struct device model;\n"
    driver = DRIVER.replace("    counted[0] = foo;", f"    {before}")
    case = case_of(tree(drivers__iommu__foo_c=head + driver % ("use(foo->next);", LATE)))
    assert [
        (one.late.spelled, one.reader.effect.value, one.confidence.value) for one in case.late_reads
    ] == expected


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("int level;", [("level", "wrong-value", "medium")]),
        ("int level = 4;", []),
        ("int level = -1;", []),
    ],
)
def test_a_global_that_another_file_defines(
    definition: str, expected: list[tuple[str, str, str]]
) -> None:
    code = HEAD + "extern int level;\n" + DRIVER % ("if (level >= 3) use(each);", "level = 4;")
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__iommu__foo_hw_c=definition))
    assert [
        (one.late.spelled, one.reader.effect.value, one.confidence.value) for one in case.late_reads
    ] == expected


EACH = "iommu_device_register(&foo->iommu, &foo_ops, 0);"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # one object after the other, each of them complete before it is registered
        (f"for (; foo; foo++) {{ if (dev) {LATE} @ }}", []),
        (f"int i; for (i = 0; i < 4; i++) {{ foo = several[i]; if (dev) {LATE} @ }}", []),
        (f"int i; for (i = 0; i < 4; i++) {{ foo = several[i]; @ {LATE} }}",
         [("foo.next", "crash", "medium")]),
        # the object is the same, or is registered before its loop begins
        (f"for (; loose; loose++) {{ if (dev) {LATE} @ }}", [("foo.next", "crash", "medium")]),
        (f"@ for (; foo; foo++) {{ {LATE} }}", NEXT),
        # another element of the same object
        ("int i, n; for (i = 0; i < 4; i++) { n = nr_of(i); if (n < 4) foo->peers[n] = foo; @ }",
         []),
        ("int i, n = nr_of(0); for (i = 0; i < 4; i++) { if (i) foo->peers[n] = foo; @ }",
         [("foo.peers", "crash", "medium")]),
        # before the first is registered, or before another one
        (f"int i; for (i = 0; i < 4; i++) {{ if (!i) {LATE} @ }}", []),
        (f"int i; for (i = 0; i < 4; i++) {{ if (i == 1) {LATE} @ }}",
         [("foo.next", "crash", "medium")]),
        (f"int i = loose; for (; i < 4; i++) {{ if (!i) {LATE} @ }}",
         [("foo.next", "crash", "medium")]),
        (f"int i; for (i = 0; i < 4; i++) {{ if (dev) i -= 2; if (!i) {LATE} @ }}",
         [("foo.next", "crash", "medium")]),
        (f"int i; for (i = 0; i < 4; i++) {{ for_each_set_bit(i, &foo->flags, 4) use(foo);"
         f" if (!i) {LATE} @ }}", [("foo.next", "crash", "medium")]),
    ],
)  # fmt: skip
def test_registered_in_a_loop(body: str, expected: list[tuple[str, str, str]]) -> None:
    driver = DRIVER.replace(EACH, "%s")
    read = "use(foo->next); use(foo->peers[foo->number]);"
    code = HEAD + driver % (read, body.replace("@", EACH), "")
    case = case_of(tree(drivers__iommu__foo_c=code))
    assert [
        (one.late.spelled, one.reader.effect.value, one.confidence.value) for one in case.late_reads
    ] == expected


@pytest.mark.parametrize(
    ("write", "late"),
    [
        ("foo->peers[foo->number++] = foo;", []),
        ("foo->peers[foo->version] = foo; foo->number++;", ["foo.peers"]),
        ("foo->peers[i] = foo;", ["foo.peers"]),
    ],
)
def test_elements_that_are_counted_as_they_are_set(write: str, late: list[str]) -> None:
    driver = DRIVER.replace(EACH, "%s")
    loop = f"int i; for (i = 0; i < 4; i++) {{ {EACH} {write} }}"
    read = "int i; for (i = 0; i < foo->number; i++) use(foo->peers[i]);"
    case = case_of(tree(drivers__iommu__foo_c=HEAD + driver % (read, loop, "")))
    crashes = [one for one in case.late_reads if one.reader.effect.value == "crash"]
    assert [one.late.spelled for one in crashes] == late


@pytest.mark.parametrize(
    ("each", "late"), [("foo = several[i];", False), ("if (dev) foo = several[i];", True)]
)
def test_made_ready_in_a_loop_before_it_is_registered(each: str, *, late: bool) -> None:
    loop = f"int i; for (i = 0; i < 4; i++) {{ {each} if (dev) spin_lock_init(&foo->lock); @ }}"
    driver = DRIVER.replace(EACH, "%s")
    code = HEAD + driver % ("spin_lock(&foo->lock);", loop.replace("@", EACH), "")
    case = case_of(tree(drivers__iommu__foo_c=code))
    assert [one.late.spelled for one in case.late_reads] == ["foo.lock"] * late


@pytest.mark.parametrize(
    ("read", "sure"),
    [
        ("if (!foo->ready) return -EAGAIN;", "low"),
        ("int ret = -EAGAIN; if (!foo->ready) goto out; ret = 0; out: return ret;", "low"),
        ("if (!foo->ready) return -EPROBE_DEFER;", "high"),
        ("if (!foo->ready) { if (loose) return -EAGAIN; return -ENODEV; }", "high"),
    ],
)
def test_an_error_that_says_to_come_again(read: str, sure: str) -> None:
    assert found(read, "foo->ready = 1;") == [("foo.ready", "declined", sure)]


STAGES = """
static void mark(struct foo *foo) { foo->version = 3; }
static int __init early(struct foo *foo) { WAY return 0; }
static int __init late(struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    mark(foo);
    return 0;
}
"""


@pytest.mark.parametrize(
    ("way", "late"),
    [("foo->version = 3;", False), ("mark(foo);", False), ("late(foo);", True), ("", True)],
)
def test_what_an_earlier_init_stage_writes_is_not_late(way: str, *, late: bool) -> None:
    callback = DRIVER[: DRIVER.index("static int probe")] % "if (foo->version >= 3) use(each);"
    case = case_of(tree(drivers__iommu__foo_c=HEAD + callback + STAGES.replace("WAY", way)))
    assert bool(case.late_reads) is late


LATER = """
static int foo_probe(struct platform_device *pdev)
{
    struct foo *foo = 0;

    return iommu_device_register(&foo->iommu, &foo_ops, 0);
}
static struct platform_driver foo_driver = { .probe = foo_probe };
static int __init foo_init(void) { return platform_driver_register(&foo_driver); }
static int __init foo_set(void) { only = foo_find(); return 0; }
%s
"""


@pytest.mark.parametrize(
    ("stages", "late"),
    [
        ("subsys_initcall(foo_init); late_initcall(foo_set);", True),
        ("subsys_initcall(foo_init); device_initcall_sync(foo_set);", True),
        ("builtin_platform_driver(foo_driver); late_initcall(foo_set);", True),
        ("module_init(foo_init); core_initcall(foo_set);", False),
        ("module_init(foo_init); device_initcall(foo_set);", False),
        ("subsys_initcall(foo_init);", False),
        ("late_initcall(foo_set);", False),
    ],
)
def test_what_a_later_init_stage_writes_is_late(stages: str, *, late: bool) -> None:
    callback = DRIVER[: DRIVER.index("static int probe")] % "only->lock = 1;"
    code = HEAD + callback + LATER % stages
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__open_c=OPENING))
    found = [(one.late.spelled, one.confidence.value) for one in case.late_reads]
    assert found == [("only", "medium")] * late


def test_a_later_init_stage_is_no_earlier_one() -> None:
    callback = DRIVER[: DRIVER.index("static int probe")] % "only->lock = 1;"
    code = HEAD + callback + LATER % "subsys_initcall(foo_init); late_initcall(foo_set);"
    code = code.replace(
        "return iommu_device_register(&foo->iommu, &foo_ops, 0);",
        "iommu_device_register(&foo->iommu, &foo_ops, 0); only = foo; return 0;",
    )
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__open_c=OPENING))
    assert [one.late.spelled for one in case.late_reads] == ["only"]


BUSES = """
struct platform_device { struct device dev; };
struct auxiliary_device { struct device dev; };
struct inner { int size; struct foo *next; };
struct foo { struct iommu_device iommu; struct inner in; };
static int foo_of_xlate(struct device *dev)
{
    struct platform_device *pdev = of_find_device_by_node(dev);
    struct foo *foo = %s;

    return foo->iommu.ops != 0;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct %s *xdev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    %s;
    return 0;
}
"""


@pytest.mark.parametrize(
    ("read", "bus", "write", "late"),
    [
        ("platform_get_drvdata(pdev)", "platform", "platform_set_drvdata(xdev, foo)", True),
        ("dev_get_drvdata(&pdev->dev)", "platform", "platform_set_drvdata(xdev, foo)", True),
        ("platform_get_drvdata(pdev)", "platform", "dev_set_drvdata(&xdev->dev, foo)", True),
        ("platform_get_drvdata(pdev)", "auxiliary", "auxiliary_set_drvdata(xdev, foo)", False),
        ("dev_get_drvdata(&pdev->dev)", "auxiliary", "dev_set_drvdata(&xdev->dev, foo)", False),
    ],
)
def test_driver_data_of_another_bus(read: str, bus: str, write: str, *, late: bool) -> None:
    code = BUSES % (read, f"{bus}_device", write)
    case = case_of(tree(drivers__iommu__foo_c=code))
    assert bool(case.late_reads) is late


TWO_BUSES = """
struct platform_device { struct device dev; };
struct auxiliary_device { struct device dev; };
struct usb_interface { struct device dev; };
struct foo { struct iommu_device iommu; };
static int foo_of_xlate(struct device *dev)
{
    struct %s *found = of_find_device_by_node(dev);
    struct foo *foo = %s;

    return foo->iommu.ops != 0;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct platform_device *pdev, struct auxiliary_device *adev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    platform_set_drvdata(pdev, foo);
    auxiliary_set_drvdata(adev, foo);
    return 0;
}
"""


@pytest.mark.parametrize(
    ("bus", "read", "setter"),
    [
        ("platform_device", "platform_get_drvdata(found)", "platform_set_drvdata(pdev, foo);"),
        ("auxiliary_device", "auxiliary_get_drvdata(found)", "auxiliary_set_drvdata(adev, foo);"),
        ("auxiliary_device", "dev_get_drvdata(&found->dev)", "auxiliary_set_drvdata(adev, foo);"),
        ("device", "dev_get_drvdata(found)", "platform_set_drvdata(pdev, foo);"),
        ("usb_interface", "dev_get_drvdata(&found->dev)", ""),
    ],
)
def test_driver_data_of_two_devices(bus: str, read: str, setter: str) -> None:
    """Each is late for who reads that of its bus; who reads of any bus meets the first."""
    case = case_of(tree(drivers__iommu__foo_c=TWO_BUSES % (bus, read)))
    reader = case.program.reader
    setting = [
        reader.source_line(path, reader.position(path, one.late.write.at)[0]).strip()
        for one in case.late_reads
        for path in [one.late.write.function.path]
    ]
    assert setting == ([setter] if setter else [])


COMPAT = """
#include <linux/iommu.h>
static inline int foo_add(struct iommu_device *iommu, const struct iommu_ops *ops)
{
    iommu->ops = ops;
    return iommu_device_register(iommu, ops, 0);
}
"""


def _of_two(name: str, before: str, after: str) -> str:
    """One of two drivers that register through the same function."""
    body = BUSES % ("platform_get_drvdata(pdev)", "platform_device", after)
    register = "iommu_device_register(&foo->iommu, &foo_ops, 0)"
    called = f"{before}; foo_add(&foo->iommu, &foo_ops)"
    code = body.replace(register, called).replace("foo_ops", f"{name}_ops")
    return '#include "compat.h"\n' + code.replace("foo_of_xlate", f"{name}_of_xlate")


@pytest.mark.parametrize(
    ("one", "two"),
    [("early", "late"), ("late", "early"), ("late", "late"), ("early", "early")],
)
def test_drivers_that_register_through_one_function(one: str, two: str) -> None:
    store = "platform_set_drvdata(xdev, foo)"
    ways = {"early": (store, ""), "late": ("", store)}
    case = case_of(
        tree(
            drivers__iommu__compat_h=COMPAT,
            drivers__iommu__one_c=_of_two("one", *ways[one]),
            drivers__iommu__two_c=_of_two("two", *ways[two]),
        )
    )
    named = {"one": one, "two": two}
    assert {read.reader.callback.entry.function.name for read in case.late_reads} == {
        f"{name}_of_xlate" for name, way in named.items() if way == "late"
    }


def test_a_driver_that_hands_over_either_of_two_tables() -> None:
    store = "platform_set_drvdata(xdev, foo)"
    code = _of_two("one", "if (!foo) foo_add(0, &other_ops)", store)
    other = "static const struct iommu_ops other_ops = { .of_xlate = other_of_xlate };"
    callback = code[code.index("static int one_of_xlate") : code.index("static const")]
    code = code.replace("static const", callback.replace("one_", "other_") + other + "static const")
    case = case_of(tree(drivers__iommu__compat_h=COMPAT, drivers__iommu__one_c=code))
    assert {read.reader.callback.entry.function.name for read in case.late_reads} == {
        "one_of_xlate",
        "other_of_xlate",
    }


SPLIT = """
MARK int split(struct foo *foo) { return iommu_device_register(&foo->iommu, &foo_ops, 0); }
static int probe(struct device *dev, struct foo *foo)
{
    int err = split(foo);
    foo->version = 1;
    return err;
}
OTHER
"""
OTHER = "static int again(struct foo *foo) { return split(foo); }"


@pytest.mark.parametrize(
    ("mark", "other", "confidence"),
    [("static", "", "medium"), ("static", OTHER, "low"), ("", "", "low")],
)
def test_a_registration_split_off_for_one_caller_is_as_sure_as_in_it(
    mark: str, other: str, confidence: str
) -> None:
    callback = DRIVER[: DRIVER.index("static int probe")] % "if (foo->version >= 3) use(each);"
    code = HEAD + callback + SPLIT.replace("MARK", mark).replace("OTHER", other)
    case = case_of(tree(drivers__iommu__foo_c=code))
    (read,) = case.late_reads
    assert (read.late.spelled, read.confidence.value) == ("foo.version", confidence)
    assert ("the late write stands in a caller" in read.doubts) is (confidence == "low")


HOOKED = """
struct soc { int (*bring_up)(struct foo *foo); };
static int bring_up(struct foo *foo) { return iommu_device_register(&foo->iommu, &foo_ops, 0); }
static const struct soc soc = { .bring_up = bring_up };
static int probe(struct device *dev, struct foo *foo, const struct soc *of)
{
    int err;

    BEFORE
    err = of->bring_up(foo);
    foo->version = 1;
    return err;
}
"""


@pytest.mark.parametrize(("before", "late"), [("", True), ("foo->version = 1;", False)])
def test_a_registration_that_only_a_member_of_a_struct_leads_to(before: str, *, late: bool) -> None:
    callback = DRIVER[: DRIVER.index("static int probe")] % "if (foo->version >= 3) use(each);"
    code = HEAD + callback + HOOKED.replace("BEFORE", before)
    assert bool(case_of(tree(drivers__iommu__foo_c=code)).late_reads) is late


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("drivers__iommu__hw_h", "#define FOO_NEXT(foo) ((foo)->next)\n"),
        ("include__linux__hw_h", "#define FOO_NEXT(foo) ((foo)->next)\n"),
        (
            "include__linux__hw_h",
            "static inline struct foo *FOO_NEXT(struct foo *foo)\n{\n    return foo->next;\n}\n",
        ),
    ],
)
def test_a_member_that_a_header_reads_for_the_driver(header: str, text: str) -> None:
    include = '#include "hw.h"' if header.startswith("drivers") else "#include <linux/hw.h>"
    code = HEAD + f"\n{include}\n" + DRIVER % ("use(FOO_NEXT(foo));", "foo->next = foo;")
    case = case_of(tree(drivers__iommu__foo_c=code, **{header: text}))
    assert [(one.late.spelled, one.reader.effect.value) for one in case.late_reads] == [
        ("foo.next", "crash")
    ]


MAKES = """
struct bar { struct foo *foo; int result; };
static struct bar *bar_of(struct device *dev) { return dev_iommu_priv_get(dev); }
static int foo_of_xlate(struct device *dev)
{
    %s
    return 0;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static struct foo *foo_probe(struct device *dev, struct bar *bar)
{
    struct foo *foo = devm_kzalloc(dev, sizeof(*foo), 1);

    %s
    if (iommu_device_register(&foo->iommu, &foo_ops, 0))
        return 0;
    return foo;
}
static int bar_probe(struct device *dev, struct bar *bar)
{
    bar->foo = foo_probe(dev, bar);
    return 0;
}
static int direct(struct device *dev, struct bar *bar, struct foo *foo)
{
    bar->result = iommu_device_register(&foo->iommu, &foo_ops, 0);
    return bar->result;
}
"""


@pytest.mark.parametrize(
    ("read", "before", "expected"),
    [
        ("use(bar_of(dev)->foo);", "", [("bar.foo", "crash")]),
        ("use(bar_of(dev)->foo);", "bar->foo = foo;", []),
        # what the registration returns is no news once it has returned 0
        ("if (bar_of(dev)->result > 3) return -ENODEV;", "", []),
    ],
)
def test_what_is_stored_of_the_call_that_registers(
    read: str, before: str, expected: list[tuple[str, str]]
) -> None:
    case = case_of(tree(drivers__iommu__foo_c=HEAD + MAKES % (read, before)))
    assert [(one.late.spelled, one.reader.effect.value) for one in case.late_reads] == expected


REFUSING = """
static int foo_of_xlate(struct device *dev, void *rarely)
{
    if (rarely)
        return -EOPNOTSUPP;
    return 0;
}
static int foo_probe_device(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);

    use(foo->next);
    return 0;
}
static const struct iommu_ops foo_ops = {
    .of_xlate = foo_of_xlate, .probe_device = foo_probe_device,
};
static int probe(struct device *dev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    foo->next = foo;
    return 0;
}
"""


def test_a_callback_that_refuses_what_nobody_hands_over_keeps_no_other_from_running() -> None:
    case = case_of(tree(drivers__iommu__foo_c=HEAD + REFUSING))
    assert [one.reader.callback.function.name for one in case.late_reads] == ["foo_probe_device"]


@pytest.mark.parametrize(
    ("call", "read", "expected"),
    [
        # what the core never hands over keeps nothing back
        ("ops->of_xlate(dev, 0)", "if (rarely) return -EOPNOTSUPP; use(only);", ["crash"]),
        ("ops->of_xlate(dev, NULL)", "if (!rarely && !only) return -ENODEV;", ["declined"]),
        ("ops->of_xlate(dev, NULL)", "if (rarely) use(only);", []),
        # of what it does, or may, it is a valid one
        ("ops->of_xlate(dev, dev)", "if (rarely) use(only);", ["crash"]),
        ("ops->of_xlate(dev, ops ? dev : 0)", "if (!rarely) use(only);", []),
        ("ops->of_xlate(dev, 0); ops->of_xlate(dev, dev)", "if (rarely) use(only);", ["crash"]),
    ],
)
def test_an_argument_that_the_core_hands_over_as_null(
    call: str, read: str, expected: list[str]
) -> None:
    code = HEAD + DRIVER % (read, "only = foo;")
    code = code.replace("xlate(struct device *dev)", "xlate(struct device *dev, void *rarely)")
    text = tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING)
    case = case_of(text.replace("ops->of_xlate(dev)", call))
    assert [one.reader.effect.value for one in case.late_reads] == expected


KEEPING = """
static void keep(struct foo *foo, struct foo *next) { foo->next = next; }
static struct foo *kept(struct foo *foo) { return foo->next; }
"""


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        # what a helper stored is there for who calls it, and for the next one
        ("keep(foo, only); use(foo->next);", [("only", "crash", "high")]),
        ("keep(foo, only); use(kept(foo));", [("only", "crash", "high")]),
        ("keep(foo, only); use_next(foo);", [("only", "crash", "high")]),
        ("if (!foo->next) keep(foo, only); use(foo->next);", [("only", "crash", "high")]),
        ("if (!foo->next) foo->next = only; use(foo->next);", [("only", "crash", "high")]),
        ("keep(foo, only); if (!foo->next) return -ENODEV;", [("only", "declined", "high")]),
        ("keep(foo, only); if (foo->next) use(foo->next);", []),
        # until something else is
        ("keep(foo, only); keep(foo, foo); use(foo->next);", []),
        ("keep(foo, foo); keep(foo, only); keep(foo, foo); use_next(foo);", []),
        ("keep(foo, only); foo->next = foo; use(kept(foo));", []),
    ],
)
def test_what_a_callback_keeps_and_looks_at_again(
    read: str, expected: list[tuple[str, str, str]]
) -> None:
    assert found(read, "only = foo;", before=KEEPING) == expected


COUNTING = """
static void push(struct foo *foo)
{
    if (foo->number >= 8)
        drain(foo);
    %s
}
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);

    %s
    push(foo);
    return 0;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct device *dev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    %s
    return 0;
}
"""


@pytest.mark.parametrize(
    ("push", "read", "late", "expected"),
    [
        # who pushes late finds no other number there than who pushes first
        ("foo->number = next(foo);", "", "push(foo);", []),
        ("set_up(foo);", "", "push(foo);", []),
        # who only reads it might expect that it was set
        ("set_up(foo);", "if (foo->number >= 3) use(foo);", "push(foo);", ["foo.number"]),
        # and what is set up apart from that is late for everybody
        ("foo->number = next(foo);", "", "push(foo); foo->number = 4;", ["foo.number"]),
        ("set_up(foo);", "", "push(foo); set_up(foo);", ["foo.number"]),
        ("", "", "foo->number = 4;", ["foo.number"]),
    ],
)
def test_a_number_that_only_its_reader_writes(
    push: str, read: str, late: str, expected: list[str]
) -> None:
    code = HEAD + "static void set_up(struct foo *foo) { foo->number = next(foo); }"
    case = case_of(tree(drivers__iommu__foo_c=code + COUNTING % (push, read, late)))
    assert [one.late.spelled for one in case.late_reads] == expected


CHILDREN = """
struct platform_device { struct device dev; };
struct platform_driver { int (*probe)(struct platform_device *pdev); };
struct bank { struct foo *foo; int number; };
static int bank_probe(struct platform_device *pdev)
{
    struct device *dev = &pdev->dev;
    struct foo *foo = dev_get_drvdata(dev->parent);
    struct bank *bank = devm_kzalloc(dev, sizeof(*bank), GFP_KERNEL);

    platform_set_drvdata(pdev, bank);
    bank->foo = foo;
    bank->number = 4;
    foo->next = foo;
    %s
    return 0;
}
static struct platform_driver bank_driver = { .probe = bank_probe };
"""
POPULATE = "devm_of_platform_populate(dev);"


@pytest.mark.parametrize(
    ("read", "early", "late", "expected"),
    [
        ("use(foo->next);", "", POPULATE, [("foo.next", "crash")]),
        ("use(foo->next);", "", "of_platform_populate(np, 0, 0, dev);", [("foo.next", "crash")]),
        ("if (!foo->peers[1]) return -ENODEV;", "", POPULATE, [("foo.peers", "declined")]),
        # what is made before is there
        ("use(foo->next);", POPULATE, "foo->next = foo;", []),
        ("use(foo->next);", POPULATE, POPULATE, []),
        # the child's own is not what the parent has
        ("return ((struct bank *)foo->next)->number;", POPULATE, POPULATE, []),
        ("use(dev_get_drvdata(foo->dev));", "", POPULATE, []),
        ("use(foo->next);", "", "of_platform_depopulate(dev);", []),
    ],
)
def test_what_the_drivers_of_devices_below_set(
    read: str, early: str, late: str, expected: list[tuple[str, str]]
) -> None:
    before = CHILDREN % "foo->peers[1] = foo;"
    code = (HEAD + before + DRIVER % (read, late)).replace("counted[0] = foo;", early)
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING))
    assert [(one.late.spelled, one.reader.effect.value) for one in case.late_reads] == expected


REGISTER = "iommu_device_register(&foo->iommu, &foo_ops, 0)"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("return @ ?: later(foo);", True),
        ("return @ || later(foo);", True),
        ("return !@ && later(foo);", True),
        ("return @ == 0 ? later(foo) : 1;", True),
        ("return @ < 0 ? 1 : later(foo);", True),
        ("err = @, only = foo;", True),
        ("return finish(foo, @);", True),
        ("if ((err = @) || later(foo)) return err;", True),
        # what only a failure leads to
        ("return @ && later(foo);", False),
        ("return @ ? later(foo) : 0;", False),
        ("return !@ || later(foo);", False),
        ("return @ < 0 ? later(foo) : 1;", False),
        # what came before it
        ("return later(foo) ?: @;", False),
    ],
)
def test_what_runs_in_one_statement_with_the_registration(
    statement: str, *, expected: bool
) -> None:
    later = (
        "static int later(struct foo *foo) { only = foo; return 0; }\n"
        "static int finish(struct foo *foo, int err) { only = foo; return err; }\n"
    )
    code = HEAD + later + DRIVER % ("use(only);", "")
    code = code.replace(f"{REGISTER};", f"int err = 0; {statement.replace('@', REGISTER)}")
    late = case_of(tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING)).late_reads
    assert [one.late.spelled for one in late] == (["only"] if expected else [])


@pytest.mark.parametrize("statement", ["return @;", "return finish(@);", "return !finish(!@);"])
def test_what_a_function_writes_before_it_registers_is_not_late_where_it_is_handed_on(
    statement: str,
) -> None:
    finish = "static int finish(int err) { return err; }\n"
    code = (HEAD + finish + DRIVER % ("use(only);", "")).replace("static int probe(", "int setup(")
    code = code.replace("counted[0] = foo;", "if (foo->ready) only = foo;")
    probe = "static int probe(struct device *dev, struct foo *foo)\n{ %s }\n"
    code += probe % statement.replace("@", "setup(dev, foo)")
    made = tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING)
    assert case_of(made).late_reads == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # the next instance is not in there yet either
        ("", "several[nr] = foo;", [("several", "medium")]),
        ("several[nr] = foo;", "", []),
        ("several[nr + 1] = foo;", "several[nr] = foo;", []),
    ],
)
def test_an_array_that_a_loop_fills_while_it_registers(
    before: str, after: str, expected: list[tuple[str, str]]
) -> None:
    loop = f"for (int nr = 0; nr < 4; nr++) {{ {before} {REGISTER}; {after} }}"
    code = (HEAD + DRIVER % ("use(several[1]);", "")).replace(f"{REGISTER};", loop)
    late = case_of(tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING)).late_reads
    assert [(one.late.spelled, one.confidence.value) for one in late] == expected


def test_an_init_function_above_the_registration_is_no_earlier_stage() -> None:
    code = (HEAD + DRIVER % ("if (!several[1]) return -ENODEV;", "")).replace(
        "static int probe(", "static int __init one(", 1
    )
    code += """
static int __init all_of(struct device *dev, struct foo *foo)
{
    one(dev, foo);
    several[0] = foo;
    return 0;
}
static int __init foo_init(void)
{
    for (int nr = 0; nr < 4; nr++)
        all_of(0, kzalloc(4, 4));
    return 0;
}
"""
    late = case_of(tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING)).late_reads
    assert [(one.late.spelled, one.reader.effect.value) for one in late] == [
        ("several", "declined")
    ]


LIBRARY = """
struct node { struct foo *object; };
int lib_attach(struct node *node, struct foo *foo) { node->object = foo; return 0; }
int lib_ask(struct node *node) { return node->object->number; }
"""
ASKING = """
int lib_attach(struct node *node, struct foo *foo);
int lib_ask(struct node *node);
static int foo_of_xlate(struct device *dev) { return lib_ask(dev_iommu_priv_get(dev)); }
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct device *dev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    return lib_attach(foo->node, foo);
}
"""


@pytest.mark.parametrize(
    ("library", "sure"),
    [("drivers__iommu__foo__lib__lib_c", "low"), ("drivers__iommu__foo__lib_c", "medium")],
)
def test_objects_of_a_library_that_the_driver_does_not_see(library: str, sure: str) -> None:
    """They are many, and nobody can tell whose is meant."""
    known = "struct foo { struct iommu_device iommu; struct node *node; int number; };\n"
    files = {library: known + LIBRARY, "drivers__iommu__foo__foo_c": known + ASKING}
    case = case_of(tree(**files, drivers__of__open_c=OPENING))
    (read,) = case.late_reads
    assert (read.late.spelled, read.confidence.value) == ("node.object", sure)


QUEUED = """
static void foo_register(struct foo *foo) { iommu_device_register(&foo->iommu, &foo_ops, 0); }
static void foo_work(struct work_struct *work)
{
    foo_register(container_of(work, struct foo, work));
}
static int foo_thread(void *data) { foo_register(data); return 0; }
static DECLARE_WORK(foo_static, foo_work);
static int probe(struct device *dev, struct foo *foo)
{
    struct foo unused;

    INIT_WORK(&foo->work, foo_work);
    INIT_WORK(&foo->other, foo_other);
    %s
    return 0;
}
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("schedule_work(&foo->work); only = foo;", "medium"),
        ("queue_work(wq, &foo->work); only = foo;", "medium"),
        ("schedule_work(&foo_static); only = foo;", "medium"),
        ("kthread_run(foo_thread, foo, name); only = foo;", "medium"),
        ("if (schedule_work(&foo->work)) only = foo;", "medium"),
        ("only = foo; schedule_work(&foo->work);", ""),
        ("only = foo; kthread_run(foo_thread, foo, name);", ""),
        ("schedule_work(&foo->other); only = foo;", ""),
        ("only = foo;", ""),
    ],
)
def test_what_is_set_while_another_thread_may_register(body: str, expected: str) -> None:
    callback = DRIVER[: DRIVER.index("static int probe")] % "only->lock = 1;"
    made = tree(drivers__iommu__foo_c=HEAD + callback + QUEUED % body, drivers__of__open_c=OPENING)
    found = [(one.late.spelled, one.confidence.value) for one in case_of(made).late_reads]
    assert found == ([("only", expected)] if expected else [])


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ("driver_for_each_device(&drv, 0, 0, each); only = 0; params.foo = 0; loose = 1;", "loose"),
        ("loose = 1; return bus_for_each_dev(bus, 0, 0, each);", ""),
        ("if (device_for_each_child(dev, 0, each)) return -1; loose = 1;", "loose"),
        ("if (!device_for_each_child(dev, 0, each)) return -1; loose = 1;", ""),
        ("keep(&drv, 0, 0, each); loose = 1;", ""),
    ],
)
def test_what_is_set_around_a_walk_that_registers(around: str, expected: str) -> None:
    callback = DRIVER[: DRIVER.index("static int probe")] % "if (!loose) return -ENODEV;"
    walked = """
static int each(struct device *dev, void *data)
{
    struct foo *foo = dev_get_drvdata(dev);

    if (iommu_device_register(&foo->iommu, &foo_ops, 0))
        return -ENODEV;
    return 0;
}
static int __init foo_init(struct device *dev) { %s return 0; }
"""
    made = tree(drivers__iommu__foo_c=HEAD + callback + walked % around, drivers__of__o_c=OPENING)
    found = [one.late.spelled for one in case_of(made).late_reads]
    assert found == ([expected] if expected else [])


def test_another_thread_may_register_while_an_object_is_made() -> None:
    callback = DRIVER[: DRIVER.index("static int probe")] % "spin_lock(&foo->next->lock);"
    made = f"schedule_work(&foo->work); {BORN} spin_lock_init(&foo->next->lock);"
    code = HEAD + callback + QUEUED % made
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__open_c=OPENING))
    assert [one.late.spelled for one in case.late_reads] == ["foo.next", "foo.lock"]


def test_it_is_told_that_another_thread_registers() -> None:
    callback = DRIVER[: DRIVER.index("static int probe")] % "only->lock = 1;"
    code = HEAD + callback + QUEUED % "schedule_work(&foo->work); only = foo;"
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__open_c=OPENING))
    (rule,) = selected(("late-global",))
    (finding,) = rule.check(case)
    assert "is set, maybe only after iommu_device_register()" in finding.message
    assert finding.assumptions == ("what registers runs later, and may do so before the write",)
    fix = mended(case, rule, finding).fix
    assert fix is not None and not fix.patch
    assert "it belongs before the call that has what registers run" in fix.sentence


def test_a_probe_that_has_another_thread_register_leaves_it_unsure() -> None:
    """A write behind the driver's registration is behind what probe queues, too."""
    callback = DRIVER[: DRIVER.index("static int probe")] % "only->lock = 1;"
    driven = """
static struct platform_driver foo_driver = { .probe = probe };
static int __init foo_init(void)
{
    int ret = platform_driver_register(&foo_driver);

    only = foo_find();
    return ret;
}
"""
    code = HEAD + callback + QUEUED % "schedule_work(&foo->work);" + driven
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__open_c=OPENING))
    (rule,) = selected(("late-global",))
    (finding,) = rule.check(case)
    assert "is set, maybe only after iommu_device_register()" in finding.message
    assert finding.confidence.value == "medium"


CLASSES = """
struct foo { struct iommu_device iommu; struct bar bar; int lock; };
static int foo_of_xlate(struct device *dev)
{
    struct bar *bar = dev_iommu_priv_get(dev);
    struct foo *foo = bar_get_drvdata(bar);

    foo->lock = 1;
    return 0;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct device *dev, struct foo *foo)
{
    BEFORE
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    AFTER
    return 0;
}
"""
OWN = """
struct bar { int id; void *data; };
static inline void bar_set_drvdata(struct bar *bar, void *data) { bar->data = data; }
static inline void *bar_get_drvdata(const struct bar *bar) { return bar->data; }
"""
THE_DEVICES = """
struct bar { struct device dev; };
static inline void bar_set_drvdata(struct bar *bar, void *data)
{
    dev_set_drvdata(&bar->dev, data);
}
static inline void *bar_get_drvdata(struct bar *bar) { return dev_get_drvdata(&bar->dev); }
"""
SET_IT = "bar_set_drvdata(&foo->bar, foo);"


@pytest.mark.parametrize(
    ("header", "before", "after", "expected"),
    [
        (OWN, "", SET_IT, [("bar.data", "crash")]),
        (OWN, "", "foo->bar.data = foo;", [("foo.bar.data", "crash")]),
        (OWN, SET_IT, SET_IT, []),
        (OWN, SET_IT, "", []),
        (THE_DEVICES, "", SET_IT, []),
    ],
)
def test_driver_data_that_a_class_has_a_member_for(
    header: str, before: str, after: str, expected: list[tuple[str, str]]
) -> None:
    code = CLASSES.replace("BEFORE", before).replace("AFTER", after)
    made = tree(
        drivers__iommu__foo_c="#include <linux/bar.h>\n" + code,
        include__linux__bar_h=header,
        drivers__of__open_c=OPENING,
    )
    reads = case_of(made).late_reads
    assert [(one.late.spelled, one.reader.effect.value) for one in reads] == expected


CHIPS = """
struct chip { struct device dev; const struct chip_ops *ops; };
static inline void dev_set_drvdata(struct device *dev, void *data) { dev->driver_data = data; }
static inline void *dev_get_drvdata(const struct device *dev) { return dev->driver_data; }
struct chip_ops { int (*start)(struct chip *chip); };
int chip_add(struct chip *chip);
static inline void chip_set_drvdata(struct chip *chip, void *data)
{
    dev_set_drvdata(&chip->dev, data);
}
static inline void *chip_get_drvdata(struct chip *chip) { return dev_get_drvdata(&chip->dev); }
"""
OF_A_CHIP = """
#include <linux/chip.h>
struct platform_device { struct device dev; };
struct foo { struct chip chip; int lock; };
static int foo_start(struct chip *chip)
{
    struct foo *foo = GET;

    foo->lock = 1;
    return 0;
}
static const struct chip_ops foo_ops = { .start = foo_start };
static int foo_probe(struct platform_device *pdev)
{
    struct foo *foo = devm_kzalloc(&pdev->dev, sizeof(*foo), 0);

    BEFORE
    foo->chip.ops = &foo_ops;
    chip_add(&foo->chip);
    AFTER
    return 0;
}
"""
OF_CHIPS = chip_contract(9, "chip_ops", member="chip.ops")
GET = "chip_get_drvdata(chip)"
SET_CHIPS = "chip_set_drvdata(&foo->chip, foo);"
SET_DEVICES = "platform_set_drvdata(pdev, foo);"


@pytest.mark.parametrize(
    ("get", "before", "after", "late"),
    [
        (GET, "", SET_CHIPS, True),
        (GET, SET_DEVICES, SET_CHIPS, True),
        (GET, "", "dev_set_drvdata(&foo->chip.dev, foo);", True),
        ("dev_get_drvdata(&chip->dev)", SET_DEVICES, SET_CHIPS, True),
        (GET, SET_CHIPS, SET_DEVICES, False),
        (GET, SET_CHIPS, "", False),
        ("container_of(chip, struct foo, chip)", "", SET_CHIPS, False),
    ],
)
def test_driver_data_of_the_object_that_is_registered(
    get: str, before: str, after: str, *, late: bool, tmp_path: Path
) -> None:
    code = OF_A_CHIP.replace("GET", get).replace("BEFORE", before).replace("AFTER", after)
    made = tree(
        include__linux__chip_h=CHIPS,
        drivers__chip__core_c="#include <linux/chip.h>\nint chip_add(struct chip *c) { return 0; }",
        drivers__chip__foo_c=code,
    )
    own = tmp_path / "own.toml"
    own.write_text(OF_CHIPS)
    (case,) = Audit(TextTree(made), Options(catalogues=(own,)), NullStore(), only="chip_add").cases
    found = [one.late.spelled for one in case.late_reads]
    assert found == ["chip.dev.driver_data"] * late


NEXT_OF, NEXT_OF_OTHER = "foo->next = foo;", "other->next = other;"
ON_TWO_WAYS = """
static int foo_add(struct foo *foo)
{
    int ret = iommu_device_register(&foo->iommu, &foo_ops, 0);

    AFTER
    return ret;
}
WAYS
static int probe(struct device *dev, struct foo *foo, struct foo *other)
{
    BODY
    return 0;
}
"""
SETS = "static int foo_one(struct foo *foo) { foo->next = foo; return foo_add(foo); }"
ADDS = "static int foo_two(struct foo *foo) { return foo_add(foo); }"
TWICE = "static int foo_up(struct foo *foo) { return foo_add(foo) ? foo_add(foo) : 0; }"
SETS_TOO = SETS.replace("foo_one", "foo_three")


@pytest.mark.parametrize(
    ("ways", "after", "body", "sure"),
    [
        # a function that calls what registers in two places
        (TWICE, "", f"foo_up(foo); {NEXT_OF}", ["high"]),
        (TWICE, NEXT_OF, "foo_up(foo);", ["high"]),
        (TWICE, NEXT_OF, f"{NEXT_OF} foo_up(foo);", []),
        # one that calls two which do
        (f"{TWICE} {ADDS}", "", f"foo_up(foo); foo_two(foo); {NEXT_OF}", ["high"]),
        (f"{TWICE} {ADDS}", NEXT_OF, f"{NEXT_OF} foo_up(foo); foo_two(foo);", []),
        # what one way sets in time for its own object, and another too late
        (f"{SETS} {SETS_TOO}", "", "foo_one(foo); foo_three(other);", []),
        (f"{SETS} {ADDS}", "", f"foo_one(foo); foo_two(other); {NEXT_OF_OTHER}", ["medium"]),
    ],
)
def test_registered_on_two_ways(ways: str, after: str, body: str, sure: list[str]) -> None:
    code = FOLLOWS_NEXT + ON_TWO_WAYS.replace("WAYS", ways).replace("AFTER", after)
    late = case_of(tree(drivers__iommu__foo_c=code.replace("BODY", body))).late_reads
    assert [read.confidence.value for read in late] == sure


@pytest.mark.parametrize(
    ("uncovering", "late"),
    [(False, ["foo.hw"]), (True, ["foo.hw", "foo.lock"])],
)
def test_what_lies_behind_a_late_pointer_to_a_list_can_be_uncovered(
    uncovering: bool, late: list[str]
) -> None:
    code = """
struct list_head { struct list_head *next, *prev; };
struct foo {
    struct iommu_device iommu; struct list_head *hw, node; spinlock_t lock; int number;
};
static LIST_HEAD(all);
static struct iommu_device *foo_probe_device(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev), *one;
    struct list_head *head = foo->hw;

    list_for_each_entry(one, head, node) {
        spin_lock(&one->lock);
        one->number = 1;
    }
    return &foo->iommu;
}
static const struct iommu_ops foo_ops = { .probe_device = foo_probe_device };
static int probe(struct device *dev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    spin_lock_init(&foo->lock);
    foo->hw = &all;
    return 0;
}
"""
    made = tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING)
    case = case_of(made, uncovering=uncovering)
    assert sorted({one.late.spelled for one in case.late_reads}) == late
