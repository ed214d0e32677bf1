# SPDX-License-Identifier: GPL-2.0-only
"""The report of an audit: the last run's where nothing it rests on has changed, or a new one.

What it rests on is the state of the source (a commit, or sizes, times and inodes of all files
of a directory, as git's own index trusts them), the options, and kscan itself.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace

from kscan.audit import Audit, Options, Progress
from kscan.change.kept import Kept, key_of
from kscan.model import Report
from kscan.source.tree import Memory, Tree


def report_of(
    tree: Tree, options: Options, memory: Memory, progress: Progress, jobs: int | None = None
) -> Report:
    """The report on `tree`; a report with skips is never kept."""
    started = time.monotonic()
    kept = Kept(memory)
    key = key_of("report", [tree], *_asked(options), tree.name)
    known = kept.recall(key, Report)
    if known is not None:
        seconds = round(time.monotonic() - started, 3)
        stats = replace(known.stats, cache_hits=known.stats.files_parsed, seconds=seconds)
        return replace(known, stats=stats)
    report = Audit(tree, options, memory, progress, jobs=jobs).report()
    if not report.skips:
        kept.keep(key, report)
    return report


def _asked(options: Options) -> Iterator[str]:
    """What a report depends on besides the source and kscan."""
    yield repr(replace(options, catalogues=()))
    for path in options.catalogues:
        yield hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else str(path)
