# SPDX-License-Identifier: GPL-2.0-only
"""The SQLite file of the fact store: its layout, and how it is opened and written.

A rollback journal rather than a write-ahead log: no shared memory, so that it stays true on
a home directory that is mounted from elsewhere.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

VERSION = 1
"""Layout of the file; another one is never read."""
PATIENCE = 5.0
"""Seconds to wait for another process that writes."""

_APPLICATION = 0x6B736366
_SETTINGS = (
    "trusted_schema = OFF",
    "cell_size_check = ON",
    "synchronous = NORMAL",
    "journal_mode = TRUNCATE",
)
_SCHEMA = (
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
    "CREATE TABLE IF NOT EXISTS fact (id INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL,"
    " used INTEGER NOT NULL, sum BLOB NOT NULL, value BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS fact_used ON fact (used)",
)


class Unusable(Exception):
    """The store cannot be used as it is; the message is the warning."""


class Outdated(Unusable):
    """An older kscan made it."""


def opened(path: Path) -> sqlite3.Connection:
    """The file at `path`, laid out if it is new; raises `Unusable` or `sqlite3.Error`."""
    connection = sqlite3.connect(
        path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = bytes
    for setting in _SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    _lay_out(connection)
    return connection


def _lay_out(connection: sqlite3.Connection) -> None:
    """Makes the table in an empty file; raises `Unusable` for a file that is not this store."""
    tables, application, version = _look(connection)
    if tables == application == version == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        with transaction(connection):
            for statement in _SCHEMA:
                connection.execute(statement)
        return
    if application != _APPLICATION:
        raise Unusable("not a store of kscan; nothing is kept; move it away")
    if version > VERSION:
        raise Unusable("made by a newer kscan; nothing is kept; kscan cache clear removes it")
    if version < VERSION:
        raise Outdated("made by an older kscan; nothing is kept; kscan cache clear removes it")


def _look(connection: sqlite3.Connection) -> list[int]:
    """Number of tables, application and version of one state of the file."""
    questions = (
        "SELECT count(*) FROM sqlite_schema",
        "PRAGMA application_id",
        "PRAGMA user_version",
    )
    connection.execute("BEGIN")
    try:
        return [connection.execute(question).fetchone()[0] for question in questions]
    finally:
        connection.execute("ROLLBACK")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of what is written inside, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(Exception):
            connection.execute("ROLLBACK")
        raise


def used_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of the pages that hold something."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    used: int = (pages - free) * size
    return used


def empty(connection: sqlite3.Connection) -> None:
    """Drops every fact."""
    connection.execute("DELETE FROM fact")
    connection.execute("PRAGMA incremental_vacuum").fetchall()
