"""Keeps on disk how far every subscription is: a few times a second, not at every notification.

What is kept may be a little behind what was sent, never before it: after a crash a notification can come
again, none is missing. A dead letter is written in the transaction that moves its subscription on. Where the
outbox becomes too large, the oldest of what waits is given up.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from madang.clock import Clock
from madang.errors import MadangError
from madang.hub.delivery.line import Line
from madang.settings import LIMITS
from madang.store.base import Store
from madang.store.deliveries import DeadLetter, Keeping, Progress

_LOG: Final = logging.getLogger(__name__)
_EVERY_SECONDS: Final = 0.25
_HURRIED_SECONDS: Final = 0.02
_AFTER_FAILURE_SECONDS: Final = 2.0
_LINES_MAX: Final = 500
OUTBOX_BYTES_MAX: Final = LIMITS.outbox_bytes_max


class Bookkeeping:
    """position: all changes up to this sequence have been matched. size: bytes in the outbox, about."""

    def __init__(self, store: Store, lines: dict[str, Line], clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lines = lines
        self._touched: dict[str, None] = {}
        self._letters: list[DeadLetter] = []
        self._gone: list[str] = []
        self._news = asyncio.Event()
        self._keeping = asyncio.Lock()
        self._kept_mark = 0
        self._hurried = False
        self.position = 0
        self.size = 0

    def restore(self, mark: int, size: int) -> None:
        self.position = self._kept_mark = mark
        self.size = size

    def moved(self, position: int, size: int = 0) -> None:
        """All changes up to this sequence have been matched. size: of those that are new in the outbox."""
        self.position = position
        self.size += size
        self._news.set()

    def touch(self, line: Line) -> None:
        """Something about this subscription is to be kept."""
        self._touched[line.subscription.id] = None
        self._news.set()

    def bury(self, letter: DeadLetter) -> None:
        self._letters.append(letter)
        self._news.set()

    def forget(self, subscription_id: str) -> None:
        """The subscription is no more."""
        self._gone.append(subscription_id)
        self._news.set()

    async def run(self) -> None:
        """Keep what there is to keep, again and again; never returns."""
        while True:
            await self._news.wait()
            await asyncio.sleep(_HURRIED_SECONDS if self._hurried else _EVERY_SECONDS)
            self._news.clear()
            try:
                await self.keep()
            except MadangError:
                _LOG.exception("How far notifications are could not be written; it is tried again")
                self._news.set()
                await asyncio.sleep(_AFTER_FAILURE_SECONDS)

    async def keep(self) -> None:
        """Write what differs from what is on disk."""
        async with self._keeping:
            await self._keep()

    async def _keep(self) -> None:
        position = self.position
        progress, complete = self._chosen(position)
        mark = position if complete else self._kept_mark
        letters, self._letters = self._letters, []
        gone, self._gone = self._gone, []
        keeping = Keeping(mark, progress, letters, gone, self._done(mark, progress))
        try:
            freed = await self._store.deliveries.keep(keeping)
        except MadangError:
            self._letters = letters + self._letters
            self._gone = gone + self._gone
            self._touched = dict.fromkeys(progress) | self._touched
            raise
        self.size = max(0, self.size - freed.bytes)
        self._hurried = freed.more or bool(self._touched)
        self._kept_mark = mark
        for identifier, kept in progress.items():
            if identifier in self._lines:
                self._lines[identifier].kept = kept
        if self.size > OUTBOX_BYTES_MAX and not freed.bytes:
            self._shed()
        if self._touched or freed.bytes:
            self._news.set()

    def _chosen(self, position: int) -> tuple[dict[str, Progress], bool]:
        """What to write now, and whether the mark may move: only if nothing else is left to be written, for a
        subscription that has not come as far as the mark must have a cursor of its own on disk."""
        chosen: dict[str, Progress] = {}
        while self._touched and len(chosen) < _LINES_MAX:
            identifier = next(iter(self._touched))
            del self._touched[identifier]
            line = self._lines.get(identifier)
            if line is not None:
                chosen[identifier] = line.progress(position)
        return chosen, not self._touched

    def _shed(self) -> None:
        """Give up the older half of what waits for those that are far behind."""
        lags = {line: lag for line in self._lines.values() if (lag := line.lag(self.position)) is not None}
        if not lags:
            return
        middle = (min(lags.values()) + self.position) // 2
        _LOG.warning("The outbox has %d bytes; changes up to number %d are given up", self.size, middle)
        for line, lag in lags.items():
            if lag < middle:
                line.skip(middle, self._clock.now())
                self.touch(line)

    def _done(self, mark: int, progress: dict[str, Progress]) -> int:
        """Up to where nobody needs the outbox, also if this is the last that is written."""
        lowest = mark
        for identifier, line in self._lines.items():
            kept = progress.get(identifier, line.kept)
            if kept is not None and kept.cursor is not None and kept.cursor < lowest:
                lowest = kept.cursor
        return lowest
