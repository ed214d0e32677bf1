# SPDX-License-Identifier: GPL-2.0-only
"""The report of an audit: the last run's where nothing it rests on has changed, or a new one.

What it rests on is the state of the source (a commit, or sizes, times and inodes of all files
of a directory, as git's own index trusts them), the options, and kscan itself.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from kscan.audit import Audit, Options
from kscan.change.kept import Kept, key_of
from kscan.facts.store import NullStore
from kscan.model import Report
from kscan.progress import Progress
from kscan.source.directory import DirectoryTree
from kscan.source.tree import Memory, Tree


def report_of(
    tree: Tree, options: Options, memory: Memory, progress: Progress, jobs: int | None = None
) -> Report:
    """The report on `tree`, kept where all that was skipped is skipped again.

    To name the state of a directory every file is looked at, which takes about as long as a
    search: where this tree was never audited before, that is done beside the audit.
    """
    if isinstance(memory, NullStore):
        return Audit(tree, options, memory, progress, jobs=jobs, remembering=False).report()
    started = time.monotonic()
    kept, mark = Kept(memory), _mark(tree)
    with ThreadPoolExecutor(1) as threads:
        naming = threads.submit(key_of, "report", [tree], *_asked(options), tree.name)
        seen = mark in kept.get_many([mark])
        known = kept.recall(naming.result(), Report) if seen else None
        if known is not None:
            seconds = round(time.monotonic() - started, 3)
            stats = replace(known.stats, cache_hits=known.stats.files_parsed, seconds=seconds)
            return replace(known, stats=stats)
        audit = Audit(tree, options, memory, progress, jobs=jobs, remembering=seen)
        report = audit.report()
        kept.put_many({mark: b"audited"})
        if _depends_on_source(audit):
            kept.keep(naming.result(), report)
        return report


def _depends_on_source(audit: Audit) -> bool:
    """What `audit` skipped follows from the state of the source, as what it found does.

    It does not where a rule failed, nor where a repository lacks a blob that may be brought.
    """
    return not audit.failed and (isinstance(audit.tree, DirectoryTree) or not audit.tree.skips)


def _mark(tree: Tree) -> str:
    """The key that says whether a tree of this name was audited before."""
    return f"audited:{hashlib.sha256(tree.name.encode('utf-8', 'surrogateescape')).hexdigest()}"


def _asked(options: Options) -> Iterator[str]:
    """What a report depends on besides the source and kscan."""
    yield repr(replace(options, catalogues=()))
    for path in options.catalogues:
        yield hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else str(path)
