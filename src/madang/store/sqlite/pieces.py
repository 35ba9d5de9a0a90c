"""A series as it lies in the file: chunks, then the tail of change rows; read as one sequence of instances.

Only the chunks are read that a query may select something of, by the times in their heads. Of these the times are
decoded at once, the instances only when they are asked for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate, chain
from typing import Any, Final, overload

import apsw
import msgspec
import numpy as np

from madang.ngsild.evolution import Instance, WritableInstances, decode_bodies, times_of, written
from madang.ngsild.temporal import TemporalQuery, TimeProperty
from madang.store.sqlite.chunks import Chunk
from madang.store.sqlite.columns import Floats, Integers
from madang.store.sqlite.tail import Key, Wanted

HEAD: Final = """number, term, dataset, n, regular, earliest, latest, written_first, written_last,
    total, least, greatest"""
_HEADS: Final = f"SELECT {HEAD} FROM chunk WHERE row = ?1"  # noqa: S608 constant
_ORDER: Final = " ORDER BY term, dataset, sequence, number"
HEADS_OF_ALL: Final = _HEADS + _ORDER
HEADS_OF_TERM: Final = _HEADS + " AND term = ?2" + _ORDER
WHOLE: Final = "SELECT columns, origins, bodies FROM chunk WHERE number = ?"


class Head(msgspec.Struct, frozen=True):
    """What a chunk's row says of it besides its columns. What the members mean stands with `chunks.Stored`."""

    number: int
    term: int
    dataset: str
    n: int
    regular: bool
    earliest: int | None
    latest: int | None
    written_first: int
    written_last: int
    total: float | None
    least: float | None
    greatest: float | None

    @property
    def key(self) -> Key:
        return str(self.term).encode(), self.dataset.encode()

    def span(self, temporal: TemporalQuery) -> tuple[int, int] | None:
        """Between which times its instances lie at the most, by the query's time property; None: it has none."""
        if temporal.timeproperty is not TimeProperty.OBSERVED_AT:
            return self.written_first, self.written_last
        if self.earliest is None or self.latest is None:
            return (self.written_first, self.written_last) if temporal.relation is None else None
        if temporal.relation is None and not self.regular:
            return min(self.earliest, self.written_first), max(self.latest, self.written_last)
        return self.earliest, self.latest


def heads(connection: apsw.Connection, row: int, which: Wanted) -> dict[Key, list[Head]]:
    """The chunks of the wanted series of an entity, in the order of their writing."""
    series: dict[Key, list[Head]] = {}
    rows: Iterable[Any] = connection.execute(HEADS_OF_ALL, (row,)) if which.terms is None else ()
    for term in which.terms or ():
        rows = chain(rows, connection.execute(HEADS_OF_TERM, (row, int(term))))
    for fields in rows:
        key = str(fields[1]).encode(), fields[2].encode()
        known = series.get(key)
        if known is not None:
            known.append(Head(*fields))
        elif which.includes(key):
            series[key] = [Head(*fields)]
    return series


def needed(series: Sequence[Head], temporal: TemporalQuery) -> list[Head]:
    """The chunks of a series that may hold something of what the query selects, in their order."""
    spans = [(head, span) for head in series if (span := head.span(temporal)) is not None]
    low, high = temporal.earliest, temporal.end
    inside = [
        (head, span)
        for head, span in spans
        if (low is None or span[1] >= low) and (high is None or span[0] < high)
    ]
    wanted_n = min((n for n in (temporal.last_n, temporal.most) if n), default=0)
    if not wanted_n or temporal.timeproperty is TimeProperty.DELETED_AT:
        return [head for head, _ in inside]
    sure = [
        (head.n, span)
        for head, span in inside
        if head.regular and (low is None or span[0] >= low) and (high is None or span[1] < high)
    ]
    if temporal.last_n:
        bound = _bound([(n, first) for n, (first, _) in sure], wanted_n, backwards=True)
        return [head for head, span in inside if bound is None or span[1] >= bound]
    bound = _bound([(n, last) for n, (_, last) in sure], wanted_n, backwards=False)
    return [head for head, span in inside if bound is None or span[0] <= bound]


def _bound(counts: list[tuple[int, int]], wanted_n: int, *, backwards: bool) -> int | None:
    """The time up to which there are enough instances. counts: (n, the time up to which there are so many)."""
    total = 0
    for n, time in sorted(counts, key=lambda one: one[1], reverse=backwards):
        total += n
        if total >= wanted_n:
            return time
    return None


def read_chunk(connection: apsw.Connection, head: Head) -> Chunk | None:
    """The chunk; None if it is gone since its head was read."""
    blobs: Any = connection.execute(WHOLE, (head.number,)).fetchone()
    return None if blobs is None else Chunk(head.key[0], head.n, *blobs)


