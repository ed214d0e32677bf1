# SPDX-License-Identifier: GPL-2.0-only
"""Gaps in which a lock is not held, and what goes stale across them."""

from __future__ import annotations

from textwrap import indent

import pytest
from text_tree import function_of, program_of

from kscan.facts import ir
from kscan.flow.cfg import cfg_of
from kscan.flow.gaps import Gap, Gaps, Indirect
from kscan.flow.paths import spelled
from kscan.flow.stale import Stale, Staleness
from kscan.kernel.catalogue import catalogue
from kscan.model import Confidence
from kscan.program.types import Scope

HEAD = """\
struct slot { int users; struct slot *next; struct list_head list; };
struct ops { int (*reset)(void); };
struct foo {
    struct mutex lock; struct mutex other; struct slot *slot; struct ops *ops; int number;
    struct list_head slots;
};
int f(struct foo *foo)
{
    struct slot *slot, *next;
    int n;
"""


def analysed(body: str) -> list[tuple[Gap, tuple[Stale, ...]]]:
    text = HEAD + indent(body, "    ") + "\n}\n"
    program = program_of("a.c\n" + indent(text, "    "))
    function = function_of(program, "f")
    scope = Scope(program, function)
    cfg = cfg_of(program.body(function))
    known = catalogue()

    def indirect(call: ir.Call) -> Indirect | None:
        if isinstance(call.callee, ir.Member):
            return Indirect(call.at, call.callee.field, Confidence.HIGH)
        return None

    def returned(call: ir.Call) -> tuple[str, ...]:
        return ("foo->slot",) if spelled(call) == "slot_get(foo)" else ()

    gaps = Gaps(cfg, known.locks.lock, indirect).own()
    staleness = Staleness(
        cfg, known.functions, known.locks.kept, lambda node: scope.type_of(node).ptr > 0, returned
    )
    return [(gap, staleness.across(gap)) for gap in gaps]


def stale_in(body: str) -> list[tuple[str, str]]:
    return [(one.what, one.how) for _, stale in analysed(body) for one in stale]


DROP = """
mutex_unlock(&foo->lock);
foo->ops->reset();
mutex_lock(&foo->lock);
"""


@pytest.mark.parametrize(
    ("body", "gaps"),
    [
        (DROP, 1),
        ("mutex_unlock(&foo->lock);\nfoo->ops->reset();\nmutex_lock(&foo->other);", 0),
        ("mutex_unlock(&foo->lock);\nsettle(foo);\nmutex_lock(&foo->lock);", 0),
        ("mutex_unlock(&foo->lock);\nif (n) mutex_lock(&foo->lock);", 0),
        ("mutex_lock(&foo->lock);\nmutex_unlock(&foo->lock);\nfoo->ops->reset();", 0),
        ("if (n) { mutex_unlock(&foo->lock); return 0; }\nfoo->ops->reset();\n"
         "mutex_lock(&foo->lock);", 0),
        ("mutex_unlock(&foo->lock);\nfoo->ops->reset();\nmutex_unlock(&foo->lock);\n"
         "mutex_lock(&foo->lock);", 0),
        ("spin_unlock_irqrestore(&foo->lock, n);\nfoo->ops->reset();\n"
         "spin_lock_irqsave(&foo->lock, n);", 1),
    ],
)  # fmt: skip
def test_gaps(body: str, gaps: int) -> None:
    assert len(analysed(body)) == gaps


def test_a_gap_tells_where_the_lock_is_dropped_and_taken() -> None:
    ((gap, _),) = analysed("mutex_lock(&foo->lock);\n" + DROP)
    assert gap.lock == "foo->lock"
    assert gap.dropped < gap.call.at < gap.taken
    assert gap.call.what == "reset"


