# SPDX-License-Identifier: GPL-2.0-only
"""What two readers of one tree, in two processes, know of each other's work."""

from __future__ import annotations

from trees import MemoryTree

from kscan.facts.reader import Reader

FILES = {"a.c": "int a(void)\n{\n}\n", "b.c": "int b(void)\n{\n}\n", "c.c": "int c(void)\n{\n}\n"}


class Store(dict):
    """A store that two readers share."""

    def get_many(self, keys):
        return {key: self[key] for key in keys if key in self}

    def put_many(self, values):
        self.update(values)


class TornTree(MemoryTree):
    """One with a file that cannot be read."""

    def exists(self, path: str) -> bool:
        return path == "torn.c" or super().exists(path)


def test_a_reader_takes_what_another_has_read():
    mine, theirs = Reader(TornTree(FILES), Store()), Reader(TornTree(FILES), Store())
    mine.load(["a.c"])
    theirs.load(["a.c", "b.c", "torn.c", "gone.c"])
    mine.take(theirs.beyond({"a.c"}))
    assert {path: [f.name for f in unit.functions] for path, unit in mine.units.items()} == {
        "a.c": ["a"], "b.c": ["b"], "torn.c": [], "gone.c": [],
    }  # fmt: skip
    assert mine.parsed == 1 and list(mine.skipped) == ["torn.c"]


def test_what_the_other_has_parsed_was_not_in_the_store_before():
    store = Store()
    Reader(MemoryTree(FILES), store).load(["c.c"])
    mine, theirs = Reader(MemoryTree(FILES), store), Reader(MemoryTree(FILES), store)
    mine.load(["a.c"])
    theirs.load(["b.c"])
    mine.load(["b.c", "c.c"])
    theirs.load(["a.c", "c.c"])
    mine.take(theirs.beyond(()))
    assert mine.stored == {"c.c"}
