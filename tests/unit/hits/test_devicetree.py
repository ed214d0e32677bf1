# SPDX-License-Identifier: GPL-2.0-only
"""What one devicetree source says by itself."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kscan.hits.devicetree import Kind, Unreadable, statements
from kscan.syntax.parser import SIZE_LIMIT


def said(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    found = statements(dedent(text).encode())
    return [(s.kind.value, s.anchor + s.below, s.values) for s in found]


def test_nodes_properties_and_labels_nest():
    assert said(
        """
        / {
            model = "Acme One";
            soc {
                a: b: mmu@10 {
                    compatible = "acme,mmu-2", "acme,mmu";
                    status = "disabled";
                };
            };
        };
        """
    ) == [
        ("model", "/", ("Acme One",)),
        ("label", "//soc/mmu@10", ("a",)),
        ("label", "//soc/mmu@10", ("b",)),
        ("compatible", "//soc/mmu@10", ("acme,mmu-2", "acme,mmu")),
        ("status", "//soc/mmu@10", ("disabled",)),
    ]


def test_overrides_by_label_and_by_path():
    assert said('&mmu { status = "okay"; };\n&{/soc/mmu@10} { status = "okay"; };\n') == [
        ("status", "&mmu", ("okay",)),
        ("status", "/soc/mmu@10", ("okay",)),
    ]


def test_the_iommus_a_client_names():
    text = "&gpu { iommus = <&mmu 1>, <&{/soc/mmu@10} 2>, <&mmu 3>; iommu-map = <0 &smmu 0 16>; };"
    assert said(text) == [
        ("iommus", "&gpu", ("mmu", "/soc/mmu@10")),
        ("iommu-map", "&gpu", ("smmu",)),
    ]


def test_deletions():
    text = """
    /delete-node/ &mmu;
    &soc { /delete-node/ gpu@20; /delete-property/ status; /delete-property/ reg; };
    """
    assert said(text) == [
        ("delete-node", "&mmu", ()),
        ("delete-node", "&soc/gpu@20", ()),
        ("delete-property", "&soc", ("status",)),
    ]


def test_includes_and_conditionals_in_file_order():
    text = """
    #include "soc.dtsi" // the chip
    #include <dt-bindings/x.h>
    /include/ "old.dtsi"
    #define HAS_GPU
    #ifdef HAS_GPU
    &gpu { status = "okay"; };
    #elif LEVEL > 2
    #else
    #endif
    #undef HAS_GPU
    """
    assert said(text) == [
        ("include", "", ("soc.dtsi",)),
        ("include", "", ("dt-bindings/x.h",)),
        ("include", "", ("old.dtsi",)),
        ("define", "", ("HAS_GPU", "")),
        ("if", "", ("defined HAS_GPU",)),
        ("status", "&gpu", ("okay",)),
        ("else", "", ("LEVEL > 2",)),
        ("else", "", ("1",)),
        ("endif", "", ()),
        ("undef", "", ("HAS_GPU",)),
    ]


def test_an_include_inside_a_node_belongs_to_it():
    assert said('/ { soc {\n#include "part.dtsi"\n}; };\n') == [
        ("include", "//soc", ("part.dtsi",))
    ]


def test_a_fragment_is_about_the_node_that_includes_it():
    assert said('mmu: mmu@10 { status = "okay"; };\n') == [
        ("label", "/mmu@10", ("mmu",)),
        ("status", "/mmu@10", ("okay",)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        '/* #include "no.dtsi" */\n',
        '// #include "no.dtsi"\n',
        '/ { note = "#include \\"no.dtsi\\""; };\n',
        '/* &mmu { status = "okay"; }; */\n',
        "/ { #size-cells = <1>; #include-cells = <1>; };\n",
    ],
)
def test_comments_strings_and_cell_counts_say_nothing(text):
    assert said(text) == []


@pytest.mark.parametrize(
    "mere",
    [
        "reg = <0x10 0x20>;",
        "clocks = <&a 1>,\n\t\t <&b 2>;",
        'names = "a", "b;c", "{d}", "e/f";',
        "cells = <1 /* ; } */ 2>;",
        "bits = /bits/ 8 <1 2>;",
        "last: reg = <1>;",
        "status-led = <1>; flag; other = <2>;",
        "size = <(2 / 1)>;\n\tflag;",
    ],
)
def test_a_property_that_says_nothing_hides_nothing(mere):
    node = '&a {{\n\t{}\n\tstatus = "okay";\n\t{}\n\tb {{ compatible = "c"; }};\n}};\n'
    assert said(node.format(mere, mere)) == said(node.format("", ""))
    assert len(said(node.format("", ""))) == 2


def test_a_label_made_by_a_macro_is_its_argument():
    text = 'DIE_NODE(mmu): mmu@10 { status = "okay"; };\n&gpu { iommus = <&DIE_NODE(mmu) 1>; };\n'
    assert said(text) == [
        ("label", "/mmu@10", ("mmu",)),
        ("status", "/mmu@10", ("okay",)),
        ("iommus", "&gpu", ("mmu",)),
    ]


def test_macros_the_grammar_does_not_know_stay_local():
    text = """
    &leds { function = LED_FUNCTION_POWER; PIN(1, UP); status = "okay"; };
    #define NODE(x) \\
        x { status = "disabled"; };
    &mmu { status = "fail"; };
    """
    assert [place for kind, place, _ in said(text) if kind == "status"] == ["&leds", "&mmu"]


def test_a_file_that_cannot_matter_is_not_parsed():
    assert said("/ { pins: pins { a: a { }; }; };\n") == []
    assert said('/ { pins: pins { compatible = "acme,x"; }; };\n')[0][0] == "label"


def test_a_file_beyond_the_bounds_is_refused():
    with pytest.raises(Unreadable, match="bytes"):
        statements(b'status = "";\n' + b" " * SIZE_LIMIT)
    with pytest.raises(Unreadable, match="nested"):
        statements(b"status a {" * 20000)


@given(st.text(alphabet='/*"#<>{}();&:=\\\n a1@,includefdstatus', max_size=300))
@example("{t\0:status;")
def test_any_text_is_read_in_file_order(text):
    for statement in statements(text.encode()):
        assert isinstance(statement.kind, Kind)


PIECES = [
    b"/ {", b"&a {", b"&{/b/\xff} {", b"c: d@1 {", b"};", b'compatible = "a,b\xff";',
    b"status = ", b'"okay";', b"iommus = <&a 1>;", b"iommus = <&{/\xff/e} 1>;",
    b"iommu-map = <0 &{/b} 0 1>;", b"/delete-node/ &{/\xff};", b"/delete-node/ d@1;",
    b"/delete-property/ status;", b"\n#include <\xff.h>\n", b"\n#if A\n", b"\n#else\n",
    b"\n#endif\n", b"\n#define A \xff\n", b"\n/include/ \"\xff\"\n", b"LABEL(a): ", b"/*",
    b"*/", b"//", b'"', b"\\", b"\0",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=30).map(b"".join))
@example(b"/ { a { iommus = <&{/\xff} 1>; }; };")
def test_any_bytes_are_read_the_same_twice(text):
    assert statements(text) == statements(bytes(bytearray(text)))


def test_hostile_text_ends():
    for text in ("/*" * 50000, '"' * 50001, "#if 1\n" * 20000, "a:" * 50000, "status\\" * 30000):
        statements(text.encode())


MUCH = 200_000


@pytest.mark.parametrize(
    "text",
    [
        b'"' + b'\\"' * MUCH,
        b"{}" * MUCH + b"\n" + b"#include <a>\n" * MUCH,
    ],
)
def test_hostile_text_is_read_in_linear_time(text):
    statements(text)


def test_the_path_of_a_node_is_cut():
    inner = b'b { compatible = "c"; }; ' * 20_000
    found = statements(b"/ { " + b"a" * MUCH + b" { " + inner + b"}; };")
    assert max(len(s.below) for s in found) == 2000
