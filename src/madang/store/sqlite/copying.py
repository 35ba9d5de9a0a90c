"""Copies of a tenant's file while it is written to, by SQLite's online backup (docs/decisions).

One read transaction is held over the whole copy, so it is of one moment and never begins anew; the writer goes on
beside it, only its write-ahead log cannot be folded back into the file until the copy is done.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

import apsw

from madang.errors import StoreBroken
from madang.store.files import Report, StoreFacts
from madang.store.sqlite.connection import BUSY_MS_MAX
from madang.store.sqlite.schema import MIGRATIONS

_STEP_PAGES: Final = 1024
# After each step a pause as long as the step took: the disk and a processor stay half free
_PAUSE: Final = 1.0


def copy_store(source: Path, target: Path, report: Report) -> StoreFacts:
    """Copy the file page by page, then check the copy. report: pages. Raises StoreBroken."""
    try:
        reader = open_for_reading(source)
        writer = apsw.Connection(str(target))
        try:
            reader.execute("BEGIN").execute("SELECT count(*) FROM sqlite_schema").fetchall()
            with writer.backup("main", reader, "main") as copying:
                while not copying.done:
                    began = time.perf_counter()
                    copying.step(_STEP_PAGES)
                    report(copying.page_count - copying.remaining, copying.page_count)
                    time.sleep((time.perf_counter() - began) * _PAUSE)
            # The copy is one file, complete without a log beside it
            writer.pragma("journal_mode", "delete")
        finally:
            writer.close()
            reader.close()
    except apsw.Error as error:
        raise StoreBroken(f"{source} cannot be copied: {error}; `madang doctor` says more") from error
    with target.open("rb") as written:
        os.fsync(written.fileno())
    return check_store(target)


def check_store(path: Path) -> StoreFacts:
    """Whether the file is whole and of a version that this one knows. Raises StoreBroken."""
    try:
        connection = open_for_reading(path)
        try:
            faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
            if faults != ["ok"]:
                raise StoreBroken(f"{path} is damaged: {'; '.join(faults)}")
            return facts(connection)
        finally:
            connection.close()
    except apsw.Error as error:
        raise StoreBroken(f"{path} cannot be read as a store: {error}") from error


def facts(connection: apsw.Connection) -> StoreFacts:
    """Raises StoreBroken for tables of a later version, apsw.Error for a file that is no store."""
    version = int(connection.pragma("user_version") or 0)
    if version > len(MIGRATIONS):
        raise StoreBroken(
            f"{connection.filename} was written by a later version of Madang (its tables have number {version}, "
            f"this version knows {len(MIGRATIONS)}); use that version"
        )
    entities = connection.execute("SELECT count(*) FROM entity").get
    sequence = connection.execute("SELECT coalesce(max(sequence), 0) FROM change").get
    return StoreFacts(version, int(entities), int(sequence))


def open_for_reading(path: Path) -> apsw.Connection:
    """A connection that changes nothing, also of a file that another process writes to or left in the middle."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(BUSY_MS_MAX)
    return connection
