# SPDX-License-Identifier: GPL-2.0-only
"""Annotations of a GitHub workflow: one command a finding, on the line of the change."""

from __future__ import annotations

from kscan.model import Finding, Impact, Report, Severity
from kscan.report import clean, verdict
from kscan.report.particulars import confidence_reason, explaining

_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(document: Report | Impact) -> str:
    """The findings of an audit, or those a range introduces, and one line that sums them up."""
    if isinstance(document, Report):
        found, tree = document.findings, document.tree
        summary = verdict.tally(verdict.active(found))
    else:
        found, tree = document.introduced, document.head
        summary = verdict.impact_summary(document)
    rows = [_annotation(finding, tree.again) for finding in verdict.active(found)]
    return "\n".join([*rows, f"::notice title=kscan::{summary}"]) + "\n"


def _annotation(finding: Finding, again: str) -> str:
    place = finding.primary
    properties = {
        "file": place.path,
        "line": str(max(1, place.line)),
        "col": str(max(1, place.column)),
        "title": f"kscan {finding.rule}",
    }
    shown = ",".join(f"{k}={clean.annotation_property(v)}" for k, v in properties.items())
    told = [finding.message, f"confidence: {confidence_reason(finding)}"]
    told += [f"fix: {finding.fix.sentence}"] if finding.fix else []
    told.append(explaining(finding, again))
    message = "%0A".join(clean.annotation_message(text) for text in told if text)
    return f"::{_COMMAND[finding.severity]} {shown}::{message}"
