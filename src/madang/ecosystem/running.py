"""Outcomes of a city: made when they are asked for and once a day, kept, and shown to those who see what they are made of.

The analysis runs in a process of its own. What it draws at random is kept while it goes on, so that one that is stopped in
the middle goes on there; an outcome without drawings is there first, and says what it cannot tell yet.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from madang import children, vocabulary
from madang.ecosystem import kept, reading, suggestions
from madang.ecosystem.outcome import Outcome
from madang.ecosystem.rules import Rules
from madang.ecosystem.talk import Begin, End, Failed, Likely, Made, Told, encode, read_answer
from madang.errors import Busy, Denied, MadangError, NotFound, ProgramFailed
from madang.hub.hourly import hourly
from madang.hub.hub import Hub
from madang.ngsild.entity import Entity
from madang.ngsild.temporal import DAY
from madang.trust.access import DEFAULT_TENANT, Access
from madang.trust.view import compile_view

_LOG: Final = logging.getLogger(__name__)
_FIRST_SECONDS: Final = 600.0
# Outcomes that are kept decoded
_READ_MAX: Final = 8
_NO_ENTITY: Final = "urn:ngsi-ld:any"


class Stage(StrEnum):
    READING = "reading"
    COMPUTING = "computing"
    DRAWING = "drawing"
    FAILED = "failed"


class Progress(msgspec.Struct, frozen=True):
    """How far an analysis is. done, of: entities read, or networks drawn. reason: why it failed, "" if it did not."""

    stage: Stage
    done: int = 0
    of: int = 0
    reason: str = ""


class Analysed(msgspec.Struct, frozen=True):
    """What the analyses of a city go by. names: language to text. taxonomy: file of its own one, "" for the platform's."""

    city: str
    names: dict[str, str]
    rules: Rules = Rules()
    taxonomy: str = ""
    synthetic: bool = False
    group_min: int = 5


