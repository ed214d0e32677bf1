# SPDX-License-Identifier: GPL-2.0-only
"""Headers that are looked for elsewhere: where a Makefile says, or beside those that use them."""

from __future__ import annotations

import pytest
from trees import MemoryTree

from kscan.program.flagged import directories
from kscan.program.headers import Headers

DRIVER = "external/foo/core/foo.c"


@pytest.mark.parametrize(
    ("makefile", "found"),
    [
        ("ccflags-y += -I$(src)/inc -I $(srctree)/$(src)/../lib\n",
         ["external/foo/inc", "external/lib"]),
        ("subdir-ccflags-y := -I$(M)/api \\\n\t-I${KBUILD_EXTMOD}/hw\n",
         ["external/foo/api", "external/foo/hw"]),
        ("ccflags-y += -I$(srctree)/drivers/iommu\n", ["drivers/iommu"]),
        # what is in a comment, lies elsewhere or depends on a variable says nothing
        ("# -I$(src)/old\nccflags-y += -I/usr/include -I$(FOO)/inc -DX-I$(src)\n", []),
        ("obj-m += foo.o\n", []),
    ],
)  # fmt: skip
def test_what_a_makefile_names(makefile: str, found: list[str]) -> None:
    for name in ("Kbuild", "Makefile"):
        tree = MemoryTree({f"external/foo/{name}": makefile})
        assert directories(tree, "external/foo") == tuple(found)
        assert directories(tree, "external/foo/core") == tuple(found)
    assert directories(MemoryTree({"drivers/foo/Makefile": makefile}), "drivers/foo") == ()


@pytest.mark.parametrize("include", ['"foo.h"', "<foo.h>"])
def test_a_header_that_only_a_flag_leads_to(include: str) -> None:
    files = {
        DRIVER: f"#include {include}\n",
        "external/foo/inc/foo.h": "struct foo {\n};\n",
        "external/foo/core/Makefile": "ccflags-y += -I$(src)/../inc\n",
        "include/foo.h": "struct other {\n};\n",
    }
    assert list(Headers(MemoryTree(files)).closure(DRIVER)) == ["external/foo/inc/foo.h"]
    files["external/foo/core/Makefile"] = ""
    assert list(Headers(MemoryTree(files)).closure(DRIVER)) == ["include/foo.h"]


@pytest.mark.parametrize(
    ("include", "found"),
    [
        ("<linux/foo.h>", ["drivers/foo/foo.h"]),
        ("<linux/both.h>", ["include/linux/both.h"]),
        ("<asm/foo.h>", []),
        ("<linux/gone.h>", []),
    ],
)
def test_a_header_may_have_become_private(include: str, found: list[str]) -> None:
    files = {
        "drivers/foo/foo.c": f"#include {include}\n",
        "drivers/foo/foo.h": "struct foo {\n};\n",
        "drivers/foo/both.h": "struct foo {\n};\n",
        "include/linux/both.h": "struct foo {\n};\n",
    }
    assert list(Headers(MemoryTree(files)).closure("drivers/foo/foo.c")) == found
