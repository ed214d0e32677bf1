# SPDX-License-Identifier: GPL-2.0-only
"""What a driver has for other kernels than this one."""

from __future__ import annotations

import pytest

from kscan.syntax.versions import (
    Unset,
    flags_of,
    lines_for_others,
    version_of,
    without_others,
)

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
        (f"#if ({NEW} && defined(X)) || {OLD}\na\n#else\nb\n#endif", "a b", "a"),
        (f"#if {OLD} || {NEW} && defined(X)\na\n#else\nb\n#endif", "a b", "a"),
        (f"#if ({OLD} || {NEW}) && !({OLD})\na\n#else\nb\n#endif", "a", "b"),
        (f"#if ({NEW} || defined(X)) && defined Y\na\n#else\nb\n#endif", "a b", "a b"),
        (f"#if !({NEW})\na\n#else\nb\n#endif", "b", "a"),
        (f"#if !({NEW} || defined(X))\na\n#else\nb\n#endif", "b", "a b"),
        (f"#if !!({NEW})\na\n#else\nb\n#endif", "a", "b"),
        (f"#if !defined(X) || !({OLD})\na\n#else\nb\n#endif", "a", "a b"),
        ("#if (LINUX_VERSION_CODE) >= KERNEL_VERSION(5, 17, 0)\na\n#else\nb\n#endif", "a", "b"),
        # what is computed, chosen or called says nothing, what stands beside it does
        (f"#if ({NEW}) == X\na\n#else\nb\n#endif", "a b", "a b"),
        (f"#if !({NEW}) == X\na\n#else\nb\n#endif", "a b", "a b"),
        (f"#if {NEW} + 1\na\n#else\nb\n#endif", "a b", "a b"),
        (f"#if {NEW} ? 0 : 1\na\n#else\nb\n#endif", "a b", "a b"),
        (f"#if {NEW} && IS_ENABLED(CONFIG_X)\na\n#else\nb\n#endif", "a b", "b"),
        (f"#if (X + (Y || 1)) > 3 || {NEW}\na\n#else\nb\n#endif", "a", "a b"),
        (f"#if {NEW} X\na\n#else\nb\n#endif", "a b", "a b"),
        (f"#if ({NEW}\na\n#else\nb\n#endif", "a b", "a b"),
        (f"#if {NEW})\na\n#else\nb\n#endif", "a b", "a b"),
        (f"#if ! && {NEW}\na\n#else\nb\n#endif", "a b", "b"),
        (f"#if {'(' * 5000}{NEW}{')' * 5000}\na\n#else\nb\n#endif", "a b", "a b"),
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


ASKED = "#ifdef HAVE\na\n#else\nb\n#endif"
SET = f"#if {NEW}\n#define HAVE\n#endif\n"


