# SPDX-License-Identifier: GPL-2.0-only
"""The fact store: what blobs said last time, in one SQLite file in the user's cache directory.

A value is a fact only if its checksum says so: whatever a killed process, a full disk or a
flipped bit left behind is a miss and costs a warning, never an answer.  Several processes
use one store at once.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kscan.facts.store_file import Outdated, Unusable, empty, opened
from kscan.facts.store_rows import LIMIT, Rows, counted

_BUSY = frozenset({5, 6})
"""``SQLITE_BUSY``, ``SQLITE_LOCKED``."""
_CORRUPT = frozenset({1, 11, 20, 26})
"""``SQLITE_ERROR`` (no such table), ``_CORRUPT``, ``_MISMATCH``, ``_NOTADB``."""
_READONLY = 8
_MOVED = 1032
"""``SQLITE_READONLY_DBMOVED``: somebody removed the file under us."""
_TAG = """\
Signature: 8a477f597d28d172789f06886806bc55
# This file is a cache directory tag created by kscan.
# For information about cache directory tags see https://bford.info/cachedir/
"""
Answer = TypeVar("Answer")
_left_to_parent: list[sqlite3.Connection] = []
"""Connections that a forked process inherits; only the process that made one closes it."""


@dataclass(frozen=True, slots=True)
class StoreStats:
    """What ``kscan cache stats`` says."""

    path: str
    entries: int
    bytes: int
    limit: int


class NullStore:
    """A store that knows nothing and keeps nothing: ``--no-cache``."""

    warnings: Sequence[str] = ()

    def get(self, key: str) -> bytes | None:
        """Always a miss."""
        return None

    def get_many(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        """Always misses."""
        return {}

    def put_many(self, values: Mapping[str, bytes]) -> None:
        """Forgets `values`."""

    def stats(self) -> StoreStats:
        """Nothing."""
        return StoreStats("", 0, 0, 0)

    def clear(self) -> None:
        """Nothing to clear."""

    def close(self) -> None:
        """Nothing to close."""


class Store:
    """The store in `directory`, or where ``KSCAN_CACHE_DIR`` or the user's cache directory is.

    Opened when first asked.  No method raises for anything the file, the disk or another
    process does; `warnings` says what went wrong, each thing once.
    """

    def __init__(self, directory: Path | None = None, limit: int = LIMIT) -> None:
        self._directory = directory
        self._limit = limit
        self._warnings: list[str] = []
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._claim: int | None = None
        self._owner = 0
        self._is_off = False
        self._is_read_only = False
        self._rows = Rows(limit)

    @property
    def path(self) -> Path:
        """The file."""
        if self._directory is None:
            self._directory = _default_directory()
        return self._directory / "facts.sqlite"

    @property
    def warnings(self) -> Sequence[str]:
        """What went wrong so far, one line each."""
        return tuple(self._warnings)

    def get(self, key: str) -> bytes | None:
        """The value of `key`, None for a miss."""
        return self.get_many([key]).get(key)

    def get_many(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        """The values of those of `keys` that are known and whole."""
        wanted = {key.encode(): key for key in keys}
        found: dict[str, bytes] = {}
        if wanted:
            self._ask(lambda connection: self._rows.read(connection, wanted, found))
        return found

    def put_many(self, values: Mapping[str, bytes]) -> None:
        """Keeps `values`, all or none, and drops what was not used for longest."""
        if values and not self._is_read_only:
            rows = [(key.encode(), value) for key, value in values.items()]
            self._ask(lambda connection: self._rows.write(connection, rows))

    def stats(self) -> StoreStats:
        """Number of entries and bytes in use; zeros where there is none, or none to be used.

        To look makes nothing.
        """
        entries, size = (0, 0) if self._is_absent() else self._ask(counted) or (0, 0)
        return StoreStats(str(self.path), entries, size, self._limit)

    def clear(self) -> None:
        """Forgets everything, also what a damaged or foreign file holds."""
        with self._lock:
            self._is_off = self._is_read_only = False
            if not self._is_removed():
                self._ask(empty)

    def close(self) -> None:
        """Lets go of the file; the next question opens it again."""
        with self._lock:
            if self._rows.touched and self._connection is not None and not self._is_read_only:
                self._ask(self._rows.note_use)
            self._disconnect()

    def __del__(self) -> None:
        try:  # noqa: SIM105 - when Python ends `suppress` may be gone already
            self._disconnect()
        except Exception:
            pass

    def _ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer | None:
        """What `question` answers; None, and a warning, where the store cannot say."""
        with self._lock:
            if self._is_off:
                return None
            try:
                return question(self._connected())
            except sqlite3.Error as error:
                self._judge(error)
            except Outdated as error:
                if not self._is_removed():
                    self._switch_off(str(error))
            except (OSError, Unusable) as error:
                self._switch_off(str(error))
            except (MemoryError, OverflowError):
                self._make_anew()  # what a flipped length in the file leads to
            return None

    def _judge(self, error: sqlite3.Error) -> None:
        code = getattr(error, "sqlite_errorcode", 0)
        said = str(error).partition("\n")[0]
        if code & 0xFF in _BUSY:
            return  # another process writes, for longer than we wait: a miss
        if code == _MOVED:
            self._disconnect()
        elif code & 0xFF in _CORRUPT or (code & 0xFF == _READONLY and self._is_writable()):
            self._make_anew()
        elif self._connection is None:
            self._switch_off(f"{said}; nothing is kept")
        else:
            self._is_read_only = True
            self._warn(f"{said}; nothing new is kept")

    def _is_writable(self) -> bool:
        return os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)

    def _is_absent(self) -> bool:
        """Nothing was kept there so far, and nothing is in the way."""
        directory = self.path.parent
        in_the_way = os.path.lexists(directory) and not directory.is_dir()
        return not os.path.lexists(self.path) and not in_the_way

    def _warn(self, what: str) -> None:
        warning = f"cache: {self.path}: {what}"
        if warning not in self._warnings:
            self._warnings.append(warning)

    def _switch_off(self, what: str) -> None:
        self._warn(what)
        self._disconnect()
        self._is_off = True

    def _make_anew(self) -> None:
        if self._is_removed():
            self._warn("damaged; it starts empty")
        else:
            self._switch_off("damaged; nothing is kept; kscan cache clear mends it")

    def _is_removed(self) -> bool:
        """Removes the file, unless another process uses it; tells whether it is gone."""
        self._disconnect()
        try:
            self._claim_directory()
            if self._claim is None:
                return False
            fcntl.flock(self._claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for suffix in ("", "-journal", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        except (OSError, Unusable):
            return False
        finally:
            self._disconnect()
        return True

    def _connected(self) -> sqlite3.Connection:
        """The open file, made if there is none; raises what is wrong with it."""
        if self._connection is not None and self._owner != os.getpid():
            _left_to_parent.append(self._connection)
            self._connection = None
        if self._connection is None:
            self._owner = os.getpid()
            self._claim_directory()
            self._connection = opened(self.path)
        return self._connection

    def _claim_directory(self) -> None:
        """Makes the directory, and says there that this process uses the file."""
        directory = self.path.parent
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unusable(f"{error.strerror}; nothing is kept") from error
        with suppress(OSError):
            for name, text in (("CACHEDIR.TAG", _TAG), (".gitignore", "*\n")):
                if not (directory / name).exists():
                    (directory / name).write_text(text)
            self._claim = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._claim, fcntl.LOCK_SH)

    def _disconnect(self) -> None:
        if self._connection is not None:
            if self._owner == os.getpid():
                self._connection.close()
            else:
                _left_to_parent.append(self._connection)
        self._connection = None
        if self._claim is not None:
            os.close(self._claim)
        self._claim = None


def _default_directory() -> Path:
    named = os.environ.get("KSCAN_CACHE_DIR")
    if named:
        return Path(named)
    from platformdirs import user_cache_dir  # noqa: PLC0415  kscan --version needs no store

    return Path(user_cache_dir("kscan"))
