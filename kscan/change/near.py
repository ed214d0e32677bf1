# SPDX-License-Identifier: GPL-2.0-only
"""The outcome for a commit near one that is known: what lies between may change no answer.

A repository's last analysed commit is kept.  Where the files that differ from it leave every
answer as it was, its outcome is that of the other commit too.
"""

from __future__ import annotations

from dataclasses import dataclass

from kscan.change.answers import answers_stand
from kscan.change.kept import Kept, key_of, program_digest
from kscan.change.outcome import Outcome
from kscan.model import KscanError
from kscan.source.commit import CommitTree
from kscan.source.compare import ChangedPath
from kscan.source.repository import Repository

MOST_FILES = 2_000
"""Files between two commits that are looked at; commits further apart are strangers."""


@dataclass(frozen=True)
class Near:
    """The last commit of each repository, under one set of questions."""

    kept: Kept
    asked: tuple[str, ...]

    def note(self, tree: CommitTree) -> None:
        """`tree` is the last one analysed of its repository."""
        self.kept.keep(self._key(tree.repository), tree.commit)

    def outcome(self, tree: CommitTree) -> Outcome | None:
        """The outcome of the last commit, if it is that of `tree`; else None."""
        last = self.kept.recall(self._key(tree.repository), str)
        if last is None or last == tree.commit:
            return None
        try:
            known = CommitTree(tree.repository, last)
            outcome = self.kept.recall(key_of("outcome", [known], *self.asked), Outcome)
            if outcome is None:
                return None
            changes = tree.repository.changes(last, tree.commit)
        except KscanError:  # the commit is gone, or not here as a whole
            return None
        if len(changes) > MOST_FILES:
            return None
        changed = [ChangedPath(change.old_path, change.new_path) for change in changes]
        return outcome if answers_stand(outcome.questions, known, tree, changed) else None

    def _key(self, repository: Repository) -> str:
        return "\0".join(("near", program_digest(), str(repository.shared_dir), *self.asked))
