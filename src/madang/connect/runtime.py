"""The runtime: loads a source through the hub, and owns all that an adapter must not care about.

State, lease, quarantine, what vanished, consent, progress. Rows are read in another process (`reader.py`), decided
on in `decide.py`, and written by the hub together with the state, so that a load which is killed goes on where it
was: nothing twice, nothing lost.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import aclosing
from typing import Any, Final

import msgspec

from madang.connect.adapter import effective_mappings
from madang.connect.decide import NO_DIGEST, Deciding, Decision, changed_ids, decode_stamp, encode_stamp
from madang.connect.files import Fingerprint, files_at, looks_unchanged, mapping_digest, parse_fingerprint
from madang.connect.frames import Batch, Read
from madang.connect.progress import Consent, Progress, Removal, Report, Stage
from madang.connect.site import Site
from madang.connect.source import Source, Surroundings
from madang.connect.withdrawal import count_unseen, withdraw_all, withdraw_unseen
from madang.errors import Busy, MadangError, NotFound, SourceFailed, StoreBroken
from madang.ngsild.changes import DeleteAttribute
from madang.store.base import Rejected, SourceMark, SourceStatus

_LOG: Final = logging.getLogger(__name__)
# A file that lost more than this share of its entities was more likely cut short than meant so
VANISHED_SHARE_MAX: Final = 0.5
VANISHED_ENTITIES_MIN: Final = 20


async def load(
    site: Site, source: Source, around: Surroundings, report: Report, consent: Consent
) -> Progress:
    """Read the source and make the store say what it says. Whatever goes wrong is the source's problem only: it is
    kept with the source and in the Progress that is returned.

    Cancelled, it stops after the batch that is being written, and goes on from there the next time.
    """
    loading = _Loading(site, source, around, report)
    try:
        return await loading.run(consent)
    except asyncio.CancelledError:
        loading.tell(Stage.STOPPED)
        raise
    except Busy as error:
        return loading.tell(Stage.FAILED, problem=error.message)
    except StoreBroken:
        raise
    except MadangError as error:
        if error.detail:
            _LOG.error("Source %s: %s\n%s", source.id, error.message, error.detail)
        await _keep_problem(site, source.id, error.message)
        return loading.tell(Stage.FAILED, problem=error.message)


def changed_mapping(source: Source, around: Surroundings, status: SourceStatus) -> bool:
    """Whether the city file says something else of the source's entities than at its last run."""
    former = parse_fingerprint(status.fingerprint)
    return former is not None and former.mapping != _mapping(source, around)


def observes(source: Source) -> bool:
    """Whether the source's rows are observations, which are appended to history and never removed."""
    return any(mapping.history for mapping in effective_mappings(source.connector, source.entities))


def _mapping(source: Source, around: Surroundings) -> str:
    whole = msgspec.structs.replace(source, entities=effective_mappings(source.connector, source.entities))
    return mapping_digest(whole, around)


async def _keep_problem(site: Site, source: str, problem: str) -> None:
    """Keep it with the source; a source that never began has no run yet to keep it with."""
    try:
        await site.sources.finish(source, problem)
    except NotFound:
        await site.sources.begin(source, "", str(os.getpid()))
        await site.sources.finish(source, problem)


