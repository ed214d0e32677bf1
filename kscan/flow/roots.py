# SPDX-License-Identifier: GPL-2.0-only
"""What an access path starts from."""

from __future__ import annotations

from kscan.facts import ir


def embedding(target: ir.Expr | None) -> tuple[ir.Expr | None, str]:
    """The object that `target` lies in, and its path there: ``foo`` and ``feat.streams``."""
    fields: list[str] = []
    node = target
    while isinstance(node, ir.Member | ir.Index):
        if isinstance(node, ir.Member):
            fields.insert(0, node.field)
            if node.arrow:
                return node.object, ".".join(fields)
        node = node.object
    return node, ".".join(fields)


def root_name(node: ir.Expr | None) -> str:
    """The variable an access path starts from; empty where it starts from a call."""
    while node is not None:
        match node:
            case ir.Name(id=name):
                return name
            case ir.Member(object=inner) | ir.Index(object=inner) | ir.Unary(operand=inner):
                node = inner
            case ir.Cast(operand=inner):
                node = inner
            case ir.Call(callee=ir.Name(id=name), args=(first, *_)) if _is_accessor(name):
                node = first
            case _:
                return ""
    return ""


def _is_accessor(name: str) -> bool:
    """A call that leads from one object to a part or an owner of it."""
    return name.startswith(("to_", "container_of", "dev_get_", "dev_iommu_priv_get")) or (
        name.endswith(("_get_drvdata", "_get_clientdata", "_entry", "_priv"))
    )
