# SPDX-License-Identifier: GPL-2.0-only
"""Words and definitions: what they match, and that git and Python agree on any bytes."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kscan.source import directory, git
from kscan.source.directory import DirectoryTree
from kscan.source.search import (
    NameIndex,
    WordSearch,
    any_of,
    defined_names,
    functions_around,
    is_only_stored,
    strings_for,
)

ODD_FILES: dict[bytes, bytes] = {
    b"plain.c": b"int of_xlate(void)\n{\n\treturn 0;\n}\n",
    b"nul.c": b"int before;\n\0\0int of_xlate\0(int a)\n{\n}\nvoid nul_def(void)\n{}\n",
    b"crlf.c": b"int crlf_def(int a,\r\n int b)\r\n{\r\n}\r\nint crlf_proto(void);\r\nof_xlate",
    b"latin.c": b"/* caf\xe9 \xff\xfe of_xlate\xe9 */\nint latin_def(void) /* \xe9 */\n",
    b"new\nline.c": b"of_xlate\nlong new_line_def(void)\n{\n}",
    b"quo\"te '*?[x].c": b"of_xlate();\n",
    b"-e.c": b"of_xlate\n",
    b":(top).c": b"of_xlate\n",
    b"caf\xe9.h": b"of_xlate\n",
    b"no_newline.c": b"int x = of_xlate",
    b"near.c": b"of_xlate_all my_of_xlate of_xlate2\n",
    b"both.c": b"my_of_xlate of_xlate\n",
    b"binary.c": bytes(range(256)) * 4 + b" of_xlate ",
    b"foo.c/inner.c": b"void inner_def(void) { of_xlate(); }\n",
    b"foo.c/README": b"of_xlate\n",
    b"text.txt": b"of_xlate\n",
    b"sub/.gitattributes": b"*.c binary diff=evil\n",
    b".gitignore": b"*\n",
    b"sub/ignored.c": b"of_xlate\nint ignored_def(void)\n{\n",
    b"empty.c": b"",
    b"UPPER.C": b"of_xlate\n",
}


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    for name, content in ODD_FILES.items():
        file = tmp_path / os.fsdecode(name)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    (tmp_path / "nested" / ".git").mkdir(parents=True)
    (tmp_path / "nested" / ".git" / "hidden.c").write_bytes(b"of_xlate\n")
    (tmp_path / "nested" / "seen.c").write_bytes(b"of_xlate\n")
    (tmp_path / "link.c").symlink_to("plain.c")
    (tmp_path / "circle.c").symlink_to("circle.c")
    (tmp_path / "sub" / "up").symlink_to("..")
    os.mkfifo(tmp_path / "pipe.c")
    return tmp_path


@pytest.fixture(params=["git", "python"])
def tree_of(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], DirectoryTree]:
    """Makes trees that search with git, or that are told git cannot."""
    if request.param == "python":
        monkeypatch.setattr(git, "grep_directory", lambda *_: None)
    else:
        asked = git.grep_directory

        def answered(*arguments: object) -> bytes:
            output = asked(*arguments)  # type: ignore[arg-type]
            assert output is not None
            return output

        monkeypatch.setattr(git, "grep_directory", answered)
    return DirectoryTree


def test_words_in_odd_files(odd: Path, tree_of: Callable[[Path], DirectoryTree]) -> None:
    found = tree_of(odd).files_with(["of_xlate", "absent"])
    assert [os.fsencode(path) for path in found] == sorted(
        [
            b"-e.c",
            b":(top).c",
            b"binary.c",
            b"both.c",
            b"caf\xe9.h",
            b"crlf.c",
            b"foo.c/inner.c",
            b"latin.c",
            b"nested/seen.c",
            b"new\nline.c",
            b"no_newline.c",
            b"nul.c",
            b"plain.c",
            b"quo\"te '*?[x].c",
            b"sub/ignored.c",
        ]
    )


def test_each_word_has_its_files(odd: Path, tree_of: Callable[[Path], DirectoryTree]) -> None:
    tree = tree_of(odd)
    words = ["of_xlate", "my_of_xlate", "crlf_def", "absent", "before"]
    found = tree.files_by_word(words)
    assert list(found["of_xlate"]) == list(tree.files_with(["of_xlate"]))
    assert len(found["of_xlate"]) == 15
    assert (found["my_of_xlate"], found["crlf_def"]) == (["both.c", "near.c"], ["crlf.c"])
    assert (found["absent"], found["before"]) == ([], ["nul.c"])
    assert tree.files_by_word(["of_xlate"], under=["sub"]) == {"of_xlate": ["sub/ignored.c"]}
    assert DirectoryTree(odd).files_by_word(["of_xlate"], under=["sub"]) == {
        "of_xlate": ["sub/ignored.c"]
    }
    assert tree.files_by_word([]) == {}


def test_names_of_one_subsystem_are_looked_for_together(
    odd: Path, tree_of: Callable[[Path], DirectoryTree]
) -> None:
    (odd / "many.c").write_bytes(b"\0iommu_ops(xiommu_one)\niommu_one iommu_two\r\niommu_ops2")
    (odd / "near_iommu_ops.c").write_bytes(b"iommu_opsx iommu_\n_iommu_two")
    found = tree_of(odd).files_by_word(["iommu_ops", "iommu_one", "iommu_two", "iommu_none"])
    assert found == {
        "iommu_ops": ["many.c"],
        "iommu_one": ["many.c"],
        "iommu_two": ["many.c"],
        "iommu_none": [],
    }


def test_the_functions_that_a_word_stands_in() -> None:
    text = b"""\
