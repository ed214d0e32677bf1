# SPDX-License-Identifier: GPL-2.0-only
"""What two readers of one tree, in two processes, know of each other's work."""

from __future__ import annotations

import pytest
from trees import MemoryTree

from kscan.facts.reader import MOST_LINED, Reader
from kscan.facts.store import NullStore

FILES = {"a.c": "int a(void)\n{\n}\n", "b.c": "int b(void)\n{\n}\n", "c.c": "int c(void)\n{\n}\n"}


class Store(dict):
    """A store that two readers share."""

    def get_many(self, keys):
        return {key: self[key] for key in keys if key in self}

    def put_many(self, values):
        self.update(values)


class TornTree(MemoryTree):
    """One with a file that cannot be read."""

    def exists(self, path: str) -> bool:
        return path == "torn.c" or super().exists(path)


def test_a_reader_takes_what_another_has_read():
    mine, theirs = Reader(TornTree(FILES), Store()), Reader(TornTree(FILES), Store())
    mine.load(["a.c"])
    theirs.load(["a.c", "b.c", "torn.c", "gone.c"])
    mine.take(theirs.beyond({"a.c"}))
    assert {path: [f.name for f in unit.functions] for path, unit in mine.units.items()} == {
        "a.c": ["a"], "b.c": ["b"], "torn.c": [], "gone.c": [],
    }  # fmt: skip
    assert list(mine.skipped) == ["torn.c"]


def test_what_the_other_has_parsed_was_not_in_the_store_before():
    store = Store()
    Reader(MemoryTree(FILES), store).load(["c.c"])
    mine, theirs = Reader(MemoryTree(FILES), store), Reader(MemoryTree(FILES), store)
    mine.load(["a.c"])
    theirs.load(["b.c"])
    mine.load(["b.c", "c.c"])
    theirs.load(["a.c", "c.c"])
    mine.take(theirs.beyond(()))
    assert mine.stored == {"c.c"}


def test_a_file_that_is_no_text_is_a_skip():
    reader = Reader(MemoryTree({**FILES, "object.c": "int o(void)\n{\n}\n\0"}), NullStore())
    reader.load(["a.c", "object.c"])
    assert [(skip.path, skip.reason) for skip in reader.skips] == [
        ("object.c", "a NUL byte in it: no text")
    ]
    assert not reader.unit("object.c").functions


NAMING = """\
int dev;
int a(int dev) { return dev; }
#ifdef B
int b(void) { return dev; }
#else
int b(void) { return 0; }
#endif
/* dev */ int c(void) { return device; }
int d(void) { return 0; }
int dev_e(void) { return 1; }
int de"""


@pytest.mark.parametrize("word", [b"dev", b"return", b"0", b"int b", b"}\n#", b"nowhere", b"de"])
def test_functions_are_found_in_one_search_as_they_are_one_by_one(word: bytes) -> None:
    reader = Reader(MemoryTree({"a.c": NAMING}), NullStore())
    functions = reader.unit("a.c").functions
    asked = [number for number, f in enumerate(functions) if reader.contains("a.c", f, word)]
    assert list(reader.containing("a.c", word)) == asked
    assert list(reader.containing("gone.c", word)) == []


def test_lines_and_columns_are_those_of_the_source() -> None:
    files = {f"{n}.c": "\n" * n + "x\r\n\tint y;\n\n" for n in range(2 * MOST_LINED)}
    reader = Reader(MemoryTree(files), NullStore())
    for path in files:
        text = reader.tree.read(path).decode()
        rows = text.split("\n")
        for offset in range(len(text) + 1):
            row = text.count("\n", 0, offset)
            column = offset - text.rfind("\n", 0, offset)
            assert reader.position(path, offset) == (row + 1, column)
        lines = [reader.source_line(path, line) for line in range(-1, len(rows) + 2)]
        assert lines == ["", "", *(row.strip() for row in rows), ""]
    assert reader.position("gone.c", 0) == (1, 1)
    assert reader.source_line("gone.c", 1) == ""


