"""The rows of a chain of events: their tables, how one is hashed, and how a thing's name is kept apart from it.

audit: one row per event; things: of how many it is; its hash is that of the hash before it and of all its columns. audit_entity: which event is of
which thing, the thing named by a token. audit_name: what a token stands for. A token is the hash of the name with a salt
that stands only there: so the chain proves what an event was about, and without that row nobody can tell any more.
audit_cut: the event up to which the chain was cut, where it was.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

import apsw
import msgspec

from madang.errors import StoreBroken
from madang.store.audit import Deed, Event, Head, Recorded

TABLES: Final = """
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY,
        time INTEGER NOT NULL,
        subject TEXT NOT NULL,
        deed TEXT NOT NULL,
        object TEXT NOT NULL,
        things INTEGER NOT NULL,
        told BLOB NOT NULL,
        hash BLOB NOT NULL
    );
    CREATE INDEX audit_by_time ON audit (time);
    CREATE INDEX audit_by_subject ON audit (subject, number);
    CREATE INDEX audit_by_deed ON audit (deed, number);
    CREATE TABLE audit_entity (token BLOB, number INTEGER, PRIMARY KEY (token, number)) WITHOUT ROWID;
    CREATE TABLE audit_name (
        token BLOB PRIMARY KEY, salt BLOB NOT NULL, entity TEXT NOT NULL UNIQUE
    ) WITHOUT ROWID;
    CREATE TABLE audit_cut (only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL, hash BLOB NOT NULL);
    """
COLUMNS: Final = "number, time, subject, deed, object, things, told, hash"
Row = tuple[int, int, str, str, str, int, bytes, bytes]

_SALT_BYTES: Final = 16
_TOKEN_BYTES: Final = 16
_LAST: Final = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1"
_CUT: Final = "SELECT number, hash FROM audit_cut"
_NAME: Final = "SELECT entity FROM audit_name WHERE token = ?"


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What stands in the column `told`: the fields of `Event` that have no column, tokens for the entities."""

    tokens: tuple[bytes, ...]
    types: tuple[str, ...]
    purpose: str
    reason: str
    rules: tuple[str, ...]
    origin: str
    request: str


class _Beginning(msgspec.Struct, frozen=True, array_like=True):
    """What `Told` begins with; the rest is not looked at."""

    tokens: tuple[bytes, ...]


_ENCODER: Final = msgspec.msgpack.Encoder()
_TOLD: Final = msgspec.msgpack.Decoder(Told)
_BEGINNING: Final = msgspec.msgpack.Decoder(_Beginning)


def tokens_of(told: bytes) -> tuple[bytes, ...]:
    return _BEGINNING.decode(told).tokens


def digest(before: bytes, number: int, time: int, columns: tuple[str, str, str, int, bytes]) -> bytes:
    """The hash of an event. before: that of the one before it, no bytes for the first. columns: from subject to told."""
    return sha256(before + _ENCODER.encode((number, time, *columns))).digest()


def deed_of(text: str) -> Deed:
    """Raises StoreBroken."""
    try:
        return Deed(text)
    except ValueError as error:
        raise StoreBroken(
            f"'{text[:40]}' in the audit is no deed; `madang audit verify` says more"
        ) from error


def token_of(salt: bytes, entity: str) -> bytes:
    return sha256(salt + entity.encode()).digest()[:_TOKEN_BYTES]


def head_of(connection: apsw.Connection) -> Head:
    """How far the chain is. A chain always keeps its last event, also where all are older than they are kept."""
    row: Any = connection.execute(_LAST).fetchone()
    return Head(*row) if row is not None else Head()


def begins_behind(connection: apsw.Connection) -> Head:
    """The event up to which the chain was cut; number 0 where it never was."""
    row: Any = connection.execute(_CUT).fetchone()
    return Head(*row) if row is not None else Head()


def write(connection: apsw.Connection, time: int, events: Iterable[Event]) -> None:
    """Add the events to the chain, inside of a transaction."""
    head = head_of(connection)
    number, last = head.number, head.hash
    for event in events:
        number += 1
        tokens = tuple([_token(connection, entity) for entity in dict.fromkeys(event.entities)])
        told = Told(
            *(tokens, event.types, event.purpose, event.reason, event.rules),
            *(event.origin, event.request),
        )
        columns = event.subject, event.deed.value, event.object, len(tokens), _ENCODER.encode(told)
        last = digest(last, number, time, columns)
        connection.execute(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (number, time, *columns, last)
        )
        connection.executemany("INSERT INTO audit_entity VALUES (?, ?)", [(one, number) for one in tokens])


def known_token(connection: apsw.Connection, entity: str) -> bytes | None:
    row: Any = connection.execute("SELECT token FROM audit_name WHERE entity = ?", (entity,)).fetchone()
    return row[0] if row is not None else None


def _token(connection: apsw.Connection, entity: str) -> bytes:
    known = known_token(connection, entity)
    if known is not None:
        return known
    salt = secrets.token_bytes(_SALT_BYTES)
    made = token_of(salt, entity)
    connection.execute("INSERT INTO audit_name VALUES (?, ?, ?)", (made, salt, entity))
    return made


def read(connection: apsw.Connection, row: Row) -> Recorded:
    """An event as it is told, with the names of its things as far as they are known. Raises StoreBroken."""
    number, time, subject, deed, object_, _, told, hashed = row
    done = deed_of(deed)
    try:
        rest = _TOLD.decode(told)
    except ValueError as error:
        raise StoreBroken(
            f"Event {number} of the audit cannot be read; `madang audit verify` says more"
        ) from error
    names: list[Any] = [connection.execute(_NAME, (one,)).get for one in rest.tokens]
    known = tuple([name for name in names if name is not None])
    event = Event(
        *(subject, done, object_, known, rest.types, rest.purpose, rest.reason),
        *(rest.rules, rest.origin, rest.request),
    )
    return Recorded(number, time, event, len(names) - len(known), hashed)
