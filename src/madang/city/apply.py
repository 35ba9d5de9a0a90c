"""Makes the store say what the city file says, and keeps it so: `apply` once, `keep` for as long as the city is up.

A source that fails is that source's problem: it is kept, shown and tried again, and the city goes on.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import msgspec

from madang.city.check import surroundings
from madang.city.model import City
from madang.city.plan import Action, plan
from madang.connect.progress import Consent, Progress, Removal, Report, Stage, refuse
from madang.connect.reader import Reader
from madang.connect.runtime import load
from madang.connect.site import Site
from madang.connect.source import Source
from madang.connect.withdrawal import withdraw_all
from madang.hub.hub import Hub
from madang.settings import LIMITS
from madang.trust.access import Access


class Outcome(msgspec.Struct, frozen=True):
    """sources: how each ended, in order. kept: sources that are gone from the city file and were not removed."""

    sources: tuple[Progress, ...]
    kept: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every source is loaded without a row in quarantine and nothing waits for consent."""
        return not self.kept and all(
            one.stage is not Stage.FAILED and not one.rejected for one in self.sources
        )


async def apply(hub: Hub, access: Access, city: City, *, consent: Consent, progress: Report) -> Outcome:
    """Load what is new or changed, remove what is no longer in the city file.

    Cancelled, it stops after the rows that are being written, and goes on from there the next time."""
    kept: list[str] = []
    ended: list[Progress] = []
    async with Reader() as reader:
        site = Site(hub, access, reader)
        for action in plan(city, await site.sources.all()):
            if action.source is not None:
                ended.append(
                    await load(site, action.source, surroundings(city, action.source), progress, consent)
                )
            elif await _agreed(action, consent):
                ended.append(await _remove(site, city, action, progress))
            else:
                kept.append(action.id)
    return Outcome(tuple(ended), tuple(kept))


async def keep(hub: Hub, access: Access, city: City, progress: Report) -> None:
    """Read every scheduled source again at its interval, until cancelled. Nothing is removed that needs consent.

    A source that fails is tried again after twice the time, and twice that, up to ten minutes."""
    scheduled = [source for source in city.sources if source.interval_seconds is not None]
    if not scheduled:
        return
    async with Reader() as reader, asyncio.TaskGroup() as group:
        site = Site(hub, access, reader)
        for source in scheduled:
            group.create_task(_follow(site, city, source, progress), name=f"source {source.id}")


async def _follow(site: Site, city: City, source: Source, progress: Report) -> None:
    interval = source.interval_seconds or LIMITS.source_retry_seconds_max
    pause = interval
    while True:
        await asyncio.sleep(pause)
        ended = await load(site, source, surroundings(city, source), progress, refuse)
        failed = ended.stage is Stage.FAILED
        pause = max(interval, min(pause * 2, LIMITS.source_retry_seconds_max)) if failed else interval


async def _agreed(action: Action, consent: Consent) -> bool:
    if not action.entities:
        return True
    reason = "it is no longer in the city file"
    return await consent(Removal(action.id, reason, action.entities, action.history))


async def _remove(site: Site, city: City, action: Action, progress: Report) -> Progress:
    removed = 0
    async with aclosing(withdraw_all(site, city.id, action.id)) as slices:
        async for n in slices:
            removed += n
            progress(Progress(action.id, Stage.REMOVING, removed=removed))
    await site.sources.remove(action.id)
    ended = Progress(action.id, Stage.REMOVED, removed=removed)
    progress(ended)
    return ended