DEREFERENCED = [("slot", "dereferences")]


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        # loaded before, used after
        ("slot = foo->slot;", "slot->users++;", DEREFERENCED),
        ("slot = READ_ONCE(foo->slot);", "if (slot->next) n = 1;", DEREFERENCED),
        ("slot = list_first_entry(&foo->slots, struct slot, list);", "slot->users++;",
         DEREFERENCED),
        ("slot = foo->slot;", "if (n) return 0; slot->users++;", DEREFERENCED),
        # looked at or set again
        ("slot = foo->slot;", "slot = foo->slot; slot->users++;", []),
        ("slot = foo->slot;", "if (slot != foo->slot) return 0; slot->users++;", []),
        ("slot = foo->slot;", "foo->slot = slot; slot->users++;", []),
        # kept: referenced, off its list, out of its place
        ("slot = foo->slot; kref_get(&slot->ref);", "slot->users++;", []),
        ("slot = list_first_entry(&foo->slots, struct slot, list); list_del(&slot->list);",
         "slot->users++;", []),
        ("slot = foo->slot; foo->slot = NULL;", "slot->users++;", []),
        # handed on, unless to who gives it up; numbers that decide
        ("slot = foo->slot;", "start(slot);", [("slot", "hands on")]),
        ("slot = foo->slot;", "start(slot, 1); slot->users++;", DEREFERENCED),
        ("slot = foo->slot;", "slot_put(slot); kfree(slot);", []),
        ("n = foo->number;", "if (n > 1) foo->number = 2;", [("n", "decides by")]),
        ("n = foo->slot != NULL;", "if (n) foo->number = 2;", [("n", "decides by")]),
        ("n = foo->number;", "if (n != foo->number) return 0; if (n) n = 2;", []),
        ("n = foo->number;", "return n;", []),
        # not state of the lock's: made here, set anew before the gap
        ("slot = kzalloc(sizeof(*slot), GFP_KERNEL);", "slot->users++;", []),
        ("", "foo->number++;", []),
        ("slot = foo->slot; slot = kzalloc(8, GFP_KERNEL);", "slot->users++;", []),
        # tested before, used after
        ("if (!foo->slot) return 0;", "foo->slot->users++;", [("foo->slot", "dereferences")]),
        ("if (foo->slot == NULL) return 0;", "n = foo->slot->users;",
         [("foo->slot", "dereferences")]),
        ("if (!slot_get(foo)) return 0;", "foo->slot->users++;", [("foo->slot", "dereferences")]),
        ("if (!foo->slot) return 0;", "if (!foo->slot) return 0; foo->slot->users++;", []),
        ("if (!foo->slot) return 0;", "n = foo->slot ? foo->slot->users : 0;", []),
        ("if (!foo->slot) return 0;", "n = foo->slot && foo->slot->users;", []),
        ("if (!foo->slot) return 0;", "foo->slot = NULL;", []),
        ("if (!foo->number) return 0;", "foo->number++;", []),
    ],
)  # fmt: skip
def test_state(before: str, after: str, wanted: list[tuple[str, str]]) -> None:
    assert stale_in(f"mutex_lock(&foo->lock);\n{before}\n{DROP}\n{after}") == wanted


def test_a_lock_that_the_caller_holds_guards_all_from_the_entry() -> None:
    assert stale_in(f"slot = foo->slot;\n{DROP}\nslot->users++;") == DEREFERENCED


def test_what_was_read_before_the_lock_was_taken_is_not_the_locks() -> None:
    before = "slot = foo->slot;\nmutex_lock(&foo->lock);\n"
    assert stale_in(f"{before}{DROP}\nslot->users++;") == []


@pytest.mark.parametrize(
    ("lock", "wanted"), [("&slot->lock", []), ("&foo->lock", DEREFERENCED), ("slot", DEREFERENCED)]
)
def test_a_lock_does_not_guard_the_way_to_the_object_it_lies_in(
    lock: str, wanted: list[tuple[str, str]]
) -> None:
    gap = DROP.replace("&foo->lock", lock)
    assert stale_in(f"slot = foo->slot;\n{gap}\nslot->users++;") == wanted


def walk(macro: str, inner: str) -> str:
    return f"mutex_lock(&foo->lock);\n{macro} {{\n{inner}\n}}\nmutex_unlock(&foo->lock);"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (walk("list_for_each_entry(slot, &foo->slots, list)", DROP), [("slot", "goes on from")]),
        (walk("list_for_each_entry_safe(slot, next, &foo->slots, list)", DROP),
         [("next", "goes on from")]),
        (walk("list_for_each_entry(slot, &foo->slots, list)", DROP + "break;"), []),
        (walk("skb_queue_walk(foo, slot)", DROP), [("slot", "goes on from")]),
        (walk("skb_queue_walk_safe(foo, slot, next)", DROP), [("next", "goes on from")]),
        (walk("while (n)", walk("skb_queue_walk(foo, slot)", "n = 1;") + DROP), []),
        (walk("while (n)", walk("list_for_each_entry(slot, &foo->slots, list)", "n = 1;") + DROP),
         []),
    ],
)  # fmt: skip
def test_walks(body: str, wanted: list[tuple[str, str]]) -> None:
    assert stale_in(body) == wanted


@pytest.mark.parametrize(
    ("source", "confidence"),
    [("foo->slot", Confidence.HIGH), ("foo->slot->next", Confidence.MEDIUM)],
)
def test_what_another_object_has_is_less_surely_guarded(
    source: str, confidence: Confidence
) -> None:
    body = f"mutex_lock(&foo->lock);\nslot = {source};{DROP}slot->users++;"
    ((_, (stale,)),) = analysed(body)
    assert (stale.source, stale.confidence) == (source, confidence)
    assert stale.is_far is (confidence is Confidence.MEDIUM)
