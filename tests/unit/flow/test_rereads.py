# SPDX-License-Identifier: GPL-2.0-only
"""Members that are read twice, where the first value is used after the second read."""

from __future__ import annotations

import pytest
import trees

from kscan.flow.places import field_named
from kscan.flow.rereads import Rereads
from kscan.kernel.catalogue import catalogue

HEAD = """
    struct device_driver { int flag; const char *name; };
    struct device { struct device_driver *driver; int id; };
    struct foo_device { struct device dev; };
    struct foo_driver { struct device_driver driver; int flag; };
    #define to_foo_driver(d) container_of((d), struct foo_driver, driver)
    #define to_foo_device(d) container_of((d), struct foo_device, dev)
    static int is_unbound(struct device *dev) { return !dev->driver; }
    static int again(struct device *dev) { return is_unbound(dev); }
    static int id_of(struct device *dev) { return dev->id; }
"""


def rereads(body: str) -> list[tuple[str, list[str]]]:
    """The locals that are stale, each with the helpers that the second read stands in."""
    program = trees.program({"a.c": HEAD + f"int f(struct device *dev) {{ {body} }}"})
    found = Rereads(program, catalogue().functions, field_named("device.driver"))
    return [
        (reread.local, [frame.callee.name for frame in reread.second.frames])
        for reread in found.of(trees.function(program, "f"))
    ]


DRV = "struct foo_driver *drv = to_foo_driver(dev->driver);"
STALE: list[tuple[str, list[str]]] = [("drv", [])]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"{DRV} if (!dev->driver || drv->flag) return 0; return 1;", STALE),
        (f"{DRV} if (dev->driver) return drv->flag; return 1;", STALE),
        (f"{DRV} int flag = drv->flag; if (dev->driver && flag) return 1; return 0;",
         [("flag", [])]),
        (f"{DRV} if (is_unbound(dev)) return 0; return drv->flag;", [("drv", ["is_unbound"])]),
        (f"{DRV} if (again(dev)) return 0; return drv->flag;", [("drv", ["again", "is_unbound"])]),
        ("struct device_driver *drv = READ_ONCE(dev->driver); if (!READ_ONCE(dev->driver))"
         " return 0; return drv->flag;", STALE),
        ("struct foo_device *foo = to_foo_device(dev); struct device_driver *drv = foo->dev.driver;"
         " if (!dev->driver) return 0; return drv->flag;", STALE),
        ("struct device_driver *drv; drv = dev->driver; if (!dev->driver) return 0;"
         " return drv->flag;", STALE),
        # one read, or two that have nothing to do with each other
        ("struct device_driver *drv = READ_ONCE(dev->driver); if (!drv) return 0;"
         " return drv->flag;", []),
        (f"{DRV} return drv->flag;", []),
        (f"{DRV} if (id_of(dev)) return 0; return drv->flag;", []),
        ("if (dev->driver && to_foo_driver(dev->driver)->flag) return 1; return 0;", []),
        ("struct device_driver *drv; if (dev->id) drv = dev->driver; else drv = dev->driver;"
         " return drv ? drv->flag : 0;", []),
        (f"{DRV} int flag = drv->flag; drv = to_foo_driver(dev->driver); return drv->flag;", []),
        # looked at again, or only printed
        ("struct device_driver *drv = dev->driver; if (dev->driver != drv) return 0;"
         " return drv->flag;", []),
        ("struct device_driver *drv = dev->driver; dev_dbg(dev, \"%p\", dev->driver);"
         " return drv->flag;", []),
        ("struct device_driver *drv = dev->driver; if (!dev->driver) return 0;"
         " dev_dbg(dev, \"%s\", drv->name); return 1;", []),
        # written, not read
        ("struct device_driver *drv = dev->driver; dev->driver = 0; return drv->flag;", []),
    ],
)  # fmt: skip
def test_what_is_stale(body: str, expected: list[tuple[str, list[str]]]) -> None:
    assert rereads(body) == expected


def test_the_member_of_another_struct_does_not_count() -> None:
    text = """
        struct other { struct device_driver *driver; };
        int f(struct device *dev, struct other *other)
        {
            struct device_driver *drv = dev->driver;

            if (!other->driver)
                return 0;
            return drv->flag;
        }
    """
    program = trees.program({"a.c": HEAD + text})
    found = Rereads(program, catalogue().functions, field_named("device.driver"))
    assert found.of(trees.function(program, "f")) == ()


def test_a_loop_reads_the_member_again_and_again() -> None:
    assert rereads("while (dev->id) { if (dev->driver) return dev->driver->flag; } return 0;") == []


def test_a_second_read_is_found_however_far_down_it_stands() -> None:
    far = "".join(
        f"static int g{n}(struct device *dev) {{ return g{n + 1}(dev) + g{n + 1}(dev); }}"
        for n in range(30)
    )
    last = "static int g30(struct device *dev) { return !dev->driver; }"
    text = f"{HEAD}{last}{far} int f(struct device *dev) {{ {DRV} if (g0(dev)) return 0;"
    program = trees.program({"a.c": text + " return drv->flag; }"})
    found = Rereads(program, catalogue().functions, field_named("device.driver"))
    (reread,) = found.of(trees.function(program, "f"))
    assert [frame.callee.name for frame in reread.second.frames] == [f"g{n}" for n in range(31)]
