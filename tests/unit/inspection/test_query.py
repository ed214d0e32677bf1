# SPDX-License-Identifier: GPL-2.0-only
"""Queries of the reader's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kscan.inspection import query as module
from kscan.inspection.inspection import Inspection
from kscan.inspection.query import as_text, run
from kscan.model import KscanError

Inspect = Callable[..., Inspection]
CALLS = "(call_expression function: (identifier) @name) @call\n"


@pytest.fixture
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("query") / "calls.scm"
    path.write_text(CALLS)
    return path


def test_captures_come_in_source_order_with_their_text(inspect: Inspect, calls: Path) -> None:
    found = run(inspect(), calls, "drivers/foo/bar.c")
    assert [m["captures"][0]["text"] for m in found["matches"]] == [
        "foo_start_now(foo)", "bar_reset(foo)", "module_init(foo_walk)",
    ]  # fmt: skip
    assert as_text(found).splitlines()[:2] == [
        "drivers/foo/bar.c:4:16: @call: foo_start_now(foo)",
        "drivers/foo/bar.c:4:16: @name: foo_start_now",
    ]
    assert as_text(found).endswith("\n3 matches in 1 of 1 file")


def test_the_text_shown_is_the_source_although_the_dialect_is_searched(
    inspect: Inspect, tmp_path: Path, calls: Path
) -> None:
    loops = calls.with_name("loops.scm")
    loops.write_text("(while_statement) @loop\n")
    files = {
        "drivers/foo/loop.c": "void f(void)\n{\n\tlist_for_each_entry(a, &b, c)\n\t\tg(a);\n}\n"
    }
    found = run(inspect(files), loops, "drivers/foo/loop.c")
    text = found["matches"][0]["captures"][0]["text"]
    assert text.startswith("list_for_each_entry(a, &b, c)")


def test_a_directory_or_the_whole_tree(inspect: Inspect, calls: Path) -> None:
    assert run(inspect(), calls, "drivers/foo")["files"] == 3
    assert run(inspect(), calls, ".")["files"] == 4
    empty = {"drivers/foo/empty.c": "int nothing;\n"}
    found = run(inspect(empty), calls, "drivers/foo")
    assert as_text(found).endswith("\n7 matches in 3 of 4 files")


def test_a_run_with_too_many_matches_says_what_it_left(
    inspect: Inspect, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_MATCHES", 1)
    found = run(inspect(), calls, "drivers")
    assert [s["path"] for s in found["skips"]] == ["drivers/foo/core.c", "drivers/foo/twin.c"]
    assert "skipped: drivers/foo/core.c: not read: too many matches" in as_text(found)


def test_bad_queries_and_places_are_clear_errors(inspect: Inspect, calls: Path) -> None:
    with pytest.raises(KscanError, match="no C file at or below 'sound'"):
        run(inspect(), calls, "sound")
    calls.write_text("(no_such_node) @x")
    with pytest.raises(KscanError, match=r"calls.scm: .*see tree-sitter's query syntax"):
        run(inspect(), calls, ".")
    with pytest.raises(KscanError, match="No such file or directory: give a file with a query"):
        run(inspect(), calls.with_name("none.scm"), ".")
    calls.write_text('((identifier) @x (#looks-like? @x "a"))')
    with pytest.raises(KscanError, match=r"no predicate #looks-like\?: known are #any-eq\?"):
        run(inspect(), calls, ".")
    calls.write_text('((identifier) @x (#match? @x "["))')
    with pytest.raises(KscanError, match="regular expression"):
        run(inspect(), calls, ".")
    calls.write_text("(identifier)")
    with pytest.raises(KscanError, match="the query has no @capture: nothing can be shown"):
        run(inspect(), calls, ".")
    calls.write_text("(" * 100_000)  # or tree-sitter's stack runs over, and kscan is gone
    with pytest.raises(KscanError, match="more than 10,000 nodes: give a smaller query"):
        run(inspect(), calls, ".")
    calls.write_bytes(b"\xff\xfe")
    with pytest.raises(KscanError, match="not UTF-8"):
        run(inspect(), calls, ".")
