# SPDX-License-Identifier: GPL-2.0-only
"""The text of a comment: whole, one line, within limits, and nobody's command."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from markdown_it import MarkdownIt
from report import samples
from report.hostile import PAYLOADS, documents, obeyed, poisoned
from report.test_hostile import REFERENCE, inline

from kscan.bot import comment
from kscan.bot.policy import judged
from kscan.config import Policy
from kscan.model import Impact
from kscan.report.markdown import LIMIT

FORGE = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = ("<details>", "</details>", "</summary>")


def text(impact: Impact, limit: int = LIMIT) -> str:
    return comment.text(judged(impact, Policy()), limit)


def resolved() -> Impact:
    return replace(samples.change(), introduced=(), skips_added=())


def test_findings_stand_open() -> None:
    assert text(samples.change()).startswith("**kscan: 2 findings introduced in 2 files")
    assert "### Introduced" in text(samples.change())


def test_nothing_to_tell_is_one_line() -> None:
    assert text(samples.quiet_change()) == "**kscan: No finding introduced.**\n"


def test_the_scenario_stands_beside_a_verdict_of_nothing() -> None:
    quiet = samples.quiet_change()
    stands = replace(quiet.head, scenario_note="Scenario x: `a` is assumed.")
    assert text(replace(quiet, head=stands)) == "**kscan: No finding introduced.**\n"
    assumed = replace(quiet, head=replace(stands, scenario="x"))
    assert text(assumed) == "**kscan: No finding introduced.** Scenario x: `a` is assumed.\n"
    folded = text(replace(resolved(), head=assumed.head))
    assert folded.startswith("**kscan: No finding introduced, 1 fixed.** Scenario x: ")
    assert folded.count("Scenario x") == 1


def test_resolved_shows_one_line_and_folds_the_rest() -> None:
    first, blank, fold, *rest = text(resolved()).splitlines()
    assert first == "**kscan: No finding introduced, 1 fixed.**"
    assert blank == ""
    assert fold.startswith("<details><summary>")
    assert rest[-1] == "</details>"
    assert "### The same pattern stands in" in rest


def test_what_newly_runs_is_folded_where_nothing_is_wrong_with_it() -> None:
    harmless = replace(resolved(), fixed=(), added=samples.change().added * 20)
    first, _, fold, _, *rows = text(harmless).splitlines()
    assert first == "**kscan: No finding introduced.**"
    assert fold.startswith("<details><summary>")
    assert rows[0].startswith("- This range runs `iommu_ops.probe_finalize`")
    assert rows[1].startswith("- This range newly runs 3 implementations of `iommu_ops.of_xlate`")
    assert "- 21 more not shown." in rows


@pytest.mark.parametrize("make", [samples.change, resolved])
@pytest.mark.parametrize("limit", [LIMIT, 4000, 2500])
def test_limit_is_kept(make, limit: int) -> None:
    many = replace(make(), fixed=samples.change().fixed * 60)
    assert len(text(many, limit)) <= limit


def quick_actions(markdown: str) -> list[str]:
    return [row for row in markdown.split("\n") if row.startswith("/")]


slow = settings(max_examples=60, suppress_health_check=list(HealthCheck))


@slow
@given(document=documents.filter(lambda document: isinstance(document, Impact)))
def test_comment_cannot_be_injected(document: Impact) -> None:
    for impact in (document, replace(document, introduced=(), skips_added=())):
        told = text(impact)
        assert len(told) <= LIMIT
        assert not obeyed(told)
        assert not quick_actions(told)
        for token in inline(FORGE.parse(told)):
            assert token.type not in {"link_open", "image", "em_open", "s_open", "hr"}
            if token.type == "text":
                assert not REFERENCE.search(token.content), token.content
            if token.type in {"html_inline", "html_block"}:
                assert token.content.startswith(OURS), token.content


@pytest.mark.parametrize("payload", [*PAYLOADS, "/close", "/assign @me", "```\n/close"])
@pytest.mark.parametrize("place", ["instead", "before", "after"])
def test_no_payload_is_a_quick_action(payload: str, place: str) -> None:
    parts = {"instead": ("", ""), "before": ("", "kept"), "after": ("kept", "")}[place]
    impact = poisoned(samples.change(), lambda _: f"{parts[0]}{payload}{parts[1]}")
    assert not quick_actions(text(impact))
