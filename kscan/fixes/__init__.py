# SPDX-License-Identifier: GPL-2.0-only
"""Cures that a finding can carry: a sentence, and a diff where the code allows one.

One module for each kind of cure. A diff is written only where it is right by what kscan sees; in
any other case the sentence says what stands in the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

from kscan.fixes.edits import Refused
from kscan.hazards.case import Case
from kscan.model import Finding, Fix
from kscan.rules import Rule

Cure = Callable[[Case, Finding], Fix | None]

_CURES = {
    "late-global": "late",
    "late-drvdata": "late",
    "late-state": "late",
    "unguarded-driver": "driver",
    "reread-driver": "driver",
    "repeated-xlate": "reference",
}
"""The module whose ``cure()`` mends findings of a rule."""

_SECTION = re.compile(r"^How to fix it\n((?:[ \t]+.*\n?|\n)+)", re.MULTILINE)


def mended(case: Case, rule: Rule, finding: Finding) -> Finding:
    """`finding` with the cure that is known for it: the rule's own, or what its page says."""
    fix = _particular(case, finding) or finding.fix or in_general(rule)
    return finding if fix is None else replace(finding, fix=_whole(fix))


def _whole(fix: Fix) -> Fix:
    """`fix` with its sentence written as one."""
    text = fix.sentence[:1].upper() + fix.sentence[1:]
    return replace(fix, sentence=text if text.endswith((".", "`", "?")) else f"{text}.")


def _particular(case: Case, finding: Finding) -> Fix | None:
    module = _CURES.get(finding.rule)
    if module is None:
        return None
    cure: Cure = import_module(f"kscan.fixes.{module}").cure
    try:
        return cure(case, finding)
    except Refused as why:
        known = finding.fix.sentence.rstrip(".") if finding.fix else ""
        return Fix(f"{known}; kscan writes no patch, because {why}.") if known else None


def in_general(rule: Rule) -> Fix | None:
    """The first sentence of the rule's page on how to fix it."""
    section = _SECTION.search(rule.page + "\n")
    if section is None:
        return None
    text = " ".join(section[1].split())
    sentence = re.split(r"(?<=[.?!])\s+(?=[A-Z`])", text, maxsplit=1)[0]
    return Fix(sentence) if sentence else None
