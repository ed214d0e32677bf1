# SPDX-License-Identifier: GPL-2.0-only
"""What a function calls, resolved."""

from __future__ import annotations

from collections.abc import Callable

from kscan.inspection.callees import as_text, callees
from kscan.inspection.inspection import Document, Inspection

Inspect = Callable[..., Inspection]


def rows(document: Document) -> list[tuple[str, str, list[str]]]:
    return [
        (row["kind"], row["slot"] or row["name"], [t["function"] for t in row["targets"]])
        for function in document["functions"]
        for row in function["callees"]
    ]


def test_names_are_resolved_and_slots_to_those_who_fill_them(inspect: Inspect) -> None:
    assert rows(callees(inspect(), "foo_run")) == [
        ("direct", "printk", []),
        ("slot", "foo_ops.start", ["bar_start", "foo_generic_start"]),
    ]


def test_a_macro_is_a_macro_and_its_expansion_is_followed(inspect: Inspect) -> None:
    found = callees(inspect(), "bar_reset")
    assert rows(found) == [
        ("direct", "foo_start_now", []),
        ("direct", "foo_generic_start", ["foo_generic_start"]),
    ]
    assert [row["macro"] for row in found["functions"][0]["callees"]] == [True, False]


def test_a_function_handed_over_is_an_edge(inspect: Inspect) -> None:
    assert ("argument", "foo_visit", ["foo_visit"]) in rows(callees(inspect(), "foo_walk"))


def test_what_is_not_resolved_and_what_a_walk_does_not_enter_is_said(inspect: Inspect) -> None:
    assert "not resolved: no definition of foo_missing" in as_text(callees(inspect(), "foo_visit"))
    text = as_text(callees(inspect(), "foo_run"))
    assert "not entered, logging never calls a driver back: printk" in text
    files = {
        "drivers/foo/stop.c": """\
        #include <linux/foo.h>
        void stop_it(struct foo *foo)
        {
                foo->ops->stop(foo);
        }
        """
    }
    stopping = as_text(callees(inspect(files), "stop_it"))
    assert "not resolved: nobody seen to fill foo_ops.stop" in stopping


def test_every_definition_of_a_name_is_shown(inspect: Inspect) -> None:
    found = callees(inspect(), "bar_start")
    assert [f["path"] for f in found["functions"]] == ["drivers/foo/bar.c", "drivers/foo/twin.c"]
