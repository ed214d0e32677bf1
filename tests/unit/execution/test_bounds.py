# SPDX-License-Identifier: GPL-2.0-only
"""An execution that gives up at a bound says so, of the function that was not looked through."""

from __future__ import annotations

import pytest
import trees

from kscan.execution.execute import MOST_STEPS, Execution
from kscan.execution.frame import MOST_NESTED
from kscan.execution.world import World
from kscan.flow.depth import DEPTH, TOO_DEEP
from kscan.flow.ownership import Lifetimes
from kscan.flow.places import Place
from kscan.flow.writes import MOST_EXPANSIONS, MOST_WRITES, Write, Writes
from kscan.kernel.catalogue import catalogue
from kscan.program.program import Program

LATE = Place("global", "a.c", "late")
HEAD = "static int *late;\n"


def executed(text: str) -> tuple[bool, list[str]]:
    """Whether `f` is seen to dereference `late`, and what was not followed."""
    made = trees.program({"a.c": HEAD + text})
    execution = Execution(made, World(catalogue().functions, frozenset({LATE})))
    execution.run(trees.function(made, "f"))
    return bool(execution.events), told(made)


def told(made: Program) -> list[str]:
    """What `made` has of skips, all of one file."""
    assert {skip.path for skip in made.cut_short} <= {"a.c"}
    return sorted(skip.reason for skip in made.cut_short)


def nested_calls(number: int) -> str:
    """`f`, and below it a `number` of calls, the innermost of which reads."""
    calls = "".join(f"static int g{n}(void) {{ return g{n + 1}(); }}\n" for n in range(1, number))
    last = f"static int g{number}(void) {{ return *late; }}\n"
    return f"{last}{calls}int f(void) {{ return g1(); }}\n"


def nested_macros(number: int) -> str:
    """`f`, and in it a macro that stands for a `number` of others, the last of which reads."""
    macros = "".join(f"#define M{n}(x) M{n + 1}(x)\n" for n in range(1, number))
    return f"{macros}#define M{number}(x) (*late + (x))\nint f(void) {{ return M1(1); }}\n"


def nested_names(number: int) -> str:
    """The same of macros without arguments."""
    macros = "".join(f"#define m{n} m{n + 1}\n" for n in range(1, number))
    return f"{macros}#define m{number} (*late)\nint f(void) {{ return m1; }}\n"


def branches(number: int) -> str:
    """`f`, which reads after a `number` of branches."""
    tests = "".join(f"if (a == {n}) b = {n};\n" for n in range(number))
    return f"int f(int a, int b) {{ {tests} return *late; }}\n"


@pytest.mark.parametrize(
    ("made", "most", "why"),
    [
        (nested_calls, DEPTH, "calls nested more than 24 deep below it are not followed"),
        (nested_macros, MOST_NESTED, "macros nested more than 12 deep are not expanded"),
        (nested_names, MOST_NESTED, "macros nested more than 12 deep are not expanded"),
        (branches, MOST_STEPS // 2 - 1, "executing it ends after 6,000 statements"),
    ],
)
def test_what_lies_beyond_a_bound_is_told(made, most, why) -> None:
    assert executed(made(most)) == (True, [])
    assert executed(made(most + 1)) == (False, [f"f(): {why}"])


def test_one_execution_ends_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "static int g(int a) { return a + *late; }\nint f(int a) { return g(a + a + a); }\n"
    assert executed(text) == (True, [])
    monkeypatch.setattr("kscan.execution.frame.MOST_VALUES", 8)
    assert executed(text) == (False, ["f(): executing it ends after 100,000 expressions"])


def test_functions_that_call_each_other_are_followed_to_the_end() -> None:
    text = nested_calls(3).replace("*late", "*late + g1()")
    assert executed(text) == (True, [])


def written(text: str) -> tuple[tuple[Write, ...], list[str]]:
    """What `f` writes, and what was not looked into."""
    made = trees.program({"a.c": HEAD + text})
    found = Writes(made, catalogue(), lambda _path: True).of(trees.function(made, "f"))
    return found, told(made)


def test_a_write_too_deep_to_be_seen_is_told() -> None:
    for number, writes, reasons in ((DEPTH, 1, []), (DEPTH + 1, 0, [f"f(): {TOO_DEEP}"])):
        found, skips = written(nested_calls(number).replace("return *late", "late = 1"))
        assert (len(found), skips) == (writes, reasons)


def test_writers_that_call_each_other_are_followed_to_the_end() -> None:
    text = nested_calls(3).replace("return *late", "late = 1; return g1()")
    assert [len(written(text)[0]), *written(text)[1]] == [1]


def test_writes_that_double_with_each_call_are_told_up_to_a_number() -> None:
    calls = "".join(f"void g{n}(void) {{ g{n + 1}(); g{n + 1}(); }}\n" for n in range(13))
    found, reasons = written(f"void g13(void) {{ late = 1; }}\n{calls}void f(void) {{ g0(); }}\n")
    assert len(found) == MOST_WRITES
    assert f"f(): of what it writes only the first {MOST_WRITES:,} are told" in reasons


def test_an_object_acquired_too_deep_to_be_followed_is_told() -> None:
    for number, owned, reasons in ((DEPTH, 1, []), (DEPTH + 1, 0, [f"g{DEPTH}(): {TOO_DEEP}"])):
        text = nested_calls(number).replace("static int g", "static int *g")
        made = trees.program(
            {"a.c": text.replace("*late", "kzalloc(4)").replace("int f", "int *f")}
        )
        lifetimes = Lifetimes(made, catalogue().functions, lambda _path: True)
        assert len(lifetimes.of(trees.function(made, "f"))) == owned
        assert told(made) == reasons


def test_macro_calls_of_which_there_are_too_many_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "#define SET(x) (late = (x))\nint f(int *a) { SET(a); SET(a); return 0; }\n"
    for most, reasons in ((3, 0), (2, 1)):
        monkeypatch.setattr("kscan.flow.writes.MOST_EXPANSIONS", most)
        made = trees.program({"a.c": HEAD + text})
        Writes(made, catalogue(), lambda _path: True).of(trees.function(made, "f"))
        assert (
            told(made)
            == [f"f(): of its macro calls only the first {MOST_EXPANSIONS:,} are looked into"]
            * reasons
        )
