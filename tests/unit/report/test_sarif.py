# SPDX-License-Identifier: GPL-2.0-only
"""SARIF: valid by the 2.1.0 schema, and filled in where consumers look.

The schema is ``sarif-2.1.0-rtm.5.json`` as the npm package @microsoft/jest-sarif 1.0.0-beta.0
(MIT) ships it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft4Validator

from kscan.model import Fix
from kscan.report import render

from . import samples
from .hostile import documents

VALIDATOR = Draft4Validator(
    json.loads((Path(__file__).parent / "sarif-2.1.0-rtm.5.json").read_text("utf-8"))
)


def log(document: Any, **options: Any) -> Any:
    return json.loads(render("sarif", document, **options))


def run(document: Any, **options: Any) -> Any:
    return log(document, **options)["runs"][0]


def result(document: Any, rule: str) -> Any:
    return next(r for r in run(document)["results"] if r["ruleId"] == rule)


@pytest.mark.parametrize(
    "make", [samples.audit, samples.clean_audit, samples.change, samples.quiet_change]
)
def test_log_is_valid(make):
    VALIDATOR.validate(log(make()))


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(document=documents)
def test_hostile_log_is_valid(document):
    VALIDATOR.validate(log(document))


def test_schema_refuses_what_is_not_sarif():
    broken = log(samples.audit())
    broken["runs"][0]["results"][0]["level"] = "fatal"
    assert not VALIDATOR.is_valid(broken)


@pytest.mark.parametrize(("name", "make"), [("audit", samples.audit), ("impact", samples.change)])
def test_golden(golden, name, make):
    golden(f"report/{name}.sarif", render("sarif", make()))


def test_rules_carry_help_and_indexes_agree():
    whole = run(samples.audit())
    rules = whole["tool"]["driver"]["rules"]
    assert all(rule["help"]["text"] and rule["fullDescription"]["text"] for rule in rules)
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in whole["results"])


def test_rule_that_only_a_finding_names_is_listed():
    whole = run(replace(samples.audit(), rules=()))
    assert {rule["id"] for rule in whole["tool"]["driver"]["rules"]} == {
        "late-global", "late-state", "unguarded-driver",
    }  # fmt: skip


def test_code_flow_has_a_thread_flow_a_side_in_one_order():
    flows = result(samples.audit(), "late-global")["codeFlows"][0]["threadFlows"]
    assert [flow["id"] for flow in flows] == ["P0", "P1"]
    orders = [[place["executionOrder"] for place in flow["locations"]] for flow in flows]
    assert sorted(orders[0] + orders[1]) == list(range(1, 15))
    assert all(order == sorted(order) for order in orders)
    by_note = {
        place["location"]["message"]["text"]: place["executionOrder"]
        for flow in flows
        for place in flow["locations"]
    }
    assert (
        by_note["publishes foo_ops: the window opens"]
        < by_note["reads dma_dev: NULL, and devm_kzalloc() dereferences it"]
        < by_note["the first write of dma_dev"]
    )


def test_one_sided_trace_has_one_thread_flow():
    flows = result(samples.audit(), "unguarded-driver")["codeFlows"][0]["threadFlows"]
    assert [flow["id"] for flow in flows] == ["P0"]


def test_rank_follows_confidence():
    ranks = {r["properties"]["confidence"]: r["rank"] for r in run(samples.audit())["results"]}
    assert ranks["high"] > ranks["medium"] > ranks["low"]


def test_fingerprint_stands_under_a_versioned_key():
    finger = result(samples.audit(), "late-global")["partialFingerprints"]
    assert finger == {"kscan/v1": samples.late_global().fingerprint}


def test_baseline_state_in_a_diff_only():
    states = [r["baselineState"] for r in run(samples.change())["results"]]
    assert states == ["new", "new", "unchanged", "absent"]
    assert not any("baselineState" in r for r in run(samples.audit())["results"])


def test_suppressions_say_why():
    held = [r for r in run(samples.audit())["results"] if "suppressions" in r]
    assert len(held) == 1
    assert "fault path only" in held[0]["suppressions"][0]["justification"]


def test_skips_are_notifications():
    told = run(samples.audit())["invocations"][0]["toolExecutionNotifications"]
    skips = [n for n in told if n["descriptor"]["id"] == "skip"]
    uris = [n["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for n in skips]
    assert uris == ["drivers/iommu/huge_generated.h", "drivers/iommu/locked.c"]


def test_provenance_names_the_commit():
    provenance = run(samples.audit(), repository="https://git.example.org/linux.git")
    (details,) = provenance["versionControlProvenance"]
    assert details["repositoryUri"] == "https://git.example.org/linux.git"
    assert details["revisionId"] == samples.TREE.commit
    bare = replace(samples.audit(), tree=replace(samples.TREE, commit=None))
    assert "versionControlProvenance" not in run(bare)


def test_odd_file_names_are_percent_encoded():
    place = replace(samples.late_global().primary, path="drivers/a b/ü#?:%41\udcff.c")
    finding = replace(samples.late_global(), primary=place)
    shown = run(replace(samples.audit(), findings=(finding,)))["results"][0]
    uri = shown["locations"][0]["physicalLocation"]["artifactLocation"]
    assert uri == {
        "uri": "drivers/a%20b/%C3%BC%23%3F%3A%2541%FF.c",
        "uriBaseId": "%SRCROOT%",
    }


OLD = "one\ntwo\nthree\nfour\nfive\nsix\n"
PATCHES = {
    "moves a line": (
        "--- a/f.c\n+++ b/f.c\n@@ -1,6 +1,6 @@\n one\n+five\n two\n three\n four\n-five\n six\n",
        "one\nfive\ntwo\nthree\nfour\nsix\n",
    ),
    "replaces and appends": (
        "--- a/f.c\n+++ b/f.c\n@@ -2,5 +2,6 @@\n two\n-three\n-four\n+III\n five\n six\n"
        "+seven\n+eight\n",
        "one\ntwo\nIII\nfive\nsix\nseven\neight\n",
    ),
    "has two hunks": (
        "--- a/f.c\n+++ b/f.c\n@@ -1,2 +1,3 @@\n+zero\n one\n two\n@@ -5,2 +6,1 @@\n five\n-six\n",
        "zero\none\ntwo\nthree\nfour\nfive\n",
    ),
}


def replaced(text: str, replacements: list[Any]) -> str:
    rows = text.splitlines(keepends=True)
    for one in reversed(replacements):
        region = one["deletedRegion"]
        assert region["startColumn"] == region["endColumn"] == 1
        inserted = one.get("insertedContent", {}).get("text", "")
        rows[region["startLine"] - 1 : region["endLine"] - 1] = inserted.splitlines(keepends=True)
    return "".join(rows)


@pytest.mark.parametrize("case", PATCHES)
def test_fix_as_replacements_is_the_patch(case):
    patch, after = PATCHES[case]
    finding = replace(samples.late_global(), fix=Fix("Move it.", patch))
    (fix,) = run(replace(samples.audit(), findings=(finding,)))["results"][0]["fixes"]
    (change,) = fix["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "f.c"
    assert replaced(OLD, change["replacements"]) == after


def test_fix_without_a_readable_patch_is_a_sentence():
    for patch in ("", "not a patch", "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n only\n"):
        finding = replace(samples.late_global(), fix=Fix("Move it.", patch))
        shown = run(replace(samples.audit(), findings=(finding,)))["results"][0]
        assert "fixes" not in shown
        assert shown["properties"]["fix"] == "Move it."
