"""One subscription's notifications: what waits, how far it is, and what has become of it. No input or output.

What waits is bounded; what does not fit stays in the outbox, and the line is `behind` until it has been read
from there. Changes leave in their order: a notification takes those at the head, up to the second one of an
entity. A subscription that asked for few notifications (throttling) gets of each entity the changes since its
last one as one change.
"""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from madang.ngsild.entity import Entity
from madang.ngsild.event import Event, as_seen, event
from madang.ngsild.notification import Message
from madang.ngsild.subscription import DeliveryState, Subscription
from madang.ngsild.trigger import Watch
from madang.ngsild.unlinking import mentions, needles_of
from madang.settings import LIMITS
from madang.store.base import KeptSubscription
from madang.store.deliveries import Failing, Progress
from madang.trust.view import NOTHING, View, compile_view


class Waiting(msgspec.Struct):
    """A change that waits. first: its sequence, of joined ones that of the first. size: bytes, about. view: of who
    subscribed, when it was found that they are to be told."""

    event: Event | None
    first: int
    size: int
    view: View | None


class Load:
    """How much waits in memory over all subscriptions."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


class Line:
    """cursor: what came up to this sequence is done or was never for it. read_to: while it is `behind`, what
    comes after this sequence is still to be read from the outbox. taken: what the next attempt carries.
    slow: its endpoint takes its time. letters: its dead letters. skipped: as in `Progress`, which `kept` is on disk.
    poked: set when the clock or the subscription is to be looked at again. owner: subject and purpose of who subscribed.
    view: what they see, as it was when it was last asked.
    """

    def __init__(self, kept: KeptSubscription, load: Load, view: View | None = None) -> None:
        self.owner = kept.subject, kept.purpose
        self.view = view
        self.watch = _watch(kept.subscription, view)
        self.state = DeliveryState()
        self.failing: Failing | None = None
        self.cursor = 0
        self.behind = False
        self.read_to = 0
        self.taken: list[Waiting] = []
        self.message: Message | None = None
        self.refusals = 0
        self.slow = False
        self.skipped = 0
        self.letters = 0
        self.poked = asyncio.Event()
        self.kept: Progress | None = None
        self._load = load
        self._waiting: deque[Waiting] = deque()
        self._of_entity: dict[str, Waiting] = {}

    @property
    def subscription(self) -> Subscription:
        return self.watch.subscription

    def become(self, kept: KeptSubscription) -> None:
        """Take over a changed subscription. What waits is sent as that one says, and at once."""
        self.owner = kept.subject, kept.purpose
        self.watch = _watch(kept.subscription, self.view)
        self.message = None
        self.refusals = 0
        if self.failing is not None:
            self.failing = msgspec.structs.replace(self.failing, next_attempt=0)

    def see(self, view: View | None) -> bool:
        """Take over what who subscribed sees by now. Whether it is something else than before."""
        if view is self.view or view == self.view:
            return False
        self.view = view
        self.watch = _watch(self.subscription, view)
        self.message = None
        return True

    def restore(self, progress: Progress | None, mark: int) -> None:
        """Go on where the process before this one stopped. mark: as in `Keeping`."""
        self.kept = progress
        self.cursor = mark
        if progress is None:
            return
        self.state, self.failing, self.skipped = progress.state, progress.failing, progress.skipped
        if progress.cursor is not None:
            self.cursor = progress.cursor
            if progress.cursor < mark:
                self.behind, self.read_to = True, progress.cursor

    @property
    def is_idle(self) -> bool:
        return not self._waiting and not self.taken and not self.behind

    @property
    def waiting(self) -> int:
        """Changes that wait in memory."""
        return len(self._waiting) + len(self.taken)

    @property
    def oldest(self) -> int:
        """Time of the oldest change that waits in memory, microseconds UTC; 0 if none does."""
        for one in (*self.taken, *self._waiting):
            if one.event is not None:
                return one.event.time
        return 0

    def put(self, found: Event, size: int) -> None:
        """Let a change wait that the subscription is to be told of. If there is no room, it is `behind` from there."""
        if found.sequence <= self.cursor:
            return
        joined = self._of_entity.get(found.entity.id) if self.subscription.throttling_seconds else None
        if joined is not None:
            joined.event, joined.view = join(joined.event, found), self.view
            return
        full = len(self._waiting) >= LIMITS.notification_waiting_changes_max
        if full or (self._waiting and self._load.bytes + size > LIMITS.notification_waiting_bytes_max):
            self.behind, self.read_to = True, found.sequence - 1
            return
        waiting = Waiting(found, found.sequence, size, self.view)
        self._load.bytes += size
        self._waiting.append(waiting)
        if self.subscription.throttling_seconds:
            self._of_entity[found.entity.id] = waiting

    def take(self) -> list[Event]:
        """The changes of the next notification, as who subscribed sees them by now: what failed before, or the head of
        what waits."""
        if not self.taken:
            self._take()
        return [seen for one in self.taken if (seen := self._seen(one)) is not None]

    def _seen(self, one: Waiting) -> Event | None:
        """None if it is not told: it came to nothing, or is hidden by now."""
        if one.event is None or self.watch.seen is None:
            return one.event
        # What is linked was looked at when the change came
        if one.view != self.view and not self.watch.linked and not self.watch.triggered(one.event):
            return None
        return as_seen(one.event, self.watch.seen)

    def _take(self) -> None:
        throttled = bool(self.subscription.throttling_seconds)
        largest = LIMITS.notification_waiting_changes_max if throttled else LIMITS.notification_entities_max
        known: set[str] = set()
        size = 0
        while self._waiting and len(self.taken) < largest:
            head = self._waiting[0]
            identifier = head.event.entity.id if head.event is not None else ""
            size += head.size
            if identifier in known or (self.taken and size > LIMITS.notification_bytes_max):
                break
            known.add(identifier)
            self.taken.append(self._waiting.popleft())
            self._of_entity.pop(identifier, None)

    def forget(self, ids: frozenset[str]) -> None:
        """Say nothing more of what these entities were, or that others were linked to them. That they are deleted is
        told."""
        for one in (*self.taken, *self._waiting):
            if one.event is not None and speaks_of(one.event.before, one.event.after, ids):
                self._of_entity.pop(one.event.entity.id, None)
                one.event = None
                self.message = None

    def done(self) -> None:
        """What was taken is delivered, or in the list of dead letters."""
        self._load.bytes -= sum(one.size for one in self.taken)
        self.taken.clear()
        self.message = None
        self.refusals = 0

    def discard(self) -> None:
        """Forget all that waits."""
        self.taken.extend(self._waiting)
        self._waiting.clear()
        self._of_entity.clear()
        self.done()
        self.behind = False

    def skip(self, sequence: int, now: int) -> None:
        """Give up all that waits up to this sequence, and what the next notification was to carry, unkept."""
        last = max([sequence, self.cursor, *(one.first for one in self.taken)])
        self.discard()
        self.behind, self.read_to, self.skipped = True, last, now

    def lag(self, position: int) -> int | None:
        """The sequence up to which all is done, None if that is all there is. position: up to there all changes
        have been looked at."""
        if self.taken:
            return min(one.first for one in self.taken) - 1
        if self._waiting:
            return self._waiting[0].first - 1
        if self.behind:
            return self.read_to
        return self.cursor if self.cursor > position else None

    def progress(self, position: int) -> Progress:
        """What is to be kept of it."""
        return Progress(self.lag(position), self.state, self.failing, self.skipped)


def _watch(subscription: Subscription, view: View | None) -> Watch:
    if view is None:
        return Watch(subscription)
    # Who is not known to see anything may come to see all that there is
    return Watch(subscription, compile_view(view).seen, steady=view.steady and view != NOTHING)


def speaks_of(before: Entity | None, after: Entity | None, ids: frozenset[str]) -> bool:
    """Whether a change tells anything of these entities but that they are no more."""
    needles = needles_of(ids)
    return any(
        entity is not None
        and any(entity.id in ids or mentions(one.body, needles) for one in entity.attributes)
        for entity in (before, after)
    )


def join(former: Event | None, later: Event) -> Event | None:
    """Two changes of one entity as one; None if it was made and deleted meanwhile."""
    before = former.before if former is not None else None
    if before is None and later.after is None:
        return None
    return event(later.sequence, later.time, before, later.after)
