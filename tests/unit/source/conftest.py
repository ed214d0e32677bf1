# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of the source layer share: a git repository to fill."""

from __future__ import annotations

from pathlib import Path

import pytest
from histories import History


@pytest.fixture
def workshop(tmp_path: Path) -> History:
    return History(tmp_path / "repo")
