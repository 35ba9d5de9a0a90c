"""Histories through the real API over a real store (CIM 009 §5.6.11 to §5.6.16, §5.7.3, §5.7.4)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client

from madang.clock import FixedClock
from madang.ngsild.times import format_moment
from madang.settings import LIMITS

BASE = "/ngsi-ld/v1"
TEMPORAL = f"{BASE}/temporal/entities"
ID = "urn:ngsi-ld:Vehicle:B9211"
SPEEDS = [(120, "2018-08-01T12:03:00Z"), (80, "2018-08-01T12:05:00Z"), (100, "2018-08-01T12:07:00Z")]
ALL = {"timerel": "after", "timeAt": "2000-01-01T00:00:00Z"}


def speed(value: Any, observed_at: str, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": observed_at, **more}


def vehicle(identifier: str = ID, **attributes: Any) -> dict[str, Any]:
    attributes = attributes or {"speed": [speed(*pair) for pair in SPEEDS]}
    return {"id": identifier, "type": "Vehicle", **attributes}


async def create(api: Client, body: dict[str, Any] | None = None) -> None:
    reply = await api.post(TEMPORAL, body or vehicle())
    assert reply.status in (201, 204), reply.body


async def read(api: Client, identifier: str = ID, **params: str) -> dict[str, Any]:
    reply = await api.get(f"{TEMPORAL}/{identifier}", params=params)
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json()
    return found


def times(instances: list[dict[str, Any]]) -> list[str]:
    return [instance["observedAt"][11:16] for instance in instances]


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


async def test_queries_ask_the_instances_inside_the_range(api: Client) -> None:
    await create(api)
    await create(api, vehicle("urn:ngsi-ld:Vehicle:slow", speed=speed(30, "2018-08-01T12:03:00Z")))
    await create(api, {"id": "urn:ngsi-ld:Bus:1", "type": "Bus", "speed": speed(110, "2018-08-01T12:03:00Z")})

    async def ids(**params: str) -> list[str]:
        reply = await api.get(TEMPORAL, params={**ALL, **params})
        assert reply.status == 200, reply.body
        return [one["id"].rpartition(":")[2] for one in reply.json()]

    assert await ids(type="Vehicle") == ["B9211", "slow"]
    assert await ids(type="Vehicle|Bus") == ["B9211", "slow", "1"]
    assert await ids(type="Vehicle,Bus", q="speed>105") == ["B9211", "1"]
    assert await ids(q="speed>105", timeAt="2018-08-01T12:04:00Z") == []
    assert await ids(q="speed==80", attrs="speed") == ["B9211"]
    assert await ids(id=f"{ID},urn:x:none", type="Vehicle") == ["B9211"]
    assert await ids(idPattern="slow$", type="Vehicle") == ["slow"]
    assert await ids(type="Nothing") == []
    assert await ids(type="Vehicle", attrs="unknown") == []


async def test_questions_in_a_body(api: Client) -> None:
    await create(api)
    await create(api, {"id": "urn:ngsi-ld:Bus:1", "type": "Bus", "speed": speed(110, "2018-08-01T12:03:00Z")})
    path = f"{BASE}/temporal/entityOperations/query"
    question: dict[str, Any] = {
        "type": "Query",
        "entities": [{"type": "Vehicle"}],
        "temporalQ": {**ALL, "lastN": 1},
    }
    (found,) = (await api.post(path, question)).json()
    assert times(found["speed"]) == ["12:07"]
    question["entities"].append({"type": "Bus"})
    assert len((await api.post(path, question)).json()) == 2
    question["aggrParams"] = {"aggrMethods": ["avg"], "aggrPeriodDuration": "PT0S"}
    found = (
        await api.post(path, {**question, "temporalQ": ALL}, params={"format": "aggregatedValues"})
    ).json()
    assert found[0]["speed"]["avg"] == [[100, ALL["timeAt"], "2018-08-01T12:07:00Z"]]
    near = {"georel": "near;maxDistance==10", "geometry": "Point", "coordinates": [1, 2]}
    assert (await api.post(path, {**question, "geoQ": near})).json() == []


async def test_pages_of_entities(api: Client) -> None:
    for number in range(5):
        await create(api, vehicle(f"urn:ngsi-ld:Vehicle:{number}"))
    reply = await api.get(TEMPORAL, params={"type": "Vehicle", "limit": "2", "count": "true", **ALL})
    seen = [one["id"] for one in reply.json()]
    assert reply.headers["ngsild-results-count"] == "5"
    while 'rel="next"' in reply.headers.get("link", ""):
        link = next(part for part in reply.headers["link"].split(", <") if 'rel="next"' in part)
        reply = await api.get(link.lstrip("<").partition(">")[0])
        assert reply.headers["ngsild-results-count"] == "5"
        seen += [one["id"] for one in reply.json()]
    assert seen == [f"urn:ngsi-ld:Vehicle:{number}" for number in range(5)]
    reply = await api.get(TEMPORAL, params={"type": "Vehicle", "offset": "3", **ALL})
    assert [one["id"][-1] for one in reply.json()] == ["3", "4"]
    reply = await api.get(TEMPORAL, params={"type": "Vehicle", "cursor": "7-00000000", **ALL})
    assert reply.status == 400


async def test_a_long_answer_says_which_part_it_is(api: Client) -> None:
    most = LIMITS.temporal_instances_default
    start = 1_500_000_000_000_000
    minutes = [format_moment(start + index * 60_000_000) for index in range(most + 5)]
    await create(api, vehicle(speed=[speed(index, minute) for index, minute in enumerate(minutes)]))
    reply = await api.get(f"{TEMPORAL}/{ID}")
    assert (reply.status, len(reply.json()["speed"])) == (206, most)
    assert reply.headers["content-range"] == f"date-time {minutes[0]}-{minutes[most - 1]}/*"
    rest = await read(api, timerel="after", timeAt=minutes[most - 1])
    assert [one["value"] for one in rest["speed"]] == list(range(most - 1, most + 5))
    reply = await api.get(f"{TEMPORAL}/{ID}", params={"lastN": str(most + 3)})
    assert (reply.status, len(reply.json()["speed"])) == (206, most)
    assert reply.headers["content-range"] == f"date-time {minutes[-1]}-{minutes[5]}/{most + 3}"
    reply = await api.get(
        f"{TEMPORAL}/{ID}", params={"options": "aggregatedValues", "aggrMethods": "totalCount"}
    )
    assert (reply.status, reply.json()["speed"]["totalCount"][0][0]) == (200, most + 5)


async def test_json_ld_answers_carry_their_context(api: Client) -> None:
    await create(api)
    accept = {"accept": "application/ld+json"}
    assert "@context" in (await api.get(f"{TEMPORAL}/{ID}", headers=accept)).json()
    reply = await api.get(TEMPORAL, params={"type": "Vehicle", **ALL}, headers=accept)
    assert "@context" in reply.json()[0]
    assert reply.headers["content-type"] == "application/ld+json"


async def test_names_in_other_contexts(api: Client) -> None:
    context = {
        "Vehicle": "https://a.example/Vehicle",
        "speed": "https://a.example/speed",
        "sub": "https://a.example/sub",
    }
    headers = {"content-type": "application/ld+json"}
    body = vehicle(speed=[speed(1, "2018-08-01T12:00:00Z", sub={"type": "Property", "value": 1})])
    reply = await api.post(TEMPORAL, {**body, "@context": context}, headers=headers)
    assert reply.status == 201, reply.body
    found = await read(api)
    assert found["type"] == "https://a.example/Vehicle"
    assert "https://a.example/sub" in found["https://a.example/speed"][0]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{TEMPORAL}/urn:x:none", None),
        ("DELETE", f"{TEMPORAL}/urn:x:none", None),
        ("POST", f"{TEMPORAL}/urn:x:none/attrs", {"speed": speed(*SPEEDS[0])}),
        ("DELETE", f"{TEMPORAL}/urn:x:none/attrs/speed", None),
        ("DELETE", f"{TEMPORAL}/{ID}/attrs/unknown", None),
        ("DELETE", f"{TEMPORAL}/{ID}/attrs/speed/urn:ngsi-ld:Instance:1-1-77", None),
    ],
)
async def test_what_does_not_exist(api: Client, method: str, path: str, body: Any) -> None:
    await create(api)
    reply = await api.call(method, path, json=body)
    assert reply.status == 404, reply.body
    assert reply.json()["type"].endswith("ResourceNotFound")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"type": "Vehicle"}, "needs timerel"),
        (ALL, "too wide"),
        ({**ALL, "type": "Vehicle", "options": "temporalValues,aggregatedValues"}, "at once"),
        ({**ALL, "type": "Vehicle", "options": "aggregatedValues"}, "aggrMethods"),
        ({**ALL, "type": "Vehicle", "lastN": "-1"}, "lastN"),
        ({**ALL, "type": "Vehicle", "format": "nonsense"}, "nonsense"),
    ],
)
async def test_what_is_refused(api: Client, params: dict[str, str], words: str) -> None:
    reply = await api.get(TEMPORAL, params=params)
    assert reply.status == 400, reply.body
    assert words in reply.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"type": "Vehicle", "speed": []},
        {"id": ID, "speed": [speed(1, "2018-08-01T12:00:00Z")]},
        vehicle(speed=[]),
        vehicle(speed=[1, 2]),
        vehicle(speed=[[]]),
        vehicle(speed={"type": "Property", "values": 7}),
        vehicle(speed={"type": "Property", "values": [[1]]}),
        vehicle(speed={"type": "Property", "values": [[1, "noon"]]}),
        vehicle(speed=[speed(1, "noon")]),
        [],
    ],
)
async def test_bodies_that_are_refused(api: Client, body: Any) -> None:
    reply = await api.post(TEMPORAL, body)
    assert reply.status == 400, reply.body
    assert (await api.get(f"{TEMPORAL}/{ID}")).status == 404
