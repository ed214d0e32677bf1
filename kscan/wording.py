# SPDX-License-Identifier: GPL-2.0-only
"""How kscan words what it says: numbers with their nouns, and text that is not its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MEANT = 3
"""Names that a reader may have meant, and is told."""
LIKENESS = 0.82
"""From which on one of very many names is taken for meant: 1 is the same."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 error``, ``2 errors``, ``2,000 matches``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def are(number: int) -> str:
    """The verb behind a `number` of things."""
    return "is" if number == 1 else "are"


def enumerated(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def closest(wanted: str, known: Iterable[str], likeness: float = LIKENESS) -> list[str]:
    """Those of `known` that `wanted` may be a slip for, the most alike first, if any is."""
    from difflib import get_close_matches  # noqa: PLC0415 - for slips only

    return get_close_matches(wanted, known, MEANT, likeness)


def meant(names: Sequence[str]) -> str:
    """``did you mean a, b or c?``; empty for none."""
    *others, last = names or [""]
    return f"did you mean {', '.join(others)}{' or ' if others else ''}{last}?" if last else ""


def printable(text: str) -> str:
    """`text` without what a terminal would obey: what a tree or a log says is not to be trusted."""
    return "".join(c if c.isprintable() else "?" for c in text)


def rows_printable(rows: Iterable[str]) -> str:
    """`rows` for a terminal, each on the one line that it is, whatever the names in it have."""
    return "\n".join(printable(row.replace("\n", " ")) for row in rows)
