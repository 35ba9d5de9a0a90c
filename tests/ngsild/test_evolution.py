"""Selecting, cutting and writing of histories against plain Python, and round trips of their forms."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madang.ngsild.attribute import property_
from madang.ngsild.context import CORE, Context
from madang.ngsild.entity import Kind
from madang.ngsild.evolution import (
    Evolution,
    Instance,
    Range,
    Series,
    deletion_body,
    limit,
    parse_instance_id,
    select,
)
from madang.ngsild.evolution_forms import EvolutionForm, Shape, render
from madang.ngsild.evolution_input import parse_evolution
from madang.ngsild.temporal import TemporalQuery, TimeProperty, TimeRelation
from madang.ngsild.times import format_moment

SECOND = 1_000_000
NAME = CORE.expand("speed")
CONTEXT = Context.from_terms({"big": "https://a.example/big", "owner": "https://a.example/owner"})


def instance(number: int, observed: int | None, written: int, *, deleted: bool = False) -> Instance:
    stamp = str(written).encode()
    if deleted:
        return Instance(
            deletion_body(Kind.PROPERTY, None, written), number, b"4-0", stamp, stamp, deleted=True
        )
    body = property_(NAME, number, observed_at=None if observed is None else format_moment(observed)).body
    return Instance(body, number, b"4-0", stamp, stamp)


moments = st.integers(0, 40).map(lambda seconds: seconds * SECOND) | st.sampled_from(
    [5 * SECOND + 500_000, 7 * SECOND + 1]
)
written = st.tuples(st.none() | moments, moments, st.booleans())
queries = st.builds(
    TemporalQuery,
    relation=st.sampled_from([None, *TimeRelation]),
    time_at=moments,
    end_time_at=moments,
    timeproperty=st.sampled_from(TimeProperty),
    last_n=st.integers(0, 4),
)


def naive_time(one: Instance, observed: int | None, query: TemporalQuery) -> int | None:
    match query.timeproperty:
        case TimeProperty.OBSERVED_AT:
            if one.deleted or observed is None:
                return one.modified_at if query.relation is None else None
            return observed
        case TimeProperty.DELETED_AT:
            return one.modified_at if one.deleted else None
        case _:
            return None if one.deleted else one.created_at


@settings(max_examples=300)
@given(st.lists(written, max_size=12), queries)
def test_select_is_what_plain_python_says(
    rows: list[tuple[int | None, int, bool]], query: TemporalQuery
) -> None:
    instances = [
        instance(number, observed, moment, deleted=deleted)
        for number, (observed, moment, deleted) in enumerate(rows)
    ]
    timed = []
    for one, (observed, _, _) in zip(instances, rows, strict=True):
        time = naive_time(one, observed, query)
        if time is None:
            continue
        if query.relation is TimeRelation.BEFORE and time >= query.time_at:
            continue
        if query.relation in (TimeRelation.AFTER, TimeRelation.BETWEEN) and time < query.time_at:
            continue
        if query.relation is TimeRelation.BETWEEN and time >= query.end_time_at:
            continue
        timed.append((time, one))
    timed.sort(key=lambda pair: pair[0])
    if query.last_n:
        timed = timed[-query.last_n :]
    series = select(NAME, None, instances, query)
    if series is None:
        assert timed == []
    else:
        assert list(zip(series.times.tolist(), series.instances, strict=True)) == timed


def series_of(*times: int) -> Series:
    found = select(
        NAME, None, [instance(number, time, time) for number, time in enumerate(times)], TemporalQuery()
    )
    assert found is not None
    return found


@given(
    st.lists(st.lists(moments, min_size=1, max_size=12), min_size=1, max_size=3),
    st.integers(1, 6),
    st.booleans(),
)
def test_limit_keeps_one_range_for_all(all_times: list[list[int]], most: int, backwards: bool) -> None:
    query = TemporalQuery(last_n=100 if backwards else 0)
    evolutions = [Evolution("urn:x:1", (), tuple(series_of(*times) for times in all_times))]
    shortened, covered = limit(evolutions, query, most, 1000)
    kept = [one.times.tolist() for one in shortened[0].series]
    before = [sorted(times) for times in all_times]
    if kept == before:
        assert covered is None
        return
    assert covered is not None
    shown = list(itertools.chain.from_iterable(kept))
    least, greatest = min(shown), max(shown)
    assert kept == [[time for time in times if least <= time <= greatest] for times in before]
    ends = set(itertools.chain.from_iterable(before))
    if backwards:
        assert greatest == max(ends)
        assert (covered.start, covered.end, covered.size) == (greatest, least, "100")
        assert all(len([time for time in times if time > least]) <= most for times in kept)
    else:
        assert least == min(ends)
        assert (covered.start, covered.end, covered.size) == (least, greatest, "*")
        assert all(len([time for time in times if time < greatest]) <= most for times in kept)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (TemporalQuery(TimeRelation.AFTER, SECOND), Range(SECOND, 3 * SECOND, "*")),
        (TemporalQuery(TimeRelation.BEFORE, 99 * SECOND), Range(2 * SECOND, 3 * SECOND, "*")),
        (TemporalQuery(TimeRelation.BETWEEN, SECOND, 99 * SECOND), Range(SECOND, 3 * SECOND, "*")),
        (TemporalQuery(TimeRelation.AFTER, SECOND, last_n=50), Range(5 * SECOND, 4 * SECOND, "50")),
        (TemporalQuery(TimeRelation.BEFORE, 99 * SECOND, last_n=50), Range(99 * SECOND, 4 * SECOND, "50")),
        (
            TemporalQuery(TimeRelation.BETWEEN, SECOND, 99 * SECOND, last_n=50),
            Range(99 * SECOND, 4 * SECOND, "50"),
        ),
    ],
)
def test_the_range_of_a_part(query: TemporalQuery, expected: Range) -> None:
    series = series_of(2 * SECOND, 3 * SECOND, 4 * SECOND, 5 * SECOND)
    _, covered = limit([Evolution("urn:x:1", (), (series,))], query, 2, 1000)
    assert covered == expected


def test_a_series_that_loses_all_stays_empty() -> None:
    long, late = series_of(1, 2, 3), series_of(9)
    shortened, _ = limit([Evolution("urn:x:1", (), (long, late))], TemporalQuery(), 2, 1000)
    assert [one.times.tolist() for one in shortened[0].series] == [[1, 2], []]
    written = orjson.loads(render(shortened[0], TemporalQuery(), EvolutionForm()))
    assert len(written["speed"]) == 2


@pytest.mark.parametrize("kind", Kind)
def test_a_deletion_says_its_kind(kind: Kind) -> None:
    body = deletion_body(kind, "urn:d:1", 0)
    assert Instance(body, 1, b"1-0", b"0", b"0").kind is kind
    assert orjson.loads(body).keys() == {"type", kind.value_member, "datasetId", "deletedAt"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("urn:ngsi-ld:Instance:12-3-0", (12, b"3-0")),
        ("urn:ngsi-ld:Instance:12-3", None),
        ("urn:ngsi-ld:Instance:-1-3-0", None),
        ("urn:ngsi-ld:Instance:٣-3-0", None),
        ("urn:x:12-3-0", None),
        ("urn:ngsi-ld:Instance:" + "9" * 30 + "-1-0", None),
    ],
)
def test_instance_ids(text: str, expected: object) -> None:
    assert parse_instance_id(text) == expected


def evolution_of(raw: dict[str, Any]) -> Evolution:
    """What a store would give back for this body, written at once."""
    entity = parse_evolution(raw, CONTEXT)
    groups: dict[tuple[str, str | None], list[Instance]] = {}
    for number, attribute in enumerate(entity.attributes):
        one = Instance(attribute.body, number, b"1-0", b"1", b"1", attribute.contextual)
        groups.setdefault((attribute.name, attribute.dataset_id), []).append(one)
    selected = [
        select(name, dataset, instances, TemporalQuery()) for (name, dataset), instances in groups.items()
    ]
    return Evolution(entity.id, entity.types, tuple(one for one in selected if one is not None), entity.scope)


json_values = st.recursive(
    st.integers(-1000, 1000) | st.text(max_size=5) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=4,
)
uris = st.sampled_from(["urn:x:1", "urn:x:2"])
plain = st.one_of(
    st.builds(lambda value: {"type": "Property", "value": value}, json_values),
    st.builds(
        lambda value: {"type": "JsonProperty", "json": value},
        st.dictionaries(st.sampled_from(["a", "b"]), json_values, max_size=2),
    ),
    st.builds(lambda value: {"type": "Relationship", "object": value}, uris | st.lists(uris, min_size=1)),
    st.builds(lambda value: {"type": "VocabProperty", "vocab": value}, st.sampled_from(["big", "small"])),
    st.builds(lambda value: {"type": "ListProperty", "valueList": value}, st.lists(json_values, max_size=3)),
    st.builds(lambda value: {"type": "ListRelationship", "objectList": value}, st.lists(uris, max_size=3)),
    st.builds(lambda text: {"type": "LanguageProperty", "languageMap": {"ko": text}}, st.text(max_size=5)),
)
timed = st.builds(
    lambda one, time, dataset: {
        **one,
        "observedAt": format_moment(time),
        **({"datasetId": dataset} if dataset else {}),
    },
    plain,
    moments,
    st.none() | uris,
)
bodies = st.dictionaries(
    st.sampled_from(["speed", "colour", "owner"]), st.lists(timed, min_size=1, max_size=5), min_size=1
).map(lambda attributes: {"id": "urn:x:1", "type": "Car", **attributes})


@given(bodies)
def test_the_normalized_form_round_trips(raw: dict[str, Any]) -> None:
    form = EvolutionForm(CONTEXT)
    once = render(evolution_of(raw), TemporalQuery(), form)
    read_again = evolution_of(orjson.loads(once))
    bodies = [[one.body for one in series.instances] for series in evolution_of(raw).series]
    assert [[one.body for one in series.instances] for series in read_again.series] == bodies


@given(bodies)
def test_temporal_values_round_trip(raw: dict[str, Any]) -> None:
    form = EvolutionForm(CONTEXT, Shape.TEMPORAL_VALUES)
    once = orjson.loads(render(evolution_of(raw), TemporalQuery(), form))
    again = orjson.loads(render(evolution_of(once), TemporalQuery(), form))
    assert again == once
    pairs = [pair for one in flat(once) for key, value in one.items() if key.endswith("s") for pair in value]
    assert len(pairs) == sum(len(value) for value in raw.values() if isinstance(value, list))


def flat(simplified: dict[str, Any]) -> list[dict[str, Any]]:
    members = [value for key, value in simplified.items() if key not in ("id", "type")]
    return [one for value in members for one in (value if isinstance(value, list) else [value])]


def test_in_one_language() -> None:
    says = {
        "type": "LanguageProperty",
        "languageMap": {"ko": "예", "en": "yes"},
        "observedAt": "2026-01-01T00:00:00Z",
    }
    evolution = evolution_of({"id": "urn:x:1", "type": "Car", "says": [says]})
    form = EvolutionForm(CONTEXT, Shape.TEMPORAL_VALUES, language="ko")
    assert orjson.loads(render(evolution, TemporalQuery(), form))["says"] == {
        "type": "Property",
        "values": [["예", "2026-01-01T00:00:00Z"]],
    }
    normalized = orjson.loads(
        render(evolution, TemporalQuery(), msgspec.structs.replace(form, shape=Shape.NORMALIZED))
    )
    assert (normalized["says"][0]["value"], normalized["says"][0]["lang"]) == ("예", "ko")
