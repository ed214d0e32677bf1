# SPDX-License-Identifier: GPL-2.0-only
"""A directory as a tree: files, words and definitions, the same with git and without."""

from pathlib import Path

from kscan.source.directory import DirectoryTree


def test_words_and_definitions(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int f(int a,\n      int b)\n{\n}\nint g(void);\n")
    (tmp_path / "b.c").write_text("static int h(void)\n{\n\treturn f(1, 2);\n}\n")
    tree = DirectoryTree(tmp_path)
    assert tree.paths() == ["a.c", "b.c"]
    assert tree.files_with(["f"]) == ["a.c", "b.c"]
    assert tree.definitions().files("f") == ("a.c",)
    assert tree.definitions().files("g") == tree.definitions().files("h") == ()
