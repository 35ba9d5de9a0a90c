"""Group commit: all changes that wait become one transaction at synchronous=FULL (docs/decisions, 3).

Deciding and writing run in the event loop's thread, in slices; only COMMIT, which waits for the disk, runs in
a thread of its own. Callers are answered after it. A failed commit is rolled back whole and every caller in
it is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from time import perf_counter
from typing import Any, Final

import apsw

from madang.clock import Clock
from madang.errors import Busy, MadangError, StoreBroken
from madang.meters import Histogram
from madang.ngsild.changes import Change, Outcome
from madang.settings import LIMITS
from madang.store.base import ChangeRow
from madang.store.sqlite import audit_changes
from madang.store.sqlite.audit_changes import Made, author_of
from madang.store.sqlite.connection import Held
from madang.store.sqlite.place import Place
from madang.store.sqlite.write import Batch
from madang.trust.access import Access

_LOG: Final = logging.getLogger(__name__)
_SLICE_CHANGES: Final = 64  # about 5 ms of writing

Outcomes = list[Outcome | MadangError]
# Writing of the store's own records in the same transaction
Work = Callable[[apsw.Connection], Any]


class Apart(Enum):
    """Whether work shares its transaction with others, has one of its own, or none."""

    NO = "no"
    OWN = "own"
    NONE = "none"


class _Job:
    """What one caller wants committed together, and where the answer goes."""

    __slots__ = ("answer", "apart", "author", "changes", "outcomes", "within", "work")

    def __init__(self, changes: Sequence[Change], work: Work | None, within: Access | None) -> None:
        self.changes = changes
        self.work = work
        self.within = within
        self.author = author_of(within)
        self.apart = Apart.NO
        self.answer: asyncio.Future[Outcomes] = asyncio.get_running_loop().create_future()
        self.outcomes: Outcomes = []


class Committer:
    """The writer of one tenant's file. `published` is called with the change rows of every commit."""

    def __init__(
        self, place: Place, clock: Clock, held: Held, published: Callable[[list[ChangeRow]], None]
    ) -> None:
        self._place = place
        self._held = held
        self._clock = clock
        self._published = published
        self._waiting: deque[_Job] = deque()
        self._waiting_changes = 0
        self._wake = asyncio.Event()
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._closing = False
        self._writing = False
        self.commits = 0
        self.changes = 0
        self.failures = 0
        self.seconds = Histogram()
        self.trouble = ""
        self._task = asyncio.create_task(self._run(), name=f"commit {place.connection.filename}")

    async def commit(
        self, changes: Sequence[Change], work: Work | None = None, within: Access | None = None
    ) -> Outcomes:
        """Queue the changes, with `work` after them in the same transaction, and wait until they are on disk.

        within: as in `Store.commit`. Raises Busy if too many changes wait already, StoreBroken if the file cannot be written."""
        if self._closing:
            raise StoreBroken("The store is being closed; nothing more is written to it")
        if self._waiting_changes + len(changes) > LIMITS.commit_queue_changes_max and self._waiting:
            raise Busy(f"{self._waiting_changes} changes wait to be written; try again in a moment")
        return await self._queued(_Job(changes, work, within))

    async def apart(self, work: Work, apart: Apart, changes: Sequence[Change] = ()) -> None:
        """Run the work in a transaction of its own, so that no change of another is decided on what it takes away, and
        then apply the changes; or in none, in the thread that waits for the disk, while nobody writes and the reader is
        released."""
        if self._closing:
            raise StoreBroken("The store is being closed; nothing more is written to it")
        job = _Job(changes, work, None)
        job.apart = apart
        await self._queued(job)

    async def _queued(self, job: _Job) -> Outcomes:
        self._waiting.append(job)
        self._waiting_changes += len(job.changes)
        self._wake.set()
        return await job.answer

    @property
    def waiting(self) -> int:
        """Changes that wait for their commit."""
        return self._waiting_changes

    def is_idle(self) -> bool:
        return not self._waiting and not self._writing

    async def close(self) -> None:
        """Finish what waits, then stop."""
        self._closing = True
        self._wake.set()
        await self._task
        self._disk.shutdown()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                jobs = self._take()
                await (self._outside(jobs[0]) if jobs[0].apart is Apart.NONE else self._one_commit(jobs))
            if self._closing:
                return

    def _take(self) -> list[_Job]:
        """The jobs of the next commit: as many as fit one slice, but at least one."""
        jobs = [self._waiting.popleft()]
        n = len(jobs[0].changes)
        while self._waiting and jobs[0].apart is self._waiting[0].apart is Apart.NO:
            if n + len(self._waiting[0].changes) > LIMITS.slice_entities_max:
                break
            jobs.append(self._waiting.popleft())
            n += len(jobs[-1].changes)
        self._waiting_changes -= n
        return jobs

    async def _outside(self, job: _Job) -> None:
        assert job.work is not None
        self._writing = True
        self._held.release()
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, job.work, self._place.connection)
        except Exception as error:  # noqa: BLE001 whatever it was, the caller is told and others go on
            if not job.answer.done():
                job.answer.set_exception(error)
        else:
            if not job.answer.done():
                job.answer.set_result([])
        finally:
            self._writing = False
            self._held.hold()

    async def _one_commit(self, jobs: list[_Job]) -> None:
        connection = self._place.connection
        began = perf_counter()
        self._writing = True
        try:
            connection.execute("BEGIN IMMEDIATE")
            changes = await self._write(jobs)
            self._held.release()
            await asyncio.get_running_loop().run_in_executor(self._disk, connection.execute, "COMMIT")
        except Exception as error:  # noqa: BLE001 whatever went wrong, the file must be left as it was and the callers told
            self._undo(error, jobs)
            return
        finally:
            self._writing = False
            self._held.hold()
        if self._place.expiry.taken:
            self._place.expiry.reload()
        self.commits += 1
        self.changes += len(changes)
        self.seconds.add(perf_counter() - began)
        self.trouble = ""
        for job in jobs:
            if not job.answer.done():
                job.answer.set_result(job.outcomes)
        self._published(changes)
        self._place.outbox.committed()

    async def _write(self, jobs: list[_Job]) -> list[ChangeRow]:
        """Decide and write all jobs in slices; a caller that has gone away is still written, for others wait."""
        now = self._clock.now()
        batch = Batch(self._place, now)
        n = 0
        if self._place.expiry.next:
            await _expire(batch)
        for job in jobs:
            begin = len(batch.changes)
            if job.work is not None and job.apart is Apart.OWN:
                job.work(self._place.connection)
            for change in job.changes:
                job.outcomes.append(batch.apply(change, job.within))
                n += 1
                if n % _SLICE_CHANGES == 0:
                    batch.flush()
                    await asyncio.sleep(0)
            if job.author is not None:
                made = Made(job.changes, job.outcomes, batch.changes[begin:])
                audit_changes.write(self._place, now, job.author, made)
            if job.work is not None and job.apart is Apart.NO:
                job.work(self._place.connection)
        batch.flush()
        self._place.outbox.write(self._place.connection)
        return batch.changes

    def _undo(self, error: Exception, jobs: list[_Job]) -> None:
        place = self._place
        _LOG.error("A commit failed and was rolled back", exc_info=error)
        self.failures += 1
        # What one request did wrong is no trouble of the file
        self.trouble = str(error) if isinstance(error, apsw.Error) else ""
        if place.connection.in_transaction:
            place.connection.execute("ROLLBACK")
        place.outbox.forget()
        place.terms.reload()
        place.registry.reload()
        place.counters.reload(place.connection)
        place.expiry.reload()
        told = StoreBroken(f"The store could not write: {error}") if isinstance(error, apsw.Error) else error
        for job in jobs:
            if not job.answer.done():
                job.answer.set_exception(told)


async def _expire(batch: Batch) -> None:
    """Remove what has expired in slices; where there is more than one commit should hold, the next goes on."""
    for _ in range(LIMITS.slice_entities_max // _SLICE_CHANGES):
        if not batch.expire(_SLICE_CHANGES):
            return
        await asyncio.sleep(0)
