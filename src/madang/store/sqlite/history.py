"""Reading an entity's history out of the change rows.

All reading goes through `read_series`: for each attribute and datasetId the instances in the order of their
writing. Today they all come from the tail of change rows; folded chunks will come before it, in the same
function. `history_edit.py` deletes and corrects, `history_page.py` answers queries over many entities.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import apsw
import msgspec

from madang.ngsild.entity import Kind
from madang.ngsild.evolution import Evolution, Instance, Series, deletion_body, select
from madang.ngsild.temporal import TemporalQuery
from madang.store.sqlite import codec
from madang.store.sqlite.codec import SEGMENT_SEPARATOR, Terms

SLICE_ROWS: Final = 512

_TAIL: Final = """SELECT sequence, data FROM change INDEXED BY change_by_row
    WHERE row = ? AND sequence > ? ORDER BY sequence LIMIT ?"""
_ANY_LEFT: Final = "SELECT EXISTS (SELECT 1 FROM change WHERE row = ? AND data != x'')"
_PRESENT: Final = "SELECT row, types, scopes, created, modified FROM entity WHERE id = ?"
_PAST: Final = "SELECT row, types, '', 0, deleted FROM past WHERE id = ?"

# What follows the term's number in a segment: datasetId, flags, created, modified, body
_REST: Final = rb"\x1e([^\x1e]*)\x1e([^\x1e]*)\x1e(\d*)\x1e(\d*)\x1e([^\x1f]*)"
_ANY: Final = re.compile(rb"(\d+)" + _REST)

# (term number, datasetId or b"") as the segments write them
Key = tuple[bytes, bytes]


class Subject(msgspec.Struct, frozen=True):
    """An entity whose history is read; one that was deleted has only what `past` remembers of it."""

    row: int
    id: str
    types: tuple[str, ...]
    scope: tuple[str, ...] = ()
    created_at: int = 0
    modified_at: int = 0


class Wanted(msgspec.Struct, frozen=True):
    """Which series to read. terms: numbers as text, None for all. hidden: numbers that do not exist for the reader.

    datasets: datasetIds, b"" for the default instance; empty for all.
    """

    terms: tuple[bytes, ...] | None
    hidden: frozenset[bytes]
    datasets: frozenset[bytes]

    def includes(self, key: Key) -> bool:
        term, dataset = key
        if term in self.hidden or (self.terms is not None and term not in self.terms):
            return False
        return not self.datasets or dataset in self.datasets


def wanted(terms: Terms, temporal: TemporalQuery, mask: Collection[str]) -> Wanted:
    """What a query wants to read, in the numbers of this file."""
    datasets = frozenset(dataset.encode() for dataset in temporal.datasets)
    hidden = frozenset(_number(terms, name) for name in (*mask, *temporal.without)) - {b""}
    if not temporal.attributes:
        return Wanted(None, hidden, datasets)
    numbers = [_number(terms, name) for name in temporal.attributes]
    known = [number for number in dict.fromkeys(numbers) if number and number not in hidden]
    return Wanted(tuple(known), hidden, datasets)


def _number(terms: Terms, name: str) -> bytes:
    """The number of an IRI as the segments write it; b"" if no entity ever had it."""
    number = terms.find(name)
    return b"" if number is None else str(number).encode()


def find(connection: apsw.Connection, terms: Terms, entity_id: str) -> Subject | None:
    """The entity with this id, or what remains of one that was deleted."""
    row = connection.execute(_PRESENT, (entity_id,)).fetchone()
    if row is None:
        row = connection.execute(_PAST, (entity_id,)).fetchone()
    if row is None:
        return None
    number, types, scopes, created, modified = row
    return Subject(
        number, entity_id, codec.decode_types(types, terms), codec.decode_scopes(scopes), created, modified
    )


async def evolution(
    connection: apsw.Connection, terms: Terms, subject: Subject, query: TemporalQuery, mask: Collection[str]
) -> Evolution:
    """The subject with the series that the query selects; without any if none does."""
    found = await read_series(connection, subject.row, wanted(terms, query, mask))
    return evolution_of(subject, selected(terms, found, query))


def evolution_of(subject: Subject, series: Iterable[Series]) -> Evolution:
    """The subject with these series."""
    present = (subject.scope, subject.created_at, subject.modified_at)
    return Evolution(subject.id, subject.types, tuple(series), *present)


def selected(terms: Terms, found: Mapping[Key, Sequence[Instance]], query: TemporalQuery) -> Iterator[Series]:
    """Of each series that was read the part that the query selects, if there is one."""
    for (term, dataset), instances in found.items():
        series = select(terms.iri(int(term)), dataset.decode() or None, instances, query)
        if series is not None:
            yield series


def has_history(connection: apsw.Connection, row: int) -> bool:
    """Whether anything of the entity's history is left."""
    return bool(connection.execute(_ANY_LEFT, (row,)).get)


async def read_series(connection: apsw.Connection, row: int, which: Wanted) -> dict[Key, list[Instance]]:
    """All instances of each wanted series of one entity, in the order of their writing."""
    series: dict[Key, list[Instance]] = {}
    last = 0
    while True:
        rows: list[Any] = connection.execute(_TAIL, (row, last, SLICE_ROWS)).fetchall()
        if which.terms is None:
            _collect(_cut_all(rows), which, series)
        else:
            for term in which.terms:
                _collect(_cut(rows, term), which, series)
        if len(rows) < SLICE_ROWS:
            return series
        last = rows[-1][0]
        await asyncio.sleep(0)


# (sequence, place, term number, datasetId, flags, created, modified, body) of one segment
Piece = tuple[int, bytes, bytes, bytes, bytes, bytes, bytes, bytes]


def _cut(rows: list[tuple[int, bytes]], term: bytes) -> Iterator[Piece]:
    """The segments of one term; the others are not even looked at."""
    cut = re.compile(SEGMENT_SEPARATOR + b"(" + term + b")" + _REST).findall
    first = term + b"-0"
    for sequence, data in rows:
        for place, segment in enumerate(cut(SEGMENT_SEPARATOR + data)):
            yield (sequence, b"%b-%d" % (term, place) if place else first, *segment)


def _cut_all(rows: list[tuple[int, bytes]]) -> Iterator[Piece]:
    """Every segment; its place counts the segments of the same term before it in the row."""
    for sequence, data in rows:
        places: dict[bytes, int] = {}
        for segment in _ANY.findall(data):
            term = segment[0]
            place = places[term] = places.get(term, -1) + 1
            yield (sequence, b"%b-%d" % (term, place), *segment)


def _collect(pieces: Iterator[Piece], which: Wanted, series: dict[Key, list[Instance]]) -> None:
    """Add each piece that the reader may see to its series."""
    for sequence, place, term, dataset, flags, created, modified, body in pieces:
        key = (term, dataset)
        instances = series.get(key)
        if instances is None:
            if not which.includes(key):
                continue
            instances = series[key] = []
        if flags == codec.ERASED:
            continue
        if flags == codec.REMOVED:
            kind = instances[-1].kind if instances else Kind.PROPERTY
            written = deletion_body(kind, dataset.decode() or None, int(modified))
            instances.append(Instance(written, sequence, place, created, modified, deleted=True))
        else:
            instances.append(Instance(body, sequence, place, created, modified, flags == codec.CONTEXTUAL))