class Pieces(Sequence[Instance]):
    """All that was read of a series, in the order of its writing."""

    def __init__(self, chunks: Sequence[Chunk], tail: list[Instance]) -> None:
        self.chunks = chunks
        self.tail = tail
        self._starts = list(accumulate([chunk.n for chunk in chunks], initial=0))

    def __len__(self) -> int:
        return self._starts[-1] + len(self.tail)

    @overload
    def __getitem__(self, index: int) -> Instance: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Instance]: ...
    def __getitem__(self, index: int | slice) -> Instance | Sequence[Instance]:
        return Taken(self, np.arange(len(self)))[index]

    def times(self, temporal: TemporalQuery) -> Integers:
        """Of each instance, NEVER where it has none (see `evolution.chosen`)."""
        parts = [chunk.times(temporal.timeproperty, temporal.relation) for chunk in self.chunks]
        if self.tail:
            parts.append(times_of(self.tail, temporal))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    @cached_property
    def numbers(self) -> Floats | None:
        """The number of each instance, NaN for a deletion; None if some have another value."""
        parts = [chunk.numbers for chunk in self.chunks]
        if self.tail:
            parts.append(_numbers_of(self.tail))
        found = [part for part in parts if part is not None]
        return np.concatenate(found) if len(found) == len(parts) else None

    def take(self, index: Integers) -> list[Instance]:
        """The instances with these indexes. Those of a chunk are made together."""
        found: list[Instance] = []
        for chunk, local in self._parts(index):
            if chunk is None:
                found += self.tail[local] if isinstance(local, slice) else [self.tail[at] for at in local]
            else:
                found += chunk.instances(local)
        return found

    def written(self, index: Integers) -> list[bytes] | None:
        """The JSON of the instances with these indexes; None if it depends on the reader's @context."""
        found: list[bytes] = []
        for chunk, local in self._parts(index):
            if chunk is None:
                tail = self.tail[local] if isinstance(local, slice) else [self.tail[at] for at in local]
                texts = written(tail)
            else:
                texts = chunk.written(local)
            if texts is None:
                return None
            found += texts
        return found

    def _parts(self, index: Integers) -> Iterator[tuple[Chunk | None, slice | Integers]]:
        """Which instances of which chunk, None for the tail, are the ones with these indexes, in their order."""
        rising = bool((index[1:] > index[:-1]).all())
        low, high = (index[0], index[-1]) if rising else (index.min(), index.max())
        number = bisect_right(self._starts, low) - 1
        if number == len(self.chunks) or high < self._starts[number + 1]:
            yield self._part(number, index, rising=rising)
            return
        part = np.searchsorted(self._starts, index, side="right") - 1
        borders = np.flatnonzero(np.diff(part)) + 1
        for places, place in zip(
            np.split(index, borders), part[np.concatenate(([0], borders))].tolist(), strict=True
        ):
            yield self._part(place, places, rising=bool((places[1:] > places[:-1]).all()))

    def _part(self, number: int, index: Integers, *, rising: bool) -> tuple[Chunk | None, slice | Integers]:
        start = self._starts[number]
        chunk = self.chunks[number] if number < len(self.chunks) else None
        first, last = int(index[0]) - start, int(index[-1]) - start
        if rising and last - first == len(index) - 1:
            return chunk, slice(first, last + 1)
        return chunk, index - start


class _Number(msgspec.Struct, gc=False):
    value: float


_NUMBERS: Final = msgspec.json.Decoder(list[_Number])


def _numbers_of(instances: list[Instance]) -> Floats | None:
    if any(one.deleted for one in instances):
        return None
    try:
        return np.array([one.value for one in decode_bodies(_NUMBERS, instances)], np.float64)
    except msgspec.ValidationError:
        return None


class Taken(WritableInstances):
    """Some instances of a series, made when they are looked at."""

    def __init__(self, pieces: Pieces, index: Integers) -> None:
        self._pieces = pieces
        self._index = index

    @cached_property
    def _made(self) -> list[Instance]:
        return self._pieces.take(self._index) if len(self._index) else []

    def numbers(self) -> Floats | None:
        """As `Pieces.numbers`, of these."""
        numbers = self._pieces.numbers
        return None if numbers is None else numbers[self._index]

    def written(self) -> list[bytes] | None:
        return self._pieces.written(self._index) if len(self._index) else []

    def __len__(self) -> int:
        return len(self._index)

    def __iter__(self) -> Iterator[Instance]:
        return iter(self._made)

    @overload
    def __getitem__(self, index: int) -> Instance: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Instance]: ...
    def __getitem__(self, index: int | slice) -> Instance | Sequence[Instance]:
        if isinstance(index, slice):
            return Taken(self._pieces, self._index[index])
        return self._made[index]
