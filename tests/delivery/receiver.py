"""A receiver of notifications on a free port of this machine, which answers as a test wants it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import web

TIMEOUT_SECONDS = 10.0


class Receiver:
    """received: (path, headers, body as JSON) of every notification, in order. answer: the next statuses; 200 after
    these. held: while it is set, answers wait."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.statuses: list[int] = []
        self.held: asyncio.Event | None = None
        self.port = 0
        self._news = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, _, body in self.received]

    def entities(self, path: str = "") -> list[dict[str, Any]]:
        """All entities that were notified, to this path if one is given, in order."""
        return [entity for to, _, body in self.received if not path or to == path for entity in body["data"]]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for it; fails with what has come so far."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                while not condition():
                    self._news.clear()
                    try:
                        async with asyncio.timeout(0.02):
                            await self._news.wait()
                    except TimeoutError:
                        pass
        except TimeoutError:
            raise AssertionError(
                f"not within {TIMEOUT_SECONDS} s; {len(self.received)} came, the last {self.bodies[-3:]}"
            ) from None

    async def until_count(self, notifications: int) -> None:
        """Wait until so many have come."""
        await self.until(lambda: len(self.received) >= notifications)

    async def handle(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        self.received.append((request.path, dict(request.headers), body))
        self._news.set()
        if self.held is not None:
            await self.held.wait()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/{path:.*}", receiver.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()
