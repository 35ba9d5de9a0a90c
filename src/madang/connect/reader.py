"""The serving process's side of the process that reads files: started when first needed, asked one thing at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Self

from madang import children
from madang.connect.adapter import Table
from madang.connect.files import Fingerprint
from madang.connect.frames import (
    Answer,
    Batch,
    Discover,
    Discovered,
    Done,
    Failed,
    Read,
    Request,
    TakeFingerprint,
    Taken,
    TryMapping,
    encode,
    read_answer,
)
from madang.connect.source import Source, Surroundings
from madang.errors import SourceFailed


class Reader:
    """`async with Reader() as reader`: the process ends with the block. Whoever stops in the middle of an answer
    (cancelled, or an error) ends it too; the next question starts a new one."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def fingerprint(self, location: str, mapping: str, former: Fingerprint | None) -> Fingerprint:
        """See `files.take_fingerprint`. Raises SourceFailed."""
        (answer,) = await self._all(TakeFingerprint(location, mapping, former))
        assert isinstance(answer, Taken)
        return answer.fingerprint

    async def discover(self, source: Source) -> tuple[Table, ...]:
        """What is in the source. Raises SourceFailed."""
        (answer,) = await self._all(Discover(source))
        assert isinstance(answer, Discovered)
        return answer.tables

    async def try_mapping(self, source: Source, around: Surroundings) -> None:
        """Raises SourceFailed where the mapping names what cannot be, such as a reference system that is none."""
        await self._all(TryMapping(source, around))

    async def read(self, request: Read) -> AsyncGenerator[Batch, None]:
        """The source's rows, mapped. Raises SourceFailed, also after some of them."""
        async with aclosing(self._ask(request)) as answers:
            async for answer in answers:
                if isinstance(answer, Batch):
                    yield answer

    async def _all(self, request: Request) -> list[Answer]:
        """All answers: one that is left would be the next request's."""
        async with aclosing(self._ask(request)) as answers:
            return [answer async for answer in answers]

    async def _ask(self, request: Request) -> AsyncGenerator[Answer, None]:
        """All answers but the last."""
        async with self._one_at_a_time:
            process = await self._started()
            whole = False
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(encode(request))
                await process.stdin.drain()
                while not isinstance(answer := await read_answer(process.stdout), Done):
                    if isinstance(answer, Failed):
                        whole = True
                        raise SourceFailed(answer.reason, detail=answer.trace)
                    if answer is None:
                        raise SourceFailed(
                            "The process that reads the file ended; the system may have run out of memory"
                        )
                    yield answer
                whole = True
            except (BrokenPipeError, ConnectionResetError) as error:
                raise SourceFailed("The process that reads files could not be started") from error
            finally:
                if not whole:
                    await self._end()

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await children.start("madang.connect.child")
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await children.end(process)
