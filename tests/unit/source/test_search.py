# SPDX-License-Identifier: GPL-2.0-only
"""Words and definitions: what they match, and that git and Python agree on any bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kscan.source import git
from kscan.source.directory import DirectoryTree
from kscan.source.search import WordSearch, defined_names

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


C_BYTES = st.lists(
    st.sampled_from([b"static ", b"int ", b"f", b"g_2", b"(", b")", b";", b"\n", b"\r\n", b" "])
    | st.sampled_from([b"\t", b"*", b"{", b"}", b"__printf(1, 2) ", b"/*", b"\0", b"\xe9", b"if"]),
    max_size=40,
).map(b"".join)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
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
def test_bait_for_backtracking_is_read_in_time(tmp_path: Path, bait: bytes) -> None:
    import time

    (tmp_path / "bait.c").write_bytes(b"int f(void)\n{\n" + bait + b"\n" + bait)
    started = time.monotonic()
    defined_names((tmp_path / "bait.c").read_bytes())
    assert DirectoryTree(tmp_path).definitions().files("f") == ("bait.c",)
    assert time.monotonic() - started < 5
