# SPDX-License-Identifier: GPL-2.0-only
"""The baseline: findings that stood when a project began to use kscan, hidden and counted.

One finding a line, as JSON, sorted by where it stands: git merges and shows it well. What
counts is the fingerprint, and how bad the finding was: one that is worse now is told. The rest
of a line tells people what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from kscan.model import Before, Confidence, Effect, Finding, KscanError, Severity

SCHEMA = "kscan/baseline/1"
LARGEST = 16 << 20
"""Bytes; a longer file is refused."""

_T = TypeVar("_T")


class Heading(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The first line: the schema, and how the tree was audited."""

    schema: str
    as_is: bool = False
    min_confidence: Confidence = Confidence.MEDIUM


class Accepted(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True, omit_defaults=True
):
    """One finding of the baseline."""

    path: str
    function: str
    rule: str
    object: str
    fingerprint: str
    severity: Severity | None = None
    """None, as is the effect, in a file that does not say: however bad it is, it is accepted."""
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class View:
    """Which findings of a tree the options of a command let one see."""

    as_is: bool = False
    rules: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    min_confidence: Confidence = Confidence.MEDIUM

    def has_all_of(self, written: Heading) -> bool:
        """What a baseline of this heading accepts is seen, if it still stands."""
        is_narrowed = self.rules or self.under or self.as_is != written.as_is
        return not is_narrowed and self.min_confidence.rank <= written.min_confidence.rank


@dataclass(frozen=True, slots=True)
class Baseline:
    """The findings that a file accepts."""

    name: str
    accepted: Mapping[str, Accepted]
    """By fingerprint."""
    heading: Heading

    def split(self, findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], int]:
        """Those of `findings` that are not accepted, or are worse now, and how many others."""
        told = [self._told(finding) for finding in findings]
        kept = tuple(finding for finding in told if finding is not None)
        return kept, len(told) - len(kept)

    def _told(self, finding: Finding) -> Finding | None:
        """`finding` with what it was when it was accepted; None where it is no worse."""
        known = self.accepted.get(finding.fingerprint)
        if known is None:
            return finding
        if known.severity is None or known.effect is None:
            return None
        then = replace(finding, severity=known.severity, effect=known.effect)
        if finding.gravity <= then.gravity:
            return None
        return replace(
            finding, before=Before(then.severity, then.effect, f"accepted in {self.name}")
        )

    def unmatched(self, findings: Iterable[Finding], view: View) -> int:
        """How many accepted findings are no longer among `findings`, where `view` has them all."""
        if not view.has_all_of(self.heading):
            return 0
        return len(self.accepted.keys() - {finding.fingerprint for finding in findings})


def written(findings: Iterable[Finding], view: View) -> str:
    """The baseline that accepts `findings`, which `view` has shown."""
    entries = sorted({_accepted(finding) for finding in findings})
    lines = [Heading(SCHEMA, view.as_is, view.min_confidence), *entries]
    return "".join(f"{msgspec.json.encode(line).decode()}\n" for line in lines)


def _accepted(finding: Finding) -> Accepted:
    place, subject = finding.primary, finding.subject
    return Accepted(
        path=_encodable(place.path),
        function=_encodable(place.function),
        rule=finding.rule,
        object=_encodable(subject.name if subject else ""),
        fingerprint=finding.fingerprint,
        severity=finding.severity,
        effect=finding.effect,
    )


def _encodable(text: str) -> str:
    """`text` without the lone surrogates that stand for bytes which are not UTF-8."""
    return text.encode("utf-8", "replace").decode()


def read_baseline(path: Path) -> Baseline:
    """The baseline in `path`; raises `KscanError` that names the line."""
    try:
        if path.stat().st_size > LARGEST:
            raise KscanError(f"{path}: larger than {LARGEST >> 20} MB; not a baseline")
        lines = path.read_bytes().splitlines()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise KscanError(f"{path}: {reason}; kscan baseline writes one") from None
    heading = _decoded(path, 1, lines[0], Heading) if lines else Heading("")
    if heading.schema != SCHEMA:
        raise KscanError(
            f"{path}:1: not a baseline of schema {SCHEMA}; give a file that kscan baseline wrote"
        )
    entries = [
        _decoded(path, number, line, Accepted)
        for number, line in enumerate(lines[1:], 2)
        if line.strip()
    ]
    return Baseline(str(path), {entry.fingerprint: entry for entry in entries}, heading)


def _decoded(path: Path, number: int, line: bytes, shape: type[_T]) -> _T:
    try:
        return msgspec.json.decode(line, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KscanError(
            f"{path}:{number}: no baseline: {error}; give a file that kscan baseline wrote"
        ) from None
