# SPDX-License-Identifier: GPL-2.0-only
"""What a project has accepted, applied to a report: a baseline hides, a suppression marks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kscan.model import CommitShare, Finding, Impact, Passing, Report
from kscan.triage.baseline import Baseline, View
from kscan.triage.suppress import Suppressions
from kscan.wording import are, counted


def accepted_report(
    report: Report, suppressions: Suppressions, baseline: Baseline | None, view: View
) -> Report:
    """`report`, of what `view` lets one see, without what is accepted or with it marked so.

    Entries that are stale are told as notes.
    """
    findings = suppressions.marked(report.findings)
    notes = suppressions.notes((rule.id for rule in report.rules), view)
    hidden = 0
    if baseline is not None:
        notes += _stale(baseline, baseline.unmatched(findings, view))
        findings, hidden = baseline.split(findings)
    return replace(
        report,
        findings=findings,
        baselined=report.baselined + hidden,
        notes=(*report.notes, *notes),
    )


def accepted_impact(
    impact: Impact, suppressions: Suppressions, baseline: Baseline | None, view: View
) -> Impact:
    """`impact` without the findings that the baseline accepts, suppressed ones marked.

    Of what is broken in between, or was hidden, only what neither accepts is left; of what
    commits introduce, what the baseline does not hide. Findings that were fixed are told whether
    or not they had been accepted.
    """
    introduced = suppressions.marked(impact.introduced)
    unchanged = suppressions.marked(impact.unchanged)
    standing = suppressions.marked(impact.standing)
    suppressions.marked(impact.fixed)
    passing = tuple(
        one for one in impact.passing if not _is_accepted(one.finding, suppressions, baseline)
    )
    uncovered = tuple(
        one for one in impact.uncovered if not _is_accepted(one, suppressions, baseline)
    )
    notes = suppressions.notes((rule.id for rule in impact.rules), view)
    if baseline is not None:
        introduced, hidden = baseline.split(introduced)
        standing, _ = baseline.split(standing)
        if hidden:
            said = counted(hidden, "introduced finding")
            notes += (f"{said} {are(hidden)} accepted in {baseline.name}",)
    if brief := len(impact.passing) - len(passing):
        said = counted(brief, "finding")
        notes += (f"{said} broken in between {are(brief)} accepted",)
    notes = (*impact.notes, *notes)
    return replace(
        impact,
        introduced=introduced,
        unchanged=unchanged,
        standing=standing,
        uncovered=uncovered,
        passing=passing,
        commits=shares(impact, introduced, passing),
        notes=notes,
    )


def shares(
    impact: Impact, introduced: Iterable[Finding], passing: Iterable[Passing]
) -> tuple[CommitShare, ...]:
    """What the commits of `impact` do, where only `introduced` and `passing` of it are told."""
    new = _names(impact.introduced) - _names(introduced)
    brief = _names(p.finding for p in impact.passing) - _names(p.finding for p in passing)
    return tuple(
        replace(
            commit,
            introduced=tuple(name for name in commit.introduced if name not in new | brief),
            fixed=tuple(name for name in commit.fixed if name not in brief),
        )
        for commit in impact.commits
    )


def _names(findings: Iterable[Finding]) -> set[str]:
    return {finding.fingerprint for finding in findings}


def _is_accepted(finding: Finding, suppressions: Suppressions, baseline: Baseline | None) -> bool:
    (marked,) = suppressions.marked([finding])
    return marked.suppressed is not None or (
        baseline is not None and not baseline.split([finding])[0]
    )


def _stale(baseline: Baseline, count: int) -> tuple[str, ...]:
    if not count:
        return ()
    what = "finding" if count == 1 else "findings"
    return (
        f"{baseline.name}: {count} accepted {what} matched nothing; kscan baseline writes it anew",
    )
