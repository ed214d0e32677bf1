# SPDX-License-Identifier: GPL-2.0-only
"""The fact store under everything that happens to files: never a wrong answer, never a traceback.

Every value here follows from its key, so an answer can be told from a wrong one.
``KSCAN_TEST_KILLS=200`` makes the test that kills writers a long one.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterable
from hashlib import shake_128
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kscan.facts import store_file, store_rows
from kscan.facts.store import NullStore, Store

KILLS = int(os.environ.get("KSCAN_TEST_KILLS", "20"))


def value_of(key: str) -> bytes:
    return shake_128(key.encode()).digest(sum(key.encode()) % 3000)


def values(keys: Iterable[str]) -> dict[str, bytes]:
    return {key: value_of(key) for key in keys}


def keys(count: int, name: str = "blob") -> list[str]:
    return [f"{name}{number}:digest" for number in range(count)]


def assert_true_or_missing(store: Store, asked: list[str]) -> int:
    found = store.get_many(asked)
    assert found == values(found)
    assert set(found) <= set(asked)
    assert all(warning.count("\n") == 0 for warning in store.warnings)
    return len(found)


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    assert store.get("absent") is None
    store.put_many(values(keys(1200)))
    store.put_many({})
    assert store.get_many([]) == {}
    assert store.get_many([*keys(1200), "absent"]) == values(keys(1200))
    store.close()
    again = Store(tmp_path / "cache")
    assert again.get_many(keys(1200)) == values(keys(1200))
    assert again.get("blob3:digest") == value_of("blob3:digest")
    assert again.stats().entries == 1200
    assert again.stats().bytes > sum(map(len, values(keys(1200)).values()))
    assert again.stats().path == str(tmp_path / "cache/facts.sqlite")
    again.clear()
    assert again.stats().entries == 0
    assert again.get_many(keys(9)) == {}
    again.put_many(values(keys(2)))
    assert again.get_many(keys(2)) == values(keys(2))
    assert store.warnings == again.warnings == ()


def test_to_look_at_a_store_makes_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for directory in (tmp_path / "new", tmp_path / "empty"):
        store = Store(directory)
        assert (store.stats().entries, store.stats().bytes) == (0, 0)
        assert store.warnings == ()
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_to_look_at_what_is_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file")
    assert store.stats().entries == 0
    assert len(store.warnings) == 1


def test_a_new_value_takes_the_place_of_the_old(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put_many({"k": b"old"})
    store.put_many({"k": b"", "naïve ключ": b"\0\xff"})
    assert store.get_many(["k", "naïve ключ"]) == {"k": b"", "naïve ключ": b"\0\xff"}


@settings(max_examples=15)
@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.binary(max_size=200)))
def test_any_keys_and_values(kept: dict[str, bytes]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.put_many(kept)
        assert store.get_many(kept) == kept
        store.close()


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KSCAN_CACHE_DIR", str(tmp_path / "named"))
    assert Store().path == tmp_path / "named/facts.sqlite"
    monkeypatch.delenv("KSCAN_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert Store().path == tmp_path / "xdg/kscan/facts.sqlite"


def test_the_directory_is_marked_as_a_cache(tmp_path: Path) -> None:
    Store(tmp_path / "a/b").put_many({"k": b"v"})
    tag = (tmp_path / "a/b/CACHEDIR.TAG").read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert (tmp_path / "a/b/.gitignore").read_text() == "*\n"


def test_no_cache_keeps_nothing() -> None:
    store = NullStore()
    store.put_many({"k": b"v"})
    assert store.get("k") is None
    assert store.get_many(["k"]) == {}
    assert store.stats().entries == 0
    store.clear()
    store.close()
    assert store.warnings == ()


def test_what_was_not_used_for_longest_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 1 << 20
    store = Store(tmp_path, limit)
    clock = 1_000_000_000.0
    monkeypatch.setattr(store_rows.time, "time", lambda: clock)
    for number in range(30):
        store.put_many({f"{number}": bytes(30_000)})
        clock += 100_000
        assert store.get("0") == bytes(30_000)
    clock += 100_000
    assert store.stats().entries == 30
    for number in range(30, 60):
        store.put_many({f"{number}": bytes(30_000)})
        clock += 100_000
        assert store.get("0") == bytes(30_000)
        assert store.stats().bytes <= limit
    kept = {int(key) for key in store.get_many([str(number) for number in range(60)])}
    assert kept == {0} | set(range(min(kept - {0}), 60))
    assert len(kept) >= 24
    store.close()
    assert store.path.stat().st_size <= limit * 1.1


def test_a_value_larger_than_the_store(tmp_path: Path) -> None:
    store = Store(tmp_path, 1 << 20)
    store.put_many({"small": b"v"})
    store.put_many({"large": bytes(3 << 20)})
    assert store.stats().bytes <= 1 << 20
    store.put_many({"small": b"v"})
    assert store.get("small") == b"v"
    assert store.warnings == ()


def in_child(task: object) -> int:
    """Runs `task` in a forked process, which ends without a word of Python's."""
    child = os.fork()
    if child == 0:  # pragma: no cover
        try:
            task()  # type: ignore[operator]
        except BaseException:
            os._exit(1)
        os._exit(0)
    return child


