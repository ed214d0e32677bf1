# SPDX-License-Identifier: GPL-2.0-only
"""The rows of the fact store: read and checked, written, and dropped when they are too many."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from kscan.facts.store_file import transaction, used_bytes

LIMIT = 1 << 30
"""Bytes the file may grow to before what was not used for longest goes."""
KEPT = 0.8
"""Share of the limit that stays when it is passed."""

_DAY = 86_400
_CHUNK = 500


class Rows:
    """The rows of one file of at most `limit` bytes, and which of them were read."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.touched: set[bytes] = set()
        """What was read and has no note of that yet."""

    def read(
        self, connection: sqlite3.Connection, wanted: Mapping[bytes, str], found: dict[str, bytes]
    ) -> None:
        """Puts into `found` the values of those of `wanted` that are there and whole."""
        stale = int(time.time()) - _DAY
        keys = list(wanted)
        for start in range(0, len(keys), _CHUNK):
            some = keys[start : start + _CHUNK]
            marks = ",".join("?" * len(some))
            rows = connection.execute(
                f"SELECT key, used, sum, value FROM fact WHERE key IN ({marks})", some
            )
            for key, used, checksum, value in rows:
                if key in wanted and isinstance(value, bytes) and checksum == _sum(key, value):
                    found[wanted[key]] = value
                    if not isinstance(used, int) or used < stale:
                        self.touched.add(key)

    def write(self, connection: sqlite3.Connection, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Keeps `rows`, all or none, and drops what was not used for longest."""
        now = int(time.time())
        with transaction(connection):
            connection.executemany(
                "INSERT OR REPLACE INTO fact (key, used, sum, value) VALUES (?, ?, ?, ?)",
                [(key, now, _sum(key, value), value) for key, value in rows],
            )
            self._note_use(connection, now)
            evicts = self._evict(connection)
        if evicts:
            connection.execute("PRAGMA incremental_vacuum").fetchall()

    def note_use(self, connection: sqlite3.Connection) -> None:
        """Writes down what was read, to the day."""
        with transaction(connection):
            self._note_use(connection, int(time.time()))

    def _note_use(self, connection: sqlite3.Connection, now: int) -> None:
        marks = [(now, key) for key in self.touched]
        connection.executemany("UPDATE fact SET used = ? WHERE key = ?", marks)
        self.touched.clear()

    def _evict(self, connection: sqlite3.Connection) -> bool:
        """Drops what was not used for longest, if the file has grown too large."""
        excess = used_bytes(connection) - self._limit
        if excess <= 0:
            return False
        excess += int(self._limit * (1 - KEPT))
        gone: list[tuple[int]] = []
        oldest = connection.execute("SELECT id, length(value) FROM fact ORDER BY used, id")
        for number, size in oldest:
            if excess <= 0:
                break
            gone.append((number,))
            excess -= size if isinstance(size, int) else 0
        connection.executemany("DELETE FROM fact WHERE id = ?", gone)
        return True


def counted(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many rows there are, and the bytes in use."""
    entries = connection.execute("SELECT count(*) FROM fact").fetchone()[0]
    return entries, used_bytes(connection)


def _sum(key: bytes, value: bytes) -> bytes:
    total = blake2b(len(key).to_bytes(4, "big"), digest_size=16)
    total.update(key)
    total.update(value)
    return total.digest()
