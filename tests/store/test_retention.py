"""History that is older than its type is kept goes, folded or not, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import orjson

from madang.clock import FixedClock
from madang.ngsild.attribute import property_
from madang.ngsild.changes import AppendHistory, Delete
from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.ngsild.temporal import DAY, TemporalQuery
from madang.ngsild.times import format_moment
from madang.store.sqlite.folder import _cutoffs
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import OPEN

CAR, BUS, TRAM, SPEED = (CORE.expand(name) for name in ("Car", "Bus", "Tram", "speed"))
KEPT: Final = ((CAR, 100 * DAY), ("", 500 * DAY), (TRAM, 2000 * DAY))
DAYS: Final = 1000


async def values(store: SqliteStore, entity_id: str) -> list[int]:
    evolution = await store.evolution(entity_id, TemporalQuery(), OPEN)
    if evolution is None or not evolution.series:
        return []
    return [orjson.loads(instance.body)["value"] for instance in evolution.series[0].instances]


async def test_what_is_too_old_goes(tmp_path: Path, clock: FixedClock) -> None:
    now = clock.now()
    store = SqliteStore(tmp_path / "t.sqlite3", clock, Options())

    def history(entity_id: str, types: tuple[str, ...], days: range) -> AppendHistory:
        """A value for each day: the age of it."""
        instances = [property_(SPEED, n, observed_at=format_moment(now - n * DAY)) for n in days]
        return AppendHistory(Entity(entity_id, types, tuple(instances)))

    every = range(DAYS - 1, -1, -1)
    await store.commit(
        [
            history("urn:car", (CAR,), every),
            history("urn:gone", (CAR,), every),
            Delete("urn:gone"),
            history("urn:bus", (BUS,), every),
            history("urn:tram", (TRAM, CAR), every),
            history("urn:fresh", (CAR,), range(90, -1, -1)),
        ]
    )
    assert await store.fold() > 0
    assert await store._folder.fold(_cutoffs(store.place.terms, clock.now(), KEPT)) > 0
    assert await values(store, "urn:car") == list(range(100, -1, -1))
    assert await values(store, "urn:gone") == [*range(100, -1, -1), "urn:ngsi-ld:null"]
    assert await values(store, "urn:bus") == list(range(500, -1, -1))
    assert await values(store, "urn:tram") == list(every)
    assert await values(store, "urn:fresh") == list(range(90, -1, -1))
    clock.advance(3000 * DAY)
    assert await store._folder.fold(_cutoffs(store.place.terms, clock.now(), KEPT)) > 0
    assert [await values(store, one) for one in ("urn:car", "urn:bus", "urn:tram", "urn:fresh")] == [[]] * 4
    assert await store.retrieve("urn:car", OPEN) is not None
    assert await store._folder.fold(_cutoffs(store.place.terms, clock.now(), KEPT)) == 0
    await store.close()
