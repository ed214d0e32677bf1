# SPDX-License-Identifier: GPL-2.0-only
"""Oopses, WARNs and known lines of a console log, each as one incident.

The formats are those of ``arch/{arm64,arm,riscv}/mm/fault.c``, ``arch/x86/kernel/dumpstack.c``,
``kernel/panic.c`` (``__warn()``) and ``mm/kasan/report.c``.  A log quoted in a mail thread tells
the same incident many times; it is given once, in its longest form.
"""

from __future__ import annotations

import re
from dataclasses import replace

from kscan.triage import console, signatures, trace
from kscan.triage.draft import MOST_FRAMES, Draft
from kscan.triage.incident import Incident, Kind, once
from kscan.triage.trace import Frame

__all__ = ["MOST_FRAMES", "MOST_INCIDENTS", "Incident", "incidents"]

MOST_INCIDENTS = 500
"""Different ones; what a log tells after that many is left out."""

_PATIENCE = 150
"""Lines between an incident's headline and the end of its registers, noise included."""
_NOISE = 6
"""Lines of other CPUs in a row that a call trace survives."""
_BESIDE = 3
"""Lines from a message to the WARN it belongs to, where another order than the usual is printed."""
_HEADLESS = 3
"""Frames in a row that are a call trace without a ``Call Trace:`` above them."""

_CUT_HERE = re.compile(r"(?<!-)-{3,}+\[ cut here \]-{3,}|^[ \t]*8<--- cut here ---$")
_END = re.compile(r"(?<!-)-{3,}+\[ end (?:trace|Kernel panic)|^={20,}$")
_WARNING = re.compile(r"^[ \t]*WARNING: (?:CPU: \d{1,9} PID: \d{1,9} at )?[\w./-]+:\d+")
_OOPS = re.compile(
    r"^[ \t]*(?:Unable to handle kernel |BUG: (?:kernel NULL|unable to handle|K(?:A|M)SAN:|KFENCE:)"
    r"|kernel BUG at |general protection fault|Internal error: |Oops(?::|\b.*\[#)|Kernel BUG \[#"
    r"|divide error: |invalid opcode: |stack segment: )"
)
_SECOND = re.compile(
    r"^[ \t]*(?:Internal error: |Oops(?::|\b.*\[#)|Kernel BUG \[#|invalid opcode: )"
)
_TRACE = re.compile(r"^[ \t]*(?:Call [Tt]race:|Backtrace:)")
_BARE_FRAME = re.compile(r"^[ \t]*\[<[0-9a-f]{8,16}>\] [A-Za-z_]")
_DATA_RACE = re.compile(r"^[ \t]*(?:BUG: KCSAN: |UBSAN: )")
_HISTORY = re.compile(
    r"^[ \t]*(?:(?i:allocated|freed) (?:by task|in [\w.]+\+0x)|Uninit was |Last potentially related"
    r"|Second to last potentially|The buggy address )"
)
"""What a sanitizer tells of the memory's past, with traces of its own."""
_OTHER_ACCESS = re.compile(r"^[ \t]*(?:read|write|assert no accesses)\b.* to 0x[0-9a-f]+ of ")
"""The second half of a data race (``kernel/kcsan/report.c``)."""
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
    for number, (line, quoted) in enumerate(console.lines(log), 1):
        reader.read(number, line, quoted=quoted)
        if len(reader.found) >= MOST_INCIDENTS:
            break
    reader.close()
    return once(reader.found)


