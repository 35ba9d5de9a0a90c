"""Aggregation in the file: series of numbers are summed up chunk by chunk, without making instances.

Where a chunk lies in one period, what its row says of it is enough; of others times and numbers are read as arrays. A
series that is not of numbers only is read as ever (`history.py`) and aggregated where it is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, Literal

import apsw
import msgspec
import numpy as np

from madang.ngsild.aggregation import grid_of
from madang.ngsild.evolution import NEVER, Evolution, Instance, Series, decode_bodies, times_of
from madang.ngsild.summary import Grid, Summary, merge, needs_squares, summarise
from madang.ngsild.temporal import Method, TemporalQuery, TimeProperty
from madang.store.sqlite import history
from madang.store.sqlite.chunks import Chunk, moments
from madang.store.sqlite.codec import SEGMENT_SEPARATOR, Terms
from madang.store.sqlite.columns import Floats, Integers
from madang.store.sqlite.history import Subject
from madang.store.sqlite.pieces import Head, heads, needed, read_chunk
from madang.store.sqlite.tail import Key, Tail, Wanted, collect, collect_bodies

_SLICE_CHUNKS: Final = 32
_ROWS_MIN: Final = 8
_ROWS_MAX: Final = 4096
_SINGLY: Final = """SELECT sequence, data FROM change INDEXED BY change_by_row
    WHERE row = ? AND sequence > ? AND data != x'' ORDER BY sequence LIMIT ?"""
_JOINED: Final = f"""SELECT count(*), max(sequence), cast(group_concat(data, '{SEGMENT_SEPARATOR.decode()}') AS BLOB)
    FROM ({_SINGLY})"""  # noqa: S608 constant
# About 50 ms of slices
_VALUES_IN_LOOP_MAX: Final = 4_000_000
_VALUES: Final = """SELECT sum(n) FROM chunk WHERE row = (SELECT row FROM entity WHERE id = ?1)
    AND (latest IS NULL OR ?2 IS NULL OR latest >= ?2) AND (earliest IS NULL OR ?3 IS NULL OR earliest < ?3)"""
_COLUMNS: Final = "SELECT columns FROM chunk WHERE number = ?"

# Times and numbers of a part of a series
Part = tuple[Integers, Floats]


class _Reading(msgspec.Struct, gc=False):
    value: float
    observedAt: str | None = None  # noqa: N815 the specification's name


class _Quick(msgspec.Struct, gc=False):
    value: float
    observedAt: msgspec.Raw = msgspec.Raw(b"null")  # noqa: N815 the specification's name


_READINGS: Final = msgspec.json.Decoder(list[_Reading])
_QUICK: Final = msgspec.json.Decoder(list[_Quick])


class _Found(msgspec.Struct, frozen=True):
    """What there is of a series of numbers: chunks that may hold something of the range, and the tail, None without."""

    heads: list[Head]
    tail: Part | None


def can_sum(temporal: TemporalQuery) -> bool:
    """Whether sums answer the query: of each period all is asked but how many different values it has."""
    asked = temporal.aggregation
    return asked is not None and not temporal.last_n and Method.DISTINCT_COUNT not in asked.methods


def is_long(connection: apsw.Connection, entity_id: str, temporal: TemporalQuery) -> bool:
    """Whether summing up an entity's history would keep the event loop busy for longer than it should be."""
    if temporal.aggregation is None or not can_sum(temporal):
        return False
    n = connection.execute(_VALUES, (entity_id, temporal.earliest, temporal.end)).get
    return int(n or 0) > _VALUES_IN_LOOP_MAX


async def evolution(
    connection: apsw.Connection, terms: Terms, subject: Subject, query: TemporalQuery
) -> Evolution:
    """As `history.evolution`, with the sums of those series that are of numbers."""
    which = history.wanted(terms, query, subject.mask)
    while True:
        state = history.folded(connection, subject.row)
        numeric, others = await _sorted_out(connection, subject.row, which, state)
        series: list[Series] = []
        if others:
            rest = msgspec.structs.replace(which, terms=tuple(dict.fromkeys(term for term, _ in others)))
            read = await history.read_series(connection, subject.row, rest)
            read = {key: instances for key, instances in read.items() if key in others}
            series += history.selected(terms, read, query)
        origin = _origin(connection, numeric, series, query)
        for (term, dataset), found in numeric.items():
            summary = await _sum(connection, found, query, origin)
            if summary is not None:
                covered = np.array([summary.first, summary.last])
                name, dataset_id = terms.iri(int(term)), dataset.decode() or None
                series.append(Series(name, dataset_id, (), covered, summary))
        if history.folded(connection, subject.row) == state:
            return history.evolution_of(subject, series)


