# SPDX-License-Identifier: GPL-2.0-only
"""Who calls a function, and what of that stays open."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kscan.inspection.callers import as_text, callers
from kscan.inspection.inspection import Document, Inspection
from kscan.model import KscanError

Inspect = Callable[..., Inspection]


def edges(document: Document) -> list[tuple[str, str, str | None]]:
    return [(c["function"], c["kind"], c["slot"] or c["macro"]) for c in document["callers"]]


def test_a_call_by_name_and_one_through_a_macro(inspect: Inspect) -> None:
    found = callers(inspect(), "foo_generic_start")
    assert edges(found) == [
        ("bar_reset", "direct", "foo_start_now"),
        ("foo_run", "slot", "foo_ops.start"),
    ]
    assert found["macros"] == ["foo_start_now"]
    assert found["tables"] == [
        {
            "slot": "foo_ops.start", "table": "generic_ops",
            "path": "drivers/foo/bar.c", "line": 14,
        }
    ]  # fmt: skip


def test_a_table_that_a_macro_fills_is_told_by_the_line_of_the_macro(inspect: Inspect) -> None:
    files = {
        "include/linux/gen.h": "#define GENERIC_OPS .start = foo_generic_start\n",
        "drivers/foo/gen.c": "#include <linux/foo.h>\n#include <linux/gen.h>\n"
        "static const struct foo_ops gen_ops = {\n\tGENERIC_OPS,\n};\n",
    }
    found = callers(inspect(files), "foo_generic_start")
    assert {
        "slot": "foo_ops.start", "table": "gen_ops", "path": "drivers/foo/gen.c", "line": 4,
    } in found["tables"]  # fmt: skip


def test_who_fills_a_slot_is_called_by_those_who_call_through_it(inspect: Inspect) -> None:
    found = callers(inspect(), "drivers/foo/bar.c:bar_start")
    assert edges(found) == [("foo_run", "slot", "foo_ops.start")]
    assert found["callers"][0]["line"] == 9
    assert found["callers"][0]["source"] == "return foo->ops->start(foo);"


def test_a_static_namesake_is_another_function(inspect: Inspect) -> None:
    assert edges(callers(inspect(), "drivers/foo/twin.c:bar_start")) == [
        ("twin_go", "direct", None)
    ]
    both = callers(inspect(), "bar_start")
    assert [d["path"] for d in both["definitions"]] == ["drivers/foo/bar.c", "drivers/foo/twin.c"]
    assert len(both["callers"]) == 2


def test_a_function_handed_over_is_called_by_who_hands_it_over(inspect: Inspect) -> None:
    assert edges(callers(inspect(), "foo_visit")) == [("foo_walk", "argument", None)]


def test_calls_at_file_scope_and_mentions_that_are_no_calls_are_said(inspect: Inspect) -> None:
    assert callers(inspect(), "foo_walk")["named"] == [
        {"macro": "module_init", "path": "drivers/foo/bar.c", "line": 20}
    ]
    unresolved = callers(inspect(), "foo_generic_start")["unresolved"]
    assert [(u["function"], u["line"], u["why"]) for u in unresolved] == [
        ("bar_is_generic", 18, "not a call")
    ]


def test_a_slot_of_unknown_type_is_matched_by_its_field_with_low_confidence(
    inspect: Inspect,
) -> None:
    files = {
        "drivers/foo/odd.c": """\
        int odd_start(void *unknown)
        {
                return other(unknown)->start(unknown);
        }
        """
    }
    found = callers(inspect(files), "drivers/foo/bar.c:bar_start")
    assert [(c["function"], c["slot"], c["confidence"]) for c in found["callers"]] == [
        ("foo_run", "foo_ops.start", "high"),
        ("odd_start", "?.start", "low"),
    ]


def test_the_search_keeps_to_the_directories_asked_for(inspect: Inspect) -> None:
    files = {"net/user.c": "int user(struct foo *f)\n{\n\treturn foo_generic_start(f);\n}\n"}
    found = callers(inspect(files, under=("net",)), "foo_generic_start")
    assert [c["function"] for c in found["callers"]] == ["user"]


def test_what_is_not_read_is_said(inspect: Inspect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kscan.inspection.inspection.MOST_FILES", 1)
    found = callers(inspect(), "foo_generic_start")
    assert "drivers/foo/bar.c" in found["not_read"]
    assert "narrow the search with --path" in as_text(found)


def test_a_function_nobody_defines_is_a_clear_error(inspect: Inspect) -> None:
    with pytest.raises(KscanError, match=r"no function foo_start_now\(\) is defined here"):
        callers(inspect(), "foo_start_now")
    with pytest.raises(KscanError, match="not a function: give a name, or PATH:NAME"):
        callers(inspect(), "foo run")


def test_text_has_a_line_a_call_and_says_what_is_open(inspect: Inspect) -> None:
    assert as_text(callers(inspect(), "foo_generic_start")).splitlines() == [
        "drivers/foo/core.c:2: foo_generic_start() is called by:",
        "  drivers/foo/bar.c:4: bar_reset -> through foo_start_now()",
        "  drivers/foo/core.c:9: foo_run -[foo_ops.start]->",
        "fills foo_ops.start of generic_ops (drivers/foo/bar.c:14)",
        "named by macros: foo_start_now",
        "not resolved: drivers/foo/bar.c:18: bar_is_generic() names it: not a call",
    ]


def test_names_from_the_tree_cannot_command_the_terminal(inspect: Inspect) -> None:
    document = callers(inspect(), "foo_visit")
    rows = len(as_text(document).splitlines())
    document["callers"][0]["path"] = "a\x1b[2J\n::error::b.c"
    assert "\x1b" not in as_text(document)
    assert len(as_text(document).splitlines()) == rows


HELPER = "static inline int foo_help(struct foo *foo)\n{\n\treturn 0;\n}\n"
HELPED = "int {0}(struct foo *foo)\n{{\n\treturn foo_help(foo);\n}}\n"


def test_an_inline_function_is_found_however_many_files_name_it(
    inspect: Inspect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.inspection.inspection.MOST_FILES", 2)
    include = "#include <linux/help.h>\n"
    users = {f"arch/a{n}.c": include + HELPED.format(f"use_{n}") for n in range(3)}
    inspection = inspect({"include/linux/help.h": HELPER, **users})
    found = callers(inspection, "foo_help")
    assert found["definitions"] == [
        {"function": "foo_help", "path": "include/linux/help.h", "line": 1}
    ]
    assert [c["function"] for c in found["callers"]] == ["use_0"]
    assert found["not_read"] == ["arch/a1.c", "arch/a2.c"]


def test_a_definition_that_was_not_looked_for_everywhere_is_no_macro(
    inspect: Inspect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.inspection.inspection.MOST_FILES", 2)
    users = {f"arch/a{n}.c": HELPED.format(f"use_{n}") for n in range(2)}
    inspection = inspect({**users, "drivers/foo/help.c": HELPER})
    with pytest.raises(KscanError, match=r"foo_help\(\) not found in the first 2 of 3 files"):
        callers(inspection, "foo_help")
    assert edges(callers(inspect(), "drivers/foo/help.c:foo_help")) == []


def test_a_path_limits_callers_and_not_definitions(
    inspect: Inspect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.inspection.inspection.MOST_FILES", 2)
    include = "#include <linux/help.h>\n"
    files = {
        "include/linux/help.h": HELPER + HELPED.format("beside"),
        "arch/a.c": include + HELPED.format("use_a"),
        "sound/b.c": include + HELPED.format("use_b"),
    }
    found = callers(inspect(files, under=("sound",)), "foo_help")
    assert [d["path"] for d in found["definitions"]] == ["include/linux/help.h"]
    assert [c["function"] for c in found["callers"]] == ["use_b"]
    assert found["not_read"] == []


def test_a_file_that_is_not_there_is_said(inspect: Inspect) -> None:
    with pytest.raises(KscanError, match=r"no file nofile\.c: give a path below its top"):
        callers(inspect(), "nofile.c:foo_run")


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("foo_generic_strat", r"did you mean foo_generic_start\? \(not every static"),
        ("drivers/foo/bar.c:bar_strat", r"bar\.c: no function .* did you mean bar_start\?$"),
        ("bar_strat", r"did you mean bar_start\? \(not every static"),
        ("strat_bar", r"is it a macro\?$"),
        ("drivers/fooo/bar.c:bar_start", r"no file .* did you mean drivers/foo/bar\.c\?$"),
        ("twin.c:bar_start", r"no file twin\.c: did you mean drivers/foo/twin\.c\?$"),
    ],
)
def test_a_slip_is_told_what_may_be_meant(inspect: Inspect, slip: str, meant: str) -> None:
    with pytest.raises(KscanError, match=meant):
        callers(inspect(), slip)


@pytest.mark.parametrize("before", ["", "static "])
def test_a_slip_is_not_told_a_name_that_only_a_tool_has(inspect: Inspect, before: str) -> None:
    files = {"tools/tool.c": f"{before}int tool_measure(void)\n{{\n\treturn 0;\n}}\n"}
    with pytest.raises(KscanError, match="is it a macro"):
        callers(inspect(files), "tool_mesure")


def test_the_callers_of_several_stand_below_one_heading(inspect: Inspect) -> None:
    twin = "static int twin(void)\n{{\n\treturn 0;\n}}\nint {0}(void)\n{{\n\treturn twin();\n}}\n"
    files = {f"sound/{name}.c": twin.format(f"use_{name}") for name in "ab"}
    assert as_text(callers(inspect(files), "twin")).splitlines() == [
        "sound/a.c:1: twin()",
        "sound/b.c:1: twin()",
        "these 2 are called by (PATH:twin asks for one alone):",
        "  sound/a.c:7: use_a ->",
        "  sound/b.c:7: use_b ->",
    ]