OLD = "#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 13, 0)"
FOR_SEVERAL = f"""\
{OLD}
#define LIMIT 1
struct foo {{ int old; }};
static int ready(struct foo *foo)
{{
    foo->old = before(foo, LIMIT);
    return 0;
}}
#else
#define LIMIT 2
struct foo {{ int new; }};
static int ready(struct foo *foo)
{{
    return after(foo);
}}
#endif
static int probe(struct foo *foo,
{OLD}
                 int old)
#else
                 long new)
#endif
{{
{OLD}
    before(foo, LIMIT);
    if (old)
#else
    if (new)
#endif
        after(foo);
    return 0;
}}
"""


@pytest.mark.parametrize(
    ("makefile", "kept", "calls"),
    [
        ("VERSION = 4\n", ["1", "old", "old"], [["before"], ["before", "after"]]),
        ("VERSION = 6\nPATCHLEVEL = 1\n", ["2", "new", "new"], [["after"], ["after"]]),
    ],
)
def test_a_file_holds_what_is_meant_for_the_kernel_of_the_tree(
    makefile: str, kept: list[str], calls: list[list[str]]
) -> None:
    reader = Reader(MemoryTree({"Makefile": makefile, "a.c": FOR_SEVERAL}), NullStore())
    unit = reader.unit("a.c")
    ((member,),) = (struct.fields for struct in unit.structs)
    ready, probe = unit.functions
    assert [*(m.body for m in unit.macros), member.name, probe.params[1].name] == kept
    assert reader.defines("a.c").macro("LIMIT").body == kept[0]
    assert [[call.name for call in reader.body("a.c", f).calls] for f in (ready, probe)] == calls
    assert FOR_SEVERAL[probe.start :].startswith("static int probe")


def test_a_file_keeps_everything_where_nothing_says_which_kernel_it_is() -> None:
    for files in ({}, {"Makefile": "obj-y += a.o\n"}):
        reader = Reader(MemoryTree({**files, "a.c": FOR_SEVERAL}), NullStore())
        assert [m.body for m in reader.unit("a.c").macros] == ["1", "2"]


BY_A_FLAG = "#ifdef SET_OPS\nint ready(void) { return early(); }\n#else\n"
BY_A_FLAG += "int ready(void) { return late(); }\n#endif\n"
COMPAT = "#ifndef C_H\n#define C_H\n#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)\n"
COMPAT += "#define SET_OPS\n#endif\n#endif\n"


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"external/foo/include/compat.h": COMPAT}, ["early"]),
        ({"external/foo/compat.h": COMPAT.replace(">=", "<")}, ["late"]),
        ({"external/foo/compat.h": COMPAT, "external/foo/b.h": COMPAT.replace(">=", "<")}, None),
        ({"external/foo/compat.h": COMPAT, "external/foo/b.h": "#define SET_OPS 1\n"}, None),
        ({"external/foo/compat.h": COMPAT, "external/foo/Makefile": "c += -DSET_OPS\n"}, None),
        # another driver's, and one of the kernel's
        ({"external/bar/compat.h": COMPAT}, None),
        ({"include/linux/compat.h": COMPAT}, None),
    ],
)
def test_a_header_of_a_driver_outside_says_what_its_other_files_mean(
    headers: dict[str, str], wanted: list[str] | None
) -> None:
    files = {"Makefile": "VERSION = 6\nPATCHLEVEL = 1\n", "external/foo/a.c": BY_A_FLAG}
    either = Reader(MemoryTree(files), NullStore())
    reader = Reader(MemoryTree({**files, **headers}), NullStore())
    found, undecided = (
        [
            call.name
            for function in one.unit("external/foo/a.c").functions
            for call in one.body("external/foo/a.c", function).calls
        ]
        for one in (reader, either)
    )
    assert found == (undecided if wanted is None else wanted)


def test_the_header_itself_keeps_what_it_defines() -> None:
    files = {"Makefile": "VERSION = 6\nPATCHLEVEL = 1\n", "external/foo/compat.h": COMPAT}
    reader = Reader(MemoryTree(files), NullStore())
    assert "SET_OPS" in [macro.name for macro in reader.unit("external/foo/compat.h").macros]
