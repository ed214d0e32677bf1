# SPDX-License-Identifier: GPL-2.0-only
"""Slots that begin or cease to run inside a registration, and gates that open."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from kscan.change.outcome import OpenGate, OpenSlot, OpenWindow, Place, Runner
from kscan.change.reach import delta, shifts
from kscan.reachability import Implementation, Shift

API = "iommu_device_register"
CORE = "drivers/iommu/iommu.c"
ROOT = Place(CORE, API)
PROBE = Place(CORE, "iommu_init_device")
BUS = Place("drivers/base/platform.c", "platform_dma_configure")
XLATE = Place("drivers/iommu/of_iommu.c", "of_iommu_xlate")
FWSPEC = Place(CORE, "iommu_fwspec_init")
WHY = "an instance with an fwnode serves a device by its fwspec"

SHUT = OpenGate("iommu_fwspec_init", WHY, ())
OPEN = OpenGate("iommu_fwspec_init", WHY, (ROOT, PROBE, BUS, XLATE, FWSPEC))


@dataclass
class Altered:
    """The functions that a change alters, and those it was asked about."""

    names: tuple[str, ...] = ()

    def __call__(self, path: str, name: str) -> bool:
        return name in self.names


def slot(
    name: str, *way: Place, runs: str = "", gated: bool = True, filled: bool = True
) -> OpenSlot:
    runners = tuple(
        Runner(Place(f"drivers/iommu/{driver}.c", f"{driver}_{name.rpartition('.')[2]}"), gated)
        for driver in runs.split()
    )
    return OpenSlot(name, (ROOT, *way), runners, filled)


def window(gate: OpenGate | None, *slots: OpenSlot) -> OpenWindow:
    return OpenWindow(API, slots, gate)


def test_a_slot_that_becomes_reachable_is_added_with_its_way_and_implementations() -> None:
    base = window(None, slot("iommu_ops.probe_device", PROBE, runs="foo bar"))
    head = window(
        None,
        slot("iommu_ops.probe_device", PROBE, runs="foo bar"),
        slot("iommu_ops.of_xlate", PROBE, BUS, XLATE, runs="bar foo"),
    )
    (reach,) = delta([head], [base], Altered(("iommu_init_device", "foo_of_xlate")))
    assert (reach.api, reach.slot, reach.reason) == (API, "iommu_ops.of_xlate", "")
    assert reach.via == (API, "iommu_init_device", "platform_dma_configure", "of_iommu_xlate")
    assert reach.changed == ("iommu_init_device",)
    assert reach.implementations == (
        Implementation("bar_of_xlate", "drivers/iommu/bar.c"),
        Implementation("foo_of_xlate", "drivers/iommu/foo.c"),
    )
    assert delta([base], [head], Altered()) == ()


def test_a_gate_that_opens_adds_the_callbacks_it_kept_out_and_says_so() -> None:
    base = window(SHUT, slot("iommu_ops.probe_device", PROBE, runs="old", gated=False))
    both = OpenSlot(
        "iommu_ops.probe_device",
        (ROOT, PROBE),
        (
            Runner(Place("drivers/iommu/foo.c", "foo_probe_device"), True),
            Runner(Place("drivers/iommu/old.c", "old_probe_device"), False),
        ),
        True,
    )
    (reach,) = delta([window(OPEN, both)], [base], Altered(("platform_dma_configure",)))
    assert [i.function for i in reach.implementations] == ["foo_probe_device"]
    assert reach.via == (API, "iommu_init_device")
    assert reach.changed == ("platform_dma_configure",)
    assert reach.reason.startswith("of_iommu_xlate() calls iommu_fwspec_init()")
    assert WHY in reach.reason
    assert delta([base], [window(OPEN, both)], Altered()) == ()


def test_a_gate_open_on_both_sides_adds_nothing() -> None:
    here = window(OPEN, slot("iommu_ops.probe_device", PROBE, runs="foo"))
    assert delta([here], [here], Altered()) == ()


def test_an_implementation_more_is_no_change_of_reach() -> None:
    base = window(None, slot("iommu_ops.probe_device", PROBE, runs="foo"))
    head = window(None, slot("iommu_ops.probe_device", PROBE, runs="foo bar"))
    assert delta([head], [base], Altered()) == ()


def test_another_bus_on_the_way_is_a_change_of_reach() -> None:
    def buses(*names: str) -> OpenWindow:
        runners = tuple(Runner(Place(f"drivers/{n}.c", f"{n}_dma_configure"), False) for n in names)
        return window(None, OpenSlot("bus_type.dma_configure", (ROOT, PROBE), runners, True, True))

    base, head = buses("amba", "platform"), buses("amba", "cdx", "platform")
    (reach,) = delta([head], [base], Altered((API,)))
    assert reach.implementations == (Implementation("cdx_dma_configure", "drivers/cdx.c"),)
    assert (reach.slot, reach.changed) == ("bus_type.dma_configure", (API,))
    assert delta([base], [head], Altered()) == ()
    assert delta([head], [base], Altered(), lambda place, places: True) == ()


def test_the_array_that_names_a_bus_more_is_what_is_changed() -> None:
    def buses(*names: str) -> OpenWindow:
        runners = tuple(Runner(Place(f"drivers/{n}.c", f"{n}_dma_configure"), False) for n in names)
        known = OpenSlot("bus_type.dma_configure", (ROOT, PROBE), runners, True, True)
        tables = tuple(f"{name}_bus_type" for name in names)
        return window(None, replace(known, array="iommu_buses", tables=tables))

    one, two = buses("platform"), buses("cdx", "platform")
    assert [reach.changed for reach in delta([two], [one], Altered())] == [("iommu_buses",)]
    (less,) = delta([two], [one], Altered((API,)))
    assert less.changed == (API, "iommu_buses")
    same = replace(two.slots[0], tables=("platform_bus_type",))
    (filled,) = delta([window(None, same)], [one], Altered())
    assert filled.changed == ()  # its table has another function now


def test_a_slot_whose_callbacks_a_shut_gate_keeps_out_is_not_added() -> None:
    base = window(SHUT)
    kept_out = slot("iommu_ops.capable", PROBE)
    unused = slot("iommu_ops.new_op", PROBE, filled=False)
    found = delta([window(SHUT, kept_out, unused)], [base], Altered())
    assert [reach.slot for reach in found] == ["iommu_ops.new_op"]


def test_the_nearest_slots_come_first_and_the_gate_last() -> None:
    base = window(SHUT, slot("iommu_ops.probe_device", PROBE))
    head = window(
        OPEN,
        slot("iommu_ops.probe_device", PROBE, runs="foo"),
        slot("iommu_ops.of_xlate", PROBE, BUS, XLATE, runs="foo"),
        slot("bus_type.dma_configure", PROBE, runs="platform", gated=False),
    )
    assert [reach.slot for reach in delta([head], [base], Altered())] == [
        "bus_type.dma_configure",
        "iommu_ops.of_xlate",
        "iommu_ops.probe_device",
    ]


def test_nothing_is_said_where_one_side_is_not_known() -> None:
    here = window(None, slot("iommu_ops.probe_device", PROBE, runs="foo"))
    unknown = OpenWindow(API, (), None, "not defined here")
    assert delta([here], [unknown], Altered()) == ()
    assert delta([unknown], [here], Altered()) == ()
    assert delta([here], [], Altered()) == ()


def test_a_slot_shifts_where_only_one_state_has_the_registration_wait_for_it() -> None:
    names = ("iommu_ops.probe_device", "iommu_ops.of_xlate")
    waited = [slot(name, PROBE, runs="foo") for name in names]
    left = [replace(one, later=("iommu_device_register", "walk_fn")) for one in waited]
    idle = slot("iommu_ops.release_device", PROBE)
    before, after = (
        window(None, *waited, idle),
        window(None, *left, replace(idle, later=("a", "b"))),
    )
    told = (API, tuple(sorted(names)), "iommu_device_register", "walk_fn")
    assert shifts([after], [before]) == (Shift(*told, is_later=True),)
    assert shifts([before], [after]) == (Shift(*told, is_later=False),)
    assert shifts([after], [window(None)]) == shifts([after], []) == shifts([after], [after]) == ()


def test_what_newly_runs_in_another_thread_is_said_to_do_so() -> None:
    left = replace(slot("iommu_ops.of_xlate", PROBE, runs="foo"), later=("a", "b"))
    assert [reach.is_later for reach in delta([window(None, left)], [window(None)], Altered())] == [
        True
    ]
