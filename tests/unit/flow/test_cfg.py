# SPDX-License-Identifier: GPL-2.0-only
"""The control flow of one function."""

from __future__ import annotations

import trees

from kscan.flow.cfg import Kind, cfg_of


def test_branches_test_one_thing_each_and_dominate() -> None:
    text = "int f(int a, int b) { if (a && !b) g(); else h(); return 0; }\n"
    made = trees.program({"a.c": text})
    cfg = cfg_of(made.body(trees.function(made, "f")))
    first, second = (n.index for n in cfg.nodes if n.kind is Kind.BRANCH)
    leave = next(n.index for n in cfg.nodes if n.kind is Kind.RETURN)
    assert cfg.dominates(first, second) and cfg.dominates(first, leave)
    assert not cfg.dominates(second, leave)
    assert first in cfg.reaching(leave)
