# SPDX-License-Identifier: GPL-2.0-only
"""Whole kernels through the dialect: few errors, and no function that ctags sees lost.

One file in `OF_THEM` is measured; with ``KSCAN_EVERY=1`` all, and 6.12 by ``kscan health`` as well.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from shares import EVERY, share

from kscan.inspection.health import WORST, health
from kscan.source.open import open_tree
from kscan.source.tree import is_below
from kscan.syntax.dialect import respell
from kscan.syntax.functions import definitions
from kscan.syntax.parser import parse

pytestmark = pytest.mark.kernel

OF_THEM = -(-EVERY // 8)

FOLDERS = ("drivers/iommu", "drivers/of", "drivers/base", "drivers/amba", "drivers/acpi")

NO_HEADS = "ACPI_EXPORT_SYMBOL+,ACPI_EXPORT_SYMBOL_INIT+"
"""Invocations without a semicolon, which ctags takes for the heads of the functions below them."""


def test_the_folders_of_6_12(tree_6_12: Path) -> None:
    answer = health(tree_6_12, under=FOLDERS)
    assert answer.functions > 8_000
    assert answer.share_with_errors < 0.001
    assert answer.functions_lost <= 1


def test_the_folders_of_6_1(tree_6_1: Path) -> None:
    answer = health(tree_6_1, under=FOLDERS)
    assert answer.functions > 7_000
    assert answer.share_with_errors < 0.001
    assert answer.functions_lost <= 1


@pytest.mark.skipif(EVERY > 1, reason="a quarter of an hour: KSCAN_EVERY=1 has it run")
def test_all_of_6_12(tree_6_12: Path) -> None:
    command = [sys.executable, "-c", "from kscan.cli import main; main()", "health", "-f", "json"]
    done = subprocess.run([*command, str(tree_6_12)], capture_output=True, check=True, text=True)
    answer = json.loads(done.stdout)
    assert answer["files"] > 34_000
    assert answer["functions"] > 640_000
    assert answer["functions_with_errors"] < 0.002 * answer["functions"]
    assert answer["functions_lost"] < 0.0005 * answer["functions"]
    assert answer["skips"] == []
    assert len(answer["worst"]) == WORST
    broken = [file for file in answer["worst"] if file["functions_with_errors"]]
    assert [f["path"] for f in broken if not any(at["macro"] for at in f["derailments"])] == []


@pytest.mark.parametrize(
    ("fixture", "files", "functions"),
    [("tree_6_12", 34_000, 640_000), ("tree_6_1", 31_000, 590_000)],
)
def test_a_share(fixture: str, files: int, functions: int, request: pytest.FixtureRequest) -> None:
    tree = open_tree(request.getfixturevalue(fixture))
    paths = share((path for path in tree.paths() if path.endswith(".c")), OF_THEM)
    answer = health((path, tree.read(path)) for path in paths)
    assert answer.files == len(paths) > files * 0.8 / OF_THEM
    assert answer.functions > functions * 0.8 / OF_THEM
    assert answer.share_with_errors < 0.002
    assert answer.functions_lost < 0.001 * answer.functions
    assert answer.skips == ()


@pytest.mark.parametrize("fixture", ["tree_6_12", "tree_6_1"])
def test_every_function_that_ctags_sees(fixture: str, request: pytest.FixtureRequest) -> None:
    root: Path = request.getfixturevalue(fixture)
    paths = [
        path for path in open_tree(root).paths() if path.endswith(".c") and is_below(path, FOLDERS)
    ]
    seen = ctags(root, paths)
    missing = seen - found(root, paths)
    assert sum(seen.values()) > 7_500
    assert sorted(missing.elements()) == []


def found(root: Path, paths: Sequence[str]) -> Counter[tuple[str, str]]:
    """Functions in the syntax trees, by path and name."""
    return Counter(
        (path, definition.name)
        for path in paths
        for definition in definitions(parse(respell((root / path).read_bytes()).text))
    )


def ctags(root: Path, paths: Sequence[str]) -> Counter[tuple[str, str]]:
    """Functions that Universal Ctags finds, by path and name."""
    program = shutil.which("ctags-universal") or shutil.which("ctags")
    if program is None:
        pytest.skip("universal-ctags is not installed, nor could make test-kernel install it")
    options = ["--options=NONE", "--languages=C", "--kinds-C=f", "-I", NO_HEADS, "--sort=no"]
    done = subprocess.run(
        [program, *options, "-f-", "-L-"],
        cwd=root,
        input="\n".join(paths),
        capture_output=True,
        check=True,
        text=True,
        encoding="latin-1",
    )
    lines = (line.split("\t") for line in done.stdout.splitlines() if not line.startswith("!"))
    return Counter((fields[1], fields[0]) for fields in lines)
