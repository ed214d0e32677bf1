# SPDX-License-Identifier: GPL-2.0-only
"""From the text of one blob to its `Unit`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tree_sitter import Node

from kscan.facts import tables
from kscan.facts.declarators import (
    base_type,
    declared,
    fields_of,
    parameters_of,
    storage_of,
    text_of,
)
from kscan.facts.defines import without_comments
from kscan.facts.invocations import invocations, texts
from kscan.facts.unit import (
    CallFact,
    CType,
    FunctionFact,
    GlobalFact,
    MacroFact,
    StructFact,
    TypedefFact,
    Unit,
)
from kscan.syntax import dialect, parser, queries
from kscan.syntax.declaring import commas

_NEGATIVE = re.compile(r"\(?-\s?\w+\)?")
_NOTHING = re.compile(
    r"0|NULL|false|\{\s*(?:0|NULL)?\s*,?\s*\}"
    r"|H?LIST_HEAD_INIT\b.*|RB_ROOT(?:_CACHED)?|ATOMIC\w*_INIT\s*\(\s*0\s*\)"
)
"""Initial values that amount to none: zero, and what has nothing in it (linux/types.h, list.h)."""


def unit_of(source: bytes, respelled: dialect.Respelled | None = None) -> Unit:
    """The facts of `source`; raises `kscan.syntax.parser.Unparsable` for hostile input."""
    respelled = respelled or dialect.respell(source)
    root = parser.parse(respelled.text).root_node
    init = {m.offset for m in respelled.marks if m.text in (b"__init", b"__head")}
    found = queries.captures("facts/declarations", root)
    initialised = queries.captures("facts/tables", root)
    prototypes, objects = _declarations(found.get("declaration", []))
    toplevel = [call for node in found.get("toplevel", []) if (call := _toplevel(node)) is not None]
    toplevel = sorted([*toplevel, *_unended(respelled.marks, source)], key=lambda call: call.line)
    lines = source.split(b"\n")
    objects += [made for call in toplevel if (made := _made(call, lines)) is not None]
    return Unit(
        functions=tuple(_functions(root, init)),
        prototypes=tuple(prototypes),
        structs=tuple(_structs(found.get("struct", []))),
        globals=tuple(objects),
        slots=tuple(tables.slots(initialised)),
        macros=tuple(_macros(found)),
        typedefs=(*_typedefs(found.get("typedef", [])), *_classes(respelled.marks)),
        includes=tuple(text_of(node).strip('"<>') for node in found.get("include", [])),
        toplevel=tuple(toplevel),
        invocations=tuple(invocations(initialised, source)),
    )


def _functions(root: Node, init: set[int]) -> Iterator[FunctionFact]:
    for _, match in queries.matches("facts/functions", root):
        node, body = match["function"][0], match["body"][0]
        head, storage = range(node.start_byte, body.start_byte), storage_of(node)
        name, result, _ = declared(
            node.child_by_field_name("declarator"), base_type(node.child_by_field_name("type"))
        )
        yield FunctionFact(
            name=name,
            line=match["name"][0].start_point[0] + 1,
            start=node.start_byte,
            end=node.end_byte,
            params=parameters_of(match["parameters"][0]),
            result=result,
            static=b"static" in storage,
            inline=b"inline" in storage,
            init=any(offset in head for offset in init),
            broken=node.has_error,
        )


def _declarations(nodes: list[Node]) -> tuple[list[FunctionFact], list[GlobalFact]]:
    prototypes, objects = [], []
    for node in nodes:
        declarators = node.children_by_field_name("declarator")
        outer = declared(declarators[0], "")[0] if declarators else ""
        base = base_type(node.child_by_field_name("type"), outer)
        storage = storage_of(node)
        static, extern = b"static" in storage, b"extern" in storage
        for declarator in declarators:
            name, kind, parameters = declared(declarator, base)
            if not name:
                continue
            if parameters is not None and not kind.fn:
                prototypes.append(_prototype(name, declarator, parameters_of(parameters), kind))
            else:
                objects.append(_object(declarator, name, kind, static, extern))
    return prototypes, objects


def _prototype(name: str, node: Node, params: tuple, kind) -> FunctionFact:  # type: ignore[no-untyped-def, type-arg]
    return FunctionFact(name, node.start_point[0] + 1, node.start_byte, 0, params, kind)


def _object(declarator: Node, name: str, kind: CType, static: bool, extern: bool) -> GlobalFact:
    value = declarator.child_by_field_name("value")
    initial = text_of(value) if value is not None else ""
    return GlobalFact(
        name=name,
        type=kind,
        line=declarator.start_point[0] + 1,
        static=static,
        extern=extern,
        initialised=value is not None and _NOTHING.fullmatch(initial) is None,
        negative=_NEGATIVE.fullmatch(initial) is not None,
    )


def _structs(nodes: list[Node]) -> Iterator[StructFact]:
    for node in nodes:
        body = node.child_by_field_name("body")
        tag = text_of(node.child_by_field_name("name")) or _anonymous(node)
        if body is not None and tag:
            yield StructFact(tag, tuple(fields_of(body, tag)), node.start_point[0] + 1)


def _anonymous(node: Node) -> str:
    """The tag a nameless struct goes by: its path of members, or its typedef's name."""
    parent = node.parent
    if parent is None:
        return ""
    declarator = parent.child_by_field_name("declarator")
    if declarator is None:
        return ""
    name = declared(declarator, "")[0]
    if parent.type in ("type_definition", "declaration"):
        return name
    outer = parent.parent.parent if parent.parent is not None else None
    if outer is None or outer.type not in ("struct_specifier", "union_specifier"):
        return ""
    tag = text_of(outer.child_by_field_name("name")) or _anonymous(outer)
    return f"{tag}.{name}" if tag else ""


