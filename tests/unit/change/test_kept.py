# SPDX-License-Identifier: GPL-2.0-only
"""Answers kept between runs: found again when nothing has changed, and never when in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from histories import History
from made_findings import finding

from kscan.change.answers import Questions, Search
from kscan.change.kept import Kept, identity, key_of
from kscan.change.outcome import OpenGate, OpenSlot, OpenWindow, Outcome, Place, Runner
from kscan.model import Skip, Stats
from kscan.source.commit import CommitTree
from kscan.source.patched import Blob, PatchedTree
from kscan.source.repository import Repository

RUNNER = Runner(Place("b.c", "g"), True)
OUTCOME = Outcome(
    (finding(), finding(rule="late-state")),
    (
        OpenWindow(
            "iommu_device_register",
            (OpenSlot("iommu_ops.of_xlate", (Place("a.c", "f"),), (RUNNER,), True),),
            OpenGate("iommu_fwspec_init", "why", ()),
        ),
    ),
    "as-is",
    "",
    (Skip("a.c", "reason"),),
    Stats(files_considered=3),
    Questions({"a.c"}, {"b.h"}, {""}, {Search(("w",), (".c",))}, {".c": {"f"}}),
)  # fmt: skip


@dataclass
class Shelf:
    values: dict[str, bytes] = field(default_factory=dict)

    def get_many(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        return {key: self.values[key] for key in keys if key in self.values}

    def put_many(self, values: Mapping[str, bytes]) -> None:
        self.values.update(values)


def test_what_is_kept_is_found_in_the_next_run() -> None:
    shelf = Shelf()
    Kept(shelf).keep("k", OUTCOME)
    assert Kept(shelf).recall("k", Outcome) == OUTCOME
    assert Kept(shelf).recall("other", Outcome) is None


@pytest.mark.parametrize("damage", [b"", b"\0", b"x\x9c+\xc8", b"not at all"])
def test_what_is_damaged_is_a_miss(damage: bytes) -> None:
    shelf = Shelf()
    Kept(shelf).keep("k", OUTCOME)
    shelf.values["k"] = damage
    assert Kept(shelf).recall("k", Outcome) is None


def test_another_shape_is_a_miss() -> None:
    kept = Kept(Shelf())
    kept.keep("k", OUTCOME.skips)
    assert kept.recall("k", Outcome) is None


def test_an_empty_key_and_odd_names_are_not_kept() -> None:
    shelf = Shelf()
    Kept(shelf).keep("", OUTCOME)
    Kept(shelf).keep("k", Questions({"\udcff.c"}))
    assert shelf.values == {}


def test_one_run_remembers_without_a_store() -> None:
    class Nothing(Shelf):
        def put_many(self, values: Mapping[str, bytes]) -> None:
            pass

    kept = Kept(Nothing())
    kept.put_many({"a": b"1"})
    assert kept.get_many(["a", "b"]) == {"a": b"1"}


def test_a_state_of_the_source_has_one_name(tmp_path: Path) -> None:
    history = History(tmp_path / "repo")
    history.write("a.c", "int a;\n")
    first = history.commit("one")
    history.write("a.c", "int b;\n")
    second = history.commit("two")
    repository = Repository(history.root)
    base = CommitTree(repository, first)
    blob = Blob(repository, CommitTree(repository, second).blob_id("a.c"))
    assert identity(base) == first
    assert identity(PatchedTree(base, {"a.c": blob}, commit=second)) == second
    patched = identity(PatchedTree(base, {"a.c": b"int b;\n"}))
    assert patched == identity(PatchedTree(base, {"a.c": blob}))
    others = [{"a.c": b"int c;\n"}, {"a.c": None}, {"a.c": b""}, {"b.c": b"int b;\n"}, {}]
    assert len({patched, *(identity(PatchedTree(base, change)) for change in others)}) == 6


def test_keys_tell_trees_and_questions_apart(tmp_path: Path) -> None:
    history = History(tmp_path / "repo")
    history.write("a.c", "int a;\n")
    history.commit("one")
    tree = CommitTree(Repository(history.root), "HEAD")
    keys = {
        key_of("outcome", [tree], "late-global"),
        key_of("outcome", [tree], "late-state"),
        key_of("share", [tree], "late-global"),
        key_of("outcome", [tree, tree], "late-global"),
        key_of("outcome", [PatchedTree(tree, {"a.c": None})], "late-global"),
    }
    assert len(keys) == 5 and "" not in keys


def test_a_tree_without_a_sure_name_has_no_key() -> None:
    class Unsure(CommitTree):
        def state(self) -> str | None:
            return None

    tree = Unsure.__new__(Unsure)
    tree.name = "unsure"
    assert identity(tree) == ""
    assert key_of("outcome", [tree]) == ""
    assert key_of("outcome", [PatchedTree(tree, {"a.c": None}, commit="0" * 40)]) == ""
