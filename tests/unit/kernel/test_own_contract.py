# SPDX-License-Identifier: GPL-2.0-only
"""A contract of the user's own: a subsystem nobody has heard of, described in one file."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from kscan.audit import Audit, Options
from kscan.cli.commands import kscan
from kscan.facts.store import NullStore
from kscan.model import Confidence, Finding, KscanError, Report
from kscan.rules import selected
from kscan.sharing import Sharing
from kscan.source.open import open_tree
from kscan.source.tree import LARGEST
from kscan.workers import Turns

CATALOG = """\
[[contract]]
name = "gizmo"
register = "gizmo_register"
object = 0
table = 1
tables = ["gizmo_ops"]
source = "drivers/gizmo/core.c"
why = "gizmo_register() starts every port of the gizmo before it returns"

[contract.gate]
argument = 2
needs = "gizmo_attach_port"
source = "drivers/gizmo/core.c"
why = "a gizmo with a parent runs on the ports of its parent only"

[contract.walked]
slot = "gizmo_bus.scan"
array = "gizmo_buses"

[[contract.order]]
refusal = ["gizmo_ops.accept"]
skips = ["gizmo_ops.*"]
source = "drivers/gizmo/core.c"

[contract.failure]
slots = ["gizmo_ops.abort"]
source = "drivers/gizmo/core.c"

[[scenario]]
name = "eager-scan"
contract = "gizmo"
why = "gizmo_start() scans the buses"

[[scenario.edge]]
caller = "gizmo_start"
slot = "gizmo_bus.scan"

[[stop]]
reason = "a gizmo's ledger is only kept"
names = ["gizmo_ledger_*"]

[functions.drvdata]
setters = ["gizmo_bind_private"]
getters = ["gizmo_private"]

[functions.lookups]
any = ["gizmo_find_device"]

[[functions.initialiser]]
kind = "lock"
argument = 0
makers = ["gizmo_lock_init"]
users = ["gizmo_lock"]

