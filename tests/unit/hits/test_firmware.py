# SPDX-License-Identifier: GPL-2.0-only
"""What a driver is matched by, and who is hit by it."""

from __future__ import annotations

import pytest

from kscan.hits import firmware, who
from kscan.model import KscanError

DRIVER = """
#define DRV_NAME "acme-mmu"
static const struct of_device_id acme_of_match[] __initconst = {
	{ .compatible = "acme,mmu-1", .data = &one },
	{ .compatible = "acme," "mmu-2" },
	/* { .compatible = "acme,mmu-0" }, */
	{ }
};
MODULE_DEVICE_TABLE(of, acme_of_match);
static const struct of_device_id acme_clients[] = {
	{ . compatible = "acme,gpu" },
	{ }
};
static const struct acpi_device_id acme_acpi[] = {
	{ "ACME0001", 0 },
	{ .id = "ACME0002" },
	{ }
};
static const struct platform_device_id acme_ids[] = {
	{ .name = "acme-old" },
	{ }
};
static int acme_probe(struct platform_device *pdev)
{
	return of_match_node(acme_clients, pdev->dev.of_node) ? 0 : -ENODEV;
}
static struct platform_driver acme_driver = {
	.id_table = acme_ids,
	.driver = {
		.name = DRV_NAME,
		.of_match_table = of_match_ptr(acme_of_match),
		.acpi_match_table = ACPI_PTR(acme_acpi),
	},
	.probe = acme_probe,
};
"""


def test_the_names_a_driver_answers_to():
    assert firmware.in_source(DRIVER.encode()) == firmware.Matches(
        ("acme,mmu-1", "acme,mmu-2"), ("ACME0001", "ACME0002"), ("acme-mmu", "acme-old")
    )


def test_they_are_told_apart_as_in_a_module_alias():
    names = firmware.in_source(DRIVER.encode()).names()
    assert {"acme,mmu-1", "acpi:ACME0001", "platform:acme-mmu"} < set(names)


@pytest.mark.parametrize(
    "source",
    [
        'IRQCHIP_DECLARE(acme, "acme,mmu", acme_init);',
        'TIMER_OF_DECLARE(acme, "acme,mmu", acme_init);',
        'CLK_OF_DECLARE_DRIVER(acme, "acme,mmu", acme_init);',
        'IRQCHIP_MATCH("acme,mmu", acme_init)',
    ],
)
def test_declarations_outside_a_driver(source):
    assert firmware.in_source(source.encode()).compatibles == ("acme,mmu",)


@pytest.mark.parametrize(
    "source", [b"", b"int of_device_id;", b"\xff\xfe of_device_id {{{", b"x" * 9]
)
def test_sources_that_match_nothing(source):
    assert firmware.in_source(source) == firmware.Matches()


TREE = {
    "drivers/Makefile": "obj-y += acme/\n",
    "drivers/acme/Makefile": "obj-$(CONFIG_ACME) += acme.o\nacme-y := core.o hw.o\n",
    "drivers/acme/core.c": DRIVER,
    "drivers/acme/hw.c": "int acme_hw(void)\n{\n\treturn 0;\n}\n",
    "drivers/other.c": "static int acme_probe(void)\n{\n\treturn acme_hw();\n}\n",
    "arch/arm64/configs/defconfig": "CONFIG_ACME=m\n",
    "arch/arm64/boot/dts/acme/a.dts": (
        '/ { model = "Acme"; m: mmu { compatible = "acme,mmu-1"; }; '
        "g: gpu@1 { iommus = <&m>; }; };\n"
    ),
}


def test_a_file_without_a_table_has_its_modules(tree_of):
    tree = tree_of(TREE)
    assert firmware.matches(tree, "drivers/acme/hw.c").acpi == ("ACME0001", "ACME0002")
    assert not firmware.matches(tree, "drivers/other.c")


