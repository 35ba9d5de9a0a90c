"""Who follows the commits of a store as they happen. A slow follower loses changes, never slows a writer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from weakref import WeakSet

import msgspec

from madang.errors import Busy
from madang.settings import LIMITS
from madang.store.base import ChangeRow


class Follower(AsyncIterator[ChangeRow]):
    """The changes from the moment it was made, through a bounded queue."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[ChangeRow | None] = asyncio.Queue(LIMITS.stream_queue_changes_max)

    def put(self, changes: list[ChangeRow]) -> None:
        """Take the changes of a commit; if they do not fit, "lost" takes the place of all that wait."""
        if self._queue.qsize() + len(changes) <= self._queue.maxsize:
            for change in changes:
                self._queue.put_nowait(change)
            return
        self._clear()
        self._queue.put_nowait(msgspec.structs.replace(changes[-1], kind="lost"))

    def end(self) -> None:
        self._clear()
        self._queue.put_nowait(None)

    def _clear(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()

    async def __anext__(self) -> ChangeRow:
        change = await self._queue.get()
        if change is None:
            raise StopAsyncIteration
        return change


def since(changes: list[ChangeRow], sequence: int) -> list[ChangeRow]:
    """The changes behind a sequence number. Where some of them are folded and gone, "lost" takes their place, and
    that of all before them."""
    expected = changes[-1].sequence if changes else 0
    for at in range(len(changes) - 1, -1, -1):
        if changes[at].sequence != expected:
            break
        expected -= 1
    if not changes or expected == sequence:
        return changes
    kept = [change for change in changes if change.sequence > expected]
    return [
        msgspec.structs.replace(kept[0], sequence=expected, id="", kind="lost", types=(), names=()),
        *kept,
    ]


class Watchers:
    """The followers of one store; one that nobody holds any more is forgotten."""

    def __init__(self) -> None:
        self._followers: WeakSet[Follower] = WeakSet()

    def publish(self, changes: list[ChangeRow]) -> None:
        """Hand the changes of a commit to every follower."""
        if changes:
            for follower in list(self._followers):
                follower.put(changes)

    def watch(self) -> Follower:
        """A new follower. Raises Busy if there are too many already."""
        if len(self._followers) >= LIMITS.stream_clients_max:
            raise Busy(f"{LIMITS.stream_clients_max} pages follow the city live already; try again later")
        follower = Follower()
        self._followers.add(follower)
        return follower

    def is_idle(self) -> bool:
        return not self._followers

    def close(self) -> None:
        """End every follower's iteration."""
        for follower in list(self._followers):
            follower.end()
