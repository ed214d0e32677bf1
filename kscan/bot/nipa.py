# SPDX-License-Identifier: GPL-2.0-only
"""The plug-in protocol of netdev's CI (NIPA): an exit status, one line, and a log.

``core/test.py`` of NIPA runs a test in the tree with the patch on top, takes 0 for a pass, 250
for a warning and anything else for a failure, and reads a description from the pipe whose number
``DESC_FD`` has. The pipe is read only after the test has ended, so the description is short.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from kscan.bot.policy import Judgement, sentence
from kscan.report import clean

PASS, WARNING, FAIL = 0, 250, 1
LONGEST = 300
"""Characters of the description."""


def status(judgement: Judgement) -> int:
    """What the test ends with."""
    if judgement.fails:
        return FAIL
    return WARNING if judgement.warns else PASS


def description(judgement: Judgement) -> str:
    """The verdict, and the worst place."""
    told = sentence(judgement)
    if judgement.failing:
        worst = judgement.failing[0]
        where = f"{worst.primary.function}() in " if worst.primary.function else ""
        told += f"; first: {worst.rule}: {where}{worst.primary.path}"
    return clean.line(told, LONGEST)


def described(text: str, variables: Mapping[str, str]) -> bool:
    """Writes one line to the descriptor that ``DESC_FD`` names; False where there is none."""
    number = variables.get("DESC_FD", "")
    if not re.fullmatch("[0-9]{1,4}", number):
        return False
    try:
        os.write(int(number), f"{clean.line(text, LONGEST)}\n".encode())
    except OSError:
        return False
    return True
