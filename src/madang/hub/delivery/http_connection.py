"""One HTTP/1.1 connection of a client that sends one request at a time and wants of an answer only its status."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

_HEAD_BYTES_MAX: Final = 64 * 1024
_BODY_BYTES_MAX: Final = 256 * 1024
_NO_BODY: Final = frozenset((204, 304))


class ConnectionLost(Exception):
    """The connection ended, or what came over it is no HTTP. answered: a part of an answer had come."""

    def __init__(self, reason: str, *, answered: bool) -> None:
        super().__init__(reason)
        self.answered = answered


class Connection(asyncio.Protocol):
    """ended: called when the connection is closed. reusable: another request can be sent over it."""

    def __init__(self, ended: Callable[[Connection], None]) -> None:
        self._ended = ended
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._buffer = bytearray()
        self.reusable = False

    async def exchange(self, request: bytes) -> int:
        """Send a request; the status of the answer, when all of it has come. Raises ConnectionLost."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionLost("the connection was closed", answered=False)
        self._answer = asyncio.get_running_loop().create_future()
        self._buffer.clear()
        self._transport.write(request)
        return await self._answer

    def abort(self) -> None:
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            # Nobody asked for this, so whatever it is, no answer can be told from it any more
            self.abort()
            return
        self._buffer += data
        try:
            found = read_answer(self._buffer)
        except ValueError as error:
            self._fail(f"the answer is no HTTP: {error}")
            self.abort()
            return
        if found is not None:
            status, self.reusable = found
            self._answer.set_result(status)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, _error: Exception | None) -> None:
        self.reusable = False
        status = _status(self._buffer) if self._buffer else None
        if self._answer is not None and not self._answer.done() and status is not None and status >= 200:
            # An answer without a length ends with its connection
            self._answer.set_result(status)
        self._fail("the connection was closed before the answer came")
        self._ended(self)

    def _fail(self, reason: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionLost(reason, answered=bool(self._buffer)))


def read_answer(buffer: bytearray) -> tuple[int, bool] | None:
    """(status, whether the connection stays usable) of the answer at the beginning, None while it is not whole.

    Interim answers are taken away. Raises ValueError for what is no HTTP.
    """
    while True:
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > _HEAD_BYTES_MAX:
                raise ValueError(f"its head is longer than {_HEAD_BYTES_MAX} bytes")
            return None
        status = _status(buffer)
        if status is None:
            raise ValueError(f"it begins with {bytes(buffer[:20])!r}")
        if status >= 200:
            break
        del buffer[: end + 4]
    head = bytes(buffer[:end]).lower()
    usable = head.startswith(b"http/1.1") and _value(head, b"connection") != b"close"
    if status in _NO_BODY:
        return status, usable and len(buffer) == end + 4
    if _value(head, b"transfer-encoding"):
        last = _chunks_end(buffer, end + 4)
    else:
        length = _value(head, b"content-length")
        if not length.isdigit():
            # It goes on until the other side closes; its status is known already
            return status, False
        last = end + 4 + int(length)
    if last is not None and last <= len(buffer):
        return status, usable and last == len(buffer)
    if (last or len(buffer)) - end > _BODY_BYTES_MAX:
        return status, False
    return None


def _status(buffer: bytearray) -> int | None:
    digits = buffer[9:12]
    return int(digits) if buffer.startswith(b"HTTP/1.") and digits.isdigit() else None


def _value(head: bytes, name: bytes) -> bytes:
    """The value of a header in a head in lower case; empty if it is not there."""
    start = head.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip()


def _chunks_end(buffer: bytearray, start: int) -> int | None:
    """Where a body in chunks ends, None while it has not come whole. Raises ValueError."""
    while True:
        line = buffer.find(b"\r\n", start)
        if line < 0:
            return None
        size = int(bytes(buffer[start:line]).partition(b";")[0], 16)
        if size < 0:
            raise ValueError("a chunk has a negative length")
        if size == 0:
            end = line if buffer[line : line + 4] == b"\r\n\r\n" else buffer.find(b"\r\n\r\n", line)
            return end + 4 if end >= 0 else None
        start = line + 2 + size + 2
        if start > len(buffer):
            return None
