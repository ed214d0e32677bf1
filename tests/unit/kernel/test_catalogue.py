# SPDX-License-Identifier: GPL-2.0-only
"""What the shipped catalogue says, where a slip would be silent."""

from __future__ import annotations

from kscan.kernel.catalogue import catalogue

SPLIT = "iommu_domain_ops."
OLD = {"free": "domain_free"}


def test_slots_of_domains_are_named_as_before_they_had_a_struct_too() -> None:
    """In v5.18 they moved from struct iommu_ops to struct iommu_domain_ops."""
    contract = catalogue().contract("iommu_device_register")
    for slots in (*(c.slots for c in contract.condition), contract.failure.slots):
        fields = [slot.removeprefix(SPLIT) for slot in slots if slot.startswith(SPLIT)]
        assert {f"iommu_ops.{OLD.get(name, name)}" for name in fields} <= set(slots)


def test_a_walk_stops_at_page_allocation_and_not_at_a_domain_s() -> None:
    assert catalogue().stops_at("__iommu_alloc_pages")
    assert not catalogue().stops_at("__iommu_alloc_identity_domain")


def test_timers_and_works_keep_their_functions_for_later() -> None:
    assert all(map(catalogue().keeps, ("timer_setup", "INIT_DELAYED_WORK", "request_irq")))
    assert not catalogue().keeps("bus_for_each_dev")


def test_a_function_with_a_new_name_is_what_it_was() -> None:
    known = catalogue()
    anew = known.spelled({"iommu_device_register": "iommu_add", "dev_iommu_priv_set": "priv_set"})
    assert "iommu_add" in [contract.register for contract in anew.contracts]
    assert {"iommu_device_register", "dev_iommu_priv_set"} & anew.names == set()
    assert len(anew.names) == len(known.names)
    assert not any(map(anew.is_own, (*anew.contracts, *anew.scenarios)))
    there = known.spelled({"of_dma_configure_id": "of_dma_setup_id", "mutex_lock": "mutex_take"})
    assert {"of_dma_setup_id", "mutex_take"} <= there.names
    assert {"of_dma_configure_id", "mutex_lock"} <= known.names - there.names


def test_a_catalogue_without_new_names_is_itself() -> None:
    assert catalogue().spelled({}) is catalogue()
