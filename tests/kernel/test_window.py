# SPDX-License-Identifier: GPL-2.0-only
"""What runs inside a registration on whole kernels: found in the source, not written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from kscan.audit import Audit, Options
from kscan.facts.store import Store
from kscan.hazards.case import Case
from kscan.program.calls import EdgeKind, Slot
from kscan.source.open import open_tree
from kscan.source.patched import PatchedTree
from kscan.source.tree import Tree

pytestmark = pytest.mark.kernel

RUN = (
    "probe_device device_group is_attach_deferred def_domain_type domain_alloc "
    "domain_alloc_paging get_resv_regions capable probe_finalize release_device"
)
NOT_RUN = "page_response set_dev_pasid hw_info dev_enable_feat"
EDGE = b"""
	if (!dev->driver && dev->bus->dma_configure) {
		mutex_unlock(&iommu_probe_device_lock);
		dev->bus->dma_configure(dev);
		mutex_lock(&iommu_probe_device_lock);
	}
"""


def case(tree: Tree | Path, store: Store, as_is: bool = False) -> Case:
    opened = open_tree(tree) if isinstance(tree, Path) else tree
    return Audit(opened, Options(as_is=as_is), store).cases[0]


def slots(found: Case) -> set[str]:
    return {str(slot) for slot in found.window.slots}


def test_as_it_stands_no_firmware_is_parsed_inside(tree_6_12: Path, store: Store) -> None:
    found = slots(case(tree_6_12, store, as_is=True))
    assert "iommu_ops.of_xlate" not in found
    assert "bus_type.dma_configure" not in found
    assert "iommu_ops.probe_device" in found


def test_under_the_scenario_it_is(tree_6_12: Path, store: Store) -> None:
    opened = case(tree_6_12, store)
    found = slots(opened)
    assert {"iommu_ops.of_xlate", "bus_type.dma_configure", "iommu_domain_ops.attach_dev"} <= found
    assert {f"iommu_ops.{name}" for name in RUN.split()} <= found
    fields = {slot.partition(".")[2] for slot in found}
    assert fields.isdisjoint(NOT_RUN.split())
    call = opened.window.reach.slots[Slot("iommu_ops", "of_xlate")]
    way = [edge.callee.name for edge in opened.window.reach.way(call.caller)]
    steps = ["platform_dma_configure", "of_dma_configure_id", "of_iommu_xlate"]
    assert [name for name in way if name in steps] == steps


def test_under_the_scenario_it_is_on_an_older_tree_too(tree_6_1: Path, store: Store) -> None:
    opened = case(tree_6_1, store)
    assert opened.window.assumed[0].caller != "iommu_init_device"
    assert {"iommu_ops.of_xlate", "bus_type.dma_configure"} <= slots(opened)


def test_where_the_source_has_the_edge_nothing_is_assumed(tree_6_12: Path, store: Store) -> None:
    base = open_tree(tree_6_12)
    path = "drivers/iommu/iommu.c"
    text = base.read(path)
    first = text.index(b"if (!dev_iommu_get(dev))", text.index(b"static int iommu_init_device("))
    after = text.index(b"return -ENOMEM;\n", first) + len(b"return -ENOMEM;\n")
    opened = case(PatchedTree(base, {path: text[:after] + EDGE + text[after:]}), store)
    assert opened.window.assumed == ()
    assert slots(opened) == slots(case(tree_6_12, store))
    kinds = {
        e.site.kind for f in opened.window.reach.functions() for e in opened.window.reach.way(f)
    }
    assert EdgeKind.ASSUMED not in kinds


def test_a_registration_runs_its_own_table_only(tree_6_12: Path, store: Store) -> None:
    opened = case(tree_6_12, store)
    for registration in opened.registrations:
        homes = {table.path for table in registration.tables}
        owners = {home.rpartition("/")[0] for home in homes}
        for callback in opened.window.callbacks(registration):
            assert callback.entry.path.rpartition("/")[0] in owners
    first = next(r for r in opened.registrations if r.function.path.endswith("rockchip-iommu.c"))
    named = {c.function.name for c in opened.window.callbacks(first)} - {
        "generic_single_device_group"
    }
    assert named and all(name.startswith("rk_") for name in named)


def test_the_gate_keeps_gated_windows_shut_as_it_stands(tree_6_12: Path, store: Store) -> None:
    opened = case(tree_6_12, store, as_is=True)
    for registration in opened.registrations:
        expected = not registration.gated or opened.window.opened_by(registration) is not None
        assert bool(opened.window.callbacks(registration)) is expected
