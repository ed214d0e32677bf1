# SPDX-License-Identifier: GPL-2.0-only
"""Ranges, patches, worktrees and directories: what they do to drivers, end to end."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sample_trees
from histories import History, prints
from test_cli import kscan, one_line

from kscan.facts.store import NullStore, Store
from kscan.impact import Diff, Options
from kscan.model import Confidence, Finding, Impact, KscanError
from kscan.outcomes import outcome_of
from kscan.source.commit import CommitTree
from kscan.source.patches import read_series
from kscan.source.ranges import (
    Range,
    base_of,
    directory_range,
    open_range,
    patch_range,
    worktree_range,
)
from kscan.source.repository import Repository
from kscan.source.tree import Memory

pytestmark = pytest.mark.usefixtures("own_cache")

STORY = sample_trees.SAMPLE_TREES / "probe-path"
STAGES = sorted(path.name for path in STORY.iterdir())
RULES = ("late-global", "late-drvdata", "late-state", "unguarded-driver")
AS_ASKED = Options(rules=RULES, min_confidence=Confidence.LOW)


@dataclass(frozen=True)
class Told:
    """The story as a repository: one commit for each of its trees."""

    history: History
    commits: list[str]

    def range(self, spec: str) -> Range:
        return open_range(Repository(self.history.root), spec)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Told:
    history = History(tmp_path_factory.mktemp("story") / "linux")
    commits = []
    for stage in STAGES:
        history.becomes(STORY / stage)
        commits.append(history.commit(stage.partition("-")[2].replace("-", " ")))
    return Told(history, commits)


def impact(span: Range, options: Options = AS_ASKED, memory: Memory | None = None) -> Impact:
    return Diff(span, options, memory or NullStore()).impact()


def seen(findings: tuple[Finding, ...]) -> list[str]:
    return sorted(
        f"{f.rule} {f.subject.name if f.subject else ''} "
        f"{f.callback.function if f.callback else ''}"
        for f in findings
    )


def expected(stage: str) -> list[str]:
    """What the sample tree's own comments expect of `RULES`."""
    tree = STORY / stage
    found = [v for p in sample_trees.sources(tree) for v in sample_trees.verdicts(tree, p)]
    return sorted(
        f"{v.path}:{v.line} {v.rule}" for v in found if v.rule in RULES and v.kind != "miss"
    )


def places(findings: tuple[Finding, ...]) -> list[str]:
    return sorted(f"{f.primary.path}:{f.primary.line} {f.rule}" for f in findings)


# The story


def test_the_new_call_runs_callbacks_in_the_registration(story: Told) -> None:
    found = impact(story.range(f"{story.commits[0]}..{story.commits[1]}"))
    added = {reach.slot: reach for reach in found.added}
    assert {"bus_type.dma_configure", "iommu_ops.of_xlate"} <= added.keys()
    xlate = added["iommu_ops.of_xlate"]
    assert xlate.via[0] == "iommu_device_register" and xlate.via[-1] == "of_iommu_xlate"
    assert "iommu_init_device" in xlate.changed
    assert {i.path for i in xlate.implementations} >= {"drivers/iommu/acme-iommu.c"}
    assert found.removed == ()


def test_callbacks_that_the_gate_kept_out_are_added_with_the_reason(story: Told) -> None:
    found = impact(story.range(f"{story.commits[0]}..{story.commits[1]}"))
    gated = {reach.slot: reach.reason for reach in found.added if reach.reason}
    assert "iommu_ops.probe_device" in gated
    assert all("iommu_fwspec_init()" in reason for reason in gated.values())


def test_the_new_call_breaks_drivers_it_does_not_touch(story: Told) -> None:
    span = story.range(f"{story.commits[0]}..{story.commits[1]}")
    found = impact(span)
    assert places(found.introduced) == expected("1-new-probe-path")
    assert (found.fixed, found.unchanged) == ((), ())
    touched = {change.new for change in span.changed}
    assert [f for f in found.introduced if f.primary.path not in touched]


def test_the_repairs_fix_what_the_new_call_broke(story: Told) -> None:
    found = impact(story.range(story.commits[2]))
    assert len(found.fixed) == len(expected("1-new-probe-path")) - len(expected("2-fixed"))
    assert (found.added, found.removed, found.introduced) == ((), (), ())


def test_the_other_way_round_takes_it_all_back(story: Told) -> None:
    there = impact(story.range(f"{story.commits[0]}..{story.commits[1]}"))
    back = impact(story.range(f"{story.commits[1]}..{story.commits[0]}"))
    assert seen(back.fixed) == seen(there.introduced)
    assert {reach.slot for reach in back.removed} == {reach.slot for reach in there.added}
    assert back.introduced == () and back.added == ()
    assert any("is not an ancestor" in note for note in back.notes)