def test_several_processes_at_once(tmp_path: Path) -> None:
    def work(name: str) -> None:
        store = Store(tmp_path)
        for start in range(0, 200, 10):
            mine = keys(200, name)[start : start + 10]
            store.put_many(values([*mine, *keys(10, "shared")]))
            assert store.get_many(mine) == values(mine)
            assert_true_or_missing(store, keys(50, "shared"))
        assert store.warnings == ()

    children = [in_child(lambda name=name: work(name)) for name in ("a", "b", "c", "d")]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    store = Store(tmp_path)
    for name in ("a", "b", "c", "d"):
        assert store.get_many(keys(200, name)) == values(keys(200, name))


def test_threads_and_forks_share_one_object(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put_many(values(keys(20)))
    wrong: list[str] = []

    def work(name: str) -> None:
        store.put_many(values(keys(20, name)))
        if store.get_many(keys(20, name)) != values(keys(20, name)):
            wrong.append(name)

    threads = [Thread(target=work, args=(name,)) for name in "xyz"]
    for thread in threads:
        thread.start()

    def forked() -> None:
        assert store.get_many(keys(20)) == values(keys(20))
        store.put_many(values(keys(20, "child")))

    for thread in threads:
        thread.join()
    child = in_child(forked)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert wrong == []
    assert store.get_many(keys(20, "child")) == values(keys(20, "child"))
    assert store.warnings == ()


@pytest.mark.parametrize("limit", [1 << 30, 200_000])
def test_writers_killed_at_any_moment(tmp_path: Path, limit: int) -> None:
    chance = random.Random(limit)
    groups = [f"g{number}-" for number in range(12)]
    known = 0
    for _ in range(KILLS // 2):

        def write() -> None:
            store = Store(tmp_path, limit)
            for number in range(100_000):
                store.put_many(values(keys(40, groups[number % 12])))

        child = in_child(write)
        time.sleep(chance.uniform(0.0, 0.06))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        store = Store(tmp_path, limit)
        for group in groups:
            found = assert_true_or_missing(store, keys(40, group))
            assert found in (0, 40) or limit == 200_000  # eviction takes single values
            known += found
        assert store.warnings == ()
        store.close()
        connection = sqlite3.connect(tmp_path / "facts.sqlite")
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
    assert known > 0


def filled(folder: Path, count: int = 150) -> Path:
    store = Store(folder)
    store.put_many(values(keys(count)))
    store.close()
    return store.path


@pytest.mark.parametrize("seed", range(40))
def test_damage_anywhere_is_a_miss(tmp_path: Path, seed: int) -> None:
    file = filled(tmp_path)
    chance = random.Random(seed)
    content = bytearray(file.read_bytes())
    if seed % 4 == 0:
        del content[chance.randrange(len(content)) :]
    elif seed % 4 == 1:
        page = 4096 * chance.randrange(len(content) // 4096)
        content[page : page + 4096] = bytes(4096)
    elif seed % 4 == 2:
        for _ in range(200):
            content[chance.randrange(len(content))] = chance.randrange(256)
    else:
        content[chance.randrange(4096)] ^= 1 << chance.randrange(8)
    file.write_bytes(content)
    for _ in range(3):
        store = Store(tmp_path)
        assert_true_or_missing(store, keys(150))
        store.put_many(values(keys(30, "more")))
        assert_true_or_missing(store, [*keys(150), *keys(30, "more")])
        store.stats()
        store.close()
    store = Store(tmp_path)
    store.clear()
    store.put_many(values(keys(30)))
    assert store.get_many(keys(30)) == values(keys(30))


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_journal_of_a_killed_writer(tmp_path: Path, seed: int) -> None:
    file = filled(tmp_path)

    def write() -> None:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE fact SET value = x'00', used = 0 WHERE id % 3 = 0")
        connection.execute("DELETE FROM fact WHERE id % 5 = 0")
        os.kill(os.getpid(), signal.SIGKILL)

    os.waitpid(in_child(write), 0)
    journal = tmp_path / "facts.sqlite-journal"
    content = bytearray(journal.read_bytes())
    assert len(content) > 4096
    chance = random.Random(seed)
    if seed:
        for _ in range(seed * 20):
            content[chance.randrange(len(content))] = chance.randrange(256)
        journal.write_bytes(content[: chance.randrange(len(content))] if seed % 2 else content)
    store = Store(tmp_path)
    found = assert_true_or_missing(store, keys(150))
    assert found == 150 or seed
    store.put_many(values(keys(30, "more")))
    assert_true_or_missing(store, [*keys(150), *keys(30, "more")])


def test_a_flipped_bit_in_a_value_is_a_miss_without_a_word(tmp_path: Path) -> None:
    file = filled(tmp_path)
    content = bytearray(file.read_bytes())
    place = content.index(value_of("blob7:digest")[:40])
    content[place + 5] ^= 16
    file.write_bytes(content)
    store = Store(tmp_path)
    assert set(keys(150)) - set(store.get_many(keys(150))) == {"blob7:digest"}
    store.put_many(values(["blob7:digest"]))
    assert store.get("blob7:digest") == value_of("blob7:digest")


def test_a_damaged_store_starts_empty_and_says_so(tmp_path: Path) -> None:
    filled(tmp_path).write_bytes(b"this is no database" * 500)
    store = Store(tmp_path)
    assert store.get_many(keys(3)) == {}
    assert store.warnings == (f"cache: {store.path}: damaged; it starts empty",)
    store.put_many(values(keys(3)))
    assert store.get_many(keys(3)) == values(keys(3))
    assert len(store.warnings) == 1


def test_a_damaged_store_that_another_process_uses_is_left_alone(tmp_path: Path) -> None:
    filled(tmp_path)
    other = Store(tmp_path)
    assert other.get("blob1:digest")
    (tmp_path / "facts.sqlite").write_bytes(b"this is no database" * 500)
    store = Store(tmp_path)
    assert store.get_many(keys(3)) == {}
    store.put_many(values(keys(3)))
    assert store.get_many(keys(3)) == {}
    assert len(store.warnings) == 1
    assert "kscan cache clear mends it" in store.warnings[0]
    other.close()
    store.clear()
    store.put_many(values(keys(3)))
    assert store.get_many(keys(3)) == values(keys(3))


@pytest.mark.parametrize(
    ("pragma", "said"),
    [
        (f"user_version = {store_file.VERSION + 1}", "made by a newer kscan"),
        ("application_id = 7", "not a store of kscan"),
    ],
)
def test_a_newer_or_foreign_file_is_not_touched(tmp_path: Path, pragma: str, said: str) -> None:
    file = filled(tmp_path)
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA {pragma}")
    connection.close()
    before = file.read_bytes()
    store = Store(tmp_path)
    store.put_many(values(keys(3)))
    assert store.get_many(keys(3)) == {}
    assert store.stats().entries == 0
    assert len(store.warnings) == 1
    assert said in store.warnings[0]
    assert file.read_bytes() == before


def test_an_older_file_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path)
    monkeypatch.setattr(store_file, "VERSION", store_file.VERSION + 1)
    store = Store(tmp_path)
    assert store.get_many(keys(3)) == {}
    assert store.warnings == ()


def test_a_full_disk_ends_the_writing_not_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path)
    monkeypatch.setattr(store_file, "_SETTINGS", (*store_file._SETTINGS, "max_page_count = 90"))
    store = Store(tmp_path)
    store.put_many(values(keys(900, "more")))
    assert store.warnings == (
        f"cache: {store.path}: database or disk is full; nothing new is kept",
    )
    store.put_many(values(keys(900, "more")))
    assert store.get_many(keys(150)) == values(keys(150))
    assert store.get_many(keys(900, "more")) == {}
    assert len(store.warnings) == 1


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file/cache")
    store.put_many(values(keys(3)))
    assert store.get_many(keys(3)) == {}
    assert store.warnings == (f"cache: {store.path}: Not a directory; nothing is kept",)


def test_a_directory_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "facts.sqlite").mkdir()
    store = Store(tmp_path)
    store.put_many(values(keys(3)))
    assert store.get_many(keys(3)) == {}
    store.clear()
    assert store.warnings == (
        f"cache: {store.path}: unable to open database file; nothing is kept",
    )


