# SPDX-License-Identifier: GPL-2.0-only
"""What is read in one file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kscan.inspection.facts import as_text, facts
from kscan.inspection.inspection import Inspection
from kscan.model import KscanError

Inspect = Callable[..., Inspection]


def test_facts_are_objects_with_named_fields(inspect: Inspect) -> None:
    found = facts(inspect(), "drivers/foo/bar.c")
    assert found["schema"] == "kscan/facts/1"
    assert [f["name"] for f in found["functions"]] == ["bar_reset", "bar_start", "bar_is_generic"]
    assert found["slots"][0] == {
        "owner": "struct foo_ops", "variable": "bar_ops", "fields": ["start"],
        "values": ["bar_start"], "line": 11, "inner": "",
    }  # fmt: skip
    assert found["errors"] == []


def test_text_is_in_source_order_and_ends_with_a_count(inspect: Inspect) -> None:
    rows = as_text(inspect(), "drivers/foo/bar.c").splitlines()
    assert "     2  static int bar_reset(struct foo * foo)" in rows
    assert "    11  bar_ops.start = bar_start" in rows
    assert rows[-1].endswith(
        "3 functions, 0 with a parse error, 2 table entries, 2 objects, 0 structs"
    )
    lines = [int(row[:6]) for row in rows if row[:6].strip().isdigit()]
    assert lines == sorted(lines)


def test_macros_in_tables_are_told_with_their_arguments(inspect: Inspect) -> None:
    table = "static const struct foo_ops odd_ops = {\n\tFOO_OPS(odd)\n\tFOO_MORE,\n"
    files = {"drivers/foo/odd.c": f"{table}\t.start = FOO_START(odd, 1),\n}};\n"}
    rows = as_text(inspect(files), "drivers/foo/odd.c").splitlines()
    assert "     2  odd_ops: FOO_OPS(odd)" in rows
    assert "     3  odd_ops: FOO_MORE" in rows
    assert "     4  odd_ops.start = FOO_START(odd, 1)" in rows
    found = facts(inspect(files), "drivers/foo/odd.c")["invocations"]
    assert [(i["macro"], i["arguments"], i["whole"]) for i in found] == [
        ("FOO_OPS", ["odd"], False),
        ("FOO_MORE", None, False),
        ("FOO_START", ["odd", "1"], True),
    ]


def test_an_entry_that_names_neither_function_nor_table_is_shown_as_such(inspect: Inspect) -> None:
    table = "static struct foo odd;\nvoid odd_init(struct bar *bar)\n{\n\todd.bar = &bar->foo;\n}\n"
    rows = as_text(inspect({"drivers/foo/odd.c": table}), "drivers/foo/odd.c").splitlines()
    assert not [row for row in rows if row.endswith(" = ")]
    assert "     4  odd.bar = …" in rows


def test_what_is_not_understood_is_said(inspect: Inspect) -> None:
    files = {"drivers/foo/odd.c": "int odd(void)\n{\n\treturn 1 +;\n}\n"}
    found = facts(inspect(files), "drivers/foo/odd.c")
    assert found["functions"][0]["broken"]
    assert [error["line"] for error in found["errors"]] == [3]
    assert "not read: line 3: not understood" in as_text(inspect(files), "drivers/foo/odd.c")


def test_a_file_that_is_not_there_is_a_clear_error(inspect: Inspect) -> None:
    with pytest.raises(KscanError, match=r"no file drivers/none\.c: give a path below its top"):
        facts(inspect(), "drivers/none.c")