class _Loading:
    """One load of one source."""

    def __init__(self, site: Site, source: Source, around: Surroundings, report: Report) -> None:
        self._site = site
        self._source = source
        self._around = around
        self._report = report
        self._observing = observes(source)
        self._begun = time.monotonic()
        self._progress = Progress(source.id, Stage.READING)

    def tell(self, stage: Stage, **changed: Any) -> Progress:
        seconds = time.monotonic() - self._begun
        self._progress = msgspec.structs.replace(self._progress, stage=stage, seconds=seconds, **changed)
        self._report(self._progress)
        return self._progress

    async def run(self, consent: Consent) -> Progress:
        self.tell(Stage.READING)
        sources, source = self._site.sources, self._source
        previous = await sources.status(source.id)
        former = parse_fingerprint(previous.fingerprint) if previous is not None else None
        taken = await self._fingerprint(previous, former)
        if previous is not None and previous.complete and former == taken:
            if previous.problem:
                await sources.finish(source.id)
            return self.tell(Stage.UNCHANGED, share=1.0, rejected=previous.rejected)
        remapped = former is not None and former.mapping != taken.mapping
        if self._observing and remapped:
            await self._start_over(consent)
        follow = self._observing and not remapped
        status = await sources.begin(source.id, taken.text(), str(os.getpid()), follow=follow)
        await self._read(status)
        if not self._observing:
            await self._remove_vanished(status, remapped, consent)
        await sources.finish(source.id)
        return self.tell(Stage.DONE, share=1.0)

    async def _fingerprint(self, previous: SourceStatus | None, former: Fingerprint | None) -> Fingerprint:
        """The source's fingerprint now; the former one without reading a byte where nothing seems to have changed."""
        mapping = _mapping(self._source, self._around)
        location = self._source.location
        settled = former if previous is not None and previous.complete else None
        if settled is not None and looks_unchanged(settled, mapping, files_at(location)):
            return settled
        return await self._site.reader.fingerprint(location, mapping, former)

    async def _read(self, status: SourceStatus) -> None:
        request = Read(self._source, self._around, status.state)
        async with aclosing(self._site.reader.read(request)) as batches:
            async for batch in batches:
                await self._write(batch, status.run)

    async def _write(self, batch: Batch, run: int) -> None:
        ids = {item.id: None for item in batch.items if item.id}
        raw = await self._site.sources.digests(self._source.id, list(ids))
        stamps = {identifier: decode_stamp(stamp) for identifier, stamp in raw.items()}
        current = await self._site.current(changed_ids(batch.items, stamps))
        decision = Deciding(run, self._observing, batch.again, stamps, current).decide(batch.items)
        mark = SourceMark(
            source=self._source.id,
            run=run,
            state=batch.state,
            seen=tuple((identifier, encode_stamp(stamp)) for identifier, stamp in decision.stamps.items()),
            rejected=decision.rejected,
        )
        outcomes = await self._site.apply(decision.changes, mark)
        refused = await self._quarantine(decision, outcomes, mark)
        progress = self._progress
        self.tell(
            Stage.READING,
            share=batch.share,
            rows=progress.rows + batch.rows,
            written=progress.written + decision.written - refused,
            unchanged=progress.unchanged + decision.unchanged,
            rejected=progress.rejected + len(decision.rejected) + refused,
        )

    async def _quarantine(self, decision: Decision, outcomes: list[Any], mark: SourceMark) -> int:
        """Keep the rows whose change the store would not take; how many."""
        rejected: dict[str, Rejected] = {}
        for change, item, outcome in zip(decision.changes, decision.about, outcomes, strict=True):
            if isinstance(outcome, MadangError) and not isinstance(change, DeleteAttribute):
                rejected[item.id] = Rejected(item.place, item.original, outcome.message)
        if rejected:
            stamps = {
                identifier: msgspec.structs.replace(decision.stamps[identifier], digest=NO_DIGEST)
                for identifier in rejected
            }
            seen = tuple((identifier, encode_stamp(stamp)) for identifier, stamp in stamps.items())
            again = msgspec.structs.replace(mark, seen=seen, rejected=tuple(rejected.values()))
            await self._site.apply((), again)
        return len(rejected)

    async def _start_over(self, consent: Consent) -> None:
        """Observations that were mapped otherwise go, with their history, before they are read anew."""
        status = await self._site.sources.status(self._source.id)
        if status is None or not status.entities:
            return
        reason = "its mapping changed, and its observations are read anew"
        if not await consent(Removal(self._source.id, reason, status.entities, history=True)):
            raise SourceFailed(
                "The mapping changed, so that the history must be removed and read anew; agree to that with --yes, or "
                "put the mapping back"
            )
        async with aclosing(withdraw_all(self._site, self._around.city, self._source.id)) as slices:
            async for n in slices:
                self.tell(Stage.REMOVING, removed=self._progress.removed + n)

    async def _remove_vanished(self, status: SourceStatus, remapped: bool, consent: Consent) -> None:
        known = await self._site.sources.status(self._source.id)
        total = known.entities if known is not None else 0
        gone = await count_unseen(self._site, self._source.id, status.run, total)
        if not remapped and gone >= VANISHED_ENTITIES_MIN and gone > total * VANISHED_SHARE_MAX:
            reason = f"{gone} of its {total} entities are no longer in the source"
            if not await consent(Removal(self._source.id, reason, gone, history=False)):
                raise SourceFailed(
                    f"{gone} of {total} entities are no longer in the source, which may have been cut short; they are "
                    "kept. Check the file, or agree to their removal with --yes"
                )
        async with aclosing(
            withdraw_unseen(self._site, self._around.city, self._source.id, status.run)
        ) as slices:
            async for n in slices:
                self.tell(Stage.REMOVING, removed=self._progress.removed + n)
