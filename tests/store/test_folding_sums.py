"""Aggregated values out of chunks and tail are those of the single instances, whatever the periods."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
import pytest

from madang.clock import FixedClock
from madang.ngsild.attribute import property_
from madang.ngsild.changes import AppendHistory, Change, DeleteAttribute
from madang.ngsild.context import CORE
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.evolution_forms import EvolutionForm, Shape, render
from madang.ngsild.temporal import DAY, Aggregation, Method, Period, TemporalQuery, TimeProperty, TimeRelation
from madang.ngsild.times import format_moment, parse_moment
from madang.store.sqlite import chunks, fold, sums
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import OPEN

ID: Final = "urn:ngsi-ld:Car:1"
CAR: Final = CORE.expand("Car")
SPEED, FUEL, MIXED = (CORE.expand(name) for name in ("speed", "fuel", "mixed"))
BEGIN: Final = parse_moment("2025-11-20T00:00:00Z")
SPAN: Final = 100 * DAY
FORM: Final = EvolutionForm(CORE, Shape.AGGREGATED_VALUES)
PERIODS: Final = (
    Period(),
    Period(microseconds=3_600_000_000),
    Period(microseconds=DAY),
    Period(microseconds=30 * DAY),
    Period(months=1),
    Period(months=1, microseconds=DAY),
)
METHODS: Final = (
    (Method.AVG,),
    (Method.SUM, Method.MIN, Method.MAX, Method.TOTAL_COUNT),
    (Method.STDDEV, Method.SUMSQ, Method.TOTAL_COUNT),
    (Method.DISTINCT_COUNT, Method.TOTAL_COUNT),
)


def written(chance: random.Random, moment: int) -> list[Attribute]:
    """Instances of that time: a number, a text, and one that is now the one and now the other."""
    at = format_moment(moment)
    speed = round(chance.uniform(-50, 50), 2)
    mixed: Any = chance.choice(["fast", speed])
    return [
        property_(SPEED, speed, observed_at=at if chance.random() < 0.99 else None),
        property_(FUEL, chance.choice(["full", "empty"]), observed_at=at),
        property_(MIXED, mixed, observed_at=at, dataset_id="urn:d:1"),
    ]


def ranges() -> list[TemporalQuery]:
    made = []
    for timeproperty in (TimeProperty.OBSERVED_AT, TimeProperty.MODIFIED_AT):
        every = TemporalQuery(timeproperty=timeproperty)
        early, late = BEGIN + SPAN // 3, BEGIN + SPAN // 2
        made += [
            every,
            msgspec.structs.replace(every, relation=TimeRelation.BEFORE, time_at=late),
            msgspec.structs.replace(every, relation=TimeRelation.AFTER, time_at=early),
            msgspec.structs.replace(every, relation=TimeRelation.BETWEEN, time_at=early, end_time_at=late),
        ]
    return [*made, msgspec.structs.replace(made[2], last_n=10)]


def same(found: Any, expected: Any) -> bool:
    """Equal, numbers nearly: they may be added up in another order."""
    if isinstance(expected, float):
        return isinstance(found, float | int) and found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in expected)
    return bool(found == expected)


@pytest.mark.parametrize("seed", range(2))
async def test_sums_are_those_of_the_instances(
    tmp_path: Path, clock: FixedClock, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "VALUES_MAX", 64)
    monkeypatch.setattr(fold, "_FULL_ENOUGH", 32)
    chance = random.Random(seed)
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    reader = open_reader(tmp_path / "t.sqlite3")
    for round_ in range(12):
        at = sorted(BEGIN + chance.randrange(SPAN) // 1_000_000 * 1_000_000 for _ in range(50))
        if round_ % 3:
            at = [BEGIN + round_ * SPAN // 12 + number * 60_000_000 for number in range(50)]
        clock.advance(SPAN // 12)
        written_now = [tuple(written(chance, moment)) for moment in at]
        if round_ < 11:
            written_now = [tuple(one for several in written_now for one in several)]
        changes: list[Change] = [AppendHistory(Entity(ID, (CAR,), some)) for some in written_now]
        if round_ % 4 == 3:
            changes.append(DeleteAttribute(ID, SPEED))
        await store.commit(changes)
        if round_ < 10 and (step := fold.make_step(reader, 1, 10_000)) is not None:
            await store._write(partial(fold.write_step, step=step))
    for asked in ranges():
        for period in PERIODS:
            for methods in METHODS:
                query = msgspec.structs.replace(asked, aggregation=Aggregation(methods, period))
                single = await store.evolution(ID, asked, OPEN)
                found = await store.evolution(ID, query, OPEN)
                assert single is not None
                assert found is not None
                expected = orjson.loads(render(single, query, FORM))
                assert same(orjson.loads(render(found, query, FORM)), expected), query
    reader.close()
    await store.close()


async def test_a_long_history_is_summed_up_in_another_process(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(3)
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    moments = range(BEGIN, BEGIN + 2000 * 60_000_000, 60_000_000)
    instances = tuple(one for moment in moments for one in written(chance, moment))
    await store.commit([AppendHistory(Entity(ID, (CAR,), instances))])
    assert await store.fold() == 1
    for methods in METHODS[:3]:
        query = TemporalQuery(aggregation=Aggregation(methods, PERIODS[1]))
        here = await store.evolution(ID, query, OPEN)
        monkeypatch.setattr(sums, "_VALUES_IN_LOOP_MAX", 0)
        there = await store.evolution(ID, query, OPEN)
        monkeypatch.undo()
        assert here is not None
        assert there is not None
        assert render(there, query, FORM) == render(here, query, FORM)
    assert not sums.is_long(store._reader, ID, TemporalQuery())
    await store.close()
