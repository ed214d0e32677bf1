# SPDX-License-Identifier: GPL-2.0-only
"""A tree at a commit, read from the object store; the checkout is neither used nor touched."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from kscan.source.checkout import Checkout, beside, worktree_grep
from kscan.source.repository import Repository
from kscan.source.search import pathspecs
from kscan.source.searched import SearchedTree, too_large
from kscan.source.tree import LARGEST, Unreadable

_COMPARING = threading.Lock()


class CommitTree(SearchedTree):
    """The regular files of one commit; raises `KscanError` where there is no such commit.

    A blob that a partial clone left out is a skip that names the blob.
    """

    def __init__(self, repository: Repository, revision: str, name: str | None = None) -> None:
        super().__init__()
        self.repository = repository
        self.commit: str = repository.commit_id(revision)
        self.name = revision if name is None else name

    @cached_property
    def _files(self) -> dict[str, str]:
        files = self.repository.files(self.commit)
        self._missing  # noqa: B018  nothing that is not here is asked for afterwards
        return files

    @cached_property
    def _missing(self) -> frozenset[str]:
        return self.repository.missing(self.commit)

    @cached_property
    def _sorted(self) -> Sequence[str]:
        return sorted(self._files)

    @cached_property
    def _listings(self) -> Mapping[str, Sequence[str]]:
        listings: dict[str, list[str]] = {}
        for path in self._sorted:
            listings.setdefault(path.rpartition("/")[0], []).append(path)
        return listings

    def state(self) -> str | None:
        """The commit, unless something of it is missing here."""
        return None if self._missing else self.commit

    def paths(self) -> Sequence[str]:
        """Every regular file of the commit, sorted."""
        return self._sorted

    def exists(self, path: str) -> bool:
        """`path` is a regular file of the commit."""
        return path in self._files

    def listing(self, directory: str) -> Sequence[str]:
        """Paths of the files directly in `directory`, sorted."""
        return self._listings.get(directory.strip("/"), ())

    def blob_id(self, path: str) -> str:
        """The blob id of `path` as the commit names it; raises `Unreadable`."""
        if path not in self._files:
            raise Unreadable(path, "no such file in the commit")
        return self._files[path]

    def _content(self, path: str) -> bytes:
        return self._blob(path, LARGEST)

    def text(self, path: str) -> bytes:
        """The bytes of `path` to search in, however many; raises `Unreadable`."""
        return self._blob(path, None)

    def _blob(self, path: str, limit: int | None) -> bytes:
        blob = self.blob_id(path)
        known = self.__dict__.get("_checkout")  # worth its making for a search, not for a file
        on_disk = known.read(path, blob) if known is not None else None
        if on_disk is not None and (limit is None or len(on_disk) <= limit):
            return bytes(on_disk)
        content, size = self.repository.blob(blob, limit)
        if size < 0:
            raise Unreadable(path, self.repository.why_absent(blob))
        if content is None:
            raise Unreadable(path, too_large(size))
        return content

    def _sizes(self, paths: Sequence[str]) -> Mapping[str, int]:
        blobs = {path: self._files[path] for path in paths}
        sizes = self.repository.sizes(blobs.values()) if blobs else {}
        for path, blob in blobs.items():
            if blob not in sizes:
                self._skips[path] = self.repository.why_absent(blob)
        return {path: sizes[blob] for path, blob in blobs.items() if blob in sizes}

    def _grep(
        self, options: Sequence[str], suffixes: Sequence[str], under: Sequence[str]
    ) -> tuple[bytes, int] | None:
        if self._missing:
            return None
        checkout, early = self._searched_early(options, suffixes, under)
        if checkout is not None:
            found = checkout.grep(options, suffixes, under, early)
            if found is not None:
                return found, 0
        output = self.repository.grep(options, self.commit, pathspecs(suffixes, under))
        return None if output is None else (output, len(self.commit) + 1)

    def _searched_early(
        self, options: Sequence[str], suffixes: Sequence[str], under: Sequence[str]
    ) -> tuple[Checkout | None, bytes | None]:
        """The checkout, and what a search of the whole worktree found while it was compared."""
        if "_checkout" in self.__dict__:
            return self._checkout, None
        with ThreadPoolExecutor(1) as threads:
            comparing = threads.submit(self._compared_checkout)
            found = worktree_grep(self.repository, options, suffixes, under)
            return comparing.result(), found

    def _compared_checkout(self) -> Checkout | None:
        with _COMPARING:  # searches run side by side
            return self._checkout

    @cached_property
    def _checkout(self) -> Checkout | None:
        return beside(self.repository, self.commit, self._files)