def _typedefs(nodes: list[Node]) -> Iterator[TypedefFact]:
    for node in nodes:
        kind = node.child_by_field_name("type")
        for declarator in node.children_by_field_name("declarator"):
            name = declared(declarator, "")[0]
            yield TypedefFact(name, declared(declarator, base_type(kind, name))[1])


def _classes(marks: Iterable[dialect.Mark]) -> Iterator[TypedefFact]:
    """The type of each class: ``DEFINE_CLASS(name, type, …)`` (include/linux/cleanup.h)."""
    for mark in marks:
        text = without_comments(mark.text) if mark.kind == "class" else b""
        if len(at := commas(text)) > 1:
            name, kind = (text[i + 1 : j].decode(errors="replace") for i, j in ((0, at[0]), at[:2]))
            words = [word for word in kind.replace("*", " ").split() if word != "const"]
            yield TypedefFact(name.strip(), CType(" ".join(words), kind.count("*")))


def _macros(found: dict[str, list[Node]]) -> Iterator[MacroFact]:
    for node in found.get("macro", []):
        names = node.child_by_field_name("parameters")
        params = (
            tuple(text_of(c) for c in names.children if c.type in ("identifier", "..."))
            if names
            else ()
        )
        yield _macro(node, params)
    for node in found.get("constant", []):
        yield _macro(node, None)


def _macro(node: Node, params: tuple[str, ...] | None) -> MacroFact:
    body = text_of(node.child_by_field_name("value")).replace("\\\n", " \n").strip()
    return MacroFact(
        text_of(node.child_by_field_name("name")), params, body, node.start_point[0] + 1
    )


def _toplevel(node: Node) -> CallFact | None:
    arguments = node.child_by_field_name("arguments")
    call = text_of(node.child_by_field_name("function"))
    if arguments is None or not call.isidentifier():
        return None
    return CallFact(
        call, tuple(text_of(a) for a in arguments.named_children), node.start_point[0] + 1
    )


def _unended(marks: Iterable[dialect.Mark], source: bytes) -> Iterator[CallFact]:
    """The macros at file scope that no semicolon ends."""
    line, last = 1, 0
    for mark in sorted(marks, key=lambda mark: mark.offset):
        if mark.kind == "toplevel":
            line, last = line + source.count(b"\n", last, mark.offset), mark.offset
            name, opening, rest = without_comments(mark.text).partition(b"(")
            call = name.decode("utf-8", "replace").strip()
            if call.isidentifier():
                yield CallFact(call, texts(opening + rest), line)


_MAKERS = {
    "LIST_HEAD": "struct list_head",
    "HLIST_HEAD": "struct hlist_head",
    "DEFINE_MUTEX": "struct mutex",
    "DEFINE_SPINLOCK": "spinlock_t",
    "DEFINE_RAW_SPINLOCK": "raw_spinlock_t",
    "DEFINE_RWLOCK": "rwlock_t",
    "DECLARE_RWSEM": "struct rw_semaphore",
    "DEFINE_IDA": "struct ida",
    "DEFINE_IDR": "struct idr",
    "DEFINE_XARRAY": "struct xarray",
    "DEFINE_XARRAY_ALLOC": "struct xarray",
    "DECLARE_COMPLETION": "struct completion",
    "DECLARE_WORK": "struct work_struct",
    "DECLARE_DELAYED_WORK": "struct delayed_work",
    "DECLARE_WAIT_QUEUE_HEAD": "wait_queue_head_t",
    "DEFINE_HASHTABLE": "struct hlist_head",
    "DEFINE_READ_MOSTLY_HASHTABLE": "struct hlist_head",
    "DEFINE_STATIC_KEY_FALSE": "struct static_key_false",
    "DEFINE_STATIC_KEY_FALSE_RO": "struct static_key_false",
}
"""Macros that define an object named by their first argument (include/linux/list.h, mutex.h,
spinlock_types.h, idr.h, xarray.h, completion.h, workqueue.h, wait.h, hashtable.h, jump_label.h)."""


def _made(call: CallFact, lines: list[bytes]) -> GlobalFact | None:
    """The object that a defining macro makes, which is ready from the start."""
    base = _MAKERS.get(call.name)
    if base is None or not call.arguments or not call.arguments[0].isidentifier():
        return None
    static = lines[call.line - 1].lstrip().startswith(b"static")
    return GlobalFact(call.arguments[0], CType(base), call.line, static)
