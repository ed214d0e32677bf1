# SPDX-License-Identifier: GPL-2.0-only
"""How kscan words what it says: numbers with their nouns, and text that is not its own."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 error``, ``2 errors``, ``2,000 matches``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def enumerated(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def printable(text: str, kept: str = "") -> str:
    """`text` without what a terminal would obey: strings of a tree or a log are not to be trusted.

    The characters `kept` stay.
    """
    return "".join(c if c.isprintable() or c in kept else "?" for c in text)
