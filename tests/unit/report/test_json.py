# SPDX-License-Identifier: GPL-2.0-only
"""JSON: the documents keep to their schemas, their keys and their order."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kscan.report import render

from . import samples

SCHEMAS = {
    name: json.loads((files("kscan.report") / "schemas" / f"{name}.json").read_text("utf-8"))
    for name in ("report-1", "impact-1")
}
DOCUMENTS = {
    "audit": (samples.audit, "report-1"),
    "clean": (samples.clean_audit, "report-1"),
    "impact": (samples.change, "impact-1"),
    "impact-quiet": (samples.quiet_change, "impact-1"),
}


def closed(schema: Any) -> Any:
    """`schema` with no key allowed that it does not describe."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: closed(value) for key, value in schema.items()}
    return kept | ({"additionalProperties": False} if "properties" in schema else {})


def referred(part: Any) -> set[str]:
    """The definitions that `part` of a schema refers to."""
    if isinstance(part, list):
        return set().union(*map(referred, part))
    if not isinstance(part, dict):
        return set()
    own = {part["$ref"].removeprefix("#/$defs/")} if "$ref" in part else set()
    return own.union(*map(referred, part.values()))


def whole(schema: Any, others: Any) -> Any:
    """`schema` with its own definitions and those of `others` that it refers to."""
    own = {name: part for name, part in schema["$defs"].items() if name not in others}
    needed, known = set(referred([schema["properties"], own])), set()
    while needed - known:
        known |= (fresh := needed - known)
        needed |= referred([others[name] for name in fresh if name in others])
    taken = {name: part for name, part in others.items() if name in needed}
    return schema | {"$defs": own | taken}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_schema_is_one(schema):
    Draft202012Validator.check_schema(SCHEMAS[schema])


def test_what_a_diff_shares_with_an_audit_is_described_alike(golden):
    text = json.dumps(whole(SCHEMAS["impact-1"], SCHEMAS["report-1"]["$defs"]), indent=2)
    golden("../../kscan/report/schemas/impact-1.json", f"{text}\n")


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_refers_to_itself_alone(schema):
    assert referred(SCHEMAS[schema]) == set(SCHEMAS[schema]["$defs"])


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("timings", [False, True])
def test_document_keeps_to_its_schema(name, timings):
    make, schema = DOCUMENTS[name]
    document = json.loads(render("json", make(), timings=timings))
    Draft202012Validator(SCHEMAS[schema]).validate(document)
    Draft202012Validator(closed(SCHEMAS[schema])).validate(document)


def test_schema_refuses_a_renamed_key():
    document = json.loads(render("json", samples.audit()))
    document["findings"][0]["file"] = document["findings"][0].pop("path")
    validator = Draft202012Validator(SCHEMAS["report-1"])
    assert not validator.is_valid(document)


@pytest.mark.parametrize("name", ["audit", "impact"])
def test_golden(golden, name):
    golden(f"report/{name}.json", render("json", DOCUMENTS[name][0]()))


def test_keys_stand_in_the_documented_order():
    document = json.loads(render("json", samples.audit()))
    assert list(document)[:8] == [
        "schema", "tool", "tree", "stats", "skips", "rules", "window", "findings",
    ]  # fmt: skip
    assert list(document["findings"][0])[:15] == [
        "fingerprint", "rule", "severity", "confidence", "effect", "message", "path", "line",
        "column", "function", "driver", "object", "registration", "callback", "trace",
    ]  # fmt: skip


def test_findings_are_sorted_whatever_their_order():
    report = samples.audit()
    turned = replace(report, findings=report.findings[::-1])
    assert render("json", turned) == render("json", report)


def test_a_run_leaves_no_trace_unless_asked():
    slow = replace(samples.audit(), stats=replace(samples.STATS, seconds=99.0, cache_hits=7))
    assert render("json", slow) == render("json", samples.audit())
    assert json.loads(render("json", slow, timings=True))["stats"]["seconds"] == 99.0


def test_bytes_that_are_no_utf8_are_spelled():
    source = b"caf\xe9 \x1b[2J \xc2\x9b31m".decode("utf-8", "surrogateescape")
    trace = (replace(samples.late_global().trace[0], source=source + "\u202e\ud800"),)
    report = replace(samples.audit(), findings=(replace(samples.late_global(), trace=trace),))
    text = render("json", report)
    text.encode()
    assert not {"\x1b", "\x9b", "\u202e"} & set(text)
    shown = json.loads(text)["findings"][0]["trace"][0]["source"]
    assert shown == "caf\\xe9 \x1b[2J \x9b31m\u202e\ufffd"
