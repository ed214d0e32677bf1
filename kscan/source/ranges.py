# SPDX-License-Identifier: GPL-2.0-only
"""Two states of the source and what lies between: commits, patches, a worktree, directories.

The later state is the earlier one with the changed files on top, so whatever is found in the
earlier tree is found once.  Nothing of the user's repository is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from kscan.model import KscanError, Skip
from kscan.source.apply import apply_series, merged, moved
from kscan.source.commit import CommitTree
from kscan.source.compare import ChangedPath, changed_files
from kscan.source.directory import DirectoryTree
from kscan.source.patched import Blob, Change, PatchedTree
from kscan.source.patches import Series
from kscan.source.repository import BlobChange, CommitRef, Repository, refuse_option
from kscan.source.sparse import told_sparse
from kscan.source.tree import C_SUFFIXES, Tree
from kscan.source.worktree import worktree_changes

MOST_CHANGES = 4_000
"""Changed files from which the head is searched by git, not they one by one."""


Standing = Callable[[Tree], Tree]
"""What a tree stands with, as with drivers beside it."""


def alone(tree: Tree) -> Tree:
    """The tree as it is."""
    return tree


@dataclass
class Range:
    """From `base` to `head`."""

    base: Tree
    head: Tree
    commits: Sequence[CommitRef] = ()
    """Commits or patches between them, oldest first; none for directories or a worktree."""
    skips: Sequence[Skip] = ()
    """What could not be applied or read on the way, besides the skips of the trees."""
    notes: Sequence[str] = ()
    _find_changed: Callable[[], Sequence[ChangedPath]] = field(repr=False, default=tuple)
    _trees: Callable[[], Iterator[Tree]] = field(repr=False, default=lambda: iter(()))

    @cached_property
    def changed(self) -> Sequence[ChangedPath]:
        """The files that differ between base and head, renames paired."""
        return self._find_changed()

    def steps(self) -> Iterator[tuple[CommitRef, Tree]]:
        """Each commit with the tree as it is then; the last tree is as `head` is."""
        return zip(self.commits, self._trees(), strict=False)


def open_range(repository: Repository, spec: str, standing: Standing = alone) -> Range:
    """`A..B`, `A...B` (from their merge base) or one commit (from its first parent).

    An empty end is HEAD.  Raises `KscanError` for what is no range of this repository.
    """
    refuse_option(spec)
    left, dots, right = _parted(spec)
    if not dots:
        return _one_commit(repository, spec, standing)
    start = repository.commit_id(left or "HEAD")
    end = repository.commit_id(right or "HEAD")
    if dots == "...":
        start = repository.merge_base(start, end)
        left = f"{start[:12]} (merge base)"
    base = CommitTree(repository, start, left or "HEAD")
    return _between(repository, base, end, right or "HEAD", standing)


def _parted(spec: str) -> tuple[str, str, str]:
    for dots in ("...", ".."):
        left, found, right = spec.partition(dots)
        if found:
            return left, found, right
    return spec, "", ""


def _one_commit(repository: Repository, spec: str, standing: Standing) -> Range:
    commit = repository.commit_id(spec)
    parent = repository.parent(commit)
    if parent is not None:
        base = CommitTree(repository, parent, f"{spec}^")
        return _between(repository, base, commit, spec, standing)
    own = CommitTree(repository, commit, spec)
    tree = standing(own)
    nothing = PatchedTree(tree, dict.fromkeys(own.paths()), f"before {spec}")
    ref = CommitRef(commit, repository.subject(commit), "")
    added = tuple(ChangedPath(None, path) for path in own.paths())
    return Range(nothing, tree, [ref], (), (), lambda: added, lambda: iter([tree]))


def _between(
    repository: Repository, base: CommitTree, end: str, name: str, standing: Standing
) -> Range:
    commits = repository.first_parents(base.commit, end)
    found = repository.changes(base.commit, end)
    _refuse_absent(repository, base, end, name, found)
    changes: dict[str, Change] = {}
    for change in found:
        if change.old_path:
            changes.setdefault(change.old_path, None)
        if change.new_path and change.new_blob:
            changes[change.new_path] = Blob(repository, change.new_blob)
    many = len(changes) > MOST_CHANGES
    below = standing(base)
    head = (
        standing(CommitTree(repository, end, name))
        if many
        else PatchedTree(below, changes, name, end)
    )
    notes = [] if repository.is_ancestor(base.commit, end) else [_diverged(base.name, name)]
    return Range(
        below,
        head,
        commits,
        (),
        notes,
        lambda: tuple(ChangedPath(change.old_path, change.new_path) for change in found),
        lambda: _commit_trees(repository, base.commit, below, commits),
    )


def _refuse_absent(
    repository: Repository, base: CommitTree, end: str, name: str, found: Sequence[BlobChange]
) -> None:
    """Raises `KscanError` for changed C that is not here: it must not count as removed."""
    repository.missing(end)
    old = [change.old_path for change in found if change.old_path]
    gone = {path: base.blob_id(path) for path in old if path.endswith(C_SUFFIXES)}
    repository.refuse_absent(base.commit, base.name, gone)
    new = {c.new_path: c.new_blob for c in found if c.new_path and c.new_blob}
    come = {path: blob for path, blob in new.items() if path.endswith(C_SUFFIXES)}
    repository.refuse_absent(end, name, come)


def _diverged(left: str, right: str) -> str:
    return (
        f"{left} is not an ancestor of {right}: what {left} alone has counts as undone; "
        f"{left}...{right} starts from where they parted"
    )


def _commit_trees(
    repository: Repository, start: str, base: Tree, commits: Sequence[CommitRef]
) -> Iterator[Tree]:
    """The tree at each commit, as what it changes on top of the one before."""
    changes: dict[str, Change] = {}
    last = start
    for commit in commits:
        for change in repository.changes(last, commit.id):
            if change.old_path:
                changes[change.old_path] = None
            if change.new_path and change.new_blob:
                changes[change.new_path] = Blob(repository, change.new_blob)
        last = commit.id
        yield PatchedTree(base, dict(changes), commit.id[:12], commit.id)


def patch_range(base: Tree, series: Series) -> Range:
    """`series` on top of `base`; raises `KscanError` where a patch does not apply."""
    try:
        applied = apply_series(base, series)
    except KscanError as error:
        raise KscanError("; ".join((f"{error} (on {base.name})", *series.absent))) from None
    changes = merged(applied)
    changes = {path: c for path, c in changes.items() if c is not None or base.exists(path)}
    names = [patch.subject for patch in applied]
    head = PatchedTree(base, changes, _with(base.name, names))

    def trees() -> Iterator[Tree]:
        for count in range(1, len(applied) + 1):
            yield PatchedTree(base, merged(applied[:count]), names[count - 1])

    return Range(
        base,
        head,
        [CommitRef("", name, "") for name in names],
        [skip for patch in applied for skip in patch.skips],
        [
            *(f"{Path(skip.path).name}: {skip.reason}" for skip in series.skips),
            *(note for patch in applied for note in patch.notes),
        ],
        lambda: _changed(base, changes, moved(applied)),
        trees,
    )


def _with(base: str, subjects: Sequence[str]) -> str:
    """What `base` is called with patches of these subjects on top."""
    if len(subjects) > 1:
        return f"{base} with {len(subjects)} patches, the last: {subjects[-1]}"
    return f"{base} with {subjects[0]}" if subjects else base


def worktree_range(repository: Repository, standing: Standing = alone) -> Range:
    """HEAD against the files on disk, untracked C files among them."""
    own = CommitTree(repository, "HEAD")
    changes, skips = worktree_changes(own)
    base = standing(own)
    head = PatchedTree(base, changes, "worktree")
    return Range(base, head, (), skips, (), lambda: _changed(base, changes))


def _changed(
    base: Tree, changes: dict[str, bytes | None], moves: Mapping[str, str] | None = None
) -> Sequence[ChangedPath]:
    """The files that differ; those paired that `moves` says, by path after, to be renamed."""
    pairs = {
        old: new
        for new, old in (moves or {}).items()
        if changes.get(new) is not None and not base.exists(new) and changes.get(old, b"") is None
    }
    paired = {*pairs, *pairs.values()}
    changed = [
        ChangedPath(path if base.exists(path) else None, path if content is not None else None)
        for path, content in sorted(changes.items())
        if path not in paired
    ]
    return (*changed, *(ChangedPath(old, new) for old, new in sorted(pairs.items())))


def directory_range(old: Path | str, new: Path | str, standing: Standing = alone) -> Range:
    """Two directories; what differs is found out when it is first asked for."""
    base, head = told_sparse(DirectoryTree(old)), told_sparse(DirectoryTree(new))
    changed = partial(changed_files, base, head)
    return Range(standing(base), standing(head), _find_changed=changed)


def base_of(repository: Repository, series: Series, revision: str | None = None) -> CommitTree:
    """What `series` is meant for: `revision`, else its ``base-commit:``, else HEAD."""
    if revision is None and series.base_commit is not None:
        try:
            return CommitTree(repository, series.base_commit, series.base_commit[:12])
        except KscanError as error:
            raise KscanError(
                f"{error}; the patch names it as base-commit, --base takes another"
            ) from error
    return CommitTree(repository, revision or "HEAD")
