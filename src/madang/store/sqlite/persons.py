"""Consents, requests and records of destruction in a tenant's file; erasing itself is `erase.py`'s.

The consents that hold are in memory, because every read of personal data asks for them; they are read anew after a
write and when the first of them expires or begins.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import apsw
import msgspec

from madang.errors import Busy, NotFound
from madang.settings import LIMITS
from madang.store.persons import Consent, Destruction, Remains, Request, Standing
from madang.store.sqlite import person_rows
from madang.store.sqlite.erase import Erasing
from madang.store.sqlite.person_rows import CONSENT, DESTRUCTION, REQUEST, packed

_GIVE: Final = """INSERT INTO consent (person, purpose, attributes, roles, organisations, given, expires, revoked, by, notice)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number"""
_RENEW: Final = (
    "UPDATE consent SET revoked = ?3 WHERE person = ?1 AND purpose = ?2 AND revoked = 0 AND expires > ?3"
)
_REVOKE: Final = "UPDATE consent SET revoked = ? WHERE number = ? AND person = ? AND revoked = 0"
_HOLDING: Final = f"SELECT {CONSENT} FROM consent WHERE revoked = 0 AND expires > ? ORDER BY number"  # noqa: S608 constants
_OF_PERSON: Final = f"SELECT {CONSENT} FROM consent WHERE person = ? ORDER BY number DESC"  # noqa: S608
_ASK: Final = """INSERT INTO person_request (wish, subject, person, text, made, due, done, answer)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING number"""
_OPEN: Final = "SELECT count(*) FROM person_request WHERE subject = ? AND done = 0"
_ANSWER: Final = "UPDATE person_request SET done = ?, answer = ? WHERE number = ?"
_REQUESTS: Final = f"""SELECT {REQUEST} FROM person_request WHERE ?1 = '' OR subject = ?1
    ORDER BY done <> 0, number DESC LIMIT ?2"""  # noqa: S608
_REQUEST: Final = f"SELECT {REQUEST} FROM person_request WHERE number = ?"  # noqa: S608
_RECORD: Final = """INSERT INTO destruction (cause, by, reason, types, other, begun, ended)
    VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING number"""
_DESTRUCTIONS: Final = f"SELECT {DESTRUCTION} FROM destruction ORDER BY number DESC LIMIT ?"  # noqa: S608

Writing = Callable[[Callable[[apsw.Connection], Any]], Awaitable[Any]]


class SqlitePersons:
    """Implements `store.persons.Persons`. writing: runs a function inside a transaction of the store's writer."""

    def __init__(
        self, reader: apsw.Connection, writing: Writing, erasing: Erasing, forget: Callable[[], None]
    ) -> None:
        self._reader = reader
        self._writing = writing
        self._erasing = erasing
        # What memory still holds of entities
        self._forget = forget
        self._standing = Standing(0, ())
        self._read = False
        # The moment at which other consents hold, though nobody writes
        self._until = 0

    def standing(self, now: int) -> Standing:
        if not self._read or now >= self._until:
            rows: list[Any] = self._reader.execute(_HOLDING, (now,)).fetchall()
            kept = [person_rows.consent_of(row) for row in rows]
            moments = [one.given if one.given > now else one.expires for one in kept]
            self._until = min(moments, default=2**63 - 1)
            self._standing = Standing(
                self._standing.version + 1, tuple([one for one in kept if one.holds(now)])
            )
            self._read = True
        return self._standing

    def consents_of(self, person: str) -> list[Consent]:
        return [person_rows.consent_of(row) for row in self._reader.execute(_OF_PERSON, (person,))]

    async def give(self, consent: Consent) -> Consent:
        found = await self._numbered(
            lambda connection: (
                connection.execute(_RENEW, (consent.person, consent.purpose, consent.given)),
                connection.execute(_GIVE, person_rows.consent_row(consent)).get,
            )[1]
        )
        self._read = False
        return msgspec.structs.replace(consent, number=found)

    async def revoke(self, person: str, number: int, now: int) -> Consent:
        await self._writing(lambda connection: connection.execute(_REVOKE, (now, number, person)))
        self._read = False
        for consent in self.consents_of(person):
            if consent.number == number:
                return consent
        raise NotFound(f"There is no consent {number} of this person")

    def person_of(self, subject: str) -> str:
        found = self._reader.execute("SELECT person FROM person_link WHERE subject = ?", (subject,)).get
        return str(found or "")

    def subjects_of(self, person: str) -> list[str]:
        rows = self._reader.execute("SELECT subject FROM person_link WHERE person = ?", (person,))
        return [str(subject) for (subject,) in rows]

    async def link(self, subject: str, person: str) -> None:
        if person:
            put = "INSERT OR REPLACE INTO person_link VALUES (?, ?)"
            await self._writing(lambda connection: connection.execute(put, (subject, person)))
        else:
            drop = "DELETE FROM person_link WHERE subject = ?"
            await self._writing(lambda connection: connection.execute(drop, (subject,)))

    async def ask(self, request: Request) -> Request:
        if int(self._reader.execute(_OPEN, (request.subject,)).get) >= LIMITS.person_open_requests_max:
            raise Busy(
                f"{LIMITS.person_open_requests_max} of your requests are open; wait for an answer to one of them"
            )
        row = (
            *(request.wish.value, request.subject, request.person, request.text),
            *(request.made, request.due, request.done, request.answer),
        )
        number = await self._numbered(lambda connection: connection.execute(_ASK, row).get)
        return msgspec.structs.replace(request, number=number)

    async def answer(self, number: int, done: int, answer: str) -> Request:
        await self._writing(lambda connection: connection.execute(_ANSWER, (done, answer, number)))
        found = self.request(number)
        if found is None:
            raise NotFound(f"There is no request {number}")
        return found

    def requests(self, subject: str = "", limit: int = 100) -> list[Request]:
        return [person_rows.request_of(row) for row in self._reader.execute(_REQUESTS, (subject, limit))]

    def request(self, number: int) -> Request | None:
        row = self._reader.execute(_REQUEST, (number,)).fetchone()
        return None if row is None else person_rows.request_of(row)

    async def record(self, destruction: Destruction) -> Destruction:
        row = (
            *(destruction.cause.value, destruction.by, destruction.reason, packed(destruction.types)),
            *(packed(destruction.other), destruction.begun, destruction.ended),
        )
        number = await self._numbered(lambda connection: connection.execute(_RECORD, row).get)
        return msgspec.structs.replace(destruction, number=number)

    async def settle(self, number: int, remains: Remains) -> None:
        row = packed(remains.types), packed(remains.other), number
        statement = "UPDATE destruction SET types = ?, other = ? WHERE number = ?"
        await self._writing(lambda connection: connection.execute(statement, row))

    async def end(self, number: int, now: int) -> None:
        statement = "UPDATE destruction SET ended = ? WHERE number = ?"
        await self._writing(lambda connection: connection.execute(statement, (now, number)))

    def destructions(self, limit: int = 100) -> list[Destruction]:
        return [person_rows.destruction_of(row) for row in self._reader.execute(_DESTRUCTIONS, (limit,))]

    async def protect(self, types: frozenset[str]) -> None:
        told = packed(sorted(types))
        if self._reader.execute(person_rows.PROTECTED).get != told:
            put = "INSERT OR REPLACE INTO meta VALUES ('protected', ?)"
            await self._writing(lambda connection: connection.execute(put, (told,)))

    async def older(self, types: Sequence[str], before: int, limit: int) -> list[str]:
        return self._erasing.older(self._reader, types, before, limit)

    async def erase(
        self,
        ids: Sequence[str],
        texts: Sequence[str] = (),
        deleted: Callable[[], Awaitable[None]] | None = None,
    ) -> Remains:
        try:
            return await self._erasing.erase(ids, texts, deleted)
        finally:
            self._read = False
            self._forget()

    async def compact(self) -> None:
        await self._erasing.compact()

    async def _numbered(self, work: Callable[[apsw.Connection], Any]) -> int:
        found: list[int] = []
        await self._writing(lambda connection: found.append(int(work(connection))))
        return found[0]
