# SPDX-License-Identifier: GPL-2.0-only
"""Small kernel-shaped trees, and questions about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from kscan.facts.store import NullStore
from kscan.inspection.inspection import Inspection
from kscan.source.open import open_tree

FILES = {
    "include/linux/foo.h": """\
        struct foo;
        struct foo_ops {
                int (*start)(struct foo *foo);
                void (*stop)(struct foo *foo);
        };
        struct foo {
                const struct foo_ops *ops;
                void (*done)(struct foo *foo);
        };
        int foo_run(struct foo *foo);
        int foo_for_each(int (*fn)(struct foo *foo));
        int foo_generic_start(struct foo *foo);
        int foo_missing(struct foo *foo);
        #define foo_start_now(f) foo_generic_start(f)
        """,
    "drivers/foo/core.c": """\
        #include <linux/foo.h>
        int foo_generic_start(struct foo *foo)
        {
                return 0;
        }
        int foo_run(struct foo *foo)
        {
                printk("run");
                return foo->ops->start(foo);
        }
        static int foo_visit(struct foo *foo)
        {
                return foo_missing(foo);
        }
        int foo_walk(void)
        {
                return foo_for_each(foo_visit);
        }
        """,
    "drivers/foo/bar.c": """\
        #include <linux/foo.h>
        static int bar_reset(struct foo *foo)
        {
                return foo_start_now(foo);
        }
        static int bar_start(struct foo *foo)
        {
                return bar_reset(foo);
        }
        static const struct foo_ops bar_ops = {
                .start = bar_start,
        };
        static const struct foo_ops generic_ops = {
                .start = foo_generic_start,
        };
        int bar_is_generic(struct foo *foo)
        {
                return foo->ops->start == foo_generic_start;
        }
        module_init(foo_walk);
        """,
    "drivers/foo/twin.c": """\
        #include <linux/foo.h>
        static int bar_start(struct foo *foo)
        {
                return 1;
        }
        int twin_go(struct foo *foo)
        {
                return bar_start(foo);
        }
        """,
    "Kconfig": "",
}


def write(root: Path, files: dict[str, str]) -> Path:
    """`root` with `files` below it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return root


@pytest.fixture
def inspect(tmp_path: Path) -> Callable[..., Inspection]:
    """A question about the files above and those given, which replace them by name."""

    def made(files: dict[str, str] | None = None, **options: object) -> Inspection:
        root = write(tmp_path, FILES | (files or {}))
        return Inspection(open_tree(root), NullStore(), **options)  # type: ignore[arg-type]

    return made
