# SPDX-License-Identifier: GPL-2.0-only
"""What one blob says by itself."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kscan.facts.extract import unit_of
from kscan.facts.unit import CType, Unit
from kscan.syntax.parser import Unparsable


def test_functions_with_their_types() -> None:
    unit = unit_of(b"static struct foo *foo_of(struct device *dev, u32 ids[4])\n{\n}\n")
    (found,) = unit.functions
    assert (found.name, found.line, found.static, found.inline) == ("foo_of", 1, True, False)
    assert found.result == CType("struct foo", 1)
    assert [(p.name, p.type.base, p.type.ptr) for p in found.params] == [
        ("dev", "struct device", 1),
        ("ids", "u32", 1),
    ]


def test_init_functions_and_prototypes() -> None:
    unit = unit_of(b"int foo(void);\nstatic int __init foo_init(void)\n{\n\treturn 0;\n}\n")
    assert [p.name for p in unit.prototypes] == ["foo"]
    assert unit.functions[0].init


def test_members_of_anonymous_bodies_are_the_outer_ones() -> None:
    unit = unit_of(
        b"struct a { int b; union { int c; struct { u8 d; }; }; struct { int e; } f; };\n"
    )
    tags = {record.tag: {m.name for m in record.fields} for record in unit.structs}
    assert tags["a"] == {"b", "c", "d", "f"}
    assert tags["a.f"] == {"e"}


def test_function_pointers_tell_what_a_call_yields() -> None:
    unit = unit_of(b"struct ops { struct foo *(*get)(int); int (*put)(struct foo *); };\n")
    get, put = unit.structs[0].fields
    assert (get.type, put.type) == (CType("struct foo", 1, fn=True), CType("int", fn=True))


def test_objects_say_whether_they_are_initialised() -> None:
    unit = unit_of(b"static int a;\nint b = 3;\nint c = 0;\nextern int d;\nstatic LIST_HEAD(e);\n")
    found = {o.name: (o.static, o.extern, o.initialised) for o in unit.globals}
    assert found["a"] == (True, False, False)
    assert found["b"] == (False, False, True)
    assert found["c"] == (False, False, False)
    assert found["d"] == (False, True, False)
    assert found["e"] == (True, False, False)


def test_table_entries_nested_and_chosen() -> None:
    unit = unit_of(
        b"static const struct ops t = {\n\t.get = foo_get,\n"
        b"\t.group = X ? foo_a : foo_b,\n"
        b"\t.inner = &(const struct inner_ops) { .attach = foo_attach },\n};\n"
        b"void f(struct d *d) { d->ops = &t; }\n"
    )
    found = {(s.owner, s.variable, s.fields): (s.values, s.inner) for s in unit.slots}
    assert found["struct ops", "t", ("get",)] == (("foo_get",), "")
    assert found["struct ops", "t", ("group",)] == (("foo_a", "foo_b"), "")
    inner = found["struct ops", "t", ("inner", "attach")]
    assert inner == (("foo_attach",), "struct inner_ops#1")
    assert found["", "d", ("ops",)] == (("t",), "")


def test_arrays_of_addresses() -> None:
    unit = unit_of(b"static struct bus *buses[] = {\n\t&a,\n#ifdef B\n\t&b,\n#endif\n};\n")
    assert unit.slots[0].values == ("a", "b")


def test_calls_at_file_scope_with_and_without_a_semicolon() -> None:
    unit = unit_of(
        b"int foo;\nfirst(foo)\nsecond(foo, /* a, */ &foo)\nTHIRD(foo); \n"
        b"static FOURTH(\n\tone(foo, 1),\n\tfoo)\nfifth()\nlast(foo)\n"
    )
    assert [(call.name, call.arguments, call.line) for call in unit.toplevel] == [
        ("first", ("foo",), 2),
        ("second", ("foo", "&foo"), 3),
        ("THIRD", ("foo",), 4),
        ("FOURTH", ("one(foo, 1)", "foo"), 5),
        ("fifth", (), 8),
        ("last", ("foo",), 9),
    ]


@given(st.binary(max_size=400))
def test_any_bytes_have_facts_or_a_reason(source: bytes) -> None:
    try:
        unit = unit_of(source)
    except Unparsable as error:
        assert error.reason
        return
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(unit), type=Unit) == unit
