# SPDX-License-Identifier: GPL-2.0-only
"""Which symbols build a file, and which defconfigs set them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import MemoryTree

from kscan.hits import kbuild
from kscan.hits.kconfig import Defconfigs

ROOT = {"Kbuild": "obj-y += drivers/\nobj-$(CONFIG_NET) += net/\n"}


def built(tree_of, makefile: str, path: str = "drivers/foo/a.c", **more: str):
    files = {**ROOT, "drivers/Makefile": "obj-y += foo/\n", "drivers/foo/Makefile": makefile}
    tree = tree_of({**files, path: "", **more})
    return [(way.target, way.own, way.around) for way in kbuild.builds(tree, path)]


def test_an_object_under_one_symbol(tree_of):
    assert built(tree_of, "obj-$(CONFIG_FOO) += b.o a.o\n") == [
        ("drivers/foo/a", ("CONFIG_FOO",), ())
    ]


@pytest.mark.parametrize(
    ("makefile", "own"),
    [
        ("obj-y += a.o\n", ()),
        ("obj-$(subst m,y,$(CONFIG_FOO)) := a.o\n", ("CONFIG_FOO",)),
        ("obj-${CONFIG_FOO} += a.o\n", ("CONFIG_FOO",)),
        ("obj-$(CONFIG_FOO)$(CONFIG_BAR) += a.o\n", ("CONFIG_FOO", "CONFIG_BAR")),
        ("ifdef CONFIG_BAR\nobj-$(CONFIG_FOO) += a.o\nendif\n", ("CONFIG_BAR", "CONFIG_FOO")),
        ("ifeq ($(CONFIG_BAR),y)\nobj-y += a.o\nendif\n", ("CONFIG_BAR",)),
        ("ifeq ($(CONFIG_BAR),)\nobj-y += a.o\nendif\n", ()),
        ("ifneq ($(CONFIG_BAR),)\nobj-y += a.o\nendif\n", ("CONFIG_BAR",)),
        ("ifdef CONFIG_BAR\nelse\nobj-$(CONFIG_FOO) += a.o\nendif\n", ("CONFIG_FOO",)),
        ("ifdef CONFIG_BAR\nendif\nobj-$(CONFIG_FOO) += a.o\n", ("CONFIG_FOO",)),
        ("obj-$(CONFIG_FOO) += b.o \\\n\t a.o\n", ("CONFIG_FOO",)),
        ("obj-$(CONFIG_FOO) += b.o # a.o\nobj-$(CONFIG_BAR) += a.o\n", ("CONFIG_BAR",)),
        ("obj-$(CONFIG_FOO) += $(addprefix ./,a.o)\n", ("CONFIG_FOO",)),
        ("obj-$(CONFIG_FOO) += b.o \x0c a.o\n", ("CONFIG_FOO",)),
        (
            "obj-$(CONFIG_FOO) += b.o # \x85obj-y += a.o\nobj-$(CONFIG_BAR) += a.o\n",
            ("CONFIG_BAR",),
        ),
    ],
)
def test_ways_to_gate_an_object(tree_of, makefile, own):
    assert [way[1] for way in built(tree_of, makefile)] == [own]


@pytest.mark.parametrize("list_name", ["foo-dev-y", "foo-dev-objs", "foo-dev-m"])
def test_a_composite_object_is_the_driver(tree_of, list_name):
    makefile = f"obj-$(CONFIG_FOO) += foo-dev.o\n{list_name} := b.o a.o\n"
    assert built(tree_of, makefile) == [("drivers/foo/foo-dev", ("CONFIG_FOO",), ())]


def test_an_optional_part_of_a_composite_object_names_both_symbols(tree_of):
    makefile = "obj-$(CONFIG_FOO) += foo.o\nfoo-y := b.o\nfoo-$(CONFIG_FOO_A) += a.o\n"
    (way,) = built(tree_of, makefile)
    assert way == ("drivers/foo/foo", ("CONFIG_FOO_A", "CONFIG_FOO"), ())


def test_a_list_taken_up_by_reference_keeps_the_object(tree_of):
    makefile = "part-$(CONFIG_PART) += a.o\nobj-$(CONFIG_FOO) += $(part-y)\n"
    assert built(tree_of, makefile) == [("drivers/foo/a", ("CONFIG_PART", "CONFIG_FOO"), ())]


def test_an_included_makefile_is_read(tree_of):
    makefile = "include $(src)/more/Kbuild\nobj-$(CONFIG_FOO) += foo.o\n"
    more = {"drivers/foo/more/Kbuild": "foo-y += more/a.o\n"}
    (way,) = built(tree_of, makefile, path="drivers/foo/more/a.c", **more)
    assert way[:2] == ("drivers/foo/foo", ("CONFIG_FOO",))


def test_makefiles_that_include_one_another_end(tree_of):
    makefile = "include $(src)/Makefile\ninclude $(src)/x\nobj-y += a.o\n"
    assert len(built(tree_of, makefile, **{"drivers/foo/x": "include $(src)/Makefile\n"})) == 1


def test_composites_that_contain_one_another_end(tree_of):
    assert built(tree_of, "a-$(CONFIG_A) += b.o\nb-$(CONFIG_B) += a.o\n") == []


def test_directories_gate_up_to_the_root(tree_of):
    tree = tree_of(
        {
            "Kbuild": "obj-$(CONFIG_NET) += net/\n",
            "net/Makefile": "obj-$(CONFIG_WAN) += wan/deep/\n",
            "net/wan/deep/Makefile": "obj-$(CONFIG_X) += x.o\n",
            "net/wan/deep/x.c": "",
        }
    )
    (way,) = kbuild.builds(tree, "net/wan/deep/x.c")
    assert (way.own, way.around) == (("CONFIG_X",), ("CONFIG_WAN", "CONFIG_NET"))
    assert kbuild.symbols((way,)) == ("CONFIG_X", "CONFIG_WAN", "CONFIG_NET")


def test_an_object_named_from_a_directory_above(tree_of):
    (way,) = built(tree_of, "obj-$(CONFIG_FOO) += sub/a.o\n", path="drivers/foo/sub/a.c")
    assert way == ("drivers/foo/sub/a", ("CONFIG_FOO",), ())


def test_a_file_no_makefile_names_is_its_own_driver(tree_of):
    tree = tree_of({**ROOT, "drivers/foo/a.c": ""})
    assert kbuild.builds(tree, "drivers/foo/a.c") == ()
    assert kbuild.driver(tree, "drivers/foo/a.c") == "drivers/foo/a"


def test_members_of_a_module(tree_of):
    tree = tree_of(
        {
            "drivers/foo/Makefile": "obj-m += foo.o\nfoo-y := a.o b.o gone.o\n",
            "drivers/foo/a.c": "",
            "drivers/foo/b.c": "",
            "drivers/foo/c.c": "",
        }
    )
    assert kbuild.members(tree, "drivers/foo/b.c") == ("drivers/foo/b.c", "drivers/foo/a.c")
    assert kbuild.members(tree, "drivers/foo/c.c") == ("drivers/foo/c.c",)


DEFCONFIGS = {
    "arch/arm64/configs/defconfig": "CONFIG_FOO=y\n",
    "arch/arm/configs/m_defconfig": "CONFIG_FOO=m\r\n# CONFIG_FOO_A is not set\n",
    "arch/arm/configs/none_defconfig": 'CONFIG_FOO="y"\nCONFIG_FOOT=y\n',
    "arch/arm/configs/foo.config": "CONFIG_FOO=y\n",
    "arch/mips/configs/defconfig": "CONFIG_FOO=y\n",
}


def that_build(tree_of, *ways: kbuild.Build):
    return Defconfigs(tree_of(DEFCONFIGS)).that_build(ways)


def test_defconfigs_set_the_symbol_to_y_or_m(tree_of):
    way = kbuild.Build("drivers/foo/a", ("CONFIG_FOO",))
    assert that_build(tree_of, way) == (
        "arch/arm/configs/m_defconfig",
        "arch/arm64/configs/defconfig",
    )


def test_a_defconfig_that_unsets_a_part_does_not_build_it(tree_of):
    way = kbuild.Build("drivers/foo/foo", ("CONFIG_FOO_A", "CONFIG_FOO"))
    assert that_build(tree_of, way) == ("arch/arm64/configs/defconfig",)


def test_the_directory_decides_where_the_object_asks_for_nothing(tree_of):
    way = kbuild.Build("drivers/foo/a", (), ("CONFIG_FOO",))
    assert len(that_build(tree_of, way)) == 2


def test_code_that_is_always_built_lists_no_defconfig(tree_of):
    assert that_build(tree_of, kbuild.Build("drivers/base/core", ())) == ()


def test_code_of_one_architecture_is_in_no_other_defconfig(tree_of):
    way = kbuild.Build("arch/arm/mach-foo/a", ("CONFIG_FOO",))
    assert that_build(tree_of, way) == ("arch/arm/configs/m_defconfig",)


def numbered(line: str) -> str:
    return "".join(line.format(number, number + 1) for number in range(40_000))


@pytest.mark.parametrize(
    "makefile",
    [
        "obj-y :=" + " " * 1_000_000 + "x\n",
        "a-" + "$()" * 300_000 + "@ = a.o\n",
        "a-" + "$(a-" * 250_000 + " = a.o\n",
        f"a-y := $(addprefix {'a' * 500_000},{'b ' * 250_000})\n",
        numbered("ifdef CONFIG_{}\n") + "a-y += b.o\n" * 40_000,
        numbered("a{1}-y += a{0}.o\n") + "a0-y += a.o\n",
    ],
    ids=["gap", "suffix", "open", "prefix", "ifdef", "chain"],
)
def test_a_hostile_makefile_is_read_in_linear_time(tree_of, makefile):
    assert built(tree_of, makefile) == []


def test_lines_continue_line_after_line(tree_of):
    assert built(tree_of, "obj-y += b.o \\\n  \\\n\t \\\n a.o\n") == [("drivers/foo/a", (), ())]


LINES = st.sampled_from((
    b"obj-$(CONFIG_FOO) += foo.o\n", b"foo-y := a.o b.o\n", b"foo-objs += $(foo-y)\n",
    b"obj-y += ./ a.o\n", b"ifdef CONFIG_A\n", b"ifneq ($(B),)\n", b"else\n",
    b"else ifeq ($(CONFIG_A),y)\n", b"endif\n", b"include $(src)/Makefile\n",
    b"a-$(CONFIG_A)$(CONFIG_B) += $(addprefix x/,a.o)\n", b"obj-m := \\\n", b"a.o", b" a-y",
    b"$(", b")", b"{", b"}", b"=", b":", b"+", b"#", b"\\", b"\n", b"\xff", b"\0", b"\x0c",
))  # fmt: skip


@given(st.lists(LINES | st.binary(max_size=4), max_size=20).map(b"".join))
def test_any_makefile_is_read_the_same_twice(makefile):
    tree = MemoryTree({"drivers/foo/a.c": "", **ROOT, "drivers/Makefile": "obj-y += foo/\n"})
    tree.files |= {"drivers/foo/Makefile": makefile}
    ways = kbuild.builds(tree, "drivers/foo/a.c")
    assert ways == kbuild.builds(tree, "drivers/foo/a.c")
    assert "drivers/foo/a.c" in kbuild.members(tree, "drivers/foo/a.c")
