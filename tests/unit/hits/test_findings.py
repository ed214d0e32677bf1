# SPDX-License-Identifier: GPL-2.0-only
"""Who is hit by a finding: with the files beside it in its object, or by its own file alone."""

from __future__ import annotations

from dataclasses import replace

from made_findings import finding

from kscan.hits.findings import beforehand, with_hits
from kscan.model import Hits, Location, Step, StepKind

TREE = {
    "drivers/Makefile": "obj-y += acme/\n",
    "drivers/acme/Makefile": "obj-$(CONFIG_ACME) += acme.o\nacme-y := core.o hw.o\n",
    "drivers/acme/core.c": (
        'static const struct of_device_id ids[] = { { .compatible = "acme,mmu" }, {} };\n'
        "MODULE_DEVICE_TABLE(of, ids);\n"
    ),
    "drivers/acme/hw.c": "int acme_hw(void)\n{\n\treturn 0;\n}\n",
}
DRIVER = finding("drivers/acme/hw.c")
CORE = replace(DRIVER, registration=None, callback=None)
PROBED = replace(CORE, trace=(Step(Location("drivers/acme/hw.c", 1), StepKind.CALL, "calls x"),))


def matches(tree, *findings, known=None):
    return [found.hits.compatibles for found in with_hits(tree, findings, known or {}, 1)]


def test_a_driver_has_what_its_siblings_are_matched_by(tree_of):
    assert matches(tree_of(TREE), DRIVER) == [("acme,mmu",)]


def test_so_has_one_that_registers_nothing(tree_of):
    assert matches(tree_of(TREE), PROBED) == [("acme,mmu",)]


def test_what_the_core_runs_has_its_own_file_only(tree_of):
    (hits,) = (found.hits for found in with_hits(tree_of(TREE), (CORE,), {}, 1))
    assert (hits.compatibles, hits.config) == ((), ("CONFIG_ACME",))


def test_a_file_is_a_driver_for_all_its_findings(tree_of):
    assert matches(tree_of(TREE), CORE, DRIVER) == [("acme,mmu",)] * 2


def test_what_is_known_is_not_looked_up_again(tree_of):
    known = {("drivers/acme/hw.c", True): Hits(compatibles=("known",))}
    assert matches(tree_of(TREE), CORE, known=known) == [("known",)]
    assert matches(tree_of(TREE), DRIVER, known=known) == [("acme,mmu",)]


def test_a_file_with_a_table_needs_no_second_look(tree_of):
    with beforehand(tree_of(TREE), ["drivers/acme/core.c"], ["drivers/acme/core.c"]) as known:
        assert set(known()) == {("drivers/acme/core.c", True), ("drivers/acme/core.c", False)}
