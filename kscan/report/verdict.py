# SPDX-License-Identifier: GPL-2.0-only
"""What a report says in its first and last lines: counts, verdicts, the reachability delta.

One wording for every format, built of plain strings that the renderers pass through
:mod:`kscan.report.clean`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from kscan.model import Confidence, Finding, Impact, Passing, Report, Severity, Stats, TreeInfo
from kscan.reachability import Implementation, Reach, Shift
from kscan.report.clean import LINE_LIMIT
from kscan.wording import counted

PARSE_HEALTH_DIGITS = 2
LIST_LIMIT = LINE_LIMIT - 40
"""Characters that the names of a list may take: the line has room for a label and the count."""


def listed(names: Sequence[str], most: int, room: int = LIST_LIMIT) -> str:
    """The first `most` names, as many as `room` characters take; the rest is counted."""
    ends = accumulate(len(name) + 2 for name in names[:most])
    fitting = max(1, sum(end - 2 <= room for end in ends))
    shown = ", ".join(names[:fitting])
    return f"{shown} (+{len(names) - fitting:,} more)" if len(names) > fitting else shown


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by severity, confidence, place and rule: the order of every format."""
    return sorted(findings, key=_order)


def _order(finding: Finding) -> tuple[int, int, str, int, int, str, str, str]:
    place = finding.primary
    name = finding.subject.name if finding.subject else ""
    return (
        -finding.severity.rank,
        -finding.confidence.rank,
        place.path,
        place.line,
        place.column,
        finding.rule,
        name,
        finding.fingerprint,
    )