class Outcomes:
    """folder: where they are kept, one folder for each tenant."""

    def __init__(self, hub: Hub, analysed: Analysed, folder: Path) -> None:
        self._hub = hub
        self._analysed = analysed
        self._folder = folder
        self._running: dict[str, asyncio.Task[None]] = {}
        self._progress: dict[str, Progress] = {}
        self._read: dict[Path, tuple[int, Outcome]] = {}

    async def latest(self, access: Access) -> Outcome | None:
        """The newest one, None before the first. Raises Denied for who does not see all that it is made of."""
        days = self.days(access)
        return await self.on(access, days[0]) if days else None

    async def on(self, access: Access, day: str) -> Outcome:
        """That of a day, as `days` names it. Raises NotFound, Denied."""
        if day not in self.days(access):
            raise NotFound(
                f"There is no analysis of {day[:20]}; the page of comparisons lists those that are kept"
            )
        path = self._of(access.tenant) / f"{day}.json"
        changed = path.stat().st_mtime_ns
        known = self._read.get(path)
        if known is None or known[0] != changed:
            if len(self._read) >= _READ_MAX:
                self._read.clear()
            known = self._read[path] = changed, kept.read(path)
        require_whole(access, known[1])
        return known[1]

    def days(self, access: Access) -> list[str]:
        """Days of which there is one, the newest first."""
        return kept.days(self._of(access.tenant))

    def folder(self, access: Access) -> Path:
        """Where those of the reader's tenant are kept."""
        return self._of(access.tenant)

    def progress(self, access: Access) -> Progress | None:
        """Of the analysis that runs, or of one that failed; None if neither is so."""
        return self._progress.get(access.tenant)

    def ask(self, access: Access) -> None:
        """Begin an analysis, unless one is running."""
        tenant = access.tenant
        if tenant not in self._running:
            task = asyncio.create_task(self._run(tenant), name=f"ecosystem {tenant}")
            self._running[tenant] = task
            task.add_done_callback(lambda _: self._running.pop(tenant, None))

    async def finished(self, access: Access) -> None:
        """Return when no analysis runs."""
        task = self._running.get(access.tenant)
        if task is not None:
            await asyncio.wait((task,))

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[Outcomes]:
        """Make one every day for as long as this is open; what runs at the end is stopped."""
        try:
            async with hourly("Analysing the ecosystem", self._keep, _FIRST_SECONDS):
                yield self
        finally:
            running = list(self._running.values())
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _keep(self) -> None:
        access = Access(tenant=DEFAULT_TENANT)
        days = self.days(access)
        newest = kept.read(self._of(DEFAULT_TENANT) / f"{days[0]}.json").read if days else 0
        # Who never looked at it need not have it
        if days and self._hub.clock.now() - newest >= DAY:
            self.ask(access)

    async def _run(self, tenant: str) -> None:
        try:
            await self._analyse(tenant)
            self._progress.pop(tenant, None)
        except MadangError as error:
            self._progress[tenant] = Progress(Stage.FAILED, reason=error.message)
            _LOG.error("The analysis of the ecosystem failed: %s %s", error.message, error.detail or "")
        except Exception as error:
            self._progress[tenant] = Progress(Stage.FAILED, reason=type(error).__name__)
            _LOG.exception("The analysis of the ecosystem failed")
            raise

    async def _analyse(self, tenant: str) -> None:
        self._progress[tenant] = Progress(Stage.READING)
        process = await children.start("madang.ecosystem.child")
        try:
            await self._tell(process, tenant)
            await self._hear(process, tenant)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ProgramFailed("The process that analyses ended before it had everything") from error
        finally:
            await children.end(process)

    async def _tell(self, process: asyncio.subprocess.Process, tenant: str) -> None:
        assert process.stdin is not None
        hub, analysed, folder = self._hub, self._analysed, self._of(tenant)
        access, counts = await reading.access_for(hub, tenant, analysed.group_min)
        days = kept.days(folder)
        begin = Begin(
            city=analysed.city,
            names=analysed.names,
            synthetic=analysed.synthetic,
            read=hub.clock.now(),
            sequence=await hub.store(access).last_sequence(),
            rules=analysed.rules,
            folder=str(folder / "drawings"),
            past=str(folder / f"{days[-1]}.json") if days else "",
            taxonomy=analysed.taxonomy,
        )
        process.stdin.write(encode(begin))
        done, of = 0, sum(counts.values())
        async for part in reading.entities(hub, access, counts):
            process.stdin.write(encode(part))
            await process.stdin.drain()
            done += part.count
            self._progress[tenant] = Progress(Stage.READING, done, of)
        process.stdin.write(
            encode(
                End(await reading.uses(hub, access), reading.seen(counts), await reading.loaded(hub, access))
            )
        )
        await process.stdin.drain()
        self._progress[tenant] = Progress(Stage.COMPUTING)

    async def _hear(self, process: asyncio.subprocess.Process, tenant: str) -> None:
        assert process.stdout is not None
        while (answer := await read_answer(process.stdout)) is not None:
            match answer:
                case Told(done, of):
                    self._progress[tenant] = Progress(Stage.DRAWING, done, of)
                case Made(outcome, last):
                    finished = msgspec.structs.replace(outcome, computed=self._hub.clock.now())
                    kept.write(self._of(tenant), finished)
                    self._progress[tenant] = Progress(Stage.DRAWING)
                    if last:
                        return
                case Likely():
                    await self._suggest(tenant, answer)
                case Failed(reason, trace):
                    raise ProgramFailed(reason, detail=trace)
        raise ProgramFailed("The process that analyses ended; the system may have run out of memory")

    def _of(self, tenant: str) -> Path:
        return self._folder / (tenant or "default")

    async def _suggest(self, tenant: str, likely: Likely) -> None:
        access = Access(tenant, reading.SUBJECT)
        try:
            await suggestions.refresh(self._hub, access, likely.category, likely.suggestions)
        except Busy:
            _LOG.warning("No %s is suggested now, as the platform is busy", likely.category.value)


def require_whole(access: Access, outcome: Outcome) -> None:
    """Raises Denied for who does not see all entities of the types of which the outcome is made, but those about persons,
    of which it tells nothing but how many there are."""
    if access.view is None:
        return
    sight = compile_view(access.view)
    terms = {entry.term: entry.iri for entry in vocabulary.types().values() if not entry.protected}
    for source in outcome.sources:
        iri = terms.get(source.type)
        if iri is not None and not (access.view.steady and sight.whole(Entity(_NO_ENTITY, (iri,)))):
            raise Denied(
                "The analysis is made of everything that is known of the ecosystem, of which you see a part only"
            )
