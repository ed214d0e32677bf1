# SPDX-License-Identifier: GPL-2.0-only
"""Edits of a source file, and the diffs that git takes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kscan.fixes.edits import Edits, unified

SOURCE = b"""\
int f(void)
{
\tint a;

\t/* Sets a. */
\ta = 1;

\tif (a)
\t\ta = 2; /* twice */
\tb = 3; c = 4;
\treturn a;
}
"""


def at(text: bytes) -> int:
    return SOURCE.index(text)


def lines(text: bytes) -> bytes | None:
    edits = Edits(SOURCE)
    span = edits.lines(at(text), at(text) + len(text))
    return None if span is None else SOURCE[slice(*span)]


def test_whole_lines_come_with_the_comment_above_and_the_one_behind() -> None:
    assert lines(b"a = 1;") == b"\t/* Sets a. */\n\ta = 1;\n"
    assert lines(b"a = 2;") == b"\t\ta = 2; /* twice */\n"


def test_lines_that_another_statement_shares_are_not_whole() -> None:
    assert lines(b"b = 3;") is None
    assert lines(b"c = 4;") is None


def test_a_comment_of_several_lines_and_one_line_comments_are_found() -> None:
    source = b"\tx();\n\t/*\n\t * Long\n\t * story.\n\t */\n\ty();\n\t// one\n\t// two\n\tz();\n"
    edits = Edits(source)
    y, z = source.index(b"y();"), source.index(b"z();")
    assert source[slice(*edits.lines(y, y + 4))] == source[6 : source.index(b"\t// one")]
    assert source[slice(*edits.lines(z, z + 4))] == source[source.index(b"\t// one") :]


def test_the_comment_of_the_statement_above_stays_there() -> None:
    source = b"\tx(); /* not of y */\n\ty();\n"
    edits = Edits(source)
    start = source.index(b"y();")
    assert source[slice(*edits.lines(start, start + 4))] == b"\ty();\n"


def test_removing_lines_leaves_no_two_blank_lines() -> None:
    edits = Edits(SOURCE)
    edits.remove_lines(*edits.lines(at(b"a = 1;"), at(b"a = 1;") + 6))  # type: ignore[misc]
    assert b"\tint a;\n\n\tif (a)\n" in edits.result()


def test_removing_the_last_lines_of_a_block_leaves_no_blank_line_before_its_end() -> None:
    source = b"{\n\ta();\n\n\tb();\n}\n"
    edits = Edits(source)
    edits.remove_lines(*edits.lines(source.index(b"b"), source.index(b"b") + 4))  # type: ignore[misc]
    assert edits.result() == b"{\n\ta();\n}\n"


def test_edits_that_overlap_are_refused() -> None:
    edits = Edits(SOURCE)
    edits.replace(0, 5, b"")
    edits.replace(3, 8, b"")
    with pytest.raises(ValueError, match="edits overlap"):
        edits.result()


def git_apply(root: Path, path: str, old: bytes, patch: str) -> bytes:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(old)
    done = subprocess.run(
        ["git", "apply", "-"], cwd=root, input=patch.encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, (done.stderr, patch)
    return target.read_bytes()


ODD = ["é ü", "\\ no", "\x0b", "a\x0cb", "\x1c", "c\x85", "\u2028d"]
"""What str.splitlines() has for more than one line, and git for one, among others."""

LINES = st.lists(st.sampled_from(["a", "b", "\tif (x) {", "}", "", *ODD]), max_size=30)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=LINES, new=LINES, ends=st.booleans(), still_ends=st.booleans())
def test_git_applies_every_diff(
    tmp_path: Path, old: list[str], new: list[str], ends: bool, still_ends: bool
) -> None:
    before = ("\n".join(old) + ("\n" if ends else "")).encode()
    after = ("\n".join(new) + ("\n" if still_ends else "")).encode()
    patch = unified("drivers/a.c", before, after)
    if before == after:
        assert patch == ""
    elif before and after:
        assert git_apply(tmp_path, "drivers/a.c", before, patch) == after


@given(old=LINES, new=LINES)
@example(old=[*"bbbbab"], new=[*"bbbbba"])
def test_every_hunk_has_three_lines_of_context_but_at_an_end_of_the_file(
    old: list[str], new: list[str]
) -> None:
    before, after = ("".join(f"{line}\n" for line in lines).encode() for lines in (old, new))
    for hunk in re.split(r"^@@ ", unified("a.c", before, after), flags=re.MULTILINE)[1:]:
        place, *rows = hunk.removesuffix("\n").split("\n")
        first, count = map(int, f"{place.split()[0]},1".removeprefix("-").split(",")[:2])
        last = first + count - 1 if count else first
        signs = "".join(row[0] for row in rows)
        above = len(signs) - len(signs.lstrip(" "))
        below = len(signs) - len(signs.rstrip(" "))
        assert above == 3 or first - bool(count) <= 0
        assert below == 3 or last == len(old)


def test_lines_that_recur_cost_no_more_than_their_number() -> None:
    before = b"\ta = 1;\n" * 20_000
    patch = unified("a.c", before, before + b"\tb = 1;\n")
    assert patch.splitlines()[2:] == ["@@ -19998,3 +19998,4 @@", *[" \ta = 1;"] * 3, "+\tb = 1;"]


def test_what_is_no_plain_text_has_no_diff() -> None:
    assert unified("a.c", b"\xff\n", b"x\n") == ""
    assert unified("a\nb.c", b"a\n", b"x\n") == ""
    assert unified("a.c", b"a\rb\n", b"x\n") == ""
