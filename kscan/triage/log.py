# SPDX-License-Identifier: GPL-2.0-only
"""Oopses, WARNs and known lines of a console log, each as one incident.

The formats are those of ``arch/{arm64,arm,riscv}/mm/fault.c``, ``arch/x86/kernel/dumpstack.c``,
``kernel/panic.c`` (``__warn()``) and ``mm/kasan/report.c``.  A log quoted in a mail thread tells
the same incident many times; it is given once, in its longest form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from kscan.triage import console, signatures, trace
from kscan.triage.incident import Incident, Kind, once
from kscan.triage.trace import Frame

__all__ = ["MOST_FRAMES", "MOST_INCIDENTS", "Incident", "incidents"]

MOST_INCIDENTS = 500
"""Different ones; what a log tells after that many is left out."""

MOST_FRAMES = 128
_PATIENCE = 150
"""Lines between an incident's headline and the end of its registers, noise included."""
_NOISE = 6
"""Lines of other CPUs in a row that a call trace survives."""

_CUT_HERE = re.compile(r"(?<!-)-{3,}+\[ cut here \]-{3,}|^[ \t]*8<--- cut here ---$")
_END = re.compile(r"(?<!-)-{3,}+\[ end (?:trace|Kernel panic)|^={20,}$")
_WARNING = re.compile(r"^[ \t]*WARNING: (?:CPU: \d{1,9} PID: \d{1,9} at )?[\w./-]+:\d+")
_OOPS = re.compile(
    r"^[ \t]*(?:Unable to handle kernel |BUG: (?:kernel NULL|unable to handle|KASAN:|KFENCE:)"
    r"|kernel BUG at |general protection fault|Internal error: |Oops(?::|\b.*\[#)|Kernel BUG \[#"
    r"|divide error: |invalid opcode: |stack segment: )"
)
_SECOND = re.compile(
    r"^[ \t]*(?:Internal error: |Oops(?::|\b.*\[#)|Kernel BUG \[#|invalid opcode: )"
)
_TRACE = re.compile(r"^[ \t]*(?:Call [Tt]race:|Backtrace:)")
_BARE_FRAME = re.compile(r"^[ \t]*\[<[0-9a-f]{8,16}>\] [A-Za-z_]")
_MARKUP = re.compile(r"^[ \t]*</?(?:TASK|IRQ|NMI|SOFTIRQ|#[A-Z]+|ENTRY_TRAMPOLINE|EXCEPTION)>")
_AFTER_TRACE = re.compile(
    r"^[ \t]*(?:Code: |Modules linked in:|irq event stamp:|Kernel panic"
    r"|(?:RSP|EFLAGS|CR2|RAX|R1[0-5]): )"
)
_REGISTERS = re.compile(
    r"^[ \t]*(?:(?P<x86>[RE]IP: )|(?P<riscv>epc : )|(?P<arm>PC is at )"
    r"|(?P<arm64>pstate: |pc : [A-Za-z_]))"
)
_HARDWARE = re.compile(r"^[ \t]*Hardware name:[ \t]++(.{1,200}?)(?:[ \t]+\(DT\))?$")
_VERSION = re.compile(
    r"^[ \t]*(?:CPU: \d+ .*?[ \t])?(\d{1,2}\.\d{1,3}[\w.+~-]{0,100})[ \t]+(?:\S+ )?#\d+"
)
_AT_PLACE = re.compile(
    r"WARNING: .*?(?<![\w./-])(?P<path>[\w./-]+):(?P<line>\d+)(?: at)?(?: (?P<name>[\w.$]+)\+0x)?"
)


def incidents(log: bytes) -> tuple[Incident, ...]:
    """The incidents in `log`, in its order, each once, at most `MOST_INCIDENTS`."""
    reader = _Reader()
    for number, line in enumerate(console.lines(log), 1):
        reader.read(number, line)
        if len(reader.found) >= MOST_INCIDENTS:
            break
    reader.close()
    return once(reader.found)


@dataclass(slots=True)
class _Draft:
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

    def finished(self) -> Incident | None:
        """The incident; None where there is nothing to tell."""
        frames = list(self.frames[:MOST_FRAMES])
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
            self.kind,
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


