# SPDX-License-Identifier: GPL-2.0-only
"""Names that a misspelt one may be meant for: which files are looked into, and which never."""

from __future__ import annotations

import pytest
from trees import MemoryTree

from kscan.source.near import MOST, defined_near
from kscan.source.tree import Unreadable

CODE = "static int {0}_probe(void)\n{{\n\treturn {0}_ask();\n}}\nint {0}_ask(void);\n"


class Watched(MemoryTree):
    """A tree that knows what was read of it."""

    def __init__(self, files: dict[str, str]) -> None:
        super().__init__(files)
        self.seen: list[str] = []

    def read(self, path: str) -> bytes:
        """The bytes of `path`."""
        self.seen.append(path)
        return super().read(path)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("drivers/foo-iommu.c", True),
        ("drivers/foo_iommu_v2.c", True),
        ("drivers/foo.c", True),
        ("drivers/foo-iommu.h", False),
        ("drivers/bar-iommu.c", False),
    ],
)
def test_static_functions_of_files_that_are_named_alike(path: str, *, found: bool) -> None:
    names = defined_near(Watched({path: CODE.format("foo_iommu")}), "foo_iommu_porbe")
    assert names == ({"foo_iommu_probe"} if found else set())


def test_static_functions_beside_one_that_all_may_call() -> None:
    code = CODE.format("foo_iommu") + "int foo_iommu_add(void)\n{\n}\n"
    tree = Watched({"drivers/main.c": code, "drivers/other.c": CODE.format("foo_iommu")})
    assert defined_near(tree, "foo_iommu_porbe") == set()
    names = defined_near(tree, "foo_iommu_porbe", index=tree.definitions())
    assert names == {"foo_iommu_probe", "foo_iommu_add"}
    assert tree.seen == ["drivers/main.c"]


def test_those_that_begin_alike_the_longest_are_read_and_no_others() -> None:
    many = {f"drivers/foo-{n}.c": CODE.format("foo") for n in range(2 * MOST)}
    tree = Watched({**many, "drivers/foo-iommu.c": CODE.format("foo_iommu")})
    assert "foo_iommu_probe" in defined_near(tree, "foo_iommu_porbe")
    assert len(tree.seen) == MOST
    assert tree.seen[0] == "drivers/foo-iommu.c"


def test_a_file_that_cannot_be_read_is_passed_over() -> None:
    class Broken(Watched):
        def read(self, path: str) -> bytes:
            raise Unreadable(path, "gone")

    assert defined_near(Broken({"foo.c": CODE.format("foo")}), "foo_porbe") == set()
