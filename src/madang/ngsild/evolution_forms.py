"""Evolutions as their readers want them: arrays of instances, temporalValues, aggregatedValues.

CIM 009 §4.5.6 to §4.5.9 and §4.5.19. An attribute whose history has several datasetIds, or changed its kind,
becomes an array of objects in the last two forms, each with its datasetId: the specification shows only
attributes with one. The first form joins the stored bytes; a body is decoded only where it depends on the
reader's @context.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, Final

import msgspec
import numpy as np
import orjson

from madang.errors import InvalidRequest
from madang.ngsild import aggregation
from madang.ngsild.aggregation import Values
from madang.ngsild.context import CORE, Context
from madang.ngsild.entity import Kind
from madang.ngsild.evolution import (
    INSTANCE_PREFIX,
    Evolution,
    Instance,
    Series,
    decode_bodies,
    is_deletion,
    written,
)
from madang.ngsild.identifier import NGSI_LD_NULL
from madang.ngsild.representation import compact_members, in_language
from madang.ngsild.scopes_over_time import SCOPE
from madang.ngsild.temporal import Aggregation, TemporalQuery, TimeProperty
from madang.ngsild.times import format_moment

_PLURAL: Final = {
    Kind.PROPERTY: "values",
    Kind.GEO_PROPERTY: "values",
    Kind.RELATIONSHIP: "objects",
    Kind.LANGUAGE_PROPERTY: "languageMaps",
    Kind.VOCAB_PROPERTY: "vocabs",
    Kind.JSON_PROPERTY: "jsons",
    Kind.LIST_PROPERTY: "valueLists",
    Kind.LIST_RELATIONSHIP: "objectLists",
}
_NULL: Final = NGSI_LD_NULL.encode()
_NAMED: Final = frozenset((Kind.LANGUAGE_PROPERTY, Kind.VOCAB_PROPERTY, Kind.JSON_PROPERTY))


class Shape(Enum):
    """The temporal representations of an entity."""

    NORMALIZED = "normalized"
    TEMPORAL_VALUES = "temporalValues"
    AGGREGATED_VALUES = "aggregatedValues"


class EvolutionForm(msgspec.Struct, frozen=True):
    """How to write an evolution.

    system: with createdAt and modifiedAt. pick: only these members ("id", "type", "scope" or IRIs), None for
    all. omit: without these. language: "lang" of the request, which turns LanguageProperties into Properties.
    """

    context: Context = CORE
    shape: Shape = Shape.NORMALIZED
    system: bool = False
    pick: frozenset[str] | None = None
    omit: frozenset[str] = frozenset()
    language: str | None = None

    def wants(self, member: str) -> bool:
        return (self.pick is None or member in self.pick) and member not in self.omit


def render(evolution: Evolution, temporal: TemporalQuery, form: EvolutionForm) -> bytes:
    """The evolution as a JSON object, without "@context"; "{}" if the form leaves nothing of it.

    Raises InvalidRequest for an aggregation method that does not fit an attribute asked for by name.
    """
    return as_object(members(evolution, temporal, form))


def as_object(parts: Iterable[bytes]) -> bytes:
    """The JSON object with these `members`."""
    return b"{" + b",".join(parts) + b"}"


def members(evolution: Evolution, temporal: TemporalQuery, form: EvolutionForm) -> Iterator[bytes]:
    """The members of `render`'s object one after the other, for who does something else between."""
    head = orjson.dumps(_head(evolution, form))[1:-1]
    if head:
        yield head
    by_name: dict[str, list[Series]] = {}
    for series in evolution.series:
        if form.wants("scope" if series.name == SCOPE else series.name):
            by_name.setdefault(series.name, []).append(series)
    origin = min((int(one.times[0]) for one in evolution.series if len(one.times)), default=0)
    for name, found in by_name.items():
        value = _member(name, found, temporal, form, origin)
        if value:
            yield form.context.key(name) + value


def _member(
    name: str, found: list[Series], temporal: TemporalQuery, form: EvolutionForm, origin: int
) -> bytes:
    match form.shape:
        case Shape.NORMALIZED:
            parts = [_instances(series, form) for series in found if len(series.times)]
            return b"[" + b",".join(parts) + b"]"
        case Shape.TEMPORAL_VALUES:
            return _joined([_pairs(series, temporal, form) for one in found for series in by_kind(one)])
        case Shape.AGGREGATED_VALUES:
            if name == SCOPE:
                return b""
            kinds = [series for one in found for series in by_kind(one)]
            return _joined([_aggregated(series, temporal, form, origin) for series in kinds])


