"""An entity's evolution: its history as series of instances, and which of them a temporal query selects.

One `Series` holds the instances of one attribute with one datasetId, oldest first by the time property that
was asked for; ties keep the order in which they were written. How a store keeps history is its own affair,
what a client sees is made by `evolution_forms.py`.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from madang.ngsild.aggregation import Values
from madang.ngsild.entity import VALUE_MEMBERS, Kind
from madang.ngsild.identifier import NGSI_LD_NULL
from madang.ngsild.summary import Summary
from madang.ngsild.temporal import TemporalQuery, TimeProperty, TimeRelation
from madang.ngsild.times import format_moment, parse_moment

Moments = NDArray[np.int64]
Body = TypeVar("Body")

INSTANCE_PREFIX: Final = "urn:ngsi-ld:Instance:"
_PATTERN: Final = b'%b,"instanceId":"' + INSTANCE_PREFIX.encode() + b'%d-%b"}'
_INSTANCE: Final = re.compile(re.escape(INSTANCE_PREFIX) + r"(\d{1,18})-(\d{1,9}-\d{1,9})", re.ASCII)
_DECODED_TOGETHER: Final = 512
_VALUE_MEMBERS: Final = {kind.value: member for kind, member in VALUE_MEMBERS.items()}
NEVER: Final = int(np.iinfo(np.int64).min)
"""The time of what has none."""
_EVER: Final = int(np.iinfo(np.int64).max)


class Instance(msgspec.Struct, frozen=True, gc=False):
    """What one write made of an attribute.

    body: canonical JSON as in `entity.py`; of a deletion it carries `urn:ngsi-ld:null` and `deletedAt`.
    sequence, place: the write and the place in it, which name the instance. created, modified: microseconds
    UTC in digits, for most readers never need them as numbers; of a deletion both are when it happened.
    """

    body: bytes
    sequence: int
    place: bytes
    created: bytes
    modified: bytes
    contextual: bool = False
    deleted: bool = False

    @property
    def created_at(self) -> int:
        return int(self.created)

    @property
    def modified_at(self) -> int:
        return int(self.modified)

    @property
    def kind(self) -> Kind:
        return Kind(self.body[9 : self.body.index(b'"', 9)].decode())


class WritableInstances(Sequence[Instance]):
    """Instances that a store can write without making them."""

    @abstractmethod
    def written(self) -> list[bytes] | None:
        """As the function `written` below."""


def written(instances: Sequence[Instance]) -> list[bytes] | None:
    """The JSON of each instance with its instanceId; None if it depends on the reader's @context (§4.5.7, §4.5.8)."""
    if isinstance(instances, WritableInstances):
        return instances.written()
    if any(one.contextual for one in instances):
        return None
    return [_PATTERN % (one.body[:-1], one.sequence, one.place) for one in instances]


class Series(msgspec.Struct, frozen=True, eq=False):
    """The selected instances of one attribute with one datasetId. times: of each instance, ascending.

    summary: of all numbers, where only that is asked for; then there are no instances, and two times: the least and the
    greatest. values: in the place of the instances, where only they are asked for. kind: of a series without
    instances, which can no longer tell it.
    """

    name: str
    dataset_id: str | None
    instances: Sequence[Instance]
    times: Moments
    summary: Summary | None = None
    values: Values | None = None
    kind: Kind = Kind.PROPERTY


class Evolution(msgspec.Struct, frozen=True, eq=False):
    """An entity with the series that a temporal query selects. types: IRIs. Moments in microseconds UTC.

    types and scope are the present ones, of a deleted entity the last ones; its created_at is 0, and modified_at
    when it was deleted.
    """

    id: str
    types: tuple[str, ...]
    series: tuple[Series, ...]
    scope: tuple[str, ...] = ()
    created_at: int = 0
    modified_at: int = 0


class Range(msgspec.Struct, frozen=True):
    """The part of the range that an answer covers although more was asked for (CIM 009 §6.3.10).

    start, end: microseconds UTC, in the direction of paging. size: lastN of the query, or "*".
    """

    start: int
    end: int
    size: str

    def content_range(self) -> str:
        return f"date-time {format_moment(self.start)}-{format_moment(self.end)}/{self.size}"


