# SPDX-License-Identifier: GPL-2.0-only
"""A unified diff as SARIF replacements: which lines go, and what stands in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

Json = dict[str, Any]


def artifact_changes(patch: str, artifact: Callable[[str], Json]) -> list[Json]:
    """The changes of `patch`, one entry a file; none when it is empty or is no unified diff."""
    from unidiff.errors import UnidiffParseError  # noqa: PLC0415 - only a fix pays for it
    from unidiff.patch import PatchSet  # noqa: PLC0415

    try:
        files = PatchSet(patch)
    except UnidiffParseError:
        return []
    changes = (
        {
            "artifactLocation": artifact(file.path),
            "replacements": [r for hunk in file for r in _replacements(hunk)],
        }
        for file in files
        if file.is_modified_file
    )
    return [change for change in changes if change["replacements"]]


def _replacements(hunk: Any) -> Iterator[Json]:
    """One replacement for each run of removed and added lines in `hunk`."""
    at = hunk.source_start
    for context, run in groupby(hunk, key=lambda row: bool(row.is_context)):
        rows = [row for row in run if row.is_context or row.is_removed or row.is_added]
        old = [row for row in rows if not row.is_added]
        if not context and rows:
            text = "".join(row.value for row in rows if row.is_added)
            yield _replacement(at, at + len(old), text)
        at += len(old)


def _replacement(first: int, end: int, text: str) -> Json:
    """Lines `first` up to but not including `end` become `text`."""
    region = {"startLine": first, "startColumn": 1, "endLine": end, "endColumn": 1}
    inserted = {"insertedContent": {"text": text}} if text else {}
    return {"deletedRegion": region} | inserted