def by_kind(series: Series) -> Iterator[Series]:
    """The series itself, or where the attribute changed its kind, a part for each kind it had."""
    if not series.instances:
        yield series
        return
    start = series.instances[0].body[: series.instances[0].body.index(b",")]
    if all(instance.body.startswith(start) for instance in series.instances):
        yield series
        return
    kinds = [instance.kind for instance in series.instances]
    for kind in dict.fromkeys(kinds):
        mask = np.array([one is kind for one in kinds])
        instances = [instance for instance, one in zip(series.instances, kinds, strict=True) if one is kind]
        yield Series(series.name, series.dataset_id, instances, series.times[mask])


def _head(evolution: Evolution, form: EvolutionForm) -> dict[str, Any]:
    head: dict[str, Any] = {}
    if form.wants("id"):
        head["id"] = evolution.id
    if form.wants("type"):
        names = [form.context.compact(name) for name in evolution.types]
        head["type"] = names[0] if len(names) == 1 else names
    if form.system and evolution.created_at:
        head["createdAt"] = format_moment(evolution.created_at)
        head["modifiedAt"] = format_moment(evolution.modified_at)
    elif form.system:
        head["deletedAt"] = format_moment(evolution.modified_at)
    return head


def _joined(objects: list[bytes]) -> bytes:
    """One object as itself, several as an array, none as nothing."""
    found = [one for one in objects if one]
    return found[0] if len(found) == 1 else b"[" + b",".join(found) + b"]" if found else b""


# --- arrays of instances (§4.5.7, §4.5.8) ---


def _instances(series: Series, form: EvolutionForm) -> bytes:
    if not form.system and form.language is None:
        texts = written(series.instances)
        if texts is not None:
            return b",".join(texts)
    prefix = b',"instanceId":"' + INSTANCE_PREFIX.encode()
    bodies = []
    for one in series.instances:
        tail = b'%b%d-%b"' % (prefix, one.sequence, one.place)
        if form.system:
            times = f',"createdAt":"{format_moment(one.created_at)}","modifiedAt":"{format_moment(one.modified_at)}"'
            tail = times.encode() + tail
        bodies.append(_body(one, form)[:-1] + tail + b"}")
    return b",".join(bodies)


def _body(instance: Instance, form: EvolutionForm) -> bytes:
    if not instance.contextual and form.language is None:
        return instance.body
    return orjson.dumps(_compacted(instance, form))


def _compacted(instance: Instance, form: EvolutionForm) -> dict[str, Any]:
    stored = orjson.loads(instance.body)
    deleted_at = stored.pop("deletedAt", None)
    found = compact_members(stored, form.context, system=form.system)
    if form.language is not None and not is_deletion(found):
        found = in_language(found, form.language)
    return found if deleted_at is None else {**found, "deletedAt": deleted_at}


# --- temporalValues (§4.5.9) ---


def _pairs(series: Series, temporal: TemporalQuery, form: EvolutionForm) -> bytes:
    """One object with pairs of value and time. Deletions only where deletedAt was asked for."""
    if temporal.timeproperty is not TimeProperty.DELETED_AT:
        left = without_deletions(series)
        if not left.instances and series.instances:
            return b""
        series = left
    kind = series.instances[0].kind if series.instances else series.kind
    if form.language is not None and kind is Kind.LANGUAGE_PROPERTY:
        kind = Kind.PROPERTY
    values = _values(series.instances, kind, form)
    if kind in _NAMED:
        values = [b'{"%b":%b}' % (kind.value_member.encode(), value) for value in values]
    times = aggregation.written(series.times)
    pairs = b",".join(
        [b'[%b,"%b"]' % (value, time.encode()) for value, time in zip(values, times, strict=True)]
    )
    return b'%b"%b":[%b]}' % (_opening(kind, series.dataset_id), _PLURAL[kind].encode(), pairs)


def without_deletions(series: Series) -> Series:
    gone = [_is_deletion(instance) for instance in series.instances]
    if not any(gone):
        return series
    kept = [instance for instance, deleted in zip(series.instances, gone, strict=True) if not deleted]
    return Series(series.name, series.dataset_id, kept, series.times[~np.array(gone, dtype=bool)])


def _is_deletion(instance: Instance) -> bool:
    """Whether a deletion happened then, or was written into the history."""
    return instance.deleted or (_NULL in instance.body and is_deletion(orjson.loads(instance.body)))


