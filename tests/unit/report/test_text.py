# SPDX-License-Identifier: GPL-2.0-only
"""Text: the diagnostics line, the litmus drawing, what is counted, colour."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from kscan.model import (
    AffectedDriver,
    Before,
    CommitShare,
    Confidence,
    Effect,
    Hits,
    Maintainer,
    Passing,
    Report,
    Severity,
    Skip,
    StepKind,
    Suppression,
)
from kscan.reachability import Implementation
from kscan.report import render
from kscan.report.drawing import drawing
from kscan.report.paint import plain
from kscan.report.verdict import impact_count, listed

from . import samples

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def audit_text(report: Report | None = None, **options: object) -> str:
    return render("text", report or samples.audit(), **options)


@pytest.mark.parametrize(
    ("name", "format_name", "options"),
    [
        ("audit.txt", "text", {}),
        ("audit-60.txt", "text", {"width": 60}),
        ("audit-concise.txt", "concise", {}),
    ],
)
def test_audit_golden(golden, name, format_name, options):
    golden(f"report/{name}", render(format_name, samples.audit(), **options))


def test_impact_golden(golden):
    golden("report/impact.txt", render("text", samples.change()))


def test_quiet_impact_golden(golden):
    golden("report/impact-quiet.txt", render("text", samples.quiet_change()))


def test_clean_audit_golden(golden):
    golden("report/clean.txt", render("text", samples.clean_audit()))


def test_scenario_note_is_the_first_line():
    assert audit_text().splitlines()[0] == samples.SCENARIO_NOTE


def test_finding_starts_as_a_diagnostic():
    starts = [row for row in audit_text().splitlines() if re.match(r"\S+:\d+:\d+: \w+: ", row)]
    assert [row.split(": ")[:3] for row in starts] == [
        ["drivers/base/qux.c:57:6", "error", "unguarded-driver"],
        ["drivers/iommu/foo-iommu.c:1284:8", "error", "late-global"],
        ["drivers/iommu/foo-pgtable.c:210:2", "warning", "late-state"],
    ]


def drawn(width: int) -> list[str]:
    report = replace(samples.audit(), findings=(samples.late_global(),))
    return audit_text(report, width=width).splitlines()


def test_sides_stand_in_program_order_and_in_their_columns():
    rows = drawn(100)
    register, read, write = (
        next(i for i, row in enumerate(rows) if f" {number}  " in row)
        for number in ("1284", "1151", "1294")
    )
    assert register < read < write
    title = next(row for row in rows if "P0 foo_probe" in row)
    second = title.index("P1 foo_of_xlate (iommu_ops.of_xlate)")
    assert rows[read].index("1151") >= second
    assert rows[register].index("1284") < second > rows[write].index("1294")


def test_each_edge_of_the_way_shows_its_kind():
    text = re.sub(r"\s+", " ", audit_text())
    assert "bus_iommu_probe -[argument]-> probe_iommu_group -> __iommu_probe_device" in text
    assert "iommu_init_device -[bus_type.dma_configure, assumed]-> platform_dma_configure" in text
    assert "of_iommu_xlate -[iommu_ops.of_xlate]-> foo_of_xlate" in text


def test_edges_located_at_the_callee_read_the_same():
    finding = samples.late_global()
    way = samples.way()
    names = [step.location.function for step in way[1:]] + ["foo_of_xlate"]
    moved = tuple(
        replace(step, location=replace(step.location, function=name))
        for step, name in zip(way, names, strict=True)
    )
    other = replace(finding, trace=(finding.trace[0], *moved, *finding.trace[len(way) + 1 :]))
    pick = re.compile(r"via (iommu_device_register.*?foo_of_xlate) \d", re.DOTALL)
    ways = [
        pick.search(re.sub(r"\s+", " ", audit_text(replace(samples.audit(), findings=(f,)))))
        for f in (finding, other)
    ]
    assert ways[0] and ways[1]
    assert ways[0].group(1) == ways[1].group(1)


def test_write_listed_before_the_way_is_drawn_after_the_callback():
    finding = samples.late_global()
    register, rest = finding.trace[0], finding.trace[1:]
    late = tuple(s for s in rest if s.side == 0)
    early = replace(finding, trace=(register, late[1], *(s for s in rest if s.side == 1)))
    rows = audit_text(replace(samples.audit(), findings=(early,))).splitlines()
    assert next(i for i, r in enumerate(rows) if "dma_dev = dev;" in r) > next(
        i for i, r in enumerate(rows) if "devm_kzalloc(dma_dev" in r
    )


@pytest.mark.parametrize("width", [60, 76, 80, 100, 160])
def test_drawing_keeps_to_its_width(width):
    rows = [row for row in drawn(width) if row.startswith("    ")]
    assert rows
    assert max(map(len, rows)) <= width


def test_narrow_terminals_get_one_column():
    rows = drawn(60)
    assert not any("P0" in row and "P1" in row for row in rows)
    order = [row.split()[0] for row in rows if row.lstrip().startswith(("P0 ", "P1 "))]
    assert order == ["P0", "P1", "P0"]


def test_trace_without_a_callback_is_one_column():
    report = replace(samples.audit(), findings=(samples.unguarded_driver(),))
    text = audit_text(report)
    assert "P0 qux_dma_configure" in text
    assert "P1" not in text
    assert text.index("to_qux_driver") < text.index("driver_managed_dma")


def test_finding_without_a_trace_is_its_headline():
    bare = replace(samples.unguarded_driver(), trace=())
    text = audit_text(replace(samples.audit(), findings=(bare,)))
    assert "P0" not in text
    assert "drivers/base/qux.c:57:6: error" in text


def test_weakest_step_is_named():
    text = re.sub(r"\s+", " ", audit_text())
    assert "confidence: medium; effect: crash weakest step:" in text
    assert "weakest step: iommu_init_device:427: calls" in text


def test_confidence_lowered_without_a_weak_step_names_no_step():
    low = replace(samples.unguarded_driver(), confidence=Confidence.LOW)
    text = audit_text(replace(samples.audit(), findings=(low,)))
    assert "confidence: low, because the rule itself is unsure; effect: crash" in text
    assert "weakest step" not in text
    assumed = replace(low, assumptions=("the bus is real",))
    text = audit_text(replace(samples.audit(), findings=(assumed,)))
    assert "confidence: low, because of what is assumed; effect: crash" in text


def test_a_list_too_long_for_its_line_ends_with_a_whole_name():
    boards = tuple(f"arch/arm/boot/dts/board-{n}{'x' * 60}.dts" for n in range(171))
    finding = samples.late_global()
    finding = replace(finding, hits=replace(finding.hits, boards=boards))
    text = audit_text(replace(samples.audit(), findings=(finding,)))
    flat = " ".join(text.split())
    assert f"boards: {', '.join(boards[:3])} (+168 more)" in flat
    assert " characters)" not in flat
    assert listed(["x" * 900, "y"], 6) == f"{'x' * 900} (+1 more)"


def test_a_maintainer_without_a_name_is_an_address():
    nameless = Maintainer("", "list@example.org", "open list")
    found = replace(samples.late_global(), maintainers=(nameless,))
    text = audit_text(replace(samples.audit(), findings=(found,)))
    assert "maintainers: <list@example.org> (open list)" in text


def test_skips_beyond_five_are_counted():
    skips = tuple(Skip(f"drivers/x/{n}.c", "unreadable") for n in range(9))
    text = audit_text(replace(samples.audit(), skips=skips))
    assert text.count("skipped: drivers/x/") == 5
    assert "skipped: 4 more" in text


def test_summary_counts_what_is_hidden():
    assert audit_text().splitlines()[-1] == (
        "2 errors, 1 warning, 0 notes; 1 suppressed; 1 in the baseline; "
        "7 hidden below medium confidence (--min-confidence low shows them)"
    )


def test_what_is_accepted_is_told_where_nothing_is_found():
    hidden = replace(samples.clean_audit(), findings=(samples.accepted(),), baselined=9)
    said = "\nNo new finding in 3 registrations, 3 slots in the window, 2 in-window callbacks; "
    text = audit_text(hidden)
    assert said in text
    assert text.endswith("0 notes; 1 suppressed; 9 in the baseline\n")
    assert "No new finding" in render("markdown", hidden)


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_no_finding_says_once_what_was_looked_at(form):
    text = render(form, samples.clean_audit())
    assert "No finding in 3 registrations, 3 slots in the window" in text
    assert text.count("3 registrations, 3 slots in the window") == 1


def test_colour_changes_no_character():
    for document in (samples.audit(), samples.change()):
        painted = render("text", document, colour=True)
        assert "\x1b[" in painted
        assert ANSI.sub("", painted) == render("text", document)


def test_order_of_findings_does_not_matter():
    report = samples.audit()
    turned = replace(report, findings=report.findings[::-1])
    assert audit_text(turned) == audit_text(report)


def test_impact_starts_with_the_reachability_delta():
    text = render("text", samples.change())
    sentence = (
        "+ This range newly runs 3 implementations of `iommu_ops.of_xlate` inside "
        "iommu_device_register(); 1 of them is not ready."
    )
    assert sentence in text
    assert text.index(sentence) < text.index("error: late-global")


@pytest.mark.parametrize("form", ["text", "markdown", "mail"])
def test_what_shifts_is_told_though_nothing_else_is(form):
    (later,) = samples.change().shifted
    shifted = later, replace(later, slots=("iommu_ops.of_xlate",), is_later=False)
    told = " ".join(render(form, replace(samples.quiet_change(), shifted=shifted)).split())
    assert "iommu_device_register() no longer waits for" in told.replace("`", "")
    assert "has iommu_device_register() wait again for iommu_ops.of_xlate" in told.replace("`", "")


def test_what_newly_runs_in_another_thread_is_not_said_to_run_inside():
    added = tuple(replace(reach, is_later=True) for reach in samples.change().added)
    text = render("text", replace(samples.change(), added=added))
    assert "`iommu_ops.of_xlate` from iommu_device_register() on, in another thread" in text


def test_a_slot_that_nothing_fills_runs_no_implementation():
    change = samples.change()
    added, removed = (
        replace(reach[0], implementations=()) for reach in (change.added, change.removed)
    )
    text = render("text", replace(change, introduced=(), added=(added,), removed=(removed,)))
    assert (
        "newly calls `iommu_ops.of_xlate` inside iommu_device_register(); nothing fills it." in text
    )
    assert "no longer calls `iommu_ops.is_attach_deferred` inside" in text


def test_an_assumed_edge_is_marked_on_the_way():
    text = audit_text(samples.audit())
    assert "iommu_init_device -[bus_type.dma_configure, assumed]->" in " ".join(text.split())
    assert "-[iommu_ops.of_xlate]->" in text


def test_an_assumed_edge_to_a_function_has_no_slot():
    found = samples.late_global()
    trace = tuple(
        replace(step, kind=StepKind.SLOT, note="calls bus_iommu_probe, assumed by new-probe-path")
        if step.note == "calls bus_iommu_probe"
        else step
        for step in found.trace
    )
    text = audit_text(replace(samples.audit(), findings=(replace(found, trace=trace),)))
    assert "via iommu_device_register -[assumed]-> bus_iommu_probe" in " ".join(text.split())


def test_slots_without_a_finding_are_folded_behind_those_with_one():
    change = samples.change()
    of_xlate, gate = change.added
    quiet = [replace(gate, slot=f"iommu_ops.s{n}") for n in range(3)]
    many = replace(change, added=(*quiet, of_xlate), removed=change.removed * 2)
    text = render("text", many)
    fold = (
        "+ 3 more slots newly run implementations; no finding in those: `iommu_ops.s0`, "
        "`iommu_ops.s1`, `iommu_ops.s2`."
    )
    flat = text.replace("\n    ", " ")
    assert fold in flat
    assert flat.index("of `iommu_ops.of_xlate`") < flat.index(fold) < flat.index("error: late-")
    assert "- 2 slots no longer run implementations: `iommu_ops.is_attach_deferred`" in flat
    title = "3 more slots newly run implementations; no finding in those"
    assert f"<details><summary>{title}</summary>" in render("markdown", many)
    assert title in render("mail", many)
    none = replace(many, introduced=(), fixed=(), skips_added=(), added=tuple(quiet))
    assert "`iommu_ops.s1`" in render("markdown", none)
    elsewhere = replace(quiet[0], api="other_register")
    text = render("text", replace(many, added=(of_xlate, elsewhere, *quiet)))
    assert "`iommu_ops.s0` in other_register()" in text.replace("\n    ", " ")


def test_one_changed_function_takes_the_singular():
    change = samples.change()
    text = render("text", replace(change, changed_functions=change.changed_functions[:1]))
    assert "the 1 changed function inside a registration:" in text


@pytest.mark.parametrize("form", ["text", "markdown", "mail"])
def test_a_reason_that_several_slots_have_is_told_once(form: str):
    change = samples.change()
    gate, slots = change.added[1], ("iommu_ops.s0", "iommu_ops.s1", "iommu_ops.s2")
    met = samples.late_global()
    assert met.callback is not None
    place = Implementation(met.callback.function, met.callback.path)
    added = tuple(replace(gate, slot=slot, implementations=(place,)) for slot in slots)
    found = tuple(replace(met, callback=replace(met.callback, slot=slot)) for slot in slots)
    told = " ".join(render(form, replace(change, added=added, introduced=found)).split())
    assert told.count("becomes reachable") == 1
    assert told.count("as for `iommu_ops.s0`") == 2


def test_drivers_a_registration_leads_to_are_told_beside_findings_alone_and_five_of_them():
    outside = AffectedDriver("drivers/a", ("f", "g"))
    inside = (AffectedDriver(f"drivers/x/{n}", ("f", "g"), is_inside=True) for n in range(8))
    drivers = (outside, *inside)
    change = replace(samples.change(), drivers=drivers)
    text = render("text", change)
    assert "drivers/x/4: f - g" in text
    assert "drivers/x/5" not in text
    assert "drivers/a" not in text
    assert "    and 3 more" in text
    quiet = replace(change, introduced=(), fixed=())
    assert "within reach" not in render("text", quiet)


def test_a_driver_with_a_finding_is_not_told_to_have_none():
    found = samples.late_global()
    drivers = (
        AffectedDriver(found.driver, ("f", "g"), is_inside=True),
        AffectedDriver("drivers/x", ("f", "h"), is_inside=True),
    )
    text = render("text", replace(samples.change(), drivers=drivers))
    assert "drivers/x: f - h" in text
    assert f"{found.driver}: f - g" not in text


def test_a_diff_tells_the_skips_that_are_new_or_in_files_it_touches():
    old, touched, new = (Skip(f"drivers/{name}.c", "unreadable") for name in "otn")
    change = replace(
        samples.change(),
        skips=(old, touched, new),
        skips_touched=(touched, new),
        skips_added=(new,),
    )
    for form in ("text", "mail"):
        told = render(form, change)
        assert "drivers/o.c" not in told
        assert "drivers/t.c: unreadable" in told
        assert told.count("drivers/n.c: unreadable") == 1
    assert "drivers/o.c" in render("json", change)


def test_the_commit_that_introduces_a_finding_is_named():
    found = replace(samples.late_global(), introduced_by="iommu: Parse early")
    change = replace(samples.quiet_change(), introduced=(found,))
    for form in ("text", "mail", "markdown"):
        assert "introduced by: iommu: Parse early" in render(form, change)


def test_a_change_counts_what_its_confidence_hides():
    change = replace(samples.quiet_change(), hidden=2)
    *_, last = render("text", change).splitlines()
    assert last.endswith("; 2 hidden by confidence (--min-confidence low shows them)")
    assert json.loads(render("json", change))["hidden"] == 2


def test_what_is_broken_between_two_commits_names_both():
    passing = Passing(samples.late_global(), "iommu: Parse early", "iommu/foo: Set it first")
    change = replace(samples.quiet_change(), passing=(passing,))
    share = "introduced by iommu: Parse early, repaired by iommu/foo: Set it first"
    (told,) = [row for row in render("text", change).splitlines() if "in between: " in row]
    assert f"late-global: {passing.finding.message} [{share}]" in told
    *_, last = render("text", change).splitlines()
    told = "1 broken in between, so it is clean as a whole, but not after every commit"
    assert last.endswith(told)
    assert told in render("github", change)
    worse = replace(change, introduced=(samples.late_global(),))
    assert render("text", worse).splitlines()[-1].endswith("1 broken in between")
    for form in ("mail", "markdown"):
        assert "Broken in between" in render(form, change)
        assert share in " ".join(render(form, change).split())
    (listed,) = json.loads(render("json", change))["passing"]
    assert listed["fixed_by"] == "iommu/foo: Set it first"
    assert listed["finding"]["fingerprint"] == passing.finding.fingerprint


def test_what_a_repair_lays_open_is_told_apart():
    late, mended = samples.late_global(), samples.unready_list()
    change = replace(samples.quiet_change(), fixed=(mended,), uncovered=(late,))
    assert "hidden before: drivers/" in render("text", change)
    assert "No finding introduced, 1 fixed, 1 hidden before" in render("text", change)
    for form in ("mail", "markdown"):
        assert "Hidden before" in render(form, change)
    (listed,) = json.loads(render("json", change))["uncovered"]
    assert listed["rule"] == "late-global"


def test_what_a_change_leaves_where_it_stands_is_told_of_nothing_else():
    late = samples.late_global()
    change = replace(samples.quiet_change(), unchanged=(late,), standing=(late,))
    assert "still there: drivers/" in render("text", change)
    assert "No finding introduced, 1 still there in what it changes" in render("text", change)
    assert "0 fixed; 1 unchanged, 1 of them in what it changes\n" in render("text", change)
    assert impact_count(change).endswith("0 fixed, 1 unchanged, 1 of them in what it changes")
    for form in ("mail", "markdown"):
        assert "Still there in what it changes" in render(form, change)
    accepted = replace(late, suppressed=Suppression("kscan.toml", "known"))
    quiet = replace(change, unchanged=(accepted,), standing=(accepted,))
    for form in ("mail", "markdown", "text"):
        assert "till there" not in render(form, quiet)


def test_what_became_worse_or_better_says_what_it_was():
    was = Before(Severity.WARNING, Effect.DECLINED, "refuses the device")
    worse = replace(samples.late_global(), before=was)
    better = replace(samples.unready_list(), before=was)
    change = replace(samples.quiet_change(), introduced=(worse,), unchanged=(better,))
    text = render("text", change)
    assert "worse than before: warning, declined: refuses the device" in text
    assert "[was warning, declined: refuses the device]" in text
    assert "1 improved" in text
    assert "worse than before" in render("mail", change)
    (introduced,) = json.loads(render("json", change))["introduced"]
    assert introduced["before"]["effect"] == "declined"
    assert "1 improved" in render("mail", replace(change, introduced=()))


def test_what_is_not_ready_never_exceeds_the_implementations():
    slot = samples.late_global()
    elsewhere = replace(slot.callback, path="drivers/iommu/elsewhere.c")
    found = (
        *(replace(slot, driver=f"drivers/iommu/d{n}", fingerprint=f"v1-{n}") for n in range(9)),
        replace(slot, callback=elsewhere, fingerprint="v1-9"),
    )
    change = replace(samples.change(), introduced=found)
    assert "3 implementations of `iommu_ops.of_xlate` inside" in render("text", change)
    assert "; 1 of them is not ready." in render("text", change)
    reach = replace(change.added[0], implementations=change.added[0].implementations[:1])
    text = render("text", replace(change, added=(reach,)))
    assert "1 implementation of `iommu_ops.of_xlate` inside" in text
    assert "; it is not ready." in text


def test_concise_tells_of_each_commit_where_that_was_asked():
    share = CommitShare("0123456789abcdef", "core: probe", ("v1-a",), ())
    rows = render("concise", replace(samples.change(), commits=(share,))).splitlines()
    assert rows[-1] == "0123456789ab   +1 -0 core: probe"


def test_concise_lists_only_what_counts():
    rows = render("concise", replace(samples.change(), commits=())).splitlines()
    assert [row.split(": ")[2] for row in rows] == ["late-global", "late-state"]


def test_two_threads_without_a_registration_keep_their_order():
    finding = samples.late_global()
    kinds = (StepKind.READ, StepKind.WRITE, StepKind.READ)
    trace = tuple(
        samples.step(("a.c", 10 * n, f"thread{side}"), kind, "", f"line_{n}();", side)
        for n, (kind, side) in enumerate(zip(kinds, (0, 1, 0), strict=True), 1)
    )
    racy = replace(finding, trace=trace, registration=None, callback=None)
    text = audit_text(replace(samples.audit(), findings=(racy,)))
    assert text.index("line_1()") < text.index("line_2()") < text.index("line_3()")
    assert "P1 thread1" in text


def test_callback_without_a_probing_thread_is_one_column():
    finding = samples.late_global()
    trace = tuple(step for step in finding.trace if step.side == 1)
    alone = replace(finding, trace=trace, registration=None)
    rows = audit_text(replace(samples.audit(), findings=(alone,))).splitlines()
    start = next(i for i, row in enumerate(rows) if "error: late-global" in row)
    assert rows[start + 1] == "    P1 foo_of_xlate (iommu_ops.of_xlate)"
    assert rows[start + 2].split()[:2] == ["via", "iommu_device_register"]
    assert not any("P0" in row for row in rows)


def test_line_that_two_steps_share_is_shown_once():
    finding = samples.late_global()
    read = finding.trace[-3]
    again = replace(read, kind=StepKind.CALL, note="calls devm_kzalloc", depth=1)
    trace = (*finding.trace[:-2], again, *finding.trace[-2:])
    text = audit_text(replace(samples.audit(), findings=(replace(finding, trace=trace),)))
    assert text.count("data = devm_kzalloc(dma_dev,") == 1
    marks = [row.index("^") for row in text.splitlines() if "^ reads dma_dev" in row]
    assert marks == [row.index("^") for row in text.splitlines() if "^ calls devm_kz" in row]


def test_long_calls_break_after_the_parenthesis():
    finding = samples.late_global()
    source = "err = iommu_device_register_with_everything(&instance->iommu, &foo_ops, dev);"
    trace = (replace(finding.trace[0], source=source), *finding.trace[1:])
    report = replace(samples.audit(), findings=(replace(finding, trace=trace),))
    assert "err = iommu_device_register_with_everything(\n" in re.sub(
        r" +\n", "\n", audit_text(report, width=110)
    )


def test_a_file_that_is_built_by_nothing_says_so():
    hits = Hits(unbuilt=("drivers/iommu/renamed.o",))
    report = replace(samples.audit(), findings=(replace(samples.late_global(), hits=hits),))
    row = "    built by: no makefile is seen to name drivers/iommu/renamed.o"
    assert row in audit_text(report).splitlines()


def one_step(source: str, columns: int) -> list[str]:
    found = samples.late_global()
    trace = tuple(replace(one, source=source, note="") for one in found.trace[:1])
    rows = drawing(replace(found, trace=trace), columns)
    return plain(rows).splitlines()[1:]


def test_a_statement_that_goes_on_says_so():
    call = "err = iommu_device_register(&smmu->iommu, &ops,"
    assert one_step(call, 80) == [f" 1284  {call} …"]
    assert one_step("return foo(dev);", 80) == [" 1284  return foo(dev);"]
    assert one_step("if (a &&", 80) == [" 1284  if (a && …"]


def test_a_name_longer_than_the_column_is_broken_at_a_seam():
    rows = one_step("struct foo *arm_smmu_get_by_fwnode_handle->some_member_name;", 36)
    assert [row.strip() for row in rows] == [
        "1284  struct foo",
        "*arm_smmu_get_by_fwnode_",
        "handle->some_member_name;",
    ]
