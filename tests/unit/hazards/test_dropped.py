# SPDX-License-Identifier: GPL-2.0-only
"""Locks dropped around a callback inside a window."""

from __future__ import annotations

from pathlib import Path

import pytest
from text_tree import TextTree, case_of
from windows import chip_contract, tree

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore
from kscan.hazards.dropped import Dropped, DroppedLocks
from kscan.model import Confidence

OF = "int of_iommu_configure(struct device *dev)\n{\n    return 0;\n}\n"
FOO = """
struct slot { int users; };
struct hw { int (*reset)(struct foo *foo); };
struct foo { struct mutex lock; struct slot *slot; struct hw *hw; };
static struct slot *slot_of(struct foo *foo)
{
    struct slot *slot = foo->slot;

    if (!slot)
        slot = kzalloc(4, GFP_KERNEL);
    return slot;
}
static int settle(struct foo *foo)
{
    return foo->slot->users;
}
static int reset(struct foo *foo)
{
    return foo->hw->reset(foo);
}
static int foo_probe_device(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);

    BODY
    return 0;
}
static const struct iommu_ops foo_ops = { .probe_device = foo_probe_device };
REGISTER
"""
REGISTER = """
static int foo_probe(void)
{
    return iommu_device_register(0, &foo_ops, 0);
}
"""


def dropped_in(body: str, register: str = REGISTER) -> list[Dropped]:
    code = FOO.replace("BODY", body).replace("REGISTER", register)
    case = case_of(tree(drivers__iommu__of_iommu_c=OF, drivers__iommu__foo_c=code))
    return list(DroppedLocks(case.program, case.catalogue, case.inside).all())


def around(call: str, use: str = "foo->slot->users++;") -> str:
    return (
        "mutex_lock(&foo->lock); if (!slot_of(foo)) return 0; mutex_unlock(&foo->lock);"
        f" {call}; mutex_lock(&foo->lock); {use} mutex_unlock(&foo->lock);"
    )


def test_a_call_through_a_slot_and_what_a_callee_returned() -> None:
    (found,) = dropped_in(around("foo->hw->reset(foo)"))
    assert found.gap.call.what == "hw.reset"
    assert [one.what for one in found.stale] == ["foo->slot"]
    assert found.confidence is Confidence.HIGH
    assert found.entered.callback is not None


def test_what_a_callee_returned_may_be_kept_in_a_local() -> None:
    body = (
        "struct slot *kept; mutex_lock(&foo->lock); kept = slot_of(foo); if (!kept) return 0; "
        "mutex_unlock(&foo->lock); foo->hw->reset(foo); mutex_lock(&foo->lock); {use} "
        "mutex_unlock(&foo->lock);"
    )
    (found,) = dropped_in(body.format(use="kept->users++;"))
    assert [(one.what, one.how) for one in found.stale] == [("kept", "dereferences")]
    assert dropped_in(body.format(use="")) == []


def test_a_function_known_to_make_such_a_call_is_less_sure() -> None:
    (found,) = dropped_in(around("reset(foo)"))
    assert found.gap.call.what == "reset(), which calls hw.reset"
    assert found.confidence is Confidence.MEDIUM


def test_the_nearest_call_through_a_slot_counts_and_one_too_far_below_does_not() -> None:
    down = "".join(
        f"static int reset_{n}(struct foo *foo) {{ return {below}(foo); }}\n"
        for n, below in enumerate(("reset", "reset_0", "reset_1", "reset_2"))
    )
    near = "static int both(struct foo *foo) { reset_2(foo); return foo->hw->quiet(foo); }\n"
    (found,) = dropped_in(around("both(foo)"), down + near + REGISTER)
    assert found.gap.call.what == "both(), which calls hw.quiet"
    (found,) = dropped_in(around("reset_2(foo)"), down + REGISTER)
    assert found.gap.call.what == "reset_2(), which calls hw.reset"
    assert dropped_in(around("reset_3(foo)"), down + REGISTER) == []


def test_a_known_function_that_makes_none_is_no_callback() -> None:
    assert dropped_in(around("settle(foo)")) == []


