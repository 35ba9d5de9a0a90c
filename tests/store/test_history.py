"""The history that a real store gives back, after random writes and corrections, against a model in Python."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from tests.views import seeing

from madang.clock import FixedClock
from madang.errors import MadangError, NotFound
from madang.hub import temporal
from madang.hub.hub import Hub
from madang.ngsild.attribute import property_
from madang.ngsild.changes import (
    AppendHistory,
    Change,
    Delete,
    DeleteAttribute,
    DeleteHistory,
    Mode,
    Outcome,
    PatchAttribute,
    PatchInstance,
    Write,
)
from madang.ngsild.context import CORE
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.evolution import INSTANCE_PREFIX, Evolution, Instance
from madang.ngsild.q import parse_q
from madang.ngsild.query import Query, Window
from madang.ngsild.selection import type_is
from madang.ngsild.temporal import TemporalQuery, TimeProperty, TimeRelation
from madang.ngsild.times import format_moment
from madang.store.sqlite import chunk_edit, fold, history, history_page, pieces
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import OPEN

ID = "urn:ngsi-ld:Car:1"
CAR = CORE.expand("Car")
NAMES = [CORE.expand(name) for name in ("speed", "fuel", "colour")]
SPEED, FUEL, COLOUR = NAMES
DATASETS = [None, "urn:d:1"]
EVERYTHING = TemporalQuery()
SINCE_EVER = TemporalQuery(TimeRelation.AFTER, -1)


def prop(name: str, value: Any, observed: int, dataset: str | None = None) -> Attribute:
    return property_(name, value, observed_at=format_moment(observed * 1_000_000), dataset_id=dataset)


def car(*attributes: Attribute, identifier: str = ID) -> Entity:
    return Entity(identifier, (CAR,), attributes)


def instance_id(one: Instance) -> str:
    return f"{INSTANCE_PREFIX}{one.sequence}-{one.place.decode()}"


def values(evolution: Evolution | None) -> dict[tuple[str, str | None], list[Any]]:
    """The values of each series; of a deletion the null."""
    if evolution is None:
        return {}
    return {
        (one.name, one.dataset_id): [orjson.loads(instance.body)["value"] for instance in one.instances]
        for one in evolution.series
    }


async def apply(store: SqliteStore, *changes: Change) -> list[Outcome | MadangError]:
    return await store.commit(changes)


class Model:
    """What the history must be: for each series (observed, order of writing, value), erased ones taken out."""

    def __init__(self) -> None:
        self.series: dict[tuple[str, str | None], list[tuple[int, int, Any]]] = {}
        self.number = 0

    def add(self, attribute: Attribute, observed: int) -> None:
        self.number += 1
        value = attribute.members()["value"]
        self.series.setdefault((attribute.name, attribute.dataset_id), []).append(
            (observed, self.number, value)
        )

    def values(self) -> dict[tuple[str, str | None], list[Any]]:
        return {key: [value for _, _, value in sorted(rows)] for key, rows in self.series.items() if rows}


@pytest.mark.parametrize("seed", range(8))
async def test_random_writes_and_corrections(tmp_path: Path, clock: FixedClock, seed: int) -> None:
    chance = random.Random(seed)
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    model = Model()
    pending: list[Change] = [AppendHistory(car())]
    for step in range(120):
        clock.advance(1_000_000)
        kind = chance.random()
        if kind < 0.75 or not model.values():
            observed = [chance.randrange(1000) for _ in range(chance.randint(1, 4))]
            written = [
                prop(chance.choice(NAMES), step * 10 + index, moment, chance.choice(DATASETS))
                for index, moment in enumerate(observed)
            ]
            pending.append(AppendHistory(car(*written)))
            for attribute, moment in zip(written, observed, strict=True):
                model.add(attribute, moment)
        elif kind < 0.8:
            name, dataset = chance.choice(list(model.values()))
            pending.append(DeleteHistory(ID, name, dataset))
            model.series[name, dataset] = []
        else:
            await apply(store, *pending)
            pending.clear()
            evolution = await store.evolution(ID, EVERYTHING, OPEN)
            assert evolution is not None
            assert values(evolution) == model.values()
            series = chance.choice(evolution.series)
            place = chance.randrange(len(series.instances))
            rows = model.series[series.name, series.dataset_id]
            row = sorted(rows)[place]
            rows.remove(row)
            named = instance_id(series.instances[place])
            if kind < 0.9:
                pending.append(DeleteHistory(ID, series.name, instance_id=named))
            else:
                observed_at = chance.randrange(1000)
                pending.append(
                    PatchInstance(ID, prop(series.name, "right", observed_at, series.dataset_id), named)
                )
                rows.append((observed_at, row[1], "right"))
        if chance.random() < 0.5:
            assert not any(isinstance(outcome, MadangError) for outcome in await apply(store, *pending))
            pending.clear()
    await apply(store, *pending)
    assert values(await store.evolution(ID, EVERYTHING, OPEN)) == model.values()
    chosen = msgspec.structs.replace(EVERYTHING, attributes=(SPEED,))
    expected = {key: found for key, found in model.values().items() if key[0] == SPEED}
    assert values(await store.evolution(ID, chosen, OPEN)) == expected
    await store.close()


async def test_every_write_of_the_present_is_history(tmp_path: Path, clock: FixedClock) -> None:
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    changes: list[Change] = [
        Write(Mode.CREATE, car(property_(SPEED, 1), property_(FUEL, "full"))),
        PatchAttribute(ID, property_(SPEED, 2)),
        Write(Mode.APPEND, car(property_(SPEED, 3), property_(COLOUR, "red"))),
        DeleteAttribute(ID, COLOUR),
        Write(Mode.MERGE, car(property_(SPEED, 4))),
        Write(Mode.REPLACE, car(property_(SPEED, 5))),
        Delete(ID),
        Write(Mode.CREATE, car(property_(SPEED, 6))),
    ]
    for change in changes:
        clock.advance(1_000_000)
        (outcome,) = await apply(store, change)
        assert isinstance(outcome, Outcome)
    null = "urn:ngsi-ld:null"
    assert values(await store.evolution(ID, EVERYTHING, OPEN)) == {
        (SPEED, None): [1, 2, 3, 4, 5, null, 6],
        (FUEL, None): ["full", null],
        (COLOUR, None): ["red", null],
    }
    by_writing = msgspec.structs.replace(SINCE_EVER, timeproperty=TimeProperty.MODIFIED_AT)
    assert values(await store.evolution(ID, by_writing, OPEN))[SPEED, None] == [1, 2, 3, 4, 5, 6]
    assert values(await store.evolution(ID, SINCE_EVER, OPEN)) == {}
    await store.close()


async def test_corrections_reach_writes_of_the_same_commit(tmp_path: Path, clock: FixedClock) -> None:
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    create, erase = AppendHistory(car(prop(SPEED, 1, 1))), DeleteHistory(ID, SPEED)
    again = AppendHistory(car(prop(SPEED, 2, 2)))
    outcomes = await apply(store, create, erase, again, DeleteHistory(ID, FUEL))
    assert [type(outcome) for outcome in outcomes] == [Outcome, Outcome, Outcome, NotFound]
    assert values(await store.evolution(ID, EVERYTHING, OPEN)) == {(SPEED, None): [2]}
    await store.close()


async def test_the_history_survives_a_restart_and_the_entity(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "t.sqlite3"
    store = SqliteStore(path, clock, Options())
    await apply(store, AppendHistory(car(prop(SPEED, 1, 1))), Delete(ID))
    await store.close()
    store = SqliteStore(path, clock, Options())
    assert (SPEED, None) in values(await store.evolution(ID, EVERYTHING, OPEN))
    await apply(store, AppendHistory(car(prop(SPEED, 0, 0))))
    assert values(await store.evolution(ID, SINCE_EVER, OPEN)) == {(SPEED, None): [0, 1]}
    await apply(store, DeleteHistory(ID))
    assert await store.evolution(ID, EVERYTHING, OPEN) is None
    changes = await store.changes_since(0, 10)
    assert [change.sequence for change in changes] == [1, 2, 3]
    await store.close()


async def test_filter_and_mask_apply_to_the_past(hub: Hub) -> None:
    store = hub.store(OPEN)
    other = "urn:ngsi-ld:Car:2"
    await store.commit(
        (
            AppendHistory(car(prop(SPEED, 1, 1), prop(FUEL, 9, 1))),
            AppendHistory(car(prop(SPEED, 5, 1), prop(FUEL, 9, 1), identifier=other)),
            AppendHistory(car(prop(SPEED, 5, 1), identifier="urn:ngsi-ld:Car:3")),
            Delete("urn:ngsi-ld:Car:3"),
        )
    )
    masked = seeing(hidden=frozenset({FUEL}))
    assert values((await temporal.retrieve(hub, masked, ID, EVERYTHING)).evolutions[0]) == {
        (SPEED, None): [1]
    }
    asked = Query(types=type_is(CAR), q=parse_q("fuel==9", CORE))
    assert len((await temporal.query(hub, OPEN, asked, SINCE_EVER, Window())).evolutions) == 2
    assert (await temporal.query(hub, masked, asked, SINCE_EVER, Window())).evolutions == ()
    filtered = seeing(Query(q=parse_q("speed>3", CORE)))
    with pytest.raises(NotFound):
        await temporal.retrieve(hub, filtered, ID, EVERYTHING)
    found = await temporal.query(hub, filtered, Query(types=type_is(CAR)), SINCE_EVER, Window(count=True))
    assert ([one.id for one in found.evolutions], found.total) == ([other], 1)
    for change in (DeleteHistory(ID), DeleteHistory(ID, SPEED)):
        with pytest.raises(NotFound):
            await temporal.delete(hub, filtered, change)
    with pytest.raises(MadangError, match="may not"):
        await temporal.delete(hub, masked, DeleteHistory(ID, FUEL))
    with pytest.raises(MadangError, match="may not"):
        await temporal.create(hub, masked, car(prop(FUEL, 1, 1)))


async def test_every_statement_is_served_by_an_index(tmp_path: Path, clock: FixedClock) -> None:
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())
    reader = open_reader(tmp_path / "t.sqlite3")
    intended: dict[str, tuple[tuple[object, ...], list[str]]] = {
        history._TAIL: ((1, 0, 5), ["change USING INDEX change_by_row (row=? AND sequence>?)"]),
        history._ANY_LEFT: (
            (1,),
            [
                "chunk USING COVERING INDEX chunk_by_series (row=?)",
                "change USING INDEX change_by_row (row=?)",
            ],
        ),
        pieces.HEADS_OF_ALL: ((1,), ["chunk USING INDEX chunk_by_series (row=?)"]),
        pieces.HEADS_OF_TERM: ((1, 2), ["chunk USING INDEX chunk_by_series (row=? AND term=?)"]),
        pieces.WHOLE: ((1,), ["chunk USING INTEGER PRIMARY KEY (rowid=?)"]),
        fold._ROWS: ((1, 0, 5), ["change USING INDEX change_by_row (row=? AND sequence>?)"]),
        fold._LAST: ((1, 2, ""), ["chunk USING INDEX chunk_by_series (row=? AND term=? AND dataset=?)"]),
        fold._FORGET: ((1, 5), ["change USING INDEX change_by_row (row=? AND sequence<?)"]),
        chunk_edit._HOLDING: ((1, 2, 3), ["chunk USING INDEX chunk_by_series (row=? AND term=?)"]),
        history._PRESENT: (("x",), ["entity USING INDEX sqlite_autoindex_entity_1 (id=?)"]),
        history._PAST: (("x",), ["past USING PRIMARY KEY (id=?)"]),
        history_page._OF_ALL: (
            (0, 5),
            ["entity USING INTEGER PRIMARY KEY (rowid>?)", "past USING INDEX past_by_row (row>?)"],
        ),
        history_page._OF_TYPE: (
            (0, 5, 3),
            [
                "entity USING INTEGER PRIMARY KEY (rowid=?)",
                "entity_type USING PRIMARY KEY (type=? AND row>?)",
                "past USING INDEX past_by_row (row>?)",
            ],
        ),
    }
    for statement, (bindings, searches) in intended.items():
        steps = [str(row[3]) for row in reader.execute(f"EXPLAIN QUERY PLAN {statement}", bindings)]
        assert [step.removeprefix("SEARCH ") for step in steps if step.startswith("SEARCH")] == searches
        assert not any("TEMP B-TREE" in step for step in steps), statement
    reader.close()
    await store.close()
