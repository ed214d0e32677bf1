# SPDX-License-Identifier: GPL-2.0-only
"""A contract of a subsystem whose objects hold their callbacks themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from text_tree import TextTree
from windows import chip_contract

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore
from kscan.hazards.case import Case
from kscan.hazards.unseen import unseen

CONTRACT = chip_contract(0, "chip")

TREE = """
include/linux/chip.h
    struct chip;
    typedef void (*chip_put_t)(struct chip *chip);
    struct chip {
        const char *label;
        int (*get)(struct chip *chip);
        void (*set)(struct chip *chip);
        chip_put_t put;
    };
    int chip_add(struct chip *chip);
drivers/chip/core.c
    #include <linux/chip.h>
    int chip_add(struct chip *chip) { return 0; }
drivers/chip/foo.c
    #include <linux/chip.h>
    struct foo { struct chip chip, spare; };
    static int foo_get(struct chip *chip) { return 0; }
    static int old_get(struct chip *chip) { return 0; }
    static void foo_set(struct chip *chip) { }
    static const struct chip template = { .get = foo_get, .set = foo_set };
    static void foo_fill(struct foo *foo) { foo->chip.get = foo_get; }
    static int foo_probe(struct foo *foo)
    {
        %s
    }
"""


def case(tmp_path: Path, text: str, contract: str = CONTRACT) -> Case:
    own = tmp_path / "own.toml"
    own.write_text(contract)
    found = Audit(TextTree(text), Options(catalogues=(own,)), NullStore()).cases
    return next(one for one in found if one.contract.name == "chip")


def test_what_only_names_the_struct_stays_unread(tmp_path: Path) -> None:
    text = TREE % "return chip_add(&foo->chip);"
    others = (
        "\ndrivers/other/bar.c\n    int bar_get(struct chip *chip) { return chip->get(chip); }\n"
    )
    found = case(tmp_path, text + others)
    assert found.registrations
    read = found.program.reader.units
    assert "drivers/chip/foo.c" in read and "drivers/other/bar.c" not in read


@pytest.mark.parametrize(
    ("body", "runs"),
    [
        ("foo->chip.get = foo_get; foo->chip.set = foo_set; return chip_add(&foo->chip);",
         ["chip.get foo_get", "chip.set foo_set"]),
        ("foo->chip.label = foo_get; foo->chip.set = foo_set; return chip_add(&foo->chip);",
         ["chip.set foo_set"]),
        ("foo->chip.get = old_get; foo->chip.get = foo_get; return chip_add(&foo->chip);",
         ["chip.get foo_get"]),
        ("foo->spare.get = foo_get; return chip_add(&foo->chip);", []),
        ("int err = chip_add(&foo->chip); foo->chip.get = foo_get; return err;", []),
        ("struct chip *chip = &foo->chip; chip->get = foo_get; return chip_add(chip);",
         ["chip.get foo_get"]),
        ("foo_fill(foo); return chip_add(&foo->chip);", ["chip.get foo_get"]),
        # a local object, and a member of which a typedef is the type
        ("struct chip chip = { .get = foo_get }; return chip_add(&chip);", ["chip.get foo_get"]),
        ("struct chip chip = { .label = 0 }; chip.get = foo_get; return chip_add(&chip);",
         ["chip.get foo_get"]),
        ("struct chip old = { .get = old_get }, chip = { .get = foo_get };"
         " return chip_add(&chip);", ["chip.get foo_get"]),
        ("foo->chip.put = foo_set; return chip_add(&foo->chip);", ["chip.put foo_set"]),
        # a template is copied, and one of its callbacks replaced
        ("foo->chip = template; return chip_add(&foo->chip);",
         ["chip.get foo_get", "chip.set foo_set"]),
    ],
)  # fmt: skip
def test_what_an_object_that_is_its_own_table_runs(
    tmp_path: Path, body: str, runs: list[str]
) -> None:
    found = case(tmp_path, TREE % body)
    (registration,) = found.registrations
    callbacks = found.window.callbacks(registration)
    assert [f"{one.slot} {one.function.name}" for one in callbacks] == runs
    assert [skip.path for skip in unseen(found)] == ([] if runs else ["drivers/chip/foo.c"])


@pytest.mark.parametrize(("number", "said"), [(8, []), (9, ["drivers/chip/foo.c"])])
def test_a_function_that_registers_for_many_drivers_is_said(
    tmp_path: Path, number: int, said: list[str]
) -> None:
    text = TREE % "foo->chip.get = foo_get; return chip_add(&foo->chip);"
    users = [f"    int use{n}(struct foo *foo) {{ return foo_probe(foo); }}" for n in range(number)]
    skips = list(unseen(case(tmp_path, text + "\n".join(users))))
    assert [skip.path for skip in skips] == said
    reason = "foo_probe() has more than 8 callers: only the first of them are looked at"
    assert {skip.reason for skip in skips} <= {reason}


@pytest.mark.parametrize(
    ("contract", "why"),
    [
        (CONTRACT, "no callback in struct chip is known"),
        (chip_contract(9, "chip_ops", member="chip.label"),
         "the ops table in chip.label is not known"),
        (chip_contract(9, "chip_ops"), "the ops table is not known"),
    ],
)  # fmt: skip
def test_a_skip_says_what_is_looked_for(tmp_path: Path, contract: str, why: str) -> None:
    found = case(tmp_path, TREE % "return chip_add(&foo->chip);", contract)
    assert [skip.reason for skip in unseen(found)] == [f"foo_probe(): {why}, nothing is looked at"]
