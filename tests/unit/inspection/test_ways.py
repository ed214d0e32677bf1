# SPDX-License-Identifier: GPL-2.0-only
"""Ways from one function to another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sample_trees

from kscan.facts.store import NullStore
from kscan.inspection import paths as module
from kscan.inspection.inspection import Document, Inspection
from kscan.inspection.paths import as_text, paths
from kscan.model import KscanError
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


def test_a_function_is_no_way_from_itself(inspect: Inspect) -> None:
    with pytest.raises(KscanError, match=r"foo_run\(\) is both ends: kscan callers .*foo_run says"):
        paths(inspect(), "foo_run", "drivers/foo/core.c:foo_run")


def test_one_of_two_that_share_a_name_leads_to_the_other(inspect: Inspect) -> None:
    files = {
        "drivers/foo/first.c": """\
        int foo_visit_all(void);
        static int foo_same(void)
        {
                return foo_visit_all();
        }
        """,
        "drivers/foo/last.c": """\
        static int foo_same(void)
        {
                return 0;
        }
        int foo_visit_all(void)
        {
                return foo_same();
        }
        """,
    }
    found = paths(inspect(files), "foo_same", "drivers/foo/last.c:foo_same")
    assert [place["path"] for place in found["from"]] == ["drivers/foo/first.c"]
    assert ways(found)[0][0] == ("foo_same", "direct", "foo_visit_all")


def test_a_search_that_gives_up_says_so(inspect: Inspect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LEVELS", 1)
    found = paths(inspect(), "foo_run", "bar_reset", further=True)
    assert not found["complete"]
    assert as_text(found).startswith("the walk gave up")


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


RIVAL = {
    "include/linux/bus.h": """\
        struct bus_ops {
                int (*configure)(struct foo *foo);
        };
        """,
    "drivers/foo/core.c": """\
        #include <linux/foo.h>
        #include <linux/bus.h>
        int foo_run(struct foo *foo, const struct bus_ops *bus)
        {
                bus->configure(foo);
                return foo->ops->start(foo);
        }
        int foo_last(struct foo *foo)
        {
                return foo->ops->stop(foo);
        }
        """,
    "drivers/foo/rival.c": """\
        #include <linux/foo.h>
        static int rival_start(struct foo *foo)
        {
                return foo->ops->stop(foo);
        }
        static const struct foo_ops rival_ops = {
                .start = rival_start,
        };
        """,
    "drivers/foo/mine.c": """\
        #include <linux/foo.h>
        static void mine_stop(struct foo *foo)
        {
        }
        static const struct foo_ops mine_ops = {
                .stop = mine_stop,
        };
        """,
    "drivers/base/plain.c": """\
        #include <linux/foo.h>
        #include <linux/bus.h>
        static int plain_late(struct foo *foo)
        {
                return foo_last(foo);
        }
        static int plain_configure(struct foo *foo)
        {
                return plain_late(foo);
        }
        static const struct bus_ops plain_ops = {
                .configure = plain_configure,
        };
        """,
}
FOREIGN_BUS = """\
        #include <linux/foo.h>
        #include <linux/bus.h>
        static int far_configure(struct foo *foo)
        {
                return foo_last(foo);
        }
        static const struct bus_ops far_ops = {
                .configure = far_configure,
        };
        """


def test_a_way_through_another_driver_is_the_last_resort(inspect: Inspect) -> None:
    core = ["plain_configure", "plain_late", "foo_last", "mine_stop"]
    (found,) = ways(paths(inspect(RIVAL), "foo_run", "mine_stop"))
    assert [to for _, _, to in found] == core
    every = ways(paths(inspect(RIVAL), "foo_run", "mine_stop", further=True))
    assert [[to for _, _, to in way] for way in every] == [core, ["rival_start", "mine_stop"]]
    alone = {name: text for name, text in RIVAL.items() if "base" not in name}
    inspection = inspect(alone | {"drivers/base/plain.c": ""})
    assert len(ways(paths(inspection, "foo_run", "mine_stop"))[0]) == 2


def test_a_way_that_stays_in_the_core_goes_first(inspect: Inspect) -> None:
    (found,) = ways(
        paths(inspect(RIVAL | {"drivers/far/bus.c": FOREIGN_BUS}), "foo_run", "foo_last")
    )
    assert found[0][2] == "plain_configure"
