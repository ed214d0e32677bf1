# SPDX-License-Identifier: GPL-2.0-only
"""Whole kernels through the dialect: every file, few errors, no function that ctags sees lost."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from kscan.health import Health, health
from kscan.source.open import open_tree
from kscan.source.tree import is_below
from kscan.syntax.dialect import respell
from kscan.syntax.functions import definitions
from kscan.syntax.parser import parse

pytestmark = pytest.mark.kernel

FOLDERS = ("drivers/iommu", "drivers/of", "drivers/base", "drivers/amba", "drivers/acpi")

NO_FUNCTIONS = re.compile(r"ACPI_EXPORT_SYMBOL(_INIT)?\Z")
"""Invocations without a semicolon, which ctags takes for the heads of the functions below them."""


@pytest.fixture(scope="session")
def health_6_12(tree_6_12: Path) -> Health:
    return health(tree_6_12)


@pytest.fixture(scope="session")
def health_6_1(tree_6_1: Path) -> Health:
    return health(tree_6_1)


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


def test_all_of_6_12(health_6_12: Health) -> None:
    assert health_6_12.files > 34_000
    assert health_6_12.functions > 640_000
    assert health_6_12.share_with_errors < 0.002
    assert health_6_12.functions_lost < 0.0005 * health_6_12.functions
    assert health_6_12.skips == ()


def test_all_of_6_1(health_6_1: Health) -> None:
    assert health_6_1.files > 31_000
    assert health_6_1.functions > 590_000
    assert health_6_1.share_with_errors < 0.002
    assert health_6_1.functions_lost < 0.0005 * health_6_1.functions
    assert health_6_1.skips == ()


@pytest.mark.parametrize("fixture", ["tree_6_12", "tree_6_1"])
def test_every_function_that_ctags_sees(fixture: str, request: pytest.FixtureRequest) -> None:
    root: Path = request.getfixturevalue(fixture)
    paths = [
        path for path in open_tree(root).paths() if path.endswith(".c") and is_below(path, FOLDERS)
    ]
    seen = ctags(root, paths)
    missing = seen - found(root, paths)
    unexplained = [name for path, name in missing.elements() if not NO_FUNCTIONS.match(name)]
    assert sum(seen.values()) > 7_000
    assert unexplained == []


def found(root: Path, paths: Sequence[str]) -> Counter[tuple[str, str]]:
    """Functions in the syntax trees, by path and name."""
    return Counter(
        (path, definition.name)
        for path in paths
        for definition in definitions(parse(respell((root / path).read_bytes()).text))
    )


def ctags(root: Path, paths: Sequence[str]) -> Counter[tuple[str, str]]:
    """Functions that Universal Ctags finds, by path and name."""
    program = shutil.which("ctags")
    if program is None:
        pytest.skip("universal-ctags is not installed")
    done = subprocess.run(
        [program, "--options=NONE", "--languages=C", "--kinds-C=f", "--sort=no", "-f-", "-L-"],
        cwd=root,
        input="\n".join(paths),
        capture_output=True,
        check=True,
        text=True,
        encoding="latin-1",
    )
    lines = (line.split("\t") for line in done.stdout.splitlines() if not line.startswith("!"))
    return Counter((fields[1], fields[0]) for fields in lines)
