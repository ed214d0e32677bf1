# SPDX-License-Identifier: GPL-2.0-only
"""Macros read without a parse are those that a parse finds."""

from __future__ import annotations

from contextlib import suppress

import pytest
import sample_trees
from hypothesis import given
from hypothesis import strategies as st

from kscan.facts import extract
from kscan.facts.defines import Defines, Unsure
from kscan.facts.unit import MacroFact

PLAIN = r"""#ifndef ACME_H
#define ACME_H
#define ACME_MAX 64 /* of them */
 #  define ACME_MIN 1	// at least
#define acme_read(base, off) readl((base) + \
	(off)) /* a comment
	that goes on */
#define acme_log(dev, fmt, ...) dev_info(dev, "acme // " fmt, ##__VA_ARGS__)
#define acme_err(dev, args...) dev_err(dev, args)
#define acme_none() do { } while (0)
#define acme_nothing(x)
#ifdef CONFIG_ACME
#define acme_on(x) (x)
#else
#define acme_on(x) 0
#endif
#define acme_alias acme_real
#define acme_alias(x) acme_real(x)
#endif
"""
NAMES = [
    "ACME_H", "ACME_MAX", "ACME_MIN", "acme_read", "acme_log", "acme_err", "acme_none",
    "acme_nothing", "acme_on", "acme_alias",
]  # fmt: skip


def parsed(source: bytes, name: str) -> MacroFact | None:
    return next((m for m in extract.unit_of(source).macros if m.name == name), None)


@pytest.mark.parametrize("name", NAMES)
def test_a_macro_is_what_a_parse_finds(name: str):
    source = PLAIN.encode()
    assert Defines(source).macro(name) == parsed(source, name) is not None


def test_it_has_parameters_body_and_line():
    macro = Defines(PLAIN.encode()).macro("acme_log")
    assert macro.params == ("dev", "fmt", "...")
    assert macro.body == 'dev_info(dev, "acme // " fmt, ##__VA_ARGS__)'
    assert macro.line == 8


@pytest.mark.parametrize(
    "source",
    [
        "#define OTHER 1\n",
        "/*\n#define ACME 1\n*/\n",
        "#if 0\n#define ACME 1\n#endif\n",
        "#define QUOTED '/*'\n#define ACME 1\n",
        "#define ACME(a, (b)) 1\n",
        "#define ACME(a, \n",
        "",
    ],
)
def test_what_takes_a_parse_is_left_to_it(source: str):
    with pytest.raises(Unsure):
        Defines(source.encode()).macro("ACME")


def test_the_macros_of_the_sample_trees_are_those_of_a_parse():
    seen = 0
    for path in sorted(sample_trees.SAMPLE_TREES.rglob("*.[ch]")):
        source = path.read_bytes()
        defines = Defines(source)
        for macro in extract.unit_of(source).macros:
            seen += 1
            try:
                found = defines.macro(macro.name)
            except Unsure:
                continue
            assert found == parsed(source, macro.name), path
    assert seen > 20


@given(st.binary(max_size=200))
def test_any_bytes_are_a_macro_or_unsure(rest: bytes):
    try:
        macro = Defines(b"#define ACME" + rest).macro("ACME")
    except Unsure:
        return
    assert macro.name == "ACME"


@pytest.mark.parametrize(
    "bait", [b"#define A(", b"\n#define A", b"/*", b"\\\n", b'"', b"#define A /", b"\n#"]
)
def test_macros_are_read_in_the_time_their_length_takes(bait: bytes):
    defines = Defines(bait * (400_000 // len(bait)))
    with suppress(Unsure):
        assert defines.macro("A").name == "A"
