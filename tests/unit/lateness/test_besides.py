# SPDX-License-Identifier: GPL-2.0-only
"""What a driver sets in interrupt handlers and the like, too, or there alone."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

DRIVER = """
#include <linux/state.h>
struct foo { struct iommu_device iommu; struct foo *next, *other; int ready, number;
             struct state *state; };
static void use(struct foo *foo) { foo->number = 1; }
BESIDES
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);

    READ
    return 0;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct device *dev, struct foo *foo)
{
    EARLY
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    WRITE
    return 0;
}
"""

IRQ = """
static void mark(struct foo *foo) { foo->ready = 1; }
static void attach(struct foo *foo)
{
    foo->ready = foo->state->ready = 1;
    foo->other = foo;
    foo->next = foo;
}
static int foo_irq(int irq, void *data) { attach(data); return 0; }
"""
ASKED = IRQ + "static int open(struct foo *foo) { return request_irq(3, foo_irq, 0, 0, foo); }"
WORK = IRQ + "static void open(struct foo *foo) { INIT_WORK(&foo->number, attach); }"
EACH = IRQ + "static int open(struct foo *foo) { return bus_for_each_dev(0, 0, foo, foo_irq); }"
CALLED = IRQ + "static int open(struct foo *foo) { return foo_irq(3, foo); }"
MACRO = (
    IRQ
    + '#define ASK(nr, foo) do { request_irq(nr, foo_irq, 0, 0, foo); pr_err("#1"); } while (0)\n'
    + "static void open(struct foo *foo) { ASK(3, foo); }"
)

READY, NEXT = "foo->ready = 1;", "foo->next = foo;"


def confidences(read: str, write: str, besides: str, early: str = "") -> list[str]:
    """How sure it is that a callback which reads so suffers from a write after registering."""
    code = DRIVER.replace("READ", read).replace("WRITE", write)
    code = code.replace("BESIDES", besides).replace("EARLY", early)
    made = tree(include__linux__state_h="struct state { int ready; };", drivers__iommu__foo_c=code)
    case = case_of(made)
    return [one.confidence.value for one in case.late_reads]


@pytest.mark.parametrize(
    ("besides", "sure"),
    [(ASKED, "low"), (WORK, "low"), (MACRO, "low"), (EACH, "high"), (CALLED, "high"), ("", "high")],
)
def test_what_an_interrupt_handler_sets_too_is_a_state(besides: str, sure: str) -> None:
    assert confidences("if (!foo->ready) return -ENODEV;", READY, besides) == [sure]


@pytest.mark.parametrize(("besides", "sure"), [(ASKED, "low"), ("", "medium")])
def test_the_number_that_a_state_begins_with_is_not_wrong(besides: str, sure: str) -> None:
    assert confidences("if (foo->ready > 2) use(foo);", READY, besides) == [sure]


def test_another_struct_of_that_name_is_another_state() -> None:
    other = DRIVER.replace("BESIDES", ASKED).replace("iommu_device_register", "nothing")
    code = DRIVER.replace("BESIDES", "").replace("READ", "if (!foo->ready) return -ENODEV;")
    code = code.replace("EARLY", "").replace("WRITE", READY)
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__iommu__bar_c=other))
    assert [one.confidence.value for one in case.late_reads] == ["high"]


def test_what_others_have_is_no_state_of_the_driver() -> None:
    read = "if (!foo->state->ready) return -ENODEV;"
    assert confidences(read, "foo->state->ready = 1;", ASKED) == ["medium"]


def test_a_pointer_is_not_there_whoever_sets_it() -> None:
    assert confidences("use(foo->next);", NEXT, ASKED) == ["high"]


def test_who_queues_the_probe_itself_hands_no_state_over() -> None:
    queued = "static void open(struct foo *foo) { INIT_WORK(&foo->number, probe); }"
    assert confidences("if (!foo->ready) return -ENODEV;", READY, queued) == ["high"]


@pytest.mark.parametrize(
    ("read", "early", "besides", "sure"),
    [
        ("if (!foo->ready) return -ENODEV; use(foo->next);", "", CALLED, "low"),
        ("if (foo->ready) use(foo->next);", "", ASKED, "low"),
        ("if (foo->ready) use(foo->next);", "", "", "high"),
        # the probe sets it, or may
        ("if (foo->ready) use(foo->next);", READY, ASKED, "high"),
        ("if (foo->ready) use(foo->next);", "mark(foo);", ASKED, "high"),
        # so does the callback
        ("if (foo->ready) use(foo->next); foo->ready = 1;", "", ASKED, "high"),
        ("if (foo->ready) use(foo->next);", "foo->iommu.attach = attach;", ASKED, "high"),
        ("if (foo->ready) use(foo->next);", "foo->hook = attach;", ASKED, "low"),
        # or whoever has the struct
        ("if (foo->state->ready) use(foo->next);", "", ASKED, "high"),
        # without it the same is met
        ("if (foo->ready) foo->number = 2; use(foo->next);", "", ASKED, "high"),
        # a pointer may come from anywhere
        ("if (foo->other) use(foo->next);", "", ASKED, "high"),
    ],
)
def test_what_leads_to_a_late_read_is_not_set_either(
    read: str, early: str, besides: str, sure: str
) -> None:
    assert confidences(read, NEXT, besides, early) == [sure]


MARK = "static void mark_it(struct foo *foo) { foo->ready = 1; }\n"
OPEN = MARK + "static void open(struct foo *foo) { mark_it(foo); }"
ASKS = MARK + "static void open(struct foo *foo) { if (foo->other) mark_it(foo); }"
HANDS = MARK + "static void open(struct foo *foo) { request_irq(3, mark_it, 0, 0, foo); }"
STORES = MARK + "static void open(struct foo *foo) { foo->hook = mark_it; }"
SHARED = MARK.replace("static ", "")


@pytest.mark.parametrize(
    ("then", "besides", "sure"),
    [
        # what comes before is not there, and so this is not set either
        ("if (foo->next) foo->ready = 1;", "", "low"),
        ("if (!foo->next) return 0; foo->ready = 1;", "", "low"),
        ("if (foo->next) mark_it(foo);", MARK, "low"),
        # it is met all the same
        ("use(foo->next); foo->ready = 1;", "", "high"),
        # the flag may be set
        ("if (foo->other) foo->ready = 1;", "", "high"),
        ("if (foo->next) foo->ready = 1; if (foo->other) foo->ready = 2;", "", "high"),
        ("mark_it(foo);", MARK, "high"),
        # by another function
        ("if (foo->next) mark_it(foo);", OPEN, "high"),
        ("if (foo->next) mark_it(foo);", ASKS, "high"),
        ("if (foo->next) mark_it(foo);", HANDS, "high"),
        ("if (foo->next) mark_it(foo);", STORES, "high"),
        ("if (foo->next) mark_it(foo);", SHARED, "high"),
    ],
)
def test_what_is_set_only_where_the_late_one_is_there(then: str, besides: str, sure: str) -> None:
    read = f"if (foo->ready) use(foo->next); {then}"
    assert confidences(read, NEXT, besides) == [sure]