[[contract]]
name = "alarm"
register = "alarm_on"
table = 1
instance = 1
window = "open"
source = "drivers/gizmo/core.c"
why = "the alarm may ring from the call on"
"""

HEADER = """\
struct device { void *driver_data; struct device *parent; };
struct gizmo_port { struct device *dev; };
struct gizmo_ops {
        int (*accept)(struct gizmo_port *port);
        int (*start)(struct gizmo_port *port);
        void (*ring)(struct gizmo_port *port);
        void (*abort)(struct gizmo_port *port);
        void (*idle)(struct gizmo_port *port);
};
struct gizmo_bus { void (*scan)(struct gizmo_port *port); };
struct gizmo { const struct gizmo_ops *ops; struct gizmo_lock { int held; } lock; };
int gizmo_register(struct gizmo *gizmo, const struct gizmo_ops *ops, struct device *parent);
void gizmo_bind_private(struct device *dev, void *data);
void *gizmo_private(struct device *dev);
struct device *gizmo_find_device(struct device *dev);
void gizmo_lock_init(struct gizmo_lock *lock);
void gizmo_lock(struct gizmo_lock *lock);
int alarm_on(int number, int (*handler)(int number, void *cookie), void *cookie);
"""

CORE = """\
#include <linux/gizmo.h>
static struct gizmo_bus near_bus = { .scan = near_scan };
static struct gizmo_bus far_bus = { .scan = far_scan };
static struct gizmo_bus *gizmo_buses[] = { &near_bus };
static void near_scan(struct gizmo_port *port)
{
        gizmo_attach_port(port);
}
static void far_scan(struct gizmo_port *port)
{
        struct gizmo *gizmo = port->dev->driver_data;
        gizmo->ops->idle(port);
}
void gizmo_attach_port(struct gizmo_port *port)
{
        struct gizmo *gizmo = port->dev->driver_data;
        gizmo->ops->ring(port);
}
void gizmo_ledger_write(struct gizmo_port *port)
{
        struct gizmo *gizmo = port->dev->driver_data;
        gizmo->ops->idle(port);
}
static int gizmo_start(struct gizmo *gizmo, struct gizmo_port *port)
{
        gizmo_ledger_write(port);
        if (gizmo->ops->accept(port))
                return -19;
        if (gizmo->ops->start(port))
                gizmo->ops->abort(port);
        return 0;
}
int gizmo_register(struct gizmo *gizmo, const struct gizmo_ops *ops, struct device *parent)
{
        struct gizmo_port port = { parent };
        gizmo->ops = ops;
        return gizmo_start(gizmo, &port);
}
void gizmo_bind_private(struct device *dev, void *data)
{
        dev->driver_data = data;
}
"""

DRIVER = """\
#include <linux/gizmo.h>
struct my { struct gizmo gizmo; struct device *dev; int limit; int *slots; };
static struct my *my_first;
static int my_accept(struct gizmo_port *port)
{
        return my_first->limit ? 0 : -19;
}
static int my_start(struct gizmo_port *port)
{
        struct my *my = gizmo_private(gizmo_find_device(port->dev));
        my->slots[0] = 1;
        return 0;
}
static void my_ring(struct gizmo_port *port)
{
        gizmo_lock(&my_first->gizmo.lock);
}
static void my_idle(struct gizmo_port *port)
{
        my_first->slots[1] = 1;
}
static const struct gizmo_ops my_ops = {
        .accept = my_accept,
        .start = my_start,
        .ring = my_ring,
        .idle = my_idle,
};
static int my_alarm(int number, void *cookie)
{
        struct my *my = gizmo_private(cookie);
        return my->slots[number];
}
int my_probe(struct device *dev)
{
        struct my *my = kzalloc(sizeof(*my), 0);
        int ret;

        if (!my)
                return -12;
        my->dev = dev;
        my->limit = 4;
        ret = gizmo_register(&my->gizmo, &my_ops, dev);
        if (ret)
                return ret;
        my_first = my;
        gizmo_bind_private(dev, my);
        gizmo_lock_init(&my->gizmo.lock);
        return 0;
}
int my_alarm_probe(struct device *dev, struct my *my)
{
        int ret = 0;

        ret = alarm_on(3, my_alarm, dev);
        if (ret)
                return ret;
        my->slots = kcalloc(4, 4, 0);
        gizmo_bind_private(dev, my);
        return 0;
}
"""

FILES = {
    "Kconfig": "",
    "include/linux/gizmo.h": HEADER,
    "drivers/gizmo/core.c": CORE,
    "drivers/gizmo/my.c": DRIVER,
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).replace("        ", "\t"))
    return root


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    path = tmp_path / "gizmo.toml"
    path.write_text(CATALOG)
    return path


def audit(tree: Path, catalog: Path, jobs: int = 1, **options: bool) -> Audit:
    asked = Options(min_confidence=Confidence.LOW, catalogues=(catalog,), hits=False, **options)
    return Audit(open_tree(tree), asked, NullStore(), jobs=jobs)


def late(found: Audit) -> set[tuple[str, str, str, str]]:
    rules = selected(("late-global", "late-drvdata", "late-state"))
    findings = found.findings(rules)
    assert not found.failed
    return {
        (f.rule, f.subject.name if f.subject else "", f.callback.function if f.callback else "",
         f.effect.value)
        for f in findings
    }  # fmt: skip


def finding(found: Audit, subject: str) -> Finding:
    rules = selected(("late-global", "late-drvdata", "late-state"))
    return next(f for f in found.findings(rules) if f.subject and f.subject.name == subject)


def window(tree: Path, catalog: Path, api: str, *more: str) -> dict[str, object]:
    arguments = ["window", api, str(tree), "--catalog", str(catalog), "-f", "json", "--no-cache"]
    done = CliRunner().invoke(kscan, [*arguments, *more])
    assert done.exit_code == 0, done
    return dict(json.loads(done.stdout))


def callbacks(listing: dict[str, object]) -> list[tuple[str, str]]:
    (registration,) = listing["registrations"]  # type: ignore[misc]
    return [(c["slot"], c["function"]) for c in registration["callbacks"]]  # type: ignore[index]


def test_the_window_runs_what_the_tree_and_the_scenario_say(tree: Path, catalog: Path) -> None:
    listing = window(tree, catalog, "gizmo_register")
    assert callbacks(listing) == [
        ("gizmo_ops.accept", "my_accept"),
        ("gizmo_ops.start", "my_start"),
        ("gizmo_ops.ring", "my_ring"),
    ]
    slots = {slot["slot"]: slot for slot in listing["slots"]}  # type: ignore[attr-defined]
    assert slots["gizmo_bus.scan"]["kind"] == "assumed"
    way = [(step["kind"], step["to"]) for step in slots["gizmo_ops.ring"]["way"]]
    assert way == [
        ("direct", "gizmo_start"), ("assumed", "near_scan"), ("direct", "gizmo_attach_port"),
    ]  # fmt: skip
    assert "gizmo_ops.idle" not in slots  # behind the stop list, and behind a bus not walked


def test_the_gate_is_shut_where_its_key_is_out_of_reach(tree: Path, catalog: Path) -> None:
    listing = window(tree, catalog, "gizmo_register", "--as-is")
    assert callbacks(listing) == []
    assert "gizmo_bus.scan" not in {s["slot"] for s in listing["slots"]}  # type: ignore[attr-defined]


def test_the_late_rules_find_what_comes_after_the_registration(tree: Path, catalog: Path) -> None:
    found = {row for row in late(audit(tree, catalog)) if row[2] != "my_alarm"}
    assert ("late-global", "my_first", "my_accept", "crash") in found
    assert ("late-drvdata", "driver data", "my_start", "crash") in found
    assert ("late-state", "my.gizmo.lock", "my_ring", "unready") in found
    assert not [row for row in found if row[2] == "my_idle"]


def test_as_it_stands_the_gate_keeps_the_callbacks_out(tree: Path, catalog: Path) -> None:
    assert {row[2] for row in late(audit(tree, catalog, as_is=True))} == {"my_alarm"}


def test_a_callback_handed_over_itself_may_run_from_the_call_on(tree: Path, catalog: Path) -> None:
    listing = window(tree, catalog, "alarm_on")
    assert (listing["window"], listing["slots"]) == ("open", [])
    assert callbacks(listing) == [("alarm_on.handler", "my_alarm")]
    found = audit(tree, catalog)
    about = {row for row in late(found) if row[2] == "my_alarm"}
    assert about == {
        ("late-state", "my.slots", "my_alarm", "crash"),
        ("late-drvdata", "driver data", "my_alarm", "crash"),
    }
    one = finding(found, "my.slots")
    assert "is set only after alarm_on() lets my_alarm() run, which" in one.message
    assert [s.note for s in one.trace][:2] == [
        "publishes my_alarm: the window opens", "may run from the registration on",
    ]  # fmt: skip


def reported(tree: Path, catalog: Path, jobs: int) -> Report:
    report = audit(tree, catalog, jobs).report()
    return replace(report, stats=replace(report.stats, seconds=0.0))


@pytest.mark.parametrize("jobs", [2, 3, 8])
def test_contracts_shared_out_come_to_what_one_process_says(
    tree: Path, catalog: Path, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.sharing.FEWEST_FILES", 0)
    alone = reported(tree, catalog, 1)
    assert {f.registration.api for f in alone.findings if f.registration} == {
        "gizmo_register", "alarm_on"
    }  # fmt: skip
    assert {entry.registration.api for entry in alone.window} == {"gizmo_register", "alarm_on"}
    assert reported(tree, catalog, jobs) == alone


@pytest.mark.parametrize("others", ["first", "whole"])
def test_a_contract_is_looked_at_though_a_process_was_ended_that_took_it_on(
    tree: Path, catalog: Path, others: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(_self: Sharing, turns: Turns) -> None:
        numbers = iter(turns)
        for _ in range(1 if others == "first" else 2):
            next(numbers, None)
        os._exit(9)

    monkeypatch.setattr("kscan.sharing.FEWEST_FILES", 0)
    alone = reported(tree, catalog, 1)
    monkeypatch.setattr(Sharing, "_part", taken)
    assert reported(tree, catalog, 2) == alone


def test_text_says_that_the_window_stays_open(tree: Path, catalog: Path) -> None:
    done = CliRunner().invoke(
        kscan, ["window", "alarm_on", str(tree), "--catalog", str(catalog), "--no-cache"]
    )
    assert "callbacks may run from alarm_on() on" in done.stdout
    line = DRIVER[: DRIVER.index("alarm_on(3")].count("\n") + 1
    row = f"drivers/gizmo/my.c:{line}: my_alarm_probe() registers my_alarm\n"
    assert row in done.stdout


def test_a_contract_that_the_tree_does_not_know_is_left_out_and_said(
    tree: Path, catalog: Path
) -> None:
    report = audit(tree, catalog).report()
    assert report.notes == ("iommu_device_register() is not in this tree, nor who calls it",)
    assert {entry.registration.api for entry in report.window} == {"gizmo_register", "alarm_on"}


@pytest.mark.parametrize(("contract", "told"), [("gizmo", 1), ("alarm", 0)])
def test_a_device_lock_is_told_of_what_runs_inside_the_call(
    tree: Path, catalog: Path, contract: str, told: int
) -> None:
    driver = DRIVER.replace("my_first->limit ?", "device_lock(port->dev) ?")
    driver = driver.replace("gizmo_private(cookie)", "device_lock(cookie)")
    (tree / "drivers/gizmo/my.c").write_text(driver)
    (case,) = (c for c in audit(tree, catalog).cases if c.contract.name == contract)
    (rule,) = selected(("device-lock-in-window",))
    assert len(list(rule.check(case))) == told


def test_a_macro_is_walked_from_the_function_that_it_calls(tree: Path, catalog: Path) -> None:
    define = "#define gizmo_register(gizmo, ops, dev) ({ __gizmo_register(gizmo, ops, dev); })"
    header = HEADER.replace("int gizmo_register(", f"{define}\nint __gizmo_register(")
    (tree / "include/linux/gizmo.h").write_text(header)
    core = CORE.replace("int gizmo_register(", "int __gizmo_register(")
    (tree / "drivers/gizmo/core.c").write_text(core)
    listing = window(tree, catalog, "gizmo_register")
    assert [slot for slot, _ in callbacks(listing)] == [
        "gizmo_ops.accept", "gizmo_ops.start", "gizmo_ops.ring",
    ]  # fmt: skip


def test_a_function_defined_nowhere_leaves_the_other_contracts_alone(
    tree: Path, catalog: Path
) -> None:
    core = CORE.replace("int gizmo_register(", "int gizmo_register_renamed(")
    (tree / "drivers/gizmo/core.c").write_text(core)
    found = audit(tree, catalog)
    report = found.report()
    assert [(s.path, s.reason) for s in report.skips] == [
        ("contract gizmo", "gizmo_register() is not defined here: nothing inside it is looked at")
    ]
    assert {row[2] for row in late(found)} == {"my_alarm"}


@pytest.mark.parametrize("stop", ["gizmo_ledger_*", "gadget_ledger_*"])
def test_a_walk_goes_on_in_the_directory_that_it_starts_in(
    tree: Path, catalog: Path, stop: str
) -> None:
    home = '\n[[stop]]\nreason = "a window of its own"\n'
    names = 'names = ["gizmo_*"]\ndirectories = ["drivers/gizmo"]\n'
    catalog.write_text(CATALOG.replace("gizmo_ledger_*", stop) + home + names)
    listing = window(tree, catalog, "gizmo_register")
    is_stopped = stop.startswith("gizmo")  # at functions that a stop names, and no directory
    assert [slot for slot, _ in callbacks(listing)] == [
        "gizmo_ops.accept", "gizmo_ops.start", "gizmo_ops.ring",
        *([] if is_stopped else ["gizmo_ops.idle"]),
    ]  # fmt: skip


UNKNOWN = {
    "member": ('slots = ["gizmo_ops.abort"]', 'slots = ["gizmo_ops.abrot"]',
               ("struct gizmo_ops has no member abrot here",)),
    "struct": ('tables = ["gizmo_ops"]', 'tables = ["gizmo_ops", "gadget_ops"]',
               ("struct gadget_ops is not in this tree: no table of that type is looked at",)),
    "member elsewhere": ('table = 1\ntables', 'table = 1\ntable_field = "gizmo.oops"\ntables',
                         ("struct gizmo has no member oops here",)),
    "struct of a slot": ('refusal = ["gizmo_ops.accept"]', 'refusal = ["gismo_ops.accept"]',
                         ("struct gismo_ops is not in this tree",)),
    "gate": ('needs = "gizmo_attach_port"', 'needs = "gizmo_attach_prot"',
             ("gizmo_attach_prot() is defined nowhere here: the gate stays shut",)),
    "slots": ('names = ["gizmo_ledger_*"]', 'names = ["gizmo_start"]',
              ("no slot is reached inside gizmo_register()",)),
}  # fmt: skip


@pytest.mark.parametrize(("text", "slip", "said"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_the_tree_knows_nothing_of_is_said(
    tree: Path, catalog: Path, text: str, slip: str, said: tuple[str, ...]
) -> None:
    assert text in CATALOG
    catalog.write_text(CATALOG.replace(text, slip, 1))
    notes = audit(tree, catalog).report().notes
    assert notes[1:] == tuple(f"contract gizmo: {one}" for one in said)


@pytest.mark.parametrize("name", ["eager-scan", "new-probe-path"])
def test_what_a_scenario_names_and_the_tree_does_not_know_is_said(
    tree: Path, catalog: Path, name: str
) -> None:
    edge = 'caller = "gizmo_start"\nslot = "gizmo_bus.scan"'
    slips = 'slot = "gizmo_bus.scna"\nor_caller_of = ["gismo_ops.start"]'
    text = CATALOG.replace(edge, f'caller = "gizmo_start"\n{slips}')
    catalog.write_text(text.replace('name = "eager-scan"', f'name = "{name}"'))
    assert audit(tree, catalog).report().notes[1:] == (
        f"scenario {name}: struct gismo_ops is not in this tree",
        f"scenario {name}: struct gizmo_bus has no member scna here",
    )


def test_a_stop_that_silences_a_built_in_contract_is_said(tmp_path: Path) -> None:
    path = tmp_path / "stop.toml"
    path.write_text('[[stop]]\nreason = "a slip"\nnames = ["*"]\n')
    sample = Path(__file__).parents[3] / "sample-trees/probe-path/1-new-probe-path"
    report = audit(sample, path).report()
    assert report.notes == ("contract iommu: no slot is reached inside iommu_device_register()",)


def test_notes_stand_beside_a_format_of_one_line_a_finding(tree: Path, catalog: Path) -> None:
    arguments = ["audit", str(tree), "--catalog", str(catalog), "-f", "concise", "--no-cache"]
    done = CliRunner().invoke(kscan, arguments)
    assert "note: iommu_device_register() is not in this tree" in done.stderr


def test_where_nothing_can_be_walked_the_tree_is_no_kernel(tree: Path, catalog: Path) -> None:
    catalog.write_text(CATALOG[: CATALOG.rindex("[[contract]]")])
    (tree / "drivers/gizmo/core.c").unlink()
    with pytest.raises(
        KscanError, match=r"gizmo_register\(\) is not defined here: is this a whole"
    ):
        audit(tree, catalog).report()


def test_a_kernel_that_is_too_old_for_a_contract_is_not_said_to_be_a_subtree(
    tree: Path, catalog: Path
) -> None:
    catalog.write_text(
        CATALOG[: CATALOG.rindex("[[contract]]")].replace(
            'tables = ["gizmo_ops"]', 'tables = ["gizmo_ops"]\nelsewhere = ["gizmo_set_ops:1"]', 1
        )
    )
    (tree / "drivers/gizmo/core.c").write_text("int gizmo_set_ops(void *bus, void *ops)\n{\n}\n")
    with pytest.raises(KscanError, match=r"not defined here: gizmo_set_ops\(\) of older kernels"):
        audit(tree, catalog).report()


def test_what_such_a_tree_has_that_could_not_be_read_is_told(tree: Path, catalog: Path) -> None:
    catalog.write_text(CATALOG[: CATALOG.rindex("[[contract]]")])
    core = tree / "drivers/gizmo/core.c"
    core.write_bytes(core.read_bytes() + b"\n" * (LARGEST + 1))
    with pytest.raises(KscanError, match=r"not a subtree\? \(drivers/gizmo/core\.c: "):
        audit(tree, catalog).report()


def test_the_suggested_fix_speaks_of_the_users_function(tree: Path, catalog: Path) -> None:
    fix = finding(audit(tree, catalog), "my_first").fix
    assert fix and fix.sentence.startswith(
        "Set `my_first` before gizmo_register() is called. It stays set where that fails. "
        "`my.gizmo.lock` and the driver data are"
    )
    assert fix.patch


WRONG = {
    "unknown key": ('register = "gizmo_register"', 'registers = "gizmo_register"',
                    r"unknown field `registers` - at `\$\.contract\[0\]`"),
    "wrong type": ('tables = ["gizmo_ops"]', 'tables = "gizmo_ops"',
                   r"Expected `array`, got `str` - at `\$\.contract\[0\]\.tables`"),
    "missing field": ('why = "gizmo_register() starts every port of the gizmo before it returns"',
                      "", r"missing required field `why` - at `\$\.contract\[0\]`"),
    "missing key": ('register = "gizmo_register"', "",
                    r"missing required field `register` - at `\$\.contract\[0\]`"),
    "negative position": ("table = 1\ntables", "table = -1\ntables",
                          r"Expected `int` >= 0 - at `\$\.contract\[0\]\.table`"),
    "no such window": ('window = "open"', 'window = "ajar"',
                       r"Invalid enum value 'ajar' - at `\$\.contract\[1\]\.window`"),
    "unknown contract": ('contract = "gizmo"', 'contract = "gadget"',
                         "scenario eager-scan: no contract named gadget: known are alarm, gizmo"),
    "taken name": ('name = "gizmo"', 'name = "iommu"', "contract iommu: that name is taken"),
    "slot without a dot": ('slot = "gizmo_bus.scan"\narray', 'slot = "scan"\narray',
                           r"'scan' is no slot: write struct.field - at `\$\.contract\[0\]\.w"),
    "edge without a dot": ('caller = "gizmo_start"\nslot = "gizmo_bus.scan"',
                           'caller = "gizmo_start"\nslot = "scan"', "'scan' is no slot"),
    "refusal of all": ('refusal = ["gizmo_ops.accept"]', 'refusal = ["gizmo_ops.*"]',
                       "'gizmo_ops.*' is no slot"),
    "stop without a reason": ('reason = "a gizmo\'s ledger is only kept"\n', "",
                              r"missing required field `reason` - at `\$\.stop\[0\]`"),
    "stop of every walk": ("[[stop]]\n", "[[stop]]\nalways = true\n",
                           r"unknown field `always` - at `\$\.stop\[0\]`"),
    "unknown functions": ("[functions.lookups]", "[functions.look_ups]",
                          "functions has no 'look_ups': known are .*lookups"),
    "replaced": ('any = ["gizmo_find_device"]', 'any = "gizmo_find_device"',
                 r"functions\.lookups\.any can only be added to: give a list"),
    "wrong functions": ('any = ["gizmo_find_device"]', "any = [3]",
                        r"Expected `str`, got `int` - at `\$\.functions\.lookups\.any\[0\]"),
    "no register": ('register = "gizmo_register"', 'register = ""',
                    r"register = '' is no name in C - at `\$\.contract\[0\]`"),
    "register called": ('register = "gizmo_register"', 'register = "gizmo register()"',
                        r"register = 'gizmo register\(\)' is no name in C"),
    "table spelled as a type": ('tables = ["gizmo_ops"]', 'tables = ["struct gizmo_ops"]',
                                r"tables = 'struct gizmo_ops' is no name in C"),
    "told at no place": ('tables = ["gizmo_ops"]',
                         'tables = ["gizmo_ops"]\ntable_setters = ["gizmo_alloc:ops"]',
                         "table_setters: a colon is followed by a position"),
    "elsewhere, but where": ('tables = ["gizmo_ops"]',
                             'tables = ["gizmo_ops"]\nelsewhere = ["gizmo_offer"]',
                             "elsewhere: a name is followed by a colon and a position"),
    "elsewhere, nowhere": ('tables = ["gizmo_ops"]',
                           f'tables = ["gizmo_ops"]\nelsewhere = ["gizmo_offer:{"9" * 5000}"]',
                           "elsewhere: a name is followed by a colon and a position"),
    "needs nothing": ('needs = "gizmo_attach_port"', 'needs = ""',
                      r"needs = '' is no name in C - at `\$\.contract\[0\]\.gate`"),
    "no name": ('name = "gizmo"', 'name = " "',
                r"name = ' ' cannot be shown: give a short word - at `\$\.contract\[0\]`"),
    "name that a terminal obeys": ('name = "gizmo"', r'name = "g\u001b[31mred"',
                                   r"name = 'g\\x1b\[31mred' cannot be shown"),
    "scenario without a name": ('name = "eager-scan"', 'name = ""', "name = '' cannot be shown"),
    "too deep": ('source = "drivers/gizmo/core.c"', f"source = {'[' * 5000}", "nested too deeply"),
    "not TOML": ("[contract.gate]", "[contract.gate", "not TOML"),
    "number of many digits": ("argument = 2", f"argument = {'2' * 5000}", "not TOML"),
    "key of many parts": ("argument = 2", f"argument{'.a' * 30_000} = 2", "200 dots"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wrong", "said"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_one_clear_line(
    tree: Path, catalog: Path, text: str, wrong: str, said: str
) -> None:
    assert text in CATALOG
    catalog.write_text(CATALOG.replace(text, wrong, 1))
    with pytest.raises(KscanError, match=said) as raised:
        audit(tree, catalog)
    assert str(raised.value).startswith(f"{catalog}: ")
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_a_clear_line(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(KscanError, match=r"none\.toml: No such file or directory: give a readable"):
        audit(tree, tmp_path / "none.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(KscanError, match="not TOML"):
        audit(tree, binary)


def test_what_is_no_file_is_not_waited_for(tree: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    with pytest.raises(KscanError, match=r"pipe\.toml: not a regular file: give a readable"):
        audit(tree, pipe)


def test_a_byte_order_mark_is_no_part_of_the_contract(tree: Path, catalog: Path) -> None:
    catalog.write_text(CATALOG, encoding="utf-8-sig")
    assert [case.contract.name for case in audit(tree, catalog).cases] == ["gizmo", "alarm"]


def test_an_empty_file_name_is_not_the_current_directory(tree: Path) -> None:
    done = CliRunner().invoke(kscan, ["audit", str(tree), "--catalog", ""])
    assert done.exit_code == 2
    assert "Invalid value for '--catalog': the name is empty: give one" in done.output


def test_an_unknown_registration_names_those_that_are_known(tree: Path, catalog: Path) -> None:
    done = CliRunner().invoke(kscan, ["window", "gadget_register", str(tree)])
    assert isinstance(done.exception, KscanError)
    assert "no contract for gadget_register: known are" in str(done.exception)
    assert "add one with --catalog" in str(done.exception)
    slip = CliRunner().invoke(kscan, ["window", "iommu_device_registr", str(tree)])
    assert "did you mean iommu_device_register? add one" in str(slip.exception)
