"""Sends notifications over HTTP(S) (CIM 009 §6.3.8): one POST each, on connections that are kept open.

Written on asyncio's own streams of bytes because a client library costs several times what a notification
needs. Any status from 200 to 299 is a success: the receiver has it. Redirections are not followed. Addresses are
resolved and checked for every connection, and the connection goes to the address that was checked.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import OrderedDict
from contextlib import suppress
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

from madang.hub.delivery.http_connection import Connection, ConnectionLost
from madang.hub.delivery.sending import DELIVERED, Result, Sent
from madang.hub.egress import EgressRefused, GuardedResolver
from madang.ngsild.notification import Message
from madang.ngsild.subscription import Endpoint

_IDLE_MAX: Final = 256
_HEADS_MAX: Final = 1024
_IDLE_SECONDS_MAX: Final = 30.0
_TARGET: Final = "/?%:@!$&'()*+,;=~-._[]"
_PORTS: Final = {"http": 80, "https": 443}
# What the connection needs for itself; receiverInfo cannot set it
_OWN_HEADERS: Final = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "via", "expect", "upgrade", "te", "trailer")
)
# Statuses that say: this notification, as it is, will never be taken
_REFUSALS: Final = frozenset((400, 405, 406, 410, 411, 413, 414, 415, 422, 431, 501, 508))

Origin = tuple[str, str, int]


class HttpSender:
    """via: this platform's name in the Via header, by which it knows its own notifications."""

    def __init__(self, resolver: GuardedResolver, via: str) -> None:
        self._resolver = resolver
        self._via = via
        self._trusted: ssl.SSLContext | None = None
        # Open connections that nobody uses, with the time since when; the one used last is taken first
        self._idle: OrderedDict[Connection, tuple[Origin, float]] = OrderedDict()
        self._by_origin: dict[Origin, list[Connection]] = {}

    async def send(self, endpoint: Endpoint, message: Message, seconds: float) -> Sent:
        try:
            origin, head = _head(endpoint.uri, message.headers, self._via)
        except ValueError as error:
            return Sent(Result.FAILED, f"The endpoint's address or headers cannot be used: {error}")
        request = b"%b%d\r\n\r\n%b" % (head, len(message.body), message.body)
        try:
            async with asyncio.timeout(seconds):
                status = await self._post(origin, request)
        except TimeoutError:
            return Sent(Result.FAILED, f"No answer within {seconds:g} s")
        except EgressRefused as error:
            return Sent(Result.FAILED, error.strerror or str(error))
        except (OSError, ssl.SSLError, ConnectionLost) as error:
            return Sent(Result.FAILED, f"{origin[1]}:{origin[2]} cannot be reached: {error}")
        if 200 <= status < 300:
            return DELIVERED
        result = Result.REFUSED if status in _REFUSALS else Result.FAILED
        return Sent(result, f"The receiver answered with status {status}")

    async def _post(self, origin: Origin, request: bytes) -> int:
        kept = self._idle_one(origin)
        if kept is not None:
            try:
                return await self._exchange(kept, origin, request)
            except ConnectionLost as error:
                # The other side may have closed a connection that it had kept open long enough
                if error.answered:
                    raise
        return await self._exchange(await self._connect(origin), origin, request)

    async def _exchange(self, connection: Connection, origin: Origin, request: bytes) -> int:
        try:
            status = await connection.exchange(request)
        except BaseException:
            connection.abort()
            raise
        if connection.reusable:
            self._keep(connection, origin)
        else:
            connection.abort()
        return status

    async def _connect(self, origin: Origin) -> Connection:
        scheme, host, port = origin
        loop = asyncio.get_running_loop()
        context = self._tls() if scheme == "https" else None
        failure: OSError | None = None
        for found in await self._resolver.resolve(host, port, socket.AF_UNSPEC):
            try:
                _, connection = await loop.create_connection(
                    lambda: Connection(self._forget),
                    found["host"],
                    port,
                    ssl=context,
                    server_hostname=host if context is not None else None,
                )
            except OSError as error:
                failure = error
            else:
                return connection
        raise failure or OSError(f"{host} has no address")

    def _tls(self) -> ssl.SSLContext:
        if self._trusted is None:
            self._trusted = ssl.create_default_context()
        return self._trusted

    def _idle_one(self, origin: Origin) -> Connection | None:
        oldest = asyncio.get_running_loop().time() - _IDLE_SECONDS_MAX
        connections = self._by_origin.get(origin)
        while connections:
            connection = connections[-1]
            since = self._idle[connection][1]
            self._forget(connection)
            if since >= oldest and connection.reusable:
                return connection
            connection.abort()
        return None

    def _keep(self, connection: Connection, origin: Origin) -> None:
        self._idle[connection] = origin, asyncio.get_running_loop().time()
        self._by_origin.setdefault(origin, []).append(connection)
        if len(self._idle) > _IDLE_MAX:
            oldest = next(iter(self._idle))
            self._forget(oldest)
            oldest.abort()

    def _forget(self, connection: Connection) -> None:
        """Take a connection out of those that are idle: it is used, or closed."""
        known = self._idle.pop(connection, None)
        if known is not None:
            connections = self._by_origin[known[0]]
            connections.remove(connection)
            if not connections:
                del self._by_origin[known[0]]

    async def close(self) -> None:
        for connection in list(self._idle):
            self._forget(connection)
            connection.abort()
        with suppress(OSError):
            await self._resolver.close()


@lru_cache(_HEADS_MAX)
def _head(uri: str, headers: tuple[tuple[str, str], ...], via: str) -> tuple[Origin, bytes]:
    """Where to, and the head of the request up to the length of its body; both are the same for all notifications
    of a subscription. Raises ValueError for an address without a host, or a header that would break out of its line.
    """
    parts = urlsplit(uri)
    if not parts.hostname:
        raise ValueError(f"'{uri}' names no host")
    scheme = parts.scheme.lower()
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_TARGET)
    lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}", f"Via: 1.1 {via}"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() not in _OWN_HEADERS]
    for line in lines:
        if not line.isprintable():
            raise ValueError(f"'{line[:60]!r}' holds characters that a header cannot have")
    origin = scheme, parts.hostname, parts.port or _PORTS[scheme]
    return origin, "\r\n".join([*lines, "Content-Length: "]).encode()
