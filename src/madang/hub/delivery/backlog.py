"""The outbox as lines that are behind read it: what one of them has read is at hand for the others.

Lines fall behind together, when endpoints fail or many subscriptions are told of the same changes. Reading for
each of them anew would cost the more the more of them there are.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque
from typing import Final, Protocol

import msgspec

from madang.store.deliveries import OutboxRow

_PAGE_BYTES: Final = 256 * 1024
_PAGES_MAX: Final = 16


class Outbox(Protocol):
    """Of `Deliveries`, what is read here."""

    async def rows(self, after: int, up_to: int, bytes_max: int) -> list[OutboxRow]: ...


class _Page(msgspec.Struct, eq=False):
    """All rows after `after`, up to the last of `sequences`."""

    after: int
    sequences: list[int]
    rows: list[OutboxRow]


class Backlog:
    """The pages that were read last. turn: held by the line that reads one."""

    def __init__(self, outbox: Outbox) -> None:
        self.turn = asyncio.Lock()
        self._outbox = outbox
        self._pages: deque[_Page] = deque(maxlen=_PAGES_MAX)

    async def rows(self, after: int, up_to: int) -> list[OutboxRow]:
        """The rows after a sequence, some or, if there are none, none. up_to: the last that may be read by now, which
        never becomes less."""
        for page in self._pages:
            if page.after <= after < page.sequences[-1]:
                self._pages.remove(page)
                self._pages.append(page)
                return page.rows[bisect_right(page.sequences, after) :]
        rows = await self._outbox.rows(after, up_to, _PAGE_BYTES)
        if rows:
            self._pages.append(_Page(after, [row.sequence for row in rows], rows))
        return rows

    def forget(self) -> None:
        """What is on disk has changed: entities were erased."""
        self._pages.clear()