async def _sorted_out(
    connection: apsw.Connection, row: int, which: Wanted, state: tuple[int, int] | None
) -> tuple[dict[Key, _Found], list[Key]]:
    """(the series that are of numbers, the others)."""
    chunks = {} if state is None else heads(connection, row, which)
    tail = await _tail(connection, row, which, state)
    numeric: dict[Key, _Found] = {}
    others: list[Key] = []
    for key in dict.fromkeys((*chunks, *tail)):
        found = needed(chunks.get(key, ()), which.temporal)
        part = tail.get(key)
        if part is False or not all(_is_numeric(connection, head) for head in found):
            others.append(key)
        elif found or part is not None:
            numeric[key] = _Found(found, part)
    return numeric, others


async def _tail(
    connection: apsw.Connection, row: int, which: Wanted, state: tuple[int, int] | None
) -> dict[Key, Part | Literal[False] | None]:
    """What the query selects of the tail of each series, None for nothing; False if not all of it is numbers."""
    if which.terms is not None and which.temporal.timeproperty is TimeProperty.OBSERVED_AT:
        quick: dict[Key, _Tail] = {}
        async for some in _joined_tail(connection, row, state):
            bodies: dict[Key, list[bytes]] = {}
            for data in some:
                collect_bodies(data, which, bodies)
            for key, cut in bodies.items():
                quick.setdefault(key, _Tail()).add(cut)
        # Without a range what has no observedAt counts when it was written, which the bodies do not say
        if which.temporal.relation is not None or not any(one.lacks_times for one in quick.values()):
            return {key: one.part(which.temporal) for key, one in quick.items()}
    tail: Tail = {}
    async for rows in history.tail_rows(connection, row, state):
        collect(rows, which, tail)
    return {key: _of_instances(instances, which.temporal) for key, instances in tail.items()}


