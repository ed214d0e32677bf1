# SPDX-License-Identifier: GPL-2.0-only
"""HTML as text: self-contained, strict, and closed to whatever a tree holds."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings

from kscan.model import Report, RuleInfo, Severity, Stats, StepKind, TreeInfo
from kscan.report import graph, html, render
from kscan.report.causes import told
from kscan.report.highlight import diff, inline
from kscan.report.litmus import arranged
from tests.made_findings import finding

from . import samples
from .hostile import PAYLOADS, documents, obeyed, poisoned

VOID = {"meta", "link", "input", "rect", "circle", "path"}


class Page(HTMLParser):
    """The elements and attributes of a page, and whether they nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        if tag == "li":
            return
        while self.open and self.open[-1] == "li":
            self.open.pop()
        assert self.open.pop() == tag


def check(page: Page) -> None:
    assert page.open == []
    assert page.tags["script"] == page.tags["style"] == page.tags["title"] - titles(page) == 1
    assert not {"img", "iframe", "object", "embed", "base", "foreignobject"} & set(page.tags)
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name not in {"style", "src", "srcdoc", "action", "formaction", "xlink:href"}
        if name == "href":
            assert value in {"data:,", "#findings"}, value


def titles(page: Page) -> int:
    """Titles that belong to SVG shapes."""
    return page.tags["title"] - 1


@pytest.mark.parametrize(
    ("name", "make"),
    [("audit", samples.audit), ("impact", samples.change), ("clean", samples.clean_audit)],
)
def test_golden(golden, name, make):
    golden(f"report/{name}.html", render("html", make()))


@pytest.mark.parametrize("make", [samples.audit, samples.change, samples.clean_audit])
def test_page_is_self_contained_and_nests(make):
    check(Page(render("html", make())))


