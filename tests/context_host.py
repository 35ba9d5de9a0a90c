"""A real web server on 127.0.0.1 that serves @contexts, and can be told to fail, to be slow or to say how old they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp.web as web
import orjson


class ContextHost:
    """documents: by path. asked: paths in the order in which they were asked for, with the etag that was sent."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.down = False
        self.asked: list[tuple[str, str]] = []
        self.url = ""

    def put(self, path: str, context: Any, **headers: str) -> str:
        """Serve this value of "@context" from now on; its address."""
        return self.put_body(path, orjson.dumps({"@context": context}), **headers)

    def put_body(self, path: str, body: bytes, **headers: str) -> str:
        self.documents[path] = body
        self.headers[path] = {name.replace("_", "-"): text for name, text in headers.items()}
        return self.url + path

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, request.headers.get("If-None-Match", "")))
        if self.down or request.path not in self.documents:
            return web.Response(status=503 if self.down else 404)
        headers = {"Content-Type": "application/ld+json", **self.headers[request.path]}
        if headers.get("ETag") and headers["ETag"] == request.headers.get("If-None-Match"):
            return web.Response(status=304, headers=headers)
        status = 302 if "Location" in headers else 200
        return web.Response(status=status, body=self.documents[request.path], headers=headers)


@asynccontextmanager
async def context_host() -> AsyncIterator[ContextHost]:
    """The server on a free port."""
    host = ContextHost()
    application = web.Application()
    application.router.add_route("GET", "/{path:.*}", host.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield host
    finally:
        await runner.cleanup()