def active(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that no baseline or suppression accepts, worst first."""
    return [finding for finding in worst_first(findings) if finding.suppressed is None]


def suppressed(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that stay in the report though they are accepted."""
    return [finding for finding in worst_first(findings) if finding.suppressed is not None]


def improved(impact: Impact) -> list[Finding]:
    """The findings that stand, and were worse before."""
    return [finding for finding in worst_first(impact.unchanged) if finding.before]


def files_of(findings: Iterable[Finding]) -> int:
    """In how many files `findings` stand: drivers, and the core where a rule looks at that."""
    return len({finding.primary.path for finding in findings})


def tally(findings: Sequence[Finding]) -> str:
    """``1 error, 0 warnings, 2 notes``."""
    severities = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    return ", ".join(
        counted(sum(f.severity is severity for f in findings), severity.value)
        for severity in severities
    )


def summary(report: Report, min_confidence: Confidence) -> str:
    """The last line of an audit: what was found, and what is not shown."""
    text = "; ".join((tally(active(report.findings)), *accepted(report)))
    if report.hidden:
        text += f"; {report.hidden:,} hidden below {min_confidence} confidence"
        text += " (--min-confidence low shows them)"
    return text


def accepted(report: Report) -> list[str]:
    """What is not told though it was found: ``1 suppressed``, ``9 in the baseline``."""
    numbers = (
        (len(suppressed(report.findings)), "suppressed"),
        (report.baselined, "in the baseline"),
    )
    return [f"{number:,} {phrase}" for number, phrase in numbers if number]


def nothing_found(report: Report) -> str:
    """The sentence of an audit without an active finding: where it looked."""
    what = "No new finding" if report.baselined else "No finding"
    return f"{what} in {looked_at(report)}."


def audit_count(report: Report) -> str:
    """``3 findings``, ``0 findings (1 suppressed, 9 in the baseline)``."""
    text = counted(len(active(report.findings)), "finding")
    told = ", ".join(accepted(report))
    return f"{text} ({told})" if told else text


def impact_count(impact: Impact) -> str:
    """``3 introduced (1 suppressed), 0 fixed, 7 unchanged``."""
    hidden = len(suppressed(impact.introduced))
    return (
        f"{len(active(impact.introduced)):,} introduced"
        + (f" ({hidden:,} suppressed)" if hidden else "")
        + f", {len(impact.fixed):,} fixed, {_unchanged(impact)}"
        + (f", {len(impact.passing):,} broken in between" if impact.passing else "")
    )


def impact_summary(impact: Impact) -> str:
    """The last line of a diff."""
    new = active(impact.introduced)
    hidden = len(suppressed(impact.introduced))
    told = [f"{hidden:,} suppressed"] if hidden else []
    told += [f"{len(impact.fixed):,} fixed", _unchanged(impact)]
    if impact.passing:
        clean = "" if new else ", so it is clean as a whole, but not after every commit"
        told.append(f"{len(impact.passing):,} broken in between{clean}")
    if impact.hidden:
        told.append(f"{impact.hidden:,} hidden by confidence (--min-confidence low shows them)")
    return "; ".join((f"introduced: {tally(new)}", *told))


def _unchanged(impact: Impact) -> str:
    """``7 unchanged``, ``7 unchanged, 2 of them in what it changes``."""
    text, still = f"{len(impact.unchanged):,} unchanged", len(active(impact.standing))
    return f"{text}, {still:,} of them in what it changes" if still else text


def tree_title(tree: TreeInfo) -> str:
    """``linux-source-6.12 (Linux 6.12.57, commit 0123456789ab)``."""
    about = [f"Linux {tree.kernel_version}"] if tree.kernel_version else []
    if tree.commit:
        about.append(f"commit {tree.commit[:12]}")
    return f"{tree.name} ({', '.join(about)})" if about else tree.name


def coverage(stats: Stats) -> str:
    """How much was looked at, and how well it could be parsed."""
    text = f"{counted(stats.files_considered, 'file')} considered, {stats.files_parsed:,} parsed"
    if stats.functions:
        share = 100 * stats.functions_with_errors / stats.functions
        text += (
            f"; {stats.functions_with_errors:,} of {counted(stats.functions, 'function')} "
            f"with a parse error ({share:.{PARSE_HEALTH_DIGITS}f} %)"
        )
    return text


def looked_at(report: Report) -> str:
    """How many registrations, slots and callbacks an audit looked at."""
    slots = {slot for entry in report.window for slot in entry.slots}
    callbacks = {(c.path, c.function) for entry in report.window for c in entry.callbacks}
    return (
        f"{counted(len(report.window), 'registration')}, "
        f"{counted(len(slots), 'slot')} in the window, "
        f"{counted(len(callbacks), 'in-window callback')}; "
        f"{counted(len(report.rules), 'rule')} applied"
    )


def closed_windows(report: Report) -> list[str]:
    """What is said of windows that the gate keeps shut, where no skip speaks of their file."""
    skipped = {skip.path for skip in report.skips}
    told = [(entry.registration, entry.note) for entry in report.window if entry.note]
    told = [(ref, note) for ref, note in told if ref.path not in skipped]
    return [f"{ref.function} ({ref.path}:{ref.line}): {note}" for ref, note in told]


def reach_sentence(reach: Reach, impact: Impact) -> str:
    """The headline of a diff: how many implementations of a slot newly run in a registration."""
    total = len(set(reach.implementations))
    if not total:
        return f"This range newly calls `{reach.slot}` {_when(reach)}; nothing fills it."
    text = (
        f"This range newly runs {counted(total, 'implementation')} of `{reach.slot}` {_when(reach)}"
    )
    unready = unready_implementations(reach, impact)
    if not unready:
        return f"{text}; no finding in {'it' if total == 1 else 'them'}."
    if total == 1:
        return f"{text}; it is not ready."
    if len(unready) == total:
        return f"{text}; none of them is ready."
    return f"{text}; {len(unready)} of them {'is' if len(unready) == 1 else 'are'} not ready."


def removed_sentence(reach: Reach) -> str:
    """The counterpart of :func:`reach_sentence` for a slot that ceased to be reachable."""
    if not reach.implementations:
        return f"This range no longer calls `{reach.slot}` {_when(reach)}; nothing filled it."
    number = counted(len(set(reach.implementations)), "implementation")
    return f"This range no longer runs {number} of `{reach.slot}` {_when(reach)}."


def _when(reach: Reach) -> str:
    if reach.is_later:
        return f"from {reach.api}() on, in another thread"
    return f"inside {reach.api}()"


def shift_sentence(shift: Shift) -> str:
    """What runs later than before, and by whom; or what is waited for again."""
    names = listed([f"`{slot}`" for slot in shift.slots], SLOTS_NAMED, LIST_LIMIT // 2)
    if shift.is_later:
        return (
            f"This range runs {names} later: {shift.api}() no longer waits for {shift.runner}(), "
            f"which {shift.caller}() leaves to another thread."
        )
    return (
        f"This range has {shift.api}() wait again for {names}: before, {shift.caller}() left "
        f"{shift.runner}() to another thread, and nothing waited for it."
    )


def reach_sentences(impact: Impact) -> list[str]:
    """A sentence for what runs at another time, and for each slot that runs newly, or no longer."""
    return [
        *map(shift_sentence, impact.shifted),
        *(reach_sentence(reach, impact) for reach in impact.added),
        *map(removed_sentence, impact.removed),
    ]


def unready_implementations(reach: Reach, impact: Impact) -> set[Implementation]:
    """The implementations of the added slot in which an introduced finding has its callback."""
    found = {
        Implementation(finding.callback.function, finding.callback.path)
        for finding in active(impact.introduced)
        if finding.callback
        and finding.callback.slot == reach.slot
        and (finding.registration is None or finding.registration.api == reach.api)
    }
    return found & set(reach.implementations)


@dataclass(frozen=True, slots=True)
class SlotTold:
    """A slot that a range makes run, or no longer run, and the sentence that says so."""

    sentence: str
    reach: Reach
    unready: frozenset[Implementation] = frozenset()
    why: str = ""
    """The reason for it, told with the first of the slots that have it."""

    @property
    def runners(self) -> tuple[tuple[str, tuple[Implementation, ...]], ...]:
        """Its implementations, those that are not ready apart; each part with what it is called."""
        ours = tuple(i for i in self.reach.implementations if i in self.unready)
        others = tuple(i for i in self.reach.implementations if i not in self.unready)
        parts = (("not ready", ours), ("also run" if ours else "implemented by", others))
        return tuple((label, part) for label, part in parts if part)


SLOTS_NAMED = 8
"""Slots of a fold that a message names, within the line that it may have."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Slots of a range that are told in one line, for nothing was found in them."""

    title: str
    reaches: tuple[Reach, ...]

    def sentence(self, most: int) -> str:
        """The title and the first `most` slots, with the registrations where these differ."""
        is_one = len({reach.api for reach in self.reaches}) == 1
        names = [f"`{r.slot}`" + ("" if is_one else f" in {r.api}()") for r in self.reaches]
        return f"{self.title}: {listed(names, most, LIST_LIMIT - len(self.title))}."


def slots_told(impact: Impact) -> tuple[list[SlotTold], list[Fold]]:
    """The slots told in full, those with findings first; and the folds.

    One slot alone is not folded.
    """
    told = [_added(reach, impact) for reach in impact.added]
    unready = [slot for slot in told if slot.unready]
    ready, folds = [slot for slot in told if not slot.unready], []
    if len(ready) > 1:
        more = " more" if unready else ""
        title = f"{len(ready)}{more} slots newly run implementations; no finding in those"
        folds.append(Fold(title, tuple(slot.reach for slot in ready)))
        ready = []
    removed = [SlotTold(removed_sentence(reach), reach) for reach in impact.removed]
    if len(removed) > 1:
        title = f"{len(removed)} slots no longer run implementations"
        folds.append(Fold(title, impact.removed))
        removed = []
    return _reasoned([*unready, *ready, *removed]), folds


def _reasoned(slots: Sequence[SlotTold]) -> list[SlotTold]:
    """`slots` with their reasons; one that was told is not told again."""
    first: dict[str, str] = {}
    found = []
    for slot in slots:
        reason, name = slot.reach.reason, slot.reach.slot
        other = first.setdefault(reason, name)
        why = reason if other == name or not reason else f"as for `{other}`"
        found.append(replace(slot, why=why))
    return found


def _added(reach: Reach, impact: Impact) -> SlotTold:
    unready = frozenset(unready_implementations(reach, impact))
    return SlotTold(reach_sentence(reach, impact), reach, unready)


def share_in(passing: Passing) -> str:
    """Which commits of a range a finding that passes lies between."""
    return f"introduced by {passing.introduced_by}, repaired by {passing.fixed_by}"


def impact_verdict(impact: Impact) -> str:
    """The one sentence a reader of a diff sees first."""
    new, better = active(impact.introduced), len(improved(impact))
    numbers = (
        (len(impact.fixed), "fixed"),
        (better, "improved"),
        (len(impact.uncovered), "hidden before"),
        (len(active(impact.standing)), "still there in what it changes"),
        (len(impact.passing), "broken in between"),
    )
    told = [f"{number:,} {phrase}" for number, phrase in numbers if number]
    text = "No finding introduced"
    if new:
        text = f"{counted(len(new), 'finding')} introduced in {counted(files_of(new), 'file')}"
        text += f" ({tally(new)})"
    return ", ".join((text, *told)) + _unseen(impact)


def _unseen(impact: Impact) -> str:
    """Behind which skips the range may hide what it does; empty for none."""
    new = len(impact.skips_added)
    return f"; {counted(new, 'file')} newly not analysed" if new else ""
