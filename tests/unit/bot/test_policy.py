# SPDX-License-Identifier: GPL-2.0-only
"""The policy: what is said, what fails, and that nothing new is hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report import samples

from kscan.bot.policy import judged, least_confidence, sentence
from kscan.config import Policy, Threshold
from kscan.model import CommitShare, Confidence, Finding, KscanError, Passing, Severity, Suppression

HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def finding(
    severity: Severity, confidence: Confidence, rule: str = "late-global", **more
) -> Finding:
    return replace(
        samples.late_global(), severity=severity, confidence=confidence, rule=rule,
        fingerprint=f"{rule}/{severity}/{confidence}", **more,
    )  # fmt: skip


def introducing(*findings: Finding):
    return replace(samples.quiet_change(), introduced=findings)


def test_default_fails_errors_at_high_confidence_and_shows_the_rest() -> None:
    every = [finding(s, c) for s in Severity for c in (HIGH, MEDIUM)]
    judgement = judged(introducing(*every), Policy())
    assert judgement.failing == (finding(ERROR, HIGH),)
    assert judgement.fails
    assert judgement.impact.introduced == tuple(every)
    assert not judged(introducing(*every[2:], finding(ERROR, MEDIUM)), Policy()).fails


def test_only_what_is_introduced_counts() -> None:
    loud = finding(ERROR, HIGH)
    impact = replace(samples.quiet_change(), unchanged=(loud,), fixed=(loud,))
    judgement = judged(impact, Policy())
    assert not judgement.fails
    assert not judgement.warns
    assert judgement.speaks


def test_what_is_still_there_is_said_and_fails_where_asked() -> None:
    standing = tuple(finding(s, HIGH) for s in (ERROR, WARNING))
    impact = replace(samples.quiet_change(), unchanged=standing, standing=standing)
    judgement = judged(impact, Policy())
    assert (judgement.fails, judgement.warns, judgement.speaks) == (False, False, True)
    strict = judged(impact, Policy(fail_on_still_there=True))
    assert (strict.fails, strict.failing) == (True, standing[:1])
    assert sentence(strict) == (
        "No finding introduced, 2 still there in what it changes; failing: late-global (1)"
    )
    laid_bare = replace(impact, standing=(), uncovered=standing)
    assert not judged(laid_bare, Policy()).fails
    assert judged(laid_bare, Policy(fail_on_still_there=True)).failing == standing[:1]
    known = tuple(replace(f, suppressed=Suppression("kscan.toml", "known")) for f in standing)
    accepted = replace(impact, standing=known)
    for policy in (Policy(), Policy(fail_on_still_there=True)):
        assert (judged(accepted, policy).fails, judged(accepted, policy).speaks) == (False, False)


def test_what_is_broken_in_between_is_said_and_does_not_fail() -> None:
    passing = tuple(Passing(finding(s, HIGH), "breaks", "repairs") for s in (ERROR, NOTE))
    impact = replace(samples.quiet_change(), passing=passing)
    judgement = judged(impact, Policy(comment=Threshold(WARNING)))
    assert judgement.impact.passing == passing[:1]
    assert judgement.warns
    assert not judgement.fails
    assert "1 broken in between" in sentence(judgement)


def test_no_commit_is_said_to_introduce_what_is_below_the_policy() -> None:
    every = finding(ERROR, HIGH), finding(NOTE, HIGH)
    names = tuple(f.fingerprint for f in every)
    impact = replace(introducing(*every), commits=(CommitShare("1", "breaks", names),))
    (share,) = judged(impact, Policy(comment=Threshold(WARNING))).impact.commits
    assert share.introduced == names[:1]


def test_accepted_finding_does_not_fail() -> None:
    accepted = finding(ERROR, HIGH, suppressed=Suppression("kscan.toml", "known"))
    judgement = judged(introducing(accepted), Policy())
    assert not judgement.fails
    assert not judgement.warns


def test_new_skips_are_said_and_fail_where_asked() -> None:
    impact = replace(samples.quiet_change(), skips_added=samples.change().skips_added)
    shown = judged(impact, Policy())
    assert not shown.fails
    assert shown.warns
    assert "1 file newly not analysed" in sentence(shown)
    strict = judged(impact, Policy(fail_on_new_skips=True))
    assert strict.fails
    assert not judged(samples.quiet_change(), Policy(fail_on_new_skips=True)).fails


def test_thresholds_by_rule() -> None:
    impact = introducing(
        finding(ERROR, HIGH),
        finding(WARNING, HIGH, "late-state"),
        finding(ERROR, HIGH, "late-state"),
    )
    policy = Policy(
        comment=Threshold(ERROR, HIGH), fail=Threshold(WARNING, MEDIUM, ("late-state",))
    )
    judgement = judged(impact, policy)
    assert [f.rule for f in judgement.failing] == ["late-state", "late-state"]
    assert len(judgement.impact.introduced) == 3
    assert sentence(judgement).endswith("failing: late-state (2)")


def test_what_fails_is_said_even_below_the_threshold_for_comments() -> None:
    policy = Policy(comment=Threshold(ERROR, HIGH), fail=Threshold(NOTE, LOW))
    judgement = judged(introducing(finding(NOTE, LOW)), policy)
    assert judgement.impact.introduced == judgement.failing != ()


def test_what_is_left_out_is_counted() -> None:
    policy = Policy(comment=Threshold(ERROR, HIGH))
    judgement = judged(introducing(finding(ERROR, HIGH), finding(NOTE, LOW)), policy)
    assert judgement.impact.notes == ("1 introduced finding below the policy",)


@pytest.mark.parametrize("table", ["comment", "fail"])
def test_unknown_rule_is_refused_by_name(table: str) -> None:
    policy = Policy(**{table: Threshold(rules=("late-global", "late-globl"))})
    with pytest.raises(KscanError, match=rf"policy\.{table}\.rules: no rule 'late-globl'"):
        judged(samples.quiet_change(), policy)


def test_confidence_that_the_diff_has_to_look_at() -> None:
    assert least_confidence(Policy()) is MEDIUM
    assert least_confidence(Policy(fail=Threshold(ERROR, LOW))) is LOW


def test_sentence_of_nothing() -> None:
    assert sentence(judged(samples.quiet_change(), Policy())) == "No finding introduced"
