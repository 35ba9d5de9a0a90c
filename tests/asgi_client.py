"""A client that calls an ASGI application without a socket, as a server would call it."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import msgspec
import orjson

from madang.api.asgi import Application


class Reply(msgspec.Struct):
    """status, headers (lower case; several of one name are joined by ", ") and body of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


class Client:
    def __init__(self, application: Application) -> None:
        self._application = application

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes = b"",
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        measured: bool = True,
    ) -> Reply:
        """One request. json: sent as application/json unless headers say otherwise. measured: with Content-Length."""
        sent = {"host": "madang.test", **{key.lower(): value for key, value in (headers or {}).items()}}
        if json is not None:
            body = orjson.dumps(json)
            sent.setdefault("content-type", "application/json")
        if measured and method in ("POST", "PATCH", "PUT"):
            sent.setdefault("content-length", str(len(body)))
        parts = urlsplit(path)
        query = "&".join(text for text in (parts.query, urlencode(params or {})) if text)
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "query_string": query.encode(),
            "headers": [(key.encode(), value.encode()) for key, value in sent.items()],
            "client": ("127.0.0.1", 1),
            "server": ("madang.test", 80),
        }
        chunks = [body[start : start + 65536] for start in range(0, len(body), 65536)] or [b""]

        answered = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if not chunks:
                await answered.wait()
                return {"type": "http.disconnect"}
            chunk = chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        reply = Reply(0, {}, b"")

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                reply.status = message["status"]
                for key, value in message["headers"]:
                    name, text = key.decode(), value.decode("latin-1")
                    reply.headers[name] = f"{reply.headers[name]}, {text}" if name in reply.headers else text
            else:
                reply.body += message.get("body", b"")
                if not message.get("more_body"):
                    answered.set()

        await self._application(scope, receive, send)
        return reply

    async def get(self, path: str, **options: Any) -> Reply:
        return await self.call("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> Reply:
        return await self.call("POST", path, json=json, **options)

    async def patch(self, path: str, json: Any = None, **options: Any) -> Reply:
        return await self.call("PATCH", path, json=json, **options)

    async def put(self, path: str, json: Any = None, **options: Any) -> Reply:
        return await self.call("PUT", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> Reply:
        return await self.call("DELETE", path, **options)