def parse_instance_id(text: str) -> tuple[int, bytes] | None:
    """(sequence, place) of an instanceId; None for one that this platform never gave out."""
    match = _INSTANCE.fullmatch(text)
    return (int(match[1]), match[2].encode()) if match else None


def deletion_body(kind: Kind, dataset_id: str | None, deleted_at: int) -> bytes:
    """The body of the instance that records a deletion (CIM 009 §4.5.7)."""
    null: object = {"@none": NGSI_LD_NULL} if kind is Kind.LANGUAGE_PROPERTY else NGSI_LD_NULL
    members: dict[str, object] = {"type": kind.value, VALUE_MEMBERS[kind]: null}
    if dataset_id is not None:
        members["datasetId"] = dataset_id
    return msgspec.json.encode({**members, "deletedAt": format_moment(deleted_at)})


def is_deletion(members: dict[str, Any]) -> bool:
    """Whether these are the members of an instance that records a deletion: its value is null (CIM 009 §4.5.7)."""
    kind = members.get("type")
    value = members.get(_VALUE_MEMBERS.get(kind, "")) if isinstance(kind, str) else None
    return value in (NGSI_LD_NULL, {"@none": NGSI_LD_NULL})


def select(
    name: str, dataset_id: str | None, instances: Sequence[Instance], temporal: TemporalQuery
) -> Series | None:
    """The instances that the query selects, in order; None if there are none.

    instances: all of the series in the order of their writing.
    """
    if not instances:
        return None
    times = times_of(instances, temporal)
    index = chosen(times, temporal)
    if not len(index):
        return None
    if len(index) == len(times) and (index[1:] > index[:-1]).all():
        return Series(name, dataset_id, instances, times)
    return Series(name, dataset_id, [instances[at] for at in index.tolist()], times[index])


def chosen(times: Moments, temporal: TemporalQuery) -> Moments:
    """Indexes of what the query selects, in order.

    times: of all instances of a series by `temporal.timeproperty`, in the order of their writing; NEVER: it has none.
    """
    earliest = temporal.earliest
    inside = times > NEVER if earliest is None else times >= earliest
    if temporal.end is not None:
        inside &= times < temporal.end
    index = inside.nonzero()[0]
    ordered = times[index]
    if (ordered[1:] < ordered[:-1]).any():
        order = ordered.argsort(kind="stable")
        ordered, index = ordered[order], index[order]
    low, high = _bounded(ordered, 0, len(ordered), temporal)
    return index[low:high]


def bounded(series: Series, temporal: TemporalQuery) -> Series:
    """What last_n and most leave of a series, whose instances are all inside the range."""
    return _sliced(series, *_bounded(series.times, 0, len(series.times), temporal))


def _bounded(times: Moments, low: int, high: int, temporal: TemporalQuery) -> tuple[int, int]:
    """The part of [low, high) that last_n and most leave."""
    most = temporal.most
    if not temporal.last_n:
        if most and low + most < high:
            high = int(np.searchsorted(times, times[low + most - 1], side="right"))
        return low, high
    low = max(low, high - temporal.last_n)
    if most and low + most < high:
        low = max(low, int(np.searchsorted(times, times[high - most])))
    return low, high


def limit(
    evolutions: Sequence[Evolution], temporal: TemporalQuery, instances_max: int, total_max: int
) -> tuple[Sequence[Evolution], Range | None]:
    """Cut the range so that no series is longer than the limit, nor all of them; None if nothing had to go.

    All series are cut at the same moment: from the end, or with lastN from the beginning. Instances of that
    very moment stay, so a series may exceed the limit by as many: who asks on from there misses none. Where all
    of them are of the moment with which the range begins, the next moment stays too, for who asks on from there
    must come further. A series that loses all its instances stays, empty: there is more of it outside the range.
    """
    series = [one for evolution in evolutions for one in evolution.series]
    backwards = bool(temporal.last_n)
    bounds = [
        int(one.times[-instances_max if backwards else instances_max - 1])
        for one in series
        if len(one.times) > instances_max
    ]
    if sum(len(one.times) for one in series) > total_max:
        everything = np.sort(np.concatenate([one.times for one in series]))
        bounds.append(int(everything[-total_max if backwards else total_max - 1]))
    if not bounds:
        return evolutions, None
    if backwards:
        bound = max(bounds)
        cut = [_sliced(one, int(np.searchsorted(one.times, bound)), len(one.times)) for one in series]
    else:
        bound = min(bounds)
        if bound == temporal.earliest:
            bound = min((_following(one.times, bound) for one in series), default=bound)
        cut = [_sliced(one, 0, int(np.searchsorted(one.times, bound, side="right"))) for one in series]
    if all(len(short.times) == len(whole.times) for short, whole in zip(cut, series, strict=True)):
        return evolutions, None
    least = min(int(one.times[0]) for one in cut if len(one.times))
    most = max(int(one.times[-1]) for one in cut if len(one.times))
    following = iter(cut)
    shortened = [
        msgspec.structs.replace(evolution, series=tuple([next(following) for _ in evolution.series]))
        for evolution in evolutions
    ]
    return shortened, _range(temporal, least, most)