def test_policy_names_the_style_and_the_script_by_digest():
    text = render("html", samples.audit())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    rules = policy.group(1).replace("&#39;", "'")
    assert rules.startswith("default-src 'none'; ")
    assert "unsafe" not in rules
    for element in ("style", "script"):
        body = re.search(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
        assert body
        digest = base64.b64encode(hashlib.sha256(body.group(1).encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in rules


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(document=documents)
def test_markup_cannot_be_injected(document):
    text = render("html", document)
    text.encode("utf-8")
    assert not obeyed(text)
    check(Page(text))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_page_has_the_elements_it_has_without_the_payload(payload):
    def elements(document):
        page = Page(render("html", document))
        check(page)
        # A word is highlighted or not, and a backtick makes a code span: both are ours.
        return {tag: n for tag, n in page.tags.items() if tag not in {"span", "code", "mark"}}

    document = samples.change()
    plain = elements(poisoned(document, lambda kept: f"{kept} x"))
    assert elements(poisoned(document, lambda kept: f"{kept} x{payload}")) == plain


def test_c_on_a_rule_s_page_is_code():
    shown = render("html", samples.audit())
    assert "an in-window <code>of_xlate</code> reads is written only after" in shown
    hostile = replace(samples.audit(), rules=(RuleInfo("r", "s", Severity.NOTE, "a `<b>` c"),))
    assert "a <code>&lt;b&gt;</code> c" in render("html", hostile)


def test_c_in_a_sentence_is_code_with_or_without_backticks():
    assert inline("`dev->driver` in amba_dma_configure() is not set") == (
        '<code>dev<span class="to">-&gt;</span>driver</code> in '
        "<code>amba_dma_configure()</code> is not set"
    )
    assert inline("a <b> `<i>` c") == "a &lt;b&gt; <code>&lt;i&gt;</code> c"


def test_what_a_patch_removes_and_adds_is_told_apart():
    assert diff("--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a < b\n+c\n d") == (
        '--- a/x.c\n+++ b/x.c\n<span class="hunk">@@ -1 +1 @@</span>\n'
        '<span class="del">-a &lt; b</span>\n<span class="add">+c</span>\n d'
    )


def test_a_finding_has_the_command_that_lays_it_open():
    found = samples.late_global()
    again = f"kscan explain {found.fingerprint} {samples.audit().tree.again}".strip()
    assert f"<dt>More</dt><dd><code>{again}</code></dd>" in render("html", samples.audit())


def test_the_longest_bar_is_full():
    widths = re.findall(r'<rect class="\w+" x="0" width="(\d+)" height="20"', bars())
    assert max(map(int, widths)) == 1000


def bars() -> str:
    return render("html", samples.audit()).partition('<table class="bars">')[2]


def test_a_page_without_findings_has_no_keys():
    assert "<kbd>" in render("html", samples.audit())
    assert "<kbd>" not in render("html", samples.clean_audit())


def test_long_names_in_the_delta_are_cut_with_an_ellipsis():
    name = "a_very_long_name_of_a_callback_indeed"
    reach = samples.change().added[0]
    one = replace(reach.implementations[0], function=name)
    drawn = graph.delta(name * 2, [replace(reach, implementations=(one,))], [], set())
    assert drawn.after[0].marks[0].label.endswith("…")
    assert len(drawn.after[0].marks[0].label) == 23
    assert (drawn.api[-1], drawn.title) == ("…", f"{name * 2}()")


def test_each_edge_of_the_path_is_labelled_by_its_kind():
    finding = samples.late_global()
    drawn = graph.call_path(finding, arranged(finding))
    assert drawn
    assert [arrow.label for arrow in drawn.arrows] == [
        "registers", "call", "argument", "call", "call", "bus_type.dma_…, assumed",
        "call", "call", "call", "iommu_ops.of_xlate",
    ]  # fmt: skip
    assert len(drawn.boxes) == len(drawn.arrows) + 1


def inner(*places: tuple[str, StepKind, int]) -> list[str]:
    """The boxes after the callback of a finding whose P1 goes on to these places."""
    found = samples.late_global()
    entry = found.trace[-4]
    assert entry.kind is StepKind.CALLBACK
    inside = [
        replace(entry, location=replace(entry.location, function=name), kind=kind, depth=depth)
        for name, kind, depth in places
    ]
    finding = replace(found, trace=(*found.trace[:-4], entry, *inside))
    path = graph.call_path(finding, arranged(finding))
    assert path is not None
    titles = [box.label for box in path.boxes]
    return titles[titles.index("foo_of_xlate") + 1 :]


def test_what_the_callback_calls_its_way_down_to_is_drawn():
    called = ("foo_of_xlate", StepKind.CALL, 0), ("foo_find", StepKind.READ, 1)
    assert inner(*called) == ["foo_find"]


def test_what_merely_follows_is_no_call():
    stored = ("foo_of_xlate", StepKind.CALL, 0), ("dev_set", StepKind.WRITE, 1)
    assert inner(*stored, ("foo_probe_device", StepKind.READ, 0)) == ["dev_set"]
    assert inner(("foo_of_xlate", StepKind.READ, 0), ("of_iommu_configure", StepKind.READ, 0)) == []


def test_only_the_implementation_with_a_finding_is_marked():
    reach = samples.change().added[0]
    one, other = reach.implementations[0], replace(reach.implementations[0], function="identity")
    both = replace(reach, implementations=(one, other))
    made = graph.delta("api", [both], [], {(reach.slot, one)})
    assert [mark.unready for mark in made.after[0].marks] == [True, False]


def test_boxes_stay_inside_and_apart():
    finding = samples.late_global()
    drawn = graph.call_path(finding, arranged(finding))
    assert drawn
    places = {(box.x, box.y) for box in drawn.boxes}
    assert len(places) == len(drawn.boxes)
    for box in drawn.boxes:
        assert 0 < box.x <= drawn.width - graph.BOX_WIDTH
        assert 0 < box.y <= drawn.height - graph.BOX_HEIGHT


def test_trace_without_a_way_has_no_graph():
    finding = samples.unguarded_driver()
    assert graph.call_path(finding, arranged(finding)) is None


def test_delta_shows_a_slot_on_the_side_that_reaches_it():
    impact = samples.change()
    drawn = graph.delta("iommu_device_register", impact.added, impact.removed, set())
    assert [row.reached for row in drawn.before] == [False, False, True]
    assert [row.reached for row in drawn.after] == [True, True, False]


def test_findings_of_one_cause_lead_to_one_another():
    xlate, attach = finding(), finding(callback="foo_attach", slot="iommu_domain_ops.attach_dev")
    other = finding(path="drivers/iommu/other.c")
    page = html.render(Report(TreeInfo("linux", "6.14.0"), Stats(), (), (xlate, attach, other)))
    links = re.findall(r'<a href="#(f-[^"]+)">([^<]+)</a>', page)
    assert {text for _, text in links} == {told(attach, xlate), told(xlate, attach)}
    assert all(f'<details class="finding error" id="{name}"' in page for name, _ in links)
    assert len({name for name, _ in links}) == 2


def test_equal_fingerprints_get_different_anchors():
    twice = replace(samples.audit(), findings=(samples.late_global(), samples.late_global()))
    names = re.findall(r'<details class="finding[^"]*" id="([^"]+)"', render("html", twice))
    assert len(set(names)) == 2
