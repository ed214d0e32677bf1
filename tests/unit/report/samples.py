# SPDX-License-Identifier: GPL-2.0-only
"""A made-up driver, foo-iommu, as an audit and as a range see it."""

from __future__ import annotations

from dataclasses import replace

from kscan.model import (
    AffectedDriver,
    CallbackRef,
    CommitShare,
    Confidence,
    Effect,
    Finding,
    Fix,
    Hits,
    Impact,
    Location,
    Maintainer,
    RegistrationRef,
    Report,
    RuleInfo,
    Severity,
    Sibling,
    Skip,
    Stats,
    Step,
    StepKind,
    Subject,
    Suppression,
    TreeInfo,
    WindowEntry,
)
from kscan.reachability import Implementation, Reach, Shift

FOO = "drivers/iommu/foo-iommu.c"
PGTABLE = "drivers/iommu/foo-pgtable.c"
CORE = "drivers/iommu/iommu.c"
OF_IOMMU = "drivers/iommu/of_iommu.c"
PLATFORM = "drivers/base/platform.c"

SCENARIO_NOTE = (
    "Scenario new-probe-path: this tree lacks iommu_init_device -> bus_type.dma_configure; "
    "the edge is assumed (--as-is leaves it out)."
)

REGISTER = RegistrationRef("iommu_device_register", "foo_probe", FOO, 1284)
OF_XLATE = CallbackRef("iommu_ops.of_xlate", "foo_of_xlate", FOO, 1140)
DEVICE_GROUP = CallbackRef("iommu_ops.device_group", "bar_device_group", PGTABLE, 88)

FOO_PATCH = """\
--- a/drivers/iommu/foo-iommu.c
+++ b/drivers/iommu/foo-iommu.c
@@ -1281,6 +1281,8 @@ static int foo_probe(struct platform_device *pdev)
 \tif (err)
 \t\treturn err;

+\tdma_dev = &pdev->dev;
+
 \terr = iommu_device_register(&i->iommu, &foo_ops, dev);
 \tif (err)
 \t\tgoto err_remove_sysfs;
@@ -1292,7 +1294,6 @@ static int foo_probe(struct platform_device *pdev)
 \t * Every instance shares one page table walker.
 \t */

-\tdma_dev = &pdev->dev;
 \tpm_runtime_enable(dev);

 \treturn 0;
"""


def step(
    where: tuple[str, int, str],
    kind: StepKind,
    note: str,
    source: str = "",
    side: int = 0,
    *,
    depth: int = 0,
    confidence: Confidence = Confidence.HIGH,
) -> Step:
    path, line, function = where
    return Step(Location(path, line, 1, function), kind, note, source, side, depth, confidence)


def way() -> tuple[Step, ...]:
    """From the registration to foo_of_xlate, each step at its call site."""
    call, slot, argument = StepKind.CALL, StepKind.SLOT, StepKind.ARGUMENT
    return (
        step((CORE, 261, "iommu_device_register"), call, "calls bus_iommu_probe", side=1, depth=1),
        step((CORE, 1830, "bus_iommu_probe"), argument, "hands over probe_iommu_group", side=1),
        step((CORE, 1702, "probe_iommu_group"), call, "calls __iommu_probe_device", side=1),
        step((CORE, 560, "__iommu_probe_device"), call, "calls iommu_init_device", side=1),
        step(
            (CORE, 427, "iommu_init_device"),
            slot,
            "calls bus_type.dma_configure, assumed by new-probe-path",
            "dev->bus->dma_configure(dev);",
            side=1,
            confidence=Confidence.MEDIUM,
        ),
        step((PLATFORM, 1449, "platform_dma_configure"), call, "calls of_dma_configure", side=1),
        step(("drivers/of/device.c", 180, "of_dma_configure"), call, "of_iommu_configure", side=1),
        step((OF_IOMMU, 146, "of_iommu_configure"), call, "calls of_iommu_xlate", side=1),
        step((OF_IOMMU, 41, "of_iommu_xlate"), slot, "calls iommu_ops.of_xlate", side=1),
    )