def _following(times: Moments, moment: int) -> int:
    """The first time after the moment, or one behind all others."""
    place = int(np.searchsorted(times, moment, side="right"))
    return int(times[place]) if place < len(times) else _EVER


def _range(temporal: TemporalQuery, least: int, most: int) -> Range:
    if temporal.last_n:
        start = temporal.end if temporal.end is not None else most
        return Range(start, least, str(temporal.last_n))
    return Range(temporal.earliest if temporal.earliest is not None else least, most, "*")


def _sliced(series: Series, low: int, high: int) -> Series:
    kind = series.kind if low < high or not len(series.times) else series.instances[0].kind
    instances, times = series.instances[low:high], series.times[low:high]
    return Series(series.name, series.dataset_id, instances, times, kind=kind)


def decode_bodies(decoder: msgspec.json.Decoder[list[Body]], instances: Sequence[Instance]) -> list[Body]:
    """What the decoder reads out of each body. A list at a time: large blocks of memory cost more than decoding."""
    found: list[Body] = []
    for start in range(0, len(instances), _DECODED_TOGETHER):
        bodies = [instance.body for instance in instances[start : start + _DECODED_TOGETHER]]
        found += decoder.decode(b"[" + b",".join(bodies) + b"]")
    return found


class _Observed(msgspec.Struct, gc=False):
    observedAt: str | None = None  # noqa: N815


_OBSERVED: Final = msgspec.json.Decoder(list[_Observed])


def times_of(instances: Sequence[Instance], temporal: TemporalQuery) -> Moments:
    """The time of each instance by the query's time property, NEVER where it has none.

    Without a temporal relation an instance without observedAt counts at the moment it was written: a reader
    who asks for everything shall see everything.
    """
    match temporal.timeproperty:
        case TimeProperty.OBSERVED_AT:
            return _observed_times(instances, temporal.relation)
        case TimeProperty.CREATED_AT:
            times = [NEVER if instance.deleted else instance.created_at for instance in instances]
        case TimeProperty.MODIFIED_AT:
            times = [NEVER if instance.deleted else instance.modified_at for instance in instances]
        case TimeProperty.DELETED_AT:
            times = [instance.modified_at if instance.deleted else NEVER for instance in instances]
    return np.array(times, dtype=np.int64)


def _observed_times(instances: Sequence[Instance], relation: TimeRelation | None) -> Moments:
    texts = [one.observedAt for one in decode_bodies(_OBSERVED, instances)]
    if None not in texts:
        return parse_moments([text for text in texts if text is not None])
    times = []
    for text, instance in zip(texts, instances, strict=True):
        if text is not None:
            times.append(parse_moment(text))
        else:
            times.append(instance.modified_at if relation is None else NEVER)
    return np.array(times, dtype=np.int64)


def parse_moments(texts: list[str]) -> Moments:
    """Microseconds UTC of canonical DateTimes; many at once where they are of one length, as they mostly are."""
    length = len(texts[0])
    joined = "".join(texts)
    if joined.isascii() and set(map(len, texts)) == {length}:
        written = np.frombuffer(joined.encode(), dtype=f"S{length}")
        if (written.view(np.uint8)[length - 1 :: length] == ord("Z")).all():
            try:
                return written.astype(f"S{length - 1}").astype("datetime64[us]").astype(np.int64)
            except ValueError:
                pass
    return np.array([parse_moment(text) for text in texts], dtype=np.int64)
