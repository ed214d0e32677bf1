# SPDX-License-Identifier: GPL-2.0-only
"""What one program knows, taken over by the next: never what the change made untrue."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from kscan.facts import extract
from kscan.facts.reader import Reader
from kscan.facts.store import NullStore
from kscan.program.calls import call_sites
from kscan.program.filled import slot_facts
from kscan.program.program import Program
from kscan.program.succession import succession, take_over
from kscan.source.directory import DirectoryTree
from kscan.source.patched import PatchedTree

FILES = {
    "include/linux/ops.h": """\
        struct foo_ops { int (*run)(int n); };
        struct foo { const struct foo_ops *ops; };
        struct foo *foo_find(int n);
        static inline int foo_double(int n) { return n + n; }
        #define FOO_OPS(name) .run = name
        """,
    "core.c": """\
        #include <linux/ops.h>
        struct foo *foo_find(int n)
        {
            return n ? foo_first() : NULL;
        }
        static int helper(void)
        {
            return 1;
        }
        """,
    "user.c": """\
        #include <linux/ops.h>
        int user(int n)
        {
            struct foo *foo = foo_find(n);
            return foo->ops->run(foo_double(n)) + plain(n) + helper();
        }
        const struct foo_ops user_ops = { FOO_OPS(user) };
        """,
    "plain.c": "int plain(int n)\n{\n    return n;\n}\n",
}


@pytest.fixture
def base(tmp_path: Path) -> DirectoryTree:
    for path, text in FILES.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
    return DirectoryTree(tmp_path)


def program(tree: DirectoryTree | PatchedTree) -> Program:
    return Program(Reader(tree, NullStore()))


def succeeding(earlier: Program, tree: PatchedTree) -> Program:
    """A program of `tree` that took over what `earlier`, of the tree below, knows."""
    heir = program(tree)
    between = succession(earlier, tree.base, tree, tree.changes.keys(), NullStore())
    take_over(heir, between)
    return heir


def everything(known: Program) -> list[object]:
    """What is asked of a program about the user."""
    names = ("foo_find", "foo_double", "plain", "helper", "foo_first", "user")
    (user,) = known.resolve("user", "user.c")
    return [
        [[(f.path, f.line, f.fact) for f in known.resolve(name, "user.c")] for name in names],
        call_sites(known, user),
        [known.record(tag, "user.c") for tag in ("foo", "foo_ops")],
        [known.prototype(name, "user.c") for name in names],
        [known.variable("limit", path) for path in FILES],
        [known.macro("TWICE", path) for path in FILES],
        [known.body(f) for path in FILES for f in known.functions_in(path)],
        [slot_facts(known, path) for path in FILES],
        [known.headers.closure(path) for path in FILES],
    ]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"plain.c": "int plain(int n)\n{\n    return n + 1;\n}\n"},
        {"plain.c": "\n\nstruct foo *plain(int n)\n{\n    return 0;\n}\n"},
        {"plain.c": "static int plain(int n)\n{\n    return n;\n}\n"},
        {"plain.c": "int other(int n)\n{\n    return n;\n}\n"},
        {"plain.c": "int helper(void)\n{\n    return 2;\n}\n"},
        {"plain.c": None},
        {"more.c": "struct foo *foo_first(void)\n{\n    return 0;\n}\n"},
        {"core.c": FILES["core.c"].replace("static int helper", "int helper")},
        {"core.c": '#define TWICE(x) (x)\n#include "plain.c"\nint limit;\n'},
        {"user.c": FILES["user.c"].replace("linux/ops.h", "linux/other.h")},
        {"user.c": FILES["user.c"] + "int limit;\n"},
        {"include/linux/ops.h": FILES["include/linux/ops.h"].replace("n + n", "2 * n")},
        {"include/linux/ops.h": FILES["include/linux/ops.h"].replace("(*run)", "(*walk)")},
        {"include/linux/ops.h": FILES["include/linux/ops.h"].replace(".run =", ".walk =")},
        {"include/linux/ops.h": None},
        {"include/uapi/linux/ops.h": "#define TWICE(x) (x)\n"},
    ],
)  # fmt: skip
def test_it_answers_as_a_program_that_took_nothing_over(
    base: DirectoryTree, change: dict[str, str | None]
) -> None:
    changes = {p: None if text is None else dedent(text).encode() for p, text in change.items()}
    fresh = everything(program(PatchedTree(base, changes)))
    earlier = program(base)
    before = everything(earlier)
    heir = succeeding(earlier, PatchedTree(base, changes))
    assert everything(heir) == fresh
    assert everything(program(base)) == before


def test_a_file_that_others_include_counts_as_a_header(base: DirectoryTree) -> None:
    (base.root / "user.c").write_text('#include "plain.c"\nint user(int n) { return TWICE(n); }\n')
    base = DirectoryTree(base.root)
    earlier = program(base)
    everything(earlier)
    changed = PatchedTree(base, {"plain.c": b"#define TWICE(x) more(x)\nint limit;\n"})
    heir = succeeding(earlier, changed)
    assert everything(heir) == everything(program(changed))


def test_what_is_unchanged_is_not_read_again(
    base: DirectoryTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier, parsed = program(base), list[bytes]()
    everything(earlier)
    unit_of = extract.unit_of
    monkeypatch.setattr(
        extract, "unit_of", lambda source, *text: parsed.append(source) or unit_of(source, *text)
    )
    changed = PatchedTree(base, {"plain.c": b"int plain(int n)\n{\n return 2;\n}\n"})
    heir = succeeding(earlier, changed)
    everything(heir)
    assert {source[:9] for source in parsed} == {b"int plain"}
