# SPDX-License-Identifier: GPL-2.0-only
"""Functions that a change alters in names alone, and those that do something else."""

from __future__ import annotations

import pytest
from small_trees import Made, changed, differences, reader

from kscan.change.functions import Alterations, Bodies
from kscan.change.renames import Renames
from kscan.change.spelling import Spelling
from kscan.reachability import Implementation

CORE = """\
    struct foo { int state; };
    static DEFINE_MUTEX(foo_lock);

    int foo_enable(struct foo *foo, int on)
    {
        if (!on)
            return -EINVAL;
        foo->state = on;
        return 0;
    }

    int foo_disable(struct foo *foo)
    {
        return foo_enable(foo, 0) ? foo_disabled(foo) : -EINVAL;
    }
    """
DRIVER = """\
    static int bar_probe(struct device *dev)
    {
        struct foo *foo = dev_get_drvdata(dev);

        mutex_lock(&foo_lock);
        foo_enable(foo, foo->state);
        mutex_unlock(&foo_lock);
        return foo_find(dev);
    }
    """


def is_all(made: Made, core: str, driver: str, function: str = "bar_probe") -> bool:
    tree = made({"core.c": CORE, "bar.c": DRIVER})
    head = changed(tree, {"core.c": core, "bar.c": driver})
    old, new, files = Bodies(reader(tree)), Bodies(reader(head)), differences(tree, head)
    spelling = Spelling(Alterations(old, new, files), Renames(old, new, files))
    return spelling.is_all(Implementation(function, "bar.c"))


@pytest.mark.parametrize("name", ["foo_enable", "state", "foo_lock"])
def test_a_name_that_every_file_changes_is_a_spelling(made: Made, name: str) -> None:
    told = (text.replace(name, f"{name}_anew") for text in (CORE, DRIVER))
    assert is_all(made, *told)


def test_its_own_name_is_a_spelling(made: Made) -> None:
    assert is_all(made, CORE, DRIVER.replace("bar_probe", "bar_attach"), "bar_attach")


def test_a_parameter_more_is_a_spelling_as_long_as_nothing_uses_it(made: Made) -> None:
    more = DRIVER.replace("(struct device *dev)", "(struct device *dev, u32 flags)")
    assert is_all(made, CORE, more)
    assert not is_all(made, CORE, more.replace("foo->state)", "flags)"))


def test_what_does_something_else_is_none(made: Made) -> None:
    other = DRIVER.replace("foo_enable(foo, foo->state)", "foo_disable(foo, foo->state)")
    assert not is_all(made, CORE, other)  # which stood before
    assert not is_all(made, CORE, DRIVER.replace("foo_find", "foo_search"))  # of another file
    both = CORE.replace("foo_enable", "foo_anew"), DRIVER.replace("foo_enable", "foo_anew")
    assert not is_all(made, both[0], both[1].replace("foo->state)", "1)"))
    fresh = CORE.replace("foo_enable(foo, 0) ?", "foo_anew(foo) ?").partition("int foo_enable")[0]
    fresh += "int foo_anew(struct foo *foo, int on)\n{\n    while (foo_asked(foo)) wait();\n}\n"
    assert not is_all(made, fresh, DRIVER.replace("foo_enable", "foo_anew"))
