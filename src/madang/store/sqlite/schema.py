"""The tables of a tenant's SQLite file, as numbered migrations that only go forward (docs/decisions).

entity: one row per entity, with its attribute segments (see `codec.py`) and its rendered bytes. All other
tables up to `attribute_count` are indexes of it. change: one row per write, append-only: history, live events and
subscriptions read it. past: the row number of deleted entities, so that their history finds them again.
expiry: when something of an entity expires next, for the few of which something does. chunk: values of one attribute
that were folded out of change rows (see `chunks.py`); folded: up to which change that was done, entity by entity.
The tables of the audit are those of `audit_rows.py`. combination: how many entities have the same types.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import apsw

from madang.errors import StoreBroken
from madang.store.sqlite import audit_rows, person_rows

MIGRATIONS: Final = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE term (number INTEGER PRIMARY KEY, iri TEXT NOT NULL UNIQUE);
    CREATE TABLE entity (
        row INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        types TEXT NOT NULL,
        scopes TEXT NOT NULL,
        created INTEGER NOT NULL,
        modified INTEGER NOT NULL,
        expires INTEGER,
        segments BLOB NOT NULL,
        rendered BLOB NOT NULL
    );
    CREATE TABLE past (
        id TEXT PRIMARY KEY, row INTEGER NOT NULL, types TEXT NOT NULL, deleted INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX past_by_row ON past (row);
    CREATE TABLE entity_type (type INTEGER, row INTEGER, PRIMARY KEY (type, row)) WITHOUT ROWID;
    CREATE TABLE entity_scope (scope TEXT, row INTEGER, PRIMARY KEY (scope, row)) WITHOUT ROWID;
    CREATE TABLE entity_name (row INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE relation (
        target TEXT, term INTEGER, row INTEGER, PRIMARY KEY (target, term, row)
    ) WITHOUT ROWID;
    CREATE VIRTUAL TABLE place USING rtree(slot, west, east, south, north, +term INTEGER, +shape TEXT);
    CREATE TABLE value_index (
        number INTEGER PRIMARY KEY,
        type INTEGER NOT NULL,
        attribute INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('building', 'ready')),
        plain INTEGER NOT NULL DEFAULT 1,
        built_row INTEGER NOT NULL DEFAULT 0,
        UNIQUE (type, attribute)
    );
    CREATE TABLE number_value (
        index_number INTEGER, value REAL, row INTEGER, PRIMARY KEY (index_number, value, row)
    ) WITHOUT ROWID;
    CREATE TABLE text_value (
        index_number INTEGER, value TEXT, row INTEGER, PRIMARY KEY (index_number, value, row)
    ) WITHOUT ROWID;
    CREATE TABLE type_count (type INTEGER PRIMARY KEY, n INTEGER NOT NULL);
    CREATE TABLE attribute_count (
        type INTEGER, attribute INTEGER, kind TEXT, n INTEGER NOT NULL, PRIMARY KEY (type, attribute, kind)
    ) WITHOUT ROWID;
    CREATE TABLE change (
        sequence INTEGER PRIMARY KEY,
        row INTEGER NOT NULL,
        time INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        id TEXT NOT NULL,
        data BLOB NOT NULL
    );
    CREATE INDEX change_by_row ON change (row, sequence);
    CREATE TABLE source (
        id TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        run INTEGER NOT NULL,
        complete INTEGER NOT NULL,
        state BLOB NOT NULL,
        started INTEGER NOT NULL,
        finished INTEGER NOT NULL,
        problem TEXT NOT NULL,
        holder TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE source_entity (
        source TEXT, id TEXT, digest BLOB NOT NULL, run INTEGER NOT NULL, PRIMARY KEY (source, id)
    ) WITHOUT ROWID;
    CREATE TABLE quarantine (
        number INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        run INTEGER NOT NULL,
        time INTEGER NOT NULL,
        place TEXT NOT NULL,
        original TEXT NOT NULL,
        reason TEXT NOT NULL
    );
    CREATE INDEX quarantine_by_source ON quarantine (source, number);
    """,
    """
    CREATE TABLE subscription (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, subject TEXT NOT NULL, data BLOB NOT NULL
    );
    """,
    """
    CREATE TABLE expiry (row INTEGER PRIMARY KEY, moment INTEGER NOT NULL);
    CREATE INDEX expiry_by_moment ON expiry (moment);
    """,
    """
    CREATE TABLE folded (row INTEGER PRIMARY KEY, until INTEGER NOT NULL, edits INTEGER NOT NULL);
    CREATE TABLE chunk (
        number INTEGER PRIMARY KEY,
        row INTEGER NOT NULL,
        term INTEGER NOT NULL,
        dataset TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        until INTEGER NOT NULL,
        n INTEGER NOT NULL,
        regular INTEGER NOT NULL,
        earliest INTEGER,
        latest INTEGER,
        written_first INTEGER NOT NULL,
        written_last INTEGER NOT NULL,
        total REAL,
        least REAL,
        greatest REAL,
        columns BLOB NOT NULL,
        origins BLOB NOT NULL,
        bodies BLOB NOT NULL
    );
    CREATE INDEX chunk_by_series ON chunk (row, term, dataset, sequence, number);
    """,
    """
    CREATE TABLE context (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        document BLOB NOT NULL,
        url TEXT NOT NULL,
        created INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        etag TEXT NOT NULL,
        used INTEGER NOT NULL,
        hits INTEGER NOT NULL
    );
    CREATE INDEX context_by_url ON context (url);
    """,
    """
    CREATE TABLE outbox (sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, changes BLOB NOT NULL);
    CREATE TABLE delivery (
        subscription TEXT PRIMARY KEY, cursor INTEGER, state BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE dead_letter (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        subscription TEXT NOT NULL,
        time INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        reason TEXT NOT NULL,
        entities INTEGER NOT NULL,
        message BLOB NOT NULL
    );
    CREATE INDEX dead_letter_by_subscription ON dead_letter (subscription, number);
    """,
    audit_rows.TABLES,
    """
    CREATE TABLE combination (types TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO combination SELECT types, count(*) FROM entity GROUP BY types;
    """,
    person_rows.TABLES,
    "ALTER TABLE subscription ADD COLUMN purpose TEXT NOT NULL DEFAULT '';",
    """
    CREATE TABLE usage (
        day INTEGER NOT NULL, what TEXT NOT NULL, who TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (day, what, who)
    ) WITHOUT ROWID;
    """,
)


def migrate(connection: apsw.Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring the file to this version's tables. Raises StoreBroken for a file of a later version."""
    # Taken before the version is read, so that a command beside the platform does not migrate as well
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = connection.pragma("user_version")
        if not isinstance(version, int) or version > len(migrations):
            raise StoreBroken(
                f"{connection.filename} was written by a later version of Madang (its tables have number {version}, "
                f"this version knows {len(migrations)}); start it with that version"
            )
        for number in range(version, len(migrations)):
            connection.execute(migrations[number])
            connection.pragma("user_version", number + 1)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