def test_commit_by_commit(story: Told) -> None:
    whole = impact(
        story.range(f"{story.commits[0]}..{story.commits[2]}"), replace(AS_ASKED, per_commit=True)
    )
    first, second = whole.commits
    assert (first.subject, second.subject) == ("new probe path", "fixed")
    assert (first.id, second.id) == tuple(story.commits[1:])
    assert len(first.introduced) == len(expected("1-new-probe-path"))
    assert set(second.fixed) <= set(first.introduced)
    assert {one.finding.fingerprint for one in whole.passing} == set(second.fixed)
    for one in whole.passing:
        assert one.introduced_by == f"{first.id[:12]} new probe path"
        assert one.fixed_by == f"{second.id[:12]} fixed"
    assert whole.fixed == ()


def test_a_scenario_can_be_assumed(story: Told) -> None:
    assumed = replace(AS_ASKED, scenario="new-probe-path")
    found = impact(story.range(f"{story.commits[0]}..{story.commits[1]}"), assumed)
    assert found.base.scenario == "new-probe-path"
    assert found.base.scenario_note and not found.head.scenario_note
    late = {f.rule for f in found.introduced}
    assert not late & {"late-global", "late-drvdata"}
    with pytest.raises(KscanError, match=r"no scenario 'old'.*new-probe-path"):
        Diff(story.range("HEAD"), Options(scenario="old"), NullStore())


# The same answer by every way in


@pytest.fixture(scope="module")
def new_path(story: Told) -> Impact:
    return impact(story.range(story.commits[1]))


def agree(one: Impact, other: Impact) -> None:
    for part in ("added", "removed", "introduced", "fixed", "unchanged", "changed_functions",
                 "drivers", "drivers_not_listed", "siblings"):  # fmt: skip
        assert getattr(one, part) == getattr(other, part), part


def test_a_patch_gives_what_its_commit_gives(story: Told, new_path: Impact, tmp_path: Path) -> None:
    mail = story.history.git("format-patch", "-1", "--stdout", story.commits[1])
    patch = tmp_path / "new.patch"
    patch.write_text(mail + "\n")
    repository = Repository(story.history.root)
    series = read_series([patch])
    agree(impact(patch_range(base_of(repository, series, story.commits[0]), series)), new_path)


def test_a_series_is_told_patch_by_patch(story: Told, tmp_path: Path) -> None:
    mails = story.history.git("format-patch", "--stdout", f"{story.commits[0]}..")
    mbox = tmp_path / "series.mbox"
    mbox.write_text(mails + "\n")
    series = read_series([mbox])
    base = base_of(Repository(story.history.root), series, story.commits[0])
    found = impact(patch_range(base, series), replace(AS_ASKED, per_commit=True))
    assert [share.subject for share in found.commits] == ["new probe path", "fixed"]
    assert [len(s.introduced) > 0 for s in found.commits] == [True, False]
    assert found.introduced == ()


def test_each_finding_says_which_commit_introduces_it(story: Told) -> None:
    span = story.range(f"{story.commits[0]}..{story.commits[1]}")
    found = impact(span, replace(AS_ASKED, per_commit=True))
    title = f"{story.commits[1][:12]} new probe path"
    assert {finding.introduced_by for finding in found.introduced} == {title}


