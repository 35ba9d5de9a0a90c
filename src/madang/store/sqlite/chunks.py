"""Chunks: up to 4,096 instances of one attribute and datasetId, column by column (docs/decisions, 15).

`encode` makes a chunk of instances, `Chunk` gives them back: their times and numbers as arrays without touching
the rest, or each instance whole, byte for byte. Bodies that differ only in number and time are kept as the few forms
that they have; others as compressed text. What is asked of the file stands in `chunk_rows.py`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

import msgspec
import numpy as np
import orjson

from madang.ngsild.entity import Kind
from madang.ngsild.evolution import NEVER, Instance, decode_bodies, parse_moments
from madang.ngsild.temporal import TimeProperty, TimeRelation
from madang.store.sqlite.chunk_text import (
    MOMENT,
    NUMBER,
    UNITS,
    Bodies,
    Names,
    Part,
    named,
    written,
    written_named,
)
from madang.store.sqlite.columns import (
    EVERY,
    Floats,
    Integers,
    Packed,
    PackedFloats,
    pack,
    pack_floats,
    unpack,
    unpack_floats,
)

VALUES_MAX: Final = 4096

_FORMS_MAX: Final = 255
_NUMBER_HEAD: Final = b'{"type":"Property","value":'
_NUMBER_BEGINS: Final = frozenset((b"-", *(b"%d" % digit for digit in range(10))))
_CONTEXTUAL: Final = 1
_DELETED: Final = 2


class Columns(msgspec.Struct, frozen=True, array_like=True):
    """What is read of many chunks at once. times: observedAt in microseconds UTC, NEVER without; None if none has it.

    numbers: None unless every instance that is no deletion is a number; NaN for a deletion."""

    times: Packed | None
    numbers: PackedFloats | None


class Origins(msgspec.Struct, frozen=True, array_like=True):
    """Where the instances are from: change row, place among those of their term in it, createdAt, modifiedAt."""

    sequences: Packed
    places: Packed
    created: Packed
    modified: Packed
    flags: Packed


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """A chunk as its row has it, but for the key. sequence, until: of the first and the last change row.

    regular: every instance has an observedAt and none is a deletion. earliest, latest: of observedAt, None if none has
    it. written_first, written_last: from createdAt to modifiedAt of all. total, least, greatest: of the numbers, None if
    it is not regular or one is no number.
    """

    sequence: int
    until: int
    n: int
    regular: bool
    earliest: int | None
    latest: int | None
    written_first: int
    written_last: int
    total: float | None
    least: float | None
    greatest: float | None
    columns: bytes
    origins: bytes
    bodies: bytes


class _Reading(msgspec.Struct, gc=False):
    value: msgspec.Raw = msgspec.Raw(b"")
    observedAt: str | None = None  # noqa: N815 the specification's name


_READINGS: Final = msgspec.json.Decoder(list[_Reading])
_COLUMNS: Final = msgspec.msgpack.Decoder(Columns)
_ORIGINS: Final = msgspec.msgpack.Decoder(Origins)
_BODIES: Final = msgspec.msgpack.Decoder(Bodies)


def encode(instances: Sequence[Instance]) -> Stored:
    """One chunk of at most VALUES_MAX instances, in the order of their writing."""
    readings = decode_bodies(_READINGS, instances)
    stated = [one.observedAt for one in readings]
    times = moments(stated)
    raws = [
        bytes(reading.value) if instance.body.startswith(_NUMBER_HEAD) else b""
        for instance, reading in zip(instances, readings, strict=True)
    ]
    numbers = _numbers(instances, raws)
    sequences = np.array([one.sequence for one in instances], np.int64)
    created = np.array([one.created_at for one in instances], np.int64)
    modified = np.array([one.modified_at for one in instances], np.int64)
    flags = [_CONTEXTUAL * one.contextual + _DELETED * one.deleted for one in instances]
    observed = times[times != NEVER]
    regular = len(observed) == len(instances) and not any(one.deleted for one in instances)
    total, least, greatest = _statistics(numbers) if numbers is not None and regular else (None, None, None)
    columns = Columns(
        pack(times) if len(observed) else None, None if numbers is None else pack_floats(numbers)
    )
    origins = Origins(
        pack(sequences),
        pack(_places(instances)),
        pack(created),
        pack(modified),
        pack(np.array(flags, np.int64)),
    )
    return Stored(
        int(sequences[0]),
        int(sequences[-1]),
        len(instances),
        regular,
        int(observed.min()) if len(observed) else None,
        int(observed.max()) if len(observed) else None,
        int(min(created.min(), modified.min())),
        int(max(created.max(), modified.max())),
        total,
        least,
        greatest,
        msgspec.msgpack.encode(columns),
        msgspec.msgpack.encode(origins),
        msgspec.msgpack.encode(_bodies(instances, raws, stated, (times, numbers))),
    )


def moments(texts: list[str | None]) -> Integers:
    """Microseconds UTC of DateTimes, NEVER for None."""
    if None not in texts:
        return parse_moments([text for text in texts if text is not None])
    given = [text for text in texts if text is not None]
    times = np.full(len(texts), NEVER, np.int64)
    if given:
        times[[index for index, text in enumerate(texts) if text is not None]] = parse_moments(given)
    return times


def _numbers(instances: Sequence[Instance], raws: list[bytes]) -> Floats | None:
    """What the values are if all are numbers, NaN for deletions; raws, as they are written, keeps only those."""
    for at, raw in enumerate(raws):
        if raw[:1] not in _NUMBER_BEGINS:
            if not instances[at].deleted:
                return None
            raws[at] = b""
    if not any(raws):
        return None
    return np.array(orjson.loads(b"[" + b",".join([raw or b"null" for raw in raws]) + b"]"), np.float64)


def _statistics(numbers: Floats) -> tuple[float | None, float | None, float | None]:
    with np.errstate(over="ignore"):
        total = float(numbers.sum())
    return (total, float(numbers.min()), float(numbers.max())) if np.isfinite(total) else (None, None, None)


def _places(instances: Sequence[Instance]) -> Integers:
    return np.array([int(one.place.partition(b"-")[2]) for one in instances], np.int64)


def _bodies(
    instances: Sequence[Instance],
    raws: list[bytes],
    moments: list[str | None],
    columns: tuple[Integers, Floats | None],
) -> Bodies:
    """The bodies in forms if those say the very same, else as text."""
    digits = next(
        (len(moment) - 21 if len(moment) > 20 else 0 for moment in moments if moment is not None), 0
    )
    if digits in UNITS:
        raws = raws if columns[1] is not None else [b""] * len(raws)
        part = Part(len(instances), EVERY, *columns)
        bodies = [instance.body for instance in instances]
        whole = pack(np.array([b"." not in raw and b"e" not in raw for raw in raws], np.int64))
        # Mostly all are of the first one's form
        same = pack(np.zeros(len(bodies), np.int64))
        made = Bodies([_form(bodies[0], raws[0], moments[0])], same, digits, whole, b"")
        if written(made, part) == bodies:
            return made
        forms: dict[bytes, int] = {}
        which = []
        for body, raw, moment in zip(bodies, raws, moments, strict=True):
            which.append(forms.setdefault(_form(body, raw, moment), len(forms)))
            if len(forms) > _FORMS_MAX:
                break
        if len(which) == len(bodies) and len(forms) * 4 <= len(bodies):
            made = Bodies(list(forms), pack(np.array(which, np.int64)), digits, whole, b"")
            if written(made, part) == bodies:
                return made
    text = MOMENT.join([instance.body for instance in instances])
    return Bodies([], None, 0, None, zlib.compress(text, 6))


def _form(body: bytes, raw: bytes, moment: str | None) -> bytes:
    """A body without its number and its moment. raw: the number as it is written, b"" if it stays in the form."""
    if raw:
        body = _NUMBER_HEAD + NUMBER + body[len(_NUMBER_HEAD) + len(raw) :]
    return body if moment is None else body.replace(moment.encode(), MOMENT)


class Chunk:
    """A chunk that was read. `columns` is decoded at once, `origins` and `bodies` when instances are asked for.

    term: number of its attribute as the segments write it.
    """

    def __init__(self, term: bytes, n: int, columns: bytes, origins: bytes, bodies: bytes) -> None:
        self._term = term
        self.n = n
        self._columns = _COLUMNS.decode(columns)
        self._raw_origins = origins
        self._raw_bodies = bodies

    @cached_property
    def observed(self) -> Integers:
        """observedAt of each instance, NEVER where it has none."""
        times = self._columns.times
        return np.full(self.n, NEVER, np.int64) if times is None else unpack(times, self.n)

    @property
    def is_observed(self) -> bool:
        """Whether every instance has an observedAt."""
        times = self._columns.times
        # NEVER is so far from all others that its column is one of whole numbers
        return times is not None and (times.width < 8 or times.base != 0)

    @cached_property
    def numbers(self) -> Floats | None:
        numbers = self._columns.numbers
        return None if numbers is None else unpack_floats(numbers, self.n)

    @cached_property
    def _origins(self) -> Origins:
        return _ORIGINS.decode(self._raw_origins)

    @cached_property
    def flags(self) -> Integers:
        return unpack(self._origins.flags, self.n)

    @cached_property
    def _bodies(self) -> Bodies:
        return _BODIES.decode(self._raw_bodies)

    def times(self, timeproperty: TimeProperty, relation: TimeRelation | None) -> Integers:
        """Of each instance the time that is asked for, NEVER where it has none (see `evolution.py`)."""
        if timeproperty is TimeProperty.OBSERVED_AT:
            if relation is not None or self.is_observed:
                return self.observed
            missing = self.observed == NEVER
            return np.where(missing, unpack(self._origins.modified, self.n), self.observed)
        created = timeproperty is TimeProperty.CREATED_AT
        times = unpack(self._origins.created if created else self._origins.modified, self.n)
        deleted = (self.flags & _DELETED) != 0
        if timeproperty is TimeProperty.DELETED_AT:
            deleted = ~deleted
        return np.where(deleted, NEVER, times) if deleted.any() else times

    def instances(self, index: slice | Integers = EVERY) -> list[Instance]:
        """The instances with these indexes."""
        origins, n = self._origins, self.n
        head = self._term + b"-%d"
        columns = zip(
            self.bodies(index),
            unpack(origins.sequences, n, index).tolist(),
            unpack(origins.places, n, index).tolist(),
            unpack(origins.created, n, index).tolist(),
            unpack(origins.modified, n, index).tolist(),
            unpack(origins.flags, n, index).tolist(),
            strict=True,
        )
        return [
            Instance(
                body,
                sequence,
                head % place,
                b"%d" % created,
                b"%d" % modified,
                flags & _CONTEXTUAL != 0,
                flags & _DELETED != 0,
            )
            for body, sequence, place, created, modified, flags in columns
        ]

    def bodies(self, index: slice | Integers = EVERY) -> list[bytes]:
        """The bodies of the instances with these indexes."""
        if self._bodies.text:
            bodies = zlib.decompress(self._bodies.text).split(MOMENT)
            return bodies[index] if isinstance(index, slice) else [bodies[at] for at in index.tolist()]
        return written(self._bodies, self._part(index))

    def written(self, index: slice | Integers = EVERY) -> list[bytes] | None:
        """The JSON of the instances with these indexes; None if it depends on the reader's @context."""
        origins, n = self._origins, self.n
        if (origins.flags.width or origins.flags.base) and (self.flags[index] & _CONTEXTUAL).any():
            return None
        names = Names(self._term, origins.sequences, origins.places)
        if self._bodies.text:
            return named(self.bodies(index), names, (n, index))
        return written_named(self._bodies, self._part(index), names)

    def _part(self, index: slice | Integers) -> Part:
        packed = self._columns.numbers
        numbers = None if packed is None else unpack_floats(packed, self.n, index)
        return Part(self.n, index, self.observed[index], numbers, is_observed=self.is_observed)

    @property
    def last_kind(self) -> Kind:
        """Of what kind the attribute was in the last instance."""
        return self.instances(slice(self.n - 1, self.n))[0].kind


def encode_all(instances: Sequence[Instance]) -> Iterable[Stored]:
    """As many chunks as it takes."""
    for start in range(0, len(instances), VALUES_MAX):
        yield encode(instances[start : start + VALUES_MAX])