class _Reader:
    """Reads one line after the other; at most one incident is open."""

    def __init__(self) -> None:
        self.found: list[Incident] = []
        self._told: set[Incident] = set()
        self._draft: _Draft | None = None
        self._in_trace = False
        self._noise = 0
        self._broken = ""
        """The first part of a frame that mail has broken."""

    def read(self, number: int, line: str) -> None:
        """Take in one plain line."""
        if self._broken:
            line, self._broken = f"{self._broken} {line.strip()}", ""
        if self._in_trace and trace.goes_on(line) and len(line) < console.LONGEST_LINE:
            self._broken = line
            return
        draft = self._draft
        if draft is not None and number - draft.line > _PATIENCE + len(draft.frames):
            self.close()
        if self._opens(number, line):
            return
        if self._draft is not None:
            self._continue(self._draft, line)

    def close(self) -> None:
        """End the open incident; one told before in the same words is not kept."""
        finished = self._draft.finished() if self._draft else None
        if finished is not None:
            told = replace(finished, line=0)
            if told not in self._told:
                self._told.add(told)
                self.found.append(finished)
        self._draft, self._in_trace, self._noise = None, False, 0

    def _start(self, number: int, kind: Kind, headline: str = "") -> _Draft:
        self.close()
        self._draft = _Draft(number, kind, headline.strip())
        return self._draft

    def _opens(self, number: int, line: str) -> bool:
        """`line` begins an incident, or the part of one that says what it is."""
        draft = self._draft
        empty = draft is not None and not draft.frames and not self._in_trace
        device = signatures.device_in(line)
        if device is not None:
            if draft is None or not (empty and draft.kind in (Kind.WARNING, Kind.LATE_PROBE)):
                draft = self._start(number, Kind.LATE_PROBE)
            draft.kind, draft.headline = Kind.LATE_PROBE, line.strip()
            draft.driver, draft.device = device
            return True
        if _CUT_HERE.search(line):
            self._start(number, Kind.WARNING)
        elif _WARNING.match(line):
            self._warning(number, line)
        elif _OOPS.match(line):
            self._oops(number, line, goes_on=empty and bool(_SECOND.match(line)))
        elif _TRACE.match(line):
            if draft is None or draft.frames:
                self._start(number, Kind.TRACE)
            self._in_trace, self._noise = True, 0
        elif _END.search(line):
            self.close()
        else:
            return False
        return True

    def _warning(self, number: int, line: str) -> None:
        draft = self._draft
        if draft is None or draft.frames or draft.kind not in (Kind.WARNING, Kind.LATE_PROBE):
            draft = self._start(number, Kind.WARNING)
        place = _AT_PLACE.search(line)
        if place:
            draft.place = trace.below_root(place["path"]), int(place["line"])
            if place["name"] and draft.pc is None:
                draft.pc = Frame(place["name"].partition(".")[0])
        draft.headline = draft.headline or line.strip()

    def _oops(self, number: int, line: str, *, goes_on: bool) -> None:
        draft = self._draft
        blank = draft is not None and not draft.headline and not draft.frames
        if draft is None or not (goes_on or blank):
            draft = self._start(number, Kind.OOPS, line)
        draft.kind = Kind.OOPS
        draft.headline = draft.headline or line.strip()

    def _continue(self, draft: _Draft, line: str) -> None:
        """Take in a line of the open incident: a frame, a register, or noise."""
        if not draft.architecture and (registers := _REGISTERS.match(line)):
            draft.architecture = registers.lastgroup or ""
        counter = trace.counter_in(line) if not draft.frames else None
        if counter is not None:
            if draft.pc is None or draft.pc.function == counter.function:
                draft.pc = counter
        elif self._in_trace or _begins_bare_trace(draft, line):
            self._in_trace = True
            self._trace_line(draft, line)
        elif hardware := _HARDWARE.match(line):
            draft.hardware = draft.hardware or hardware[1]
        elif version := _VERSION.match(line):
            draft.kernel_version = draft.kernel_version or version[1]
        elif draft.kind is Kind.WARNING and not draft.headline and line.strip():
            draft.headline = line.strip()

    def _trace_line(self, draft: _Draft, line: str) -> None:
        frames = trace.frames_in(line)
        if frames:
            self._noise = 0
            if len(draft.frames) < MOST_FRAMES:
                _extend(draft.frames, frames)
        elif _MARKUP.match(line):
            self._noise = 0
        elif _AFTER_TRACE.match(line):
            self._in_trace = False
        else:
            self._noise += 1
            self._in_trace = self._noise <= _NOISE


def _begins_bare_trace(draft: _Draft, line: str) -> bool:
    """A frame with its address after the registers: riscv prints no ``Call Trace:``."""
    return draft.pc is not None and not draft.frames and bool(_BARE_FRAME.match(line))


def _better(found: Frame, known: Frame | None) -> Frame:
    """The frame that also names a place."""
    return known if known is not None and known.path and not found.path else found


def _extend(frames: list[Frame], more: tuple[Frame, ...]) -> None:
    """Add `more`; of arm's ``callee from caller`` lines the callee is there already."""
    if len(more) == 2 and frames and frames[-1].function == more[0].function:
        more = more[1:]
    frames += more