def _opening(kind: Kind, dataset_id: str | None) -> bytes:
    """The beginning of an object, up to and with the comma after its datasetId or type."""
    members = {"type": kind.value} if dataset_id is None else {"type": kind.value, "datasetId": dataset_id}
    return orjson.dumps(members)[:-1] + b","


class _Value(msgspec.Struct, gc=False):
    value: msgspec.Raw


class _Object(msgspec.Struct, gc=False):
    value: msgspec.Raw = msgspec.field(name="object")


class _List(msgspec.Struct, gc=False):
    value: msgspec.Raw = msgspec.field(name="valueList")


class _Languages(msgspec.Struct, gc=False):
    value: msgspec.Raw = msgspec.field(name="languageMap")


class _Json(msgspec.Struct, gc=False):
    value: msgspec.Raw = msgspec.field(name="json")


_RAW: Final[dict[Kind, msgspec.json.Decoder[list[Any]]]] = {
    Kind.PROPERTY: msgspec.json.Decoder(list[_Value]),
    Kind.GEO_PROPERTY: msgspec.json.Decoder(list[_Value]),
    Kind.RELATIONSHIP: msgspec.json.Decoder(list[_Object]),
    Kind.LIST_PROPERTY: msgspec.json.Decoder(list[_List]),
    Kind.LANGUAGE_PROPERTY: msgspec.json.Decoder(list[_Languages]),
    Kind.JSON_PROPERTY: msgspec.json.Decoder(list[_Json]),
}


def _values(instances: Sequence[Instance], kind: Kind, form: EvolutionForm) -> list[bytes]:
    """The JSON of each instance's value; cut out of the bodies where nothing in it depends on the context."""
    decoder = _RAW.get(kind)
    plain = decoder is not None and form.language is None and not any(one.contextual for one in instances)
    if decoder is not None and plain:
        return [bytes(one.value) for one in decode_bodies(decoder, instances)]
    values = [_compacted(instance, form)[kind.value_member] for instance in instances]
    if kind is Kind.LIST_RELATIONSHIP:
        values = [_targets(value) for value in values]
    return [orjson.dumps(value) for value in values]


def _targets(objects: Any) -> Any:
    return [one["object"] for one in objects] if isinstance(objects, list) else objects


# --- aggregatedValues (§4.5.19) ---


class _Number(msgspec.Struct, gc=False):
    value: float


_NUMBERS: Final = msgspec.json.Decoder(list[_Number])


def _aggregated(series: Series, temporal: TemporalQuery, form: EvolutionForm, origin: int) -> bytes:
    asked: Aggregation | None = temporal.aggregation
    assert asked is not None
    if series.summary is not None:
        summed = aggregation.of_summary(series.summary, temporal, asked, origin)
        return _opening(Kind.PROPERTY, series.dataset_id) + orjson.dumps(summed)[1:]
    values, kind = series.values, series.kind
    if values is None:
        series = without_deletions(series)
        if not series.instances:
            return b""
        kind = series.instances[0].kind
        values = _comparable(series.instances, kind, msgspec.structs.replace(form, language=None))
    if not len(series.times):
        return b""
    unfit = [method for method in asked.methods if method not in values.methods]
    name = form.context.compact(series.name)
    if unfit and series.name in temporal.attributes:
        raise InvalidRequest(
            f"aggrMethods {', '.join(unfit)} cannot be computed over the values of '{name}'; "
            f"{', '.join(sorted(values.methods))} can"
        )
    periods = aggregation.periods(series.times, temporal, asked.period, origin)
    answer = {
        method.value: aggregation.aggregate(values, periods, method)
        for method in asked.methods
        if method in values.methods
    }
    return _opening(kind, series.dataset_id) + orjson.dumps(answer)[1:] if answer else b""


def _comparable(instances: Sequence[Instance], kind: Kind, form: EvolutionForm) -> Values:
    if kind is Kind.PROPERTY:
        try:
            numbers = decode_bodies(_NUMBERS, instances)
        except msgspec.ValidationError:
            pass
        else:
            return aggregation.read_numbers(np.array([one.value for one in numbers]))
    items = [orjson.loads(value) for value in _values(instances, kind, form)]
    if kind in (Kind.PROPERTY, Kind.LIST_PROPERTY):
        return aggregation.read_values(items)
    return aggregation.read_opaque(items)
