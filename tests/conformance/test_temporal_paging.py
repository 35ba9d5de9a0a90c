"""Long histories in parts: CIM 009 §6.3.10, the second half (206 and Content-Range)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client, Reply

from madang.hub.hub import Hub
from madang.ngsild.times import format_moment

TEMPORAL = "/ngsi-ld/v1/temporal/entities"
ID = "urn:ngsi-ld:Vehicle:1"
START = 1_577_840_400_000_000  # 2020-01-01T01:00:00Z
MINUTE = 60_000_000
EARLY, LATE = "2019-01-01T00:00:00Z", "2021-01-01T00:00:00Z"
PAGE = 5


@pytest.fixture(autouse=True)
def short_pages(hub: Hub) -> None:
    hub.history_page = PAGE


def minute(number: int) -> str:
    return format_moment(START + number * MINUTE)


def readings(*minutes: int) -> list[dict[str, Any]]:
    return [
        {"type": "Property", "value": number, "observedAt": minute(at)} for number, at in enumerate(minutes)
    ]


async def create(api: Client, identifier: str = ID, **attributes: list[dict[str, Any]]) -> None:
    reply = await api.post(TEMPORAL, {"id": identifier, "type": "Vehicle", **attributes})
    assert reply.status == 201, reply.body


async def read(api: Client, path: str = f"/{ID}", **params: str) -> Reply:
    return await api.get(TEMPORAL + path, params=params)


def times(instances: list[dict[str, Any]]) -> list[str]:
    return [instance["observedAt"] for instance in instances]


@pytest.mark.parametrize(
    ("params", "kept", "content_range"),
    [
        ({}, range(5), f"date-time {minute(0)}-{minute(4)}/*"),
        ({"timerel": "after", "timeAt": EARLY}, range(5), f"date-time {EARLY}-{minute(4)}/*"),
        ({"timerel": "before", "timeAt": LATE}, range(5), f"date-time {minute(0)}-{minute(4)}/*"),
        (
            {"timerel": "between", "timeAt": EARLY, "endTimeAt": LATE},
            range(5),
            f"date-time {EARLY}-{minute(4)}/*",
        ),
        ({"lastN": "9"}, range(15, 20), f"date-time {minute(19)}-{minute(15)}/9"),
        (
            {"timerel": "before", "timeAt": LATE, "lastN": "9"},
            range(15, 20),
            f"date-time {LATE}-{minute(15)}/9",
        ),
        (
            {"timerel": "between", "timeAt": EARLY, "endTimeAt": LATE, "lastN": "9"},
            range(15, 20),
            f"date-time {LATE}-{minute(15)}/9",
        ),
        (
            {"timerel": "after", "timeAt": EARLY, "lastN": "9"},
            range(15, 20),
            f"date-time {minute(19)}-{minute(15)}/9",
        ),
    ],
)
async def test_the_part_that_is_answered(
    api: Client, params: dict[str, str], kept: range, content_range: str
) -> None:
    await create(api, speed=readings(*range(20)), fuel=readings(*range(0, 20, 3)))
    reply = await read(api, **params)
    assert (reply.status, reply.headers["content-range"]) == (206, content_range)
    body = reply.json()
    assert times(body["speed"]) == [minute(number) for number in kept]
    assert times(body["fuel"]) == [minute(number) for number in kept if number % 3 == 0]


@pytest.mark.parametrize(
    "params", [{"lastN": "5"}, {"timerel": "before", "timeAt": minute(5)}, {"attrs": "few"}]
)
async def test_what_fits_is_whole(api: Client, params: dict[str, str]) -> None:
    await create(api, speed=readings(*range(20)), few=readings(0, 1))
    reply = await read(api, **params)
    assert (reply.status, "content-range" in reply.headers) == (200, False)


async def test_an_attribute_without_an_instance_in_the_part_stays_empty(api: Client) -> None:
    owner = {"type": "Relationship", "object": "urn:x:1", "observedAt": minute(30)}
    await create(api, speed=readings(*range(20)), fuel=readings(*range(40, 60)), owner=[owner])
    body = (await read(api, timerel="after", timeAt=EARLY)).json()
    assert (len(body["speed"]), body["fuel"], body["owner"]) == (5, [], [])
    assert (await read(api, lastN="100")).json()["speed"] == []
    body = (await read(api, timerel="after", timeAt=EARLY, options="temporalValues")).json()
    assert body["fuel"] == {"type": "Property", "values": []}
    assert body["owner"] == {"type": "Relationship", "objects": []}


@pytest.mark.parametrize(
    "minutes",
    [list(range(20)), [0] * 12 + [1, 2, 2, 2] + [3] * 9, [0, 1] + [2] * 30, [7] * 30, [0] * 5 + [1] * 5],
)
async def test_going_on_from_the_end_reaches_every_instance(api: Client, minutes: list[int]) -> None:
    """Ever so many may be of one moment: each request comes further, and none is missed."""
    await create(api, speed=readings(*minutes), fuel=readings(*minutes[::2]))
    seen: set[str] = set()
    begin = EARLY
    for _ in range(len(minutes) + 1):
        reply = await read(api, timerel="after", timeAt=begin)
        body = reply.json()
        seen |= {one["instanceId"] for name in ("speed", "fuel") for one in body.get(name, [])}
        if reply.status == 200:
            break
        assert reply.status == 206
        end = reply.headers["content-range"].partition("/")[0].removeprefix(f"date-time {begin}-")
        assert end != begin
        begin = end
    assert len(seen) == len(minutes) + len(minutes[::2])


@pytest.mark.parametrize("minutes", [list(range(20)), [0] * 12 + [1, 2, 2, 2] + [3] * 9, [7] * 30])
async def test_going_back_from_the_end_reaches_every_instance(api: Client, minutes: list[int]) -> None:
    await create(api, speed=readings(*minutes))
    seen: set[str] = set()
    end = LATE
    for _ in range(len(minutes) + 1):
        reply = await read(api, timerel="before", timeAt=end, lastN="1000")
        seen |= {one["instanceId"] for one in reply.json().get("speed", [])}
        if reply.status == 200:
            break
        assert reply.headers["content-range"].startswith(f"date-time {end}-")
        end = reply.headers["content-range"].removeprefix(f"date-time {end}-").removesuffix("/1000")
    assert len(seen) == len(minutes)


async def test_the_part_is_the_same_for_all_entities_of_a_page(api: Client) -> None:
    await create(api, speed=readings(*range(20)))
    await create(api, "urn:ngsi-ld:Vehicle:2", speed=readings(2, 3, 4, 5, 9))
    reply = await read(api, "", type="Vehicle", timerel="after", timeAt=EARLY)
    assert (reply.status, reply.headers["content-range"]) == (206, f"date-time {EARLY}-{minute(4)}/*")
    assert [len(one["speed"]) for one in reply.json()] == [5, 3]
    question = {
        "type": "Query",
        "entities": [{"type": "Vehicle"}],
        "temporalQ": {"timerel": "before", "timeAt": LATE, "lastN": 9},
    }
    reply = await api.post("/ngsi-ld/v1/temporal/entityOperations/query", question)
    assert (reply.status, reply.headers["content-range"]) == (206, f"date-time {LATE}-{minute(15)}/9")
    assert [len(one["speed"]) for one in reply.json()] == [5, 0]


async def test_aggregated_values_are_of_the_whole_range(api: Client) -> None:
    await create(api, speed=readings(*range(20)))
    reply = await read(api, options="aggregatedValues", aggrMethods="totalCount")
    assert (reply.status, reply.json()["speed"]["totalCount"][0][0]) == (200, 20)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"timerel": "after", "timeAt": EARLY, "options": "temporalValues"},
        {"timerel": "before", "timeAt": LATE, "attrs": "speed"},
        {"timerel": "between", "timeAt": EARLY, "endTimeAt": LATE},
        {"timerel": "between", "timeAt": EARLY, "endTimeAt": minute(12)},
        {"lastN": "17"},
        {"lastN": "17", "timerel": "before", "timeAt": minute(18)},
        {"lastN": "17", "timerel": "after", "timeAt": minute(2)},
        {"lastN": "100", "timerel": "between", "timeAt": minute(1), "endTimeAt": LATE},
    ],
)
async def test_the_link_leads_to_the_rest(api: Client, hub: Hub, params: dict[str, str]) -> None:
    """Every instance once: the next part begins where this one ended, not at its last moment."""
    await create(api, speed=readings(*range(9), *[9] * 8, *range(10, 20)))
    hub.history_page = 1000
    whole = (await read(api, **params)).json()["speed"]
    hub.history_page = PAGE
    parts = []
    reply = await read(api, **params)
    while reply.status == 206:
        parts.append(reply.json()["speed"])
        link = reply.headers["link"].partition('rel="next"; type="application/json"')[0].rpartition("<")[2]
        reply = await api.get(link.partition(">")[0])
    assert reply.status == 200
    parts.append(reply.json()["speed"])
    if "lastN" in params:
        parts.reverse()
    if "options" in params:
        assert [pair for part in parts for pair in part["values"]] == whole["values"]
    else:
        assert [one for part in parts for one in part] == whole
