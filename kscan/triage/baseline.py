# SPDX-License-Identifier: GPL-2.0-only
"""The baseline: findings that stood when a project began to use kscan, hidden and counted.

One finding a line, as JSON, sorted by where it stands: git merges and shows it well. What
counts is the fingerprint; the rest of a line tells people what it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from kscan.model import Finding, KscanError

SCHEMA = "kscan/baseline/1"
LARGEST = 16 << 20
"""Bytes; a longer file is refused."""

_T = TypeVar("_T")


class Heading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line."""

    schema: str


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """One finding of the baseline."""

    path: str
    function: str
    rule: str
    object: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The findings that a file accepts."""

    name: str
    fingerprints: frozenset[str] = frozenset()

    def split(self, findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], int]:
        """Those of `findings` that are not accepted, and how many are."""
        found = tuple(findings)
        kept = tuple(f for f in found if f.fingerprint not in self.fingerprints)
        return kept, len(found) - len(kept)

    def unmatched(self, findings: Iterable[Finding]) -> int:
        """How many accepted findings are no longer among `findings`."""
        return len(self.fingerprints - {finding.fingerprint for finding in findings})


def written(findings: Iterable[Finding]) -> str:
    """The baseline that accepts `findings`."""
    entries = sorted({_accepted(finding) for finding in findings})
    lines = [Heading(SCHEMA), *entries]
    return "".join(f"{msgspec.json.encode(line).decode()}\n" for line in lines)


def _accepted(finding: Finding) -> Accepted:
    place, subject = finding.primary, finding.subject
    return Accepted(
        path=_encodable(place.path),
        function=_encodable(place.function),
        rule=finding.rule,
        object=_encodable(subject.name if subject else ""),
        fingerprint=finding.fingerprint,
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
    if not lines or _decoded(path, 1, lines[0], Heading).schema != SCHEMA:
        raise KscanError(f"{path}:1: not a baseline of schema {SCHEMA}; kscan baseline writes one")
    entries = [
        _decoded(path, number, line, Accepted)
        for number, line in enumerate(lines[1:], 2)
        if line.strip()
    ]
    return Baseline(str(path), frozenset(entry.fingerprint for entry in entries))


def _decoded(path: Path, number: int, line: bytes, shape: type[_T]) -> _T:
    try:
        return msgspec.json.decode(line, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KscanError(f"{path}:{number}: {error}; kscan baseline writes the file anew") from None
