"""Histories as they are written and read, through the real API over a real store (CIM 009 §5.6.11 to §5.6.16, §5.7.3)."""

from __future__ import annotations

import pytest
from tests.api.histories import ALL, BASE, ID, SPEEDS, TEMPORAL, create, read, speed, times, vehicle
from tests.asgi_client import Client

from madang.clock import FixedClock
from madang.ngsild.times import format_moment


async def test_a_history_is_created_and_read(api: Client) -> None:
    reply = await api.post(TEMPORAL, vehicle())
    assert (reply.status, reply.headers["location"]) == (201, f"{TEMPORAL}/{ID}")
    assert (await api.post(TEMPORAL, vehicle())).status == 204
    found = await read(api)
    assert (found["id"], found["type"]) == (ID, "Vehicle")
    assert times(found["speed"]) == ["12:03", "12:03", "12:05", "12:05", "12:07", "12:07"]
    ids = {instance["instanceId"] for instance in found["speed"]}
    assert len(ids) == 6
    assert all(identifier.startswith("urn:ngsi-ld:Instance:") for identifier in ids)


async def test_the_latest_instance_is_the_present_state(api: Client) -> None:
    await create(api, vehicle(speed=[speed(*pair) for pair in reversed(SPEEDS)]))
    entity = (await api.get(f"{BASE}/entities/{ID}")).json()
    assert entity["speed"] == speed(100, "2018-08-01T12:07:00Z")


async def test_what_is_written_to_entities_is_history_too(api: Client, clock: FixedClock) -> None:
    await api.post(f"{BASE}/entities", vehicle(speed=speed(*SPEEDS[0])))
    clock.advance(60_000_000)
    await api.patch(f"{BASE}/entities/{ID}/attrs/speed", speed(*SPEEDS[1]))
    found = await read(api, options="sysAttrs")
    assert [one["value"] for one in found["speed"]] == [120, 80]
    assert found["speed"][1]["modifiedAt"] == format_moment(clock.now())


async def test_late_instances_are_put_in_order_and_change_nothing_present(api: Client) -> None:
    await create(api)
    late = {"speed": speed(50, "2018-08-01T11:00:00Z")}
    assert (await api.post(f"{TEMPORAL}/{ID}/attrs", late)).status == 204
    assert times((await read(api))["speed"]) == ["11:00", "12:03", "12:05", "12:07"]
    assert (await api.get(f"{BASE}/entities/{ID}")).json()["speed"]["value"] == 100


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"timerel": "before", "timeAt": "2018-08-01T12:05:00Z"}, ["12:03"]),
        ({"timerel": "after", "timeAt": "2018-08-01T12:05:00Z"}, ["12:05", "12:07"]),
        (
            {"timerel": "between", "timeAt": "2018-08-01T12:03:00Z", "endTimeAt": "2018-08-01T12:07:00.000Z"},
            ["12:03", "12:05"],
        ),
        ({"lastN": "2"}, ["12:05", "12:07"]),
        ({"timerel": "before", "timeAt": "2018-08-01T12:07:00Z", "lastN": "1"}, ["12:05"]),
        ({"lastN": "9"}, ["12:03", "12:05", "12:07"]),
    ],
)
async def test_ranges(api: Client, params: dict[str, str], expected: list[str]) -> None:
    await create(api)
    assert times((await read(api, **params))["speed"]) == expected
    if "timerel" in params:
        reply = await api.get(TEMPORAL, params={"type": "Vehicle", **params})
        assert times(reply.json()[0]["speed"]) == expected


async def test_an_entity_without_an_instance_in_the_range_is_not_found(api: Client) -> None:
    await create(api)
    params = {"timerel": "before", "timeAt": "2000-01-01T00:00:00Z"}
    assert (await api.get(f"{TEMPORAL}/{ID}", params=params)).status == 404
    assert (await api.get(f"{TEMPORAL}/{ID}", params={"attrs": "unknown"})).status == 404
    assert (await api.get(TEMPORAL, params={"type": "Vehicle", **params})).json() == []