def late_global() -> Finding:
    return Finding(
        rule="late-global",
        severity=Severity.ERROR,
        confidence=Confidence.MEDIUM,
        effect=Effect.CRASH,
        message=(
            "`dma_dev` is set only after iommu_device_register() has run foo_of_xlate(), "
            "which dereferences it"
        ),
        primary=Location(FOO, 1284, 8, "foo_probe"),
        driver="drivers/iommu/foo-iommu",
        subject=Subject("global", "dma_dev"),
        registration=REGISTER,
        callback=OF_XLATE,
        trace=(
            step(
                (FOO, 1284, "foo_probe"),
                StepKind.REGISTER,
                "publishes foo_ops: the window opens",
                "err = iommu_device_register(&i->iommu, &foo_ops, dev);",
            ),
            *way(),
            step(
                (FOO, 1140, "foo_of_xlate"),
                StepKind.CALLBACK,
                "runs on a device without a driver",
                "static int foo_of_xlate(struct device *dev, const struct of_phandle_args *args)",
                side=1,
            ),
            step(
                (FOO, 1151, "foo_of_xlate"),
                StepKind.READ,
                "reads dma_dev: NULL, and devm_kzalloc() dereferences it",
                "data = devm_kzalloc(dma_dev, sizeof(*data), GFP_KERNEL);",
                side=1,
            ),
            step(
                (FOO, 1294, "foo_probe"),
                StepKind.CALL,
                "calls foo_pgtable_set_dev",
                "foo_pgtable_set_dev(&pdev->dev);",
            ),
            step(
                (PGTABLE, 31, "foo_pgtable_set_dev"),
                StepKind.WRITE,
                "the first write of dma_dev",
                "dma_dev = dev;",
                depth=1,
            ),
        ),
        related=(Location(FOO, 1151, 9, "foo_of_xlate"), Location(PGTABLE, 31, 2)),
        others=2,
        assumptions=("foo_ops is the table that foo_probe() registers for this instance",),
        fix=Fix("Set `dma_dev` before iommu_device_register().", FOO_PATCH),
        fingerprint="kscan/v1:3f9c2a7d10b84e55",
        hits=Hits(
            config=("CONFIG_FOO_IOMMU",),
            defconfigs=("arm64/defconfig", "arm/multi_v7_defconfig"),
            compatibles=("vendor,foo-iommu", "vendor,foo2-iommu"),
            boards=tuple(f"Vendor Foo Board {n}" for n in range(1, 12)),
            clients=("vop@fe040000", "vpu@fdea0000"),
        ),
        maintainers=(
            Maintainer("Jo Maintainer", "jo@example.org", "maintainer"),
            Maintainer("IOMMU list", "iommu@lists.example.org", "open list"),
        ),
    )


def unready_list() -> Finding:
    return Finding(
        rule="late-state",
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        effect=Effect.UNREADY,
        message=(
            "the list `data->hw_list` is empty while iommu_device_register() runs "
            "bar_device_group()"
        ),
        primary=Location(PGTABLE, 210, 2, "bar_probe"),
        driver="drivers/iommu/foo-pgtable",
        subject=Subject("list", "data->hw_list"),
        registration=RegistrationRef("iommu_device_register", "bar_probe", PGTABLE, 210),
        callback=DEVICE_GROUP,
        trace=(
            step(
                (PGTABLE, 210, "bar_probe"),
                StepKind.REGISTER,
                "the window opens",
                "ret = iommu_device_register(&data->iommu, &bar_ops, dev);",
            ),
            step(
                (PGTABLE, 88, "bar_device_group"),
                StepKind.CALLBACK,
                "iommu_ops.device_group",
                side=1,
            ),
            step(
                (PGTABLE, 97, "bar_first"),
                StepKind.READ,
                "list_first_entry() of an empty list",
                "return list_first_entry(hw_list, struct bar_data, list);",
                side=1,
                depth=1,
            ),
            step(
                (PGTABLE, 219, "bar_probe"),
                StepKind.WRITE,
                "joins the list",
                "list_add_tail(&data->list, data->hw_list);",
            ),
        ),
        fix=Fix("Add the instance to its list before registering it."),
        fingerprint="kscan/v1:77aa01b2c3d4e5f6",
    )


