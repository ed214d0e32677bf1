# SPDX-License-Identifier: GPL-2.0-only
"""Which architectures a file can be built for."""

from __future__ import annotations

import pytest
from conftest import TreeOf

from kscan.hits.architectures import Architectures, architecture_of

ALL = "arm64 riscv x86"
AROUND = {
    "arch/arm64/Kconfig": "config ARM64\n\tdef_bool y\nsource arch/arm64/Kconfig.platforms\n",
    "arch/arm64/Kconfig.platforms": 'config ARCH_FOO\n\tbool "Foo"\n',
    "arch/x86/Kconfig": (
        "config X86\n\tdef_bool y\nconfig 64BIT\n\tbool '64-bit kernel'\n"
        "config X86_64\n\tdef_bool y\n\tdepends on 64BIT\n"
        'config OTHER\n\tbool "o"\n\tselect CHOSEN\n'
    ),
    "arch/riscv/Kconfig": 'config RISCV\n\tdef_bool y\nconfig 64BIT\n\tbool "64"\n',
    "lib/Kconfig": "config CHOSEN\n\tbool\nconfig IDLE\n\tbool\nconfig LEFT\n\tbool\n\tdefault n\n",
    "drivers/Makefile": "obj-y += iommu/\n",
    "drivers/iommu/Makefile": "obj-$(CONFIG_DRV) += drv.o\nobj-y += always.o\n",
    "drivers/iommu/drv.c": "",
    "drivers/iommu/always.c": "",
    "arch/x86/kernel/Makefile": "obj-y += own.o\n",
    "arch/x86/kernel/own.c": "",
    "drivers/iommu/nobodys.c": "",
}


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        ('bool "d"', ALL),
        ('bool "d"\n\tdepends on X86', "x86"),
        ('bool "d"\n\tdepends on ARCH_FOO || COMPILE_TEST', "arm64"),
        ('bool "d"\n\tdepends on (ARM64 || X86) && PCI', "arm64 x86"),
        ('bool "d"\n\tdepends on X86_64', "x86"),
        ('bool "d"\n\tdepends on 64BIT', "riscv x86"),
        ('bool "d"\n\tdepends on !X86', ALL),
        ('bool "d"\n\tdepends on X86=y', "x86"),
        ('bool "d"\n\tdepends on X86!=n && RISCV=n', "x86"),
        ('bool "d"\n\tdepends on UNHEARD_OF', ALL),
        ('bool "d"\n\tdepends on $(cc-option,-x) && X86', ALL),
        ('bool "d"\n\tdepends on CHOSEN', "x86"),
        ('bool "d"\n\tdepends on IDLE', ""),
        ('bool "d"\n\tdepends on LEFT', ""),
        ('bool "d" if COMPILE_TEST\n\tdefault ARCH_FOO', "arm64"),
        ('bool "d"\n\tdepends on RING\nconfig RING\n\tbool "r"\n\tdepends on DRV', ALL),
        (f'bool "d"\n\tdepends on {"X86" * 300_000}', ALL),
        ("def_bool y\n\tdepends on RISCV", "riscv"),
        ("bool\nconfig USER\n\tbool 'u'\n\tselect DRV if X86", "x86"),
        ('bool "d"\n\tdepends on X86\nconfig DRV\n\tdepends on RISCV\n\tbool "d"', "riscv x86"),
    ],
)
def test_what_its_symbol_depends_on(tree_of: TreeOf, driver: str, expected: str) -> None:
    tree = tree_of({**AROUND, "drivers/iommu/Kconfig": f"config DRV\n\t{driver}\n"})
    known = Architectures(tree)
    found = [a for a in ("arm64", "riscv", "x86") if known.may_build("drivers/iommu/drv.c", a)]
    assert " ".join(found) == expected


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        ('bool "d"\n\tdepends on ARCH_BAR || COMPILE_TEST', ""),
        ('bool "d"\n\tdepends on ARCH_BAR || X86', "x86"),
        ('bool "d"\n\tdepends on !ARCH_BAR', ALL),
        ('bool "d"\n\tdepends on ARCH_BAR=n', ALL),
        ('bool "d"\n\tdepends on m && 1 && 0x10', ALL),
        ('bool "d"\n\tdepends on $(ARCH_BAR)', ALL),
        ('bool "d"\n\tdepends on "$(ARCH)" = "arm64"', ALL),
        ("tristate\n\tdefault ARCH_BAR", ""),
        ("bool\nconfig\n\tbool 'nameless'\n\tselect DRV", ""),
    ],
)
def test_what_nothing_defines_is_n_in_a_whole_tree(
    tree_of: TreeOf, driver: str, expected: str
) -> None:
    whole = {**AROUND, "Kconfig": "source drivers/iommu/Kconfig\n"}
    tree = tree_of({**whole, "drivers/iommu/Kconfig": f"config DRV\n\t{driver}\n"})
    known = Architectures(tree)
    found = [a for a in ("arm64", "riscv", "x86") if known.may_build("drivers/iommu/drv.c", a)]
    assert " ".join(found) == expected


