# SPDX-License-Identifier: GPL-2.0-only
"""Introduced, fixed and unchanged, by set; and what stands like a fixed finding elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from made_findings import BAR, FOO, finding
from small_trees import Made, changed, differences, reader

from kscan.change.functions import Bodies
from kscan.change.renames import Renames
from kscan.change.settle import Settled, settled, siblings, standing
from kscan.model import (
    Before,
    Confidence,
    Effect,
    Finding,
    RegistrationRef,
    Severity,
    Step,
    StepKind,
)
from kscan.reachability import Implementation
from kscan.source.compare import ChangedPath

TEXT = """\
    static struct device *dma_dev;

    static int foo_of_xlate(struct device *dev, const struct of_phandle_args *args)
    {
        void *data = devm_kzalloc(dma_dev, 8, GFP_KERNEL);
        return data ? 0 : -ENOMEM;
    }

    static int foo_probe(struct platform_device *pdev)
    {
        int err = iommu_device_register(&foo->iommu, &foo_ops, &pdev->dev);
        dma_dev = &pdev->dev;
        return err;
    }
    """


@pytest.fixture
def names(made: Made) -> Renamed:
    return Renamed(made)


class Renamed:
    """Renames that a change of FOO brings."""

    def __init__(self, made: Made) -> None:
        self.tree = made({FOO: TEXT, BAR: TEXT.replace("foo", "bar")})

    def by(self, files: dict[str, str | None] | None = None, *moved: ChangedPath) -> Renames:
        head = changed(self.tree, files or {})
        changes = moved or differences(self.tree, head)
        return Renames(Bodies(reader(self.tree)), Bodies(reader(head)), changes)


def counts(found: Settled) -> tuple[int, int, int]:
    return len(found.introduced), len(found.fixed), len(found.unchanged)


def test_fingerprints_decide(names: Renamed) -> None:
    base = [finding(), finding(BAR, "bar_probe", callback="bar_of_xlate")]
    head = [finding(line=99), finding(rule="late-state")]
    found = settled(base, head, names.by())
    assert found.introduced == (finding(rule="late-state"),)
    assert found.fixed == (finding(BAR, "bar_probe", callback="bar_of_xlate"),)
    assert found.unchanged == (finding(line=99),)
    assert found.names == {finding().fingerprint: finding().fingerprint}


def test_what_is_introduced_below_the_confidence_asked_for_is_counted(names: Renamed) -> None:
    medium = finding(BAR, "bar_probe", confidence=Confidence.MEDIUM)
    found = settled([finding()], [finding(), medium], names.by(), Confidence.HIGH)
    assert (counts(found), found.hidden) == ((0, 0, 1), 1)
    found = settled([medium], [medium], names.by(), Confidence.HIGH)
    assert (counts(found), found.hidden) == ((0, 0, 0), 0)


def test_the_same_twice_is_counted(names: Renamed) -> None:
    second = replace(finding(line=50), fingerprint=finding().fingerprint + "-2")
    assert counts(settled([finding()], [finding(), second], names.by())) == (1, 0, 1)
    assert counts(settled([finding(), second], [finding()], names.by())) == (0, 1, 1)


def test_a_renamed_file_is_paired(names: Renamed) -> None:
    path = "drivers/iommu/foo/core.c"
    renames = names.by({FOO: None, path: TEXT}, ChangedPath(FOO, path))
    found = settled([finding()], [finding(path)], renames)
    assert counts(found) == (0, 0, 1)
    assert found.names == {finding().fingerprint: finding(path).fingerprint}


def test_a_renamed_function_is_paired(names: Renamed) -> None:
    renames = names.by({FOO: TEXT.replace("foo_probe", "foo_init").replace("foo_of_", "foo_fw_")})
    head = finding(function="foo_init", callback="foo_fw_xlate")
    assert counts(settled([finding()], [head], renames)) == (0, 0, 1)


def test_a_function_moved_to_another_file_is_paired(names: Renamed) -> None:
    path = "drivers/iommu/foo-probe.c"
    xlate, probe = (
        TEXT[: TEXT.index("    static int foo_probe")],
        TEXT[TEXT.index("    static int foo_probe") :],
    )
    renames = names.by({FOO: xlate, path: probe})
    head = replace(finding(path), callback=finding().callback)
    assert counts(settled([finding()], [head], renames)) == (0, 0, 1)


def taken_out(names: Renamed, path: str) -> Renames:
    """The allocation of foo_of_xlate() stands in foo_alloc() of `path` now."""
    call = "devm_kzalloc(dma_dev, 8, GFP_KERNEL)"
    alloc = f"    void *foo_alloc(void)\n    {{\n        return {call};\n    }}\n"
    files = {FOO: TEXT.replace(call, "foo_alloc()")}
    return names.by({**files, path: alloc})


def test_a_statement_taken_into_another_file_is_paired(names: Renamed) -> None:
    path = "drivers/iommu/foo-alloc.c"
    old = finding(function="foo_of_xlate")
    new = replace(finding(path, "foo_alloc"), callback=old.callback)
    assert counts(settled([old], [new], taken_out(names, path))) == (0, 0, 1)
    other = replace(new, callback=finding(BAR, callback="bar_of_xlate").callback)
    assert counts(settled([old], [other], taken_out(names, path))) == (1, 1, 0)
    known = replace(finding(BAR, "bar_probe"), callback=old.callback)
    assert counts(settled([old], [known], taken_out(names, path))) == (1, 1, 0)


def test_a_registration_taken_into_a_new_function_is_paired(names: Renamed) -> None:
    text = TEXT.replace("int foo_probe", "int foo_register").replace(
        "return err;\n    }",
        "return err;\n    }\n    int foo_probe(void) { return foo_register(); }",
    )
    head = finding(function="foo_register")
    assert counts(settled([finding()], [head], names.by({FOO: text}))) == (0, 0, 1)


def test_the_same_object_in_another_old_function_is_another_finding(names: Renamed) -> None:
    renames = names.by({FOO: TEXT + "\n"})
    head = finding(function="foo_of_xlate")
    assert counts(settled([finding()], [head], renames)) == (1, 1, 0)


def test_a_renamed_object_is_paired(names: Renamed) -> None:
    renames = names.by({FOO: TEXT.replace("dma_dev", "first_dev")})
    head = finding(subject=("global", "first_dev"))
    assert counts(settled([finding()], [head], renames)) == (0, 0, 1)


@pytest.mark.parametrize(("name", "other"), [("dev", 0), ("foo->dev", 1), ("v", 1)])
def test_an_object_that_is_reached_by_another_way_is_paired(
    names: Renamed, name: str, other: int
) -> None:
    old, new = finding(subject=("device", "pdev->dev")), finding(subject=("device", name))
    found = settled([old], [new], names.by({FOO: TEXT + "\n"}))
    assert counts(found) == (other, other, 1 - other)


@pytest.mark.parametrize(
    ("function", "said", "other"),
    [
        ("foo_configure", "`{0}` from the node `np`", 0),
        ("foo_of_xlate", "`{0}` from the node `np`", 1),  # it was there before
        ("foo_configure", "`{0}` once more", 1),
    ],
)
def test_an_object_under_the_name_that_a_new_function_gives_it_is_paired(
    names: Renamed, function: str, said: str, other: int
) -> None:
    def told(name: str, function: str, said: str) -> Finding:
        made = finding(function=function, subject=("device", name), callback=None)
        return replace(
            made, message=f"of_dma_configure() in {function}({name}): {said.format(name)}"
        )

    text = TEXT + "    static void foo_configure(struct device *own) { (void)own; }\n"
    old = told("pdev->dev", "foo_probe", "`{0}` from the node `node`")
    found = settled([old], [told("own", function, said)], names.by({FOO: text}))
    assert counts(found) == (other, other, 1 - other)


DEVICE = """\
    struct foo_data {
        int ver;
        struct list_head hw_list;
    };
    static int foo_read(int ver) { int version = ver; return version; }
    """


@pytest.mark.parametrize(
    ("old", "new", "other"),
    [
        ("foo_data.hw_list", "foo_m4u.hw_list", 0),  # the tag alone
        ("foo_data.ver", "foo_data.version", 0),  # a word that others use, too
        ("foo_data.ver", "foo_m4u.version", 0),
        ("foo_data.ver", "foo_data.hw_list", 1),  # there before
        ("foo_data.ver", "foo_data.hw_version", 1),  # not the one that took its place
    ],
)
def test_a_renamed_tag_or_member_is_paired(made: Made, old: str, new: str, other: int) -> None:
    tag, _, member = new.partition(".")
    text = DEVICE.replace("foo_data", tag)
    if member != "hw_list":
        text = text.replace("int ver;", "int version;")
    base = made({FOO: DEVICE + TEXT})
    head = changed(base, {FOO: text + TEXT})
    bodies = Bodies(reader(base)), Bodies(reader(head))
    renames = Renames(*bodies, differences(base, head))
    found = settled([finding(subject=("field", old))], [finding(subject=("field", new))], renames)
    assert counts(found) == (other, other, 1 - other)


def test_a_member_renamed_in_a_header_is_paired(made: Made) -> None:
    header = "drivers/iommu/foo-iommu.h"
    use = TEXT + "    static int foo_set(int version) { return foo->version + foo->ver; }\n"
    base = made({FOO: use, header: DEVICE})
    head = changed(base, {header: DEVICE.replace("int ver;", "int version;"), FOO: use + "\n"})
    renames = Renames(Bodies(reader(base)), Bodies(reader(head)), differences(base, head))
    old, new = (finding(subject=("field", f"foo_data.{name}")) for name in ("ver", "version"))
    assert counts(settled([old], [new], renames)) == (0, 0, 1)


def test_another_object_that_was_there_before_is_another_finding(names: Renamed) -> None:
    renames = names.by({FOO: TEXT.replace("dma_dev", "foo_ops")})
    head = finding(subject=("global", "foo_ops"))
    assert counts(settled([finding()], [head], renames)) == (1, 1, 0)


def test_findings_without_an_object_are_paired_by_place_alone(names: Renamed) -> None:
    rule = "dma-configure-outside-bus"
    old = finding(rule=rule, subject=None, callback=None)
    new = finding(rule=rule, subject=None, callback=None, function="foo_of_xlate")
    assert counts(settled([old], [new], names.by({FOO: TEXT + "\n"}))) == (1, 1, 0)


def test_what_was_too_uncertain_to_show_is_introduced_when_it_becomes_certain(
    names: Renamed,
) -> None:
    low, high = finding(confidence=Confidence.LOW), finding()
    assert counts(settled([low], [high], names.by(), Confidence.MEDIUM)) == (1, 0, 0)
    assert counts(settled([high], [low], names.by(), Confidence.MEDIUM)) == (0, 0, 0)
    assert counts(settled([low], [high], names.by(), Confidence.LOW)) == (0, 0, 1)
    assert counts(settled([low], [], names.by(), Confidence.MEDIUM)) == (0, 0, 0)


def test_what_is_a_step_surer_is_introduced_where_the_change_edits_its_evidence(
    names: Renamed,
) -> None:
    low, medium = finding(confidence=Confidence.LOW), finding(confidence=Confidence.MEDIUM)
    elsewhere = names.by({BAR: TEXT})
    assert counts(settled([low], [medium], elsewhere, Confidence.MEDIUM)) == (0, 0, 1)
    edited = names.by({FOO: TEXT + "\n"})
    assert counts(settled([low], [medium], edited, Confidence.MEDIUM)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("mild", "bad"),
    [
        ({"effect": Effect.DECLINED}, {"effect": Effect.CRASH}),
        ({"severity": Severity.WARNING}, {"severity": Severity.ERROR}),
        ({"partly": True}, {"partly": False}),
    ],
)
def test_what_gets_worse_is_introduced_and_what_gets_better_stands(
    names: Renamed, mild: dict[str, Any], bad: dict[str, Any]
) -> None:
    less, more = replace(finding(), **mild), replace(finding(), **bad)
    worse, better = settled([less], [more], names.by()), settled([more], [less], names.by())
    assert counts(worse) == (1, 0, 0)
    assert worse.introduced[0].before == Before(less.severity, less.effect, less.message)
    assert counts(better) == (0, 0, 1)
    assert better.unchanged[0].before == Before(more.severity, more.effect, more.message)
    assert worse.names == better.names == {less.fingerprint: more.fingerprint}


def test_another_rule_s_worse_finding_on_the_same_object_takes_the_place_of_one(
    names: Renamed,
) -> None:
    racy = finding(rule="reread-driver", severity=Severity.WARNING)
    bare = finding(rule="unguarded-driver")
    worse, better = settled([racy], [bare], names.by()), settled([bare], [racy], names.by())
    assert counts(worse) == (1, 0, 0)
    assert worse.introduced[0].before == Before(racy.severity, racy.effect, racy.message)
    assert counts(better) == (1, 1, 0)
    elsewhere = finding(rule="unguarded-driver", function="bar_probe")
    assert counts(settled([racy], [elsewhere], names.by())) == (1, 1, 0)


def test_another_effect_that_is_as_bad_is_no_change(names: Renamed) -> None:
    declined, wrong = (replace(finding(), effect=e) for e in (Effect.DECLINED, Effect.WRONG_VALUE))
    found = settled([declined], [wrong], names.by())
    assert counts(found) == (0, 0, 1)
    assert found.unchanged[0].before is None


@pytest.mark.parametrize(
    ("altered", "number"),
    [("foo_probe", 1), ("foo_of_xlate", 1), ("foo_remove", 0)],
)
def test_what_stands_where_the_range_alters_something(altered: str, number: int) -> None:
    one = finding(callback="foo_of_xlate")
    assert len(standing([one], [Implementation(altered, FOO)])) == number
    assert standing([one], [Implementation(altered, BAR)]) == ()
    away = replace(one, primary=replace(one.primary, path=BAR))
    assert standing([away], [Implementation("foo_of_xlate", FOO)]) == ()
    better = replace(one, before=Before(Severity.ERROR, Effect.CRASH, "crashed"))
    assert standing([better], [Implementation("foo_probe", FOO)]) == ()
    respelled = {Implementation(altered, FOO)}
    assert standing([one], [Implementation(altered, FOO)], respelled.__contains__) == ()


def test_siblings_stand_in_other_implementers_of_the_slot() -> None:
    bar = finding(BAR, "bar_probe", callback="bar_of_xlate")
    assert [s.finding for s in siblings([finding()], [bar])] == [bar]
    assert siblings([finding()], [bar])[0].fixed == finding().fingerprint
    others: list[Finding] = [
        finding(callback="foo_xlate"),  # the same driver
        finding(BAR, "bar_probe", callback="bar_attach", slot="iommu_domain_ops.attach_dev"),
        finding(BAR, "bar_probe", callback=None),
        replace(bar, effect=Effect.LEAK),
    ]
    assert siblings([finding()], others) == ()


def late(found: Finding, *kinds: StepKind) -> Finding:
    """`found` with steps of these kinds, all on the probing side."""
    steps = tuple(Step(found.primary, kind, "") for kind in kinds)
    return replace(found, trace=steps)


def test_the_same_rule_comes_first_and_other_late_writes_after_it() -> None:
    kinds = (StepKind.REGISTER, StepKind.WRITE)
    fixed = late(finding(), *kinds)
    other = finding("drivers/iommu/a.c", "a_probe", rule="late-drvdata", callback="a_xlate")
    same = finding("drivers/iommu/z.c", "z_probe", callback="z_xlate")
    elsewhere = replace(
        finding("drivers/b.c", "b_probe", rule="late-drvdata"),
        registration=RegistrationRef("request_irq", "b_probe", "drivers/b.c", 1),
    )
    standing = [late(other, *kinds), late(elsewhere, *kinds), late(same, *kinds)]
    assert [s.finding for s in siblings([fixed], standing)] == [standing[2], standing[0]]
    assert siblings([fixed], [late(other, StepKind.WRITE, StepKind.REGISTER)]) == ()
    assert siblings([fixed], [other]) == ()


def test_a_callback_that_fills_another_slot_is_paired(names: Renamed) -> None:
    renames = names.by({FOO: TEXT.replace("foo_of_xlate", "foo_of_translate")})
    head = finding(callback="foo_of_translate", slot="iommu_ops.of_translate")
    assert counts(settled([finding()], [head], renames)) == (0, 0, 1)
    other = finding(callback="foo_probe", slot="iommu_ops.of_translate")
    assert counts(settled([finding()], [other], names.by())) == (1, 1, 0)
