# SPDX-License-Identifier: GPL-2.0-only
"""What a policy makes of a range: which introduced findings are said, and which fail it.

Only what the range introduces fails it; what it breaks and repairs is said. Findings that stood
before are held against it only where they stand in what it changes, and a policy asks for that;
those accepted with a reason never are. Files that ceased to be analysed are always said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kscan.config import NAME, Policy, Threshold
from kscan.model import Confidence, Finding, Impact
from kscan.report import clean, verdict
from kscan.triage.accept import shares
from kscan.wording import counted


@dataclass(frozen=True, slots=True)
class Judgement:
    """A range under a policy."""

    impact: Impact
    """The range, with the introduced findings that the policy lets through."""
    failing: tuple[Finding, ...] = ()
    skips_fail: bool = False
    """The policy fails on files that are newly not analysed, and there are some."""

    @property
    def fails(self) -> bool:
        """The policy does not let this range pass."""
        return bool(self.failing) or self.skips_fail

    @property
    def warns(self) -> bool:
        """Somebody should look, whether the range fails or not."""
        impact = self.impact
        return bool(verdict.active(impact.introduced) or impact.passing or impact.skips_added)

    @property
    def speaks(self) -> bool:
        """There is anything to tell."""
        impact = self.impact
        reaches = impact.added or impact.removed or impact.shifted
        return self.warns or bool(impact.fixed or reaches or verdict.active(impact.standing))


def judged(impact: Impact, policy: Policy) -> Judgement:
    """`impact` under `policy`; raises `KscanError` where the policy names an unknown rule."""
    _refuse_unknown_rules(policy)
    failing = tuple(f for f in verdict.active(impact.introduced) if _is_above(policy.fail, f))
    said = tuple(f for f in impact.introduced if _is_above(policy.comment, f) or f in failing)
    passing = tuple(p for p in impact.passing if _is_above(policy.comment, p.finding))
    if policy.fail_on_still_there:
        still = verdict.active((*impact.standing, *impact.uncovered))
        failing += tuple(f for f in still if _is_above(policy.fail, f))
    left_out = len(verdict.active(impact.introduced)) - len(verdict.active(said))
    notes = impact.notes
    if left_out:
        notes += (f"{counted(left_out, 'introduced finding')} below the policy",)
    return Judgement(
        replace(
            impact,
            introduced=said,
            passing=passing,
            commits=shares(impact, said, passing),
            notes=notes,
        ),
        failing,
        policy.fail_on_new_skips and bool(impact.skips_added),
    )


def least_confidence(policy: Policy) -> Confidence:
    """The confidence below which no finding counts."""
    return min(policy.comment.confidence, policy.fail.confidence, key=lambda c: c.rank)


def _is_above(threshold: Threshold, finding: Finding) -> bool:
    return (
        finding.severity.rank >= threshold.severity.rank
        and finding.confidence.rank >= threshold.confidence.rank
        and (not threshold.rules or finding.rule in threshold.rules)
    )


def _refuse_unknown_rules(policy: Policy) -> None:
    asked = {"policy.comment": policy.comment.rules, "policy.fail": policy.fail.rules}
    if any(asked.values()):
        from kscan.rules import selected  # noqa: PLC0415 - imports every rule

        for table, ids in asked.items():
            selected(ids, f"{NAME}: {table}.rules: ")


def sentence(judgement: Judgement) -> str:
    """The verdict as one visible line: findings, new skips, and what fails."""
    parts = [verdict.impact_verdict(judgement.impact)]
    parts += _failures(judgement.failing)
    return clean.line("; ".join(parts))


def _failures(failing: Iterable[Finding]) -> list[str]:
    by_rule: dict[str, int] = {}
    for finding in failing:
        by_rule[finding.rule] = by_rule.get(finding.rule, 0) + 1
    if not by_rule:
        return []
    return ["failing: " + ", ".join(f"{rule} ({n})" for rule, n in sorted(by_rule.items()))]
