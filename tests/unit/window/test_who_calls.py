# SPDX-License-Identifier: GPL-2.0-only
"""Who calls a function: by its name, or as the one that fills a member of its driver's struct."""

from __future__ import annotations

import pytest
import trees

from kscan.window.callers import MOST_FILES, Callers

FILES = {
    "include/linux/soc.h": "struct common { int (*bind)(int x); };",
    "drivers/a/a.h": "struct soc { int (*bring_up)(int x); int (*go)(int x); };",
    "drivers/a/core.c": """
        #include <linux/soc.h>
        #include "a.h"
        static int first(struct soc *soc) { return soc->bring_up(1); }
        static int second(const struct soc *soc) { return (*soc->bring_up)(2); }
        static int third(struct soc *soc) { return soc->go(3); }
        static int fourth(struct common *common) { return common->bind(4); }
        """,
    "drivers/a/one.c": """
        #include <linux/soc.h>
        #include "a.h"
        static int one_bring_up(int x) { return x; }
        static int one_go(int x) { return x; }
        static int one_bind(int x) { return one_go(x); }
        const struct soc one = { .bring_up = one_bring_up, .go = one_go };
        const struct common one_common = { .bind = one_bind };
        """,
    "drivers/a/two.c": """
        #include "a.h"
        static int two_go(int x) { return x; }
        const struct soc two = { .go = two_go };
        """,
}


@pytest.mark.parametrize(
    ("name", "callers"),
    [
        ("one_bring_up", ["first", "second"]),
        # two fill this one: which of them runs is not known
        ("one_go", ["one_bind"]),
        # a struct that the kernel has for all drivers
        ("one_bind", []),
    ],
)
def test_who_calls_a_function(name: str, callers: list[str]) -> None:
    made = trees.program(FILES)
    found = Callers(made)
    target = trees.function(made, name, "drivers/a/one.c")
    assert [caller.name for caller, _ in found.of(target)] == callers
    assert [caller.name for caller, _ in found.first_of(target)] == callers


LIBRARY = {
    "drivers/lib/lib.h": "struct hook { int (*start)(int x); };",
    "drivers/lib/lib.c": """
        #include "lib.h"
        int start(int x) { return x; }
        static int calls_hook(const struct hook *hook) { return hook->start(1); }
        """,
    "drivers/lib/caller.c": "int start(int x); int calls(int x) { return start(x); }",
}


def _storing(number: int) -> dict[str, str]:
    text = '#include "lib.h"\nint start(int x);\nconst struct hook hook{n} = {{ .start = start }};'
    return {f"drivers/lib/user{n}.c": text.format(n=n) for n in range(number)}


def test_a_file_that_only_stores_a_function_is_not_read_for_calls() -> None:
    made = trees.program({"a/user.c": "long x = 1; struct s t = { .start = start, };", **LIBRARY})
    target = trees.function(made, "start", "drivers/lib/lib.c")
    caller, _ = next(Callers(made).of(target))
    assert caller.name == "calls"
    assert "a/user.c" not in made.reader.units


@pytest.mark.parametrize(
    ("storing", "callers"),
    [(MOST_FILES - 2, ["calls", "calls_hook"]), (MOST_FILES - 1, ["calls"])],
)
def test_a_function_that_many_files_name_is_not_looked_for_in_their_tables(
    storing: int, callers: list[str]
) -> None:
    made = trees.program({**LIBRARY, **_storing(storing)})
    found = Callers(made)
    target = trees.function(made, "start", "drivers/lib/lib.c")
    assert found.is_in_many_files(target) == (len(callers) == 1)
    assert [caller.name for caller, _ in found.of(target)] == callers
    assert len(found.holding(target)) == (1 if len(callers) == 1 else MOST_FILES)
