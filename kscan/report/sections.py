# SPDX-License-Identifier: GPL-2.0-only
"""What a comment on a forge and a mail to a list say, in which order: one content, two media.

Verdict first; then the reachability delta, the introduced findings, the fixed ones, siblings,
what was not analysed, and one command that gives the same answer. Facts and questions: a finding
ends in what its author would have to answer to refute it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kscan.model import (
    CommitShare,
    Effect,
    Finding,
    Impact,
    Passing,
    Report,
    Skip,
    TreeInfo,
)
from kscan.report import verdict
from kscan.report.causes import Cause, causes
from kscan.wording import counted

FULL = 10
"""Causes of which a finding is shown with its evidence; the rest is a table."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a message. Every text in it is still foreign: a medium has to clean it."""

    title: str
    sentences: tuple[str, ...] = ()
    reaches: tuple[verdict.SlotTold, ...] = ()
    """The slots that became or ceased to be reachable."""
    folds: tuple[verdict.Fold, ...] = ()
    full: tuple[Cause, ...] = ()
    brief: tuple[Finding, ...] = ()
    lines: tuple[str, ...] = ()
    command: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """The whole, in order."""

    verdict: str
    """The first line."""
    about: tuple[str, ...]
    """Which trees, under which scenario."""
    sections: tuple[Section, ...]
    again: str = ""
    """Arguments that make ``kscan explain`` read the source of the findings."""


def message(document: Report | Impact, full: int = FULL) -> Message:
    """The content for `document`, with the findings of at most `full` causes in full.

    When there is nothing to tell, the verdict is all there is.
    """
    if isinstance(document, Report):
        return _audit(document, full)
    return _range(document, full)


ASKED = {
    "bound-only-lookup": "Is a device of `{name}` bound by the time {reader} looks for it?",
    "client-devres": "Is a driver bound to `{name}` whenever {reader} runs?",
    "device-lock-in-window declined":
        "Who offers the device again where {reader} did not get the lock of `{name}`?",
    "dma-configure-outside-bus declined":
        "Who offers `{name}` to the IOMMU that {reader} gives it a fwspec for?",
    "dma-configure-outside-bus warn": "Can the call in {reader} find an IOMMU for `{name}`?",
    "late-replay declined":
        "Who offers a device to the IOMMU that {reader} gives a fwspec outside the walk?",
    "late-replay crash": "What keeps {reader} from probing a device that is being probed?",
    "late-replay deadlock": "What keeps {reader} from probing a device that is being probed?",
    "lock-held-in-window": "Who lets go of `{name}` before {reader} waits for it?",
    "lock-dropped-around-callback":
        "What keeps that unchanged which was read under `{name}`, while it is dropped?",
    "repeated-dma-map list": "Who looks on `{name}` for what is there already?",
    "repeated-xlate declined":
        "Is it meant that {reader} declines a device for good once `{name}` is set?",
    "repeated-xlate list": "Who looks on `{name}` for what is there already?",
    "repeated-xlate reference": "Who puts the reference that `{name}()` takes in each call?",
    "repeated-xlate wrong-value": "Is it meant that each client changes `{name}` anew?",
}  # fmt: skip
"""By rule, and kind of its subject or effect, where the finding is about nothing that is set."""

_UNSET = {
    "list": "lacks the instance",
    "runtime PM": "is still disabled",
    "clock": "is still off",
    "regulator": "is still off",
    "reset": "is still asserted",
    "pulse": "is not triggered yet",
}
"""What a place is before it is made ready, by kind; else not set."""

_UNQUOTED = {"driver data": "the {}", "runtime PM": "{}"}
"""How that is called which every device has, by kind."""


def question(finding: Finding) -> str:
    """What the author of the code has to answer for the finding to be wrong."""
    where = finding.callback.function if finding.callback else finding.primary.function
    reader = f"{where}()" if where else "it"
    kind, name = (finding.subject.kind, finding.subject.name) if finding.subject else ("", "")
    for key in (f"{finding.rule} {kind}", f"{finding.rule} {finding.effect}", finding.rule):
        if key in ASKED:
            return ASKED[key].format(name=name, reader=reader)
    subject = _UNQUOTED.get(kind, "`{}`").format(name) if name else "it"
    unset = _UNSET.get(kind, "is not set")
    questions = {
        Effect.CRASH: f"Can {reader} run while {subject} {unset}?",
        Effect.DECLINED: f"Is it meant that {reader} declines the device while {subject} {unset}?",
        Effect.WRONG_VALUE: f"Is it meant that {reader} reads {subject} as zero?",
        Effect.UNREADY: f"Is {subject} ready when {reader} runs?",
        Effect.RACE: f"Can another thread change {subject} between the two reads?",
        Effect.LEAK: f"Who releases what {subject} held before?",
        Effect.DEADLOCK: "Can the walk meet the device whose lock is held here?",
        Effect.WARN: f"Can {reader} get here for a device that is bound?",
        Effect.REDUNDANT: f"Does {reader} get here for a device that its bus has configured?",
    }
    return questions[finding.effect]


