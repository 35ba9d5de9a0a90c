"""Folding keeps history as it is: a store that folds at random moments against one that never does."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.clock import FixedClock
from madang.ngsild.attribute import geo_property, property_, relationship
from madang.ngsild.changes import (
    AppendHistory,
    Change,
    Delete,
    DeleteAttribute,
    DeleteHistory,
    Mode,
    PatchAttribute,
    PatchInstance,
    Write,
)
from madang.ngsild.context import CORE
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.evolution import INSTANCE_PREFIX, Evolution, Instance
from madang.ngsild.temporal import TemporalQuery, TimeProperty, TimeRelation
from madang.ngsild.times import format_moment
from madang.store.sqlite import chunks, columns, fold
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.fold import Step
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import OPEN

IDS: Final = [f"urn:ngsi-ld:Car:{number}" for number in range(3)]
CAR: Final = CORE.expand("Car")
SPEED, FUEL, PLACE, OWNER = (CORE.expand(name) for name in ("speed", "fuel", "location", "owner"))
DATASETS: Final = [None, "urn:d:1"]
SECOND: Final = 1_000_000


def queries() -> list[TemporalQuery]:
    """Every kind of selection."""
    made = []
    for timeproperty in TimeProperty:
        every = TemporalQuery(timeproperty=timeproperty)
        middle = (
            500 * SECOND if timeproperty is TimeProperty.OBSERVED_AT else 1_767_268_800 * SECOND + 60 * SECOND
        )
        for ranged in (
            every,
            msgspec.structs.replace(every, relation=TimeRelation.BEFORE, time_at=middle),
            msgspec.structs.replace(every, relation=TimeRelation.AFTER, time_at=middle),
            msgspec.structs.replace(
                every, relation=TimeRelation.BETWEEN, time_at=middle, end_time_at=middle + 30 * SECOND
            ),
        ):
            made += [ranged, *(msgspec.structs.replace(ranged, last_n=n) for n in (1, 3, 40))]
            made += [
                msgspec.structs.replace(ranged, most=2),
                msgspec.structs.replace(ranged, attributes=(SPEED,)),
            ]
    return made


QUERIES: Final = queries()


def shown(evolution: Evolution | None) -> dict[tuple[str, str | None], Any]:
    """All that a reader can see of the series, but for the kind of deletions: what was corrected before one decides it
    until it is folded."""
    if evolution is None:
        return {}
    return {
        (series.name, series.dataset_id): (
            series.times.tolist(),
            [msgspec.structs.replace(one, body=b"") if one.deleted else one for one in series.instances],
        )
        for series in evolution.series
    }


def written(chance: random.Random) -> Attribute:
    """An instance of some attribute, in one of many forms."""
    dataset = chance.choice(DATASETS)
    observed = format_moment(chance.randrange(1000) * SECOND + chance.choice([0, 0, 0, 5000, 1]))
    at = observed if chance.random() < 0.9 else None
    kind = chance.random()
    if kind < 0.6:
        value: Any = chance.choice(
            [1, 1.0, -0.0, 0.1, 23.45, -7, 1e300, 2**60, chance.random(), chance.randrange(100)]
        )
        unit = chance.choice([None, "KMH"])
        return property_(SPEED, value, observed_at=at, unit_code=unit, dataset_id=dataset)
    if kind < 0.8:
        state = chance.choice(["full", "empty", 'a"b\\c', "기름", True, [1, 2], {"a": None}])
        return property_(FUEL, state, observed_at=at, dataset_id=dataset)
    if kind < 0.9:
        point = {"type": "Point", "coordinates": [chance.random(), chance.random()]}
        return geo_property(PLACE, point, observed_at=at)
    return relationship(OWNER, f"urn:owner:{chance.randrange(3)}", observed_at=at)


def change(chance: random.Random) -> Change:
    """Some write; those that the entity's state does not allow are refused by both stores."""
    identifier = chance.choice(IDS)
    kind = chance.random()
    if kind < 0.6:
        instances = tuple(written(chance) for _ in range(chance.randint(1, 12)))
        return AppendHistory(Entity(identifier, (CAR,), instances))
    if kind < 0.75:
        return PatchAttribute(identifier, written(chance))
    if kind < 0.85:
        return Write(Mode.UPSERT_UPDATE, Entity(identifier, (CAR,), (written(chance),)))
    if kind < 0.9:
        return DeleteAttribute(identifier, chance.choice([SPEED, FUEL, OWNER]), every=True)
    if kind < 0.93:
        return Delete(identifier)
    if kind < 0.96:
        return DeleteHistory(identifier, chance.choice([SPEED, FUEL]), chance.choice(DATASETS))
    return DeleteHistory(identifier, SPEED, every=True) if kind < 0.99 else DeleteHistory(identifier)


async def correction(store: SqliteStore, chance: random.Random) -> Change | None:
    """The erasure or replacement of an instance that there is."""
    identifier = chance.choice(IDS)
    evolution = await store.evolution(identifier, TemporalQuery(), OPEN)
    if evolution is None or not evolution.series:
        return None
    series = chance.choice(evolution.series)
    one: Instance = chance.choice(list(series.instances))
    named = f"{INSTANCE_PREFIX}{one.sequence}-{one.place.decode()}"
    if chance.random() < 0.5:
        return DeleteHistory(identifier, series.name, instance_id=named)
    right = property_(series.name, "right", observed_at=format_moment(chance.randrange(1000) * SECOND))
    return PatchInstance(identifier, msgspec.structs.replace(right, dataset_id=series.dataset_id), named)


