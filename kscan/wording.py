# SPDX-License-Identifier: GPL-2.0-only
"""How numbers and nouns go together, wherever kscan says how many there are."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 error``, ``2 errors``, ``2,000 matches``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
