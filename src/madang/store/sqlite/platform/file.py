"""The platform's file: one connection that reads, in the event loop's thread, and one that writes, in its own.

Whoever keeps something in this file reads with `reader` and hands its writing to `write`; writings that wait
become one transaction. It is small work, and a command beside the platform may hold the file for a moment, so a
whole transaction runs in the thread, not only its commit. What two parts write in one call is one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from madang.errors import StoreBroken
from madang.store.sqlite.platform.schema import MIGRATIONS
from madang.store.sqlite.schema import migrate

Result = TypeVar("Result")
_BUSY_MS_MAX: Final = 5000
_JOBS_MAX: Final = 256


class PlatformFile:
    """Made inside a running event loop; `close` it. Raises StoreBroken if the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._writer = apsw.Connection(str(path))
            # Digests of secrets and names of people: for nobody else on this machine
            path.chmod(0o600)
            self._writer.set_busy_timeout(_BUSY_MS_MAX)
            self._writer.pragma("journal_mode", "wal")
            self._writer.pragma("synchronous", "full")
            self._writer.pragma("secure_delete", True)
            migrate(self._writer, MIGRATIONS)
            self.reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
            self.reader.set_busy_timeout(_BUSY_MS_MAX)
            self.reader.pragma("query_only", True)
        except apsw.Error as error:
            raise StoreBroken(f"{path} cannot be opened as the platform's store: {error}") from error
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="platform")
        self._waiting: list[tuple[Callable[[apsw.Connection], Any], asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None
        self.writes = 0

    async def write(self, work: Callable[[apsw.Connection], Result]) -> Result:
        """What `work` returned, when it is on disk. Whatever it raises undoes what it wrote, and is raised here.

        work: runs in another thread, inside a transaction; it may only use the connection and what it closes over."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="platform")
        return await answer

    async def compact(self) -> None:
        """Write the file anew and empty its log, so that nothing is left of what was taken away."""
        await self.write(lambda _connection: None)
        await asyncio.get_running_loop().run_in_executor(self._thread, _write_anew, self._writer)

    async def close(self) -> None:
        """Write what waits, then close the file."""
        if self._task is not None:
            await self._task
        self._thread.shutdown()
        self.reader.close()
        self._writer.close()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                jobs, self._waiting = self._waiting[:_JOBS_MAX], self._waiting[_JOBS_MAX:]
                works = [work for work, _ in jobs]
                try:
                    outcomes = await loop.run_in_executor(self._thread, _transact, self._writer, works)
                except apsw.Error as error:
                    outcomes = [StoreBroken(f"{self.path} cannot be written: {error}") for _ in jobs]
                self.writes += 1
                for (_, answer), outcome in zip(jobs, outcomes, strict=True):
                    if answer.done():
                        continue
                    if isinstance(outcome, Exception):
                        answer.set_exception(outcome)
                    else:
                        answer.set_result(outcome)
        finally:
            self._task = None


def _transact(connection: apsw.Connection, works: list[Callable[[apsw.Connection], Any]]) -> list[Any]:
    """The outcome of each work, an exception where it raised one. Raises apsw.Error if nothing could be committed."""
    outcomes: list[Any] = []
    connection.execute("BEGIN IMMEDIATE")
    try:
        for work in works:
            try:
                with connection:
                    outcomes.append(work(connection))
            except Exception as error:  # noqa: BLE001 it is its caller's, and the others' writing goes on
                outcomes.append(error)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _write_anew(connection: apsw.Connection) -> None:
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