CIRCLE = 'config A\n\tbool "a"\n\tdepends on B && X86\nconfig B\n\tbool "b"\n\tdepends on A\n'


@pytest.mark.parametrize("asked", ["ab", "ba"])
def test_the_order_of_questions_decides_nothing(tree_of: TreeOf, asked: str) -> None:
    makefile = "obj-$(CONFIG_A) += a.o\nobj-$(CONFIG_B) += b.o\n"
    files = {f"drivers/iommu/{name}.c": "" for name in asked}
    files |= {"drivers/iommu/Makefile": makefile, "drivers/iommu/Kconfig": CIRCLE}
    known = Architectures(tree_of({**AROUND, **files}))
    for architecture, may in (("arm64", False), ("x86", True)):
        answers = [known.may_build(f"drivers/iommu/{name}.c", architecture) for name in asked]
        assert answers == [may, may]


def test_symbols_that_all_depend_on_one_another_end(tree_of: TreeOf) -> None:
    names = [f"S{number}" for number in range(40)]
    all_of_them = " || ".join(names)
    text = "".join(f"config {name}\n\tbool 'x'\n\tdepends on {all_of_them}\n" for name in names)
    driver = "config DRV\n\tbool 'd'\n\tdepends on S0\n"
    tree = tree_of({**AROUND, "drivers/iommu/Kconfig": driver + text})
    assert Architectures(tree).may_build("drivers/iommu/drv.c", "arm64")


def test_a_driver_that_came_without_its_kconfig_may_be_built(tree_of: TreeOf) -> None:
    known = Architectures(tree_of({**AROUND, "Kconfig": ""}))
    assert known.may_build("drivers/iommu/drv.c", "arm64")


def test_what_no_symbol_decides(tree_of: TreeOf) -> None:
    known = Architectures(tree_of(AROUND))
    assert known.may_build("drivers/iommu/always.c", "arm64")
    assert known.may_build("drivers/iommu/drv.c", "riscv")
    assert known.may_build("arch/x86/kernel/own.c", "x86")
    assert not known.may_build("arch/x86/kernel/own.c", "arm64")
    assert not known.may_build("drivers/iommu/nobodys.c", "x86")


def test_what_one_architecture_has_for_itself(tree_of: TreeOf) -> None:
    known = Architectures(tree_of(AROUND))
    assert known.is_only_for("arch/x86/kernel/own.c", "x86")
    assert not known.is_only_for("arch/x86/kernel/own.c", "arm64")
    assert not known.is_only_for("drivers/iommu/always.c", "x86")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("arch/arm64/mm/a.c", "arm64"), ("arch/Kconfig", ""), ("drivers/acpi/arm64/a.c", "")],
)
def test_whose_code_it_is(path: str, expected: str) -> None:
    assert architecture_of(path) == expected


def test_an_answer_does_not_depend_on_what_was_asked_before(tree_of: TreeOf) -> None:
    """Of a chain that is longer than any that is followed, a later part was."""
    chain = "".join(f"config S{n}\n\tbool 's'\n\tdepends on S{n + 1}\n" for n in range(20))
    files = {
        "drivers/iommu/Kconfig": f"{chain}config S20\n\tbool 's'\n\tdepends on X86\n",
        "drivers/iommu/Makefile": "obj-$(CONFIG_S0) += drv.o\nobj-$(CONFIG_S12) += late.o\n",
        "drivers/iommu/late.c": "",
    }
    first, later = (Architectures(tree_of({**AROUND, **files})) for _ in range(2))
    asked = [first.may_build(f"drivers/iommu/{name}.c", "arm64") for name in ("drv", "late")]
    assert not later.may_build("drivers/iommu/late.c", "arm64")
    assert [later.may_build("drivers/iommu/drv.c", "arm64"), False] == asked
