"""What a store keeps of who did and read what: a chain of events to which one can only add.

Every tenant has a chain in its own file, and the platform has one for what belongs to no tenant: sign-ins, members,
keys, policies. Each event carries the hash of the one before it, so that none can be changed, left out or put in
between without the check telling so. What a thing is called stands beside the chain and can be taken away (`forget`):
the chain holds for it afterwards as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from madang import logs
from madang.trust.access import Access


class Deed(StrEnum):
    """What was done. The pages have a word for each: `audit.deed.NAME` in web/messages."""

    READ = "read"
    """Saw protected things."""
    COUNT = "count"
    """Was told how many there are."""
    FOLLOW = "follow"
    """Was told, while following the city live, that they changed."""
    NOTIFY = "notify"
    """They were sent to the endpoint of a subscription."""
    DOWNLOAD = "download"
    WRITE = "write"
    DELETE = "delete"
    CONSENT = "consent"
    WITHDRAW = "withdraw"
    """Took a consent back."""
    HAND_OUT = "hand-out"
    """Handed a person's data out to them."""
    ERASE = "erase"
    DESTROY = "destroy"
    """What was older than it is to be kept is gone."""
    REVIEW = "review"
    """Went through the events of a month, as the law asks."""
    CUT = "cut"
    """The events up to one are older than they are to be kept and are gone; the object is that one's number and hash."""
    ANCHOR = "anchor"
    """The platform's chain notes how far a tenant's is; the object is the tenant, the reason number and hash."""
    SIGN_IN = "sign-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGN_OUT = "sign-out"
    ACCOUNT = "account"
    """Made, changed or closed an account."""
    ORGANISATION = "organisation"
    PASSWORD = "password"  # noqa: S105 a deed, no secret
    KEY = "key"
    """Made, rotated or revoked a key."""
    CLIENT = "client"
    POLICY = "policy"
    DELIVERY = "delivery"
    """Read, sent again or dropped what could not be delivered."""


class Event(msgspec.Struct, frozen=True):
    """Something that somebody did.

    subject: who, as `Identity.subject`. object: to what, in words of the platform ("key:3", "policy:open-data"); never the
    id of a protected thing. entities: ids of the protected things that it was done to. types: of these (IRIs). purpose,
    reason: as the caller said them. rules: names of the policies that allowed it. origin: the address that it came from,
    "" for the platform itself. request: its number, as in the log.
    """

    subject: str
    deed: Deed
    object: str = ""
    entities: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    purpose: str = ""
    reason: str = ""
    rules: tuple[str, ...] = ()
    origin: str = ""
    request: str = ""


class About(msgspec.Struct, frozen=True):
    """To what something is done; as in `Event`. reason: "" for the one that the access carries."""

    object: str = ""
    entities: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    reason: str = ""


def event_of(access: Access, deed: Deed, about: About) -> Event:
    """What the caller does, in the request that is being served."""
    event = Event(
        *(access.subject, deed, about.object, about.entities, about.types, access.purpose),
        *(about.reason or access.reason, access.rules),
    )
    return requested(event)


def requested(event: Event) -> Event:
    """The event with where the request that is being served came from, and its number."""
    scope = logs.REQUEST.get()
    if scope is None:
        return event
    client = scope.get("client")
    origin = str(client[0]) if client else ""
    return msgspec.structs.replace(event, origin=origin, request=logs.request_id(scope))


class Recorded(msgspec.Struct, frozen=True):
    """An event of the chain. number: 1 for the first that ever was. time: microseconds UTC. forgotten: how many of its
    entities have been forgotten and are not in it any longer. hash: of it and all before it."""

    number: int
    time: int
    event: Event
    forgotten: int
    hash: bytes


class Wanted(msgspec.Struct, frozen=True):
    """Which events; each "" or None for all. entity: id of a protected thing. since, until: microseconds UTC, `until` is
    not among them any more."""

    subject: str = ""
    deed: Deed | None = None
    object: str = ""
    entity: str = ""
    since: int | None = None
    until: int | None = None


class Tally(msgspec.Struct, frozen=True):
    """What somebody did in an hour. hour: when it began, microseconds UTC. events: of this deed. things: in all of them
    together, one counted as often as it was seen."""

    hour: int
    subject: str
    deed: Deed
    events: int
    things: int


class Head(msgspec.Struct, frozen=True):
    """How far a chain is: the number and the hash of its last event; 0 and no bytes where there is none."""

    number: int = 0
    hash: bytes = b""

    def __str__(self) -> str:
        return f"{self.number}:{self.hash.hex()}"


def parse_head(text: str) -> Head:
    """What `str` made of one. Raises ValueError."""
    number, _, hashed = text.partition(":")
    head = Head(int(number), bytes.fromhex(hashed))
    if head.number < 0 or len(head.hash) != (32 if head.number else 0):
        raise ValueError(text)
    return head


class Verdict(msgspec.Struct, frozen=True):
    """What came of a check. events: that were read. head: of the chain. fault: what is wrong, "" if nothing is."""

    events: int
    head: Head
    fault: str = ""


class Chain(Protocol):
    """When a call that writes returns, what it did is on disk."""

    async def append(self, events: Sequence[Event], now: int) -> None:
        """now: microseconds UTC. Raises Busy or StoreBroken; what it was to record must not be done then."""
        ...

    async def page(self, wanted: Wanted, limit: int, before: int = 0) -> list[Recorded]:
        """The newest first. before: those with smaller numbers only, 0 for all."""
        ...

    async def tallies(self, since: int, until: int) -> list[Tally]:
        """What was done from one moment to another, by hours; both begin one."""
        ...

    async def head(self) -> Head: ...

    async def verify(self, known: Sequence[Head] = ()) -> Verdict:
        """Read the whole chain. known: how far it was at other times, by what was kept elsewhere."""
        ...

    async def cut(self, before: int, now: int) -> int:
        """Let go of what was recorded before a moment, except for the last event; how many events. now: as above."""
        ...

    async def forget(self, entities: Sequence[str]) -> int:
        """Forget what these things (by id) are called: of the events remains that something was done to something. How
        many were known."""
        ...
