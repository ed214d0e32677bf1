# SPDX-License-Identifier: GPL-2.0-only
"""Hunks on text: exact, moved, with fuzz, and the line that is wrong where none fits."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kscan.source.hunks import AlreadyMade, Hunk, Misfit, apply_hunks, split_lines
from kscan.source.patches import series_of

LINES = st.lists(st.sampled_from(["a", "b", "c", "{", "}", "\tx = 1;", ""]), max_size=25)


def diff_of(old: list[str], new: list[str]) -> bytes:
    lines = difflib.unified_diff(old, new, "a/f.c", "b/f.c", lineterm="")
    return "".join(line + "\n" for line in lines).encode()


def hunks_of(old: list[str], new: list[str]) -> tuple[Hunk, ...]:
    diff = diff_of(old, new)
    return series_of([("d", diff)]).patches[0].files[0].hunks if diff else ()


def text(lines: list[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode()


@given(LINES, LINES)
def test_a_diff_gives_back_the_new_text(old: list[str], new: list[str]) -> None:
    assert apply_hunks(text(old), hunks_of(old, new)) == (text(new), [])


@given(LINES, LINES, st.integers(1, 40))
def test_lines_added_above_move_the_hunks(old: list[str], new: list[str], above: int) -> None:
    hunks = hunks_of(["START", *old], ["START", *new])
    pushed = text(["above"] * above)
    expected = pushed + text(["START", *new])
    assert apply_hunks(pushed + text(["START", *old]), hunks)[0] == expected or not hunks


def test_a_hunk_without_context_below_goes_to_the_end_of_the_file() -> None:
    hunks = hunks_of(["START", *"bbbb"], ["START", *"bbbba"])
    assert apply_hunks(text(["above", "START", *"bbbb"]), hunks)[0].endswith(b"b\na\n")


def test_the_nearest_place_is_taken() -> None:
    block = ["if (a) {", "\told();", "}"]
    old = [*block, "1", "2", "3", *block, "4", "5", "6", *block]
    new = old.copy()
    new[7] = "\tnew();"
    assert apply_hunks(text(old), hunks_of(old, new))[0] == text(new)
    shifted, expected = ["0", *old], ["0", *new]
    assert apply_hunks(text(shifted), hunks_of(old, new))[0] == text(expected)


def test_of_two_places_as_near_the_lower_one_is_taken() -> None:
    hunk = Hunk(11, (b"old\n",), (b"new\n",), 0, 0)
    tree = [*"01234567", "a", "old", "b", "c", "d", "old"]
    assert apply_hunks(text(tree), [hunk])[0] == text([*tree[:13], "new"])


def test_two_changed_context_lines_are_fuzz_and_three_are_not() -> None:
    old = [f"line {n}" for n in range(20)]
    new = [*old[:10], "added", *old[10:]]
    drifted = [*old[:7], "X", "Y", *old[9:]]
    content, unsure = apply_hunks(text(["above", *drifted]), hunks_of(old, new))
    assert content == text(["above", *drifted[:10], "added", *drifted[10:]])
    assert unsure == ["hunk 1 is put at line 9 instead of 8 with fuzz 2: git am refuses it"]
    with pytest.raises(Misfit) as caught:
        apply_hunks(text([*old[:7], "X", "Y", "Z", *old[10:]]), hunks_of(old, new))
    assert caught.value.number == 1
    assert caught.value.why == "line 8: expected 'line 7', found 'X'"


def test_lines_that_only_end_differently_are_told() -> None:
    old = [f"line {n}" for n in range(9)]
    crlf = [f"{line}\r" for line in old]
    with pytest.raises(Misfit, match=r"with CRLF and with LF"):
        apply_hunks(text(old), hunks_of(crlf, [*crlf[:4], "x", *crlf[4:]]))


def test_a_hunk_past_the_end_says_so() -> None:
    old = [f"line {n}" for n in range(9)]
    new = [*old[:8], "changed"]
    with pytest.raises(Misfit, match=r"line 6: expected 'line 5', found the end of the file"):
        apply_hunks(text(old[:5]), hunks_of(old, new))


OLD = ["1", "2", "3", "}", "", "4", "5", "6"]
TWICE = {
    "a line changed": (OLD, [*OLD[:3], ")", *OLD[4:]]),
    "a function added between two": (OLD, [*OLD[:4], "", "f()", "{", "}", *OLD[4:]]),
    "lines added at the top": (OLD, ["0", *OLD]),
    "lines added at the end": (OLD, [*OLD, "7"]),
    "a line removed": (OLD, [*OLD[:3], *OLD[4:]]),
    "one of two twins changed": ([*OLD, "-", *OLD], [*OLD[:3], "x", *OLD[3:], "-", *OLD]),
}


@pytest.mark.parametrize("what", TWICE)
def test_a_patch_applied_twice_is_told(what: str) -> None:
    old, new = TWICE[what]
    with pytest.raises(AlreadyMade) as caught:
        apply_hunks(text(new), hunks_of(old, new))
    assert caught.value.number == 1


def test_a_patch_made_further_down_is_told_where_it_would_go_with_fuzz() -> None:
    old, new = TWICE["a function added between two"]
    above = [f"above {n}" for n in range(9)]
    assert apply_hunks(text([*above, *old]), hunks_of(old, new)) == (text([*above, *new]), [])
    with pytest.raises(AlreadyMade):
        apply_hunks(text([*above, *new]), hunks_of(old, new))


def test_a_patch_that_fits_nowhere_may_be_made_further_down() -> None:
    old, new = ["a", "b", "c", "d"], ["a", "b", "new", "d"]
    with pytest.raises(Misfit, match="looks applied already"):
        apply_hunks(text(["0", *new]), hunks_of(old, new))


def test_a_patch_made_elsewhere_than_it_fits_is_no_hindrance() -> None:
    old, new = [f"above {n}" for n in range(20)] + OLD, [f"above {n}" for n in range(20)]
    new += [*OLD[:3], "x", *OLD[3:]]
    twin = [*OLD[:3], "x", *OLD[3:]]
    content, unsure = apply_hunks(text([*twin, *old[8:]]), hunks_of(old, new))
    assert (content, unsure) == (text([*twin, *new[8:]]), [])
    drifted = [*twin, *old[8:20], "Y", *OLD[1:]]
    content, unsure = apply_hunks(text(drifted), hunks_of(old, new))
    assert content == text([*drifted[:24], "x", *OLD[3:]])
    (told,) = unsure
    assert "with fuzz 1: " in told


def test_a_hunk_that_moved_is_told_where_its_lines_stand_twice() -> None:
    old, new = ["above", *OLD], ["above", *OLD[:3], "x", *OLD[3:]]
    twins = ["1", "2", "3", "4", *OLD, "-", *OLD]
    (told,) = apply_hunks(text(twins), hunks_of(old[1:], new[1:]))[1]
    assert told == "hunk 1 is put at line 5 instead of 1: its lines stand elsewhere as well"
    assert apply_hunks(text([*OLD, "-", *OLD]), hunks_of(old[1:], new[1:]))[1] == []
    assert apply_hunks(text(["-", *OLD]), hunks_of(old[1:], new[1:]))[1] == []


def test_a_line_that_is_there_can_be_added_again() -> None:
    old, new = list("aaaaaab"), list("aaaaaaab")
    assert apply_hunks(text(old), hunks_of(old, new)) == (text(new), [])


def test_carriage_returns_and_missing_newlines_stay() -> None:
    assert split_lines(b"a\r\nb\n\nc") == [b"a\r\n", b"b\n", b"\n", b"c"]
    assert split_lines(b"") == []
    hunk = Hunk(1, (b"b\r\n", b"c"), (b"b\r\n", b"C"), lead=1, trail=0)
    assert apply_hunks(b"a\r\nb\r\nc", [hunk])[0] == b"a\r\nb\r\nC"


def test_a_run_of_equal_lines_is_searched_in_linear_time() -> None:
    hunk = Hunk(0, (b"x\n",) * 5000 + (b"y\n",), (b"z\n",), lead=0, trail=0)
    with pytest.raises(Misfit):
        apply_hunks(b"x\n" * 400_000, [hunk])


def test_a_run_of_equal_lines_is_searched_upwards_in_linear_time() -> None:
    hunk = Hunk(900_000, (b"x\n", b"y\n", *(b"x\n",) * 300_000), (b"z\n",), lead=0, trail=0)
    with pytest.raises(Misfit):
        apply_hunks(b"x\n" * 900_000, [hunk])


def test_of_two_places_above_the_nearer_one_is_taken() -> None:
    hunk = Hunk(5, (b"a\n", b"b\n"), (b"B\n",), lead=0, trail=0)
    assert apply_hunks(b"a\nb\na\nb\nc\nd\n", [hunk])[0] == b"a\nb\nB\nc\nd\n"
