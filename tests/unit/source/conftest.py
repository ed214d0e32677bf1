# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of the source layer: a git repository to fill, and a print of what a folder holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gitworkshop import Workshop, fingerprint_of


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path / "repo")


@pytest.fixture
def prints() -> Callable[[Path], dict[str, str]]:
    return fingerprint_of
