# SPDX-License-Identifier: GPL-2.0-only
"""Goldens: whole outputs kept as real files, compared byte for byte; and Ctrl-C as in a shell."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("kscan", deadline=None)  # no test asserts a time
settings.load_profile("kscan")

GOLDEN = Path(__file__).parent / "golden"


def pytest_configure() -> None:
    """What is started in the background ignores Ctrl-C, and so would every kscan it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens", action="store_true", help="write the goldens instead of comparing"
    )


@pytest.fixture
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """kscan keeps what it keeps in a directory that is the test's own."""
    monkeypatch.setenv("KSCAN_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``golden("report/audit.txt", text)`` compares `text` with that file below tests/golden."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-goldens"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert path.exists(), f"{name} is missing: pytest --update-goldens writes it"
        assert text == path.read_bytes().decode(), f"{name}: --update-goldens if this is meant"

    return check
