# SPDX-License-Identifier: GPL-2.0-only
"""Files of whole kernels through dialect, parser, facts and lowering, without an exception.

One file in `EVERY` goes through, always the same ones; ``KSCAN_EVERY=1`` sends all of them, which
takes 20 minutes of processor time.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from shares import EVERY, share

from kscan.facts.reader import Reader
from kscan.facts.store import NullStore
from kscan.source.open import open_tree
from kscan.source.tree import C_SUFFIXES
from kscan.workers import workers

pytestmark = pytest.mark.kernel

BATCH = 200
"""Files a worker gets at once."""

REFUSED = {
    "sound/usb/quirks-table.h": "syntax nested",  # the inside of a table: one comma expression
    "tools/testing/radix-tree/maple.c": "check_erase2_sets(): a function of",
}
"""Files beyond a bound, and how the reason begins; besides them only headers of registers are."""


@pytest.mark.parametrize("fixture", ["tree_6_12", "tree_6_1"])
def test_every_file(fixture: str, request: pytest.FixtureRequest) -> None:
    root: Path = request.getfixturevalue(fixture)
    paths = [path for path in open_tree(root).paths() if path.endswith(C_SUFFIXES)]
    chosen = share(paths)
    total: Counter[str] = Counter()
    failures: list[str] = []
    refusals: list[str] = []
    with workers(len(os.sched_getaffinity(0))) as pool:
        parts = [chosen[start : start + BATCH] for start in range(0, len(chosen), BATCH)]
        for counts, failed, refused in pool.map(through, [root] * len(parts), parts):
            total += counts
            failures += failed
            refusals += refused
    print(f"{root.name}: {dict(total)}", *failures, *refusals, sep="\n")
    assert len(paths) > 54_000
    assert total["files"] == len(chosen)
    assert total["bodies"] > 590_000 * 0.8 / EVERY
    assert failures == []
    assert [line for line in refusals if not is_expected(line)] == []


def through(root: Path, paths: Sequence[str]) -> tuple[Counter[str], list[str], list[str]]:
    """How much of `paths` was read, what was raised, and what was refused; runs in a worker."""
    counts: Counter[str] = Counter()
    failures = []
    reader = Reader(open_tree(root), NullStore())
    for path in paths:
        counts["files"] += 1
        try:
            for made in _through(reader, path):
                counts[made] += 1
        except Exception as error:  # each is a defect, and all are wanted
            failures.append(f"{path}: {type(error).__name__}: {error}")
    return counts, failures, [f"{skip.path}: {skip.reason}" for skip in reader.skips]


def _through(reader: Reader, path: str) -> Iterator[str]:
    for function in reader.unit(path).functions:
        body = reader.body(path, function)
        yield "bodies" if body.statements else "empty bodies"


def is_expected(refusal: str) -> bool:
    """`refusal` is that of a file in `REFUSED`, or of a generated register header."""
    path, _, reason = refusal.partition(": ")
    if path in REFUSED:
        return reason.startswith(REFUSED[path])
    return "/asic_reg/" in path and path.endswith(".h") and reason.startswith("larger than 8 MB")
