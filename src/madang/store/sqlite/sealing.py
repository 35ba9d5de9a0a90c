"""What is personal in a copy of a tenant's file, encrypted under keys that stay at home (`store/keys.py`).

`seal` takes every protected entity out of the copy, with its history, its consents and its name in the audit, by the code
that takes it out of indexes and counters every day, and keeps it as one encrypted row. What may be anybody's, such as
notifications on their way, is sealed under the tenant's common key. So the copy is a sound store without persons, and
stays one where keys are gone; `unseal` puts back what can be opened.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from madang.errors import BackupUnusable, StoreBroken
from madang.ngsild.context import Context
from madang.store.files import Unsealed
from madang.store.keys import COMMON, Key, Keys
from madang.store.sqlite import codec
from madang.store.sqlite.codec import DELETED, Terms
from madang.store.sqlite.copying import open_for_reading
from madang.store.sqlite.erase import NOBODY, nobody
from madang.store.sqlite.expiry import Expiry
from madang.store.sqlite.index_difference import IndexDifference
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.outbox import Outbox
from madang.store.sqlite.person_rows import PROTECTED
from madang.store.sqlite.place import Counters, Place
from madang.store.sqlite.schema import migrate

_SLICE: Final = 256
_NONCE_BYTES: Final = 12
_SEALED: Final = "CREATE TABLE sealed (handle BLOB PRIMARY KEY, body BLOB NOT NULL)"
_ROWS: Final = """SELECT e.row, e.id FROM entity_type t CROSS JOIN entity e ON e.row = t.row WHERE t.type = ?1
    UNION SELECT row, id FROM past WHERE instr(types, ' ' || ?1 || ' ')"""
_ENTITY: Final = "SELECT id, types, scopes, created, modified, expires, segments FROM entity WHERE row = ?"
_CHANGES: Final = "SELECT sequence, kind, data FROM change WHERE row = ?"
_DISOWN: Final = "UPDATE change SET row = ?, id = ?, kind = ?, data = x'' WHERE row = ?"
_OWN: Final = "UPDATE change SET row = ?, id = ?, kind = ?, data = ? WHERE sequence = ?"
_BY_ROW: Final = ("entity", "past", "chunk", "folded", "expiry")
_BY_ID: Final = (
    ("consent", "person"),
    ("person_link", "person"),
    ("person_request", "person"),
    ("audit_name", "entity"),
)
_ANYBODYS: Final = ("outbox", "dead_letter", "quarantine")
_DESTRUCTIONS: Final = "SELECT coalesce(max(number), 0) FROM destruction"


class Rows(msgspec.Struct, frozen=True, array_like=True):
    """Rows of one table, whole."""

    table: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Sealed(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed together. row, id: of an entity, 0 and "" for what may be anybody's. changes: (sequence, kind, data)."""

    row: int
    id: str
    parts: list[Rows]
    changes: list[tuple[int, int, bytes]]


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Sealed)


class Sealing(msgspec.Struct, frozen=True):
    """tenant: of the copied file. context, names: as the stores of the platform have them. protected: types (IRIs)."""

    tenant: str
    context: Context
    names: frozenset[str]
    protected: frozenset[str]


def seal(source: Path, path: Path, keys: Keys, what: Sealing) -> int:
    """Seal what is personal in a copy of a store, which is at `source`. How many entities that were.

    Raises BackupUnusable where somebody was erased meanwhile, whose data the copy may hold still."""
    connection = apsw.Connection(str(path))
    try:
        connection.pragma("temp_store", "memory")
        migrate(connection)
        with connection:
            connection.execute(_SEALED)
            n = _seal_entities(connection, keys, what)
            rest = [_taken(connection, table, "1", 1) for table in _ANYBODYS]
            rest.append(_taken(connection, "person_request", "person", ""))
            if any(part.rows for part in rest):
                key = keys.take(what.tenant, (COMMON,))[COMMON]
                _keep(connection, key, Sealed(0, "", rest, []))
            erased = int(connection.execute(_DESTRUCTIONS).get)
        # Freed pages would hold it in plain
        connection.execute("VACUUM")
    except apsw.Error as error:
        raise StoreBroken(f"What is personal in {path} cannot be sealed: {error}") from error
    finally:
        connection.close()
    if _destructions(source) != erased:
        raise BackupUnusable(
            "Personal data was destroyed while it was being copied; nothing is backed up: begin again"
        )
    return n


