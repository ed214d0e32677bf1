# SPDX-License-Identifier: GPL-2.0-only
"""What of a file is meant for other kernels than the one whose tree it stands in.

That depends on two files: the tests of LINUX_VERSION_CODE in one, and the Makefile, which is
read, so that the tree knows it was asked.
"""

from __future__ import annotations

from kscan.program.program import Program
from kscan.source.tree import version_in_makefile
from kscan.syntax import versions


def lines_for_others(program: Program, path: str) -> tuple[range, ...]:
    """The lines of `path` that tests of the kernel's version keep out of this tree's kernel."""
    tree = program.reader.tree
    if not program.reader.names(path, versions.WORD) or not tree.exists("Makefile"):
        return ()
    version = versions.version_of(version_in_makefile(tree.read("Makefile")))
    return versions.lines_for_others(tree.read(path), version) if version else ()


def is_for_others(program: Program, path: str, at: int) -> bool:
    """What stands at offset `at` of `path` is among those lines."""
    left_out = lines_for_others(program, path)
    if not left_out:
        return False
    line, _ = program.reader.position(path, at)
    return any(line in lines for lines in left_out)
