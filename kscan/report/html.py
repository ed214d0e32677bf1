# SPDX-License-Identifier: GPL-2.0-only
"""One self-contained HTML file: the audit, or the effect of a range, for looking at.

It asks the network for nothing, and its Content-Security-Policy names its own style and script by
digest, so nothing that comes out of a tree can run or load. All of it is readable without
JavaScript: a finding's evidence stands in a ``<noscript>`` inside its ``<details>``, which a
browser with JavaScript takes as plain text until the finding is opened. That keeps a report of
thousands of findings quick.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kscan import __version__
from kscan.model import Finding, Impact, Report
from kscan.report import clean, graph, verdict
from kscan.report.highlight import diff, inline, source
from kscan.report.particulars import confidence_reason, hit_lists
from kscan.report.rows import SEVERITIES, Row, bars_of, choices, rows_of
from kscan.wording import counted

_TEMPLATES = Path(__file__).parent / "templates"


def render(document: Report | Impact) -> str:
    """`document` as one HTML file."""
    style, script = (_asset(name) for name in ("report.css", "report.js"))
    content = _audit(document) if isinstance(document, Report) else _range(document)
    rows: list[Row] = content["rows"]
    template = _environment().get_template("report.html.j2")
    text = template.render(
        **content,
        version=__version__,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        choices=choices(rows),
        bars=bars_of(rows),
        counted=counted,
        hit_lists=hit_lists,
        confidence_reason=confidence_reason,
        box=(graph.BOX_WIDTH, graph.BOX_HEIGHT),
    )
    return text + "\n"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["inline"] = inline
    environment.filters["source"] = source
    environment.filters["diff"] = diff
    environment.filters["page"] = _page
    return environment


def _shown(value: Any) -> Any:
    """Every text that a template prints, made harmless before it is escaped."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return clean.line(value)
    return value


def _page(text: str) -> Markup:
    """A rule's page, with what stands between backticks as ``<code>``."""
    return Markup("\n").join(inline(part) for part in text.split("\n"))


def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    def digest(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _audit(report: Report) -> dict[str, Any]:
    found = verdict.active(report.findings)
    accepted = verdict.suppressed(report.findings)
    return {
        "kind": "audit",
        "title": f"kscan audit: {report.tree.name}",
        "headline": _audit_headline(report, found),
        "tree": verdict.tree_title(report.tree),
        "scenario": report.tree.scenario_note,
        "coverage": verdict.coverage(report.stats),
        "tiles": [
            *_severity_tiles(found),
            ("files", verdict.files_of(found)),
            ("registrations", len(report.window)),
            ("not shown", report.hidden),
        ],
        "rows": rows_of((("found", found), ("suppressed", accepted)), report.tree.again),
        "window": report.window,
        "rules": report.rules,
        "skips": report.skips,
        "skips_added": (),
        "notes": report.notes,
        "deltas": [],
        "reaches": [],
        "shifts": [],
        "impact": None,
    }


def _audit_headline(report: Report, found: Sequence[Finding]) -> str:
    if not found:
        return verdict.nothing_found(report)
    return f"{counted(len(found), 'finding')} in {counted(verdict.files_of(found), 'file')}."


def _range(impact: Impact) -> dict[str, Any]:
    new = verdict.active(impact.introduced)
    groups = (
        ("introduced", new),
        ("sibling", [sibling.finding for sibling in impact.siblings]),
        ("fixed", verdict.worst_first(impact.fixed)),
        ("hidden before", verdict.worst_first(impact.uncovered)),
        ("suppressed", verdict.suppressed(impact.introduced)),
        ("unchanged", verdict.worst_first(impact.unchanged)),
    )
    titles = [verdict.tree_title(tree) for tree in (impact.base, impact.head)]
    return {
        "kind": "diff",
        "title": f"kscan diff: {impact.base.name} to {impact.head.name}",
        "headline": verdict.impact_verdict(impact) + ".",
        "tree": f"{titles[0]} to {titles[1]}",
        "scenario": impact.head.scenario_note,
        "coverage": verdict.coverage(impact.stats),
        "tiles": [
            *_severity_tiles(new),
            ("fixed", len(impact.fixed)),
            ("unchanged", len(impact.unchanged)),
            ("slots that run more", len(impact.added)),
        ],
        "rows": rows_of(groups, impact.head.again, impact.base.again),
        "window": (),
        "rules": impact.rules,
        "skips": impact.skips,
        "skips_added": impact.skips_added,
        "notes": impact.notes,
        "deltas": _deltas(impact),
        "reaches": [
            *((verdict.reach_sentence(r, impact), r, graph.reach_path(r)) for r in impact.added),
            *((verdict.removed_sentence(r), r, graph.reach_path(r)) for r in impact.removed),
        ],
        "shifts": [verdict.shift_sentence(shift) for shift in impact.shifted],
        "impact": impact,
    }


def _severity_tiles(found: Sequence[Finding]) -> list[tuple[str, int]]:
    return [(f"{s.value}s", sum(f.severity is s for f in found)) for s in SEVERITIES]


def _deltas(impact: Impact) -> list[graph.Delta]:
    unready = {
        (reach.slot, one)
        for reach in impact.added
        for one in verdict.unready_implementations(reach, impact)
    }
    apis = dict.fromkeys(reach.api for reach in (*impact.added, *impact.removed))
    return [
        graph.delta(
            api,
            [reach for reach in impact.added if reach.api == api],
            [reach for reach in impact.removed if reach.api == api],
            unready,
        )
        for api in apis
    ]
