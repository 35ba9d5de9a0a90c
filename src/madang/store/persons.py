"""What a store keeps for the persons whose data is in it: their consents, their requests, what has been destroyed.

A consent is a receipt: for one purpose, to some readers, for a time, and it can be taken back. What was destroyed is
recorded without a word of whose it was. The data itself is entities like all others; erasing it for good is the store's
own work (`erase`, `compact`), because bytes of it stand in more places than anybody outside knows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec


class Consent(msgspec.Struct, frozen=True):
    """That a person lets some readers see some attributes for one purpose.

    number: of the receipt. person: id of the entity. attributes: IRIs. roles, organisations: who may read, by the name of
    a role or the URN of an organisation; one of either is enough. given, expires, revoked: microseconds UTC, revoked 0
    while it holds. by: subject of who gave it. notice: what the person was told.
    """

    person: str
    purpose: str
    attributes: tuple[str, ...]
    roles: tuple[str, ...]
    given: int
    expires: int
    organisations: tuple[str, ...] = ()
    by: str = ""
    notice: str = ""
    number: int = 0
    revoked: int = 0

    def holds(self, now: int) -> bool:
        return not self.revoked and self.given <= now < self.expires


class Wish(StrEnum):
    """What a person can ask for."""

    LINK = "link"
    """To be shown which record is theirs."""
    EXPORT = "export"
    CORRECT = "correct"
    ERASE = "erase"


class Request(msgspec.Struct, frozen=True):
    """What a person asked for, and what came of it.

    subject: whose account it came from, "" once their data is erased. person: id of the entity, "" while it is not known.
    text: in their words. made, due, done: microseconds UTC, done 0 while it is open. answer: for the person.
    """

    wish: Wish
    subject: str
    person: str
    text: str
    made: int
    due: int
    number: int = 0
    done: int = 0
    answer: str = ""


class Cause(StrEnum):
    ERASURE = "erasure"
    """A person asked for it, or an officer did it for them."""
    RETENTION = "retention"
    """It was kept as long as it is to be kept."""


class Destruction(msgspec.Struct, frozen=True):
    """A record that personal data is gone, without telling whose it was.

    number: by which it can be named. by: subject of who did it. reason: in their words. types: how many entities of each
    type (IRI). other: how many things beside them: "notifications", "rejected rows", "links". begun, ended: microseconds
    UTC; ended 0 while the bytes are not gone from the file yet.
    """

    cause: Cause
    by: str
    reason: str
    types: dict[str, int]
    other: dict[str, int]
    begun: int
    number: int = 0
    ended: int = 0


class Standing(msgspec.Struct, frozen=True):
    """The consents that hold at a moment. version: changes when they do, never comes back within a process."""

    version: int
    consents: tuple[Consent, ...]


class Remains(msgspec.Struct, frozen=True):
    """What an erasure took. types: entities by type (IRI). other: as in `Destruction`.

    mentions: ids of other entities in which one of the texts still stands; what they say of the person is for a human to
    judge."""

    types: dict[str, int]
    other: dict[str, int]
    mentions: tuple[str, ...] = ()


class Persons(Protocol):
    """The persons of a tenant. When a call that writes returns, what it did is on disk."""

    def standing(self, now: int) -> Standing:
        """From memory, unless something has changed."""
        ...

    def consents_of(self, person: str) -> list[Consent]:
        """All that a person ever gave, the newest first."""
        ...

    async def give(self, consent: Consent) -> Consent:
        """With a number of its own. One for the same purpose that still holds is taken back by it."""
        ...

    async def revoke(self, person: str, number: int, now: int) -> Consent:
        """Raises NotFound where the person has no such consent."""
        ...

    def person_of(self, subject: str) -> str:
        """Id of the entity that is about whoever has this account; "" if that is not known."""
        ...

    def subjects_of(self, person: str) -> list[str]: ...

    async def link(self, subject: str, person: str) -> None:
        """person: "" for none any more."""
        ...

    async def ask(self, request: Request) -> Request:
        """With a number of its own. Raises Busy where too many of this subject are open."""
        ...

    async def answer(self, number: int, done: int, answer: str) -> Request:
        """Raises NotFound."""
        ...

    def requests(self, subject: str = "", limit: int = 100) -> list[Request]:
        """Open ones first, then the newest. subject: "" for those of all."""
        ...

    def request(self, number: int) -> Request | None: ...

    async def record(self, destruction: Destruction) -> Destruction:
        """With a number of its own."""
        ...

    async def settle(self, number: int, remains: Remains) -> None:
        """What was destroyed, once it is known."""
        ...

    async def end(self, number: int, now: int) -> None:
        """The bytes are gone from the file."""
        ...

    def destructions(self, limit: int = 100) -> list[Destruction]:
        """The newest first."""
        ...

    async def protect(self, types: frozenset[str]) -> None:
        """Say which types (IRIs) are about persons, for those that see the file alone: backups seal them."""
        ...

    async def older(self, types: Sequence[str], before: int, limit: int) -> list[str]:
        """Ids of entities of these types (IRIs) that nobody has changed since that moment, and of deleted ones of which
        something is left."""
        ...

    async def erase(
        self,
        ids: Sequence[str],
        texts: Sequence[str] = (),
        deleted: Callable[[], Awaitable[None]] | None = None,
    ) -> Remains:
        """Take everything away that is of these entities, or names them, wherever it stands: they have existed no more
        afterwards. texts: names and addresses of the person, by which what belongs to no entity is found. deleted: is called
        when they are, before what names them elsewhere is looked for.

        Followers are told that they are deleted, of nothing else."""
        ...

    async def compact(self) -> None:
        """Write the file anew, so that nothing is left in it of what was taken away. Writers wait meanwhile."""
        ...
