# SPDX-License-Identifier: GPL-2.0-only
"""The value of a call: what the catalogue says of the function, or what its body does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from kscan.execution import entering, firmware, readiness, tying
from kscan.execution.frame import Frame
from kscan.execution.values import ANY, INVALID, ZERO, Value, What, offset_into, truth
from kscan.execution.world import Happening
from kscan.facts import ir
from kscan.flow import ownmember
from kscan.flow.assigned import assigned_in
from kscan.flow.paths import root_name, spelled
from kscan.flow.places import DRVDATA, Place
from kscan.flow.stores import assignments, pointee
from kscan.kernel.devices import devices
from kscan.kernel.functions import Functions
from kscan.kernel.names import matches, position
from kscan.program import macros

BOUND = Place("bound device", "", "bound devices")


def call(frame: Frame, node: ir.Call) -> Value:
    """The value of a call."""
    assumed = frame.execution.world.results.get((frame.function.path, node.at))
    if assumed is not None:
        for arg in node.args:
            frame.value(arg)
        return assumed
    name = node.name
    if not name or frame.scope.is_local(name) or frame.scope.points_to_code(name):
        called = frame.value(node.callee)
        args = [frame.value(arg) for arg in node.args]
        if called.taint is not None and called.what in INVALID:
            frame.note(Happening.CRASH, called.taint, node.at, "calls it")
        return entering.through_member(frame, node, args)
    return _named_call(frame, node, name)


def _named_call(frame: Frame, node: ir.Call, name: str) -> Value:
    functions = frame.execution.world.functions
    if frame.execution.world.ties and name in functions.ties:
        tying.ties(frame, node, name)
    for meaning in _meanings(functions, name):
        value = meaning(frame, node, name)
        if value is not None:
            return value
    return entering.entered(frame, node, name)


def _meanings(functions: Functions, name: str) -> tuple[_Meaning, ...]:
    """What a call of `name` may mean by the catalogue: the first that has a value counts."""
    known: dict[str, tuple[_Meaning, ...]] = functions.told
    if name not in known:
        known[name] = tuple(meaning for means, meaning in _MEANINGS if means(functions, name))
    return known[name]


def _transparent(frame: Frame, node: ir.Call, name: str) -> Value:
    functions = frame.execution.world.functions
    place = functions.transparent.position(name)
    values = [frame.value(arg) for arg in node.args]
    value = values[place] if place < len(values) else ANY
    if name in ("BUG_ON", "VM_BUG_ON") and value.taint is not None and truth(value):
        frame.note(Happening.CRASH, value.taint, node.at, f"stops at {name}()")
    if name in functions.warns and value.taint is not None and truth(value):
        frame.note(Happening.WARNED, value.taint, node.at, f"warns by {name}()")
    return value


def _stored(frame: Frame, node: ir.Call, name: str) -> Value | None:
    """What a place holds before a call that may store something in it."""
    functions = frame.execution.world.functions
    stores, loads = assignments(functions, node, name), functions.loads
    if not stores and name not in loads:
        return None
    at = loads.position(name)
    found = frame.loaded(pointee(node.args[at])) if name in loads and at < len(node.args) else ANY
    for store in stores:
        frame.value(store)
    return found


def _converted(frame: Frame, node: ir.Call, _name: str) -> Value:
    """A pointer as a number: that of NULL is a wrong one."""
    for arg in node.args:
        value = frame.value(arg)
        if value.taint is not None and value.what in INVALID:
            frame.note(Happening.WRONG, value.taint, node.at, "computes with it")
    return ANY


def _is_error(frame: Frame, node: ir.Call, name: str) -> Value:
    inner = frame.value(node.args[0]) if node.args else ANY
    if inner.what is What.ANY:
        return ANY
    holds = inner.what is What.ERROR or (name == "IS_ERR_OR_NULL" and inner.what is What.ZERO)
    return Value(What.SET if holds else What.ZERO, inner.taint)


def _error(frame: Frame, node: ir.Call, _name: str) -> Value:
    taint = None
    for arg in node.args:
        value = frame.value(arg)
        taint = taint or value.taint
    return Value(What.ERROR, taint)


def _fresh(frame: Frame, node: ir.Call, name: str) -> Value:
    frame.execution.acquired.add((frame.function, node.at))
    args = entering.arguments(frame, node, name)
    is_late = any(arg.taint is not None and arg.what in INVALID for arg in args)
    if not is_late or frame.meant(name, _allocation(frame, node)) is None:
        entering.handed_over(frame, node, name, args)
    return Value(What.ANY, None, "fresh")


def _allocation(frame: Frame, node: ir.Call) -> ir.Call | None:
    """The call that allocates in the macro that `node` calls: ``kmem_cache_alloc_noprof()``."""
    at = frame.scope.program, frame.function.path, node
    expanded = macros.expanded(*at) or macros.with_rest(*at)
    for part in ir.walk(expanded) if expanded is not None else ():
        match part:
            case ir.Call(callee=ir.Name(id=name)) if name in frame.execution.world.functions.fresh:
                return part
    return None


def _got(frame: Frame, node: ir.Call, name: str) -> Value | None:
    """Driver data."""
    if not node.args:
        return None
    member = ownmember.read(frame.scope, frame.execution.world.functions, node, name)
    if member is not None:
        return frame.value(member)
    device = frame.value(node.args[0])
    frame.dereferenced(device, node.at)
    place = ownmember.place(frame.scope, node.args[0], frame.execution.world.registered)
    return driver_data(frame, device, node.at, place)


def driver_data(frame: Frame, device: Value, at: int, place: Place = DRVDATA) -> Value:
    """Driver data of a device that was looked up is the instance's; of its own, not.

    What is registered has its own in another `place`.
    """
    if place == DRVDATA and not device.is_of_instance:
        return ANY
    frame.execution.touched.add(place)
    if place in frame.execution.world.late:
        return Value(What.ZERO, frame.taint(place, at))
    return ANY


def _empty(frame: Frame, node: ir.Call, _name: str) -> Value | None:
    if not node.args:
        return None
    taint = frame.late_list(node.args[0])
    frame.dereferenced(frame.value(node.args[0]), node.at)
    return Value(What.SET, taint) if taint is not None else ANY


def _first(frame: Frame, node: ir.Call, name: str) -> Value:
    at = position(frame.execution.world.functions.heads.first_or_null, name, 0)
    head = node.args[at] if at < len(node.args) else None
    if head is None:
        return ANY
    readiness.used(frame, node, name)
    frame.dereferenced(frame.value(head), node.at)
    taint = frame.late_list(head)
    if taint is None:
        return ANY
    or_null = matches(frame.execution.world.functions.heads.first_or_null, name)
    return Value(What.ZERO if or_null else What.BOGUS, taint)


def _switched(frame: Frame, node: ir.Call, name: str) -> Value | None:
    """A supply that is NULL is not switched on, and no error says so."""
    kind, at, on = frame.execution.world.functions.switches[name]
    value = frame.value(node.args[at]) if on and at < len(node.args) else ANY
    if value.what is What.ZERO and value.taint is not None:
        frame.note(Happening.UNREADY, value.taint, node.at, f"switches on no {kind}")
    return None


def _container(frame: Frame, node: ir.Call, name: str) -> Value | None:
    """The object around a member; of NULL it is NULL where that member comes first."""
    tag = macros.container_tag(name, node.args)
    if not tag and not name.startswith("container_of"):
        return None
    member = frame.value(node.args[0]) if node.args else ANY
    name = spelled(node.args[2]) if len(node.args) > 2 else ""
    around = member if name and frame.scope.begins_with(tag, name) else offset_into(member)
    if not member.within:
        return around
    return replace(around, within=member.within[1:] if member.within[0] == (tag, name) else ())


def _elsewhere(frame: Frame, node: ir.Call, _name: str) -> Value:
    for arg in node.args:
        frame.value(arg)
    properties = frame.execution.world.functions.lookups.properties
    asked = {arg.text.strip('"') for arg in node.args if isinstance(arg, ir.Const)}
    return ANY if asked.intersection(properties) else Value(What.ANY, None, "elsewhere")


def _looked_up(frame: Frame, node: ir.Call, _name: str) -> Value:
    """On a bus, or by a node, that is not there yet nothing is found."""
    frame.execution.acquired.add((frame.function, node.at))
    given = [frame.value(arg) for arg in node.args]
    for arg, value in zip(node.args, given, strict=True):
        if value.taint is not None and value.what is What.ZERO and frame.scope.type_of(arg).ptr:
            return Value(What.ZERO, value.taint)
    return firmware.found(given)


def _bound(frame: Frame, node: ir.Call, name: str) -> Value:
    """Finds nothing among the devices of a driver whose probe has not returned."""
    unset = [given for given in _handed_out(node) if frame.state.env.get(given) == ZERO]
    for arg in node.args:
        frame.value(arg)
    if not node.args or not _is_probing(frame, node.args[0]):
        return Value(What.ANY, None, "bound")
    if frame.execution.world.as_bound:
        return Value(What.ANY, None, "found")
    taint = frame.taint(BOUND, node.at)
    frame.note(Happening.LOOKED_UP, taint, node.at, f"{name}() finds nothing")
    nothing = Value(What.ZERO, taint)
    frame.state.env.update(dict.fromkeys(unset, nothing))
    return nothing


_Meaning = Callable[[Frame, ir.Call, str], Value | None]

_MEANINGS: tuple[tuple[Callable[[Functions, str], bool], _Meaning], ...] = (
    (lambda known, name: name in known.transparent, _transparent),
    (lambda known, name: bool(known.stores_by(name)) or name in known.loads, _stored),
    (lambda known, name: name in known.converts, _converted),
    (lambda _, name: name.startswith("IS_ERR"), _is_error),
    (lambda known, name: name in known.errors, _error),
    (lambda known, name: name in known.fresh, _fresh),
    (lambda known, name: matches(known.drvdata.getters, name), _got),
    (lambda known, name: matches(known.heads.empty, name), _empty),
    (lambda known, name: matches(known.heads.first + known.heads.first_or_null, name), _first),
    (lambda known, name: name in known.switches, _switched),
    (lambda _, name: macros.is_container(name) or name.startswith("container_of"), _container),
    (lambda known, name: matches(known.lookups.bound, name), _bound),
    (lambda known, name: matches(known.lookups.elsewhere, name), _elsewhere),
    (lambda known, name: matches(known.lookups.any, name), _looked_up),
    (lambda _, name: name in devices().node.accessors, firmware.another_form),
)
"""What functions mean by the catalogue, the first that applies; None is no value of it."""


def _handed_out(node: ir.Call) -> Iterator[str]:
    """The variables whose address a call is given."""
    for arg in node.args:
        match arg:
            case ir.Unary(op="&", operand=ir.Name(id=name)):
                yield name


def _is_probing(frame: Frame, node: ir.Expr) -> bool:
    """`node` is a driver whose probe has not returned, or a variable that is set to one."""
    drivers, name = frame.execution.world.drivers, root_name(node)
    if not frame.scope.is_local(name):
        return name in drivers
    values = assigned_in(frame.scope.program, frame.function).values(name)
    return any(root_name(value) in drivers for value in values)