async def _joined_tail(
    connection: apsw.Connection, row: int, state: tuple[int, int] | None
) -> AsyncIterator[list[bytes]]:
    """The segments of the change rows that are not folded, some rows at a time: as many as make a slice.

    Small rows come joined. Large ones, which batches of history leave, come each for itself, for in each of them the
    segments of one series stand side by side.
    """
    last, limit = 0 if state is None else state[0], _ROWS_MIN
    while True:
        if limit == _ROWS_MIN:
            rows: list[Any] = connection.execute(_SINGLY, (row, last, limit)).fetchall()
            some = [data for _, data in rows]
            n, until = len(rows), rows[-1][0] if rows else last
        else:
            n, until, joined = connection.execute(_JOINED, (row, last, limit)).fetchone() or (0, last, None)
            some = [joined] if joined else []
        if some:
            yield some
        if n < limit:
            return
        last = until
        size = sum(len(data) for data in some)
        limit = min(limit * 2, _ROWS_MAX) if size < history.SLICE_BYTES else max(limit // 2, _ROWS_MIN)
        await asyncio.sleep(0)


class _Tail:
    """Times and numbers of a tail, slice by slice."""

    def __init__(self) -> None:
        self._times: list[Integers] = []
        self._values: list[Floats] = []
        self._numeric = True
        self.lacks_times = False

    def add(self, bodies: list[bytes]) -> None:
        if not self._numeric:
            return
        try:
            read = _QUICK.decode(b"[" + b",".join(bodies) + b"]")
        except msgspec.ValidationError:
            self._numeric = False
            return
        self._values.append(np.array([one.value for one in read]))
        times = _moments([one.observedAt for one in read])
        self.lacks_times = self.lacks_times or bool((times == NEVER).any())
        self._times.append(times)

    def part(self, temporal: TemporalQuery) -> Part | Literal[False] | None:
        if not self._numeric:
            return False
        return _selected(np.concatenate(self._times), np.concatenate(self._values), temporal)


def _moments(raws: list[msgspec.Raw]) -> Integers:
    """Microseconds UTC of DateTimes in JSON, NEVER for null. Those of one length, as they mostly are, are cut out of a
    table of their letters."""
    joined = b"".join(raws)
    if len(joined) % len(raws) == 0 and len(joined) // len(raws) > len('"2026-01-31T09:00:00Z"') - 1:
        letters = np.frombuffer(joined, np.uint8).reshape(len(raws), -1)
        if (letters[:, 0] == ord('"')).all() and (letters[:, -2:] == (ord("Z"), ord('"'))).all():
            written = np.ascontiguousarray(letters[:, 1:-2]).view(f"S{letters.shape[1] - 3}").ravel()
            try:
                return written.astype("datetime64[us]").astype(np.int64)
            except ValueError:
                pass
    return moments([msgspec.json.decode(raw, type=str | None) for raw in raws])


def _of_instances(instances: Sequence[Instance], temporal: TemporalQuery) -> Part | Literal[False] | None:
    instances = [instance for instance in instances if not instance.deleted]
    if not instances:
        return None
    try:
        values = np.array([one.value for one in decode_bodies(_READINGS, instances)])
    except msgspec.ValidationError:
        return False
    return _selected(times_of(instances, temporal), values, temporal)


def _is_numeric(connection: apsw.Connection, head: Head) -> bool:
    if head.regular:
        return head.least is not None
    chunk = read_chunk(connection, head)
    return chunk is None or chunk.numbers is not None


def _origin(
    connection: apsw.Connection, numeric: dict[Key, _Found], others: list[Series], temporal: TemporalQuery
) -> int:
    """The least time of all that is selected, from which periods count where the range is open."""
    least = [int(one.times[0]) for one in others]
    for found in numeric.values():
        if found.tail is not None:
            least.append(int(found.tail[0][0]))
        for head in found.heads:
            if (
                head.regular
                and temporal.timeproperty is TimeProperty.OBSERVED_AT
                and temporal.earliest is None
            ):
                assert head.earliest is not None
                least.append(head.earliest)
            elif temporal.earliest is None and (part := _part(connection, head, temporal)) is not None:
                least.append(int(part[0].min()))
    return min(least, default=0)


async def _sum(
    connection: apsw.Connection, found: _Found, temporal: TemporalQuery, origin: int
) -> Summary | None:
    """All of a series that the query selects; None for nothing."""
    assert temporal.aggregation is not None
    grid = grid_of(temporal, temporal.aggregation.period, origin)
    squares = needs_squares(temporal.aggregation.methods)
    parts = [] if found.tail is None else [summarise(*found.tail, grid, squares=squares)]
    known = set() if squares else _in_one_period(found.heads, temporal, grid)
    if known:
        parts.append(_of_heads([head for head in found.heads if head.number in known], grid))
    unknown = [head for head in found.heads if head.number not in known]
    for start in range(0, len(unknown), _SLICE_CHUNKS):
        if start:
            await asyncio.sleep(0)
        read = [_part(connection, head, temporal) for head in unknown[start : start + _SLICE_CHUNKS]]
        some = [part for part in read if part is not None]
        if some:
            times, values = (np.concatenate(column) for column in zip(*some, strict=True))
            parts.append(summarise(*_ascending(times, values), grid, squares=squares))
    return merge(parts) if parts else None


def _in_one_period(found: list[Head], temporal: TemporalQuery, grid: Grid) -> set[int]:
    """The numbers of the chunks that are wholly in the range and in one period."""
    spans = [(head.number, head.earliest, head.latest) for head in found if _is_inside(head, temporal)]
    if not spans:
        return set()
    numbers = grid.numbers(np.array([span[1:] for span in spans]).astype(np.int64).ravel()).reshape(-1, 2)
    same = (numbers[:, 0] == numbers[:, 1]).tolist()
    return {span[0] for span, one in zip(spans, same, strict=True) if one}


def _is_inside(head: Head, temporal: TemporalQuery) -> bool:
    """Whether the query selects all of a chunk, as its head says."""
    if not head.regular or temporal.timeproperty is not TimeProperty.OBSERVED_AT:
        return False
    assert head.earliest is not None
    assert head.latest is not None
    low, high = temporal.earliest, temporal.end
    return (low is None or head.earliest >= low) and (high is None or head.latest < high)


def _of_heads(found: list[Head], grid: Grid) -> Summary:
    earliest = np.array([head.earliest for head in found], np.int64)
    return Summary(
        grid,
        grid.numbers(earliest),
        np.array([head.n for head in found], np.int64),
        np.array([head.total for head in found], np.float64),
        None,
        np.array([head.least for head in found], np.float64),
        np.array([head.greatest for head in found], np.float64),
        int(earliest.min()),
        max(head.latest or 0 for head in found),
    )


def _part(connection: apsw.Connection, head: Head, temporal: TemporalQuery) -> Part | None:
    """What the query selects of a chunk of numbers, ascending unless it is all of it; None for nothing."""
    chunk: Chunk | None
    if head.regular and temporal.timeproperty is TimeProperty.OBSERVED_AT:
        columns: Any = connection.execute(_COLUMNS, (head.number,)).get
        chunk = None if columns is None else Chunk(b"", head.n, columns, b"", b"")
    else:
        chunk = read_chunk(connection, head)
    if chunk is None or chunk.numbers is None:
        return None  # it was written anew since its head was read, which whoever asks will find out
    if head.regular and _is_inside(head, temporal):
        return chunk.observed, chunk.numbers
    return _selected(chunk.times(temporal.timeproperty, temporal.relation), chunk.numbers, temporal)


def _selected(times: Integers, values: Floats, temporal: TemporalQuery) -> Part | None:
    """Those inside the range, ascending; without deletions, which have no number."""
    fine = (times != NEVER) & ~np.isnan(values)
    if not fine.all():
        times, values = times[fine], values[fine]
    times, values = _ascending(times, values)
    low = 0 if temporal.earliest is None else int(np.searchsorted(times, temporal.earliest))
    high = len(times) if temporal.end is None else int(np.searchsorted(times, temporal.end))
    return (times[low:high], values[low:high]) if low < high else None


def _ascending(times: Integers, values: Floats) -> Part:
    if (times[1:] >= times[:-1]).all():
        return times, values
    order = np.argsort(times, kind="stable")
    return times[order], values[order]
