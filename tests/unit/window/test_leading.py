# SPDX-License-Identifier: GPL-2.0-only
"""Ops tables that lead to further ones by a member whose type says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from text_tree import TextTree
from windows import chip_contract

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore
from kscan.hazards.unseen import unseen

TREE = """
include/linux/chip.h
    struct chip;
    struct chip_ops { int (*get)(struct chip *chip); };
    struct aux_ops { int (*aux)(struct chip *chip); };
    struct chip_info { const char *name; const struct chip_ops *ops; const struct aux_ops *aux; };
    struct chip { const struct chip_ops *ops; void (*put)(struct chip *chip); };
    int chip_add(struct chip *chip, const struct chip_info *info);
drivers/chip/core.c
    #include <linux/chip.h>
    int chip_add(struct chip *chip, const struct chip_info *info) { return 0; }
drivers/chip/foo.c
    #include <linux/chip.h>
    struct foo { struct chip chip; struct chip_info info; };
    static int foo_get(struct chip *chip) { return 0; }
    static int foo_aux(struct chip *chip) { return 0; }
    static void foo_put(struct chip *chip) { }
    static const struct chip_ops foo_ops = { .get = foo_get };
    static const struct aux_ops foo_aux_ops = { .aux = foo_aux };
    static const struct chip_info foo_info = { .ops = &foo_ops, .aux = &foo_aux_ops };
    struct kind { int (*init)(void); struct chip_ops ops; };
    static int foo_init(void) { return 0; }
    static const struct kind foo_kind = { .init = foo_init, .ops = { .get = foo_get } };
    struct chip *chip_alloc(const struct chip_ops *ops, int size);
    static int foo_probe(struct foo *foo)
    {
        BODY
    }
"""

STATIC = "return chip_add(&foo->chip, &foo_info);"
STORED = "foo->info.ops = &foo_ops; return chip_add(&foo->chip, &foo->info);"
INSIDE = "return chip_add(&foo->chip, &foo_kind.ops);"
WHOLE = "foo->chip = (struct chip) { .put = foo_put }; return chip_add(&foo->chip, 0);"
TOLD = "struct chip *chip = chip_alloc(&foo_ops, 8); return chip_add(chip, 0);"
OWN = "foo->chip.ops = &foo_ops; foo->chip.put = foo_put; return chip_add(&foo->chip, 0);"


@pytest.mark.parametrize(
    ("body", "table", "tags", "runs"),
    [
        (STATIC, 1, ["chip_info", "chip_ops"], ["chip_ops.get"]),
        (STATIC, 1, ["chip_info", "chip_ops", "aux_ops"], ["aux_ops.aux", "chip_ops.get"]),
        (STATIC, 1, ["chip_info"], []),
        (STORED, 1, ["chip_info", "chip_ops"], ["chip_ops.get"]),
        (STORED, 1, ["chip_info", "aux_ops"], []),
        (OWN, 0, ["chip", "chip_ops"], ["chip.put", "chip_ops.get"]),
        (OWN, 0, ["chip"], ["chip.put"]),
        (WHOLE, 0, ["chip"], ["chip.put"]),
        # of what the table lies in, the contract names nothing
        (INSIDE, 1, ["chip_ops"], ["chip_ops.get"]),
    ],
)
def test_a_member_that_points_at_another_table_leads_there(
    body: str, table: int, tags: list[str], runs: list[str], tmp_path: Path
) -> None:
    assert callbacks(body, chip_contract(table, *tags), tmp_path) == runs


@pytest.mark.parametrize(
    ("setter", "runs"),
    [("chip_alloc:0", ["chip_ops.get"]), ("chip_alloc", []), ("chip_make:0", [])],
)
def test_a_function_that_the_object_comes_from_is_told_the_table(
    setter: str, runs: list[str], tmp_path: Path
) -> None:
    contract = f'{chip_contract(9, "chip_ops")}table_setters = ["{setter}"]\n'
    assert callbacks(TOLD, contract, tmp_path) == runs


def callbacks(body: str, contract: str, scratch: Path) -> list[str]:
    """The slots that run once a probe of this body has registered; none is told as not seen."""
    own = scratch / "own.toml"
    own.write_text(contract)
    options = Options(catalogues=(own,))
    cases = Audit(TextTree(TREE.replace("BODY", body)), options, NullStore(), only="chip_add").cases
    (case,) = cases
    (registration,) = case.registrations
    runs = sorted(str(one.slot) for one in case.window.callbacks(registration))
    assert bool(list(unseen(case))) is not bool(runs)
    return runs
