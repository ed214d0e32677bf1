# SPDX-License-Identifier: GPL-2.0-only
"""What a driver has for other kernels than this one."""

from __future__ import annotations

import pytest

from kscan.syntax.versions import lines_for_others, version_of, without_others

NEW = "LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)"
OLD = "LINUX_VERSION_CODE < KERNEL_VERSION(5,4,0)"
TURNED = "KERNEL_VERSION(5, 17, 0) <= LINUX_VERSION_CODE"


def left(text: str, version: str) -> str:
    """The lines of `text` that a kernel of `version` keeps, directives aside."""
    known = version_of(version)
    assert known is not None
    out = lines_for_others(text.encode(), known)
    lines = enumerate(text.split("\n"), 1)
    return " ".join(
        line for at, line in lines if line[:1] != "#" and not any(at in span for span in out)
    )


@pytest.mark.parametrize(
    ("text", "new", "old"),
    [
        (f"#if {NEW}\na\n#else\nb\n#endif\nc", "a c", "b c"),
        (f"#if ({NEW})\na\n#endif\nc", "a c", "c"),
        (f"#if ({TURNED})\na\n#else\nb\n#endif", "a", "b"),
        (f"#if {TURNED} && defined(X)\na\n#else\nb\n#endif", "a b", "b"),
        (f"#if {OLD}\na\n#elif {NEW}\nb\n#else\nc\n#endif", "b", "a"),
        (f"#if {NEW} && defined(X)\na\n#else\nb\n#endif", "a b", "b"),
        (f"#if {OLD} || defined(X)\na\n#else\nb\n#endif", "a b", "a"),
        (f"#if {NEW} || {OLD}\na\n#else\nb\n#endif", "a", "a"),
        (f"#if ({NEW} && defined(X)) || {OLD}\na\n#else\nb\n#endif", "a b", "a b"),
        (f"#if !({NEW})\na\n#else\nb\n#endif", "a b", "a b"),
        # another condition may hold, also before one of the version
        (f"#ifdef X\na\n#elif {NEW}\nb\n#else\nc\n#endif", "a b", "a c"),
        (f"#ifdef X\n#if {OLD}\na\n#endif\nb\n#else\nc\n#endif", "b c", "a b c"),
        (f"#if {NEW}\n#ifdef X\na\n#else\nb\n#endif\n#else\nc\n#endif", "a b", "c"),
        # a comment decides nothing, and a test may go on in the next line
        (f"/*\n#if {OLD}\n*/\na", "/* */ a", "/* */ a"),
        ("#if LINUX_VERSION_CODE >= \\\n#  KERNEL_VERSION(5, 17, 0)\na\n#endif", "a", "a"),
        ("#if LINUX_VERSION_CODE >= \\\n    KERNEL_VERSION(5, 17, 0)\na\n#endif",
         "a", ""),
        (f"#else\na\n#endif\n#if {NEW}\nb", "a b", "a b"),
        # no version has numbers of thousands of digits
        (f"#if {NEW.replace('17', '1' * 5000)}\na\n#else\nb\n#endif", "a b", "a b"),
    ],
)  # fmt: skip
def test_what_is_left(text: str, new: str, old: str) -> None:
    assert left(text, "6.1.3") == new
    assert left(text, "5.3") == old


def test_what_is_for_others_becomes_blank_where_it_stands() -> None:
    lines = [f"#if {OLD}", "a(\tb);\r", "#else", "c();", "#endif", "d();"]
    text = "\n".join(lines).encode()

    def keeping(*kept: str) -> bytes:
        """`text` with all lines but those blank."""
        spaces = (line if line in kept else " " * len(line.strip()) for line in lines)
        ends = ("\r" if line.endswith("\r") and line not in kept else "" for line in lines)
        return "\n".join(map("".join, zip(spaces, ends, strict=True))).encode()

    assert without_others(text, (6, 1, 0)) == keeping("c();", "d();")
    assert without_others(text, (5, 3, 0)) == keeping("a(\tb);\r", "d();")


def test_a_branch_that_something_else_decides_keeps_its_tests() -> None:
    text = f"#ifdef X\na\n#elif {NEW}\nb\n#else\nc\n#endif\n".encode()
    assert without_others(text, (6, 1, 0)) == text.replace(b"\nc\n", b"\n \n")


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [("6.12.107", (6, 12, 107)), ("6.15.0-sample", (6, 15, 0)), ("7", (7, 0, 0)), ("", None)],
)
def test_versions(spelled: str, expected: tuple[int, int, int] | None) -> None:
    assert version_of(spelled) == expected
