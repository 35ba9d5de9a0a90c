"""Sends what waits for one subscription after the other's answer: when, what is counted, and what is given up."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Final

import msgspec
import orjson

from madang.errors import MadangError
from madang.hub import telling
from madang.hub.delivery import schedule
from madang.hub.delivery.bookkeeping import Bookkeeping
from madang.hub.delivery.line import Line
from madang.hub.delivery.outward import Outward
from madang.hub.delivery.sending import Result, Sent
from madang.ngsild.context import CORE
from madang.ngsild.event import Event, occurrence
from madang.ngsild.notification import Envelope, Message, notification
from madang.ngsild.query import Window
from madang.ngsild.subscription import DeliveryState, Status
from madang.ngsild.trigger import conditions_of
from madang.settings import LIMITS
from madang.store.base import Store
from madang.store.deliveries import DeadLetter, Failing
from madang.trust.access import Access

_LOG: Final = logging.getLogger(__name__)
_SECOND: Final = 1_000_000
_AFTER_BUG_SECONDS: Final = 5.0
_UNWRITTEN: Final = Sent(Result.REFUSED, "The platform could not write this notification; its log says why")
DEAD_LETTERS_MAX: Final = LIMITS.dead_letters_max

Refill = Callable[[Line], Awaitable[None]]
Look = Callable[[Line], Awaitable[Access]]


class Courier:
    """refill: reads from the outbox what a line is behind with. look: asks what who subscribed may see by now."""

    def __init__(
        self, tenant: str, store: Store, outward: Outward, books: Bookkeeping, refill: Refill, look: Look
    ) -> None:
        self._tenant = tenant
        self._look = look
        self._store = store
        self._outward = outward
        self._books = books
        self._refill = refill
        # Set when the process is about to end: what is on its way is waited for, nothing more is sent
        self.stopping = False

    async def run(self, line: Line) -> None:
        """Send until nothing waits any more; for a subscription with a time interval, for ever."""
        while True:
            try:
                await (self._rounds(line) if line.subscription.interval_seconds else self._changes(line))
            except Exception:  # noqa: BLE001 a bug, which the log tells of
                # A fault of ours in one subscription must not end the notifications of the others
                _LOG.exception("Notifying %s failed", line.subscription.id)
                await asyncio.sleep(_AFTER_BUG_SECONDS)
            else:
                return

    async def _changes(self, line: Line) -> None:
        while not self.stopping:
            if line.behind and not line.waiting:
                await self._refill(line)
            if line.is_idle:
                return
            if line.waiting and await self._until(line, self._due(line)):
                if line.subscription.status(self._now()) is Status.ACTIVE:
                    await self._once(line)
                else:
                    await self._give_up_all(line)

    def _now(self) -> int:
        return self._outward.clock.now()

    def _due(self, line: Line) -> int:
        """When the next notification may be sent, microseconds UTC."""
        due = line.failing.next_attempt if line.failing is not None else 0
        throttling = line.subscription.throttling_seconds
        if throttling and line.state.last_notification:
            due = max(due, line.state.last_notification + int(throttling * _SECOND))
        return due

    async def _until(self, line: Line, due: int) -> bool:
        """Wait for the moment, looking at the clock again whenever the line is poked; False if all is to stop."""
        while not self.stopping and (left := due - self._now()) > 0:
            line.poked.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left / _SECOND):
                    await line.poked.wait()
            if line.failing is not None and line.failing.next_attempt == 0:
                break
        return not self.stopping

    async def _once(self, line: Line) -> None:
        """One attempt at the next notification."""
        access = await self._look(line)
        events = line.take()
        if not events:
            line.done()
            return
        try:
            if line.message is None:
                line.message = await self._message(line, access, events)
        except MadangError as error:
            sent, slow = Sent(Result.FAILED, error.message), line.slow
        except Exception:  # noqa: BLE001 a bug; it must not hold up what comes after for good
            _LOG.exception("A notification of %s could not be written", line.subscription.id)
            sent, slow = _UNWRITTEN, line.slow
        else:
            endpoint = line.subscription.notification.endpoint
            sent, slow = await self._outward.send(endpoint, line.message, slow=line.slow)
        line.slow = slow
        self._record(line, sent)
        if sent.result is Result.DELIVERED:
            line.done()
        else:
            line.refusals += sent.result is Result.REFUSED
            await self._give_up_old(line)
        self._books.touch(line)

    def _record(self, line: Line, sent: Sent) -> None:
        """Count an attempt (CIM 009 §5.8.6), and say when the next one is after a failure."""
        now, state = self._now(), line.state
        if sent.result is Result.DELIVERED:
            self._outward.hub.uses.told[self._tenant, line.owner[0]] += 1
            line.failing = None
            line.state = DeliveryState(
                state.times_sent + 1, state.times_failed, now, now, state.last_failure, True
            )
            return
        line.state = DeliveryState(
            state.times_sent + 1, state.times_failed + 1, now, state.last_success, now, False
        )
        attempts = line.failing.attempts + 1 if line.failing is not None else 1
        since = line.failing.since if line.failing is not None else now
        cooldown = line.subscription.notification.endpoint.cooldown_ms
        again = now + schedule.pause(attempts, cooldown, self._outward.chance())
        line.failing = Failing(since, attempts, again, sent.reason)

    async def _message(self, line: Line, access: Access, events: Sequence[Event]) -> Message:
        """What tells of these events; the same id whenever the same events are told of."""
        name = f"{self._tenant} {line.subscription.id} {line.taken[0].first} {events[-1].sequence}"
        return await self._written(line, access, events, name)

    async def _written(self, line: Line, access: Access, events: Sequence[Event], name: str) -> Message:
        """A notification. name: what makes it another one than all others."""
        envelope = Envelope(_identifier(name), self._now(), self._tenant)
        return await telling.message(self._outward.hub, access, line.subscription, events, envelope)

    async def _give_up_old(self, line: Line) -> None:
        """After a failure: what is too old, or was refused too often, becomes dead letters."""
        failing = line.failing
        assert failing is not None
        while line.waiting:
            age = self._now() - line.oldest
            if not schedule.is_given_up(age, failing.attempts, line.refusals):
                return
            await self._bury(line, failing.attempts, failing.reason)
            if line.behind and not line.waiting:
                await self._refill(line)
            await asyncio.sleep(0)

    async def _give_up_all(self, line: Line) -> None:
        """The subscription was paused or has expired: what waits is not sent, but can be read and sent by hand."""
        status = line.subscription.status(self._now()).value
        while line.waiting:
            await self._bury(line, 0, f"The subscription was {status} before this could be sent")
            if line.behind and not line.waiting:
                await self._refill(line)
            await asyncio.sleep(0)
        line.failing = None

    async def _bury(self, line: Line, attempts: int, reason: str) -> None:
        """Make the next notification a dead letter. Where the list is full, all that is too old is given up unkept."""
        now = self._now()
        if line.letters >= DEAD_LETTERS_MAX:
            old = await self._store.deliveries.sequence_at(schedule.oldest_kept(now))
            line.skip(old, now)
            return
        access = await self._look(line)
        events = line.take()
        if events:
            message = line.message or await self._readable(line, access, events)
            letter = DeadLetter(
                *(0, line.subscription.id, now, attempts, reason),
                *(len(events), message.headers, message.body),
            )
            self._books.bury(letter)
            self._outward.counts.dead += 1
            line.letters += 1
        line.done()
        self._books.touch(line)

    async def _readable(self, line: Line, access: Access, events: Sequence[Event]) -> Message:
        """The message; with full names where its @context cannot be had, with ids alone where nothing helps."""
        try:
            return await self._message(line, access, events)
        except Exception as error:  # noqa: BLE001 a bug is logged by `_once`
            _LOG.info("A dead letter of %s is written plainly: %s", line.subscription.id, error)
        envelope = Envelope(_identifier(str(uuid.uuid4())), self._now(), self._tenant)
        try:
            return notification(line.subscription, events, envelope, CORE)
        except Exception:  # noqa: BLE001 as in `_once`, which has logged it
            ids = [{"id": event.entity.id} for event in events]
            body = {"id": envelope.id, "type": "Notification", "data": ids}
            return Message(orjson.dumps(body), (("Content-Type", "application/json"),))

    async def _rounds(self, line: Line) -> None:
        """Send all entities of the subscription at every interval (CIM 009 §5.8.6), until the process ends.

        A round that fails is not repeated: the next one says what is then."""
        last = line.state.last_notification or line.subscription.created_at
        while True:
            due = last + int(line.subscription.interval_seconds * _SECOND)
            again = line.failing.next_attempt if line.failing is not None else 0
            if not await self._until(line, max(due, again)):
                return
            last = self._now()
            if line.subscription.status(last) is not Status.ACTIVE:
                line.poked.clear()
                await line.poked.wait()
                continue
            try:
                await self._round(line, last)
            except MadangError as error:
                self._record(line, Sent(Result.FAILED, error.message))
            self._books.touch(line)

    async def _round(self, line: Line, now: int) -> None:
        """The subscribed entities, page by page, each in one notification, until one fails."""
        access = await self._look(line)
        subscription = line.subscription
        query = msgspec.structs.replace(conditions_of(subscription), selectors=subscription.selectors)
        cursor = ""
        while True:
            window = Window(limit=LIMITS.notification_entities_max, cursor=cursor)
            page = await self._store.page(query, window, access)
            events = [occurrence(0, now, entity) for entity in page.entities]
            cursor = page.next_cursor
            if (events and not await self._tell(line, access, events)) or not cursor:
                return

    async def _tell(self, line: Line, access: Access, events: Sequence[Event]) -> bool:
        """Send one notification of a round; whether it arrived."""
        written = await self._written(line, access, events, str(uuid.uuid4()))
        endpoint = line.subscription.notification.endpoint
        sent, line.slow = await self._outward.send(endpoint, written, slow=line.slow)
        self._record(line, sent)
        return sent.result is Result.DELIVERED


def _identifier(name: str) -> str:
    return f"urn:ngsi-ld:Notification:{blake2b(name.encode(), digest_size=16).hexdigest()}"
