# SPDX-License-Identifier: GPL-2.0-only
"""What an execution takes for granted: which places are late, which code belongs to the driver.

An execution under the empty world finds feasible paths; under a world with late places it
finds what a callback does with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kscan.execution.values import Taint, Value
from kscan.flow.depth import Call
from kscan.flow.embedded import Holders, are_apart
from kscan.flow.places import Place
from kscan.kernel.functions import Functions
from kscan.program.program import Function


class Happening(StrEnum):
    """What an execution does with a tainted value."""

    CRASH = "crash"
    DECLINED = "declined"
    WRONG = "wrong-value"
    UNREADY = "unready"
    WARNED = "warn"
    STORED = "stored"
    LOOKED_UP = "looked-up"
    TIED = "tied"


@dataclass(frozen=True, slots=True)
class Event:
    """Something an execution did with a late place."""

    what: Happening
    taint: Taint
    at: int
    """Offset, in the file of `function`, where it happens."""
    function: Function
    frames: tuple[Call, ...] = ()
    note: str = ""
    stored: Place | None = None
    """Where the value went, for `Happening.STORED`."""
    sure: bool = True
    """False when code that kscan did not read decides."""
    again: bool = False
    """It refuses with an error that says to come again."""

    @property
    def order(self) -> tuple[int, ...]:
        """Where it happens in the first function, in what that calls, and so on: to sort by."""
        return (*(frame.at for frame in self.frames), self.at)


@dataclass(frozen=True)
class World:
    """Assumptions of one execution."""

    functions: Functions
    late: frozenset[Place] = frozenset()
    belongs: Callable[[str], bool] = lambda _path: True
    """Whether a file is the driver's own, so that its functions are entered."""
    results: Mapping[tuple[str, int], Value] = field(default_factory=dict)
    """Values of calls, by path and offset, that are assumed rather than found."""
    drivers: frozenset[str] = frozenset()
    """Driver structs whose probe has not returned: a look-up among their devices finds nothing."""
    negative: frozenset[Place] = frozenset()
    """Those of the late places that are below zero until then; all others are zero."""
    alone: bool = False
    """Callbacks run for devices of this one instance: no other on a list serves them."""
    never: frozenset[str] = frozenset()
    """Enumerators that no value is whose origin is ``offered``."""
    given: Mapping[Place, Value] = field(default_factory=dict)
    """What places hold before the first function starts."""
    of_instance: frozenset[Place] = frozenset()
    """Those late places that are members of the instance's device: another one's are not late."""
    embedded: Mapping[Place, frozenset[Holders]] = field(default_factory=dict)
    """What the objects lie in whose late places these are: those in other members are not late."""
    as_bound: bool = False
    """A look-up among the devices of `drivers` finds the instance all the same."""
    registered: str = ""
    """The struct of what the driver registers: its driver data is its own."""
    ties: bool = False
    """What is put on a device whose origin is ``client`` is noted."""

    def is_of_another(self, place: Place, within: Holders) -> bool:
        """The late `place` is that of other objects than what lies `within` some members."""
        late = self.embedded.get(place, frozenset())
        return bool(late) and all(are_apart(one, within) for one in late)