def test_a_range_of_many_files_gives_the_same(
    story: Told, new_path: Impact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.source.ranges.MOST_CHANGES", 0)
    span = story.range(story.commits[1])
    assert isinstance(span.head, CommitTree)
    agree(impact(span), new_path)


def test_two_directories_give_what_two_commits_give(new_path: Impact) -> None:
    agree(impact(directory_range(STORY / STAGES[0], STORY / STAGES[1])), new_path)


def test_a_bus_less_in_the_array_is_told_as_what_is_changed(tmp_path: Path) -> None:
    history = History(tmp_path / "linux")
    history.becomes(STORY / STAGES[1])
    history.commit("new probe path")
    history.replace("drivers/iommu/iommu.c", "\t&amba_bustype,\n", "")
    found = impact(worktree_range(Repository(history.root)))
    (gone,) = found.removed
    assert (gone.slot, gone.changed) == ("bus_type.dma_configure", ("iommu_buses",))
    assert [i.function for i in gone.implementations] == ["amba_dma_configure"]
    assert seen(found.fixed) == ["unguarded-driver dev->driver amba_dma_configure"]


def test_a_dirty_worktree_gives_what_committing_it_gives(new_path: Impact, tmp_path: Path) -> None:
    history = History(tmp_path / "linux")
    history.becomes(STORY / STAGES[0])
    history.commit("before")
    history.becomes(STORY / STAGES[1])
    agree(impact(worktree_range(Repository(history.root))), new_path)


def test_a_bare_clone_gives_the_same(story: Told, new_path: Impact, tmp_path: Path) -> None:
    bare = tmp_path / "linux.git"
    story.history.git("clone", "-q", "--bare", str(story.history.root), str(bare))
    agree(impact(open_range(Repository(bare), story.commits[1])), new_path)


@pytest.mark.parametrize("per_commit", [False, True])
def test_cold_warm_uncached_and_one_process_agree(
    story: Told, tmp_path: Path, per_commit: bool
) -> None:
    asked = replace(AS_ASKED, per_commit=per_commit)
    first, _, last = story.commits
    store, mixed = Store(tmp_path / "cache"), Store(tmp_path / "mixed")
    impact(story.range(story.commits[1]), asked, mixed)  # knows one end, and a tree between
    answers = []
    for memory, jobs in ((store, None), (store, None), (NullStore(), None), (NullStore(), 1),
                         (NullStore(), 2), (mixed, None)):  # fmt: skip
        diff = Diff(story.range(f"{first}..{last}"), asked, memory, jobs=jobs)
        answer = diff.impact()
        answers.append(replace(answer, stats=replace(answer.stats, cache_hits=0, seconds=0.0)))
    assert [answer == answers[0] for answer in answers] == [True] * len(answers)
    assert answers[0].stats.files_parsed > 0


def test_a_process_that_is_killed_costs_time_and_no_answer(
    story: Told, new_path: Impact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.workers._do", _killed)
    diff = Diff(story.range(story.commits[1]), AS_ASKED, NullStore(), jobs=2)
    agree(diff.impact(), new_path)


def _killed(*_: object) -> None:
    os._exit(9)


# What an edit does, and what it does not


def edited(tmp_path: Path, edit: Callable[[History], object], subject: str = "edit") -> Impact:
    """What `edit` does to the tree with the new probe path."""
    history = History(tmp_path / "linux")
    history.becomes(STORY / STAGES[1])
    history.commit("before")
    edit(history)
    history.commit(subject)
    return impact(open_range(Repository(history.root), "HEAD"))


FOO = "drivers/iommu/acme-iommu.c"


def test_ends_that_are_the_same_are_told(story: Told, new_path: Impact) -> None:
    same = "base and head are the same: nothing is changed"
    for spec in ("HEAD..HEAD", "HEAD...HEAD~1"):
        assert impact(story.range(spec)).notes == (same,)
    assert same not in new_path.notes


def test_a_comment_changes_nothing(tmp_path: Path) -> None:
    def edit(history: History) -> None:
        text = (history.root / FOO).read_text()
        history.write(FOO, "/* A driver. */\n\n" + text)

    found = edited(tmp_path, edit)
    assert places(found.unchanged) != [] and found.changed_functions == ()
    assert (found.introduced, found.fixed, found.added, found.removed) == ((), (), (), ())


def test_a_bus_that_the_walk_no_longer_visits_is_told_and_its_new_name_is_not(
    tmp_path: Path,
) -> None:
    def edit(history: History) -> None:
        history.replace("drivers/iommu/iommu.c", "\t&amba_bustype,\n", "")
        respelled(history, "platform_dma_configure", "platform_configure_dma")

    found = edited(tmp_path, edit)
    (gone,) = found.removed
    assert [(i.function, i.path) for i in gone.implementations] == [
        ("amba_dma_configure", "drivers/amba/bus.c")
    ]
    assert (found.added, gone.slot) == ((), "bus_type.dma_configure")
    assert places(found.fixed) == ["drivers/amba/bus.c:39 unguarded-driver"]


ASKED = """
static int iommu_asked(struct device *dev, const struct iommu_ops *ops, int *id)
{
	return id ? ops->asked(dev, id) : 0;
}

static int iommu_init_device("""
ASKING = "struct iommu_ops {\n\tint (*asked)(struct device *dev, int *id);"
ANSWER = "static int acme_asked(struct device *dev, int *id)\n{\n\treturn *id;\n}\n\n"


def test_a_slot_that_only_null_kept_from_running_is_newly_run(tmp_path: Path) -> None:
    history, core = History(tmp_path / "linux"), "drivers/iommu/iommu.c"
    history.becomes(STORY / STAGES[1])
    call, table = "iommu_asked(dev, ops, NULL);", "static const struct iommu_ops acme_iommu_ops = {"
    history.replace(core, "\nstatic int iommu_init_device(", ASKED)
    history.replace(core, "\tiommu_dev = ops->probe", f"\t{call}\n\tiommu_dev = ops->probe")
    history.replace("include/linux/iommu.h", "struct iommu_ops {", ASKING)
    history.replace(FOO, table, f"{ANSWER}{table}\n\t.asked = acme_asked,")
    history.commit("before")
    history.replace(core, call, "iommu_asked(dev, ops, &dev->id);")
    history.commit("hand an id over")
    (reach,) = impact(open_range(Repository(history.root), "HEAD")).added
    assert (reach.slot, reach.changed) == ("iommu_ops.asked", ("iommu_init_device",))
    assert [i.function for i in reach.implementations] == ["acme_asked"]


def respelled(history: History, name: str, called: str) -> None:
    """Every file of the tree says `called` where it said `name`."""
    for path in history.root.rglob("*.[ch]"):
        told = path.read_text()
        if name in told:
            path.write_text(re.sub(rf"\b{name}\b", called, told))


@pytest.mark.parametrize(
    "name",
    [
        "iommu_device_register",
        "iommu_fwspec_init",
        "dev_iommu_priv_set",
        "of_dma_configure_id",
        "iommu_probe_device",
    ],
)
def test_what_the_catalogue_rests_on_is_known_by_its_new_name(tmp_path: Path, name: str) -> None:
    found = edited(tmp_path, lambda history: respelled(history, name, f"{name}_anew"))
    assert (found.introduced, found.fixed, found.added, found.removed) == ((), (), (), ())
    assert places(found.unchanged) != [] and found.skips_added == ()
    (note,) = [note for note in found.notes if name in note]
    assert note.startswith(f"{name}() is {name}_anew() in the head")


@pytest.mark.parametrize(
    ("tag", "member", "files"),
    [
        ("iommu_ops", "of_xlate", ("drivers/iommu", "include/linux/iommu.h")),
        ("bus_type", "dma_configure", ("drivers", "include/linux")),
        ("iommu_ops", "release_device", ("drivers/iommu", "include/linux/iommu.h")),
    ],
)
def test_a_slot_that_the_catalogue_rests_on_is_known_by_its_new_name(
    tmp_path: Path, tag: str, member: str, files: tuple[str, ...]
) -> None:
    def edit(history: History) -> None:
        pattern = rf"(?<=\.|>){member}\b|(?<=\(\*){member}(?=\))"
        for path in history.root.rglob("*.[ch]"):
            if str(path.relative_to(history.root)).startswith(files):
                path.write_text(re.sub(pattern, f"{member}_anew", path.read_text()))

    found = edited(tmp_path, edit)
    assert (found.introduced, found.fixed, found.added, found.removed) == ((), (), (), ())
    assert places(found.unchanged) != []
    (note,) = [note for note in found.notes if member in note]
    assert note.startswith(f"{tag}.{member} is {tag}.{member}_anew in the head")


def test_a_slot_that_moves_to_a_table_of_its_own_is_known_there(tmp_path: Path) -> None:
    def edit(history: History) -> None:
        fw = "struct iommu_fw_ops {\n\tint (*of_xlate)\\1;\n};\n\n"
        for path in (history.root / "drivers/iommu").glob("*.c"):
            table = r".fw = &(const struct iommu_fw_ops) { .of_xlate = \1 },"
            told = re.sub(r"\.of_xlate\s*=\s*(\w+),", table, path.read_text())
            path.write_text(told.replace("ops->of_xlate", "ops->fw->of_xlate"))
        header = history.root / "include/linux/iommu.h"
        told = header.read_text()
        (taken,) = re.findall(r"\tint \(\*of_xlate\)([^;]*);\n", told)
        told = told.replace(f"\tint (*of_xlate){taken};\n", "\tconst struct iommu_fw_ops *fw;\n")
        told = told.replace("struct iommu_ops {", fw.replace("\\1", taken) + "struct iommu_ops {")
        header.write_text(told)

    found = edited(tmp_path, edit)
    assert (found.introduced, found.fixed, found.added, found.removed) == ((), (), (), ())
    assert any(f.callback and "of_xlate" in f.callback.slot for f in found.unchanged)
    (note,) = [note for note in found.notes if "of_xlate" in note]
    assert note.startswith("iommu_ops.of_xlate is iommu_fw_ops.of_xlate in the head")


@pytest.mark.parametrize("tag", ["iommu_ops", "iommu_domain_ops", "bus_type"])
def test_a_struct_that_the_catalogue_rests_on_is_known_by_its_new_name(
    tmp_path: Path, tag: str
) -> None:
    def edit(history: History) -> None:
        for path in history.root.rglob("*.[ch]"):
            path.write_text(re.sub(rf"\bstruct {tag}\b", f"struct {tag}_anew", path.read_text()))

    found = edited(tmp_path, edit)
    assert (found.introduced, found.fixed, found.added, found.removed) == ((), (), (), ())
    assert places(found.unchanged) != []
    (note,) = [note for note in found.notes if tag in note]
    assert note.startswith(f"struct {tag} is struct {tag}_anew in the head")


def test_another_slot_in_place_of_one_is_no_new_name(tmp_path: Path) -> None:
    def edit(history: History) -> None:
        for path in history.root.rglob("*.[ch]"):
            told = re.sub(r"\.of_xlate\s*=\s*\w+,", ".fwspec = anew,", path.read_text())
            path.write_text(re.sub(r"(?<=->)of_xlate\b|(?<=\(\*)of_xlate(?=\))", "fwspec", told))

    found = edited(tmp_path, edit)
    assert not any("of_xlate is" in note for note in found.notes)
    assert "iommu_ops.of_xlate" in {reach.slot for reach in found.removed}


def test_a_new_name_is_known_among_many_files_that_are_no_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.change.functions.MOST_FILES", 30)
    monkeypatch.setattr("kscan.change.ends.MOST_FILES", 30)

    def edit(history: History) -> None:
        respelled(history, "dev_iommu_priv_set", "dev_iommu_priv_give")
        for number in range(31):
            history.write(f"Documentation/{number}.rst", "text\n")

    found = edited(tmp_path, edit)
    assert places(found.unchanged) != [] and (found.introduced, found.fixed) == ((), ())
    assert any(note.startswith("dev_iommu_priv_set() is") for note in found.notes)


def test_what_a_commit_breaks_under_a_new_name_is_introduced_by_it(tmp_path: Path) -> None:
    history = History(tmp_path / "linux")
    history.becomes(STORY / STAGES[1])
    history.commit("before")
    respelled(history, "iommu_device_register", "iommu_instance_register")
    history.commit("the new name")
    early, late = "\tplatform_set_drvdata(pdev, iommu);\n", "\tif (!dma_dev)\n\t\tdma_dev ="
    history.replace(FOO, early, "")
    history.replace(FOO, late, f"{early}{late}")
    history.commit("the driver data comes last")
    repository = Repository(history.root)
    found = impact(open_range(repository, "HEAD~2..HEAD"), Options(per_commit=True))
    first, second = found.commits
    assert (first.introduced, first.fixed, found.fixed) == ((), (), ())
    assert {f.rule for f in found.introduced} == {"late-drvdata"}
    assert second.introduced == tuple(sorted(f.fingerprint for f in found.introduced))


def test_nothing_is_fixed_by_a_function_that_is_gone(tmp_path: Path) -> None:
    name, called = "iommu_device_register", "iommu_device_register_owned"

    def edit(history: History) -> None:
        respelled(history, name, called)
        for path in ("drivers/iommu/iommu.c", "include/linux/iommu.h"):
            file = history.root / path
            told = re.sub(rf"{called}\(([^;{{]*)\)", rf"{called}(\1, int owner)", file.read_text())
            file.write_text(told)

    found = edited(tmp_path, edit)
    assert (found.fixed, found.removed) == ((), ())
    (lost,) = [skip for skip in found.skips_added if "the catalogue rests on it" in skip.reason]
    assert lost.reason.startswith(f"{name}() is removed by the range")
    assert lost in found.skips


OWNED = """
int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, struct device *d)
{ %s return iommu_device_register_owned(i, ops, d); }
"""


def registering_anew(history: History, before: str) -> None:
    """The registration is made by another function, which FOO calls itself."""
    core = history.root / "drivers/iommu/iommu.c"
    text = core.read_text().replace("iommu_device_register(", "iommu_device_register_owned(")
    core.write_text(text + OWNED % before)
    history.replace(FOO, "iommu_device_register(", "iommu_device_register_owned(")


def test_a_driver_that_calls_what_the_registration_merely_calls_is_the_same(tmp_path: Path) -> None:
    found = edited(tmp_path, lambda history: registering_anew(history, ""))
    assert (found.introduced, found.fixed, found.skips_added) == ((), (), ())
    assert FOO in {finding.primary.path for finding in found.unchanged}


def test_a_driver_that_registers_in_a_new_way_is_not_repaired(tmp_path: Path) -> None:
    found = edited(tmp_path, lambda history: registering_anew(history, "prepare(i);"))
    assert {f.rule for f in found.unchanged} >= {"late-drvdata", "late-state"}
    assert (found.introduced, found.fixed) == ((), ())
    (lost,) = found.skips_added
    assert lost.path == FOO and "does not count as fixed" in lost.reason


def test_a_driver_without_the_callback_is_repaired(tmp_path: Path) -> None:
    def edit(history: History) -> None:
        text = (history.root / FOO).read_text()
        start = text.index("static int acme_of_xlate(")
        end = text.index("}\n", start) + 2
        text = text[:start] + text[end:]
        history.write(FOO, text.replace("\t.of_xlate\t\t= acme_of_xlate,\n", ""))

    found = edited(tmp_path, edit)
    assert found.fixed != () and found.skips_added == ()


def test_a_drivers_own_function_of_a_name_that_is_known_is_another(tmp_path: Path) -> None:
    own = "static int iommu_fwspec_init(int id)\n{\n\treturn id > 3 ? 3 : id;\n}\n"

    def edit(history: History) -> None:
        history.write("drivers/misc/acme.c", own)
        history.commit("an own function")
        history.replace("drivers/misc/acme.c", "iommu_fwspec_init", "acme_clamp")

    assert edited(tmp_path, edit).skips_added == ()


def test_a_tree_without_the_edge_says_which_scenario_has_it(story: Told) -> None:
    there = impact(story.range(story.commits[1]))
    assert "--scenario new-probe-path assumes it" in there.base.scenario_note
    assert there.head.scenario_note == ""


def test_a_scenario_is_not_told_of_where_a_range_is_about_something_else(tmp_path: Path) -> None:
    history = History(tmp_path / "linux")
    history.becomes(STORY / STAGES[0])
    history.write("drivers/rtc/rtc-acme.c", "int acme;\n")
    history.commit("before")
    history.write("drivers/rtc/rtc-acme.c", "int acme = 1;\n")
    history.commit("a clock")
    span = open_range(Repository(history.root), "HEAD")
    assert impact(span).head.scenario_note == ""
    assumed = replace(AS_ASKED, scenario="new-probe-path")
    assert impact(span, assumed).head.scenario_note.startswith("Scenario new-probe-path")


def test_a_scenario_is_told_of_where_a_range_edits_what_it_alone_would_run(tmp_path: Path) -> None:
    def edit(history: History) -> None:
        history.becomes(STORY / STAGES[0])
        history.commit("before")
        history.replace("drivers/amba/bus.c", "int ret = 0;", "int ret = -ENODEV;")

    assert "--scenario new-probe-path" in edited(tmp_path, edit).head.scenario_note


def test_a_renamed_driver_keeps_its_findings(tmp_path: Path) -> None:
    def edit(history: History) -> None:
        history.git("mv", FOO, "drivers/iommu/acme-core.c")
        history.replace("drivers/iommu/Makefile", "acme-iommu.o", "acme-core.o")

    found = edited(tmp_path, edit)
    assert (found.introduced, found.fixed) == ((), ())
    assert "drivers/iommu/acme-core.c" in {f.primary.path for f in found.unchanged}


@pytest.fixture
def audits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the trees that are analysed."""
    found: list[str] = []
    monkeypatch.setattr(
        "kscan.outcomes.outcome_of",
        lambda audit, *rest: found.append(audit.tree.name) or outcome_of(audit, *rest),
    )
    return found


def elsewhere(history: History) -> None:
    text = f"int sorted = {len(history.git('log', '--oneline').splitlines())};\n"
    history.write("lib/sort.c", text)


def test_a_change_elsewhere_is_not_analysed_again(tmp_path: Path, audits: list[str]) -> None:
    found = edited(tmp_path, elsewhere)
    assert len(audits) == 1
    assert (found.introduced, found.fixed) == ((), ())
    assert len(found.unchanged) == len(expected(STAGES[1]))


def test_commits_elsewhere_cost_no_analysis_each(tmp_path: Path, audits: list[str]) -> None:
    history = History(tmp_path / "linux")
    history.becomes(STORY / STAGES[1])
    history.commit("before")
    for number in range(5):
        elsewhere(history)
        history.commit(f"lib: change {number}")
    history.becomes(STORY / STAGES[2])
    history.commit("fixed")
    span = open_range(Repository(history.root), "HEAD~6..HEAD")
    found = Diff(span, replace(AS_ASKED, per_commit=True), NullStore(), jobs=1).impact()
    assert [len(share.fixed) > 0 for share in found.commits] == [False] * 5 + [True]
    assert len(audits) == 2


def test_a_commit_near_a_known_one_is_not_analysed(tmp_path: Path, audits: list[str]) -> None:
    history = History(tmp_path / "linux")
    history.becomes(STORY / STAGES[1])
    history.commit("before")
    store = Store(tmp_path / "cache")
    for _ in range(3):
        elsewhere(history)
        history.commit("lib: change")
        found = impact(open_range(Repository(history.root), "HEAD"), AS_ASKED, store)
        assert len(found.unchanged) == len(expected(STAGES[1]))
    assert len(audits) == 1
    history.becomes(STORY / STAGES[2])
    history.commit("fixed")
    found = impact(open_range(Repository(history.root), "HEAD"), AS_ASKED, store)
    assert found.fixed and audits[1:] == ["HEAD"]
    elsewhere(history)
    history.commit("lib: change")
    found = impact(open_range(Repository(history.root), "HEAD"), AS_ASKED, store)
    assert len(found.unchanged) == len(expected(STAGES[2]))
    assert found.fixed == ()


# On the command line


@pytest.fixture
def guarded(story: Told) -> Iterator[Path]:
    """The repository, of which no byte may change."""
    before = prints(story.history.root)
    yield story.history.root
    assert prints(story.history.root) == before


def test_the_first_line_after_the_trees_is_the_reach(story: Told, guarded: Path) -> None:
    done = kscan("diff", "--repo", guarded, story.commits[1])
    assert done.returncode == 1, done.stderr
    headline = next(line for line in done.stdout.splitlines() if line.startswith("+"))
    assert "This range newly runs" in headline and "iommu_device_register()" in headline


def test_the_exit_status_is_that_of_introduced_findings(story: Told, guarded: Path) -> None:
    assert kscan("diff", "--repo", guarded, "HEAD").returncode == 0
    spec = f"{story.commits[0]}..{story.commits[1]}"
    assert kscan("diff", "--repo", guarded, spec, "--fail-on", "never").returncode == 0
    assert kscan("diff", "--repo", guarded, spec, "-f", "json").returncode == 1


def test_json_says_it_all(story: Told, guarded: Path) -> None:
    done = kscan("diff", "--repo", guarded, "--per-commit", f"{story.commits[0]}..", "-f", "json")
    document = json.loads(done.stdout)
    assert document["schema"] == "kscan/impact/1"
    assert [commit["subject"] for commit in document["commits"]] == ["new probe path", "fixed"]
    assert document["reach"]["added"]


def test_per_commit_needs_commits(story: Told, guarded: Path) -> None:
    said = one_line(kscan("diff", "--per-commit", "--repo", guarded, "--worktree"))
    assert "--per-commit: --worktree has no commits in between" in said
    said = one_line(kscan("diff", "--per-commit", STORY / STAGES[0], STORY / STAGES[1]))
    assert "--per-commit: two directories have no commits in between" in said


def test_patches_and_worktrees_and_bad_ranges_leave_the_repository_alone(
    story: Told, guarded: Path, tmp_path: Path
) -> None:
    mail = story.history.git("format-patch", "-1", "--stdout", story.commits[1])
    patch = tmp_path / "new.patch"
    patch.write_text(mail + "\n")
    base = story.commits[0]
    done = kscan("diff", "--repo", guarded, "--patch", patch, "--base", base, "-f", "concise")
    assert done.returncode == 1 and "late-global" in done.stdout
    assert kscan("diff", "--repo", guarded, "--worktree").returncode == 0
    assert kscan("diff", "--repo", guarded, "nothing..HEAD").returncode == 2


def test_directories_need_no_git() -> None:
    done = kscan("diff", STORY / STAGES[0], STORY / STAGES[1], "-f", "concise")
    assert done.returncode == 1 and "late-global" in done.stdout


def test_a_patch_goes_on_a_directory_too(story: Told, tmp_path: Path) -> None:
    mail = story.history.git("format-patch", "-1", "--stdout", story.commits[1])
    patch = tmp_path / "new.patch"
    patch.write_text(mail + "\n")
    plain = sample_trees.materialise(STORY / STAGES[0], tmp_path / "linux")
    done = kscan("diff", "--repo", plain, "--patch", patch, "-f", "concise")
    assert done.returncode == 1 and "late-global" in done.stdout


def test_a_patch_cut_off_between_hunks_is_told_and_fatal_if_strict(
    story: Told, guarded: Path, tmp_path: Path
) -> None:
    mail = story.history.git("format-patch", "-1", "--stdout", story.commits[1])
    patch = tmp_path / "cut.patch"
    patch.write_text(mail[: mail.rindex("\ndiff --git ") + 1])
    asked = ("diff", "--repo", guarded, "--base", story.commits[0], "--patch", patch)
    done = kscan(*asked, "--fail-on", "never")
    assert done.returncode == 0
    assert re.search(r"^newly skipped: drivers/\S+: cut\.patch has \d+ files, ", done.stdout, re.M)
    assert kscan(*asked, "--fail-on", "never", "--strict").returncode == 2


def test_a_patch_that_is_applied_already_says_which_hunk(
    story: Told, guarded: Path, tmp_path: Path
) -> None:
    mail = story.history.git("format-patch", "-1", "--stdout", story.commits[1])
    patch = tmp_path / "new.patch"
    patch.write_text(mail + "\n")
    said = one_line(kscan("diff", "--repo", guarded, "--patch", patch))
    assert "new.patch: Makefile: hunk 1 is in the tree already; --base or --commit" in said
    assert said.rstrip().endswith("(on HEAD)")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give one of RANGE"),
        (["HEAD", "--worktree"], "give one of RANGE"),
        (["a", "b", "c"], "give one of RANGE"),
        (["HEAD", "--base", "HEAD"], "--base is what a --patch goes on"),
        (["HEAD", "--patch", "p.mbox"], "--base HEAD instead of HEAD"),
        (["/", "--patch", "p.mbox"], "--repo / instead of /"),
        (["HEAD~..HEAD", "--patch", "p.mbox"], "give one of RANGE"),
        (["HEAD..nothing"], "nothing"),
        (["old", "new"], "two commits a RANGE: old..new"),
        (["--patch", "gone.patch"], "gone.patch"),
        (["HEAD", "--scenario", "old"], "no scenario 'old'"),
        (["HEAD", "--rule", "old"], "no rule 'old'"),
        (["HEAD", "--config", "gone.toml"], "gone.toml"),
        (["HEAD", "--baseline", "gone.jsonl"], "gone.jsonl"),
        (["--", "--output=x"], "--output=x"),
    ],
)
def test_bad_input_gets_one_line(guarded: Path, arguments: list[str], said: str) -> None:
    assert said in one_line(kscan("diff", "--repo", guarded, *arguments))


def test_a_shallow_clone_names_what_is_missing(story: Told, tmp_path: Path) -> None:
    clone = tmp_path / "shallow"
    url = f"file://{story.history.root}"
    story.history.git("clone", "-q", "--depth=1", url, str(clone))
    said = one_line(kscan("diff", "--repo", clone, "HEAD"))
    assert "shallow" in said and "--deepen" in said


def test_no_repository_is_said(tmp_path: Path) -> None:
    assert str(tmp_path) in one_line(kscan("diff", "--repo", tmp_path, "HEAD"))


# What was accepted


def test_a_baseline_hides_what_stood_and_nothing_new(story: Told, tmp_path: Path) -> None:
    accepted = tmp_path / "accepted.jsonl"
    done = kscan("baseline", STORY / STAGES[1], "-o", accepted)
    assert done.returncode == 0, done.stderr
    spec = f"{story.commits[0]}..{story.commits[1]}"
    done = kscan("diff", "--repo", story.history.root, spec, "--baseline", accepted)
    assert done.returncode == 0, done.stdout
    assert "introduced findings are accepted" in done.stdout
    lines = accepted.read_text().splitlines()
    accepted.write_text("".join(f"{line}\n" for line in lines if "late-global" not in line))
    done = kscan(
        "diff", "--repo", story.history.root, spec, "--baseline", accepted, "-f", "concise"
    )
    assert done.returncode == 1
    assert {line.split(": ")[2] for line in done.stdout.splitlines()} == {"late-global"}


def test_what_repeats_the_answer_gives_the_same(story: Told, tmp_path: Path) -> None:
    accepted, config = tmp_path / "accepted.jsonl", tmp_path / "own.toml"
    kscan("baseline", STORY / STAGES[1], "-o", accepted, "--min-confidence", "high")
    config.write_text('[[suppress]]\nrule = "late-replay"\nreason = "known"\n')
    spec = f"{story.commits[0]}..{story.commits[1]}"
    options = ("--min-confidence", "low", "--baseline", accepted, "--config", config)
    done = kscan("diff", "--repo", story.history.root, spec, *options)
    (said,) = (row for row in done.stdout.splitlines() if row.startswith("reproduce: kscan "))
    again = kscan(*shlex.split(said)[2:])
    assert again.stdout.splitlines()[1:] == done.stdout.splitlines()[1:]


def test_a_change_cannot_accept_its_own_findings(tmp_path: Path) -> None:
    accepts = '[[suppress]]\nrule = "late-global"\nreason = "ours"\n'
    history = History(tmp_path / "linux")
    history.becomes(STORY / STAGES[0])
    history.commit("before")
    history.becomes(STORY / STAGES[1])
    history.write("kscan.toml", accepts)
    history.commit("new probe path")
    done = kscan("diff", "--repo", history.root, "HEAD", "--rule", "late-global")
    assert done.returncode == 1
    config = tmp_path / "mine.toml"
    config.write_text(accepts)
    done = kscan(
        "diff", "--repo", history.root, "HEAD", "--rule", "late-global", "--config", config
    )
    assert done.returncode == 0
    assert "suppressed: " in done.stdout and "ours" in done.stdout


def test_what_a_bound_keeps_from_being_looked_at_is_not_asked_again(
    story: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.hazards.instance.MOST_LATE", 0)
    store, span = Store(tmp_path / "cache"), story.range(story.commits[1])
    first = impact(span, memory=store)
    assert any("are looked at" in skip.reason for skip in first.skips)
    monkeypatch.setattr("kscan.outcomes.outcome_of", lambda *_: pytest.fail("audited again"))
    assert impact(span, memory=store).skips == first.skips


def test_what_a_rule_failed_at_is_asked_again(
    story: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, span = Store(tmp_path / "cache"), story.range(story.commits[1])
    with monkeypatch.context() as patch:
        patch.setattr("kscan.checking.mended", lambda *_: 1 // 0)
        failed = impact(span, memory=store)
    assert any(skip.reason.startswith("no fix for") for skip in failed.skips)
    again, fresh = impact(span, memory=store), impact(span)
    assert (again.introduced, again.skips) == (fresh.introduced, fresh.skips)
