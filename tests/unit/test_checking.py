# SPDX-License-Identifier: GPL-2.0-only
"""Which drivers are looked at where only findings of a part of the tree are wanted."""

from __future__ import annotations

from pathlib import Path
from weakref import ref

import pytest
from text_tree import TextTree
from windows import chip_contract

from kscan.audit import Audit, Options
from kscan.checking import Checking
from kscan.facts.store import NullStore
from kscan.progress import silent

TREE = """
include/linux/chip.h
    struct chip { int (*get)(struct chip *chip); };
    int chip_add(struct chip *chip);
drivers/chip/core.c
    #include <linux/chip.h>
    int chip_add(struct chip *chip) { return 0; }
drivers/chip/foo/foo.c
    #include <linux/chip.h>
    static int foo_get(struct chip *chip) { return 0; }
    static struct chip foo = { .get = foo_get };
    static int foo_probe(void) { return chip_add(&foo); }
drivers/other/bar.c
    #include <linux/chip.h>
    static int bar_get(struct chip *chip) { return 0; }
    static struct chip bar = { .get = bar_get };
    static int bar_probe(void) { return chip_add(&bar); }
    static int bar_again(void) { return chip_add(&bar); }
"""
FOO, BAR = ["drivers/chip/foo/foo.c"], ["drivers/other/bar.c"] * 2


@pytest.mark.parametrize(
    ("under", "paths"),
    [
        ((), [FOO, BAR]),
        (("drivers",), [FOO, BAR]),
        (("drivers/chip",), [FOO]),
        (("drivers/chip/foo",), [FOO]),
        # a file of the driver's, and one beside that may well be
        (("drivers/other/bar.c",), [BAR]),
        (("drivers/other/baz.c",), [BAR]),
        (("drivers/other/deeper",), [BAR]),
        (("drivers/oth",), []),
        (("drivers/oth", "drivers/chip/foo"), [FOO]),
    ],
)
def test_drivers_of_a_part_of_the_tree(
    tmp_path: Path, under: tuple[str, ...], paths: list[list[str]]
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(chip_contract(0, "chip"))
    cases = Audit(TextTree(TREE), Options(catalogues=(own,)), NullStore()).cases
    (case,) = (one for one in cases if one.contract.name == "chip")
    drivers = Checking(cases, under, 0, silent, [], []).drivers(case)
    assert [[one.function.path for one in several or ()] for several in drivers] == paths


def test_what_was_found_out_about_a_driver_is_forgotten(tmp_path: Path) -> None:
    """A contract may have hundreds of drivers, and no collector runs meanwhile."""
    own = tmp_path / "own.toml"
    own.write_text(chip_contract(0, "chip"))
    cases = Audit(TextTree(TREE), Options(catalogues=(own,)), NullStore()).cases
    (case,) = (one for one in cases if one.contract.name == "chip")
    foo, *bar = case.registrations
    alike = [ref(case.of(one)) for one in bar]
    with case.looking_at((foo,)):
        met = ref(case.of(foo))
        assert met() is not None
        assert case.of(foo).readers  # which refer to it
    assert met() is None
    assert all(one() is not None for one in alike)