def unguarded_driver() -> Finding:
    return Finding(
        rule="unguarded-driver",
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        effect=Effect.CRASH,
        message="qux_dma_configure() dereferences `dev->driver`, which is NULL in the window",
        primary=Location("drivers/base/qux.c", 57, 6, "qux_dma_configure"),
        driver="drivers/base/qux",
        subject=Subject("field", "device.driver"),
        trace=(
            step(
                ("drivers/base/qux.c", 51, "qux_dma_configure"),
                StepKind.LOOKUP,
                "container_of() of NULL",
                "struct qux_driver *drv = to_qux_driver(dev->driver);",
            ),
            step(
                ("drivers/base/qux.c", 57, "qux_dma_configure"),
                StepKind.READ,
                "dereferences drv without a test",
                "if (!ret && !drv->driver_managed_dma) {",
            ),
        ),
        fingerprint="kscan/v1:0badc0de0badc0de",
    )


def accepted() -> Finding:
    return replace(
        unready_list(),
        confidence=Confidence.LOW,
        message="`bar_ready` is set only after iommu_device_register()",
        primary=Location(PGTABLE, 230, 2, "bar_probe"),
        fingerprint="kscan/v1:5555aaaa5555aaaa",
        suppressed=Suppression("kscan.toml", "bar_ready is read by the fault path only"),
    )


RULES = (
    RuleInfo(
        "late-global",
        "a global written after registration, read by an in-window callback",
        Severity.ERROR,
        "A global that an in-window `of_xlate` reads is written only after the registration.\n\n"
        "Why it matters: the callback runs inside the registration.",
    ),
    RuleInfo(
        "late-state",
        "a field, list or initialiser that comes after registration",
        Severity.ERROR,
    ),
    RuleInfo(
        "unguarded-driver",
        "a dma_configure callback dereferences dev->driver unguarded",
        Severity.ERROR,
    ),
)

TREE = TreeInfo(
    "linux-foo", "6.12.57", "0123456789abcdef0123456789abcdef01234567", "new-probe-path",
    SCENARIO_NOTE,
)  # fmt: skip

STATS = Stats(
    files_considered=60123, files_parsed=134, cache_hits=0, functions=5120,
    functions_with_errors=12, seconds=2.25,
)  # fmt: skip

WINDOW = (
    WindowEntry(REGISTER, ("bus_type.dma_configure", "iommu_ops.of_xlate"), (OF_XLATE,)),
    WindowEntry(
        RegistrationRef("iommu_device_register", "bar_probe", PGTABLE, 210),
        ("iommu_ops.device_group",),
        (DEVICE_GROUP,),
    ),
    WindowEntry(
        RegistrationRef("iommu_device_register", "old_init", "drivers/iommu/old.c", 12),
        (),
        (),
        "the ops table is not known",
    ),
)

SKIPS = (
    Skip("drivers/iommu/huge_generated.h", "larger than 8 MiB"),
    Skip("drivers/iommu/locked.c", "permission denied"),
)


def audit() -> Report:
    return Report(
        tree=TREE,
        stats=STATS,
        rules=RULES,
        findings=(accepted(), unready_list(), unguarded_driver(), late_global()),
        window=WINDOW,
        skips=SKIPS,
        hidden=7,
        baselined=1,
        notes=("kscan.toml: a suppression for drivers/iommu/gone.c matched nothing",),
    )


