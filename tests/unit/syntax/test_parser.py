# SPDX-License-Identifier: GPL-2.0-only
"""The door to tree-sitter: bounds, errors, counts."""

from __future__ import annotations

import subprocess
import sys
from unittest.mock import Mock

import pytest
from syntaxes import tree_of

from kscan.model import KscanError
from kscan.syntax import parser
from kscan.syntax.functions import definitions
from kscan.syntax.parser import Unparsable, errors_in, nested_deeper_than, parse


def test_a_tree_holds_its_text() -> None:
    text = b"int f(void)\n{\n\treturn 0;\n}\n"
    assert parse(text).root_node.text == text


def test_a_long_file_holds_its_text_too() -> None:
    text = b"int f(void)\n{\n\treturn 0;\n}\n" * 20_000
    root = parse(text).root_node
    assert not root.has_error
    assert root.children[-1].text == text[:27][:-1]
    assert root.child_count == 20_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"/" * (parser.SIZE_LIMIT + 1), "bytes"),
        (b"{" * 100_000, "nested"),
        (b"(" * 2_000 + b")" * 2_000, "nested"),
        (b"int f(void) " + b"{" * 1_500 + b"}" * 1_500, "nested"),
    ],
)
def test_hostile_text_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(Unparsable, match=reason) as caught:
        parse(text)
    assert isinstance(caught.value, KscanError)
    assert caught.value.reason


def test_the_clock_stops_a_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "TIME_LIMIT", -1.0)
    with pytest.raises(Unparsable, match="seconds"):
        parse(b"int a;\n" * 50_000)
    monkeypatch.undo()
    assert not parse(b"int a;\n" * 50_000).root_node.has_error


LARGE = b"int f(void)\n{\n\treturn 0;\n}\n" * 20_000


def test_threads_may_parse_at_once() -> None:
    """In a process of its own, since what goes wrong there is a crash of the binding."""
    script = (
        "import sys\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from kscan.syntax.parser import parse\n"
        "sys.setswitchinterval(1e-6)\n"
        f"large = {LARGE[:27]!r} * 20_000\n"
        "with ThreadPoolExecutor(3) as threads:\n"
        "    for tree in threads.map(parse, [large, large[:2_700], large] * 4):\n"
        "        assert not tree.root_node.has_error\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_parse_that_is_interrupted_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parser, "TIME_LIMIT", -1.0)
    monkeypatch.setattr(parser.time, "thread_time", Mock(side_effect=[0.0, KeyboardInterrupt]))
    with pytest.raises(KeyboardInterrupt):
        parse(LARGE)
    monkeypatch.undo()
    assert parse(b"int a;\n").root_node.end_byte == 7


@pytest.mark.parametrize("text", [b"", b"\0", b"\xff\xfe", b"#", b"/*", b"}" * 5_000, b"int"])
def test_any_bytes_make_a_tree(text: bytes) -> None:
    assert parse(text).root_node.end_byte <= len(text)


def test_nesting() -> None:
    assert not nested_deeper_than(b"(" * 10 + b")" * 10, 10)
    assert nested_deeper_than(b"(" * 11 + b")" * 11, 10)
    assert nested_deeper_than(b"({[" * 4, 10)
    assert not nested_deeper_than(b"() {} []" * 1_000, 1)
    assert not nested_deeper_than(b"}" * 1_000, 10)


def test_errors_in_source_order() -> None:
    root = parse(b"int a = ;\nint f(void) { return 1 }\nint b = = 2;\n").root_node
    places = [(error.start_point[0], error.is_missing) for error in errors_in(root)]
    assert [line for line, _ in places] == [0, 1, 2]
    assert places[1] == (1, True)


def test_no_errors() -> None:
    assert list(errors_in(parse(b"int a;\n").root_node)) == []


def test_a_function_with_an_error_is_broken() -> None:
    tree = tree_of(b"int f(void)\n{\n\treturn 1;\n}\nint g(void)\n{\n\treturn 1 1;\n}\n")
    assert [(one.name, one.line, one.broken) for one in definitions(tree)] == [
        ("f", 1, False),
        ("g", 5, True),
    ]


def test_a_function_in_a_function_is_an_error() -> None:
    tree = parse(b"int f(void)\n{\n\tint g(void)\n\t{\n\t}\n}\n")
    assert not tree.root_node.has_error
    assert [one.broken for one in definitions(tree)] == [True, False]


def test_no_functions() -> None:
    assert list(definitions(parse(b"int a;\n"))) == []


def test_damage_that_takes_long_to_look_through_is_given_up(monkeypatch) -> None:
    monkeypatch.setattr("kscan.syntax.parser.TIME_LIMIT", 1.0)
    with pytest.raises(Unparsable, match="not parsed within 1 seconds"):
        parse(b"int f(void)\n{\n" + b"@ ) ( " * 1_000_000 + b"}\n")


def test_text_that_would_fill_the_memory_is_given_up() -> None:
    with pytest.raises(Unparsable, match="equals signs"):
        parse(b".a=" * 1_000_000)
