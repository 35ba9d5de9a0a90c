"""What a temporal request may ask: CIM 009 §4.11, §5.7.3.4, §5.7.4.4, §6.3.12, §6.3.20, §6.24."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client

BASE = "/ngsi-ld/v1"
TEMPORAL = f"{BASE}/temporal/entities"
SINCE = {"timerel": "after", "timeAt": "2000-01-01T00:00:00Z"}


def at(value: Any, minute: int, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": f"2020-01-01T00:{minute:02}:00Z", **more}


async def create(api: Client, identifier: str, **attributes: Any) -> None:
    body = {"id": f"urn:ngsi-ld:Vehicle:{identifier}", "type": "Vehicle", **attributes}
    reply = await api.post(TEMPORAL, body)
    assert reply.status == 201, reply.body


async def found(api: Client, **params: str) -> list[str]:
    reply = await api.get(TEMPORAL, params=SINCE | params)
    assert reply.status == 200, reply.body
    return [entity["id"].rpartition(":")[2] for entity in reply.json()]


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"id": "urn:ngsi-ld:Vehicle:1"}, "BadRequestData"),
        ({"idPattern": ".*"}, "BadRequestData"),
        ({"attrs": "createdAt"}, "BadRequestData"),
        ({"q": "createdAt>2020-01-01T00:00:00Z"}, "BadRequestData"),
        ({"scopeQ": "/A"}, "BadRequestData"),
        ({"pick": "speed"}, "BadRequestData"),
        ({"type": "Vehicle", "q": "owner{name}==1"}, "BadRequestData"),
        ({"type": "Vehicle", "pick": "owner{name}"}, "BadRequestData"),
        ({"type": "Vehicle", "csf": "))no(("}, "BadRequestData"),
        ({"type": "Vehicle", "id": "no uri"}, "BadRequestData"),
        ({"type": "Vehicle", "orderBy": "speed"}, "BadRequestData"),
        ({"type": "Vehicle", "orderBy": "id,speed"}, "BadRequestData"),
        ({"type": "Vehicle", "orderBy": "id;dist-asc"}, "BadRequestData"),
        ({"type": "Vehicle", "orderBy": "id", "collation": "no-collation-at-all"}, "BadRequestData"),
        ({"type": "Vehicle", "datasetId": "no uri"}, "BadRequestData"),
        ({"type": "Vehicle", "splitEntities": "perhaps"}, "BadRequestData"),
        ({"type": "Vehicle", "format": "simplified"}, "InvalidRequest"),
        ({"type": "Vehicle", "options": "temporalValues,unheardOf"}, "InvalidRequest"),
        ({"type": "Vehicle", "options": "temporalValues,aggregatedValues"}, "InvalidRequest"),
        ({"type": "Vehicle", "join": "flat"}, "InvalidRequest"),
    ],
)
async def test_what_is_refused(api: Client, params: dict[str, str], kind: str) -> None:
    await create(api, "1", speed=[at(1, 1)])
    reply = await api.get(TEMPORAL, params=SINCE | params)
    assert (reply.status, reply.json()["type"].rpartition("/")[2]) == (400, kind)


async def test_a_temporal_query_needs_a_range(api: Client) -> None:
    await create(api, "1", speed=[at(1, 1)])
    assert (await api.get(TEMPORAL, params={"type": "Vehicle"})).status == 400
    assert (await api.get(f"{TEMPORAL}/urn:ngsi-ld:Vehicle:1")).status == 200
    assert (await api.get(f"{TEMPORAL}/urn:ngsi-ld:Vehicle:1", params={"q": "speed"})).status == 400
    assert (
        await api.get(
            TEMPORAL, params=SINCE | {"type": "Vehicle"}, headers={"accept": "application/geo+json"}
        )
    ).status == 406


@pytest.mark.parametrize(
    "params",
    [
        {"type": "Vehicle"},
        {"attrs": "speed"},
        {"q": "speed"},
        {"local": "true"},
        {"type": "Vehicle", "csf": 'endpoint=="x"', "splitEntities": "true", "entityMap": "true"},
    ],
)
async def test_what_is_wide_enough(api: Client, params: dict[str, str]) -> None:
    await create(api, "1", speed=[at(1, 1)])
    assert await found(api, **params) == ["1"]


async def test_conditions_are_asked_of_the_instances_in_the_range(api: Client) -> None:
    await create(api, "1", speed=[at(10, 1), at(99, 30)], fuel=[at(5, 1)])
    await create(api, "2", speed=[at(10, 30), at(99, 1)], fuel=[at(5, 1)])
    late = {"timeAt": "2020-01-01T00:20:00Z"}
    assert await found(api, type="Vehicle", q="speed>50", **late) == ["1"]
    assert await found(api, type="Vehicle", q="speed>50") == ["1", "2"]
    assert await found(api, type="Vehicle", q="fuel==5", **late) == []
    assert await found(api, attrs="fuel", **late) == []
    reply = await api.get(TEMPORAL, params=SINCE | late | {"type": "Vehicle", "q": "speed>50"})
    assert [[one["value"] for one in entity["speed"]] for entity in reply.json()] == [[99]]


async def test_order_by_id(api: Client) -> None:
    for name in ("b", "C", "a", "d"):
        await create(api, name, speed=[at(1, 1)])
    assert await found(api, type="Vehicle") == ["b", "C", "a", "d"]
    assert await found(api, type="Vehicle", orderBy="id") == ["a", "b", "C", "d"]
    assert await found(api, type="Vehicle", orderBy="id;desc", collation="ko") == ["d", "C", "b", "a"]
    seen: list[str] = []
    reply = await api.get(
        TEMPORAL, params=SINCE | {"type": "Vehicle", "orderBy": "id", "limit": "3", "count": "true"}
    )
    assert reply.headers["ngsild-results-count"] == "4"
    seen += [entity["id"][-1] for entity in reply.json()]
    link = reply.headers["link"].partition('rel="next"')[0].rpartition("<")[2].partition(">")[0]
    assert "cursor" in link
    reply = await api.get(link)
    assert reply.headers["ngsild-results-count"] == "4"
    assert [*seen, *[entity["id"][-1] for entity in reply.json()]] == ["a", "b", "C", "d"]
    other = link.replace("orderBy=id", "orderBy=id%3Bdesc")
    assert (await api.get(other)).status == 400


async def test_pages_and_counts_of_what_matches(api: Client) -> None:
    for number in range(7):
        await create(api, str(number), speed=[at(number % 2, 1)])
    params = SINCE | {"type": "Vehicle", "q": "speed==0", "limit": "3", "count": "true"}
    first = await api.get(TEMPORAL, params=params)
    assert (first.headers["ngsild-results-count"], len(first.json())) == ("4", 3)
    link = first.headers["link"].partition('rel="next"')[0].rpartition("<")[2].partition(">")[0]
    second = await api.get(link)
    assert (second.headers["ngsild-results-count"], len(second.json())) == ("4", 1)
    none = await api.get(TEMPORAL, params=params | {"offset": "4"})
    assert none.json() == []
    only = await api.get(TEMPORAL, params=params | {"limit": "0"})
    assert (only.headers["ngsild-results-count"], only.json()) == ("4", [])


async def test_the_form_that_format_and_options_name(api: Client) -> None:
    await create(api, "1", speed=[at(1, 1), at(3, 2)])
    path = f"{TEMPORAL}/urn:ngsi-ld:Vehicle:1"
    values = {"type": "Property", "values": [[1, "2020-01-01T00:01:00Z"], [3, "2020-01-01T00:02:00Z"]]}
    params = {"format": "temporalValues", "options": "aggregatedValues", "aggrMethods": "sum"}
    assert (await api.get(path, params=params)).json()["speed"] == values
    params = {"format": "aggregatedValues", "options": "temporalValues,sysAttrs", "aggrMethods": "sum"}
    answer = (await api.get(path, params=params)).json()
    assert (answer["speed"]["sum"][0][0], "createdAt" in answer) == (4, True)
    assert (await api.get(path, params={"options": "aggregatedValues"})).status == 400


@pytest.mark.parametrize(
    "aggregation",
    [
        {"aggrParams": {"aggrMethods": ["avg", "max"], "aggrPeriodDuration": "PT1H"}},
        {"aggrParams": {"aggrMethods": "avg,max"}},
        {"temporalQ": {"aggrMethods": ["avg", "max"]}},
    ],
)
async def test_aggregation_in_a_body(api: Client, aggregation: dict[str, Any]) -> None:
    await create(api, "1", speed=[at(1, 1), at(3, 2)])
    question = {"type": "Query", "entities": [{"type": "Vehicle"}], **aggregation}
    question["temporalQ"] = SINCE | question.get("temporalQ", {})
    reply = await api.post(f"{BASE}/temporal/entityOperations/query", question)
    assert reply.status == 200, reply.body
    speed = reply.json()[0]["speed"]
    assert (speed["avg"][0][0], speed["max"][0][0]) == (2, 3)
    question |= {"aggrParams": {"aggrMethods": "median"}}
    reply = await api.post(f"{BASE}/temporal/entityOperations/query", question)
    assert reply.status == 400


async def test_datasets(api: Client) -> None:
    other = "urn:ngsi-ld:Dataset:1"
    await create(api, "1", speed=[at(1, 1), at(2, 2, datasetId=other)], fuel=[at(3, 1)])
    path = f"{TEMPORAL}/urn:ngsi-ld:Vehicle:1"

    async def values(dataset: str) -> Any:
        body = (await api.get(path, params={"datasetId": dataset})).json()
        return {name: [one["value"] for one in body[name]] for name in ("speed", "fuel") if name in body}

    assert await values("@none") == {"speed": [1], "fuel": [3]}
    assert await values(other) == {"speed": [2]}
    assert await values(f"@none,{other}") == {"speed": [1, 2], "fuel": [3]}
    assert (await api.get(path, params={"datasetId": "urn:none:1"})).status == 404


async def test_one_language(api: Client) -> None:
    moment = {"observedAt": "2020-01-01T00:01:00Z"}
    gone = {
        "type": "LanguageProperty",
        "languageMap": {"@none": "urn:ngsi-ld:null"},
        "deletedAt": moment["observedAt"],
    }
    says = [{"type": "LanguageProperty", "languageMap": {"en": "yes", "ko": "네"}, **moment}, gone]
    await create(api, "1", says=says, speed=[at(1, 1)])
    path = f"{TEMPORAL}/urn:ngsi-ld:Vehicle:1"
    found = (await api.get(path, params={"lang": "ko"})).json()["says"]
    assert (found[0]["type"], found[0]["value"], found[0]["lang"]) == ("Property", "네", "ko")
    assert found[1]["deletedAt"] == moment["observedAt"]
    params = {"lang": "ko", "options": "aggregatedValues", "aggrMethods": "totalCount"}
    assert (await api.get(path, params=params)).json()["speed"]["totalCount"][0][0] == 1
