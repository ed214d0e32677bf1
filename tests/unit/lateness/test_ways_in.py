# SPDX-License-Identifier: GPL-2.0-only
"""Late writes by way of a local, of one processor's copy, and of nodes that join a list."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import WRITES_LATE, tree

HEAD = """
struct list_head { struct list_head *next, *prev; };
struct bank { struct foo *foo; int lock; };
struct foo { struct iommu_device iommu; struct foo *next; struct bank *banks, one[4];
             struct bank *counts; struct list_head node, own; struct klist known; int number; };
static struct foo *only;
static LIST_HEAD(every);
static DEFINE_PER_CPU(struct foo *, each_has);
static DEFINE_PER_CPU(struct bank, each_bank);
static void make(struct foo *foo) { foo->banks = kcalloc(4, sizeof(*foo->banks), GFP_KERNEL); }
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);
    struct bank *bank;

    READ
    return 0;
}
"""
OPENING = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"


def found(read: str, write: str) -> list[tuple[str, str]]:
    code = (HEAD + WRITES_LATE).replace("READ", read)
    code = code.replace("    iommu_device_register", "    BEFORE\n    iommu_device_register")
    before, _, after = write.rpartition("register; ")
    code = code.replace("BEFORE", before).replace("WRITE", after)
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__open_c=OPENING))
    return [(one.late.spelled, one.reader.effect.value) for one in case.late_reads]


BANK = "struct bank *bank; int i;"
LOOP = "for (i = 0; i < 4; i++) { bank = %s; bank->foo = foo; }"
CRASH = [("bank.foo", "crash")]


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (f"{BANK} register; {LOOP % '&foo->one[i]'}", CRASH),
        (f"{BANK} make(foo); register; {LOOP % '&foo->banks[i]'}", CRASH),
        (f"{BANK} register; {LOOP % '&dev_get_drvdata(dev)->one[i]'}", CRASH),
        # until then there is no bank
        (f"{BANK} register; {LOOP % 'kzalloc(8, GFP_KERNEL)'}", []),
        (f"{BANK} register; make(foo);\n    {LOOP % '&foo->banks[i]'}", []),
    ],
)
def test_a_local_leads_to_what_is_there(write: str, expected: list[tuple[str, str]]) -> None:
    assert found("foo->one[0].foo->number = 1;", write) == expected


@pytest.mark.parametrize(
    ("read", "write", "expected"),
    [
        ("this_cpu_read(each_has)->number = 1;", "this_cpu_write(each_has, foo);", "each_has"),
        ("per_cpu(each_has, 0)->number = 1;", "per_cpu(each_has, 1) = foo;", "each_has"),
        ("per_cpu(each_has, 0)->number = 1;", "*per_cpu_ptr(&each_has, 1) = foo;", "each_has"),
        ("this_cpu_read(each_bank.foo)->number = 1;", "per_cpu(each_bank, 1).foo = foo;",
         "each_bank.foo"),
        ("bank = raw_cpu_ptr(foo->counts); bank->lock = 1;",
         "foo->counts = alloc_percpu(struct bank);", "foo.counts"),
    ],
)  # fmt: skip
def test_one_processor_has_what_any_is_given(read: str, write: str, expected: str) -> None:
    assert found(read, write) == [(expected, "crash")]


INIT = "INIT_LIST_HEAD(&foo->own);"
ADD = "list_add(&foo->node, &every);"
UNREADY = [("foo.node", "unready")]


@pytest.mark.parametrize(
    ("read", "write", "expected"),
    [
        ("list_splice_init(&foo->own, &every);", INIT, [("foo.own", "unready")]),
        ("return list_is_singular(&foo->own);", INIT, [("foo.own", "unready")]),
        ("klist_add_tail(dev, &foo->known);", "klist_init(&foo->known, 0, 0);",
         [("foo.known", "unready")]),
        # to leave a list one has to be on it
        ("list_del(&foo->node);", ADD, UNREADY),
        ("list_move(&foo->node, &every);", ADD, UNREADY),
        ("list_del(&foo->node);", f"INIT_LIST_HEAD(&foo->node); register; {ADD}", []),
        ("list_del(&foo->node);", f"{ADD} register; INIT_LIST_HEAD(&foo->node);", []),
    ],
)  # fmt: skip
def test_nodes_and_heads_are_made_ready(
    read: str, write: str, expected: list[tuple[str, str]]
) -> None:
    assert found(read, write) == expected
