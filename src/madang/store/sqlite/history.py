"""Reading an entity's history out of chunks and change rows.

All reading goes through `read_series`: for each attribute and datasetId the instances in the order of their
writing, first those in chunks (`pieces.py`), then those of the tail of change rows (`tail.py`). `fold.py` moves them
from the one to the other, `history_edit.py` deletes and corrects, `history_page.py` answers queries over many
entities.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Final

import apsw
import msgspec

from madang.ngsild.evolution import Evolution, Instance, Series, chosen, select
from madang.ngsild.temporal import TemporalQuery
from madang.store.sqlite import codec
from madang.store.sqlite.chunks import Chunk
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.mask import PLAIN, Mask
from madang.store.sqlite.pieces import Pieces, Taken, heads, needed, read_chunk
from madang.store.sqlite.row_sight import COLUMNS, RowSight
from madang.store.sqlite.tail import Key, Tail, Wanted, collect, with_kind_before
from madang.store.sqlite.verdict import Depends

# What is joined of so many rows stays small enough to be memory that is used again, not asked for anew
SLICE_ROWS: Final = 256
SLICE_BYTES: Final = 256 * 1024
SLICE_CHUNKS: Final = 64

_TAIL: Final = """SELECT sequence, data FROM change INDEXED BY change_by_row
    WHERE row = ? AND sequence > ? ORDER BY sequence LIMIT ?"""
_ANY_LEFT: Final = """SELECT EXISTS (SELECT 1 FROM chunk WHERE row = ?1)
    OR EXISTS (SELECT 1 FROM change WHERE row = ?1 AND data != x'')"""
_FOLDED: Final = "SELECT until, edits FROM folded WHERE row = ?"
_PRESENT: Final = "SELECT row, id, types, scopes, created, modified FROM entity WHERE id = ?"
_PAST: Final = "SELECT row, id, types, '', 0, deleted FROM past WHERE id = ?"
_ROW: Final = f"SELECT {COLUMNS} FROM entity e WHERE e.row = ?"  # noqa: S608 constant


class Subject(msgspec.Struct, frozen=True):
    """An entity whose history is read; one that was deleted has only what `past` remembers of it. mask: what of it is
    seen."""

    row: int
    id: str
    types: tuple[str, ...]
    scope: tuple[str, ...] = ()
    created_at: int = 0
    modified_at: int = 0
    mask: Mask = PLAIN


def wanted(terms: Terms, temporal: TemporalQuery, mask: Mask = PLAIN) -> Wanted:
    """What a query wants to read, in the numbers of this file."""
    datasets = frozenset(dataset.encode() for dataset in temporal.datasets)
    hidden = frozenset(_number(terms, name) for name in (*mask.hidden, *temporal.without)) - {b""}
    if not temporal.attributes and mask.shown is None:
        return Wanted(None, hidden, datasets, temporal)
    numbers = [
        _number(terms, name)
        for name in temporal.attributes or sorted(mask.shown or ())
        if not mask.hides(name)
    ]
    known = [number for number in dict.fromkeys(numbers) if number and number not in hidden]
    return Wanted(tuple(known), hidden, datasets, temporal)


def _number(terms: Terms, name: str) -> bytes:
    """The number of an IRI as the segments write it; b"" if no entity ever had it."""
    number = terms.find(name)
    return b"" if number is None else str(number).encode()


def find(
    connection: apsw.Connection, terms: Terms, entity_id: str, sight: RowSight | None = None
) -> Subject | None:
    """The entity with this id, or what remains of one that was deleted, as far as the caller sees it."""
    row = connection.execute(_PRESENT, (entity_id,)).fetchone()
    if row is None:
        row = connection.execute(_PAST, (entity_id,)).fetchone()
    return subject_of(connection, terms, row, sight) if row is not None else None


def subject_of(
    connection: apsw.Connection,
    terms: Terms,
    found: tuple[int, str, str, str, int, int],
    sight: RowSight | None,
) -> Subject | None:
    """The subject that a row of (row, id, types, scopes, created, modified) stands for; None if the caller sees none."""
    number, identifier, types, scopes, created, modified = found
    mask: Mask | None = PLAIN
    if sight is not None:
        verdict = sight.verdict(types)
        mask = _mask(connection, sight, found) if isinstance(verdict, Depends) else verdict
    if mask is None:
        return None
    seen = codec.decode_types(types, terms), codec.decode_scopes(scopes)
    if not mask.is_plain and created:
        row = connection.execute(_ROW, (number,)).fetchone()
        modified = mask.of(codec.decode_entity(row, terms)).modified_at if row is not None else modified
    return Subject(number, identifier, *seen, created, modified, mask)


def _mask(
    connection: apsw.Connection, sight: RowSight, found: tuple[int, str, str, str, int, int]
) -> Mask | None:
    """What is seen of an entity where its types do not tell."""
    row = connection.execute(_ROW, (found[0],)).fetchone()
    return sight.mask(row) if row is not None else sight.mask_of_past(found[1], found[2])


async def evolution(
    connection: apsw.Connection, terms: Terms, subject: Subject, query: TemporalQuery
) -> Evolution:
    """The subject with the series that the query selects; without any if none does."""
    found = await read_series(connection, subject.row, wanted(terms, query, subject.mask))
    return evolution_of(subject, selected(terms, found, query))


def evolution_of(subject: Subject, series: Iterable[Series]) -> Evolution:
    """The subject with these series."""
    present = (subject.scope, subject.created_at, subject.modified_at)
    return Evolution(subject.id, subject.types, tuple(series), *present)


def selected(terms: Terms, found: Mapping[Key, Sequence[Instance]], query: TemporalQuery) -> Iterator[Series]:
    """Of each series that was read the part that the query selects, if there is one."""
    for (term, dataset), instances in found.items():
        name, dataset_id = terms.iri(int(term)), dataset.decode() or None
        if isinstance(instances, Pieces):
            times = instances.times(query)
            index = chosen(times, query)
            if len(index):
                yield Series(name, dataset_id, Taken(instances, index), times[index])
        elif (series := select(name, dataset_id, instances, query)) is not None:
            yield series


def has_history(connection: apsw.Connection, row: int) -> bool:
    """Whether anything of the entity's history is left."""
    return bool(connection.execute(_ANY_LEFT, (row,)).get)


