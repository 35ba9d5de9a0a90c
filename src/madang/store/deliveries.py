"""What a store keeps so that notifications can be trusted: the outbox, how far each subscription is, and dead letters.

A write that a subscription could care about leaves its changes in the outbox in its own transaction. Who
delivers takes them from memory after the commit, or reads them here when memory did not hold them, and says
from time to time how far every subscription is (docs/decisions, 16).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from madang.ngsild.entity import Entity
from madang.ngsild.event import Rendered
from madang.ngsild.subscription import DeliveryState


class Changed(msgspec.Struct, frozen=True):
    """One change of an entity. sequence, time: as in `base.ChangeRow`. before, after: None where it did not exist.

    rendered: as in `Event`; not kept.
    """

    sequence: int
    time: int
    before: Entity | None
    after: Entity | None
    rendered: Rendered | None = None


class OutboxRow(msgspec.Struct, frozen=True):
    """What one commit changed and somebody may care about. sequence: of its last change. size: bytes kept."""

    sequence: int
    size: int
    changes: tuple[Changed, ...]


class Watched:
    """Which changes go to the outbox: a cheap test that lets too many through rather than one too few.

    by_key: attribute IRIs (None for any) by type IRI, by entity id, or by "*" for every entity.
    """

    __slots__ = ("by_key",)

    def __init__(self, by_key: dict[str, frozenset[str] | None] | None = None) -> None:
        self.by_key: dict[str, frozenset[str] | None] = by_key or {}

    def wants(self, identifier: str, types: tuple[str, ...], names: tuple[str, ...], *, whole: bool) -> bool:
        """names: IRIs of the attributes that were written or removed. whole: the entity came or went."""
        for key in (*types, identifier, "*"):
            if key in self.by_key:
                watched = self.by_key[key]
                if watched is None or whole or not watched.isdisjoint(names):
                    return True
        return False


class Failing(msgspec.Struct, frozen=True):
    """Why and since when nothing arrives. attempts: in a row. since, next_attempt: microseconds UTC."""

    since: int
    attempts: int
    next_attempt: int
    reason: str


class Progress(msgspec.Struct, frozen=True):
    """How far a subscription is. cursor: what came up to this sequence is done, None: it goes with the mark.

    state: what is shown of it. skipped: changes up to this moment (microseconds UTC) were given up because the
    list of dead letters was full, 0 if none ever were.
    """

    cursor: int | None
    state: DeliveryState
    failing: Failing | None = None
    skipped: int = 0


class DeadLetter(msgspec.Struct, frozen=True):
    """A notification that could not be delivered. number: 0 while it is not kept yet.

    time: when it was given up, microseconds UTC. attempts: how often it was sent. entities: how many it is
    about. headers, body: as it was sent.
    """

    number: int
    subscription: str
    time: int
    attempts: int
    reason: str
    entities: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Keeping(msgspec.Struct, frozen=True):
    """What is written together. mark: what came up to this sequence is done for every subscription without a
    cursor of its own. progress: of subscriptions that differ from what is kept. gone: subscriptions that are no
    more, of which nothing stays. done: outbox rows up to this sequence can go."""

    mark: int
    progress: dict[str, Progress]
    letters: Sequence[DeadLetter]
    gone: Sequence[str]
    done: int


class Freed(msgspec.Struct, frozen=True):
    """What went from the outbox. more: there are further rows that nobody needs."""

    bytes: int
    more: bool


class Kept(msgspec.Struct, frozen=True):
    """What was kept before. mark: as in `Keeping`. size: bytes in the outbox."""

    mark: int
    progress: dict[str, Progress]
    size: int


class Deliveries(Protocol):
    """The outbox, the progress and the dead letters of a tenant."""

    def follow(self, watched: Watched | None, taken: Callable[[OutboxRow], Any]) -> None:
        """From now on `taken` is called after every commit with what `watched` lets through (None: nothing).

        Until this is first called, all is kept if the tenant has subscriptions."""
        ...

    async def kept(self) -> Kept: ...

    async def rows(self, after: int, up_to: int, bytes_max: int) -> list[OutboxRow]:
        """Rows in order, at least one if there is one; not more than fit the bytes."""
        ...

    async def sequence_at(self, time: int) -> int:
        """The sequence of the last row that is not younger than this moment, 0 if there is none."""
        ...

    async def keep(self, keeping: Keeping) -> Freed:
        """Write it. Many rows of the outbox go over several calls."""
        ...

    async def letters(self, subscription_id: str, limit: int, after: int = 0) -> list[DeadLetter]:
        """Dead letters, oldest first. subscription_id: "" for those of all. after: a number."""
        ...

    async def letter(self, number: int) -> DeadLetter | None: ...

    async def letter_counts(self) -> dict[str, int]:
        """How many dead letters there are, by subscription."""
        ...

    async def drop(self, numbers: Sequence[int]) -> int:
        """Remove dead letters; how many there were."""
        ...
