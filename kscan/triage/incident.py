# SPDX-License-Identifier: GPL-2.0-only
"""One thing that went wrong, as a console log tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from kscan.triage.trace import Frame


class Kind(StrEnum):
    """What the kernel reports."""

    OOPS = "oops"
    WARNING = "warning"
    LATE_PROBE = "late-probe"
    """A line of the catalogue of signatures, with or without a WARN's trace."""
    TRACE = "trace"
    """A call trace whose beginning the log lacks."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that went wrong, as the log tells it."""

    kind: Kind
    headline: str
    """What the kernel says first: the WARN's message, the fault."""
    pc: str = ""
    """The function that the program counter was in."""
    frames: tuple[Frame, ...] = ()
    """Innermost first; the function of `pc` is the first reliable one."""
    device: str = ""
    """As ``dev_name()``: ``ee300000.sata``."""
    driver: str = ""
    """As ``dev_driver_string()``: the name of the driver it is bound to, else of its bus."""
    hardware: str = ""
    """``Hardware name``, without the trailing ``(DT)``."""
    kernel_version: str = ""
    architecture: str = ""
    """As below ``arch/``; empty where the registers do not tell."""
    line: int = 0
    """Where in the log it begins, from 1."""
    times: int = 1
    """How often the log tells it in the same words; what a mail quotes is not counted."""

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that were running, innermost first."""
        return tuple(frame.function for frame in self.frames if frame.reliable)

    @property
    def lacks_its_line(self) -> bool:
        """It is the WARN of a signature whose line has not been met."""
        return self.kind is Kind.LATE_PROBE and not self.device

    def is_part_of(self, whole: Incident) -> bool:
        """The incident says nothing about the fault that `whole` does not say."""
        if self.hardware not in ("", whole.hardware):
            return False
        if self.kind is Kind.TRACE:
            return _contains(whole.functions, self.functions)
        if (self.kind, self.device) != (whole.kind, whole.device):
            return False
        if self.pc not in ("", whole.pc):
            return False
        if not self.functions:
            return bool(self.device) or self.headline == whole.headline
        return whole.functions[: len(self.functions)] == self.functions


def _contains(whole: tuple[str, ...], part: tuple[str, ...]) -> bool:
    """`part` is in `whole` in one piece: a trace may be cut off at either end."""
    size = len(part)
    return any(whole[at : at + size] == part for at in range(len(whole) - size + 1))


def once(found: Iterable[Incident]) -> tuple[Incident, ...]:
    """`found` without those that tell a part of another: the thread's quotations."""
    kept: list[Incident] = []
    for incident in found:
        for place, other in enumerate(kept):
            if incident.is_part_of(other):
                break
            if other.is_part_of(incident):
                times = max(incident.times, other.times)
                kept[place] = replace(incident, line=other.line, times=times)
                break
        else:
            kept.append(incident)
    return tuple(kept)
