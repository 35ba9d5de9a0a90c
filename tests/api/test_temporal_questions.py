"""Questions about many histories, and those that are refused, through the real API over a real store (CIM 009 §5.7.4)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.histories import ALL, BASE, ID, SPEEDS, TEMPORAL, create, read, speed, times, vehicle
from tests.asgi_client import Client

from madang.ngsild.times import format_moment
from madang.settings import LIMITS


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