@pytest.mark.parametrize(
    ("text", "new", "old"),
    [
        (SET + ASKED, "a", "b"),
        (SET + "#ifndef HAVE\na\n#else\nb\n#endif", "b", "a"),
        (SET + "#if defined(HAVE) && defined(X)\na\n#else\nb\n#endif", "a b", "b"),
        (SET + "#if !defined HAVE\na\n#else\nb\n#endif", "b", "a"),
        (SET + "#ifdef X\na\n#elifdef HAVE\nb\n#else\nc\n#endif", "a b", "a c"),
        (SET.replace("#define HAVE", "#  define\tHAVE /* of it */ 1 // so") + ASKED, "a", "b"),
        (SET.replace("#endif", "#else\n#define HAVE 0\n#endif") + ASKED, "a", "a"),
        (SET.replace("HAVE", "HAVE 1").replace("#endif", "#else\n#define HAVE 0\n#endif")
         + "#if HAVE\na\n#else\nb\n#endif", "a", "b"),
        (SET.replace("HAVE", "HAVE 1") + "#if HAVE\na\n#else\nb\n#endif", "a", "b"),
        (f"#define HAVE ({NEW})\n#if HAVE\na\n#else\nb\n#endif", "a", "b"),
        (f"#define HAVE ({NEW})\n" + ASKED, "a", "a"),
        # what a flag stands for may be anything
        (SET + "#if HAVE\na\n#else\nb\n#endif", "a b", "b"),
        (f"#if {NEW}\n#define HAVE(x) x\n#endif\n" + ASKED, "a", "a b"),
        (f"#if {NEW}\n#define HAVE other\n#endif\n" + ASKED, "a", "a b"),
        (SET.replace("HAVE", "CONFIG_X") + ASKED.replace("HAVE", "CONFIG_X"), "a", "a b"),
        # it may be set before, afterwards, or where something else says so
        (ASKED + "\n" + SET.strip(), "a b", "a b"),
        (SET + "#undef HAVE\n" + ASKED, "b", "b"),
        (SET + f"#if {OLD}\n#define HAVE\n#endif\n" + ASKED, "a", "a"),
        ("#ifdef X\n#define HAVE\n#endif\n" + SET + ASKED, "a", "a b"),
        (SET + "#ifdef X\n#define HAVE\n#endif\n" + ASKED, "a b", "a b"),
        (SET + "#ifdef X\n#undef HAVE\n#endif\n" + ASKED, "a b", "a b"),
        (f"#ifdef X\n{SET}#endif\n" + ASKED, "a b", "a b"),
        (f"#ifdef X\n{SET}{ASKED}\n#endif", "a", "b"),
        (f"#ifndef FOO_H\n#define FOO_H\n{SET}{ASKED}\n#endif", "a", "b"),
        (f"#ifdef X\n{SET}#else\n{ASKED}\n#endif", "a b", "a b"),
        (f"#if {OLD}\n{SET}#endif\n" + ASKED, "b", "b"),
        (SET + f"#if {OLD}\n#undef HAVE\n#endif\n" + ASKED, "a", "b"),
    ],
)  # fmt: skip
def test_macros_that_the_file_defines_for_some_versions(text: str, new: str, old: str) -> None:
    assert left(text, "6.1.3") == new
    assert left(text, "5.3") == old


def test_a_macro_may_go_on_in_the_next_line() -> None:
    text = f"#define HAVE \\\n ({NEW} && \\\n {TURNED})\n#if HAVE\na\n#else\nb\n#endif"
    assert left(text, "6.1.3").split()[-1] == "a"
    assert left(text, "5.3").split()[-1] == "b"


def test_a_test_of_many_macros_takes_no_longer_than_it_is() -> None:
    """Each body names the one before twice: what it stands for doubles with each."""
    body = "".join(f"#define M{n} (M{n - 1} && M{n - 1} && {NEW})\n" for n in range(1, 200))
    assert left(f"#define M0 1\n{body}#if M199\na\n#else\nb\n#endif", "5.3") == "b"


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


@pytest.mark.parametrize(
    ("body", "new", "old"),
    [
        (f"#if {NEW}\n#define SET_OPS\n#endif", {"SET_OPS": b""}, {"SET_OPS": Unset.NEVER}),
        (f"#if {NEW}\n#define A 1\n#else\n#define B\n#endif",
         {"A": b"1", "B": Unset.NEVER}, {"A": Unset.NEVER, "B": b""}),
        # what something else decides, or has a value, or arguments
        (f"#ifdef CONFIG_X\n#if {NEW}\n#define A\n#endif\n#endif", {}, {}),
        (f"#if {NEW} && defined(CONFIG_X)\n#define A\n#endif", {}, {"A": Unset.NEVER}),
        (f"#if {NEW}\n#define CONFIG_A\n#define B x\n#define C(x)\n#endif", {}, {}),
        ("#define A", {}, {}),
        (f"#if {NEW}\n#define A\n#endif\n#ifdef CONFIG_X\n#undef A\n#endif", {},
         {}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("frame", ["{}", "/* */\n#ifndef H\n#define H\n{}\n#endif /* H */\n"])
def test_what_a_header_says_by_the_version_alone(
    frame: str, body: str, new: dict[str, object], old: dict[str, object]
) -> None:
    for version, wanted in ((6, 1, 0), new), ((4, 9, 0), old):
        found = flags_of(frame.format(body).encode(), version)
        assert {name.decode(): known for name, known in found} == wanted


def test_what_is_known_beforehand_decides() -> None:
    text = b"#ifdef A\na\n#else\nb\n#endif\n"
    for known, out in ((b"", range(4, 5)), (Unset.NEVER, range(2, 3))):
        assert out in lines_for_others(text, (6, 1, 0), ((b"A", known),))
    assert lines_for_others(text, (6, 1, 0)) == ()