#include <linux/foo.h>

/* foo_register() is for all */
static int foo_local(void)
{
\tfoo_register();
}

int foo_add(struct foo *foo,
\t    int number)
{
\tint ret = 0;

\tif (number) {
\t\tret = foo_register(foo);
\t}
\treturn ret;
}

struct foo *foo_new(void)
{
\treturn NULL;
}
int (*foo_hook)(void) = foo_register;
"""
    assert functions_around(text, b"foo_register") == {b"foo_add"}
    assert functions_around(text, b"NULL") == {b"foo_new"}
    assert functions_around(text, b"foo_other") == set()


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        (b"struct driver d = {\n\t.probe = foo,\n\t.remove = foo_remove,\n};", True),
        (b"d.probe = foo; e = (x) {.y = foo}", True),
        (b"int foo(int x);\nstruct driver d = { .probe = foo, };", False),
        (b"struct driver d = { .foo = foo, };", True),
        (b"d->foo = foo; d->foo(1);", True),
        (b"x = foo(1);", False),
        (b"if (x>foo(1))", False),
        (b"x = foo (1);", False),
        (b"run(foo);", False),
        (b"y = x ? foo : bar;", False),
        (b"MACRO(= foo)", False),
        (b"y = foo, foo(2);", False),
        (b"y = my_foo(2), foobar(1);", True),
    ],
)
def test_what_is_only_stored(text: bytes, is_so: bool) -> None:
    assert is_only_stored(text, b"foo") is is_so


def test_words_that_are_no_identifiers(
    tmp_path: Path, tree_of: Callable[[Path], DirectoryTree]
) -> None:
    (tmp_path / "a.dts").write_text('compatible = "rockchip,iommu";\n')
    (tmp_path / "b.dts").write_text('compatible = "rockchip,iommu-v2", "x.y";\n')
    (tmp_path / "c.dts").write_text("iommu\n")
    tree = tree_of(tmp_path)
    found = tree.files_with(["rockchip,iommu", "v2"], suffixes=[".dts"])
    assert found == ["a.dts", "b.dts"]
    assert tree.files_with(["x.y"], suffixes=[".dts"]) == ["b.dts"]
    assert tree.files_with(["xzy"], suffixes=[".dts"]) == []


def test_a_word_is_looked_for_once(odd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    really = git.grep_directory

    def counted(root: Path, options: list[str], pathspecs: list[str]) -> bytes | None:
        asked.append([option for option in options if not option.startswith("-")])
        return really(root, options, pathspecs)

    monkeypatch.setattr(git, "grep_directory", counted)
    tree = DirectoryTree(odd)
    first = tree.files_with(["of_xlate", "before", "absent"])
    assert tree.files_with(["absent", "of_xlate", "before"]) == first
    assert tree.files_with(["of_xlate"], suffixes=[".h"]) == [os.fsdecode(b"caf\xe9.h")]
    assert tree.files_with(["of_xlate"], under=["sub"]) == ["sub/ignored.c"]
    assert tree.files_with(["before", "crlf_def"]) == ["crlf.c", "nul.c"]
    assert asked == [["absent", "before", "of_xlate"], ["crlf_def"]]


def test_many_words_are_found_as_few_are(
    odd: Path, tree_of: Callable[[Path], DirectoryTree]
) -> None:
    few = ["of_xlate", "my_of_xlate", "before", "int", "i", "of"]
    many = [*few, *(f"of_xlate_{number}" for number in range(80))]
    found = tree_of(odd).files_by_word(many)
    expected = DirectoryTree(odd).files_by_word(few)
    assert {word: found[word] for word in few} == expected
    assert all(not files for word, files in found.items() if word not in few)


@pytest.mark.parametrize("word", ["", "\0", "of\nxlate", "x" * 300_000, "-" * 300_000])
def test_a_word_that_cannot_be(
    odd: Path, tree_of: Callable[[Path], DirectoryTree], word: str
) -> None:
    tree = tree_of(odd)
    assert tree.files_with([word, "my_of_xlate"]) == ["both.c", "near.c"]
    assert tree.definitions().files(word) == ()


def test_a_word_of_bytes_that_are_no_text(
    odd: Path, tree_of: Callable[[Path], DirectoryTree]
) -> None:
    assert tree_of(odd).files_with([os.fsdecode(b"\xff")]) == ["binary.c", "latin.c"]


@given(st.sets(st.text("ab_.*", max_size=4), min_size=1), st.text("ab_.* ", max_size=12))
def test_the_pattern_of_words_matches_them_alone(words: set[str], text: str) -> None:
    assert (re.fullmatch(any_of(words), text) is not None) == (text in words)


class Kept(dict[str, bytes]):
    """A memory that counts what it could answer."""

    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        return {key: self[key] for key in keys if key in self}

    def put_many(self, values: Mapping[str, bytes]) -> None:
        self.update(values)


def settled(root: Path) -> DirectoryTree:
    """The tree, long after its last change."""
    tree = DirectoryTree(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(directory, "_SURELY_PAST", -1_000_000_000)
        assert tree.state() is not None
    return tree


def test_the_next_run_remembers(odd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Kept()
    first = settled(odd)
    first.remember(memory)
    words = ["of_xlate", "before", "absent"]
    found, index = first.files_by_word(words), first.definitions()
    under = first.files_with(["inner_def"], under=["foo.c"])
    assert memory
    with monkeypatch.context() as patch:
        patch.setattr(git, "grep_directory", lambda *_: pytest.fail("searched again"))
        again = settled(odd)
        again.remember(memory)
        assert again.files_by_word(words) == found
        assert again.files_with(["inner_def"], under=["foo.c"]) == under == ["foo.c/inner.c"]
        for name in ("of_xlate", "new_line_def", "absent"):
            assert again.definitions().files(name) == index.files(name)
        assert again.skips == first.skips
    (odd / "plain.c").write_text("changed\n")
    changed = settled(odd)
    changed.remember(memory)
    assert "plain.c" not in changed.files_with(["of_xlate"])
    assert changed.definitions().files("of_xlate") == ()


def test_a_damaged_memory_is_not_believed(odd: Path) -> None:
    memory = Kept()
    tree = settled(odd)
    tree.remember(memory)
    tree.definitions()
    for key in memory:
        memory[key] = memory[key][:-3] if key.startswith("definitions") else memory[key]
    again = settled(odd)
    again.remember(memory)
    assert again.definitions().files("of_xlate") == ("plain.c",)


def test_a_tree_that_just_changed_is_not_remembered(odd: Path) -> None:
    (odd / "plain.c").write_text("of_xlate\n")
    tree = DirectoryTree(odd)
    memory = Kept()
    tree.remember(memory)
    assert tree.state() is None
    tree.files_with(["of_xlate"])
    tree.definitions()
    assert not memory


@pytest.mark.parametrize("change", ["content", "times", "name", "removal", "addition"])
def test_every_change_has_another_state(tmp_path: Path, change: str) -> None:
    file = tmp_path / "a.c"
    file.write_text("int a;\n")
    old, before = file.stat(), settled(tmp_path).state()
    assert settled(tmp_path).state() == before
    time.sleep(0.02)
    if change == "content":
        file.write_text("int b;\n")
        os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))
    elif change == "times":
        os.utime(file)
    elif change == "name":
        file.rename(tmp_path / "b.c")
    elif change == "removal":
        file.unlink()
    else:
        (tmp_path / "b.c").write_text("")
    assert settled(tmp_path).state() != before


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.sets(st.sampled_from([b"f", b"g", b"h"]))))
def test_an_index_is_stored_and_read_back(found: dict[str, set[bytes]]) -> None:
    index = NameIndex.of((f"{path}\n.c", sorted(names)) for path, names in found.items())
    again = NameIndex.from_bytes(bytes(index))
    for name in "fghi":
        assert again.files(name) == index.files(name)
    with pytest.raises(ValueError, match=r"\w"):
        NameIndex.from_bytes(bytes(index) + b"\0" * 9)


def test_suffixes_and_directories(odd: Path, tree_of: Callable[[Path], DirectoryTree]) -> None:
    tree = tree_of(odd)
    assert tree.files_with(["of_xlate"], suffixes=[".txt"]) == ["text.txt"]
    assert tree.files_with(["of_xlate"], under=["sub", "foo.c/"]) == [
        "foo.c/inner.c",
        "sub/ignored.c",
    ]
    assert tree.files_with(["of_xlate"], under=["su*", "su"]) == []
    assert tree.files_with([]) == []
    assert tree.files_with(["-e", "--open-files-in-pager=touch x"]) == []


def test_definitions_in_odd_files(odd: Path, tree_of: Callable[[Path], DirectoryTree]) -> None:
    index = tree_of(odd).definitions()
    for name, path in (
        ("of_xlate", "plain.c"),
        ("nul_def", "nul.c"),
        ("crlf_def", "crlf.c"),
        ("latin_def", "latin.c"),
        ("new_line_def", "new\nline.c"),
        ("inner_def", "foo.c/inner.c"),
        ("ignored_def", "sub/ignored.c"),
    ):
        assert index.files(name) == (path,)
    assert index.files("crlf_proto") == index.files("absent") == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("int f(void)\n{\n}", "f"),
        ("int\nf(void)\n{\n}", "f"),
        ("struct device *f(struct a *a,\n\t\t struct b *b)\n{", "f"),
        ("struct device\n*f(struct a *a)\n{", "f"),
        ("int f(\n\tint a)\n{", "f"),
        ("int __init f(void)\n{", "f"),
        ("void __attribute__((weak)) f(void)\n{", "f"),
        ("__printf(2, 3) void f(const char *fmt, ...)\n{", "f"),
        ('void __section(".x") f(int c)\n{', "f"),
        ("int f (int a)\n{", "f"),
        ("int f(int a) { return a; }", "f"),
        ("int f(int a) __acquires(lock)\n{", "f"),
        ("int f(void);", ""),
        ("int f(void); \t\r\n", ""),
        ("LIST_HEAD(f);\t\t/* linked list of f */\n", ""),
        ("int f(void); // g\n", ""),
        ("int f(void) { return 1; } /* g */", "f"),
        ("static int f(void)\n{", ""),
        ("static inline int f(void)\n{", ""),
        ("\tf(a);\n\tg(b)\n", ""),
        ("if (a)\nwhile (b)\nswitch(c)\nelse if (d)\n", ""),
        ("#define f(x)\n", ""),
        ("module_init(f)\nMODULE_DESCRIPTION(\n", ""),
        (" * f(x)\n/* g(x)\n", ""),
        ("int a; int b;\nf\n", ""),
    ],
)
def test_what_is_a_definition(text: str, names: str) -> None:
    assert {name.decode() for name in defined_names(text.encode())} == set(names.split())


def test_a_word_has_no_word_beside_it() -> None:
    search = WordSearch(["iommu_ops", "of_xlate"])
    for text in (
        b"iommu_ops",
        b"(of_xlate)",
        b"->of_xlate=",
        b"x_of_xlate of_xlate",
        b"\xe9of_xlate",
    ):
        assert search.finds_one_in(text)
    for text in (b"", b"iommu_ops_", b"_of_xlate", b"of_xlate1 2iommu_ops", b"of\nxlate"):
        assert not search.finds_one_in(text)


@pytest.mark.parametrize(
    ("words", "strings"),
    [
        ("iommu_ops iommu_get iommu_put", "iommu_"),
        ("iommu_ops iommu_get iommu_put bus_iommu_probe", "iommu_"),
        ("iommu_ops iommu_get iommu_put a", "a iommu_"),
        ("iommu_ops iommu_get iommu_put a b", ""),
        ("dma_configure of_dma_configure of_dma_configure_id", "dma_configure"),
        ("devm_get devm_put devm_node", "devm_"),
        ("of_get of_put of_node", ""),
        ("iommu_ops iommu_get", ""),
        ("f g", ""),
        ("", ""),
    ],
)
def test_what_is_looked_for_in_place_of_words(words: str, strings: str) -> None:
    assert strings_for(words.split()) == strings.split()


C_BYTES = st.lists(
    st.sampled_from([b"static ", b"int ", b"f", b"g_2", b"(", b")", b";", b"\n", b"\r\n", b" "])
    | st.sampled_from([b"\t", b"*", b"{", b"}", b"__printf(1, 2) ", b"/*", b"\0", b"\xe9", b"if"]),
    max_size=40,
).map(b"".join)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.lists(C_BYTES, min_size=1, max_size=6))
def test_git_and_python_agree(contents: list[bytes], tmp_path: Path) -> None:
    for number in range(6):
        content = contents[number] if number < len(contents) else b""
        (tmp_path / f"{number}.c").write_bytes(content)
    fast, slow = DirectoryTree(tmp_path), DirectoryTree(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(git, "grep_directory", lambda *_: None)
        slow_index, slow_words = slow.definitions(), slow.files_with(["f", "g_2"])
    assert fast.files_with(["f", "g_2"]) == slow_words
    for name in ("f", "g_2", "int", "if", "intf", "fg_2", "static", "x"):
        assert fast.definitions().files(name) == slow_index.files(name)


def test_a_missing_git_is_done_without(odd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_git = DirectoryTree(odd).files_with(["of_xlate"])
    monkeypatch.setenv("PATH", str(odd))
    assert git.grep_directory(odd, ["-l", "-e", "x"], ["*"]) is None
    assert DirectoryTree(odd).files_with(["of_xlate"]) == with_git


@pytest.mark.parametrize(
    "bait",
    [
        b"a " * 200_000,
        b"*" * 400_000,
        b"a(" * 200_000,
        b"__printf(" * 40_000,
        b"int f(" + b"; " * 200_000,
    ],
)
def test_bait_for_backtracking_is_read(tmp_path: Path, bait: bytes) -> None:
    (tmp_path / "bait.c").write_bytes(b"int f(void)\n{\n" + bait + b"\n" + bait)
    defined_names((tmp_path / "bait.c").read_bytes())
    assert DirectoryTree(tmp_path).definitions().files("f") == ("bait.c",)
