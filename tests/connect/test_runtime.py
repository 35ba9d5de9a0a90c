"""Loading sources through the hub into the real store, with the real process that reads files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import orjson
import pytest

from madang import vocabulary
from madang.connect.progress import Consent, Progress, Removal, Stage, agree, refuse
from madang.connect.reader import Reader
from madang.connect.runtime import VANISHED_ENTITIES_MIN, load
from madang.connect.site import Site
from madang.connect.source import AttributeMapping, EntityMapping, Form, Moment, Source, Surroundings
from madang.hub import entities
from madang.hub.hub import Hub
from madang.ngsild.attribute import property_
from madang.ngsild.entity import Entity
from madang.ngsild.temporal import TemporalQuery
from madang.trust.access import OPEN

AROUND = Surroundings("gaon", "s", "Asia/Seoul", "ko")
EXPAND = vocabulary.context().expand
PLACES = EntityMapping(
    "PointOfInterest",
    id="{id}",
    attributes={
        "category": AttributeMapping(field="kind", missing=("", "-")),
        "capacity": AttributeMapping(field="capacity", form=Form.INTEGER),
    },
)
READINGS = EntityMapping(
    "AirQualityObserved",
    id="{id}",
    history=True,
    observed_at=Moment("{t}"),
    attributes={"pm25": AttributeMapping(field="pm", form=Form.NUMBER)},
)


@pytest.fixture
async def site(hub: Hub) -> AsyncIterator[Site]:
    async with Reader() as reader:
        yield Site(hub, OPEN, reader)


def source(path: Path, mapping: EntityMapping = PLACES, schedule: str = "") -> Source:
    return Source("s", "table", str(path), schedule=schedule, entities=(mapping,))


async def loaded(site: Site, what: Source, consent: Consent = refuse) -> Progress:
    return await load(site, what, AROUND, lambda _progress: None, consent)


async def place(site: Site, key: str) -> dict[str, object]:
    entity = await entities.retrieve(site.hub, OPEN, f"urn:ngsi-ld:PointOfInterest:gaon:s:{key}")
    return {attribute.name: attribute.members()["value"] for attribute in entity.attributes}


async def count(site: Site, kind: str = "PointOfInterest") -> int:
    return (await site.hub.store(OPEN).type_counts(OPEN)).get(EXPAND(kind), 0)


async def sequence(site: Site) -> int:
    return await site.hub.store(OPEN).last_sequence()


def write_places(path: Path, n: int, kind: str = "park") -> None:
    path.write_text("id,kind,capacity\n" + "".join(f"p{i},{kind},{i}\n" for i in range(n)))


async def test_a_table_is_loaded_and_a_second_time_nothing_is_written(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    write_places(path, 600)
    first = await loaded(site, source(path))
    assert (first.stage, first.rows, first.written, first.rejected) == (Stage.DONE, 600, 600, 0)
    assert await place(site, "p7") == {EXPAND("category"): "park", EXPAND("capacity"): 7}
    before = await sequence(site)
    assert (await loaded(site, source(path))).stage is Stage.UNCHANGED
    path.touch()
    assert (await loaded(site, source(path))).stage is Stage.UNCHANGED
    assert await sequence(site) == before


async def test_only_rows_that_differ_are_written(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    write_places(path, 300)
    await loaded(site, source(path))
    before = await sequence(site)
    path.write_text(
        path.read_text().replace("p7,park,7\n", "p7,-,7\n").replace("p8,park", "p8,square") + "new,park,1\n"
    )
    progress = await loaded(site, source(path))
    assert (progress.written, progress.unchanged) == (3, 298)
    # p7 loses its category, p8 gets another, one is new
    assert await sequence(site) == before + 3
    assert EXPAND("category") not in await place(site, "p7")
    assert (await place(site, "p8"))[EXPAND("category")] == "square"


async def test_what_others_added_to_an_entity_stays(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    write_places(path, 2)
    await loaded(site, source(path))
    urn = "urn:ngsi-ld:PointOfInterest:gaon:s:p1"
    await entities.append(site.hub, OPEN, Entity(urn, (), (property_("urn:note", "ours"),)))
    write_places(path, 2, "square")
    await loaded(site, source(path))
    assert await place(site, "p1") == {
        EXPAND("category"): "square",
        EXPAND("capacity"): 1,
        "urn:note": "ours",
    }


async def test_a_bad_row_is_kept_with_original_line_and_reason(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text('id,kind,capacity\na,park,1\nb,park,many\n"c,park,2\nd,park,3\nd,park,4\n')
    progress = await loaded(site, source(path))
    assert (progress.stage, progress.written, progress.rejected) == (Stage.DONE, 2, 3)
    kept = [rejected for _, rejected in await site.sources.rejected("s", 10)]
    assert [(one.place, one.original) for one in kept] == [
        ("places.csv:3", "b,park,many"),
        ("places.csv:4", '"c,park,2'),
        ("places.csv:6", "d,park,4"),
    ]
    assert kept[0].reason == "Field 'capacity': 'many' is not a whole number such as 1234"
    assert "never closes" in kept[1].reason
    assert "tell rows apart" in kept[2].reason
    status = await site.sources.status("s")
    assert status is not None
    assert (status.rejected, status.entities, status.complete) == (3, 2, True)


async def test_a_row_that_turns_bad_keeps_its_entity_and_leaves_quarantine_when_it_is_good(
    site: Site, tmp_path: Path
) -> None:
    path = tmp_path / "places.csv"
    write_places(path, 3)
    await loaded(site, source(path))
    path.write_text("id,kind,capacity\np0,park,0\np1,park,??\np2,park,2\n")
    assert (await loaded(site, source(path))).rejected == 1
    assert (await place(site, "p1"))[EXPAND("capacity")] == 1
    write_places(path, 3, "square")
    assert (await loaded(site, source(path))).rejected == 0
    assert await site.sources.rejected("s", 10) == []


async def test_entities_that_vanish_are_removed(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    write_places(path, 100)
    await loaded(site, source(path))
    write_places(path, 60)
    progress = await loaded(site, source(path))
    assert (progress.stage, progress.removed) == (Stage.DONE, 40)
    assert await count(site) == 60


async def test_a_file_cut_short_removes_nothing_without_consent(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    write_places(path, 2 * VANISHED_ENTITIES_MIN)
    await loaded(site, source(path))
    write_places(path, 1)
    progress = await loaded(site, source(path))
    assert progress.stage is Stage.FAILED
    assert "may have been cut short" in progress.problem
    assert await count(site) == 2 * VANISHED_ENTITIES_MIN
    asked: list[Removal] = []

    async def consent(removal: Removal) -> bool:
        asked.append(removal)
        return True

    progress = await loaded(site, source(path), consent)
    assert (progress.stage, progress.removed) == (Stage.DONE, 2 * VANISHED_ENTITIES_MIN - 1)
    assert asked[0].entities == 2 * VANISHED_ENTITIES_MIN - 1
    assert await count(site) == 1


async def test_another_mapping_reloads_and_what_it_gave_up_goes(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    write_places(path, 3)
    await loaded(site, source(path))
    mapping = msgspec.structs.replace(PLACES, attributes={"category": PLACES.attributes["category"]})
    progress = await loaded(site, source(path, mapping))
    assert (progress.stage, progress.written) == (Stage.DONE, 3)
    assert await place(site, "p1") == {EXPAND("category"): "park"}
    renamed = msgspec.structs.replace(mapping, id="x-{id}")
    progress = await loaded(site, source(path, renamed))
    assert (progress.written, progress.removed, await count(site)) == (3, 3, 3)


async def test_a_missing_file_is_the_sources_problem_until_it_is_back(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    progress = await loaded(site, source(path))
    assert progress.stage is Stage.FAILED
    assert progress.problem == f"The file {path} does not exist"
    status = await site.sources.status("s")
    assert status is not None
    assert status.problem == progress.problem
    write_places(path, 3)
    assert (await loaded(site, source(path))).stage is Stage.DONE
    path.rename(tmp_path / "away.csv")
    assert (await loaded(site, source(path))).stage is Stage.FAILED
    assert await count(site) == 3
    (tmp_path / "away.csv").rename(path)
    assert (await loaded(site, source(path))).stage is Stage.UNCHANGED
    status = await site.sources.status("s")
    assert status is not None
    assert status.problem == ""


async def history(site: Site, key: str) -> list[tuple[str, object]]:
    """(observedAt, value) of all values of pm25, oldest first."""
    urn = f"urn:ngsi-ld:AirQualityObserved:gaon:s:{key}"
    evolution = await site.hub.store(OPEN).evolution(urn, TemporalQuery(), OPEN)
    assert evolution is not None
    bodies = [orjson.loads(instance.body) for series in evolution.series for instance in series.instances]
    return [(body["observedAt"], body["value"]) for body in bodies]


async def test_observations_go_to_history_and_the_latest_is_current(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("id,t,pm\n" + "".join(f"a,2026-01-01T{hour:02}:00,{hour}\n" for hour in range(24)))
    progress = await loaded(site, source(path, READINGS, "1 s"))
    assert (progress.written, await count(site, "AirQualityObserved")) == (24, 1)
    values = await history(site, "a")
    assert values[0] == ("2025-12-31T15:00:00Z", 0)
    assert [value for _, value in values] == list(range(24))
    entity = await entities.retrieve(site.hub, OPEN, "urn:ngsi-ld:AirQualityObserved:gaon:s:a")
    assert entity.attributes[0].members()["value"] == 23


async def test_a_file_of_observations_is_followed(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("id,t,pm\na,2026-01-01T00:00,1\nb,2026-01-01T00:00,x\n")
    what = source(path, READINGS, "1 s")
    assert (await loaded(site, what)).rejected == 1
    with path.open("a") as file:
        file.write("a,2026-01-01T01:00,2\na,2026-01-0")
    progress = await loaded(site, what)
    assert (progress.rows, progress.written) == (1, 1)
    with path.open("a") as file:
        file.write("1T00:30,9\n")
    assert (await loaded(site, what)).written == 1
    # A late value has its place in history and does not become the current one
    assert [value for _, value in sorted(await history(site, "a"))] == [1, 9, 2]
    entity = await entities.retrieve(site.hub, OPEN, "urn:ngsi-ld:AirQualityObserved:gaon:s:a")
    assert entity.attributes[0].members()["value"] == 2
    # What was rejected before is still there: it will not be read again
    assert len(await site.sources.rejected("s", 10)) == 1


async def test_a_replaced_file_of_observations_adds_only_what_is_newer(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("id,t,pm\na,2026-01-01T00:00,1\na,2026-01-01T01:00,2\n")
    await loaded(site, source(path, READINGS))
    path.write_text("id,t,pm\na,2026-01-01T02:00,3\na,2026-01-01T01:00,2\n")
    progress = await loaded(site, source(path, READINGS))
    assert (progress.written, progress.unchanged) == (1, 1)
    assert [value for _, value in await history(site, "a")] == [1, 2, 3]


async def test_another_mapping_of_observations_needs_consent(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("id,t,pm\na,2026-01-01T00:00,1\na,2026-01-01T01:00,2\n")
    await loaded(site, source(path, READINGS))
    other = msgspec.structs.replace(READINGS, observed_at=Moment("{t}", time_zone="UTC"))
    progress = await loaded(site, source(path, other))
    assert progress.stage is Stage.FAILED
    assert "--yes" in progress.problem
    assert len(await history(site, "a")) == 2
    assert (await loaded(site, source(path, other), agree)).stage is Stage.DONE
    assert [moment for moment, _ in await history(site, "a")] == [
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:00:00Z",
    ]


async def test_two_sources_may_speak_of_one_entity(site: Site, tmp_path: Path) -> None:
    sensors, readings = tmp_path / "sensors.csv", tmp_path / "readings.csv"
    sensors.write_text("id,name\na,시청\n")
    readings.write_text("id,t,pm\na,2026-01-01T00:00,1\n")
    described = EntityMapping(
        "AirQualityObserved", id="{id}", attributes={"name": AttributeMapping(field="name")}
    )
    urn = "urn:ngsi-ld:AirQualityObserved:{city}:s:{id}"
    observed = Source("r", "table", str(readings), entities=(msgspec.structs.replace(READINGS, id=urn),))
    around = Surroundings("gaon", "r", "Asia/Seoul", "ko")
    await loaded(site, source(sensors, described))
    await load(site, observed, around, lambda _progress: None, refuse)
    sensors.write_text("id,name\na,역\n")
    await loaded(site, source(sensors, described))
    entity = await entities.retrieve(site.hub, OPEN, "urn:ngsi-ld:AirQualityObserved:gaon:s:a")
    assert {attribute.name: attribute.members()["value"] for attribute in entity.attributes} == {
        EXPAND("name"): "역",
        EXPAND("pm25"): 1,
    }


async def test_a_load_that_is_stopped_goes_on_where_it_was(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    write_places(path, 5000)
    stopped = asyncio.Event()
    stages: list[Stage] = []

    def report(progress: Progress) -> None:
        stages.append(progress.stage)
        if progress.rows >= 1000:
            stopped.set()

    task = asyncio.create_task(load(site, source(path), AROUND, report, refuse))
    await stopped.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stages[-1] is Stage.STOPPED
    so_far = await count(site)
    assert 1000 <= so_far < 5000
    progress = await loaded(site, source(path))
    assert progress.stage is Stage.DONE
    assert progress.rows <= 5000 - 1000
    assert await count(site) == 5000
    # Each of them was written once
    assert await sequence(site) == 5000


async def test_progress_is_told_as_it_is_made(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    write_places(path, 1000)
    told: list[Progress] = []
    await load(site, source(path), AROUND, told.append, refuse)
    assert told[0].stage is Stage.READING
    assert told[-1].stage is Stage.DONE
    assert [one.rows for one in told] == sorted(one.rows for one in told)
    assert told[-1].share == 1


async def test_the_serving_loop_keeps_breathing(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    write_places(path, 3000)
    breaths = 0

    async def breathe() -> None:
        nonlocal breaths
        while True:
            await asyncio.sleep(0)
            breaths += 1

    breathing = asyncio.create_task(breathe())
    await loaded(site, source(path))
    breathing.cancel()
    assert breaths > 3000 / 256 * 4


async def test_an_outcome_that_the_store_refuses_goes_to_quarantine(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text("id,kind,capacity\na,park,1\n")
    mapping = msgspec.structs.replace(PLACES, id="urn:ngsi-ld:PointOfInterest:x:{id}{kind}" + "x" * 3000)
    progress = await loaded(site, source(path, mapping))
    assert (progress.written, progress.rejected) == (0, 1)
