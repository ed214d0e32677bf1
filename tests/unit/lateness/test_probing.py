# SPDX-License-Identifier: GPL-2.0-only
"""Which expressions of a probe lead to the device that it is about."""

from __future__ import annotations

import pytest
import trees

from kscan.facts import ir
from kscan.lateness.probing import Probing

HEAD = """
struct device { int id; };
struct platform_device { struct device dev; };
struct foo { struct device *dev; struct device *other; };
"""


def probing(body: str) -> tuple[Probing, tuple[ir.Expr, ...]]:
    """The probe with that body, and what it returns."""
    code = f"{HEAD}static struct device *probe(struct platform_device *pdev)\n{{\n{body}\n}}\n"
    program = trees.program({"a.c": code})
    function = trees.function(program, "probe")
    return Probing(program, function), tuple(ir.returned(program.body(function)))


@pytest.mark.parametrize(
    ("body", "leads"),
    [
        ("return &pdev->dev;", True),
        ("struct device *dev = &pdev->dev; return dev;", True),
        ("struct foo *foo = make(); foo->dev = &pdev->dev; return foo->dev;", True),
        ("struct foo *foo = make(); foo->other = &pdev->dev; return foo->dev;", False),
        ("struct foo *foo = make(); foo->other = find(); return foo->other;", False),
        ("struct device *dev = find(); return dev;", False),
        ("struct device *a, *b; a = b; b = a; return a;", False),
    ],
)
def test_what_is_set_from_a_parameter_leads_to_the_device(body: str, leads: bool) -> None:
    own, (value,) = probing(body)
    assert own.leads_to_it(value) is leads


def test_variables_set_from_one_another_are_each_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number = 12
    names = [f"v{n}" for n in range(number)]
    sets = "".join(f"{a} = {b};\n" for a in names for b in names)
    own, (value,) = probing(f"struct device *{', *'.join(names)};\n{sets}return v0;")
    asked = []
    whole = Probing.leads_to_it

    def counting(self: Probing, node: ir.Expr, hops: int = 0) -> bool:
        asked.append(node)
        return whole(self, node, hops)

    monkeypatch.setattr(Probing, "leads_to_it", counting)
    assert not own.leads_to_it(value)
    assert len(asked) < 5 * number**2  # and not number**5