class _Reader:
    """Reads one line after the other; at most one incident is open."""

    def __init__(self) -> None:
        self.found: list[Incident] = []
        self._told: dict[Incident, int] = {}
        """Where in `found` an incident of these words is."""
        self._draft: Draft | None = None
        self._quoted = False
        self._closed = 0
        """The line that ended the last incident."""
        self._in_trace = False
        self._noise = 0
        self._broken = ""
        """The first part of a frame that mail has broken."""
        self._loose: list[tuple[int, tuple[Frame, ...]]] = []
        """The frames just read that belong to no incident, each with its line."""

    def read(self, number: int, line: str, *, quoted: bool = False) -> None:
        """Take in one plain line; `quoted` in a mail, it repeats what was told."""
        if self._broken:
            line, self._broken = f"{self._broken} {line.strip()}", ""
        if self._in_trace and trace.goes_on(line) and len(line) < console.LONGEST_LINE:
            self._broken = line
            return
        draft = self._draft
        if draft is not None and number - draft.line > _PATIENCE + len(draft.frames):
            self.close(number)
        if self._opens(number, line):
            self._loose = []
        elif self._draft is not None:
            self._continue(number, self._draft, line)
        elif self._gathers(number, line):
            self._headless(None)
        self._quoted = quoted

    def close(self, number: int = 0) -> None:
        """End the open incident; one told before in the same words is counted there."""
        finished = self._draft.finished() if self._draft else None
        if finished is not None:
            self._keep(finished)
        self._draft, self._in_trace, self._noise = None, False, 0
        self._loose, self._closed = [], number

    def _keep(self, finished: Incident) -> None:
        told = replace(finished, line=0)
        known = self._told.get(told)
        if known is None:
            self._told[told] = len(self.found)
            self.found.append(finished)
        elif not self._quoted:
            first = self.found[known]
            self.found[known] = replace(first, times=first.times + 1)

    def _start(self, number: int, kind: Kind, headline: str = "") -> Draft:
        self.close(number)
        self._draft = Draft(number, kind, headline.strip())
        return self._draft

    def _gathers(self, number: int, line: str) -> bool:
        """`line` makes the frames read just before it, outside any trace, enough for one."""
        frames = trace.frames_in(line)
        if frames:
            self._loose.append((number, frames))
        elif not _MARKUP.match(line):
            self._loose = []
        return len(self._loose) >= _HEADLESS

    def _headless(self, draft: Draft | None) -> None:
        """The frames gathered are the trace of `draft`, or of something cut off before them."""
        loose = self._loose
        draft = draft or self._start(loose[0][0], Kind.TRACE)
        for _, frames in loose:
            draft.extend(frames)
        self._in_trace, self._noise, self._loose = True, 0, []

    def _opens(self, number: int, line: str) -> bool:
        """`line` begins an incident, or the part of one that says what it is."""
        device = signatures.device_in(line)
        if device is not None:
            self._late(number, line, device)
        elif _CUT_HERE.search(line):
            self._cut_here(number)
        elif _WARNING.match(line):
            self._warning(number, line)
        elif _DATA_RACE.match(line):
            self._oops(number, line, Kind.WARNING)
        elif _OOPS.match(line):
            self._oops(number, line, Kind.OOPS)
        elif _TRACE.match(line):
            self._call_trace(number)
        elif _END.search(line):
            self.close(number)
        else:
            return False
        return True

    def _late(self, number: int, line: str, device: tuple[str, str]) -> None:
        """The line of a signature: of the open WARN, of the one that just ended, or alone."""
        draft = self._draft
        last = self.found[-1] if self.found else None
        if draft is None and last and last.lacks_its_line and number - self._closed <= _BESIDE:
            del self._told[replace(last, line=0, times=1)]
            self.found.pop()
            self._keep(replace(last, headline=line.strip(), driver=device[0], device=device[1]))
            return
        empty = draft is not None and not draft.frames and not self._in_trace
        if draft is None or not (empty and draft.kind in (Kind.WARNING, Kind.LATE_PROBE)):
            draft = self._start(number, Kind.LATE_PROBE)
        draft.kind, draft.headline = Kind.LATE_PROBE, line.strip()
        draft.driver, draft.device = device

    def _cut_here(self, number: int) -> None:
        draft = self._draft
        if draft is not None and draft.is_message and number - draft.line <= _BESIDE:
            draft.before = True
        else:
            self._start(number, Kind.WARNING)

    def _call_trace(self, number: int) -> None:
        draft = self._draft
        if draft is not None and draft.reported:
            return
        if draft is None or draft.frames:
            self._start(number, Kind.TRACE)
        self._in_trace, self._noise = True, 0

    def _warning(self, number: int, line: str) -> None:
        draft = self._draft
        place = _AT_PLACE.search(line)
        path, name = (trace.below_root(place["path"]), place["name"]) if place else ("", "")
        name = (name or "").partition(".")[0]
        if draft is not None and draft.before and name and not signatures.of_place(name, path):
            draft = self._start(number, Kind.WARNING)
        if draft is None or draft.frames or draft.kind not in (Kind.WARNING, Kind.LATE_PROBE):
            draft = self._start(number, Kind.WARNING)
        if place:
            draft.place = path, int(place["line"])
            if name and draft.pc is None:
                draft.pc = Frame(name)
        draft.headline = draft.headline or line.strip()

    def _oops(self, number: int, line: str, kind: Kind) -> None:
        draft = self._draft
        unread = draft is not None and not draft.frames and not self._in_trace
        goes_on = unread and bool(_SECOND.match(line))
        blank = draft is not None and not draft.headline and not draft.frames
        if draft is None or not (goes_on or blank):
            draft = self._start(number, kind, line)
        draft.kind = kind
        draft.headline = draft.headline or line.strip()
        draft.pc = draft.pc or trace.named_in(line)

    def _continue(self, number: int, draft: Draft, line: str) -> None:
        """Take in a line of the open incident: a frame, a register, or noise."""
        if not draft.architecture and (registers := _REGISTERS.match(line)):
            draft.architecture = registers.lastgroup or ""
        counter = trace.counter_in(line) if not draft.frames else None
        if counter is not None:
            if draft.pc is None or draft.pc.function == counter.function:
                draft.pc = counter
        elif _HISTORY.match(line) or (draft.frames and _OTHER_ACCESS.match(line)):
            draft.reported, self._in_trace = True, False
        elif self._in_trace or _begins_bare_trace(draft, line):
            self._in_trace = True
            self._trace_line(draft, line)
        elif not draft.frames and not draft.reported and self._gathers(number, line):
            self._headless(draft)
        elif hardware := _HARDWARE.match(line):
            draft.hardware = draft.hardware or hardware[1]
        elif version := _VERSION.match(line):
            draft.kernel_version = draft.kernel_version or version[1]
        elif draft.kind is Kind.WARNING and not draft.headline and line.strip():
            draft.headline = line.strip()

    def _trace_line(self, draft: Draft, line: str) -> None:
        frames = trace.frames_in(line)
        if frames:
            self._noise = 0
            draft.extend(frames)
        elif _MARKUP.match(line):
            self._noise = 0
        elif _AFTER_TRACE.match(line):
            self._in_trace = False
        else:
            self._noise += 1
            self._in_trace = self._noise <= _NOISE


def _begins_bare_trace(draft: Draft, line: str) -> bool:
    """A frame with its address after the registers: riscv prints no ``Call Trace:``."""
    return draft.pc is not None and not draft.frames and bool(_BARE_FRAME.match(line))
