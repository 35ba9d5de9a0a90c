"""The example cities over real data: what must be there, in time, and nothing written the second time."""

from __future__ import annotations

import time
from pathlib import Path

import orjson
import pytest
from tests.connect.real_files import real_data

from madang import vocabulary
from madang.city.apply import Outcome, apply
from madang.city.check import check, require
from madang.city.model import City
from madang.connect.progress import Stage, refuse
from madang.connect.reader import Reader
from madang.hub.hub import Hub
from madang.ngsild.query import Query, Window
from madang.ngsild.selection import parse_types
from madang.ngsild.temporal import TemporalQuery
from madang.trust.access import OPEN

EXAMPLES = Path(__file__).parents[2] / "examples"
LOAD_SECONDS_MAX = 60
EXPAND = vocabulary.context().expand


async def example(name: str) -> City:
    path = EXAMPLES / name / "city.toml"
    async with Reader() as reader:
        checked = await check(path, {"MADANG_DATA": str(real_data())}, reader)
    assert checked.mistakes == ()
    return require(checked, path)


async def applied(hub: Hub, city: City) -> Outcome:
    return await apply(hub, OPEN, city, consent=refuse, progress=lambda _progress: None)


async def loaded_twice(hub: Hub, city: City) -> None:
    """Load it in time; the second time writes nothing."""
    begun = time.monotonic()
    assert (await applied(hub, city)).whole
    assert time.monotonic() - begun < LOAD_SECONDS_MAX
    before = await hub.store(OPEN).last_sequence()
    assert {one.stage for one in (await applied(hub, city)).sources} == {Stage.UNCHANGED}
    assert await hub.store(OPEN).last_sequence() == before


async def test_porto_alegre(hub: Hub) -> None:
    city = await example("porto-alegre")
    await loaded_twice(hub, city)
    store = hub.store(OPEN)
    counts = await store.type_counts(OPEN)
    expected = {
        "GtfsStop": 4010,
        "GtfsRoute": 117,
        "GridCell": 1227,
        "RoadSegment": 15_886,
        "PointOfInterest": 15,
    }
    assert {term: counts[EXPAND(term)] for term in expected} == expected
    statuses = {status.source: status for status in await store.sources.all()}
    assert {status.rejected for status in statuses.values()} == {0}

    async def values(term: str, attribute: str) -> dict[str, float]:
        found: dict[str, float] = {}
        window = Window(limit=1000)
        query = Query(types=parse_types(term, vocabulary.context()))
        while True:
            page = await store.page(query, window, OPEN)
            for entity in page.entities:
                (instance,) = entity.instances(EXPAND(attribute))
                found[entity.id] = instance.members()["value"]
            if not page.next_cursor:
                return found
            window = Window(limit=1000, cursor=page.next_cursor)

    population = await values("GridCell", "population")
    assert (len(population), sum(population.values())) == (1227, 812_935)
    stops = await values("GtfsStop", "locationType")
    assert sum(":bus:" in stop for stop in stops) == 3986
    assert sum(":rail:" in stop for stop in stops) == 24
    types = {EXPAND(layer.type) for layer in city.layers}
    assert all(counts[kind] for kind in types)


async def test_seoul_bike(hub: Hub) -> None:
    city = await example("seoul-bike")
    await loaded_twice(hub, city)
    store = hub.store(OPEN)
    assert await store.type_counts(OPEN) == {EXPAND("BikeRentalObserved"): 1}
    evolution = await store.evolution("urn:ngsi-ld:BikeRentalObserved:seoul:bike:city", TemporalQuery(), OPEN)
    assert evolution is not None
    series = {one.name: one for one in evolution.series}
    bodies = [orjson.loads(instance.body) for instance in series[EXPAND("rentals")].instances]
    assert len(bodies) == 8760
    moments = [body["observedAt"] for body in bodies]
    assert moments == sorted(moments)
    assert (moments[0], moments[-1]) == ("2017-11-30T15:00:00Z", "2018-11-30T14:00:00Z")
    assert sum(body["value"] for body in bodies[:24]) / 24 == pytest.approx(397.46, abs=0.005)
    closed = [orjson.loads(instance.body)["value"] for instance in series[EXPAND("inService")].instances]
    assert closed.count(False) == 295
    # What describes the entity was written once, not with every observation
    assert len(series[EXPAND("name")].instances) == 1
