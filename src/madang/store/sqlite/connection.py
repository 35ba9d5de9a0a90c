"""Connections to a tenant's file: one that writes, any number that read, and what is set on each."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

import apsw

from madang.errors import StoreBroken
from madang.store.sqlite.schema import migrate

MMAP_BYTES: Final = 8 * 1024**3
CACHE_KIB: Final = 64 * 1024
CHECKPOINT_PAGES: Final = 4000
BUSY_MS_MAX: Final = 5000
_NAME: Final = "INSERT OR IGNORE INTO meta VALUES ('identity', ?)"


def open_writer(path: Path) -> apsw.Connection:
    """The one writing connection: WAL, synchronous=FULL, tables of this version. Raises StoreBroken."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = apsw.Connection(str(path))
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "full")
        connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        _set_common(connection)
        migrate(connection)
    except apsw.Error as error:
        raise StoreBroken(f"{path} cannot be opened as a store: {error}") from error
    return connection


def given_name(connection: apsw.Connection) -> str:
    """The random name of a file, which it has from its first opening on and in every copy."""
    with connection:
        connection.execute(_NAME, (secrets.token_hex(6),))
    return str(connection.execute("SELECT value FROM meta WHERE key = 'identity'").get)


def open_reader(path: Path) -> apsw.Connection:
    """A connection that only reads; it sees every commit, and none that is under way."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.pragma("query_only", True)
        _set_common(connection)
    except apsw.Error as error:
        raise StoreBroken(f"{path} cannot be read: {error}") from error
    return connection


class Held:
    """Keeps a reader's transaction open from one commit to the next: its locks cost as much as reading an entity.

    It is given back while a commit runs, so that the commit can begin the write-ahead log anew, and so that what is
    read afterwards holds the commit.
    """

    def __init__(self, reader: apsw.Connection) -> None:
        self._reader = reader
        self.hold()

    def release(self) -> None:
        if self._reader.in_transaction:
            self._reader.execute("COMMIT")

    def hold(self) -> None:
        """From the next statement on; none is run here."""
        if not self._reader.in_transaction:
            self._reader.execute("BEGIN")


def _set_common(connection: apsw.Connection) -> None:
    connection.set_busy_timeout(BUSY_MS_MAX)
    connection.pragma("mmap_size", MMAP_BYTES)
    connection.pragma("cache_size", -CACHE_KIB)
    connection.pragma("temp_store", "memory")
