# SPDX-License-Identifier: GPL-2.0-only
"""One line a finding: ``path:line:col: severity: rule: message``, for editors and grep.

Where it was asked for, one line a commit follows.
"""

from __future__ import annotations

from kscan.model import Impact, Report
from kscan.report import verdict
from kscan.report.paint import coloured, plain
from kscan.report.text import commits, headline


def render(document: Report | Impact, *, colour: bool = False) -> str:
    """The findings of an audit, or those a range introduces; accepted ones are left out."""
    found = document.findings if isinstance(document, Report) else document.introduced
    rows = [headline(finding) for finding in verdict.active(found)]
    rows += commits(document) if isinstance(document, Impact) else []
    return (coloured if colour else plain)(rows)
