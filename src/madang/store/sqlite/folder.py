"""Folding in the background: when it happens, and how its steps come into the file without stalling anyone.

A pass is a child process (`fold_child.py`) that computes step after step; each is written here as a commit among
others, with pauses between them that grow when the platform is busy. How far the changes were looked at is kept in
the file, so that a pass that was cut short is begun anew, and finds what is folded folded.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from madang import children
from madang.clock import Clock
from madang.errors import MadangError
from madang.settings import LIMITS
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.fold import Step, write_step
from madang.store.sqlite.fold_child import Pass
from madang.store.sqlite.retention import Cutoff, Cutoffs

_LOG: Final = logging.getLogger(__name__)
_MODULE: Final = "madang.store.sqlite.fold_child"
_CHECK_SECONDS: Final = 5.0
_PASS_CHANGES: Final = 5_000
# A batch of history is one change, however much it holds
_PASS_BYTES: Final = 1024**2
# Between two passes, and between two where little was written
_PASS_SECONDS_MIN: Final = 15.0
_PASS_SECONDS: Final = 300.0
_RETENTION_SECONDS: Final = 3600.0
_PAUSE_SECONDS: Final = 0.005
_PAUSE_SECONDS_MAX: Final = 0.25
# A loop that wakes this much too late has other things to do
_LATE_SECONDS: Final = 0.001
_BUSY_PAUSES: Final = 4
_STEPS: Final[msgspec.msgpack.Decoder[Step | None]] = msgspec.msgpack.Decoder(Step | None)
_LOOKED: Final = "SELECT value FROM meta WHERE key = 'folding_looked'"
_NEW_BYTES: Final = "SELECT total(length(data)) FROM change WHERE sequence > ?"
_LOOK: Final = "INSERT OR REPLACE INTO meta VALUES ('folding_looked', ?)"

Write = Callable[[Callable[[apsw.Connection], Any]], Awaitable[None]]
# (type as IRI, "" for all others; for how long its history is kept, microseconds)
Retention = tuple[tuple[str, int], ...]


class Folder:
    """Folds the history of one tenant. `close` it; a pass that runs is cut short.

    write: runs work inside a commit of the store. last: the number of the last change.
    """

    def __init__(self, path: Path, reader: apsw.Connection, write: Write, last: Callable[[], int]) -> None:
        self._path = path
        self._reader = reader
        self._write = write
        self._last = last
        self._looked = int(reader.execute(_LOOKED).get or 0)
        self._task: asyncio.Task[None] | None = None
        self._passing = False

    def start(self, terms: Terms, clock: Clock, retention: Retention) -> None:
        """Fold whenever there is enough to fold, until `close`."""
        self._task = asyncio.create_task(self._run(terms, clock, retention), name=f"fold {self._path}")

    async def _run(self, terms: Terms, clock: Clock, retention: Retention) -> None:
        loop = asyncio.get_running_loop()
        passed = loop.time()
        kept = passed - _RETENTION_SECONDS + _PASS_SECONDS
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            now = loop.time()
            cutoffs = _cutoffs(terms, clock.now(), retention) if now - kept > _RETENTION_SECONDS else ()
            new = self._last() - self._looked
            wait = _PASS_SECONDS_MIN if self._is_much(new) else _PASS_SECONDS
            if not cutoffs and (not new or now - passed < wait):
                continue
            try:
                await self.fold(cutoffs)
            except (OSError, EOFError, msgspec.DecodeError, MadangError) as error:
                _LOG.warning("Folding of %s was cut short (%r); it goes on later", self._path, error)
                await asyncio.sleep(_PASS_SECONDS)
            passed = loop.time()
            kept = passed if cutoffs else kept

    def _is_much(self, new: int) -> bool:
        """Whether so many changes are worth a pass soon."""
        return new >= _PASS_CHANGES or self._reader.execute(_NEW_BYTES, (self._looked,)).get > _PASS_BYTES

    @property
    def unfolded(self) -> int:
        """Changes that no pass has looked at."""
        return self._last() - self._looked

    def is_idle(self) -> bool:
        return not self._passing

    async def fold(self, cutoffs: Cutoffs = ()) -> int:
        """One pass over all that was written since the last. Returns how many steps were written.

        Raises EOFError if the process ends before it is through."""
        self._passing = True
        try:
            return await self._pass(cutoffs)
        finally:
            self._passing = False

    async def _pass(self, cutoffs: Cutoffs) -> int:
        until = self._last()
        asked = Pass(self._looked, until, max(1, until - LIMITS.kept_changes_max), cutoffs)
        process = await children.start(_MODULE, str(self._path), msgspec.json.encode(asked).decode())
        steps = 0
        try:
            while (step := await _next(process)) is not None:
                steps += await self._written(step)
            await self._write(lambda connection: connection.execute(_LOOK, (str(until),)))
        finally:
            await children.end(process)
        self._looked = until
        return steps

    async def _written(self, step: Step) -> bool:
        """Write a step, and give the others the time that it took from them."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        done: list[bool] = []
        await self._write(lambda connection: done.append(write_step(connection, step)))
        written = loop.time()
        await asyncio.sleep(_PAUSE_SECONDS)
        if loop.time() - written > _PAUSE_SECONDS + _LATE_SECONDS:
            await asyncio.sleep(min(_PAUSE_SECONDS_MAX, _BUSY_PAUSES * (written - begun)))
        return done[0]

    async def close(self) -> None:
        """Stop; what is not folded yet is folded after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


async def _next(process: asyncio.subprocess.Process) -> Step | None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(children.framed(b""))
    await process.stdin.drain()
    frame = await children.receive_frame(process.stdout)
    if frame is None:
        raise EOFError("the process that folds ended")
    return _STEPS.decode(frame)


def _cutoffs(terms: Terms, now: int, retention: Retention) -> Cutoffs:
    """What is too old now. Types that no entity ever had are left out."""
    found = []
    for type_, kept in retention:
        number = terms.find(type_) if type_ else None
        if not type_ or number is not None:
            found.append(Cutoff(str(number) if number is not None else "", now - kept, kept))
    return tuple(found)
