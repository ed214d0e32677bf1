# SPDX-License-Identifier: GPL-2.0-only
"""``kscan facts``: what kscan reads in one file, by itself."""

from __future__ import annotations

from typing import Any

import msgspec

from kscan.facts.unit import CType, FunctionFact, InvocationFact, SlotFact, Unit
from kscan.inspection.inspection import Document, Inspection, on_one_line
from kscan.model import KscanError
from kscan.source.tree import C_SUFFIXES, is_below, no_file
from kscan.syntax import dialect, parser
from kscan.wording import rows_printable

_BODY = 60
"""Characters of a macro's body that text shows."""


def facts(inspection: Inspection, path: str) -> Document:
    """The document ``kscan/facts/1`` on the file `path`; raises `KscanError`."""
    if not inspection.tree.exists(path):
        if any(is_below(known, (path,)) for known in inspection.tree.paths()):
            raise KscanError(f"{inspection.tree.name}: {path} is a directory: give a file below it")
        raise no_file(inspection.tree, path)
    if not path.endswith(C_SUFFIXES):
        raise KscanError(f"{path}: no C file: give one that ends in {' or '.join(C_SUFFIXES)}")
    unit = inspection.program.unit(path)
    return {
        **inspection.heading("facts"),
        "path": path,
        "blob": inspection.tree.blob_id(path),
        **_plain(unit),
        "errors": _errors(inspection.text(path)),
        **inspection.limits(),
    }


def _plain(value: Any) -> Any:
    """`value` with every fact as an object of its fields, by name."""
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _errors(source: bytes) -> list[Document]:
    """Places that were not understood."""
    try:
        root = parser.parse(dialect.respell(source).text).root_node
    except parser.Unparsable:
        return []
    return [
        {"line": node.start_point[0] + 1, "column": node.start_point[1] + 1}
        for node in parser.errors_in(root)
    ]


def as_text(inspection: Inspection, path: str) -> str:
    """The facts of `path` for a terminal, a line a fact."""
    unit = inspection.program.unit(path)
    rows = [
        *(f"{f.line:>6}  {_signature(f)}" for f in unit.functions),
        *(f"{s.line:>6}  struct {s.tag}: {_members(s.fields)}" for s in unit.structs),
        *(f"{o.line:>6}  {_prefix(o)}{_spelled(o.type)} {o.name}" for o in unit.globals),
        *(f"{s.line:>6}  {_slot(s)}" for s in unit.slots),
        *(f"{i.line:>6}  {_invocation(i)}" for i in unit.invocations),
        *(f"{m.line:>6}  #define {m.name}{_parameters(m.params)} {on_one_line(m.body, _BODY)}"
          for m in unit.macros),
        *(f"{c.line:>6}  {c.name}({', '.join(c.arguments)})" for c in unit.toplevel),
    ]  # fmt: skip
    rows.sort(key=lambda row: int(row[:6]))
    rows += [f"        typedef {_spelled(t.type)} {t.name}" for t in unit.typedefs]
    rows += [f"        #include {name}" for name in unit.includes]
    rows.append(_summary(inspection, path, unit))
    rows += [f"not read: line {e['line']}: not understood" for e in _errors(inspection.text(path))]
    rows += [f"skipped: {s['path']}: {s['reason']}" for s in inspection.limits()["skips"]]
    return rows_printable(rows)


def _summary(inspection: Inspection, path: str, unit: Unit) -> str:
    broken = sum(f.broken for f in unit.functions)
    return (
        f"{path} (blob {inspection.tree.blob_id(path)[:12]}): {len(unit.functions)} functions, "
        f"{broken} with a parse error, {len(unit.slots)} table entries, "
        f"{len(unit.globals)} objects, {len(unit.structs)} structs"
    )


def _signature(fact: FunctionFact) -> str:
    parameters = ", ".join(f"{_spelled(p.type)} {p.name}".strip() for p in fact.params)
    marks = [("static", fact.static), ("inline", fact.inline), ("__init", fact.init)]
    words = [word for word, holds in marks if holds]
    broken = "  /* parse error inside */" if fact.broken else ""
    return " ".join([*words, f"{_spelled(fact.result)} {fact.name}({parameters}){broken}"])


def _spelled(kind: CType) -> str:
    if kind.fn:
        return f"{kind.base} (*)()"
    return f"{kind.base or '?'}{' ' + '*' * kind.ptr if kind.ptr else ''}"


def _members(fields: tuple[Any, ...]) -> str:
    return ", ".join(f.name for f in fields)


def _prefix(fact: Any) -> str:
    return "extern " if fact.extern else "static " if fact.static else ""


def _slot(fact: SlotFact) -> str:
    table = fact.variable or f"({fact.owner})"
    return f"{table}.{'.'.join(fact.fields)} = {' or '.join(fact.values) or '…'}"


def _invocation(fact: InvocationFact) -> str:
    arguments = "" if fact.arguments is None else f"({', '.join(fact.arguments)})"
    place = ".".join((fact.variable or f"({fact.owner})", *fact.fields))
    return f"{place}{' =' if fact.whole else ':'} {fact.macro}{arguments}"


def _parameters(params: tuple[str, ...] | None) -> str:
    return "" if params is None else f"({', '.join(params)})"
