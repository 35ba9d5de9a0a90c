"""The demonstration city in a real store, through the connectors that every city uses; read twice, then read on."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.demo.conftest import MOMENT

from madang import vocabulary
from madang.city.apply import Outcome, apply
from madang.city.check import read_city
from madang.city.demo.fleet import KINDS
from madang.city.demo.following import READINGS, append
from madang.city.demo.gaon import Gaon
from madang.city.model import City
from madang.clock import FixedClock
from madang.connect.progress import Stage, refuse
from madang.hub.contexts import Contexts
from madang.hub.hub import Hub
from madang.ngsild.entity import Entity, Kind
from madang.store.sqlite.store import Options, SqliteStore, store_path
from madang.trust.access import OPEN

STATION = "urn:ngsi-ld:AirQualityObserved:gaon:sensors:air-01"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub as the platform serves it: with the vocabulary's @context and indexes."""
    clock = FixedClock(MOMENT)
    opened = Hub(
        open_store=lambda tenant: SqliteStore(store_path(tmp_path, tenant), clock, Options()),
        has_store=lambda tenant: store_path(tmp_path, tenant).exists(),
        contexts=Contexts(vocabulary.context(), clock, ("127.0.0.1",)),
        clock=clock,
    )
    yield opened
    await opened.close()


@pytest.fixture
def city(made: Path, tmp_path: Path) -> City:
    """The city with the readings of the last two days, which is enough here."""
    folder = tmp_path / "gaon"
    shutil.copytree(made, folder)
    for path in sorted((folder / READINGS).glob("*.csv"))[:-2]:
        path.unlink()
    read = read_city(folder / "city.toml", {}).city
    assert read is not None
    return read


async def load(hub: Hub, city: City) -> Outcome:
    return await apply(hub, OPEN, city, consent=refuse, progress=lambda _: None)


async def test_the_city_loads_whole_and_is_then_only_read_on(hub: Hub, city: City, gaon: Gaon) -> None:
    first = await load(hub, city)
    assert first.whole, [(one.source, one.rejected, one.problem) for one in first.sources]
    store = hub.store(OPEN)
    counts = {vocabulary.context().compact(iri): n for iri, n in (await store.type_counts(OPEN)).items()}
    assert counts["Building"] == len(gaon.buildings)
    assert counts["RoadSegment"] == len(gaon.streets)
    # The first register, the survey of firms, and whom contracts of others name in their own spelling
    assert counts["Organization"] == 60 + 400 + 20
    assert {kind.type: counts[kind.type] for kind in KINDS} == {kind.type: kind.count for kind in KINDS}

    before = await store.last_sequence()
    second = await load(hub, city)
    assert {one.stage for one in second.sources} == {Stage.UNCHANGED}
    assert await store.last_sequence() == before

    await assert_station_is_linked(hub)
    readings = Path(city.path).parent / READINGS
    later = MOMENT // 1_000_000 + 15
    append(readings, later, ["air,air-01,2025-11-25T01:00:15+09:00,77" + "," * 25 + "\n"])
    third = await load(hub, city)
    assert {one.source: one.written for one in third.sources if one.written} == {"readings": 1}
    station = await found(hub, STATION)
    assert value(station, "pm25")["value"] == 77
    assert await store.last_sequence() == before + 1


async def assert_station_is_linked(hub: Hub) -> None:
    """What an entity's page shows can be followed: every link leads to an entity that there is."""
    station = await found(hub, STATION)
    assert value(station, "name")["languageMap"] == {
        "ko": "마당광장 측정소",
        "en": "Madang Square Air Station",
    }
    assert value(station, "pm25")["unitCode"] == "GQ"
    for link in ("locatedIn", "standsAt", "operatedBy", "maintainedBy"):
        await found(hub, value(station, link)["object"])


async def test_no_link_leads_nowhere(hub: Hub, city: City) -> None:
    sources = tuple(source for source in city.sources if source.id != "readings")
    assert (await load(hub, msgspec.structs.replace(city, sources=sources))).whole
    store = hub.store(OPEN)
    targets: dict[str, str] = {}
    known: set[str] = set()
    at = 0
    while rows := await store.changes_since(at, 2_000):
        at = rows[-1].sequence
        for row in rows:
            known.add(row.id)
            entity = await found(hub, row.id)
            targets |= {target: f"{name} of {row.id}" for name, target in links(entity)}
    assert {target: came for target, came in targets.items() if target not in known} == {}
    assert len(targets) > 400


def links(entity: Entity) -> list[tuple[str, str]]:
    """(term of the relationship, identifier of its target)."""
    return [
        (vocabulary.context().compact(attribute.name), target)
        for attribute in entity.attributes
        if attribute.kind is Kind.RELATIONSHIP
        for target in targets_of(attribute.members()["object"])
    ]


def targets_of(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


async def found(hub: Hub, identifier: str) -> Entity:
    entity = await hub.store(OPEN).retrieve(identifier, OPEN)
    assert entity is not None, identifier
    return entity


def value(entity: Entity, term: str) -> dict[str, Any]:
    members: dict[str, Any] = entity.instances(vocabulary.context().expand(term))[0].members()
    return members