async def test_temporal_values_of_every_kind(api: Client) -> None:
    moment = {"observedAt": "2022-08-09T18:25:02Z"}
    body = vehicle(
        name=[{"type": "Property", "value": "Joe Bloggs", **moment}],
        place=[{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}, **moment}],
        says=[{"type": "LanguageProperty", "languageMap": {"en": "yes", "fr": "oui"}, **moment}],
        gender=[{"type": "VocabProperty", "vocab": "Male", **moment}],
        tickets=[{"type": "JsonProperty", "json": [{"id": 1}], **moment}],
        period=[{"type": "ListProperty", "valueList": ["First", "Second"], **moment}],
        spouse=[{"type": "Relationship", "object": "urn:x:Person:1", **moment}],
        members=[{"type": "ListRelationship", "objectList": [{"object": "urn:x:Person:1"}], **moment}],
        when=[
            {"type": "Property", "value": {"@type": "DateTime", "@value": "2022-08-09T18:25:02Z"}, **moment}
        ],
    )
    await create(api, body)
    time = moment["observedAt"]
    assert await read(api, options="temporalValues") == {
        "id": ID,
        "type": "Vehicle",
        "name": {"type": "Property", "values": [["Joe Bloggs", time]]},
        "place": {"type": "GeoProperty", "values": [[{"type": "Point", "coordinates": [1, 2]}, time]]},
        "says": {
            "type": "LanguageProperty",
            "languageMaps": [[{"languageMap": {"en": "yes", "fr": "oui"}}, time]],
        },
        "gender": {"type": "VocabProperty", "vocabs": [[{"vocab": "Male"}, time]]},
        "tickets": {"type": "JsonProperty", "jsons": [[{"json": [{"id": 1}]}, time]]},
        "period": {"type": "ListProperty", "valueLists": [[["First", "Second"], time]]},
        "spouse": {"type": "Relationship", "objects": [["urn:x:Person:1", time]]},
        "members": {"type": "ListRelationship", "objectLists": [[["urn:x:Person:1"], time]]},
        "when": {
            "type": "Property",
            "values": [[{"@type": "DateTime", "@value": "2022-08-09T18:25:02Z"}, time]],
        },
    }


async def test_temporal_values_can_be_sent_back(api: Client) -> None:
    await create(api)
    simplified = await read(api, format="temporalValues")
    assert simplified["speed"] == {"type": "Property", "values": [list(pair) for pair in SPEEDS]}
    other = "urn:ngsi-ld:Vehicle:copy"
    await create(api, {**simplified, "id": other})
    assert {**(await read(api, other, format="temporalValues")), "id": ID} == simplified


async def test_aggregated_values_of_the_specifications_example(api: Client) -> None:
    await create(api)
    params = {"timeAt": "2018-08-01T12:00:00Z", "endTimeAt": "2018-08-01T13:00:00Z", "timerel": "between"}
    params |= {"aggrMethods": "max,avg", "aggrPeriodDuration": "PT4M", "format": "aggregatedValues"}
    expected = {
        "type": "Property",
        "max": [
            [120, "2018-08-01T12:00:00Z", "2018-08-01T12:04:00Z"],
            [100, "2018-08-01T12:04:00Z", "2018-08-01T12:08:00Z"],
        ],
        "avg": [
            [120, "2018-08-01T12:00:00Z", "2018-08-01T12:04:00Z"],
            [90, "2018-08-01T12:04:00Z", "2018-08-01T12:08:00Z"],
        ],
    }
    assert (await read(api, **params))["speed"] == expected
    (found,) = (await api.get(TEMPORAL, params={"type": "Vehicle", **params})).json()
    assert found["speed"] == expected


async def test_a_method_that_does_not_fit_an_attribute(api: Client) -> None:
    await create(
        api, vehicle(speed=speed(1, "2018-08-01T12:00:00Z"), name=speed("Joe", "2018-08-01T12:00:00Z"))
    )
    params = {"aggrMethods": "avg", "options": "aggregatedValues"}
    assert (await read(api, **params)).keys() == {"id", "type", "speed"}
    reply = await api.get(f"{TEMPORAL}/{ID}", params={**params, "attrs": "name"})
    assert reply.status == 400
    assert reply.json()["type"].endswith("InvalidRequest")
    assert "'name'" in reply.json()["detail"]


async def test_datasets_stay_apart(api: Client) -> None:
    other = "urn:x:dataset:1"
    body = vehicle(
        speed=[speed(1, "2018-08-01T12:00:00Z"), speed(2, "2018-08-01T12:00:00Z", datasetId=other)]
    )
    await create(api, body)
    found = await read(api, options="temporalValues")
    assert found["speed"] == [
        {"type": "Property", "values": [[1, "2018-08-01T12:00:00Z"]]},
        {"type": "Property", "datasetId": other, "values": [[2, "2018-08-01T12:00:00Z"]]},
    ]
    assert [one["value"] for one in (await read(api, datasetId=other))["speed"]] == [2]
    assert [one["value"] for one in (await read(api, datasetId="@none"))["speed"]] == [1]
    assert len((await read(api, lastN="1"))["speed"]) == 2
    path = f"{TEMPORAL}/{ID}/attrs/speed"
    assert (await api.delete(path)).status == 204
    assert [one["value"] for one in (await read(api))["speed"]] == [2]
    assert (await api.delete(path, params={"datasetId": other})).status == 204
    assert (await api.get(f"{TEMPORAL}/{ID}")).status == 200
    assert (await api.delete(path, params={"deleteAll": "true"})).status == 404


