# SPDX-License-Identifier: GPL-2.0-only
"""The value of a call: what the catalogue says of the function, or what its body does.

The driver's own functions are entered, inline ones too; any other is entered only when it is
handed a value that was read too early.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from kscan.execution import firmware, power, tying
from kscan.execution.frame import Frame
from kscan.execution.values import ANY, INVALID, ZERO, Value, What, offset_into, truth
from kscan.execution.world import Happening
from kscan.facts import ir
from kscan.flow import ownmember
from kscan.flow.assigned import assigned_in
from kscan.flow.depth import Call
from kscan.flow.paths import root_name, spelled
from kscan.flow.places import DRVDATA, Place, field_named, place_of, ready_place
from kscan.flow.stores import assignments, pointee
from kscan.kernel.devices import devices
from kscan.kernel.functions import Functions
from kscan.kernel.names import matches, position
from kscan.program import macros
from kscan.program.calls import callee_of
from kscan.program.hooks import hooked

BOUND = Place("bound device", "", "bound devices")

MOST_NESTED = 12
"""Macros expanded within one another; an audit of 6.1 needs 9."""

_NESTED = f"macros nested more than {MOST_NESTED} deep are not expanded"


def call(frame: Frame, node: ir.Call) -> Value:
    """The value of a call."""
    assumed = frame.execution.world.results.get((frame.function.path, node.at))
    if assumed is not None:
        for arg in node.args:
            frame.value(arg)
        return assumed
    name = node.name
    if not name or frame.scope.is_local(name):
        called = frame.value(node.callee)
        args = [frame.value(arg) for arg in node.args]
        if called.taint is not None and called.what in INVALID:
            frame.note(Happening.CRASH, called.taint, node.at, "calls it")
        return _hooked(frame, node, args)
    return _named_call(frame, node, name)


def _hooked(frame: Frame, node: ir.Call, args: list[Value]) -> Value:
    """A call through a member: entered where the driver has one function for it."""
    site = callee_of(frame.scope, node)
    if site is None or site.slot is None:
        return ANY
    belongs = frame.execution.world.belongs
    target = hooked(frame.scope.program, site.slot, frame.function.path, belongs)
    if target is None:
        return ANY
    frames = (*frame.frames, Call(frame.function, target, node.at))
    return frame.execution.enter(target, tuple(args), frames, frame.state) or ANY


def _named_call(frame: Frame, node: ir.Call, name: str) -> Value:
    functions = frame.execution.world.functions
    if frame.execution.world.ties and name in functions.ties:
        tying.ties(frame, node, name)
    for meaning in _meanings(functions, name):
        value = meaning(frame, node, name)
        if value is not None:
            return value
    return _entered(frame, node, name)


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
    args = _arguments(frame, node, name)
    is_late = any(arg.taint is not None and arg.what in INVALID for arg in args)
    inner = _allocation(frame, node) if is_late and name not in frame.expanding else None
    if inner is None or not may_expand(frame):
        _handed_over(frame, node, name, args)
    else:
        frame.expanding.add(name)
        frame.value(inner)
        frame.expanding.discard(name)
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
    head = node.args[0] if node.args else None
    if head is None:
        return ANY
    _used(frame, node, name)
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


def _entered(frame: Frame, node: ir.Call, name: str) -> Value:
    asked = power.call(frame, node, name)
    if asked is not None:
        return asked
    _used(frame, node, name)
    if name not in frame.expanding:
        expanded = macros.expanded(frame.scope.program, frame.function.path, node)
        if expanded is not None and may_expand(frame):
            frame.expanding.add(name)
            value = frame.value(expanded)
            frame.expanding.discard(name)
            return value
    return _handed_over(frame, node, name, _arguments(frame, node, name))


def may_expand(frame: Frame) -> bool:
    """One more macro may be expanded within those that are; a skip says where not."""
    if len(frame.expanding) < MOST_NESTED:
        return True
    frame.scope.program.cut(frame.function, _NESTED)
    return False


def _arguments(frame: Frame, node: ir.Call, name: str) -> list[Value]:
    """The values of the arguments; anything for those that are not evaluated."""
    idle = macros.unevaluated(frame.scope.program, frame.function.path, name)
    return [ANY if at in idle else frame.value(arg) for at, arg in enumerate(node.args)]


def _handed_over(frame: Frame, node: ir.Call, name: str, args: list[Value]) -> Value:
    """Enters the driver's own functions, and others when they are handed a late value."""
    late = [a.taint for a in args if a.taint is not None and a.what in INVALID]
    functions = frame.execution.world.functions
    if name in functions.tolerant:
        return ANY
    _kept(frame, name, args)
    program, path, belongs = frame.scope.program, frame.function.path, frame.execution.world.belongs
    if not late and program.is_elsewhere(name, path, belongs):
        return ANY
    targets = program.resolve(name, path)
    if len(targets) == 1 and (late or targets[0].fact.inline or belongs(targets[0].path)):
        frames = (*frame.frames, Call(frame.function, targets[0], node.at))
        found = frame.execution.enter(targets[0], tuple(args), frames, frame.state)
        if found is not None:
            return found
    elif late:
        what = Happening.WRONG if _only_numbers(frame, node, args) else Happening.CRASH
        frame.note(what, late[0], node.at, f"hands it to {name}()", sure=False)
    return ANY


def _kept(frame: Frame, name: str, args: list[Value]) -> None:
    """What a function that stores a pointer in a field leaves there, whoever defines it."""
    for keeper in frame.execution.world.functions.keeper:
        if matches(keeper.setters, name) and keeper.value < len(args):
            frame.state.env[field_named(keeper.field).key] = args[keeper.value]


def _only_numbers(frame: Frame, node: ir.Call, args: list[Value]) -> bool:
    """No late value among the arguments is known to be a pointer."""
    return not any(
        value.taint is not None and frame.scope.type_of(arg).ptr > 0
        for arg, value in zip(node.args, args, strict=True)
    )


def _used(frame: Frame, node: ir.Call, name: str) -> None:
    """A function that needs a lock, list or work made ready before."""
    for entry in frame.execution.world.functions.used_by(name):
        at = position(entry.users, name, entry.argument)
        if at >= len(node.args):
            continue
        needs(frame, node.args[at], entry.kind, node.at, f"calls {name}() on it")


def walked(frame: Frame, macro: str, head: ir.Expr, at: int) -> None:
    """The loop `macro` walks the list `head`, which must have been made ready."""
    for entry in frame.execution.world.functions.used_by(macro):
        needs(frame, head, entry.kind, at, f"{macro}() walks it")


def needs(frame: Frame, node: ir.Expr, kind: str, at: int, note: str) -> None:
    """The object `node` must have been made ready."""
    place = place_of(frame.scope, frame.execution.world.functions, node)
    if place is None:
        return
    ready = ready_place(place, kind)
    frame.execution.touched.add(ready)
    world = frame.execution.world
    if ready in world.late and not (
        ready in world.embedded and world.is_of_another(ready, frame.value(node).within[1:])
    ):
        frame.note(Happening.UNREADY, frame.taint(ready, at), at, note)