async def read_series(connection: apsw.Connection, row: int, which: Wanted) -> dict[Key, Sequence[Instance]]:
    """What the query of `which` may select of each wanted series of one entity, in the order of writing.

    Between the slices folding may move instances from the tail into chunks; then all is read anew."""
    while True:
        state = folded(connection, row)
        breaths = 0
        chunks: dict[Key, list[Chunk]] = {}
        if state is not None:
            for key, series in heads(connection, row, which).items():
                chunks[key] = []
                for head in needed(series, which.temporal):
                    chunk = read_chunk(connection, head)
                    if chunk is not None:
                        chunks[key].append(chunk)
                    breaths += 1
                    if breaths % SLICE_CHUNKS == 0:
                        await asyncio.sleep(0)
        tail: Tail = {}
        async for rows in tail_rows(connection, row, state):
            collect(rows, which, tail)
        if folded(connection, row) == state:
            return _joined(chunks, tail)


async def tail_rows(
    connection: apsw.Connection, row: int, state: tuple[int, int] | None
) -> AsyncIterator[list[tuple[int, bytes]]]:
    """The change rows of an entity that are not folded, (sequence, data) in order, slice by slice."""
    last = 0 if state is None else state[0]
    while True:
        rows, size = [], 0
        cursor = connection.execute(_TAIL, (row, last, SLICE_ROWS))
        for found in cursor:
            rows.append(found)
            size += len(found[1])
            if size > SLICE_BYTES:
                cursor.close()
                break
        yield rows
        if len(rows) < SLICE_ROWS and size <= SLICE_BYTES:
            return
        last = rows[-1][0]
        await asyncio.sleep(0)


def folded(connection: apsw.Connection, row: int) -> tuple[int, int] | None:
    """(the change up to which an entity's history is in chunks, how often those were corrected); None: it is not."""
    state: tuple[int, int] | None = connection.execute(_FOLDED, (row,)).fetchone()
    return state


def _joined(chunks: dict[Key, list[Chunk]], tail: Tail) -> dict[Key, Sequence[Instance]]:
    series: dict[Key, Sequence[Instance]] = {}
    for key in dict.fromkeys((*chunks, *tail)):
        before, after = chunks.get(key, ()), tail.get(key, [])
        if before and after and after[0].deleted:
            after = with_kind_before(after, key[1], before[-1].last_kind)
        series[key] = Pieces(before, after) if before else after
    return series
