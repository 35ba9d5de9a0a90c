"""Who follows the commits of a store as they happen. A slow follower loses changes, never slows a writer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from madang.errors import Busy
from madang.settings import LIMITS
from madang.store.base import ChangeRow


class Watchers:
    """The followers of one store; each has a bounded queue."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[ChangeRow | None]] = set()

    def publish(self, changes: list[ChangeRow]) -> None:
        """Hand the changes of a commit to every follower; one whose queue is full gets "lost" in their place."""
        for queue in self._queues:
            for change in changes:
                if queue.full():
                    while not queue.empty():
                        queue.get_nowait()
                    queue.put_nowait(msgspec.structs.replace(changes[-1], kind="lost"))
                    break
                queue.put_nowait(change)

    async def watch(self) -> AsyncIterator[ChangeRow]:
        """Every change from now on. Raises Busy if too many follow already."""
        if len(self._queues) >= LIMITS.stream_clients_max:
            raise Busy(f"{LIMITS.stream_clients_max} pages follow the city live already; try again later")
        queue: asyncio.Queue[ChangeRow | None] = asyncio.Queue(LIMITS.stream_queue_changes_max)
        self._queues.add(queue)
        try:
            while (change := await queue.get()) is not None:
                yield change
        finally:
            self._queues.discard(queue)

    def close(self) -> None:
        """End every follower's iteration."""
        for queue in self._queues:
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait(None)
