"""A city file applied: loaded, kept so, changed, taken back. With the real store and the real reading process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from madang.city.apply import Outcome, apply, keep
from madang.city.check import read_city, require
from madang.city.model import City
from madang.city.plan import Step, plan
from madang.connect.progress import Progress, Removal, Stage, agree, refuse
from madang.hub.hub import Hub
from madang.ngsild.temporal import TemporalQuery
from madang.store.base import SourceStatus
from madang.trust.access import OPEN

CITY = """\
[city]
id = "gaon"
name = { ko = "가온시" }
languages = ["ko"]
time_zone = "Asia/Seoul"
extent = [126.9, 37.4, 127.0, 37.5]
"""
PLACES = """
[[source]]
id = "places"
connector = "table"
location = "places.csv"
[[source.entity]]
type = "PointOfInterest"
id = "{id}"
[source.entity.attributes]
category = { field = "kind" }
"""
READINGS = """
[[source]]
id = "readings"
connector = "table"
location = "readings.csv"
schedule = "0.05 s"
[[source.entity]]
type = "AirQualityObserved"
id = "{id}"
history = true
observed_at = { fields = "{t}", format = "unix" }
[source.entity.attributes]
pm25 = { field = "pm", as = "number" }
"""


def city(folder: Path, *parts: str) -> City:
    path = folder / "city.toml"
    path.write_text(CITY + "".join(parts))
    return require(read_city(path, {}), path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "places.csv").write_text("id,kind\n" + "".join(f"{n},park\n" for n in range(50)))
    (tmp_path / "readings.csv").write_text("id,t,pm\na,1700000000,1\n")
    return tmp_path


async def applied(hub: Hub, what: City, *, yes: bool = False) -> Outcome:
    return await apply(hub, OPEN, what, consent=agree if yes else refuse, progress=lambda _progress: None)


async def counts(hub: Hub) -> dict[str, int]:
    found = await hub.store(OPEN, create=True).type_counts(OPEN)
    return {iri.rpartition("/")[2]: n for iri, n in found.items() if n}


def test_the_plan_says_what_has_to_be_done(folder: Path) -> None:
    what = city(folder, PLACES, READINGS)
    status = SourceStatus("gone", "x", 1, True, b"", 1, 1, 7, 0, "")
    actions = plan(what, [status])
    assert [(action.step, action.id, action.entities) for action in actions] == [
        (Step.REMOVE, "gone", 7),
        (Step.LOAD, "places", 0),
        (Step.LOAD, "readings", 0),
    ]


async def test_a_second_time_nothing_is_done(hub: Hub, folder: Path) -> None:
    what = city(folder, PLACES, READINGS)
    outcome = await applied(hub, what)
    assert outcome.whole
    assert [one.stage for one in outcome.sources] == [Stage.DONE, Stage.DONE]
    assert await counts(hub) == {"PointOfInterest": 50, "AirQualityObserved": 1}
    store = hub.store(OPEN)
    assert {action.step for action in plan(what, await store.sources.all())} == {Step.LOOK}
    before = await store.last_sequence()
    again = await applied(hub, what)
    assert [one.stage for one in again.sources] == [Stage.UNCHANGED, Stage.UNCHANGED]
    assert await store.last_sequence() == before


async def test_a_source_that_goes_takes_its_entities_after_consent(hub: Hub, folder: Path) -> None:
    await applied(hub, city(folder, PLACES, READINGS))
    less = city(folder, PLACES)
    outcome = await applied(hub, less)
    assert (outcome.kept, outcome.whole) == (("readings",), False)
    assert await counts(hub) == {"PointOfInterest": 50, "AirQualityObserved": 1}
    asked: list[Removal] = []

    async def consent(removal: Removal) -> bool:
        asked.append(removal)
        return True

    outcome = await apply(hub, OPEN, less, consent=consent, progress=lambda _progress: None)
    assert asked == [Removal("readings", "it is no longer in the city file", 1, history=True)]
    assert (outcome.sources[0].stage, outcome.sources[0].removed) == (Stage.REMOVED, 1)
    assert await counts(hub) == {"PointOfInterest": 50}
    store = hub.store(OPEN)
    urn = "urn:ngsi-ld:AirQualityObserved:gaon:readings:a"
    assert await store.evolution(urn, TemporalQuery(), OPEN) is None
    assert [status.source for status in await store.sources.all()] == ["places"]


async def test_a_mapping_that_changed_is_applied(hub: Hub, folder: Path) -> None:
    await applied(hub, city(folder, PLACES))
    other = city(folder, PLACES.replace('field = "kind"', 'constant = "tree"'))
    (action,) = plan(other, await hub.store(OPEN).sources.all())
    assert (action.step, action.history) == (Step.REMAP, False)
    outcome = await applied(hub, other)
    assert outcome.sources[0].written == 50


async def test_a_source_that_fails_leaves_the_others_alone(hub: Hub, folder: Path) -> None:
    (folder / "places.csv").unlink()
    outcome = await applied(hub, city(folder, PLACES, READINGS))
    assert [one.stage for one in outcome.sources] == [Stage.FAILED, Stage.DONE]
    assert not outcome.whole


async def test_a_row_in_quarantine_makes_the_outcome_partial(hub: Hub, folder: Path) -> None:
    with (folder / "readings.csv").open("a") as file:
        file.write("a,1700000001,much\n")
    what = city(folder, READINGS)
    assert not (await applied(hub, what)).whole
    assert not (await applied(hub, what)).whole


async def until_it_is(hub: Hub, value: float) -> None:
    """Wait until the reading is there."""
    urn = "urn:ngsi-ld:AirQualityObserved:gaon:readings:a"
    async with asyncio.timeout(30):
        while True:
            entity = await hub.store(OPEN).retrieve(urn, OPEN)
            if entity is not None and entity.attributes[0].members()["value"] == value:
                return
            await asyncio.sleep(0.02)


async def test_scheduled_sources_are_kept_up(hub: Hub, folder: Path) -> None:
    what = city(folder, PLACES, READINGS)
    await applied(hub, what)
    failed = asyncio.Event()

    def progress(one: Progress) -> None:
        assert one.source == "readings"
        if one.stage is Stage.FAILED:
            failed.set()

    keeping = asyncio.create_task(keep(hub, OPEN, what, progress))
    with (folder / "readings.csv").open("a") as file:
        file.write("a,1700000001,2\n")
    await until_it_is(hub, 2)
    (folder / "readings.csv").rename(folder / "away.csv")
    await asyncio.wait_for(failed.wait(), 30)
    (folder / "away.csv").rename(folder / "readings.csv")
    with (folder / "readings.csv").open("a") as file:
        file.write("a,1700000002,3\n")
    await until_it_is(hub, 3)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping


async def test_a_city_without_schedules_needs_no_keeping(hub: Hub, folder: Path) -> None:
    await asyncio.wait_for(keep(hub, OPEN, city(folder, PLACES), lambda _progress: None), 5)