def test_a_lock_dropped_around_the_registration_itself() -> None:
    register = """
static int MARK foo_probe(struct foo *foo)
{
    struct slot *slot;

    mutex_lock(&foo->lock);
    slot = foo->slot;
    mutex_unlock(&foo->lock);
    iommu_device_register(0, &foo_ops, 0);
    mutex_lock(&foo->lock);
    slot->users++;
    mutex_unlock(&foo->lock);
    return 0;
}
"""
    (found,) = dropped_in("", register.replace("MARK", ""))
    assert (found.entered.function.name, found.confidence) == ("foo_probe", Confidence.MEDIUM)
    (found,) = dropped_in("", register.replace("MARK", "__init"))
    assert found.confidence is Confidence.LOW
    assert found.doubts


HELPER = """
static void let_go(struct foo *one)
{
    mutex_unlock(&one->lock);
    one->hw->reset(one);
    mutex_lock(&one->lock);
}
static void pass_on(struct foo *any) { let_go(any); }
static void own(struct foo *foo)
{
    struct foo *other = foo->hw->next;

    mutex_unlock(&other->lock);
    other->hw->reset(other);
    mutex_lock(&other->lock);
}
static void whole(struct foo *foo)
{
    mutex_lock(&foo->lock);
    let_go(foo);
    mutex_unlock(&foo->lock);
}
"""


def called(call: str) -> list[Dropped]:
    body = f"if (!slot_of(foo)) return 0; {call}; foo->slot->users++;"
    return dropped_in(body, HELPER + REGISTER)


def test_a_gap_in_a_function_called_is_its_callers() -> None:
    (found,) = called("let_go(foo)")
    assert (found.entered.function.name, found.gap.lock) == ("foo_probe_device", "foo->lock")
    assert [one.what for one in found.stale] == ["foo->slot"]
    assert found.gap.lent is not None and found.gap.lent.function.name == "let_go"
    (found,) = called("pass_on(foo)")
    assert found.gap.lent is not None and found.gap.lent.function.name == "pass_on"
    assert found.gap.lent.gap.lent is not None


LOOKING = """
static int settled(struct foo *one, int times)
{
    mutex_unlock(&one->lock);
    one->hw->reset(one);
    mutex_lock(&one->lock);
    MORE
    return !one->slot || one->hw ? -ENODEV : 0;
}
static int asked(struct foo *any) { return settled(any, 2); }
"""


@pytest.mark.parametrize(
    ("call", "more", "found"),
    [
        ("if (settled(foo, 1)) return 0", "", False),
        ("foo->hw->ret = settled(foo, 1)", "", False),
        ("if (asked(foo)) return 0", "", False),
        ("settled(foo, 1)", "", True),
        ("if (settled(foo, 1)) return 0", "if (times > 2) return 0;", True),
    ],
)
def test_a_function_called_that_looks_again_and_says_so(
    call: str, more: str, *, found: bool
) -> None:
    body = f"if (!slot_of(foo)) return 0; {call}; foo->slot->users++;"
    told = dropped_in(body, HELPER + LOOKING.replace("MORE", more) + REGISTER)
    assert [one.gap.lent is not None for one in told] == [True] * found


def test_a_lock_that_the_caller_cannot_name_or_does_not_hold_is_not_its_gap() -> None:
    assert called("own(foo)") == [] and called("whole(foo)") == []


def test_a_gap_is_told_where_what_was_read_is_relied_on() -> None:
    relying = """
static void relying(struct foo *foo)
{
    if (!slot_of(foo))
        return;
    let_go(foo);
    foo->slot->users++;
}
"""
    body = "if (!slot_of(foo)) return 0; relying(foo); foo->slot->users++;"
    (found,) = dropped_in(body, HELPER + relying + REGISTER)
    assert found.entered.function.name == "relying"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("one->slot->users++;", True),
        ("if (one->hw) one->slot->users++;", True),
        ("if (one->slot) one->slot->users++;", False),
        ("one->slot = 0;", False),
    ],
)
def test_what_a_function_called_afterwards_dereferences(body: str, *, found: bool) -> None:
    use = f"static void count(struct foo *one) {{ {body} }}\n"
    told = dropped_in(around("foo->hw->reset(foo)", "count(foo);"), use + REGISTER)
    assert [one.stale[0].how for one in told] == ["calls a function that dereferences"] * found
    assert all(one.confidence is Confidence.MEDIUM for one in told)


