# SPDX-License-Identifier: GPL-2.0-only
"""An incident while a log is being read: what its lines have told so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kscan.triage import signatures
from kscan.triage.incident import Incident, Kind
from kscan.triage.trace import Frame

MOST_FRAMES = 128
"""Of one incident; what its trace tells after that many is left out."""


@dataclass(slots=True)
class Draft:
    """The incident being read."""

    line: int
    kind: Kind
    headline: str = ""
    pc: Frame | None = None
    place: tuple[str, int] = ("", 0)
    """Where a WARN stands, as its first line says."""
    frames: list[Frame] = field(default_factory=list)
    device: str = ""
    driver: str = ""
    hardware: str = ""
    kernel_version: str = ""
    architecture: str = ""
    before: bool = False
    """Its message was printed before the line that says ``cut here``."""
    reported: bool = False
    """Its own trace is over: what follows tells of something else."""

    @property
    def is_message(self) -> bool:
        """Only the line of a signature is known of it."""
        return self.kind is Kind.LATE_PROBE and self.pc is None and not self.frames

    def extend(self, more: tuple[Frame, ...]) -> None:
        """Add `more`; of arm's ``callee from caller`` lines the callee is there already."""
        if len(self.frames) >= MOST_FRAMES:
            return
        if len(more) == 2 and self.frames and self.frames[-1].function == more[0].function:
            more = more[1:]
        self.frames += more

    def finished(self) -> Incident | None:
        """The incident; None where there is nothing to tell."""
        frames = list(_from_the_fault(self.frames[:MOST_FRAMES], self.pc))
        running = next((n for n, frame in enumerate(frames) if frame.reliable), None)
        pc = self.pc if self.pc or running is None else frames[running]
        if pc is not None:
            if not pc.path:
                pc = replace(pc, path=self.place[0], line=self.place[1])
            if running is not None and frames[running].function == pc.function:
                frames[running] = _better(frames[running], pc)
            else:
                frames.insert(0, pc)
        if not frames and (self.kind is Kind.TRACE or not (self.device or self.headline)):
            return None
        return Incident(
            self._kind(pc),
            self.headline,
            pc.function if pc else "",
            tuple(frames),
            self.device,
            self.driver,
            self.hardware,
            self.kernel_version,
            self.architecture,
            self.line,
        )

    def _kind(self, pc: Frame | None) -> Kind:
        """A WARN of the function that prints a known line has that line, printed or lost."""
        if self.kind is Kind.WARNING and pc and signatures.of_place(pc.function, pc.path):
            return Kind.LATE_PROBE
        return self.kind


def _from_the_fault(frames: Sequence[Frame], pc: Frame | None) -> Sequence[Frame]:
    """`frames` without those of the functions that report the fault, which is theirs if at `pc`."""
    fault = pc.function if pc else ""
    start = 0
    for place, frame in enumerate(frames):
        if not frame.reliable:
            continue
        if frame.function == fault or not signatures.reports(frame.function):
            break
        start = place + 1
    return frames[start:]


def _better(found: Frame, known: Frame | None) -> Frame:
    """The frame that also names a place."""
    return known if known is not None and known.path and not found.path else found
