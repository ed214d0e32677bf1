# SPDX-License-Identifier: GPL-2.0-only
"""Whole kernels, steadily: no file raises, and how an audit is run does not change its answer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kscan.facts.reader import Reader
from kscan.facts.store import NullStore
from kscan.flow.cfg import cfg_of
from kscan.source.open import open_tree
from kscan.source.tree import is_below

pytestmark = pytest.mark.kernel

WHOLE = ("drivers/iommu", "drivers/amba")
"""Directories of which every file is taken."""

EVERY = {"drivers/of": 2, "drivers/base": 3, "kernel": 6, "arch/arm64": 6, "": 180}
"""Of the files below each of these, one in so many; the empty one is the whole tree."""


def sample(paths: Sequence[str]) -> Iterator[str]:
    """All of `WHOLE`, and a few of everything, the same ones each time."""
    sources = [path for path in paths if path.endswith((".c", ".h"))]
    yield from (path for path in sources if is_below(path, WHOLE))
    for folder, step in EVERY.items():
        yield from [path for path in sources if is_below(path, (folder,))][::step]


def test_no_file_raises(tree_6_12: Path) -> None:
    tree = open_tree(tree_6_12)
    reader = Reader(tree, NullStore())
    functions = nodes = 0
    for path in dict.fromkeys(sample(tree.paths())):
        for function in reader.unit(path).functions:
            nodes += len(cfg_of(reader.body(path, function)).nodes)
            functions += 1
    assert functions > 10_000
    assert nodes > 10 * functions
    assert reader.skips == ()


def audited(tree: Path, store: Path, *arguments: str) -> bytes:
    """The report as JSON, but for what a run costs."""
    code = "from kscan.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "audit", str(tree), "-f", "json", "--no-hits", *arguments],
        env={**os.environ, "KSCAN_CACHE_DIR": str(store)},
        capture_output=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return b"\n".join(line for line in done.stdout.splitlines() if not costs(line))


def costs(line: bytes) -> bool:
    """A line of the report that says how long it took, or what the store knew already."""
    return line.strip().startswith((b'"seconds":', b'"cache_hits":'))


def test_cold_warm_and_uncached_say_the_same(tree_6_12: Path, tmp_path: Path) -> None:
    cold = audited(tree_6_12, tmp_path / "store", "--jobs", "8")
    assert (tmp_path / "store" / "facts.sqlite").stat().st_size > 1 << 20
    assert b'"fingerprint"' in cold
    assert audited(tree_6_12, tmp_path / "store", "--jobs", "1") == cold
    assert audited(tree_6_12, tmp_path / "none", "--no-cache", "--jobs", "1") == cold