@pytest.mark.parametrize(
    ("between", "found"),
    [
        ("", 1),
        ("foo = foo->next;", 0),
        ("foo++;", 0),
        ("list_for_each_entry_continue(foo, &foos, node) break;", 0),
        ("slot = 0;", 1),
        # a member is called as the variable is
        ("lock = 0;", 1),
    ],
)
def test_the_lock_of_another_object_is_not_taken_again(between: str, found: int) -> None:
    body = (
        "int lock; struct slot *slot; mutex_lock(&foo->lock); slot_of(foo)->users++; "
        "if (!slot_of(foo)) return 0; mutex_unlock(&foo->lock); foo->hw->reset(foo); "
        f"{between} mutex_lock(&foo->lock); foo->slot->users++; mutex_unlock(&foo->lock);"
    )
    assert len(dropped_in(body)) == found


REQUEST = """
struct request { struct block *block; };
struct block { int error; };
"""
GIVEN = """
HEADER
struct foo { struct mutex lock; struct request *request; struct hw *hw; };
struct hw { int (*start)(struct foo *foo); };
OTHER
static int foo_probe_device(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);

    mutex_lock(&foo->lock);
    if (foo->request->block) {
        mutex_unlock(&foo->lock);
        foo->hw->start(foo);
        mutex_lock(&foo->lock);
        foo->request->block->error = 0;
    }
    mutex_unlock(&foo->lock);
    return 0;
}
static const struct iommu_ops foo_ops = { .probe_device = foo_probe_device };
"""


@pytest.mark.parametrize(
    ("header", "other", "sure"),
    [
        ("include__linux__request_h", "", Confidence.LOW),
        ("include__linux__request_h", "r->block = 0;", Confidence.MEDIUM),
        ("include__linux__request_h", "use(&r->block);", Confidence.MEDIUM),
        ("include__linux__request_h", "r->block->error = 0;", Confidence.LOW),
        # a file beside may set what is the driver's own
        ("drivers__iommu__request_h", "", Confidence.MEDIUM),
    ],
)
def test_the_lock_hardly_guards_what_its_file_never_sets(
    header: str, other: str, sure: Confidence
) -> None:
    name = "<linux/request.h>" if header.startswith("include") else '"request.h"'
    code = GIVEN.replace("HEADER", f"#include {name}")
    code = code.replace("OTHER", f"static void end(struct request *r) {{ {other} }}") + REGISTER
    files = {header: REQUEST, "drivers__iommu__of_iommu_c": OF, "drivers__iommu__foo_c": code}
    case = case_of(tree(**files))
    (found,) = DroppedLocks(case.program, case.catalogue, case.inside).all()
    assert found.confidence is sure


CHIP = """
struct slot { int users; };
struct foo { struct mutex lock; struct slot *slot; struct foo_hw *hw; };
struct foo_hw { int (*reset)(struct foo *foo); };
static int foo_get(struct foo *foo)
{
    mutex_lock(&foo->lock);
    if (!foo->slot)
        foo->slot = kzalloc(4, GFP_KERNEL);
    mutex_unlock(&foo->lock);
    foo->hw->reset(foo);
    mutex_lock(&foo->lock);
    foo->slot->users++;
    mutex_unlock(&foo->lock);
    return 0;
}
static const struct chip_ops foo_ops = { .get = foo_get };
static int foo_probe(struct chip *chip)
{
    return chip_add(chip, &foo_ops);
}
"""
CHIP_CORE = """
int chip_add(struct chip *chip, const struct chip_ops *ops) { return ops->get(0); }
"""


@pytest.mark.parametrize(("window", "sure"), [("open", Confidence.LOW), ("call", Confidence.HIGH)])
def test_what_may_run_at_any_time_has_its_locks_from_elsewhere(
    window: str, sure: Confidence, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(chip_contract(1, "chip_ops").replace("open", window))
    header = "#include <linux/chip.h>\n"
    text = tree(
        include__linux__chip_h="struct chip_ops { int (*get)(struct foo *foo); };",
        drivers__chip__core_c=header + CHIP_CORE,
        drivers__chip__foo_c=header + CHIP,
    )
    cases = Audit(TextTree(text), Options(catalogues=(own,)), NullStore()).cases
    case = next(one for one in cases if one.contract.name == "chip")
    (found,) = DroppedLocks(case.program, case.catalogue, case.inside).all()
    assert found.confidence is sure