async def test_deletion_is_remembered(api: Client, clock: FixedClock) -> None:
    await create(api, vehicle(speed=speed(*SPEEDS[0]), owner={"type": "Relationship", "object": "urn:x:1"}))
    clock.advance(1_000_000)
    assert (await api.delete(f"{BASE}/entities/{ID}/attrs/speed")).status == 204
    clock.advance(1_000_000)
    assert (await api.delete(f"{BASE}/entities/{ID}")).status == 204
    found = await read(api, timeproperty="deletedAt")
    assert [(one["type"], one["value"]) for one in found["speed"]] == [("Property", "urn:ngsi-ld:null")]
    assert found["owner"][0]["object"] == "urn:ngsi-ld:null"
    assert found["owner"][0]["deletedAt"] == format_moment(clock.now())
    assert len((await read(api))["speed"]) == 2
    assert (await read(api, options="temporalValues"))["speed"]["values"] == [list(SPEEDS[0])]
    (listed,) = (await api.get(TEMPORAL, params={"type": "Vehicle", **ALL})).json()
    assert listed["id"] == ID


async def test_instances_are_corrected_and_deleted(api: Client, clock: FixedClock) -> None:
    await create(api)
    before = (await read(api, options="sysAttrs"))["speed"]
    path = f"{TEMPORAL}/{ID}/attrs/speed/{before[1]['instanceId']}"
    clock.advance(60_000_000)
    assert (await api.patch(path, {"speed": [speed(85, "2018-08-01T12:06:00Z")]})).status == 204
    after = (await read(api, options="sysAttrs"))["speed"]
    assert after[0] == before[0]
    assert after[1] == {
        **before[1],
        "value": 85,
        "observedAt": "2018-08-01T12:06:00Z",
        "modifiedAt": format_moment(clock.now()),
    }
    assert (await api.delete(f"{TEMPORAL}/{ID}/attrs/speed/{before[0]['instanceId']}")).status == 204
    left = (await read(api))["speed"]
    assert [one["instanceId"] for one in left] == [before[1]["instanceId"], before[2]["instanceId"]]
    for gone in (before[0]["instanceId"], "urn:ngsi-ld:Instance:9-9-9", "urn:x:other"):
        assert (await api.delete(f"{TEMPORAL}/{ID}/attrs/speed/{gone}")).status == 404
    assert (
        await api.patch(f"{TEMPORAL}/{ID}/attrs/other/{before[1]['instanceId']}", speed(*SPEEDS[0]))
    ).status == 404


async def test_a_whole_history_is_erased(api: Client) -> None:
    await create(api)
    assert (await api.delete(f"{TEMPORAL}/{ID}")).status == 204
    assert (await api.get(f"{TEMPORAL}/{ID}")).status == 404
    assert (await api.delete(f"{TEMPORAL}/{ID}")).status == 404
    await create(api, vehicle(speed=speed(1, "2020-01-01T00:00:00Z")))
    assert [one["value"] for one in (await read(api))["speed"]] == [1]


async def test_pick_and_omit(api: Client) -> None:
    await create(api, vehicle(speed=speed(*SPEEDS[0]), fuel=speed(*SPEEDS[0])))
    assert (await read(api, pick="speed")).keys() == {"speed"}
    assert (await read(api, pick="id,speed")).keys() == {"id", "speed"}
    assert (await read(api, omit="type,speed")).keys() == {"id", "fuel"}
    assert (await read(api, attrs="fuel")).keys() == {"id", "type", "fuel"}
    for params in ({"pick": "unknown"}, {"omit": "id,type,speed,fuel"}):
        assert (await api.get(f"{TEMPORAL}/{ID}", params=params)).status == 404
    for params in (
        {"pick": "speed", "omit": "speed"},
        {"pick": "a", "attrs": "b"},
        {"omit": "a", "attrs": "b"},
    ):
        reply = await api.get(f"{TEMPORAL}/{ID}", params=params)
        assert (reply.status, reply.json()["type"].rpartition("/")[2]) == (400, "BadRequestData")
