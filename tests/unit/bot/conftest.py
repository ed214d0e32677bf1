# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of the bot share: no waiting, no token and no pipeline from outside."""

from __future__ import annotations

import os

import pytest

from .story import Story, told


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


@pytest.fixture(scope="session")
def _one_story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return told(tmp_path_factory.mktemp("story") / "linux")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One fact store for all tests of the bot."""
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def story(_one_story: Story, cache: str, monkeypatch: pytest.MonkeyPatch) -> Story:
    """The story, for tests that only read it."""
    monkeypatch.setenv("KSCAN_CACHE_DIR", cache)
    return _one_story
