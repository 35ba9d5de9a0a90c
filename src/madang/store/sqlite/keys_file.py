"""The keys of a home in a file of their own: implements `store.keys.Keys`.

It is opened for every call, from any process: a backup makes keys beside the platform that destroys some. What is
destroyed leaves no byte in it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import apsw

from madang.errors import StoreBroken
from madang.store.keys import COMMON, Key

_TABLES: Final = """CREATE TABLE IF NOT EXISTS key (
    tenant TEXT NOT NULL, name TEXT NOT NULL, handle BLOB NOT NULL UNIQUE, secret BLOB NOT NULL,
    PRIMARY KEY (tenant, name)) WITHOUT ROWID"""
_FIND: Final = "SELECT handle, secret FROM key WHERE tenant = ? AND name = ?"
_BUSY_MS_MAX: Final = 10_000
_HANDLE_BYTES: Final = 16
_SECRET_BYTES: Final = 32


class SqliteKeys:
    """path: of the file, which comes into being with the first key."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self, tenant: str, names: Sequence[str]) -> dict[str, Key]:
        found: dict[str, Key] = {}
        with self._opened() as connection, connection:
            for name in names:
                row: Any = connection.execute(_FIND, (tenant, name)).fetchone()
                if row is None:
                    row = secrets.token_bytes(_HANDLE_BYTES), secrets.token_bytes(_SECRET_BYTES)
                    connection.execute("INSERT INTO key VALUES (?, ?, ?, ?)", (tenant, name, *row))
                found[name] = Key(*row)
        return found

    def find(self, handles: Iterable[bytes]) -> dict[bytes, Key]:
        if not self._path.exists():
            return {}
        found: dict[bytes, Key] = {}
        with self._opened() as connection:
            for handle in handles:
                secret: Any = connection.execute("SELECT secret FROM key WHERE handle = ?", (handle,)).get
                if secret is not None:
                    found[handle] = Key(handle, secret)
        return found

    def destroy(self, tenant: str, names: Sequence[str]) -> int:
        if not self._path.exists():
            return 0
        with self._opened() as connection:
            before = connection.total_changes()
            with connection:
                connection.executemany(
                    "DELETE FROM key WHERE tenant = ? AND name = ?",
                    [(tenant, name) for name in (*names, COMMON)],
                )
            gone = connection.total_changes() - before
            connection.execute("VACUUM")
        return gone

    @contextmanager
    def _opened(self) -> Iterator[apsw.Connection]:
        """Raises StoreBroken."""
        try:
            # Nobody but who runs the platform may read it
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            connection = apsw.Connection(str(self._path))
            try:
                connection.set_busy_timeout(_BUSY_MS_MAX)
                # No log stays beside it that could hold a key
                connection.pragma("journal_mode", "delete")
                connection.pragma("secure_delete", True)
                connection.pragma("synchronous", "extra")
                connection.pragma("temp_store", "memory")
                connection.execute(_TABLES)
                yield connection
            finally:
                connection.close()
        except (apsw.Error, OSError) as error:
            raise StoreBroken(
                f"{self._path}, which holds the keys of backups, cannot be used: {error}"
            ) from error
