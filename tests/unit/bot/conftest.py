# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of the bot share: no waiting, no token and no pipeline from outside."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _no_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may themselves run in a pipeline."""
    for name in list(os.environ):
        if name.startswith(("GITHUB_", "CI_", "GIT_", "KSCAN_")) or name in ("GITLAB_TOKEN", "CI"):
            monkeypatch.delenv(name)
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("GH_TOKEN", "EMAIL", "DESC_FD", "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the bot would have waited, each time it did."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited
