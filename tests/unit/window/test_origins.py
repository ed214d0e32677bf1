# SPDX-License-Identifier: GPL-2.0-only
"""Where a device comes from, as far as the code shows it."""

from __future__ import annotations

import pytest
from text_tree import program_of

from kscan.kernel.catalogue import catalogue
from kscan.model import Confidence
from kscan.program.calls import Slot
from kscan.program.tables import Tables
from kscan.window.buses import Buses
from kscan.window.callers import Callers
from kscan.window.configured import ConfigureCall, Configured
from kscan.window.origins import Node, Origin, Origins

HEADER = """
include/linux/device.h
    struct device_node;
    struct device { struct device *parent; struct device_node *of_node; void *driver_data; };
    struct platform_device { struct device dev; };
    struct platform_driver { int (*probe)(struct platform_device *pdev); };
    struct bus_type { int (*probe)(struct device *dev); int (*dma_configure)(struct device *dev); };
    struct component_ops { int (*bind)(struct device *, struct device *, void *data); };
    struct drm { struct device *dev; };
    struct host { struct device dev; struct device *dma; struct platform_device *child; };
    struct maker { void (*setup)(struct device *dev); };
drivers/a.c
    #include <linux/device.h>
"""


def calls_in(code: str) -> list[ConfigureCall]:
    """The configuring calls of one file, classified."""
    text = HEADER + "\n".join("    " + line for line in code.splitlines()) + "\n"
    program, known = program_of(text), catalogue()
    origins = Origins(program, known, Callers(program), "bus_type.dma_configure")
    configuration = known.devices.configured_by("iommu")
    assert configuration is not None
    tables = Tables(program, tuple(program.reader.tree.files_with(["dma_configure"])))
    buses = Buses(tables, Slot.named(configuration.slot))
    return list(Configured(program, origins, configuration, buses).calls)


def origin_of(code: str) -> tuple[str, str]:
    (call,) = calls_in(code)
    return call.found.origin.value, call.found.node.value


PROBE = "static struct platform_driver d = { .probe = probe };"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("of_dma_configure(&pdev->dev, pdev->dev.of_node, true);", ("bound", "own")),
        ("struct device *dev = &pdev->dev; of_dma_configure(dev, dev->of_node, 1);",
         ("bound", "own")),
        ("of_dma_configure(&pdev->dev, dev_of_node(&pdev->dev), true);", ("bound", "own")),
        ("struct device *dev = get_device(&pdev->dev); of_dma_configure(dev, dev->of_node, 1);",
         ("bound", "own")),
        ("of_dma_configure(&pdev->dev, pdev->dev.parent->of_node, true);", ("bound", "other")),
        ("struct device_node *np = of_parse_phandle(pdev->dev.of_node, \"x\", 0);"
         "of_dma_configure(&pdev->dev, np, true);", ("bound", "other")),
        ("acpi_dma_configure(&pdev->dev, 1);", ("bound", "own")),
        ("of_dma_configure(&pdev->dev, NULL, true);", ("bound", "none")),
        # made here, in any order
        ("struct device *dev = kzalloc(8, 1); of_dma_configure(dev, pdev->dev.of_node, true);",
         ("made", "unknown")),
        ("struct platform_device *c = platform_device_alloc(\"x\", 1);"
         "of_dma_configure(&c->dev, pdev->dev.of_node, true);", ("made", "unknown")),
        ("struct host *h = platform_get_drvdata(pdev); device_initialize(&h->dev);"
         "of_dma_configure(&h->dev, pdev->dev.of_node, true);", ("made", "own")),
        ("struct host *h = kzalloc(8, 1); h->child = platform_device_register_full(0);"
         "of_dma_configure(&h->child->dev, pdev->dev.of_node, true);", ("made", "unknown")),
        ("struct device *c = channel_of(pdev); c->bus = pdev->dev.bus;"
         "of_dma_configure(c, pdev->dev.of_node, true);", ("made", "unknown")),
        ("struct device *c = channel_of(pdev), *d = pdev->dev.parent; d->bus = pdev->dev.bus;"
         "of_dma_configure(c, pdev->dev.of_node, true);", ("unknown", "unknown")),
        # looked up
        ("struct platform_device *o = of_find_device_by_node(np);"
         "of_dma_configure(&o->dev, np, true);", ("found", "own")),
        # through a member that the function sets
        ("struct host *h = kzalloc(8, 1); h->dma = &pdev->dev;"
         "of_dma_configure(h->dma, h->dma->of_node, true);", ("bound", "own")),
        # nothing shows what the parent is
        ("of_dma_configure(pdev->dev.parent, pdev->dev.of_node, true);", ("unknown", "other")),
    ],
)  # fmt: skip
def test_in_a_probe(body: str, wanted: tuple[str, str]) -> None:
    code = f"static int probe(struct platform_device *pdev)\n{{\n{body}\nreturn 0;\n}}\n{PROBE}"
    assert origin_of(code) == wanted


@pytest.mark.parametrize(
    "register",
    [
        "module_platform_driver_probe(driver, probe);",
        "static int init(void)\n{\n    return platform_driver_probe(&driver, probe);\n}",
    ],
)
def test_a_probe_that_is_handed_over(register: str) -> None:
    code = (
        "static int probe(struct platform_device *pdev)\n{\n"
        "    return acpi_dma_configure(&pdev->dev, 1);\n}\n"
    )
    assert origin_of(code + register) == ("bound", "own")
    assert origin_of(code + register.replace(", probe", ", other")) == ("unknown", "own")


def test_a_component_is_bound_and_so_is_its_master_and_what_its_data_has() -> None:
    code = """
static int bind(struct device *comp, struct device *master, void *data)
{
    struct drm *drm = data;
    of_dma_configure(comp, comp->of_node, true);
    of_dma_configure(master, comp->of_node, true);
    of_dma_configure(drm->dev, comp->of_node, true);
    return 0;
}
static const struct component_ops ops = { .bind = bind };
"""
    found = [(c.found.origin, c.found.node, c.confidence) for c in calls_in(code)]
    assert found == [
        (Origin.BOUND, Node.OWN, Confidence.HIGH),
        (Origin.BOUND, Node.OTHER, Confidence.HIGH),
        (Origin.BOUND, Node.OTHER, Confidence.MEDIUM),
    ]


def test_the_bus_is_where_it_belongs_also_through_a_callee() -> None:
    code = """
static int from(struct device *dev, struct device *bridge)
{
    return of_dma_configure(dev, bridge->of_node, true);
}
static int configure(struct device *dev)
{
    return from(dev, dev->parent);
}
static struct bus_type bus = { .dma_configure = configure };
"""
    assert origin_of(code) == ("bus", "other")


def test_of_several_callers_the_one_with_a_driver_counts() -> None:
    code = """
static int from(struct device *dev, struct device_node *np)
{
    return of_dma_configure(dev, np, true);
}
static int configure(struct device *dev)
{
    return from(dev, dev->of_node);
}
static int probe(struct device *dev)
{
    return from(dev, dev->parent->of_node);
}
static struct bus_type bus = { .dma_configure = configure, .probe = probe };
"""
    (call,) = calls_in(code)
    assert (call.found.origin, call.found.node, call.others) == (Origin.BOUND, Node.OTHER, 1)
    assert [frame.caller.name for frame in call.found.asked.frames] == ["probe"]


def test_a_caller_without_a_node_does_not_count_beside_one_with_a_node() -> None:
    code = """
static int from(struct device *dev, struct device_node *np)
{
    return of_dma_configure(dev, np, true);
}
static int probe(struct platform_device *pdev)
{
    return from(&pdev->dev, NULL);
}
int late(struct device *dev)
{
    return from(dev, dev->of_node);
}
static struct platform_driver d = { .probe = probe };
"""
    assert origin_of(code) == ("unknown", "own")


def test_a_caller_through_a_table_shows_that_the_device_is_new() -> None:
    code = """
static void setup(struct device *dev)
{
    acpi_dma_configure(dev, 1);
}
static const struct maker maker = { .setup = setup };
static int make(const struct maker *ops)
{
    struct platform_device *pdev = platform_device_alloc("x", 1);

    ops->setup(&pdev->dev);
    return platform_device_add(pdev);
}
"""
    assert origin_of(code) == ("made", "own")


def test_a_caller_that_initialises_the_device_makes_it() -> None:
    code = """
static void fill(struct host *host, struct device_node *np)
{
    of_dma_configure(&host->dev, np, false);
}
void prepare(struct host *host, struct device_node *np)
{
    device_initialize(&host->dev);
    fill(host, np);
}
"""
    assert origin_of(code) == ("made", "other")


def test_what_nobody_calls_is_unknown_and_unsure() -> None:
    code = "int late(struct device *dev)\n{\n    return acpi_dma_configure(dev, 1);\n}"
    (call,) = calls_in(code)
    assert call.found.origin is Origin.UNKNOWN
    assert call.confidence is Confidence.LOW


def test_an_id_overrides_what_the_node_says() -> None:
    code = """
static int probe(struct platform_device *pdev)
{
    u32 id = 1;

    acpi_dma_configure_id(&pdev->dev, 1, &id);
    acpi_dma_configure_id(&pdev->dev, 1, NULL);
    return 0;
}
static struct platform_driver d = { .probe = probe };
"""
    assert [call.has_id for call in calls_in(code)] == [True, False]


def test_a_variable_set_from_itself_ends() -> None:
    code = """
static int probe(struct platform_device *pdev)
{
    struct device *dev = &pdev->dev;

    while (dev->parent)
        dev = dev->parent;
    return of_dma_configure(dev, dev->of_node, true);
}
static struct platform_driver d = { .probe = probe };
"""
    assert origin_of(code) == ("unknown", "own")


@pytest.mark.parametrize(
    ("by", "node", "wanted"),
    [
        ("np", "np", "own"),
        ("parent", "pdev->dev.of_node", "own"),
        ("of_node_get(parent)", "parent", "own"),
        ("parent", "np", "unknown"),
    ],
)
def test_the_node_that_a_device_is_looked_up_by_is_its_own(by: str, node: str, wanted: str) -> None:
    code = f"""
static void find(struct device_node *parent, const char *name)
{{
    struct device_node *np = of_find_node_by_name(parent, name);
    struct platform_device *pdev = of_find_device_by_node({by});

    of_dma_configure(&pdev->dev, {node}, true);
}}
"""
    assert origin_of(code) == ("found", wanted)


@pytest.mark.parametrize("kind", ["device", "platform_device"])
def test_a_variable_of_the_function_has_no_driver(kind: str) -> None:
    device = "&local" if kind == "device" else "&local.dev"
    code = f"void *take(struct device_node *np)\n{{\nstruct {kind} local;\n"
    code += f"return (void *)of_dma_configure({device}, np, true);\n}}"
    assert origin_of(code) == ("made", "other")


NOTIFIER = """
static int configure(struct device *dev)
{{
    return of_dma_configure(dev, dev->of_node, true);
}}
static int told(struct notifier_block *nb, unsigned long event, void *data)
{{
    struct device *dev = data;

    {body}
    return 0;
}}
static struct notifier_block nb = {{ .notifier_call = told }};
"""


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("if (event == BUS_NOTIFY_ADD_DEVICE) configure(dev);", ("made", "own")),
        ("switch (event) { case BUS_NOTIFY_ADD_DEVICE: configure(dev); }", ("made", "own")),
        ("if (event != BUS_NOTIFY_BOUND_DRIVER) return 0; configure(dev);", ("bound", "own")),
        ("switch (event) { case BUS_NOTIFY_ADD_DEVICE: case BUS_NOTIFY_BIND_DRIVER:"
         " configure(dev); }", ("bound", "own")),
        ("if (event == BUS_NOTIFY_DEL_DEVICE) configure(dev);", ("unknown", "own")),
        ("if (event == BUS_NOTIFY_ADD_DEVICE) configure(dev->parent);", ("unknown", "own")),
        ("configure(dev);", ("unknown", "own")),
    ],
)  # fmt: skip
def test_a_notifier_is_told_whether_there_is_a_driver(body: str, wanted: tuple[str, str]) -> None:
    assert origin_of(NOTIFIER.format(body=body)) == wanted
