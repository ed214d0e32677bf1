# SPDX-License-Identifier: GPL-2.0-only
"""What functions of the catalogue are called in the states of a range, and what that costs."""

from __future__ import annotations

import pytest
from trees import MemoryTree

from kscan.change.commits import differing
from kscan.change.ends import Ends
from kscan.change.functions import Bodies
from kscan.facts.store import NullStore
from kscan.source.patched import PatchedTree

CORE = "int core_add(int a, int b)\n{\n\tint c = a + b;\n\n\treturn c * c;\n}\n"
OTHER = "int other(void)\n{\n\treturn 1;\n}\n"
BASE = MemoryTree({"core.c": CORE, "user.c": OTHER, "more.c": OTHER.replace("other", "more")})


def step(core: str, other: str = OTHER.replace("1", "2")) -> PatchedTree:
    changes = {"core.c": core, "user.c": other}
    return PatchedTree(BASE, {path: text.encode() for path, text in changes.items()})


def ends(head: PatchedTree) -> Ends:
    names = frozenset({"core_add"})
    return Ends(BASE, head, differing(BASE, head), names, NullStore(), lambda: ())


def test_a_function_with_a_new_name_is_known_at_every_step() -> None:
    renamed = step(CORE.replace("core_add", "core_sum"))
    found = ends(renamed)
    assert found.spelled(renamed) == {"core_add": "core_sum"}
    assert found.earlier(renamed) == {"core_sum": "core_add"}
    assert found.spelled(step(CORE.replace("core_add", "core_put"))) == {"core_add": "core_put"}
    assert found.spelled(step(CORE)) == found.spelled(BASE) == found.removed == {}


def test_one_that_is_gone_is_removed_and_one_that_moved_is_not() -> None:
    assert ends(step("int x;\n")).removed == {"core_add": "core.c"}
    assert ends(step("int x;\n", CORE)).removed == {}


TABLE = """\
struct gizmo_ops { int (*start)(int n); int (*stop)(int n); struct gizmo_more *more; };
static int own_start(int n) { return n; }
static int own_stop(int n) { return n + 1; }
static const struct gizmo_ops own_ops = { .start = own_start, .stop = own_stop };
"""


def slots_of(head: str, *names: str) -> dict[str, str]:
    base = MemoryTree({"own.c": TABLE})
    later = PatchedTree(base, {"own.c": head.encode()})
    changed = differing(base, later)
    found = Ends(base, later, changed, frozenset(names), NullStore(), lambda: ())
    return dict(found.spelled(later))


def test_a_member_of_a_table_is_known_by_its_new_name_and_where_it_is_moved_to() -> None:
    renamed = TABLE.replace("(*stop)", "(*halt)").replace(".stop", ".halt")
    assert slots_of(renamed, "gizmo_ops") == {"gizmo_ops.stop": "gizmo_ops.halt"}
    assert slots_of(renamed, "gizmo_ops.stop") == {"gizmo_ops.stop": "gizmo_ops.halt"}
    assert slots_of(renamed, "gizmo_ops.start") == {}
    moved = TABLE.replace(" int (*stop)(int n);", "").replace(
        ".stop = own_stop", ".more = &(struct gizmo_more) { .stop = own_stop }"
    )
    moved = f"struct gizmo_more {{ int (*stop)(int n); }};\n{moved}"
    assert slots_of(moved, "gizmo_ops") == {"gizmo_ops.stop": "gizmo_more.stop"}
    dropped = TABLE.replace(" int (*stop)(int n);", "").replace(", .stop = own_stop", "")
    assert slots_of(dropped, "gizmo_ops") == {}


def test_a_step_that_leaves_the_core_alone_reads_only_what_may_have_lost_a_function(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[tuple[bool, str]] = []
    ask = Bodies._read

    def noted(self: Bodies, path: str) -> object:
        read.append((self.reader.tree is BASE, path))
        return ask(self, path)

    monkeypatch.setattr(Bodies, "_read", noted)
    steps = [step(CORE.replace("c * c", f"c * {n}"), OTHER.replace("1", f"{n}")) for n in range(4)]
    found = ends(steps[-1])
    assert [found.spelled(one) for one in steps] == [{}] * 4
    assert sorted(path for is_base, path in read if is_base) == ["core.c", "user.c"]
    assert [path for is_base, path in read if not is_base] == ["core.c"] * 4
