"""Takes notifications as fast as it can and counts them: `python -m madang.cli.bench.receiver PORT`.

A POST is a notification; a GET answers {"notifications": N, "entities": N}.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Final, cast

import orjson

_HOST: Final = "127.0.0.1"
_ENTITY: Final = b'"id":"urn:ngsi-ld:AirQualityObserved:'
_LENGTH: Final = b"content-length:"


class Counted:
    """What has come so far."""

    def __init__(self) -> None:
        self.notifications = 0
        self.entities = 0


class Receiver(asyncio.Protocol):
    def __init__(self, counted: Counted) -> None:
        self._counted = counted
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (answer := self._take()) is not None and self._transport is not None:
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))

    def _take(self) -> bytes | None:
        """Take the first request away and answer it; None while there is no whole one."""
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return None
        if self._buffer.startswith(b"GET"):
            del self._buffer[: head + 4]
            return orjson.dumps(vars(self._counted))
        lower = bytes(self._buffer[:head]).lower()
        length = int(lower.partition(_LENGTH)[2].partition(b"\r\n")[0])
        end = head + 4 + length
        if len(self._buffer) < end:
            return None
        self._counted.notifications += 1
        self._counted.entities += self._buffer.count(_ENTITY, head, end)
        del self._buffer[:end]
        return b""


async def receive(port: int) -> None:
    counted = Counted()
    server = await asyncio.get_running_loop().create_server(lambda: Receiver(counted), _HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(receive(int(sys.argv[1])))
