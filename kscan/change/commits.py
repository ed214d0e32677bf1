# SPDX-License-Identifier: GPL-2.0-only
"""Which commit of a range introduces and fixes what.

A commit that leaves every answer of the last analysis as it was is passed over: the cost
grows with the files the commits change, not with the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kscan.change.answers import answers_stand
from kscan.change.functions import tokens
from kscan.change.outcome import Outcome
from kscan.change.renames import ALIKE, likeness
from kscan.change.settle import Settled
from kscan.model import CommitShare, Finding, Passing
from kscan.source.compare import ChangedPath
from kscan.source.patched import Change, PatchedTree
from kscan.source.repository import CommitRef
from kscan.source.tree import C_SUFFIXES, Tree, Unreadable

MOST_RENAMES = 40
"""Files removed and added by one commit that are still compared for renames."""


@dataclass(frozen=True)
class Stage:
    """One state of the source in a range: at its base, or after one of its commits."""

    tree: Tree
    outcome: Outcome


@dataclass(frozen=True)
class Attribution:
    """What each commit does, with fingerprints as the head, else the base, has them."""

    shares: tuple[CommitShare, ...]
    passing: tuple[Passing, ...]
    """Introduced by one commit and fixed by a later one: at neither end of the range."""


Compared = Callable[[Stage, Stage, Sequence[ChangedPath]], Settled]


def attribution(
    base: Stage,
    steps: Iterable[tuple[CommitRef, Tree]],
    analysed: Callable[[Tree], Outcome],
    compared: Compared,
) -> Attribution:
    """What each of `steps` does to the findings of the step before, in order."""
    now, history = base, _History(base)
    for commit, tree in steps:
        changed = differing(now.tree, tree)
        if answers_stand(now.outcome.questions, now.tree, tree, changed):
            now = Stage(tree, now.outcome)
            history.passes(commit)
        else:
            following = Stage(tree, analysed(tree))
            history.goes_on(commit, compared(now, following, changed))
            now = following
    return history.told()


@dataclass
class _Life:
    """One finding through the range."""

    finding: Finding
    """As it was first."""
    is_old: bool
    """It stood at the base."""
    name: str
    """Its fingerprint where it was last seen."""
    is_over: bool = False
    introduced_by: str = ""
    fixed_by: str = ""


@dataclass
class _History:
    """The findings of a range, commit by commit."""

    base: Stage
    _alive: dict[str, _Life] = field(default_factory=dict)
    _ended: list[_Life] = field(default_factory=list)
    _told: list[tuple[CommitRef, list[_Life], list[_Life]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        findings = self.base.outcome.findings
        self._alive = {f.fingerprint: _Life(f, True, f.fingerprint) for f in findings}

    def passes(self, commit: CommitRef) -> None:
        """`commit` does nothing to them."""
        self._told.append((commit, [], []))

    def goes_on(self, commit: CommitRef, difference: Settled) -> None:
        """`commit` makes this difference."""
        fixed = [self._life(finding) for finding in difference.fixed]
        for life in fixed:
            life.is_over, life.fixed_by = True, _title(commit)
            self._ended.append(life)
        following: dict[str, _Life] = {}
        for old, new in difference.names.items():
            if old in self._alive:
                following[new] = self._alive[old]
                following[new].name = new
        self._alive = following
        for finding in difference.uncovered:
            self._alive[finding.fingerprint] = _Life(finding, True, finding.fingerprint)
        introduced = [self._life(finding) for finding in difference.introduced]
        for life in introduced:
            life.introduced_by = _title(commit)
        self._told.append((commit, introduced, fixed))

    def _life(self, finding: Finding) -> _Life:
        name = finding.fingerprint
        return self._alive.setdefault(name, _Life(finding, False, name))

    def told(self) -> Attribution:
        """The whole, once the last commit has been."""
        shares = tuple(
            CommitShare(
                commit.id,
                commit.subject,
                tuple(sorted(_name(life) for life in introduced)),
                tuple(sorted(_name(life) for life in fixed)),
            )
            for commit, introduced, fixed in self._told
        )
        passing = (life for life in self._ended if not life.is_old)
        return Attribution(
            shares,
            tuple(Passing(one.finding, one.introduced_by, one.fixed_by) for one in passing),
        )


def _name(life: _Life) -> str:
    return life.finding.fingerprint if life.is_over else life.name


def _title(commit: CommitRef | CommitShare) -> str:
    """``108347eaae62 new probe path``; a patch has no id."""
    return f"{commit.id[:12]} {commit.subject}".strip()


def blamed(findings: Iterable[Finding], shares: Iterable[CommitShare]) -> tuple[Finding, ...]:
    """`findings`, each with the last commit among `shares` that introduces it."""
    by = {name: share for share in shares for name in share.introduced}
    titles = {name: _title(share) for name, share in by.items()}
    return tuple(replace(f, introduced_by=titles.get(f.fingerprint, "")) for f in findings)


def is_akin(one: Tree, other: Tree) -> bool:
    """Both stand on one tree, so that `differing` tells them apart."""
    return _below(one) is _below(other)


def _below(tree: Tree) -> Tree:
    return tree.base if isinstance(tree, PatchedTree) else tree


def differing(old: Tree, new: Tree) -> tuple[ChangedPath, ...]:
    """The files that differ between two stages of a range, renames paired."""
    before, after = _changes(old), _changes(new)
    paths = sorted(
        path
        for path in before.keys() | after.keys()
        if path not in before or path not in after or before[path] != after[path]
    )
    changes = [
        ChangedPath(path if old.exists(path) else None, path if new.exists(path) else None)
        for path in paths
    ]
    gone = [c.old for c in changes if c.old is not None and c.new is None]
    come = [c.new for c in changes if c.new is not None and c.old is None]
    renames = dict(_renames(old, new, gone, come))
    paired = set(renames) | set(renames.values())
    kept = [c for c in changes if c.old == c.new or (c.old or c.new) not in paired]
    return (*kept, *(ChangedPath(source, target) for source, target in renames.items()))


def _changes(tree: Tree) -> Mapping[str, Change]:
    return tree.changes if isinstance(tree, PatchedTree) else {}


def _renames(
    old: Tree, new: Tree, gone: Sequence[str], come: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """C files that went, with the ones that came and read most like them."""
    free = [path for path in come if path.endswith(C_SUFFIXES)][:MOST_RENAMES]
    for path in [path for path in gone if path.endswith(C_SUFFIXES)][:MOST_RENAMES]:
        ranked = sorted((-_alike(old, new, path, other), other) for other in free)
        if ranked and -ranked[0][0] >= ALIKE:
            free.remove(ranked[0][1])
            yield path, ranked[0][1]


def _alike(old: Tree, new: Tree, path: str, other: str) -> float:
    try:
        return likeness(tokens(old.read(path)), tokens(new.read(other)))
    except Unreadable:
        return 0.0
