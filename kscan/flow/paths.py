# SPDX-License-Identifier: GPL-2.0-only
"""Access paths: ``foo->slots[0].lock`` as a reader writes it, and what it starts from."""

from __future__ import annotations

from kscan.facts import ir


def spelled(node: ir.Expr | None) -> str:
    """``foo->slots[0].lock`` for an access path, `&` and casts left out; empty for the rest."""
    match node:
        case ir.Name(id=name):
            return name
        case ir.Member(object=inner, field=name, arrow=arrow):
            outer = spelled(inner)
            return f"{outer}{'->' if arrow else '.'}{name}" if outer else ""
        case ir.Unary(op="&" | "*", operand=inner) | ir.Cast(operand=inner):
            return spelled(inner)
        case ir.Index(object=inner, index=index):
            outer, place = spelled(inner), spelled(index)
            place = index.text if isinstance(index, ir.Const) else place
            return f"{outer}[{place}]" if outer and place else ""
        case ir.Call(callee=ir.Name(id=name), args=args) if args:
            given = [spelled(argument) for argument in args]
            return f"{name}({', '.join(given)})" if all(given) else ""
    return ""


def is_path(node: ir.Expr) -> bool:
    """`node` names memory without calling anything: a variable, a member, an element."""
    match node:
        case ir.Name():
            return True
        case ir.Member(object=inner) | ir.Index(object=inner) | ir.Cast(operand=inner):
            return is_path(inner)
        case ir.Unary(op="*", operand=inner):
            return is_path(inner)
    return False


def addressed(node: ir.Expr) -> ir.Expr:
    """What `node` is the address of; `node` itself where it is none."""
    return node.operand if isinstance(node, ir.Unary) and node.op == "&" else node


def root_of(node: ir.Expr | None) -> str:
    """The variable that an access path starts from; empty where it starts from a call."""
    match node:
        case ir.Name(id=name):
            return name
        case ir.Member(object=inner) | ir.Index(object=inner) | ir.Cast(operand=inner):
            return root_of(inner)
        case ir.Unary(op="&" | "*", operand=inner):
            return root_of(inner)
    return ""


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


def is_whole(target: ir.Expr | None) -> bool:
    """`target` is a variable or an element of one, and no member of it."""
    outer, path = embedding(target)
    return isinstance(outer, ir.Name) and not path


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
