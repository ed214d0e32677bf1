# SPDX-License-Identifier: GPL-2.0-only
"""What is being done, in a line, for whoever watches a run."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]


def silent(_message: str) -> None:
    """The progress of a process that nobody watches."""
