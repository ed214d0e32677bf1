# SPDX-License-Identifier: GPL-2.0-only
"""Drivers that register two objects, one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from text_tree import TextTree
from windows import chip_contract

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore

TREE = """
include/linux/chip.h
    struct line {{ int level; }};
    struct chip {{ int (*get)(struct chip *chip); struct line *line; }};
    int chip_add(struct chip *chip);
drivers/chip/core.c
    #include <linux/chip.h>
    int chip_add(struct chip *chip)
    {{
        chip->line = line_of(chip);
        return 0;
    }}
drivers/chip/foo.c
    #include <linux/chip.h>
    static int foo_get(struct chip *chip) {{ return chip->line->level; }}
    static struct chip foo[2] = {{ {{ .get = foo_get }}, {{ .get = foo_get }} }};
    static int foo_again(struct chip *chip) {{ {again} }}
    static int foo_probe(void)
    {{
        int err = chip_add(&foo[0]);

        if (err)
            return err;
        return {further};
    }}
"""


@pytest.mark.parametrize(
    ("further", "again", "is_late"),
    [
        ("chip_add(&foo[1])", "return 0;", False),
        ("foo_again(&foo[1])", "chip->line = line_of(chip); return 0;", True),
    ],
)
def test_what_the_registration_writes_it_writes_for_each(
    tmp_path: Path, further: str, again: str, *, is_late: bool
) -> None:
    """The core stands beside the driver here, and its second call is not late for the first."""
    own = tmp_path / "own.toml"
    own.write_text(chip_contract(0, "chip"))
    tree = TextTree(TREE.format(further=further, again=again))
    cases = Audit(tree, Options(catalogues=(own,)), NullStore()).cases
    (case,) = (one for one in cases if one.contract.name == "chip")
    assert {one.late.spelled for one in case.late_reads} == ({"chip.line"} if is_late else set())