def clean_audit() -> Report:
    return Report(tree=replace(TREE, scenario_note="", scenario="as-is"), stats=STATS,
                  rules=RULES, findings=(), window=WINDOW)  # fmt: skip


def change() -> Impact:
    """The range that brings the new call, and repairs one driver on the way."""
    head = TreeInfo("linux-foo", "6.15.0-rc1", "fedcba9876543210fedcba9876543210fedcba98")
    reach = Reach(
        api="iommu_device_register",
        slot="iommu_ops.of_xlate",
        via=tuple(s.location.function for s in way()),
        changed=("iommu_init_device",),
        implementations=(
            Implementation("foo_of_xlate", FOO),
            Implementation("bar_of_xlate", PGTABLE),
            Implementation("old_of_xlate", "drivers/iommu/old.c"),
        ),
    )
    gate = Reach(
        api="iommu_device_register",
        slot="iommu_ops.device_group",
        via=("iommu_device_register", "bus_iommu_probe", "iommu_init_device"),
        changed=("of_iommu_configure",),
        implementations=(Implementation("bar_device_group", PGTABLE),),
        reason="iommu_fwspec_init() becomes reachable: the gate of fwnode instances opens",
    )
    gone = Reach(
        api="iommu_device_register",
        slot="iommu_ops.is_attach_deferred",
        via=("iommu_device_register", "bus_iommu_probe", "iommu_setup_default_domain"),
        changed=("iommu_setup_default_domain",),
        implementations=(Implementation("old_is_attach_deferred", "drivers/iommu/old.c"),),
    )
    later = Shift(
        api="iommu_device_register",
        slots=("iommu_ops.probe_finalize", "iommu_ops.release_device"),
        caller="bus_iommu_probe",
        runner="finalize_work_fn",
        is_later=True,
    )
    twin = replace(
        unready_list(),
        primary=Location("drivers/iommu/old.c", 40, 2, "old_probe"),
        driver="drivers/iommu/old",
        fingerprint="kscan/v1:1212121212121212",
    )
    repaired = replace(unguarded_driver(), fingerprint="kscan/v1:9e9e9e9e9e9e9e9e")
    return Impact(
        base=TreeInfo("linux-foo", "6.14.0", "89abcdef0123456789abcdef0123456789abcdef"),
        head=head,
        stats=STATS,
        rules=RULES,
        added=(reach, gate),
        removed=(gone,),
        shifted=(later,),
        introduced=(unready_list(), late_global()),
        fixed=(repaired,),
        unchanged=(twin,),
        siblings=(Sibling(repaired.fingerprint, twin),),
        changed_functions=(
            Implementation("iommu_init_device", CORE),
            Implementation("platform_dma_configure", PLATFORM),
        ),
        drivers=(
            AffectedDriver(
                "drivers/iommu/foo-iommu", ("iommu_init_device", "of_iommu_xlate", "foo_of_xlate"),
                is_inside=True,
            ),
            AffectedDriver(
                "drivers/iommu/old", ("iommu_init_device", "old_probe_device"), is_inside=True
            ),
            AffectedDriver("drivers/memory/old", ("platform_dma_configure", "old_device_init")),
        ),
        drivers_not_listed=41,
        commits=(
            CommitShare("1111111111111111111111111111111111111111",
                        "iommu: Get DT parsing into the probe path",
                        (late_global().fingerprint, unready_list().fingerprint), ()),
            CommitShare("2222222222222222222222222222222222222222",
                        "qux: test dev->driver", (), (repaired.fingerprint,)),
        ),
        skips=SKIPS,
        skips_added=(Skip("drivers/iommu/new_macro.c", "parse error in every function"),),
        reproduce="kscan diff v6.14..fedcba987654",
    )  # fmt: skip


def quiet_change() -> Impact:
    """A range that does nothing to any driver."""
    loud = change()
    return Impact(base=loud.base, head=loud.head, stats=STATS, rules=RULES,
                  reproduce=loud.reproduce)  # fmt: skip
