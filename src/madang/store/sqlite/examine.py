"""Examining a tenant's file: what every entity should have in the indexes, compared with what is there (`madang doctor`).

The rows that should be there are written by the code that writes them every day, into a scratch file beside; then
the database compares. What is repaired are indexes, counters and rendered forms, which follow from the entities;
entities and history themselves follow from nothing and are only judged.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import apsw
import orjson

from madang.errors import MadangError, StoreBroken
from madang.ngsild.context import Context
from madang.ngsild.expiry import next_expiry
from madang.ngsild.representation import render_whole
from madang.store.files import Finding, Report
from madang.store.sqlite import codec
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.copying import facts, open_for_reading
from madang.store.sqlite.expiry import Expiry
from madang.store.sqlite.index_difference import IndexDifference
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.outbox import Outbox
from madang.store.sqlite.place import Counters, Place
from madang.store.sqlite.schema import migrate

_SLICE: Final = 512
_SCRATCH: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
_RESTORE: Final = "restore a backup with `madang restore`"
_REPAIR: Final = "`madang doctor --repair` writes it anew"
# Index tables with their columns; of the values only those whose index is complete
_READY: Final = "index_number IN (SELECT number FROM store.value_index WHERE state = 'ready')"
_INDEXES: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("entity_type", "type, row", "1", "types of entities"),
    ("entity_scope", "scope, row", "1", "scopes of entities"),
    ("entity_name", "row, name", "1", "names for the search"),
    ("relation", "target, term, row", "1", "relationships"),
    ("place", "slot, west, east, south, north, term, shape", "1", "geometries"),
    ("number_value", "index_number, value, row", _READY, "values that are numbers"),
    ("text_value", "index_number, value, row", _READY, "values that are texts"),
    ("type_count", "type, n", "n <> 0", "counts of types"),
    ("combination", "types, n", "n <> 0", "counts of types that go together"),
    ("attribute_count", "type, attribute, kind, n", "n <> 0", "counts of attributes"),
)
_JUDGED: Final = (
    (
        """SELECT count(*) FROM (SELECT DISTINCT row FROM store.change UNION SELECT row FROM store.chunk)
        WHERE row NOT IN (SELECT row FROM store.entity) AND row NOT IN (SELECT row FROM store.past)""",
        "histories belong to no entity, present or past",
    ),
    (
        "SELECT count(*) FROM store.folded WHERE until > (SELECT max(sequence) FROM store.change)",
        "histories are folded beyond the last change",
    ),
    (
        "SELECT count(*) FROM store.delivery WHERE cursor > (SELECT max(sequence) FROM store.change)",
        "subscriptions have been notified beyond the last change",
    ),
    (
        "SELECT count(*) FROM store.entity a JOIN store.past p ON p.id = a.id",
        "entities are present and deleted at once",
    ),
)
_STRAYS: Final = tuple(
    (
        f"FROM store.{table} WHERE subscription NOT IN (SELECT id FROM store.subscription)",  # noqa: S608 constants
        f"{what} of subscriptions that are no more",
    )
    for table, what in (("delivery", "states"), ("dead_letter", "undelivered notifications"))
)


class Judge:
    """Compares one file with itself. context, name_attributes: as the stores of the platform have them."""

    def __init__(self, path: Path, context: Context, name_attributes: frozenset[str]) -> None:
        self._path = path
        self._context = context
        self._name_attributes = name_attributes
        self._findings: list[Finding] = []

    def examine(self, *, repair: bool, report: Report) -> list[Finding]:
        """report: entities. repair: nobody else may have the file open."""
        if not self._sound():
            return self._findings
        with tempfile.TemporaryDirectory(prefix="madang-doctor-") as folder:
            scratch = apsw.Connection(str(Path(folder) / "expected.sqlite3"), flags=_SCRATCH)
            try:
                scratch.pragma("synchronous", "off")
                migrate(scratch)
                mode = "rw" if repair else "ro"
                scratch.execute("ATTACH ? AS store", (f"file:{_escaped(self._path)}?mode={mode}",))
                self._compare(scratch, report, repair=repair)
            except apsw.Error as error:
                self._found(f"cannot be examined to the end: {error}", _RESTORE)
            finally:
                scratch.close()
        return self._findings

    def _found(self, fault: str, remedy: str, *, repaired: bool = False) -> None:
        self._findings.append(Finding(str(self._path), fault, remedy, repaired))

    def _sound(self) -> bool:
        """Whether the file can be opened, is of a known version and whole as a database."""
        try:
            connection = open_for_reading(self._path)
            try:
                facts(connection)
                faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
            finally:
                connection.close()
        except StoreBroken as error:
            self._found(error.message, "start the platform in the version that wrote it")
            return False
        except apsw.Error as error:
            self._found(f"cannot be read as a database: {error}", _RESTORE)
            return False
        for fault in faults:
            if fault != "ok":
                self._found(f"is damaged as a database: {fault}", _RESTORE)
        return faults == ["ok"]

    def _compare(self, scratch: apsw.Connection, report: Report, *, repair: bool) -> None:
        # One moment of the file, whatever is written to it meanwhile
        scratch.execute("BEGIN IMMEDIATE" if repair else "BEGIN")
        scratch.execute("INSERT INTO main.term SELECT * FROM store.term")
        scratch.execute("INSERT INTO main.value_index SELECT * FROM store.value_index")
        self._read_entities(scratch, report, repair=repair)
        for table, columns, condition, what in _INDEXES:
            self._compare_table(scratch, (table, columns, condition), what, repair=repair)
        mixed = "FROM main.value_index m WHERE m.plain = 0 AND m.number = v.number"
        claims = f"FROM store.value_index v WHERE v.plain = 1 AND EXISTS (SELECT 1 {mixed})"
        if n := int(scratch.execute(f"SELECT count(*) {claims}").get):
            self._found(f"{n} indexes claim that no entity has several values", _REPAIR, repaired=repair)
            if repair:
                scratch.execute(
                    f"UPDATE store.value_index AS v SET plain = 0 WHERE EXISTS (SELECT 1 {mixed})"  # noqa: S608
                )
        for statement, fault in _JUDGED:
            if n := int(scratch.execute(statement).get or 0):
                self._found(f"{n} {fault}", _RESTORE)
        for rest, fault in _STRAYS:
            if n := int(scratch.execute(f"SELECT count(*) {rest}").get):
                self._found(
                    f"there are {n} {fault}", "`madang doctor --repair` removes them", repaired=repair
                )
                if repair:
                    scratch.execute(f"DELETE {rest}")
        scratch.execute("COMMIT")

    def _read_entities(self, scratch: apsw.Connection, report: Report, *, repair: bool) -> None:
        """Write the index rows of every entity into the scratch file, and look at what is kept rendered."""
        terms = Terms(scratch)
        place = Place(
            *(scratch, terms, ValueIndexes(scratch), Counters(scratch), self._context),
            *(self._name_attributes, Outbox(terms, open_wide=False), Expiry(scratch)),
        )
        total = int(scratch.execute("SELECT count(*) FROM store.entity").get)
        stale: list[tuple[bytes, int]] = []
        unnoted: list[tuple[int, int]] = []
        done = 0
        for rows in _slices(scratch):
            difference = IndexDifference(place)
            for row, rendered, noted, *rest in rows:
                try:
                    entity = codec.decode_entity(tuple(rest), terms)
                    difference.add(row, None, entity)
                    if bytes(rendered) != (right := render_whole(entity, self._context)):
                        stale.append((right, row))
                    expiry = next_expiry(entity)
                    if expiry and (noted is None or noted > expiry):
                        unnoted.append((row, expiry))
                except (MadangError, ValueError, KeyError, IndexError, orjson.JSONDecodeError) as error:
                    self._found(
                        f"entity {rest[0]} cannot be read ({error!r})", f"write it anew, or {_RESTORE}"
                    )
            difference.write()
            done += len(rows)
            report(done, total)
        if stale and not self._renders_at_start(scratch):
            self._found(f"{len(stale)} entities are kept rendered in a wrong form", _REPAIR, repaired=repair)
            if repair:
                scratch.executemany("UPDATE store.entity SET rendered = ? WHERE row = ?", stale)
        if unnoted:
            self._found(f"{len(unnoted)} entities do not expire when they should", _REPAIR, repaired=repair)
            if repair:
                scratch.executemany(
                    "INSERT OR REPLACE INTO store.expiry (row, moment) VALUES (?, ?)", unnoted
                )

    def _renders_at_start(self, scratch: apsw.Connection) -> bool:
        """Whether the platform renders everything anew when it starts: the file is of another vocabulary."""
        known = scratch.execute("SELECT value FROM store.meta WHERE key = 'context'").get
        return bool(known != codec.context_digest(self._context))

    def _compare_table(
        self, scratch: apsw.Connection, table: tuple[str, str, str], what: str, *, repair: bool
    ) -> None:
        name, columns, condition = table
        mine = f"SELECT {columns} FROM main.{name} WHERE {condition}"  # noqa: S608 constants
        theirs = f"SELECT {columns} FROM store.{name} WHERE {condition}"  # noqa: S608
        missing, extra = f"{mine} EXCEPT {theirs}", f"{theirs} EXCEPT {mine}"
        n_missing, n_extra = (
            int(scratch.execute(f"SELECT count(*) FROM ({difference})").get)  # noqa: S608
            for difference in (missing, extra)
        )
        if not n_missing and not n_extra:
            return
        self._found(
            f"the index of {what} lacks {n_missing} rows and has {n_extra} that should not be there",
            _REPAIR,
            repaired=repair,
        )
        if repair:
            gone = scratch.execute(extra).fetchall()
            keys = " AND ".join(f"{column} IS ?" for column in columns.split(", "))
            if name == "place":
                keys, gone = "slot = ?", [row[:1] for row in gone]
            scratch.executemany(f"DELETE FROM store.{name} WHERE {keys}", gone)  # noqa: S608
            scratch.execute(f"INSERT OR REPLACE INTO store.{name} ({columns}) {missing}")


def _slices(scratch: apsw.Connection) -> Iterator[list[tuple[Any, ...]]]:
    """The entities in slices: row, rendered, when it is noted to expire, then the columns that make an entity."""
    last = 0
    while True:
        rows: list[tuple[Any, ...]] = scratch.execute(
            "SELECT e.row, e.rendered, x.moment, e.id, e.types, e.scopes, e.created, e.modified, e.expires, e.segments "
            "FROM store.entity e LEFT JOIN store.expiry x ON x.row = e.row WHERE e.row > ? ORDER BY e.row LIMIT ?",
            (last, _SLICE),
        ).fetchall()
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def _escaped(path: Path) -> str:
    """The path within a URI of SQLite."""
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
