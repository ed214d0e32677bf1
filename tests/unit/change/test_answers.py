# SPDX-License-Identifier: GPL-2.0-only
"""Which changes leave every answer that an analysis got as it was."""

from __future__ import annotations

import pytest
from small_trees import Made, changed, differences

from kscan.change.answers import AskedTree, answers_stand
from kscan.change.contents import Contents
from kscan.source.compare import ChangedPath
from kscan.source.directory import DirectoryTree

FILES = {
    "drivers/foo.c": "#include <linux/foo.h>\nint foo_probe(void) { return foo_register(); }\n",
    "drivers/bar.c": "int bar_init(void)\n{\n\treturn 0;\n}\n",
    "include/linux/foo.h": "int foo_register(void);\n",
    "Makefile": "VERSION = 6\n",
}


@pytest.fixture
def tree(made: Made) -> DirectoryTree:
    return made(FILES)


def asked(tree: DirectoryTree) -> AskedTree:
    """A tree that was asked what an analysis asks."""
    asking = AskedTree(tree, Contents())
    assert asking.files_with(["foo_register"]) == ["drivers/foo.c", "include/linux/foo.h"]
    asking.files_by_word(["foo_remove"], suffixes=(".c",), under=("drivers",))
    asking.read("drivers/foo.c")
    asking.exists("include/uapi/linux/foo.h")
    asking.exists("include/linux/foo.h")
    asking.listing("drivers/")
    assert asking.definitions().files("foo_register") == ()
    asking.kernel_version()
    return asking


@pytest.mark.parametrize(
    ("files", "stands"),
    [
        ({}, True),
        ({"drivers/bar.c": "int bar_init(void)\n{\n\treturn 1;\n}\n"}, True),
        ({"drivers/foo.c": FILES["drivers/foo.c"] + "\n"}, False),
        ({"drivers/bar.c": "int bar_init(void) { return foo_register(); }\n"}, False),
        ({"drivers/bar.c": "int foo_remove;\n"}, False),
        ({"lib/bar.c": "static int x(void) { return foo_remove(); }\n"}, True),
        ({"lib/foo.c": "int foo_register(void)\n{\n}\n"}, False),
        ({"drivers/bar.c": None}, False),
        ({"drivers/new.c": "int x;\n"}, False),
        ({"lib/new.c": "int x;\n"}, True),
        ({"include/uapi/linux/foo.h": "int x;\n"}, False),
        ({"include/linux/foo.h": None}, False),
        ({"Makefile": "VERSION = 7\n"}, True),
        ({"Documentation/foo.rst": "foo_register\n"}, True),
    ],
)
def test_a_change_of_answers_is_noticed(
    tree: DirectoryTree, files: dict[str, str | None], stands: bool
) -> None:
    questions = asked(tree).questions
    head = changed(tree, files)
    assert answers_stand(questions, tree, head, differences(tree, head)) is stands


def test_a_definition_in_another_file_is_noticed(tree: DirectoryTree) -> None:
    asking = AskedTree(tree, Contents())
    assert asking.definitions().files("bar_init") == ("drivers/bar.c",)
    for text, stands in (("int bar_init(void)\n{\n}\n", False), ("int baz(void)\n{\n}\n", True)):
        head = changed(tree, {"lib/more.c": text})
        assert answers_stand(asking.questions, tree, head, differences(tree, head)) is stands


def test_a_renamed_file_is_looked_at_under_both_names(tree: DirectoryTree) -> None:
    asking = AskedTree(tree, Contents())
    asking.files_with(["bar_init"])
    head = changed(tree, {"drivers/bar.c": None, "lib/bar.c": FILES["drivers/bar.c"]})
    renamed = [ChangedPath("drivers/bar.c", "lib/bar.c")]
    assert not answers_stand(asking.questions, tree, head, renamed)


def test_a_file_is_read_once_for_all_trees_that_have_it(tree: DirectoryTree) -> None:
    contents = Contents()
    head = changed(tree, {"drivers/bar.c": "int x;\n"})
    first = AskedTree(tree, contents).read("drivers/foo.c")
    (tree.root / "drivers/foo.c").write_text("other\n")
    assert AskedTree(head, contents).read("drivers/foo.c") is first
    assert AskedTree(head, contents).read("drivers/bar.c") == b"int x;\n"
    assert AskedTree(tree, contents).read("drivers/bar.c") == FILES["drivers/bar.c"].encode()


def test_no_more_than_the_limit_is_kept(tree: DirectoryTree) -> None:
    contents = Contents(limit=10)
    first = contents.read(tree, "drivers/foo.c")
    contents.read(tree, "drivers/bar.c")
    again = contents.read(tree, "drivers/foo.c")
    assert again == first and again is not first