class Folder:
    """Makes and writes steps of folding at random."""

    def __init__(self, store: SqliteStore, path: Path, chance: random.Random) -> None:
        self._store = store
        self._chance = chance
        self._reader = open_reader(path)
        self._held: list[Step] = []
        self.folded = self.refused = 0

    async def fold(self) -> None:
        """Some entities; now and then a step is held back until later, and may come too late."""
        kept = max(1, await self._store.last_sequence() - self._chance.choice([0, 5, 1000]))
        for row in range(1, len(IDS) + 1):
            while (step := fold.make_step(self._reader, row, kept)) is not None:
                if self._chance.random() < 0.1:
                    self._held.append(step)
                    break
                await self._write(step)
        if self._held and self._chance.random() < 0.5:
            await self._write(self._held.pop())

    async def _write(self, step: Step) -> None:
        sent = msgspec.msgpack.decode(msgspec.msgpack.encode(step), type=Step)
        done: list[bool] = []
        await self._store._write(lambda connection: done.append(fold.write_step(connection, sent)))
        self.folded += done[0]
        self.refused += not done[0]

    def close(self) -> None:
        self._reader.close()


@pytest.mark.parametrize("seed", range(8))
async def test_a_store_that_folds_shows_the_same_history(
    tmp_path: Path, clock: FixedClock, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "VALUES_MAX", 32)
    monkeypatch.setattr(fold, "_FULL_ENOUGH", 16)
    monkeypatch.setattr(fold, "STEP_ROWS_MAX", 7)
    chance = random.Random(seed)
    plain = SqliteStore(tmp_path / "plain.sqlite3", clock, Options())
    folding = SqliteStore(tmp_path / "folding.sqlite3", clock, Options())
    folder = Folder(folding, tmp_path / "folding.sqlite3", chance)
    for _ in range(150):
        clock.advance(SECOND)
        made = await correction(plain, chance) if chance.random() < 0.25 else change(chance)
        if made is not None:
            (expected,), (found,) = await plain.commit((made,)), await folding.commit((made,))
            assert type(found) is type(expected)
        if chance.random() < 0.3:
            await folder.fold()
    await folder.fold()
    assert folder.folded > 20
    for identifier in IDS:
        for query in QUERIES:
            expected_evolution = await plain.evolution(identifier, query, OPEN)
            assert shown(await folding.evolution(identifier, query, OPEN)) == shown(expected_evolution), query
    folder.close()
    await plain.close()
    await folding.close()


async def test_what_live_readers_need_stays(tmp_path: Path, clock: FixedClock) -> None:
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    changes = [
        AppendHistory(Entity(IDS[0], (CAR,), (property_(SPEED, n), property_(FUEL, "x")))) for n in range(10)
    ]
    await store.commit(changes)
    before = await store.changes_since(5, 100)
    reader = open_reader(tmp_path / "t.sqlite3")
    step = fold.make_step(reader, 1, 6)
    assert step is not None
    await store._write(lambda connection: fold.write_step(connection, step))
    assert await store.changes_since(5, 100) == before
    assert reader.execute("SELECT count(*), max(length(data)) FROM change").fetchone() == (5, 19)
    lost, *after = await store.changes_since(2, 100)
    assert (lost.kind, lost.sequence, after) == ("lost", 5, before)
    await store.commit([PatchAttribute(IDS[0], property_(SPEED, 10))])
    assert await store.last_sequence() == 11
    reader.close()
    await store.close()
    again = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    assert await again.last_sequence() == 11
    await again.close()


INTEGERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.integers(-5, 5), st.integers(0, 40).map(lambda n: n * 60_000_000)
)


@given(st.lists(INTEGERS, min_size=1))
def test_whole_numbers_come_back(numbers: list[int]) -> None:
    values = np.array(numbers, np.int64)
    packed = columns.pack(values)
    assert columns.unpack(packed, len(numbers)).tolist() == numbers
    assert columns.unpack(packed, len(numbers), slice(1, 3)).tolist() == numbers[1:3]


NUMBERS = st.one_of(
    st.floats(allow_nan=False), st.decimals(-100, 100, places=2).map(float), st.integers(0, 9).map(float)
)


@given(st.lists(NUMBERS, min_size=1))
def test_numbers_come_back(numbers: list[float]) -> None:
    packed = columns.pack_floats(np.array(numbers))
    assert columns.unpack_floats(packed, len(numbers)).tobytes() == np.array(numbers).tobytes()


VALUES = st.one_of(
    NUMBERS.filter(np.isfinite),
    st.integers(-(2**63), 2**63 - 1),
    st.text(max_size=3),
    st.none(),
    st.lists(st.integers(0, 3)),
)
MOMENTS = st.one_of(
    st.none(),
    st.sampled_from(
        ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.500Z", "1969-12-31T23:59:59Z"]
    ),
)


@given(st.lists(st.tuples(VALUES, MOMENTS), min_size=1, max_size=40), st.booleans())
def test_instances_come_back_byte_for_byte(drawn: list[tuple[Any, str | None]], numbers_only: bool) -> None:
    instances = []
    for at, (value, moment) in enumerate(drawn):
        chosen = at if numbers_only else value
        body = {"type": "Property", "value": chosen} | ({} if moment is None else {"observedAt": moment})
        instances.append(Instance(orjson.dumps(body), at, b"7-%d" % at, b"5", b"%d" % at, at % 3 == 0))
    stored = chunks.encode(instances)
    chunk = chunks.Chunk(b"7", stored.n, stored.columns, stored.origins, stored.bodies)
    assert chunk.instances() == instances
    assert chunk.instances(np.array([len(instances) - 1, 0])) == [instances[-1], instances[0]]