def _audit(report: Report, full: int) -> Message:
    found = verdict.active(report.findings)
    about = (f"Tree: {verdict.tree_title(report.tree)}.", *_scenario(report.tree))
    if not found:
        return Message(verdict.nothing_found(report), (), ())
    head = f"{counted(len(found), 'finding')} in {counted(verdict.files_of(found), 'file')}"
    sections = (
        _findings("Findings", found, full),
        _not_analysed(report.skips, verdict.closed_windows(report)),
        Section("Notes", lines=report.notes),
    )
    told = _told(sections)
    return Message(f"{head} ({verdict.tally(found)}).", about, told, report.tree.again)


def _range(impact: Impact, full: int) -> Message:
    new = verdict.active(impact.introduced)
    headline = verdict.impact_verdict(impact) + "."
    better = verdict.improved(impact)
    still = verdict.active(impact.standing)
    more = (*impact.fixed, *better, *still, *impact.passing, *impact.skips_added, *impact.notes)
    if not (new or more):
        told, folds = verdict.slots_told(replace(impact, removed=()))
        sentences = [slot.sentence for slot in told]
        sentences += [fold.sentence(verdict.SLOTS_NAMED) for fold in folds]
        sentences += map(verdict.shift_sentence, impact.shifted)
        return Message(" ".join((headline, *sentences, *_scenario(impact.head))), (), ())
    trees = [verdict.tree_title(tree) for tree in (impact.base, impact.head)]
    sections = (
        _reach(impact),
        _findings("Introduced", new, full),
        Section("Fixed", brief=tuple(verdict.worst_first(impact.fixed))),
        Section("Improved", brief=tuple(better)),
        Section(
            "Hidden before, behind what it repairs",
            brief=tuple(verdict.worst_first(impact.uncovered)),
        ),
        Section("Still there in what it changes", brief=tuple(still)),
        Section(
            "The same pattern stands in",
            brief=tuple(sibling.finding for sibling in impact.siblings),
        ),
        Section("Broken in between", lines=tuple(map(_passing, impact.passing))),
        Section("Commit by commit", lines=tuple(map(_share, impact.commits))),
        _not_analysed(impact.skips_touched, [], impact.skips_added),
        Section("Notes", lines=impact.notes),
        Section("Reproduce", command=impact.reproduce),
    )
    about = (f"Range: {trees[0]} .. {trees[1]}.", *_scenario(impact.head))
    return Message(headline, about, _told(sections), impact.head.again)


def _findings(title: str, findings: Sequence[Finding], full: int) -> Section:
    """The findings of the first causes in full; of the rest one of each cause, then the others."""
    told = causes(findings)
    rest = told[full:]
    others = {id(finding) for cause in rest for finding in cause.others}
    leads = (cause.lead for cause in rest)
    brief = (*leads, *(finding for finding in findings if id(finding) in others))
    return Section(title, full=tuple(told[:full]), brief=brief)


def _share(commit: CommitShare) -> str:
    """``108347eaae62 +9 -0: new probe path``; a patch has no id."""
    share = f"+{len(commit.introduced)} -{len(commit.fixed)}: {commit.subject}"
    return f"{commit.id[:12]} {share}".strip()


def _passing(passing: Passing) -> str:
    """Where and what it is, and the commits that it lies between."""
    found, place = passing.finding, passing.finding.primary
    told = f"{place.path}:{place.line}: {found.severity}: {found.rule}: {found.message}"
    return f"{told} ({verdict.share_in(passing)})"


def _told(sections: Sequence[Section]) -> tuple[Section, ...]:
    """The sections that have something to say."""
    return tuple(s for s in sections if s != Section(s.title))


def _scenario(tree: TreeInfo) -> tuple[str, ...]:
    return (tree.scenario_note,) if tree.scenario_note.strip() else ()


def _reach(impact: Impact) -> Section:
    told, folds = verdict.slots_told(impact)
    title = "What runs inside a registration"
    sentences = tuple(map(verdict.shift_sentence, impact.shifted))
    return Section(title, sentences, reaches=tuple(told), folds=tuple(folds))


def _not_analysed(
    skips: Sequence[Skip],
    windows: Sequence[str],
    added: Sequence[Skip] = (),
) -> Section:
    told = [f"new: {skip.path}: {skip.reason}" for skip in added]
    told += [f"{skip.path}: {skip.reason}" for skip in skips if skip not in added]
    told += [f"window of {window}" for window in windows]
    return Section("Not analysed", lines=tuple(told))
