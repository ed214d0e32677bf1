# SPDX-License-Identifier: GPL-2.0-only
"""What a diff adds and removes, and what the diffstat above it says of that.

The diffstat is what ``git format-patch`` and ``diffstat`` write between a commit message and its
diff.  Only its last line counts: the rows above it abbreviate names.  Nothing is made of a diff
that is more than its diffstat tells: older git leaves out changes of mode, and whoever edits a
patch by hand seldom corrects the diffstat.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kscan.wording import counted

_SEPARATOR = re.compile(rb"^---[ \t\r]*$", re.MULTILINE)
_LAST_LINE = re.compile(
    rb"^ ?(\d{1,9}) files? changed"
    rb"(?:, (\d{1,9}) insertions?\(\+\))?(?:, (\d{1,9}) deletions?\(-\))?[ \t\r]*$",
    re.MULTILINE,
)
_SUBMODULE = re.compile(rb"^Submodule ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Diffstat:
    """How much a diff changes."""

    files: int
    insertions: int
    deletions: int

    def __str__(self) -> str:
        """``2 files, 30 insertions, 1 deletion``."""
        lines = (counted(self.insertions, "insertion"), counted(self.deletions, "deletion"))
        return ", ".join((counted(self.files, "file"), *lines))

    def is_short_of(self, told: Diffstat) -> bool:
        """Something that `told` counts is missing here."""
        return (
            self.files < told.files
            or self.insertions < told.insertions
            or self.deletions < told.deletions
        )


def told_in(body: bytes, diff: bytes) -> Diffstat | None:
    """The diffstat that stands in `body`, a mail, above `diff`, the end of it; None without one.

    Where another one follows, as in ``git log --stat -p``, neither is that of the whole; nor is
    one that counts a submodule of which the diff has no hunk.
    """
    above = body[: len(body) - len(diff)]
    separator = _SEPARATOR.search(above)
    if separator is None or _LAST_LINE.search(diff) or _SUBMODULE.search(body):
        return None
    told = list(_LAST_LINE.finditer(above, separator.end()))
    return Diffstat(*(int(number or 0) for number in told[-1].groups())) if told else None