def unseal(path: Path, keys: Keys, what: Sealing) -> Unsealed:
    """Put back what keys can open, in a file that nobody else uses; what they cannot open is dropped."""
    connection = apsw.Connection(str(path))
    try:
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sealed'").get is None:
            return Unsealed(0, 0)
        connection.pragma("temp_store", "memory")
        migrate(connection)
        opened = 0
        place = _place(connection, what)
        with connection:
            handles: list[Any] = connection.execute("SELECT handle FROM sealed").fetchall()
            found = keys.find([handle for (handle,) in handles])
            lost = len(handles) - len(found)
            for key in found.values():
                body: Any = connection.execute("SELECT body FROM sealed WHERE handle = ?", (key.handle,)).get
                sealed = _opened(key, body)
                opened += bool(sealed.id)
                _put_back(place, sealed)
            connection.execute("DROP TABLE sealed")
    except apsw.Error as error:
        raise StoreBroken(f"What is sealed in {path} cannot be opened: {error}") from error
    finally:
        connection.close()
    return Unsealed(opened, lost)


def _place(connection: apsw.Connection, what: Sealing) -> Place:
    terms = Terms(connection)
    return Place(
        *(connection, terms, ValueIndexes(connection), Counters(connection), what.context, what.names),
        *(Outbox(terms, open_wide=False), Expiry(connection)),
    )


def _seal_entities(connection: apsw.Connection, keys: Keys, what: Sealing) -> int:
    place = _place(connection, what)
    told = msgspec.json.decode(connection.execute(PROTECTED).get or "[]", type=frozenset[str])
    found = dict(_protected(place, what.protected | told))
    rows = list(found)
    for start in range(0, len(rows), _SLICE):
        part = rows[start : start + _SLICE]
        taken = keys.take(what.tenant, [found[row] for row in part])
        difference = IndexDifference(place)
        for row in part:
            _seal_entity(place, difference, row, taken[found[row]])
        difference.write()
    return len(rows)


def _protected(place: Place, protected: Iterable[str]) -> Iterator[tuple[int, str]]:
    """(row, id) of all entities of these types, present and past."""
    for iri in sorted(protected):
        number = place.terms.find(iri)
        if number is not None:
            rows: list[Any] = place.connection.execute(_ROWS, (number,)).fetchall()
            yield from rows


def _seal_entity(place: Place, difference: IndexDifference, row: int, key: Key) -> None:
    connection = place.connection
    found: Any = connection.execute(_ENTITY, (row,)).fetchone()
    if found is not None:
        difference.add(row, codec.decode_entity(found, place.terms), None)
        identifier = found[0]
    else:
        identifier = connection.execute("SELECT id FROM past WHERE row = ?", (row,)).get
    changes: list[Any] = connection.execute(_CHANGES, (row,)).fetchall()
    parts = [_taken(connection, table, "row", row) for table in _BY_ROW]
    parts += [_taken(connection, table, column, identifier) for table, column in _BY_ID]
    if changes:
        connection.execute(_DISOWN, (nobody(place), NOBODY, DELETED, row))
    _keep(connection, key, Sealed(row, identifier, [part for part in parts if part.rows], changes))


def _taken(connection: apsw.Connection, table: str, column: str, value: object) -> Rows:
    """The rows of a table with this value, which are then no more."""
    names = connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
    columns = tuple([str(name) for (name,) in names])
    statement = f"SELECT {', '.join(columns)} FROM {table} WHERE {column} = ?"  # noqa: S608 names from above
    rows: list[Any] = connection.execute(statement, (value,)).fetchall()
    if rows:
        connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (value,))  # noqa: S608
    return Rows(table, columns, rows)


def _keep(connection: apsw.Connection, key: Key, sealed: Sealed) -> None:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    body = nonce + AESGCM(key.secret).encrypt(nonce, _ENCODER.encode(sealed), key.handle)
    connection.execute("INSERT INTO sealed VALUES (?, ?)", (key.handle, body))


def _opened(key: Key, body: bytes) -> Sealed:
    try:
        plain = AESGCM(key.secret).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], key.handle)
    except InvalidTag as error:
        raise StoreBroken("What is sealed in the backup was changed; use another backup") from error
    return _DECODER.decode(plain)


def _put_back(place: Place, sealed: Sealed) -> None:
    connection = place.connection
    for part in sealed.parts:
        marks = ", ".join("?" for _ in part.columns)
        statement = f"INSERT OR REPLACE INTO {part.table} ({', '.join(part.columns)}) VALUES ({marks})"  # noqa: S608 our own names
        connection.executemany(statement, part.rows)
    own = [(sealed.row, sealed.id, kind, data, sequence) for sequence, kind, data in sealed.changes]
    connection.executemany(_OWN, own)
    found: Any = connection.execute(_ENTITY, (sealed.row,)).fetchone() if sealed.row else None
    if found is not None:
        difference = IndexDifference(place)
        difference.add(sealed.row, None, codec.decode_entity(found, place.terms))
        difference.write()


def _destructions(path: Path) -> int:
    connection = open_for_reading(path)
    try:
        known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'destruction'").get
        return int(connection.execute(_DESTRUCTIONS).get) if known else 0
    finally:
        connection.close()
