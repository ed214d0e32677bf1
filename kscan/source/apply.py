# SPDX-License-Identifier: GPL-2.0-only
"""A series of patches put on a tree, in memory; one set of changes for each patch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kscan.model import KscanError, Skip
from kscan.source.hunks import AlreadyMade, Misfit, apply_hunks
from kscan.source.patches import FilePatch, Patch, Series
from kscan.source.tree import C_SUFFIXES, Tree, Unreadable


@dataclass(frozen=True, slots=True)
class AppliedPatch:
    """What one patch changes on top of the patches before it."""

    subject: str
    changes: dict[str, bytes | None]
    """Path to new content; None: removed."""
    skips: tuple[Skip, ...] = ()
    notes: tuple[str, ...] = ()
    """Hunks whose place is not sure, and what was not applied to other files than source."""
    moves: tuple[tuple[str, str], ...] = ()
    """The renames it states: the path before, and after."""


def apply_series(base: Tree, series: Series) -> list[AppliedPatch]:
    """Applies each patch on top of those before it.

    Raises `KscanError` with the file, the hunk, the line expected and what stands there.
    """
    state: dict[str, bytes | None] = {}
    applied = []
    for patch in series.patches:
        done = _Application(base, patch, state).result()
        state.update(done.changes)
        applied.append(done)
    return applied


class _Application:
    """One patch on a tree and on what earlier patches made of it."""

    def __init__(self, base: Tree, patch: Patch, state: dict[str, bytes | None]) -> None:
        self._base = base
        self._patch = patch
        self._state = dict(state)
        self._changes: dict[str, bytes | None] = {}
        self._skips = list(patch.skips)
        self._notes: list[str] = []
        self._moves: list[tuple[str, str]] = []

    def result(self) -> AppliedPatch:
        """What the whole patch changes; raises `KscanError`."""
        for file in self._patch.files:
            if file.not_text:
                self._pass_over((file.new or file.old)[0], file.not_text)
            elif file.is_move:
                self._move(file)
            elif file.old or not file.new:
                self._edit(file)
            else:
                self._add(file, file.new[0])
        changes = dict(sorted(self._changes.items()))
        told = tuple(self._skips), tuple(self._notes), tuple(self._moves)
        return AppliedPatch(self._patch.subject, changes, *told)

    def _pass_over(self, path: str, why: str) -> None:
        """What is not applied to source is a skip; to any other file it is worth a note."""
        if path.endswith(C_SUFFIXES):
            self._skips.append(Skip(path, why))
        else:
            self._notes.append(f"{path}: {why}")

    def _refuse(self, path: str, why: str) -> KscanError:
        return KscanError(f"{self._patch.origin}: {path}: {why}")

    def _exists(self, path: str) -> bool:
        if path in self._state:
            return self._state[path] is not None
        return self._base.exists(path)

    def _content(self, path: str) -> bytes:
        changed = self._state.get(path)
        if changed is not None:
            return changed
        if not self._exists(path):
            raise self._refuse(path, "no such file in the tree it is applied to; see --base")
        try:
            return self._base.read(path)
        except Unreadable as unreadable:
            raise self._refuse(path, unreadable.reason) from unreadable

    def _write(self, path: str, content: bytes | None) -> None:
        self._changes[path] = self._state[path] = content

    def _add(self, file: FilePatch, path: str) -> None:
        if self._exists(path):
            raise self._refuse(path, "the patch adds it, but it is there already")
        self._write(path, self._patched(file, path, b""))

    def _move(self, file: FilePatch) -> None:
        old, new = file.old[0], file.new[0]
        if old != new and self._exists(new):
            raise self._refuse(new, f"{old} becomes it, but it is there already")
        content = self._patched(file, old, self._content(old))
        if not file.is_copy:
            self._write(old, None)
            self._moves.append((old, new))
        self._write(new, content)

    def _edit(self, file: FilePatch) -> None:
        guesses = (*file.new, *file.old)
        path = next((guess for guess in guesses if self._exists(guess)), guesses[0])
        creates = not any(hunk.old for hunk in file.hunks)
        if file.hunks and creates and not file.is_git and not self._exists(path):
            self._add(file, self._place(file))  # what diff -N writes
            return
        before = self._content(path)
        after = self._patched(file, path, before)
        if not file.new and after:
            raise self._refuse(
                path, "the patch removes it, but it has lines that the patch has not"
            )
        removes = not file.new or (not after and not file.is_git and bool(file.hunks))
        if removes or after != before:
            self._write(path, None if removes else after)

    def _place(self, file: FilePatch) -> str:
        """Where a plain diff adds a file: stripped as its others are, or in a directory's midst."""
        guesses = file.new or file.old
        for other in self._patch.files:
            if not other.is_git and len(other.new) == len(guesses):
                for guess, path in zip(guesses, other.new, strict=True):
                    if self._exists(path):
                        return guess
        return next((guess for guess in guesses if self._has_company(guess)), guesses[0])

    def _has_company(self, path: str) -> bool:
        """The directory of `path`, not the top, has files: in the tree or from patches before."""
        start = path[: path.rfind("/") + 1]
        paths = (*self._state, *self._base.paths())
        return bool(start) and any(other.startswith(start) for other in paths)

    def _patched(self, file: FilePatch, path: str, content: bytes) -> bytes:
        try:
            content, unsure = apply_hunks(content, file.hunks)
        except AlreadyMade as made:
            why = f"hunk {made.number} is in the tree already; --base or --commit goes before it"
            raise self._refuse(path, why) from made
        except Misfit as misfit:
            why = f"hunk {misfit.number} does not apply: {misfit.why}"
            raise self._refuse(path, why) from misfit
        self._notes += [f"{path}: {doubt}" for doubt in unsure]
        return content


def merged(applied: Sequence[AppliedPatch]) -> dict[str, bytes | None]:
    """What several patches change together."""
    changes: dict[str, bytes | None] = {}
    for patch in applied:
        changes.update(patch.changes)
    return changes


def moved(applied: Sequence[AppliedPatch]) -> dict[str, str]:
    """Where the files that several patches rename were before all of them, by path after."""
    origins: dict[str, str] = {}
    for patch in applied:
        origins |= {new: origins.pop(old, old) for old, new in patch.moves}
    return origins
