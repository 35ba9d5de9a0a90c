"""What expires next in a tenant's file, and its removal (CIM 009 §4.22).

The table `expiry` has a row for each of the few entities of which something expires. Every commit first removes
what has expired by then, as ordinary changes; `Sweeper` makes a commit happen when something falls due, and a
reader who comes earlier makes one too. So nothing that has expired is ever read, and no query looks for it. A row
may be out of date, because a write that takes the last expiry away does not look for it: it then comes up once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import apsw

from madang.clock import Clock
from madang.errors import MadangError
from madang.ngsild.entity import Entity
from madang.ngsild.expiry import next_expiry

_NEXT: Final = "SELECT min(moment) FROM expiry"
_DUE: Final = "SELECT row FROM expiry WHERE moment <= ? ORDER BY moment LIMIT ?"
_ID: Final = "SELECT id FROM entity WHERE row = ?"
_IS_DUE: Final = (
    "SELECT 1 FROM entity e CROSS JOIN expiry x ON x.row = e.row WHERE e.id = ? AND x.moment <= ?"
)
_FORGET: Final = "DELETE FROM expiry WHERE row = ?"
_NOTE: Final = "INSERT OR REPLACE INTO expiry (row, moment) VALUES (?, ?)"
_OF_ENTITY: Final = "UPDATE entity SET expires = ? WHERE row = ?"
_PAUSE_SECONDS_MIN: Final = 0.02
_PAUSE_SECONDS_MAX: Final = 60.0

_LOG: Final = logging.getLogger(__name__)


class Expiry:
    """When the first thing expires: next, in microseconds UTC, 0 while nothing does. sooner: it has changed.

    taken: the running commit removes something. Until it is on disk, `next` stays, so that readers wait for it.
    """

    __slots__ = ("_connection", "next", "sooner", "taken")

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.next = 0
        self.taken = False
        self.sooner = asyncio.Event()
        self.reload()

    def reload(self) -> None:
        """Read the file: at the start, and after a commit that removed something, or a rollback."""
        self.next = self._connection.execute(_NEXT).get or 0
        self.taken = False
        self.sooner.set()

    def is_due(self, now: int) -> bool:
        return 0 < self.next <= now

    def take(self, now: int, limit: int) -> tuple[list[str], bool]:
        """The ids of entities of which something has expired, which are no longer noted; whether there may be more.

        limit: of entities."""
        rows: list[Any] = self._connection.execute(_DUE, (now, limit)).fetchall()
        self._connection.executemany(_FORGET, rows)
        self.taken = True
        found = [self._connection.execute(_ID, row).get for row in rows]
        return [str(identifier) for identifier in found if identifier is not None], len(rows) == limit

    def note(self, row: int, entity: Entity) -> None:
        """Keep when something of the entity in this row expires next; the row is written already."""
        self._connection.execute(_OF_ENTITY, (entity.expires_at or None, row))
        moment = next_expiry(entity)
        if not moment:
            return
        self._connection.execute(_NOTE, (row, moment))
        if not self.next or moment < self.next:
            self.next = moment
            self.sooner.set()


def is_due(reader: apsw.Connection, entity_id: str, now: int) -> bool:
    """Whether something of this entity has expired and is still in the file."""
    return reader.execute(_IS_DUE, (entity_id, now)).fetchone() is not None


class Sweeper:
    """Makes a commit happen when something falls due, which removes it. Made inside a running event loop."""

    def __init__(self, expiry: Expiry, clock: Clock, commit: Callable[[], Awaitable[Any]]) -> None:
        self._expiry = expiry
        self._clock = clock
        self._commit = commit
        self._task = asyncio.create_task(self._run(), name="sweep what expires")

    async def until_now(self) -> None:
        """Wait until nothing that has expired is left."""
        now = self._clock.now()
        while self._expiry.is_due(now):
            await self._commit()

    async def close(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while True:
            self._expiry.sooner.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._expiry.sooner.wait(), self._pause())
            if self._expiry.is_due(self._clock.now()):
                try:
                    await self._commit()
                except MadangError:
                    _LOG.warning("What has expired could not be removed; it is tried again")
                    await asyncio.sleep(_PAUSE_SECONDS_MAX)

    def _pause(self) -> float | None:
        """Seconds until something falls due; None if nothing does."""
        if not self._expiry.next:
            return None
        left = (self._expiry.next - self._clock.now()) / 1_000_000
        return min(max(left, _PAUSE_SECONDS_MIN), _PAUSE_SECONDS_MAX)
