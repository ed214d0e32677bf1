# SPDX-License-Identifier: GPL-2.0-only
"""Late writes of two objects of one struct: a callback meets those of what it is handed."""

from __future__ import annotations

from pathlib import Path

import pytest
from text_tree import TextTree
from windows import chip_contract, tree

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore

CONTRACT = chip_contract(9, "chip_ops", member="chip.ops")

CHIP = """
struct port { void *priv; };
struct chip_ops { int (*start)(struct port *port); };
struct chip { const struct chip_ops *ops; struct port *ports; };
int chip_add(struct chip *chip);
"""

FOO = """
#include <linux/chip.h>
struct half { struct foo *owner; int lock; };
struct receiver { int number; struct half half; };
struct sender { int number; struct half half, spare; struct port *port; };
struct pair { struct receiver receiver; };
struct foo { struct chip rx, tx, *other; struct receiver *receivers; struct sender *senders;
             struct pair pairs[2]; int lock; };
static void use(struct half *half) { half->owner->lock = 1; }
static void use_it(struct receiver *it) { use(&it->half); }
static void set(struct half *half, struct foo *foo) { half->owner = foo; }
static void bind(struct foo *foo)
{
    struct sender *it = &foo->senders[1];

    it->port = &foo->tx.ports[1];
    it->port->priv = it;
}
static void bind_own(struct foo *foo)
{
    struct sender *it = &foo->senders[1];

    it->port = &foo->rx.ports[1];
    it->port->priv = it;
}
static int foo_start(struct port *port)
{
    struct receiver *it = port->priv;

    READ
    return 0;
}
static const struct chip_ops foo_ops = { .start = foo_start };
static int foo_probe(struct foo *foo)
{
    foo->rx.ops = &foo_ops;
    chip_add(&foo->rx);
    WRITE
    return 0;
}
"""

OWNER = "it->half.owner->lock = 1;"
PRIV = "it->number = 1;"


def late(read: str, write: str, tmp_path: Path) -> list[str]:
    """What a callback that reads so meets too early where a probe writes so."""
    own = tmp_path / "own.toml"
    own.write_text(CONTRACT)
    made = tree(
        include__linux__chip_h=CHIP,
        drivers__chip__core_c="#include <linux/chip.h>\nint chip_add(struct chip *c) { return 0; }",
        drivers__chip__foo_c=FOO.replace("READ", read).replace("WRITE", write),
    )
    (case,) = Audit(TextTree(made), Options(catalogues=(own,)), NullStore(), only="chip_add").cases
    return sorted({one.late.spelled.rpartition(".")[2] for one in case.late_reads})


@pytest.mark.parametrize(
    ("read", "write", "met"),
    [
        (OWNER, "foo->senders[0].half.owner = foo;", []),
        (OWNER, "foo->receivers[0].half.owner = foo;", ["owner"]),
        (OWNER, "foo->pairs[1].receiver.half.owner = foo;", ["owner"]),
        ("use(&it->half);", "foo->senders[0].half.owner = foo;", []),
        ("use(&it->half);", "foo->receivers[0].half.owner = foo;", ["owner"]),
        ("use(&it->half);", "set(&foo->senders[0].half, foo);", []),
        ("use(&it->half);", "set(&foo->receivers[0].half, foo);", ["owner"]),
        # some of the writes are those of what is read
        (OWNER, "set(&foo->senders[0].half, foo); set(&foo->receivers[0].half, foo);", ["owner"]),
        # out to the object around, and in again
        ("use_it(container_of(&it->half, struct receiver, half));",
         "foo->receivers[0].half.owner = foo;", ["owner"]),
        ("use_it(container_of(&it->half, struct receiver, half));",
         "foo->senders[0].half.owner = foo;", []),
        ("use(&((struct pair *)it)->receiver.half);", "foo->receivers[0].half.owner = foo;",
         ["owner"]),
        ("use(&container_of(it, struct pair, receiver)->receiver.half);",
         "foo->pairs[0].receiver.half.owner = foo;", ["owner"]),
        # it is not known what a pointer leads into
        ("struct half *half = port->priv; half->owner->lock = 1;",
         "foo->senders[0].half.owner = foo;", ["owner"]),
        # locks
        ("spin_lock(&it->half.lock);", "spin_lock_init(&foo->senders[0].half.lock);", []),
        ("spin_lock(&it->half.lock);", "spin_lock_init(&foo->receivers[0].half.lock);", ["lock"]),
    ],
)  # fmt: skip
def test_an_object_that_lies_in_another_struct(
    read: str, write: str, met: list[str], tmp_path: Path
) -> None:
    assert late(read, write, tmp_path) == met


@pytest.mark.parametrize(
    ("write", "met"),
    [
        ("foo->tx.ports[0].priv = foo;", []),
        ("foo->rx.ports[0].priv = foo;", ["priv"]),
        ("bind(foo);", []),
        ("bind_own(foo);", ["priv"]),
        ("bind(foo); bind_own(foo);", ["priv"]),
        # where it leads is not known
        ("foo->other->ports[0].priv = foo;", ["priv"]),
    ],
)
def test_what_hangs_off_the_object_beside_the_registered_one(
    write: str, met: list[str], tmp_path: Path
) -> None:
    assert late(PRIV, write, tmp_path) == met