@pytest.mark.parametrize("exists", [True, False])
def test_a_directory_that_may_only_be_read(tmp_path: Path, exists: bool) -> None:
    if exists:
        filled(tmp_path).chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("root may write everywhere")
        store = Store(tmp_path)
        assert store.get_many(keys(150)) == (values(keys(150)) if exists else {})
        store.put_many(values(keys(3, "more")))
        store.put_many(values(keys(3, "more")))
        assert store.get_many(keys(150)) == (values(keys(150)) if exists else {})
        assert len(store.warnings) == 1
        store.close()
    finally:
        tmp_path.chmod(0o700)


def test_a_writer_that_does_not_let_go_costs_a_miss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = filled(tmp_path)
    monkeypatch.setattr(store_file, "PATIENCE", 0.05)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    store = Store(tmp_path)
    assert store.get_many(keys(3)) == {}
    store.put_many(values(keys(3, "more")))
    other.execute("ROLLBACK")
    other.close()
    assert store.get_many(keys(3)) == values(keys(3))
    assert store.get_many(keys(3, "more")) == {}
    assert store.warnings == ()


def test_a_file_removed_under_us(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    store.put_many(values(keys(3)))
    shutil.rmtree(tmp_path / "cache")
    store.put_many(values(keys(3)))
    store.put_many(values(keys(3)))
    assert_true_or_missing(store, keys(3))
    store.close()
    fresh = Store(tmp_path / "cache")
    assert fresh.get_many(keys(3)) in ({}, values(keys(3)))
    assert store.warnings == ()
