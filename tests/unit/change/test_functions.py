# SPDX-License-Identifier: GPL-2.0-only
"""Altered functions: what a change does to their tokens, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_trees import Made, changed, differences, reader

from kscan.change.functions import Alterations, Bodies, tokens
from kscan.change.renames import Renames, likeness
from kscan.source.compare import ChangedPath

FOO = """\
    #define foo_read(p, r) readl((p)->base + (r))

    static int foo_enable(struct foo *foo, int on)
    {
        if (!on)
            return -EINVAL;
        foo->state = on; /* now */
        return foo_write(foo, CTRL, "on");
    }

    int foo_probe(struct device *dev)
    {
        return foo_enable(dev_get_drvdata(dev), 1);
    }
    """


def altered(
    made: Made, files: dict[str, str | None], base: dict[str, str] | None = None
) -> list[str]:
    tree = made(base or {"foo.c": FOO})
    head = changed(tree, files)
    both = Bodies(reader(tree)), Bodies(reader(head))
    found = Alterations(*both, differences(tree, head)).all
    return [f"{place.path}:{place.function}" for place in found]


def test_tokens_know_no_comments_and_no_white_space() -> None:
    assert tokens(b"a/* b */+= 'c' // d\n\t\\\n->e \"/* f */\"") == (
        b"a", b"+=", b"'c'", b"->", b"e", b'"/* f */"',
    )  # fmt: skip
    assert tokens(b"0x1fUL 1e-5 a->b<<=3 ...") == (
        b"0x1fUL", b"1e-5", b"a", b"->", b"b", b"<<=", b"3", b"...",
    )  # fmt: skip
    assert tokens(b"/* never ends") == ()


@given(st.binary(max_size=200))
def test_any_bytes_have_tokens_that_are_in_them(text: bytes) -> None:
    at = 0
    for token in tokens(text):
        at = text.index(token, at) + len(token)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/* now */", "/* then, and for\n * long */"),
        ("foo->state = on;", "foo->state =\n\t\t\ton;"),
        ("(p, r) readl((p)->base + (r))", "(p, r)  \\\n readl((p)->base+(r))"),
        ("int foo_probe", "/* Probes. */\nint foo_probe"),
    ],
)  # fmt: skip
def test_comments_and_white_space_alter_nothing(made: Made, old: str, new: str) -> None:
    assert old in FOO
    assert altered(made, {"foo.c": FOO.replace(old, new)}) == []


@pytest.mark.parametrize(
    ("old", "new", "function"),
    [
        ("foo->state = on;", "foo->state = !on;", "foo_enable"),
        ('"on"', '"off"', "foo_enable"),
        ("struct device *dev)", "struct device *dev, int n)", "foo_probe"),
        ("+ (r))", "+ (r) + 4)", "foo_read"),
    ],
)
def test_tokens_alter_the_function_they_stand_in(
    made: Made, old: str, new: str, function: str
) -> None:
    assert altered(made, {"foo.c": FOO.replace(old, new)}) == [f"foo.c:{function}"]


def test_moves_alter_nothing(made: Made) -> None:
    macro, enable, probe = FOO.split("\n\n")
    assert altered(made, {"foo.c": f"{macro}\n\n{probe}\n\n{enable}\n"}) == []
    moved = {"foo.c": f"{macro}\n\n{probe}\n", "foo-core.c": enable}
    assert altered(made, moved) == []


def test_a_new_function_is_an_alteration(made: Made) -> None:
    more = FOO + "\n    int foo_remove(void)\n    {\n        return 0;\n    }\n"
    assert altered(made, {"foo.c": more}) == ["foo.c:foo_remove"]
    assert altered(made, {"bar.c": "int bar(void)\n{\n}\n"}) == ["bar.c:bar"]


def test_what_is_no_c_is_not_looked_at(made: Made) -> None:
    base = {"foo.c": FOO, "foo.S": "foo:\n"}
    assert altered(made, {"foo.S": "bar:\n", "Kconfig": "config FOO\n"}, base) == []


def test_a_removed_file_alters_nothing_that_is_left(made: Made) -> None:
    assert altered(made, {"foo.c": None}) == []


def test_single_functions_can_be_asked_about(made: Made) -> None:
    tree = made({"foo.c": FOO, "bar.c": "int bar(void)\n{\n}\n"})
    head = changed(
        tree, {"foo.c": FOO.replace("-EINVAL", "-ENODEV").replace("foo_probe", "foo_init")}
    )
    found = Alterations(Bodies(reader(tree)), Bodies(reader(head)), differences(tree, head))
    assert found.is_altered("foo.c", "foo_enable") and found.was_altered("foo.c", "foo_enable")
    assert found.is_altered("foo.c", "foo_init") and not found.was_altered("foo.c", "foo_init")
    assert found.was_altered("foo.c", "foo_probe") and not found.is_altered("foo.c", "foo_probe")
    assert not found.is_altered("bar.c", "bar") and not found.was_altered("bar.c", "bar")
    assert not found.is_altered("foo.c", "foo_read")


def renames(made: Made, files: dict[str, str | None], *moved: ChangedPath) -> Renames:
    tree = made({"foo.c": FOO, "bar.c": "int bar(void)\n{\n}\n"})
    head = changed(tree, files)
    return Renames(Bodies(reader(tree)), Bodies(reader(head)), moved or differences(tree, head))


def test_a_file_is_found_under_its_new_name(made: Made) -> None:
    found = renames(made, {"foo.c": None, "x/foo.c": FOO}, ChangedPath("foo.c", "x/foo.c"))
    assert found.path("foo.c") == "x/foo.c"
    assert found.path("bar.c") == "bar.c"
    assert found.function("foo.c", "foo_probe") == ("x/foo.c", "foo_probe")


def test_a_function_is_found_under_its_new_name(made: Made) -> None:
    found = renames(made, {"foo.c": FOO.replace("foo_enable", "foo_power").replace("-EINVAL", "0")})
    assert found.function("foo.c", "foo_enable") == ("foo.c", "foo_power")
    assert found.function("foo.c", "foo_probe") == ("foo.c", "foo_probe")


def test_a_function_that_is_rewritten_and_renamed_is_another(made: Made) -> None:
    enable = FOO.split("\n\n")[1]
    other = FOO.replace(enable, "    static void bar(void)\n    {\n        while (busy()) ;\n    }")
    assert renames(made, {"foo.c": other}).function("foo.c", "foo_enable") == (
        "foo.c",
        "foo_enable",
    )


def test_a_function_is_found_in_another_file(made: Made) -> None:
    macro, enable, probe = FOO.split("\n\n")
    found = renames(made, {"foo.c": f"{macro}\n\n{probe}\n", "foo-core.c": enable})
    assert found.function("foo.c", "foo_enable") == ("foo-core.c", "foo_enable")


def test_likeness_is_the_share_of_common_tokens() -> None:
    assert likeness((b"a", b"b"), (b"a", b"b")) == 1
    assert likeness((b"a", b"b"), (b"a", b"c")) == 0.5
    assert likeness((b"f", b"b"), (b"g", b"b"), ("f", "g")) == 1
    assert likeness((), ()) == 0


@pytest.mark.parametrize("quote", [b'"', b"'"])
def test_a_literal_without_end_is_read_in_linear_time(quote):
    assert tokens(quote + (b"\\" + quote) * 500_000)
