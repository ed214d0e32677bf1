# SPDX-License-Identifier: GPL-2.0-only
"""Findings by set, not by line: which a change introduces, which it fixes, which stand.

Fingerprints decide.  What they cannot pair is paired by what a rename or an extracted
function leaves the same; a finding whose code was edited but is still there stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kscan.change.renames import Renames
from kscan.change.respelled import Respelled
from kscan.model import Before, Confidence, Finding, Sibling, StepKind
from kscan.reachability import Implementation
from kscan.triage.fingerprint import fingerprint

_SPELLED = ("device", "lock")
"""Kinds of objects that are told as the function at hand spells them: ``pdev->dev``."""

_NAMES = re.compile(r"`[^`]*`|\([^()]*\)")
"""What a message quotes, and the arguments of calls."""


@dataclass(frozen=True)
class Settled:
    """Two sets of findings compared."""

    introduced: tuple[Finding, ...]
    """Shown in the head, and not in the base, or not as bad: those know what they were before."""
    fixed: tuple[Finding, ...]
    """Shown in the base, and gone from the head at any confidence."""
    unchanged: tuple[Finding, ...]
    """Shown in the head, and there in the base; as they are in the head.

    Those that were worse know what they were before."""
    names: dict[str, str]
    """Fingerprint in the base to fingerprint in the head, of those that stand."""
    uncovered: tuple[Finding, ...] = ()
    """Shown in the head, and hidden in the base by one that is fixed."""
    faded: tuple[Finding, ...] = ()
    """Gone from the head because it lost sight of their driver: not fixed."""
    hidden: int = 0
    """How many the head has and the base has not, but for their confidence not shown."""


def settled(
    base: Iterable[Finding],
    head: Iterable[Finding],
    renames: Renames,
    least: Confidence = Confidence.LOW,
) -> Settled:
    """`head` against `base`; findings below the confidence `least` are not shown."""
    before, after = tuple(base), tuple(head)
    pairs = paired(before, after, renames)
    known = {new.fingerprint: old for old, new in pairs}
    shown = [f for f in after if _is_shown(f, least)]
    judged = [_Judged(f, known.get(f.fingerprint), renames, least) for f in shown]
    stands = {old.fingerprint for old, _ in pairs}
    return Settled(
        introduced=tuple(each.told for each in judged if each.is_introduced),
        fixed=tuple(f for f in before if _is_shown(f, least) and f.fingerprint not in stands),
        unchanged=tuple(each.told for each in judged if not each.is_introduced),
        names={old.fingerprint: new.fingerprint for old, new in pairs},
        hidden=sum(not _is_shown(f, least) and f.fingerprint not in known for f in after),
    )


def _is_shown(finding: Finding, least: Confidence) -> bool:
    return finding.confidence.rank >= least.rank


@dataclass(frozen=True)
class _Judged:
    """A finding of the head, beside what it was in the base."""

    new: Finding
    old: Finding | None
    renames: Renames
    least: Confidence

    @property
    def is_introduced(self) -> bool:
        """It was not there, was worth less, or became sure enough by what the change edits."""
        if self.old is None or self.new.gravity > self.old.gravity:
            return True
        return not _is_shown(self.old, self.least) and not self._is_hearsay(self.old)

    def _is_hearsay(self, old: Finding) -> bool:
        """One step surer, while the change touches no file of the evidence."""
        rise = self.new.confidence.rank - old.confidence.rank
        return rise < 2 and not any(map(self.renames.is_touched, _files(old)))

    @property
    def told(self) -> Finding:
        """The finding with what it was before, where that was better or worse."""
        old = self.old
        if old is None or not _is_shown(old, self.least) or old.gravity == self.new.gravity:
            return self.new
        return replace(self.new, before=Before(old.severity, old.effect, old.message))


def _files(finding: Finding) -> set[str]:
    """Every file that the evidence stands in."""
    places = (finding.primary, *(step.location for step in finding.trace), *finding.related)
    return {place.path for place in places}


Key = Callable[[Finding], Hashable]


def paired(
    before: Sequence[Finding], after: Sequence[Finding], renames: Renames
) -> list[tuple[Finding, Finding]]:
    """What is one finding in both, surest first."""
    pairs: list[tuple[Finding, Finding]] = []
    left, right = list(before), list(after)
    _pair(left, right, pairs, _fingerprint, _fingerprint)
    if left and right:
        called = {id(finding): renamed(finding, renames) for finding in left}
        place = _Places(renames)
        for key, fits in (
            (fingerprint, _always),
            (_meeting, _always),
            (_hazard, place.is_split),
            (_statement, place.is_split),
            (_reader, place.is_taken_out),
            (_spot, Respelled(renames).fits),
            (_object, _is_worse),
        ):
            _pair(left, right, pairs, _of(called, key), key, fits)
    return pairs


def _fingerprint(finding: Finding) -> Hashable:
    return finding.fingerprint


def _always(_old: Finding, _new: Finding) -> bool:
    return True


def _is_worse(old: Finding, new: Finding) -> bool:
    return new.gravity > old.gravity


def _of(called: dict[int, Finding], key: Key) -> Key:
    return lambda finding: key(called[id(finding)])


def _pair(
    left: list[Finding],
    right: list[Finding],
    pairs: list[tuple[Finding, Finding]],
    old_key: Key,
    new_key: Key,
    fits: Callable[[Finding, Finding], bool] = _always,
) -> None:
    """Moves what agrees by key, and fits, from `left` and `right` to `pairs`, in order."""
    by_key: dict[Hashable, list[Finding]] = {}
    for finding in right:
        by_key.setdefault(new_key(finding), []).append(finding)
    for finding in tuple(left):
        candidates = by_key.get(old_key(finding), [])
        match = next((other for other in candidates if fits(finding, other)), None)
        if match is not None:
            candidates.remove(match)
            left.remove(finding)
            right.remove(match)
            pairs.append((finding, match))


def renamed(finding: Finding, renames: Renames) -> Finding:
    """`finding` with its files and functions called as they are in the later state."""
    path, function = renames.function(finding.primary.path, finding.primary.function)
    callback = finding.callback
    if callback is not None:
        there, name = renames.function(callback.path, callback.function)
        callback = replace(callback, path=there, function=name)
    place = replace(finding.primary, path=path, function=function)
    return replace(finding, primary=place, callback=callback)


def _meeting(finding: Finding) -> Hashable:
    """Which function meets what, whichever slot it has come to fill."""
    if finding.subject is None or finding.callback is None:
        return id(finding)
    place, callback = finding.primary, finding.callback
    return finding.rule, place.path, place.function, finding.subject, callback.function


def _hazard(finding: Finding) -> Hashable:
    """What is wrong, wherever in the file it is spelled; unique where it has no object."""
    if finding.subject is None:
        return id(finding)
    slot = finding.callback.slot if finding.callback else ""
    return finding.rule, finding.primary.path, finding.subject, slot


def _reader(finding: Finding) -> Hashable:
    """Which callback meets what, in whichever file it comes to it."""
    if finding.subject is None or finding.callback is None:
        return id(finding)
    callback = finding.callback
    return finding.rule, finding.subject, callback.path, callback.function, callback.slot


def _statement(finding: Finding) -> Hashable:
    """What is said of an object that each function calls by a name of its own."""
    if finding.subject is None or finding.subject.kind not in _SPELLED:
        return id(finding)
    slot = finding.callback.slot if finding.callback else ""
    said = _NAMES.sub("", finding.message.replace(finding.primary.function, ""))
    return finding.rule, finding.primary.path, finding.subject.kind, slot, said


def _spot(finding: Finding) -> Hashable:
    """Where it goes wrong, whatever the object is called."""
    callback = finding.callback
    return (
        finding.rule,
        finding.primary.path,
        finding.primary.function,
        callback.slot if callback else "",
        callback.function if callback else "",
        finding.subject.kind if finding.subject else "",
    )


def _object(finding: Finding) -> Hashable:
    """What is met where, whichever rule says so: a test that goes bares what it guarded badly."""
    if finding.subject is None:
        return id(finding)
    slot = finding.callback.slot if finding.callback else ""
    return finding.primary.path, finding.primary.function, finding.subject, slot


@dataclass(frozen=True)
class _Places:
    """Evidence in the text that two findings are one."""

    renames: Renames

    def is_split(self, old: Finding, new: Finding) -> bool:
        """The code was taken into a function that is new, or out of one that is gone."""
        before = self.renames.old.of(old.primary.path)
        after = self.renames.new.of(new.primary.path)
        callbacks = [f.callback.function for f in (old, new) if f.callback]
        return (
            new.primary.function not in before
            or old.primary.function not in after
            or (len(set(callbacks)) == 2 and _differ(callbacks, before, after))
        )

    def is_taken_out(self, old: Finding, new: Finding) -> bool:
        """The code was taken into a function of another file, which is new there."""
        if old.primary.path == new.primary.path or not self.renames.is_touched(old.primary.path):
            return False
        return new.primary.function not in self.renames.old.of(new.primary.path)


def _differ(callbacks: Sequence[str], before: Iterable[str], after: Iterable[str]) -> bool:
    """Of an old and a new callback, the new one was not there or the old one is gone."""
    return callbacks[1] not in before or callbacks[0] not in after


def standing(
    unchanged: Iterable[Finding],
    altered: Iterable[Implementation],
    is_respelled: Callable[[Implementation], bool] = lambda _: False,
) -> tuple[Finding, ...]:
    """Those of `unchanged` that are no better, though they stand, or run, in what is altered.

    What a callback meets in another file is not expected to change with it, nor is anything where
    something has a new name alone.
    """
    places = frozenset(altered)
    return tuple(
        finding
        for finding in unchanged
        if not finding.before
        and any(one in places and not is_respelled(one) for one in _functions(finding))
    )


def _functions(finding: Finding) -> Iterator[Implementation]:
    yield Implementation(finding.primary.function, finding.primary.path)
    if finding.callback is not None and finding.callback.path == finding.primary.path:
        yield Implementation(finding.callback.function, finding.callback.path)


def siblings(fixed: Iterable[Finding], standing: Iterable[Finding]) -> tuple[Sibling, ...]:
    """Findings like a fixed one in other implementers of its slot; the same rule's first.

    One rule finds several things: what it says comes of them tells them apart.
    """
    left = sorted(standing, key=lambda f: (f.primary.path, f.primary.line, f.fingerprint))
    found: dict[str, Sibling] = {}
    for is_alike in (_is_of_one_rule, _are_both_late):
        for repaired in fixed:
            for finding in left:
                if _is_elsewhere(repaired, finding) and is_alike(repaired, finding):
                    found.setdefault(finding.fingerprint, Sibling(repaired.fingerprint, finding))
    return tuple(found.values())


def _is_elsewhere(repaired: Finding, finding: Finding) -> bool:
    """Another driver, in its function for the same slot."""
    if repaired.callback is None or finding.callback is None:
        return False
    return repaired.driver != finding.driver and repaired.callback.slot == finding.callback.slot


def _is_of_one_rule(repaired: Finding, finding: Finding) -> bool:
    return repaired.rule == finding.rule and repaired.effect == finding.effect


def _are_both_late(repaired: Finding, finding: Finding) -> bool:
    """Both drivers write something only after a registration that reads it."""
    return _api_before_write(repaired) == _api_before_write(finding) != ""


def _api_before_write(finding: Finding) -> str:
    """The registration that a write comes after; empty where that is not what is found."""
    if finding.registration is None:
        return ""
    own = [step.kind for step in finding.trace if step.side == 0]
    if StepKind.REGISTER not in own:
        return ""
    after = own[own.index(StepKind.REGISTER) :]
    return finding.registration.api if StepKind.WRITE in after else ""
