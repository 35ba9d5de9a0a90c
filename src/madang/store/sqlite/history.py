"""Reading an entity's history out of the change rows.

All reading goes through `read_series`: for each attribute and datasetId the instances in the order of their
writing. Today they all come from the tail of change rows; folded chunks will come before it, in the same
function. `history_edit.py` deletes and corrects, `history_page.py` answers queries over many entities.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import apsw
import msgspec

from madang.ngsild.entity import Kind
from madang.ngsild.evolution import Evolution, Instance, Series, deletion_body, select
from madang.ngsild.temporal import TemporalQuery
from madang.store.sqlite import codec
from madang.store.sqlite.codec import FIELD_SEPARATOR, SEGMENT_SEPARATOR, Terms

# What is joined of so many rows stays small enough to be memory that is used again, not asked for anew
SLICE_ROWS: Final = 256

_TAIL: Final = """SELECT sequence, data FROM change INDEXED BY change_by_row
    WHERE row = ? AND sequence > ? ORDER BY sequence LIMIT ?"""
_ANY_LEFT: Final = "SELECT EXISTS (SELECT 1 FROM change WHERE row = ? AND data != x'')"
_PRESENT: Final = "SELECT row, types, scopes, created, modified FROM entity WHERE id = ?"
_PAST: Final = "SELECT row, types, '', 0, deleted FROM past WHERE id = ?"

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
            _collect_all(rows, which, series)
        elif rows:
            _collect_terms(rows, which, series)
        if len(rows) < SLICE_ROWS:
            return series
        last = rows[-1][0]
        await asyncio.sleep(0)


def _collect_all(rows: list[tuple[int, bytes]], which: Wanted, series: dict[Key, list[Instance]]) -> None:
    """Every segment; its place counts the segments of the same term before it in the row."""
    firsts: dict[bytes, bytes] = {}
    for sequence, data in rows:
        places: dict[bytes, int] = {}
        for segment in data.split(SEGMENT_SEPARATOR) if data else ():
            term, dataset, flags, created, modified, body = segment.split(FIELD_SEPARATOR, 5)
            place = places.get(term, 0)
            places[term] = place + 1
            instances = series.get((term, dataset))
            if instances is None:
                if not which.includes((term, dataset)):
                    continue
                instances = series[term, dataset] = []
            name = b"%b-%d" % (term, place) if place else firsts.get(term)
            if name is None:
                name = firsts[term] = term + b"-0"
            if flags:
                _append_flagged(instances, (sequence, name), (dataset, flags, created, modified, body))
            else:
                instances.append(Instance(body, sequence, name, created, modified))


def _collect_terms(rows: list[tuple[int, bytes]], which: Wanted, series: dict[Key, list[Instance]]) -> None:
    """Only the segments of some terms: of each row the piece from the first such segment to the last is cut out."""
    for term in which.terms or ():
        begins = term + FIELD_SEPARATOR
        inner = SEGMENT_SEPARATOR + begins
        first = term + b"-0"
        known: bytes | None = None
        instances: list[Instance] = []
        for sequence, data in rows:
            begin = 0
            if not data.startswith(begins):
                begin = data.find(inner) + 1
                if not begin:
                    continue
            end = data.find(SEGMENT_SEPARATOR, begin)
            last = data.rfind(inner, end) if end >= 0 else -1
            if last >= 0:
                end = data.find(SEGMENT_SEPARATOR, last + 1)
                piece = data[begin:end] if end >= 0 else data[begin:]
                _collect_piece(piece, (sequence, term), which, series)
                continue
            piece = data[begin:end] if end >= 0 else data[begin:]
            _, dataset, flags, created, modified, body = piece.split(FIELD_SEPARATOR, 5)
            if dataset != known:
                known, instances = dataset, series.setdefault((term, dataset), [])
            if flags:
                _append_flagged(instances, (sequence, first), (dataset, flags, created, modified, body))
            else:
                instances.append(Instance(body, sequence, first, created, modified))
    for key in [key for key, instances in series.items() if not instances or not which.includes(key)]:
        del series[key]


def _collect_piece(
    piece: bytes, origin: tuple[int, bytes], which: Wanted, series: dict[Key, list[Instance]]
) -> None:
    """Several segments of one term of one change row. origin: its sequence, and the term.

    A batch of history has the same fields before all its bodies and the segments side by side, so that one
    cut serves all; elsewhere segments of other terms may stand between.
    """
    sequence, term = origin
    _, dataset, flags, created, modified, body = piece.split(FIELD_SEPARATOR, 5)
    head = piece[: len(piece) - len(body)]
    bodies = piece.split(SEGMENT_SEPARATOR + head)
    if not flags and piece.count(SEGMENT_SEPARATOR) == len(bodies) - 1:
        bodies[0] = bodies[0][len(head) :]
        series.setdefault((term, dataset), []).extend(
            [
                Instance(one, sequence, b"%b-%d" % (term, place), created, modified)
                for place, one in enumerate(bodies)
            ]
        )
        return
    begins = term + FIELD_SEPARATOR
    segments = [one for one in piece.split(SEGMENT_SEPARATOR) if one.startswith(begins)]
    for place, segment in enumerate(segments):
        _, dataset, flags, created, modified, body = segment.split(FIELD_SEPARATOR, 5)
        instances = series.setdefault((term, dataset), [])
        name = b"%b-%d" % (term, place)
        if flags:
            _append_flagged(instances, (sequence, name), (dataset, flags, created, modified, body))
        else:
            instances.append(Instance(body, sequence, name, created, modified))


def _append_flagged(
    instances: list[Instance], name: tuple[int, bytes], segment: tuple[bytes, bytes, bytes, bytes, bytes]
) -> None:
    """Add an instance that is no plain one. name: of what its instanceId is made. segment: its fields but the term."""
    dataset, flags, created, modified, body = segment
    if flags == codec.CONTEXTUAL:
        instances.append(Instance(body, *name, created, modified, contextual=True))
    elif flags == codec.REMOVED:
        kind = instances[-1].kind if instances else Kind.PROPERTY
        null = deletion_body(kind, dataset.decode() or None, int(modified))
        instances.append(Instance(null, *name, created, modified, deleted=True))
