# SPDX-License-Identifier: GPL-2.0-only
"""Ways from one function to another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sample_trees

from kscan.facts.store import NullStore
from kscan.inspection import Document, Inspection
from kscan.inspection import paths as module
from kscan.inspection.paths import as_text, paths
from kscan.source.open import open_tree

Inspect = Callable[..., Inspection]


def ways(document: Document) -> list[list[tuple[str, str, str]]]:
    return [
        [(e["from"], e["slot"] or e["kind"], e["to"]) for e in way] for way in document["paths"]
    ]


def test_a_way_of_calls_a_slot_and_a_function_handed_over(inspect: Inspect) -> None:
    assert ways(paths(inspect(), "foo_run", "bar_reset")) == [
        [("foo_run", "foo_ops.start", "bar_start"), ("bar_start", "direct", "bar_reset")]
    ]
    assert ways(paths(inspect(), "foo_walk", "foo_visit")) == [
        [("foo_walk", "argument", "foo_visit")]
    ]


def test_longer_ways_are_found_when_asked_for(inspect: Inspect) -> None:
    assert ways(paths(inspect(), "foo_run", "foo_generic_start")) == [
        [("foo_run", "foo_ops.start", "foo_generic_start")]
    ]
    assert ways(paths(inspect(), "foo_run", "foo_generic_start", further=True))[1] == [
        ("foo_run", "foo_ops.start", "bar_start"),
        ("bar_start", "direct", "bar_reset"),
        ("bar_reset", "direct", "foo_generic_start"),
    ]


def test_two_slots_on_one_way(inspect: Inspect) -> None:
    files = {
        "drivers/foo/two.c": """\
        #include <linux/foo.h>
        static void two_done(struct foo *foo)
        {
                two_end(foo);
        }
        static int two_start(struct foo *foo)
        {
                foo->done(foo);
                return 0;
        }
        static const struct foo_ops two_ops = {
                .start = two_start,
        };
        static struct foo two = { .ops = &two_ops, .done = two_done };
        void two_end(struct foo *foo)
        {
        }
        """
    }
    assert ways(paths(inspect(files), "foo_run", "two_end")) == [
        [
            ("foo_run", "foo_ops.start", "two_start"),
            ("two_start", "foo.done", "two_done"),
            ("two_done", "direct", "two_end"),
        ]
    ]


def test_no_way_says_what_was_walked(inspect: Inspect) -> None:
    found = paths(inspect(), "foo_visit", "foo_run")
    assert found["paths"] == []
    text = as_text(found)
    assert "foo_visit() leads to foo_run() by no way that kscan sees" in text
    assert "not resolved: 1 name, such as foo_missing" in text


def test_the_stop_list_is_honoured_and_said(inspect: Inspect) -> None:
    files = {
        "drivers/foo/log.c": """\
        #include <linux/foo.h>
        int dev_printk(struct foo *foo)
        {
                return foo_run(foo);
        }
        int log_it(struct foo *foo)
        {
                return dev_printk(foo);
        }
        """
    }
    assert paths(inspect(files), "log_it", "foo_run")["paths"] == []
    stopped = paths(inspect(files), "log_it", "dev_printk")
    assert ways(stopped) == [[("log_it", "direct", "dev_printk")]]
    assert "dev_printk is on the stop list (logging" in as_text(stopped)


def test_a_search_that_gives_up_says_so(inspect: Inspect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LEVELS", 1)
    found = paths(inspect(), "foo_run", "bar_reset", further=True)
    assert not found["complete"]
    assert "the walk gave up" in as_text(found)


@pytest.fixture(scope="module")
def before() -> Inspection:
    tree = sample_trees.SAMPLE_TREES / "probe-path" / "0-before"
    return Inspection(open_tree(Path(tree)), NullStore())


def test_a_scenario_is_assumed_and_marked(before: Inspection) -> None:
    found = paths(before, "iommu_device_register", "of_dma_configure")
    assert found["scenario"] == "new-probe-path"
    assert any(edge["kind"] == "assumed" for edge in found["paths"][0])
    assert "edges marked assumed are not in this tree" in as_text(found)


def test_as_it_stands_the_scenario_is_left_out(before: Inspection) -> None:
    found = paths(before, "iommu_device_register", "of_dma_configure", as_is=True)
    assert (found["paths"], found["scenario"]) == ([], None)
