# SPDX-License-Identifier: GPL-2.0-only
"""Parse health: what is counted, what is named, and that workers change nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kscan.inspection.health import FileHealth, Health, as_json, as_text, examine, health
from kscan.model import KscanError, Skip

GOOD = b"static int foo(int a)\n{\n\treturn a;\n}\n\nint bar(void)\n{\n\treturn foo(1);\n}\n"
BROKEN = b"int foo(void)\n{\n\treturn 1 ODD_MACRO 2;\n}\n\nint bar(void)\n{\n\treturn 0;\n}\n"
AMONG_ARGUMENTS = b"""\
void foo(void)
{
	if (wait_odd(dev, 20,
		if (bar())
			break;
	) < 0)
		baz();
}
"""
SWALLOWED = b"int a = {\n\nint foo(int a)\n{\n\tif (a) {\n}\n\nint bar(void)\n{\n\treturn 0;\n}\n"


def test_a_good_file() -> None:
    assert examine("a.c", GOOD) == FileHealth("a.c", 2, 0)


def test_a_broken_function_names_the_macro() -> None:
    file = examine("a.c", BROKEN)
    assert isinstance(file, FileHealth)
    assert (file.functions, file.functions_with_errors, file.lost) == (2, 1, ())
    (derailment,) = file.derailments
    assert (derailment.line, derailment.function, derailment.macro) == (3, "foo", "ODD_MACRO")
    assert derailment.source == "return 1 ODD_MACRO 2;"


def test_an_error_among_arguments_names_what_is_called() -> None:
    file = examine("a.c", AMONG_ARGUMENTS)
    assert isinstance(file, FileHealth)
    assert [(place.macro, place.function) for place in file.derailments] == [("wait_odd", "foo")]
    assert file.derailments[0].line > 3


@pytest.mark.parametrize(
    ("statement", "macro"),
    [
        (b"bar();\n\tidle_odd", "idle_odd"),
        (b"char far *p;", "far"),
        (b'print(\n\t\t"a" ODD_X "b" 1);', "ODD_X"),
    ],
)
def test_words_that_could_be_macros_are_named(statement: bytes, macro: str) -> None:
    file = examine("a.c", b"void foo(void)\n{\n\t" + statement + b"\n}\n")
    assert isinstance(file, FileHealth)
    assert [place.macro for place in file.derailments] == [macro]


def test_a_swallowed_function_is_lost_or_broken() -> None:
    file = examine("a.c", SWALLOWED)
    assert isinstance(file, FileHealth)
    assert file.misread == 2
    assert set(file.lost) <= {"foo", "bar"}


@pytest.mark.parametrize(
    "source",
    [
        b"#if 0\nint foo(void)\n{\n}\n#endif\n",
        b"/* int foo(void)\n{\n} */\n",
        b"#define X int foo(void) \\\n{ \\\n}\n",
        b"int foo(void);\nextern int bar(int a);\n",
        b"static DEFINE_FOO(a, b) = {\n\t1,\n};\n",
        b"struct foo bar[] = {\n\tFOO(a) {\n\t\t1\n\t},\n};\n",
    ],
)
def test_nothing_is_lost_where_nothing_is_defined(source: bytes) -> None:
    file = examine("a.c", source)
    assert isinstance(file, FileHealth)
    assert (file.functions, file.lost) == (0, ())


def test_a_file_that_cannot_be_parsed_is_a_skip() -> None:
    skip = examine("deep.c", b"{" * 5_000)
    assert isinstance(skip, Skip)
    assert "nested" in skip.reason


FILES = [
    ("b/good.c", GOOD),
    ("b/broken.c", BROKEN),
    ("c/worse.c", BROKEN.replace(b"return 0", b"return 0 0 ODD 1")),
    ("c/deep.c", b"{" * 5_000),
]


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_sum(jobs: int) -> None:
    answer = health(FILES, jobs=jobs)
    assert (answer.files, answer.functions, answer.functions_with_errors) == (3, 6, 3)
    assert [file.path for file in answer.worst] == ["c/worse.c", "b/broken.c"]
    assert [skip.path for skip in answer.skips] == ["c/deep.c"]
    assert answer.share_with_errors == pytest.approx(0.5)


def test_more_workers_say_the_same() -> None:
    many = [(f"{number}/{path}", source) for number in range(40) for path, source in FILES]
    assert health(many, jobs=1) == health(many, jobs=3)


def test_below_a_directory() -> None:
    assert health(FILES, under=["b"], jobs=1).files == 2


def test_nothing_at_all() -> None:
    answer = health([], jobs=1)
    assert answer == Health(0, 0, 0, 0)
    assert answer.share_with_errors == 0


def test_a_tree_on_disk(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("VERSION = 6\n")
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel" / "a.c").write_bytes(GOOD)
    (tmp_path / "kernel" / "a.h").write_bytes(BROKEN)
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "b.c").write_bytes(BROKEN)
    (tmp_path / "drivers" / "c.c").symlink_to("/etc/passwd")
    whole = health(tmp_path, jobs=1)
    assert (whole.files, whole.functions, whole.functions_with_errors) == (2, 4, 1)
    assert health(tmp_path, under=["kernel"], jobs=1).functions_with_errors == 0


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_files_done_are_counted_out_of_all(
    jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.inspection.health._BATCH", 1)
    (tmp_path / "Makefile").write_text("VERSION = 6\n")
    (tmp_path / "kernel").mkdir()
    for number in range(3):
        (tmp_path / "kernel" / f"{number}.c").write_bytes(GOOD)
    (tmp_path / "kernel" / "deep.c").write_bytes(b"{" * 5_000)
    (tmp_path / "kernel" / "a.h").write_bytes(GOOD)
    (tmp_path / "lib.c").write_bytes(GOOD)
    said: list[str] = []
    health(tmp_path, under=["kernel"], jobs=jobs, progress=said.append)
    assert said == [f"parsed {number} of 4 files" for number in (1, 2, 3, 4)]


def test_files_of_which_nobody_knows_the_number() -> None:
    said: list[str] = []
    health(iter(FILES), jobs=1, progress=said.append)
    assert said == ["parsed 4 of the files given"]


def test_no_tree(tmp_path: Path) -> None:
    with pytest.raises(KscanError):
        health(tmp_path / "none", jobs=1)


def test_text_and_json() -> None:
    answer = health(FILES, jobs=1)
    text = as_text(answer)
    assert text.startswith("3 files, 6 functions\n3 functions with a parse error inside (50.00 %)")
    assert "b/broken.c:3: foo(): ODD_MACRO" in text
    assert "c/deep.c: skipped: " in text
    document = json.loads(json.dumps(as_json(answer)))
    assert document["schema"] == "kscan/health/1"
    assert document["worst"][0]["path"] == "c/worse.c"
    assert document["worst"][1]["derailments"] == [
        {
            "line": 3,
            "function": "foo",
            "macro": "ODD_MACRO",
            "source": "return 1 ODD_MACRO 2;",
        }
    ]
