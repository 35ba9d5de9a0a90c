"""Questions in a body say the same as questions in a URL (CIM 009 §5.2.23, §6.23)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client

from madang.api.query_body import body_parameters
from madang.errors import MadangError

BASE = "/ngsi-ld/v1"
QUERY = f"{BASE}/entityOperations/query"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, {}),
        ({"entities": [{"type": "A"}]}, {"type": "A"}),
        ({"entities": [{"type": "A"}, {"type": "B;C"}]}, {"type": "(A)|(B;C)"}),
        (
            {"entities": [{"type": "A", "id": "urn:x:1"}, {"type": "A", "id": "urn:x:2"}]},
            {"type": "A", "id": "urn:x:1,urn:x:2"},
        ),
        (
            {"entities": [{"type": "A", "idPattern": "x$"}, {"type": "B", "idPattern": "x$"}]},
            {"type": "(A)|(B)", "idPattern": "x$"},
        ),
        ({"attrs": ["a", "b"], "q": "a>1", "scopeQ": "/x"}, {"attrs": "a,b", "q": "a>1", "scopeQ": "/x"}),
        (
            {"geoQ": {"georel": "within", "geometry": "Polygon", "coordinates": [[[1, 2]]]}},
            {"georel": "within", "geometry": "Polygon", "coordinates": "[[[1,2]]]"},
        ),
        (
            {"temporalQ": {"timerel": "after", "lastN": 3, "aggrMethods": ["avg", "max"]}},
            {"timerel": "after", "lastN": "3", "aggrMethods": "avg,max"},
        ),
    ],
)
def test_what_a_body_says(body: dict[str, Any], said: dict[str, str]) -> None:
    assert body_parameters({"type": "Query", **body}, {"limit": "5"}) == {"limit": "5", **said}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"type": "Question"},
        {"type": "Query", "wish": 1},
        {"type": "Query", "entities": []},
        {"type": "Query", "entities": [5]},
        {"type": "Query", "entities": [{"id": "urn:x:1"}]},
        {"type": "Query", "entities": [{"type": "A", "colour": "red"}]},
        {"type": "Query", "entities": [{"type": "A", "id": "no uri"}]},
        {"type": "Query", "entities": [{"type": "A", "id": ["urn:x:1", 5]}]},
        {"type": "Query", "entities": [{"type": "A", "id": []}]},
        {"type": "Query", "ordering": {"collation": "und"}},
        {"type": "Query", "ordering": {"orderBy": ["a"], "coordinates": "8,40"}},
        {"type": "Query", "ordering": {"orderBy": ["a"], "geometry": 5}},
        {"type": "Query", "entityMap": "yes"},
        {"type": "Query", "q": 5},
        {"type": "Query", "attrs": [5]},
        {"type": "Query", "geoQ": []},
        {"type": "Query", "geoQ": {"radius": 5}},
        {"type": "Query", "limit": 3},
        {"type": "Query", "joinLevel": "1"},
    ],
)
def test_what_is_refused(body: Any) -> None:
    with pytest.raises(MadangError):
        body_parameters(body, {})


def test_a_thing_is_said_once() -> None:
    with pytest.raises(MadangError, match="body and in the URL"):
        body_parameters({"type": "Query", "q": "a>1"}, {"q": "a>2"})


async def test_the_answer_and_its_pages(api: Client) -> None:
    for number in range(3):
        body = {"id": f"urn:x:{number}", "type": "Car", "speed": {"type": "Property", "value": number}}
        assert (await api.post(f"{BASE}/entities", body)).status == 201
    question = {"type": "Query", "entities": [{"type": "Car"}], "q": "speed>0"}
    reply = await api.post(QUERY, question, params={"limit": "1", "count": "true", "options": "keyValues"})
    assert (reply.status, reply.headers["ngsild-results-count"]) == (200, "2")
    assert reply.json() == [{"id": "urn:x:1", "type": "Car", "speed": 1}]
    link = next(part for part in reply.headers["link"].split(", <") if 'rel="next"' in part)
    rest = await api.get(link.lstrip("<").partition(">")[0])
    assert [one["id"] for one in rest.json()] == ["urn:x:2"]


async def test_a_body_with_its_own_context(api: Client) -> None:
    headers = {"content-type": "application/ld+json"}
    context = {"Car": "https://a.example/Car"}
    body = {"id": "urn:x:1", "type": "Car", "@context": context}
    assert (await api.post(f"{BASE}/entities", body, headers=headers)).status == 201
    question = {"type": "Query", "entities": [{"type": "Car"}]}
    assert (await api.post(QUERY, question)).json() == []
    found = (await api.post(QUERY, {**question, "@context": context}, headers=headers)).json()
    assert found == [{"id": "urn:x:1", "type": "Car"}]
