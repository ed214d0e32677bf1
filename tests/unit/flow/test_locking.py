# SPDX-License-Identifier: GPL-2.0-only
"""Where a function takes the lock of a device."""

from __future__ import annotations

import pytest
from text_tree import function_of, program_of

from kscan.flow.cfg import Cfg, cfg_of
from kscan.flow.locking import Taken, device_locks, retries
from kscan.flow.paths import spelled
from kscan.kernel.locks import locks


def taken_in(body: str) -> tuple[Cfg, list[Taken]]:
    program = program_of(f"a.c\n    int f(struct foo *foo)\n    {{\n        {body}\n    }}\n")
    cfg = cfg_of(program.body(function_of(program, "f")))
    return cfg, sorted(device_locks(cfg, locks().device), key=lambda t: t.at)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("device_lock(foo->dev);", [("device_lock", "foo->dev", False)]),
        ("guard(device)(foo->dev);", [("guard(device)", "foo->dev", False)]),
        ("scoped_guard(device, foo->dev) { foo->x = 1; }",
         [("scoped_guard(device)", "foo->dev", False)]),
        ("if (!device_trylock(&foo->d)) return 0;", [("device_trylock", "foo->d", True)]),
        ("guard(mutex)(&foo->m); mutex_lock(&foo->m);", []),
        ("device_unlock(foo->dev);", []),
    ],
)  # fmt: skip
def test_takers(body: str, wanted: list[tuple[str, str, bool]]) -> None:
    _, found = taken_in(body)
    assert [(t.name, spelled(t.lock), t.tries) for t in found] == wanted


@pytest.mark.parametrize(
    ("body", "again"),
    [
        ("if (!device_trylock(foo->dev)) return 0;", False),
        ("while (!device_trylock(foo->dev)) msleep(1);", True),
        ("again: if (!device_trylock(foo->dev)) goto again;", True),
        ("for (;;) { if (!device_trylock(foo->dev)) return 0; foo->x = 1; }", False),
        (
            "list_for_each_entry(foo, &all, l) { if (!device_trylock(foo->d)) continue; }",
            False,
        ),
    ],
)
def test_a_try_is_made_again_only_for_the_same_object(body: str, again: bool) -> None:
    cfg, (taken,) = taken_in(body)
    assert retries(cfg, taken) is again
