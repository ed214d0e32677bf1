# SPDX-License-Identifier: GPL-2.0-only
"""Hunks put on the text of one file, as ``git apply`` and ``patch`` do it.

A hunk goes where its old lines stand, nearest to the line it names; one whose context ends
with it goes to the end of the file if they stand there. If they stand nowhere, up to `FUZZ`
lines of context at its ends are given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

FUZZ = 2
"""Context lines that may be ignored at each end of a hunk, the default of ``patch``."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One ``@@`` block: a run of kept, removed and added lines, each with its newline."""

    start: int
    """Where the old lines stand, from 0; for none: after how many lines the new ones go."""
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]
    lead: int
    """Context lines at the top."""
    trail: int
    """Context lines at the bottom."""


class Misfit(Exception):
    """Hunk `number` (from 1) does not apply; `why` says what stands there instead."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number = number
        self.why = why


class AlreadyMade(Misfit):
    """What hunk `number` makes stands there already."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "it is in the tree already")


class _Lines:
    """Lines as characters of a string, so that looking for a run of them is linear."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._codes: dict[bytes, str] = {}
        self.text = "".join(
            self._codes.setdefault(line, chr(len(self._codes) + 1)) for line in lines
        )
        self._backwards = self.text[::-1]

    def run(self, lines: Sequence[bytes]) -> str:
        return "".join(self._codes.get(line, "\0") for line in lines)

    def at_end(self, run: str, lowest: int) -> int:
        """Where `run` stands as the last lines, not above `lowest`; -1 if it does not."""
        start = len(self.text) - len(run)
        return start if start >= lowest and self.text.endswith(run) else -1

    def nearest(self, run: str, wanted: int, lowest: int) -> int:
        """Where `run` stands nearest to line `wanted`, not above `lowest`; -1 for nowhere.

        Of two places as near as each other it is the lower one, as with git and patch.
        """
        wanted = max(wanted, lowest)
        if not run:
            return min(wanted, len(self.text))
        below = self.text.find(run, wanted)
        above = self._last(run, lowest, wanted + len(run))
        if below < 0 or above < 0:
            return max(below, above)
        return above if wanted - above < below - wanted else below

    def is_elsewhere(self, run: str, found: int, lowest: int) -> bool:
        """`run` stands not above `lowest` in another place than at line `found`, too."""
        return bool(run) and (
            self.text.find(run, found + 1) >= 0 or self.text.find(run, lowest) != found
        )

    def _last(self, run: str, start: int, end: int) -> int:
        """What ``text.rfind`` gives, which takes the product of both lengths."""
        size = len(self.text)
        end = min(end, size)
        found = self._backwards.find(run[::-1], size - end, size - start)
        return -1 if found < 0 else size - found - len(run)


def split_lines(content: bytes) -> list[bytes]:
    """`content` cut after each newline; only the last line may lack one."""
    lines = [line + b"\n" for line in content.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def apply_hunks(content: bytes, hunks: Sequence[Hunk]) -> tuple[bytes, list[str]]:
    """`content` with `hunks`, and what is not sure about their places; raises `Misfit`."""
    lines = split_lines(content)
    if len(lines) > 1_000_000:
        raise Misfit(1, "the file has more than a million lines")
    text = _Lines(lines)
    result: list[bytes] = []
    unsure: list[str] = []
    done = drift = 0
    for number, hunk in enumerate(hunks, 1):
        found, lead, trail = _place(text, hunk, drift, done)
        is_fuzzy = bool(lead or trail)
        if _is_made(text, hunk, hunk.start + drift, found, is_fuzzy=is_fuzzy):
            raise AlreadyMade(number)
        if found < 0:
            raise Misfit(number, _difference(lines, hunk, drift))
        old = hunk.old[lead : len(hunk.old) - trail]
        said, line = hunk.start + 1, found - lead + 1
        where = f"hunk {number} is put at line {line}" + (f" instead of {said}" * (line != said))
        if is_fuzzy:
            unsure.append(f"{where} with fuzz {max(lead, trail)}: git am refuses it")
        elif found != hunk.start + drift and text.is_elsewhere(text.run(old), found, done):
            unsure.append(f"{where}: its lines stand elsewhere as well")
        result += lines[done:found]
        result += hunk.new[lead : len(hunk.new) - trail]
        done = found + len(old)
        drift = found - lead - hunk.start
    return b"".join(result + lines[done:]), unsure


def _place(text: _Lines, hunk: Hunk, drift: int, lowest: int) -> tuple[int, int, int]:
    """Line where `hunk` goes, and the context given up at its top and bottom; -1: nowhere."""
    if hunk.lead and not hunk.trail and (end := text.at_end(text.run(hunk.old), lowest)) >= 0:
        return end, 0, 0
    tried = set()
    for fuzz in range(FUZZ + 1):
        lead, trail = min(fuzz, hunk.lead), min(fuzz, hunk.trail)
        old = hunk.old[lead : len(hunk.old) - trail]
        if (lead, trail) in tried or (hunk.old and not old):
            break
        tried.add((lead, trail))
        found = text.nearest(text.run(old), hunk.start + drift + lead, lowest)
        if found >= 0:
            return found, lead, trail
    return -1, 0, 0


def _is_made(text: _Lines, hunk: Hunk, wanted: int, found: int, *, is_fuzzy: bool) -> bool:
    """The new lines, context and all, stand where the hunk says, or around where it would go.

    It says line `wanted`, and would go to `found`. It is not made where its old lines stand as
    it says: at that line, or at the end of the file.
    """
    if not (hunk.lead or hunk.trail) or not hunk.new or hunk.new == hunk.old:
        return False
    is_last = bool(hunk.lead) and not hunk.trail
    if found >= 0 and not is_fuzzy and _is_as_said(text, hunk, wanted, found, is_last=is_last):
        return False
    run = text.run(hunk.new)
    made = text.at_end(run, 0) if is_last else text.nearest(run, max(wanted, 0), 0)
    is_around = made <= found < made + len(run) and (is_fuzzy or is_last)
    return made >= 0 and (made == wanted or is_around)


def _is_as_said(text: _Lines, hunk: Hunk, wanted: int, found: int, *, is_last: bool) -> bool:
    return found + len(hunk.old) == len(text.text) if is_last else found == wanted


def _difference(lines: Sequence[bytes], hunk: Hunk, drift: int) -> str:
    """What the patch expects and what the tree has, at the first line where they part."""
    start = max(hunk.start + drift, 0)
    here = lines[start : start + len(hunk.old)]
    same = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(hunk.old, here, strict=False))
    )
    wanted = _shown(hunk.old[same]) if same < len(hunk.old) else "the end of the file"
    stands = _shown(here[same]) if same < len(here) else "the end of the file"
    hint = "; it looks applied already" if _is_applied(lines, hunk) else ""
    if wanted == stands:
        hint = ": they end their lines differently, with CRLF and with LF"
    return f"line {start + same + 1}: expected {wanted}, found {stands}{hint}"


def _is_applied(lines: Sequence[bytes], hunk: Hunk) -> bool:
    text = _Lines(lines)
    return bool(hunk.new) and hunk.new != hunk.old and text.run(hunk.new) in text.text


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    return repr(text if len(text) <= 80 else text[:77] + "...")
