"""One tenant's notifications: changes are matched as they are committed, and every subscription has its own line.

Three kinds of tasks: one matches, in slices; one keeps on disk what has been done, a few times a second; and
one for each subscription with something waiting, which sends. An endpoint that does not answer holds up
nobody but itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from functools import partial
from time import perf_counter
from typing import Final

import msgspec

from madang.errors import MadangError
from madang.hub.delivery.backlog import Backlog
from madang.hub.delivery.bookkeeping import Bookkeeping
from madang.hub.delivery.courier import Courier
from madang.hub.delivery.line import Line, Load, speaks_of
from madang.hub.delivery.outward import Outward
from madang.hub.telling import asked
from madang.ngsild.event import Event, event
from madang.ngsild.subscription import DeliveryState, Status, Subscription
from madang.ngsild.trigger import SubscriptionIndex, Watch
from madang.settings import LIMITS
from madang.store.base import KeptSubscription, Store
from madang.store.deliveries import Kept, OutboxRow, Watched
from madang.trust.access import Access
from madang.trust.view import NOTHING, View

_LOG: Final = logging.getLogger(__name__)
_SLICE_SECONDS: Final = LIMITS.slice_ms_max / 1000
_PAGE: Final = 64
# Lines that are started between two breaths of the event loop: each of them writes its notification at once
_STARTED_MAX: Final = 32
_READ_BYTES: Final = 256 * 1024
_TAKEN_BYTES_MAX: Final = 4 * 1024**2
# With many subscriptions the gate is not made anew at every one that goes: it lets too much through until then
_STALE_MAX: Final = 100


class Dispatcher:
    """`run` it as a task; to end it, `stop` and cancel the task."""

    def __init__(self, tenant: str, store: Store, outward: Outward) -> None:
        self.lines: dict[str, Line] = {}
        self.books = Bookkeeping(store, self.lines, outward.clock)
        self._store = store
        self._access = Access(tenant=tenant)
        self._hub = outward.hub
        # What those who subscribed see, as it was asked for the commit that is being matched
        self._asked: dict[tuple[str, str], Access] = {}
        self._clock = outward.clock
        self._index = SubscriptionIndex()
        self._watched = Watched()
        self._load = Load()
        self._backlog = Backlog(store.deliveries)
        self.courier = Courier(tenant, store, outward, self.books, self._refill, self.look)
        # Commits to be matched, and whether there are others on disk before them
        self._taken: deque[OutboxRow] = deque()
        self._taken_bytes = 0
        self._missed = True
        self._wake = asyncio.Event()
        # Set while no commit is being matched
        self._between = asyncio.Event()
        self._between.set()
        self._group = asyncio.TaskGroup()
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._loaded = False
        self._stale = 0
        self._gone = False

    async def run(self) -> None:
        """Deliver until cancelled; then keep what has been done."""
        try:
            async with self._group:
                await self._restore()
                self._group.create_task(self.books.run())
                await self._match()
        finally:
            if self._loaded:
                await self._keep_last()

    async def _keep_last(self) -> None:
        try:
            await self.books.keep()
        except MadangError:
            _LOG.exception("How far notifications are could not be written; some will come again")

    async def stop(self) -> None:
        """Send nothing more, and give what is on its way a moment to arrive, so that it need not be sent again."""
        self.courier.stopping = True
        self.poke()
        if self._sending:
            await asyncio.wait(self._sending.values(), timeout=LIMITS.shutdown_ms_max / 1000)

    async def _restore(self) -> None:
        """Go on where the process before this one stopped."""
        kept = await self._store.deliveries.kept()
        counts = await self._store.deliveries.letter_counts()
        self.books.restore(kept.mark, kept.size)
        restored: set[str] = set()
        self._gone = True
        while self._gone:
            # What goes while they are read could hide another one behind a page's end
            self._gone = False
            await self._read_subscriptions(restored, kept, counts)
        for identifier in (kept.progress.keys() | counts.keys()) - self.lines.keys():
            self.books.forget(identifier)
        self._loaded = True
        self._follow()
        for line in list(self.lines.values()):
            if line.behind or line.subscription.interval_seconds:
                self._start(line)

    async def _read_subscriptions(self, restored: set[str], kept: Kept, counts: dict[str, int]) -> None:
        """Make a line of every subscription that has none yet, in slices."""
        offset = 0
        while page := (await self._store.subscriptions.page(_PAGE, offset))[0]:
            for one in page:
                identifier = one.subscription.id
                if identifier not in restored:
                    restored.add(identifier)
                    line = self.lines.get(identifier) or self._admit(one)
                    line.restore(kept.progress.get(identifier), kept.mark)
                    line.letters = counts.get(identifier, 0)
            offset += len(page)
            await asyncio.sleep(0)

    def changed(self, kept: KeptSubscription) -> None:
        """A subscription was made or changed."""
        line = self.lines.get(kept.subscription.id)
        if line is None:
            line = self._admit(kept)
        else:
            periodic = bool(line.subscription.interval_seconds)
            line.become(kept)
            self._index.put(line.watch)
            self._watch(line)
            if periodic != bool(kept.subscription.interval_seconds):
                self._stop(kept.subscription.id)
                line.discard()
        line.poked.set()
        if self._loaded:
            self._follow()
            if kept.subscription.interval_seconds or not line.is_idle:
                self._start(line)

    def removed(self, subscription_id: str) -> None:
        """A subscription is no more; nothing is sent for it any longer."""
        self._gone = True
        self._stop(subscription_id)
        self._index.remove(subscription_id)
        line = self.lines.pop(subscription_id, None)
        if line is not None:
            line.discard()
        self.books.forget(subscription_id)
        self._narrow()

    def state(self, subscription_id: str) -> DeliveryState:
        line = self.lines.get(subscription_id)
        return line.state if line is not None else DeliveryState()

    async def forget(self, ids: frozenset[str]) -> None:
        """Say nothing more of what these entities were; what could not be delivered until now is on disk then."""
        for row in list(self._taken):
            kept = tuple([one for one in row.changes if not speaks_of(one.before, one.after, ids)])
            if len(kept) < len(row.changes):
                self._taken[self._taken.index(row)] = msgspec.structs.replace(row, changes=kept)
        async with self._backlog.turn:
            self._backlog.forget()
        for line in self.lines.values():
            line.forget(ids)
        await self.books.keep()

    def poke(self) -> None:
        """Look at the clock again: what waits for a moment that has come is sent."""
        for line in self.lines.values():
            line.poked.set()

    def _admit(self, kept: KeptSubscription) -> Line:
        view = NOTHING if self._hub.owners is not None else None
        line = self.lines[kept.subscription.id] = Line(kept, self._load, view)
        self._index.put(line.watch)
        self._watch(line)
        return line

    async def look(self, line: Line) -> Access:
        """What who subscribed may see by now, which the line goes by from here on."""
        if self._hub.owners is None:
            return msgspec.structs.replace(self._access, subject=line.owner[0])
        access = await self._hub.owners.access(self._access.tenant, *line.owner)
        if access is None or access.tenant != self._access.tenant:
            access = msgspec.structs.replace(self._access, subject=line.owner[0], view=NOTHING)
        self._see(line, access.view)
        return access

    def _see(self, line: Line, view: View | None) -> None:
        was_steady = line.watch.steady
        if not line.see(view) or self.lines.get(line.subscription.id) is not line:
            return
        self._index.put(line.watch)
        if was_steady and not line.watch.steady:
            self._watch(line)
            self._follow()
        elif line.watch.steady and not was_steady:
            self._narrow()

    def _narrow(self) -> None:
        """Let no more through to the outbox than is needed, now that less is."""
        self._stale += 1
        if self._stale > _STALE_MAX or len(self.lines) < _STALE_MAX:
            self._stale = 0
            self._watched.by_key.clear()
            for line in self.lines.values():
                self._watch(line)
            self._follow()

    def _watch(self, line: Line) -> None:
        """Let through to the outbox what this subscription could care about; what comes into its owner's sight by a
        change of something else too."""
        subscription = line.subscription
        if subscription.interval_seconds:
            return
        names = (frozenset(subscription.watched) or None) if line.watch.steady else None
        by_key = self._watched.by_key
        for key in _keys(subscription):
            known = by_key.get(key, names)
            by_key[key] = None if known is None or names is None else known | names

    def _follow(self) -> None:
        if self._loaded:
            self._store.deliveries.follow(self._watched if self._watched.by_key else None, self._take)

    def _take(self, row: OutboxRow) -> None:
        """A commit is on disk. What memory does not hold is read from there."""
        self.books.size += row.size
        if not self._missed:
            if self._taken_bytes + row.size > _TAKEN_BYTES_MAX and self._taken:
                self._missed = True
            else:
                self._taken.append(row)
                self._taken_bytes += row.size
        self._wake.set()

    async def _match(self) -> None:
        """Give every change to the subscriptions that are to be told of it; never returns."""
        while True:
            row = await self._next()
            if row is None:
                self._wake.clear()
                await self._wake.wait()
            elif row.sequence > self.books.position:
                self._between.clear()
                await self._match_row(row)
                self.books.moved(row.sequence)
                self._between.set()

    async def _next(self) -> OutboxRow | None:
        """The next commit, from memory or, if there are any before that, from disk."""
        if self._taken:
            row = self._taken.popleft()
            self._taken_bytes -= row.size
            return row
        if self._missed:
            rows = await self._store.deliveries.rows(self.books.position, 1 << 62, _READ_BYTES)
            if rows:
                self._taken.extend(rows)
                self._taken_bytes += sum(row.size for row in rows)
                return await self._next()
            # Between the last look and this line no commit was handed over, so none is left out
            self._missed = False
        return None

    async def _match_row(self, row: OutboxRow) -> None:
        size = row.size // max(1, len(row.changes))
        now = self._clock.now()
        until = perf_counter() + _SLICE_SECONDS
        self._asked.clear()
        for changed in row.changes:
            found = event(changed.sequence, changed.time, changed.before, changed.after, changed.rendered)
            try:
                told = await self._told(found)
            except Exception:  # noqa: BLE001 whatever it is, it must not hold up the notifications of all others
                told = await self._told_one_by_one(found)
            for started, watch in enumerate(told, 1):
                line = self.lines.get(watch.subscription.id)
                if line is not None and _concerns(line, changed.time, now) and not line.behind:
                    line.put(found, size)
                    self._start(line)
                    self.books.touch(line)
                if started % _STARTED_MAX == 0 or perf_counter() > until:
                    await asyncio.sleep(0)
                    until = perf_counter() + _SLICE_SECONDS
            if perf_counter() > until:
                await asyncio.sleep(0)
                until = perf_counter() + _SLICE_SECONDS

    async def _told(self, found: Event) -> list[Watch]:
        """Who is told of a change."""
        if self._hub.owners is not None:
            return await self._told_one_by_one(found)
        if not self._index.linked:
            return self._index.triggered(found)
        return await asked(self._store, self._access, lambda follow: self._index.triggered(found, follow))

    async def _told_one_by_one(self, found: Event) -> list[Watch]:
        """As `_told`, each asked as who subscribed sees it by now, and without the subscriptions that cannot say whether
        they are triggered, which the log names."""
        told = []
        until = perf_counter() + _SLICE_SECONDS
        for watch in self._index.candidates(found):
            line = self.lines.get(watch.subscription.id)
            if line is None:
                continue
            try:
                if await self._is_told(line, found):
                    told.append(line.watch)
            except Exception:  # noqa: BLE001 as above
                _LOG.exception("Whether %s is told of %s", watch.subscription.id, found.entity.id)
            if perf_counter() > until:
                await asyncio.sleep(0)
                until = perf_counter() + _SLICE_SECONDS
        return told

    async def _is_told(self, line: Line, found: Event) -> bool:
        access = self._asked.get(line.owner)
        if access is None:
            access = self._asked[line.owner] = await self.look(line)
        self._see(line, access.view)
        ask = partial(line.watch.triggered, found)
        return bool(await asked(self._store, access, ask) if line.watch.linked else ask())

    async def _wanted(self, line: Line, row: OutboxRow) -> list[Event]:
        """The changes of a commit that one subscription is told of and that it has not read yet."""
        wanted = []
        self._asked.pop(line.owner, None)
        for changed in row.changes:
            if changed.sequence > line.read_to:
                found = event(changed.sequence, changed.time, changed.before, changed.after)
                if await self._is_told(line, found):
                    wanted.append(found)
        return wanted

    async def _refill(self, line: Line) -> None:
        """Read from the outbox what did not fit into memory, as much as fits now. Lines take turns of a page: with
        turns of a row each would read anew the page that the next one has let go."""
        while line.behind:
            position = self.books.position
            async with self._backlog.turn:
                rows = await self._backlog.rows(line.read_to, position)
                await self._fill(line, rows)
            if rows and line.waiting:
                return
            if not rows and not self._between.is_set():
                # A change of the commit that is being matched may have passed this line by, because it was behind
                await self._between.wait()
            elif not rows and position == self.books.position:
                line.behind = False

    async def _fill(self, line: Line, rows: list[OutboxRow]) -> None:
        """Let wait what there is room for."""
        until = perf_counter() + _SLICE_SECONDS
        for row in rows:
            wanted = await self._wanted(line, row)
            # Between here and the end of the row nothing else runs, so no change is put in between
            line.behind = False
            for found in wanted:
                if _concerns(line, found.time, self._clock.now()):
                    line.put(found, row.size // len(row.changes))
                if line.behind:
                    return
            line.behind, line.read_to = True, max(line.read_to, row.sequence)
            if perf_counter() > until:
                await asyncio.sleep(0)
                until = perf_counter() + _SLICE_SECONDS

    def _start(self, line: Line) -> None:
        identifier = line.subscription.id
        if identifier not in self._sending and self._loaded:
            task = self._group.create_task(self._deliver(line), name=f"notify {identifier}")
            self._sending[identifier] = task

    def _stop(self, subscription_id: str) -> None:
        task = self._sending.pop(subscription_id, None)
        if task is not None:
            task.cancel()

    async def _deliver(self, line: Line) -> None:
        identifier = line.subscription.id
        try:
            await self.courier.run(line)
        finally:
            if self._sending.get(identifier) is asyncio.current_task():
                del self._sending[identifier]


def _concerns(line: Line, time: int, now: int) -> bool:
    """Whether a change at that time is told to an active subscription; what was before its making is not."""
    return time >= line.subscription.created_at and line.subscription.status(now) is Status.ACTIVE


def _keys(subscription: Subscription) -> list[str]:
    """Under which keys of `Watched` its entities are found."""
    found: list[str] = []
    for selector in subscription.selectors:
        if selector.ids:
            found.extend(selector.ids)
        elif selector.types is not None:
            found.extend(alternative[0] for alternative in selector.types.alternatives)
        else:
            found.append("*")
    return found or ["*"]