def test_who_is_hit_by_a_file(tree_of):
    hit = who.hits(tree_of(TREE), "drivers/acme/hw.c")
    assert hit.config == ("CONFIG_ACME",)
    assert hit.defconfigs == ("arch/arm64/configs/defconfig",)
    assert hit.compatibles[0] == "acme,mmu-1"
    assert hit.boards == ("arch/arm64/boot/dts/acme/a.dts (Acme)",)
    assert hit.clients == ("gpu@1",)


def test_who_is_hit_by_a_function(tree_of):
    tree = tree_of(TREE)
    assert who.files_of(tree, "acme_hw") == ("drivers/acme/hw.c",)
    assert who.files_of(tree, "acme_probe") == ("drivers/acme/core.c", "drivers/other.c")
    assert who.hits(tree, "acme_hw") == who.hits(tree, "drivers/acme/hw.c")


@pytest.mark.parametrize("place", ["drivers/no.c", "no_such_function", "", "a b"])
def test_a_place_the_tree_does_not_have(tree_of, place):
    with pytest.raises(KscanError, match=r"give a"):
        who.hits(tree_of(TREE), place)


@pytest.mark.parametrize(
    "text",
    [
        ".id_table=" + " " * 200_000 + ";",
        "A_" + "OF_DECLARE" * 200_000 + ";",
        '"' + '\\"' * 500_000,
        f'#define S "{"a" * 1_000_000}"\nstatic const struct of_device_id t[] = {{\n'
        + "{ .compatible = S },\n" * 50_000
        + "};\nMODULE_DEVICE_TABLE(of, t);\n",
    ],
    ids=["table", "declare", "string", "macro"],
)
def test_hostile_text_is_read_in_linear_time(text):
    firmware.in_source(b"of_device_id " + text.encode())


TABLE = """
static const struct of_device_id acme_match[] = {
	{ .compatible = "acme,mmu" }, { }
};
MODULE_DEVICE_TABLE(of, acme_match);
"""
BODIES = {
    "plain": "int f(void)\n{\n\treturn '}';\n}\n",
    "two ends": "int f(void)\n{\n#ifdef A\n\treturn 1;\n}\n#else\n\treturn 2;\n}\n#endif\n",
    "two bodies": "#ifdef A\nint f(void)\n{\n}\n#else\nint f(void)\n{\n\tg();\n}\n#endif\n",
    "of a macro": "#define F(x) \\\nint x(void) \\\n{ \\\n\treturn 1; \\\n}\n",
    "a list": "static int table[] =\n{\n\t1, 2,\n};\n",
    "closed inside": "int f(void)\n{\n\tif (a) {\n}\n\treturn 1;\n}\n",
}


@pytest.mark.parametrize("above", BODIES.values(), ids=BODIES)
def test_a_table_is_found_below_whatever_body(above: str):
    assert firmware.in_source((above + TABLE).encode()).compatibles == ("acme,mmu",)


def test_a_table_may_begin_with_a_brace_on_a_line_of_its_own():
    source = TABLE.replace(" = {", " =\n{")
    assert firmware.in_source(source.encode()).compatibles == ("acme,mmu",)


def test_a_table_in_a_function_counts_where_it_is_used():
    inside = TABLE.partition("MODULE")[0].replace("\n", "\n\t")
    body = f"int f(void)\n{{{inside}\n\tuse(acme_match);\n}}\n"
    driver = "struct platform_driver d = { .driver = { .of_match_table = acme_match } };\n"
    assert firmware.in_source((body + driver).encode()).compatibles == ("acme,mmu",)


@pytest.mark.parametrize("bait", [b"f()\n{", b"f()\n{\n}", b"\n{\n#if", b"\n}"])
def test_bodies_are_left_out_in_the_time_their_length_takes(bait: bytes):
    driver = bait * 200_000 + b"of_device_id"
    assert len(firmware._without_bodies(driver)) <= len(driver)
