# SPDX-License-Identifier: GPL-2.0-only
"""The litmus drawing of a finding in characters: two columns, or one where space is short.

Rows follow program order: the registration, the way into the callback over the full width, what
the callback does in the right column, then what P0 does after the registration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import zip_longest
from textwrap import TextWrapper

from kscan.model import Finding, Step, StepKind
from kscan.report import clean
from kscan.report.litmus import Hop, Litmus, arranged
from kscan.report.paint import Line, Span, line, padded, width

TWO_COLUMNS_FROM = 92
"""Columns below which the two sides are drawn one under the other."""

_ACCENT = {StepKind.READ: "red", StepKind.WRITE: "magenta", StepKind.REGISTER: "cyan"}
_GUTTER = 3
_LEFT_LEAST = 30
_DEEPEST = 2


def drawing(finding: Finding, columns: int, *, numbered: bool = True) -> list[Line]:
    """The finding's trace, drawn at most `columns` characters wide.

    Without `numbered` no line number is shown: a mail is read beside another version of the file.
    """
    if not finding.trace:
        return []
    litmus = arranged(finding)
    sketch = _Sketch(finding.primary.path, numbered)
    if not litmus.inside:
        return sketch.single(litmus, columns)
    if columns < TWO_COLUMNS_FROM or not (litmus.before or litmus.after):
        return sketch.stacked(litmus, columns)
    return sketch.beside(litmus, columns)


def _way_text(origin: str, way: Iterable[Hop]) -> str:
    """The way into the callback: ``f -> g -[argument]-> h -[bus_type.dma_configure]-> k``."""
    text = clean.line(origin)
    for hop in way:
        arrow = f"-[{clean.line(hop.label)}]->" if hop.label else "->"
        text += f" {arrow} {clean.line(hop.target)}"
    return text


def _callback_title(litmus: Litmus) -> str:
    """What P1 is: ``P1 foo_of_xlate (iommu_ops.of_xlate)``."""
    slot = f" ({litmus.slot})" if litmus.slot else ""
    return f"P1 {litmus.callback}{slot}"


class _Sketch:
    """Draws the steps of one finding whose first file is `path`."""

    def __init__(self, path: str, numbered: bool) -> None:
        self._path = path
        self._numbered = numbered
        self._margin = 7 if numbered else 4

    def single(self, litmus: Litmus, columns: int) -> list[Line]:
        steps = (*litmus.before, *litmus.after)
        title = _title(f"P0 {litmus.probing}", columns) if litmus.probing else []
        return title + self._column(steps, litmus.probing, columns)

    def stacked(self, litmus: Litmus, columns: int) -> list[Line]:
        p0, p1 = f"P0 {litmus.probing}", _title(_callback_title(litmus), columns)
        rows = _title(p0, columns) if litmus.before else p1
        rows += self._column(litmus.before, litmus.probing, columns)
        rows += self._way(litmus, columns)
        rows += p1 if litmus.before else []
        rows += self._column(litmus.inside, litmus.callback, columns)
        if litmus.after:
            again = f"{p0}, after it" if litmus.before else p0
            rows += _title(again, columns)
            rows += self._column(litmus.after, litmus.probing, columns)
        return rows

    def beside(self, litmus: Litmus, columns: int) -> list[Line]:
        half = (columns - _GUTTER) // 2
        left = [
            self._column(steps, litmus.probing, half) for steps in (litmus.before, litmus.after)
        ]
        p0 = _title(f"P0 {litmus.probing}", half)
        longest = max(width(row) for row in (*p0, *left[0], *left[1]))
        edge = max(_LEFT_LEAST, longest) + _GUTTER
        p1 = _title(_callback_title(litmus), columns - edge)
        right = self._column(litmus.inside, litmus.callback, columns - edge)
        heads = zip_longest(p0, p1, fillvalue=())
        rows = [(*padded(ours, edge), *theirs) for ours, theirs in heads]
        rows += left[0]
        rows += self._way(litmus, columns)
        rows += [(Span(" " * edge), *row) for row in right]
        return rows + left[1]

    def _column(self, steps: Iterable[Step], function: str, columns: int) -> list[Line]:
        rows: list[Line] = []
        here = (self._path, function)
        last: Step | None = None
        for step in steps:
            place = (step.location.path, step.location.function or here[1])
            if place != here:
                rows += self._place(place, here, columns)
                here = place
            again = last is not None and _spot(step) == _spot(last)
            last = replace(step, depth=last.depth) if last and again else step
            rows += self._step(last, columns, again=again)
        return rows

    def _place(self, place: tuple[str, str], here: tuple[str, str], columns: int) -> list[Line]:
        path, function = place
        text = f"in {clean.line(function)}" if function else "in"
        if path != here[0]:
            text += f" ({clean.line(path)})" if function else f" {clean.line(path)}"
        lead = " " * self._margin
        return [line(Span(lead + part, "dim")) for part in _wrapped(text, columns - len(lead), 3)]

    def _step(self, step: Step, columns: int, *, again: bool) -> list[Line]:
        """One step: its line and its note; only the note `again` on the same line."""
        number = f"{step.location.line:>5}" if self._numbered else ""
        lead = f"{number:<{self._margin}}{'  ' * min(step.depth, _DEEPEST)}"
        blank = " " * len(lead)
        room = columns - len(lead)
        style = _ACCENT.get(step.kind, "")
        source, note = clean.line(step.source), clean.line(step.note)
        goes_on = _goes_on(source)
        if not source:
            source, note, style = note, "", ""
        rows = []
        parts = [] if again and note else _wrapped(source, room, 3, goes_on=goes_on)
        for index, part in enumerate(parts):
            start = Span(blank) if index else Span(lead, "dim")
            rows.append(line(start, Span(part, style)))
        for index, part in enumerate(_wrapped(note, room - 2, 3)):
            mark = "  " if index else "^ "
            rows.append(line(blank, Span(mark + part, "bold " + style if style else "")))
        return rows

    def _way(self, litmus: Litmus, columns: int) -> list[Line]:
        if not litmus.way:
            return []
        lead = " " * self._margin + "via "
        parts = _wrapped(_way_text(litmus.origin, litmus.way), columns - len(lead), 12)
        starts = [lead, *[" " * len(lead)] * (len(parts) - 1)]
        return [line(Span(s, "dim"), Span(p, "cyan")) for s, p in zip(starts, parts, strict=True)]


def _spot(step: Step) -> tuple[str, int]:
    return step.location.path, step.location.line


def _title(text: str, columns: int) -> list[Line]:
    return [line(Span(part, "bold")) for part in _wrapped(clean.line(text), columns, 2)]


class _CodeWrapper(TextWrapper):
    """Breaks at spaces, and after what opens or separates arguments in C.

    A name that fits on no line starts one, and breaks after an underscore or before a member.
    """

    wordsep_simple_re = re.compile(
        r"(\s+)|(?<=\w\()(?=\S{12}|(?:struct|union|enum|const|unsigned)\s)|(?<=,)(?=\S{12})"
    )

    def _handle_long_word(
        self, reversed_chunks: list[str], cur_line: list[str], cur_len: int, width: int
    ) -> None:
        if cur_line:
            return
        word, room = reversed_chunks[-1], max(1, width - cur_len)
        ends = [m.end() for m in _SEAMS.finditer(word, 0, room)]
        at = ends[-1] if ends and ends[-1] > room // 2 else room
        cur_line.append(word[:at])
        reversed_chunks[-1] = word[at:]


_SEAMS = re.compile(r"_+(?=[^_])|(?<=\w)(?=->)|(?<=[\w)])(?=\.)|[(,]")
_MORE = re.compile(r"(?:[(,=?|&+]|\b(?:return|sizeof))$")


def _goes_on(source: str) -> bool:
    """The statement that starts on this line ends on a later one."""
    return source.count("(") > source.count(")") or _MORE.search(source) is not None


def _wrapped(text: str, columns: int, most: int, *, goes_on: bool = False) -> list[str]:
    """`text` broken into at most `most` lines; the last one says where more follows."""
    columns = max(8, columns)
    parts = _CodeWrapper(columns, subsequent_indent="  ", break_on_hyphens=False).wrap(text)
    if len(parts) > most or (goes_on and parts and not parts[-1].endswith("…")):
        last = parts[:most][-1][: columns - 2].rstrip()
        parts = [*parts[: most - 1][: len(parts) - 1], f"{last} …"]
    return parts
