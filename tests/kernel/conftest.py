# SPDX-License-Identifier: GPL-2.0-only
"""Whole kernel trees: Debian's source packages, unpacked once and kept."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

import pytest

from kscan.facts.store import Store

PACKAGES = Path("/usr/src")
KEPT = Path(os.environ.get("KSCAN_KERNELS") or Path.home() / ".cache" / "kscan-kernels")


def unpacked(version: str) -> Path:
    """The tree of ``linux-source-VERSION``: from the environment, or unpacked on first use."""
    given = os.environ.get(f"KSCAN_KERNEL_{version.replace('.', '_')}")
    if given:
        return Path(given)
    name = f"linux-source-{version}"
    tree = KEPT / name
    if tree.is_dir():
        return tree
    package = PACKAGES / f"{name}.tar.xz"
    if not package.exists():
        pytest.fail(f"{package} is missing: make test-kernel installs {name}")
    partial = KEPT / f"{name}.{os.getpid()}"
    with tarfile.open(package) as archive:
        archive.extractall(partial, filter="data")
    try:
        (partial / name).rename(tree)
    except OSError:  # another run was quicker
        if not tree.is_dir():
            raise
    shutil.rmtree(partial, ignore_errors=True)
    return tree


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One store for all that need not be done anew, whichever process does it."""
    return Store(tmp_path_factory.getbasetemp().parent / "store")


@pytest.fixture(scope="session")
def tree_6_12() -> Path:
    return unpacked("6.12")


@pytest.fixture(scope="session")
def tree_6_1() -> Path:
    return unpacked("6.1")
