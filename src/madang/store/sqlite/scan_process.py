"""Queries that read much, in a process of their own: the event loop stays free for the others (docs/decisions, 2).

The process is started at the first such query, reads through its own connection, and ends with the server.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from madang import children
from madang.errors import BadRequestData, MadangError, NotSupported, QueryTooWide, StoreBroken
from madang.ngsild.evolution import Evolution
from madang.ngsild.query import Query, Window
from madang.ngsild.temporal import TemporalQuery
from madang.settings import LIMITS
from madang.store.sqlite.scan import Answer
from madang.store.sqlite.sums_frame import from_bytes
from madang.trust.access import Access

_MODULE: Final = "madang.store.sqlite.scan_child"


class Question(msgspec.Struct, frozen=True, tag=True):
    """What the process is asked: a page."""

    query: Query
    window: Window
    access: Access
    rendered: bool


class Summing(msgspec.Struct, frozen=True, tag=True):
    """What the process is asked: the history of an entity, summed up."""

    entity_id: str
    temporal: TemporalQuery
    access: Access


class Refusal(msgspec.Struct, frozen=True):
    """An error of the tree instead of an answer. kind: the name of its class."""

    kind: str
    message: str


class Reply(msgspec.Struct, frozen=True):
    """One of the three. evolution: see `sums_frame.py`, b"" for None."""

    answer: Answer | None = None
    evolution: bytes | None = None
    refusal: Refusal | None = None


_REPLIES: Final = msgspec.msgpack.Decoder(Reply)
_REFUSALS: Final[dict[str, type[MadangError]]] = {
    error.__name__: error for error in (BadRequestData, NotSupported, StoreBroken)
}


class ScanProcess:
    """The process; it answers one query after the other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def answer(self, question: Question) -> Answer:
        """The answer to a query. Raises QueryTooWide if it takes longer than the limit."""
        reply = await self._reply(
            question,
            "name a type, add a condition that an index serves, or ask again in a minute: an index for it is being "
            "built where that is possible",
        )
        assert reply.answer is not None
        return reply.answer

    async def evolution(self, question: Summing) -> Evolution | None:
        """The history of an entity, summed up. Raises QueryTooWide if it takes longer than the limit."""
        reply = await self._reply(question, "ask for fewer attributes or a shorter range of time")
        return from_bytes(reply.evolution) if reply.evolution else None

    async def _reply(self, question: Question | Summing, remedy: str) -> Reply:
        try:
            async with asyncio.timeout(LIMITS.query_ms_max / 1000), self._one_at_a_time:
                reply = await self._ask(question)
        except TimeoutError as error:
            raise QueryTooWide(
                f"The query would read for more than {LIMITS.query_ms_max} ms; {remedy}"
            ) from error
        if reply.refusal is not None:
            raise _REFUSALS[reply.refusal.kind](reply.refusal.message)
        return reply

    async def _ask(self, question: Question | Summing) -> Reply:
        """Raises StoreBroken if the process ends; cancelled in the middle, the process ends with it."""
        if self._process is None or self._process.returncode is not None:
            self._process = await children.start(_MODULE, str(self._path))
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(children.framed(msgspec.msgpack.encode(question)))
            await process.stdin.drain()
            frame = await children.receive_frame(process.stdout)
        except BaseException:
            await self.close()
            raise
        if frame is None:
            await self.close()
            raise StoreBroken("The process that reads wide queries ended unexpectedly; ask again")
        return _REPLIES.decode(frame)

    async def close(self) -> None:
        """End the process, also in the middle of a query."""
        process, self._process = self._process, None
        if process is not None:
            await children.end(process)
