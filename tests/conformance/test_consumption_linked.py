"""Linked entity retrieval: CIM 009 §4.5.4, §4.5.23, §4.21, §5.7.1.4, §5.7.2.4, §5.7.2.5."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client
from tests.views import seeing

from madang.api.asgi import information_api
from madang.hub import entities, linking
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE
from madang.ngsild.context import CORE
from madang.ngsild.linked import Join, Mode
from madang.ngsild.q import parse_q
from madang.ngsild.query import Query, Window
from madang.ngsild.representation import Form
from madang.settings import LIMITS

BASE = "/ngsi-ld/v1"
BUILDING, TOWER = "urn:ngsi-ld:Building:1", "urn:ngsi-ld:Building:2"
CITY, COUNTRY = "urn:ngsi-ld:City:Paris", "urn:ngsi-ld:Country:France"


def to(*targets: str, **more: Any) -> dict[str, Any]:
    return {"type": "Relationship", "object": targets[0] if len(targets) == 1 else list(targets), **more}


def text(value: str) -> dict[str, Any]:
    return {"type": "Property", "value": value}


@pytest.fixture
async def linked(api: Client) -> Client:
    """Two buildings in a city in a country, which points back at the first building."""
    for entity in (
        {"id": BUILDING, "type": "Building", "name": text("Eiffel"), "locatedAt": to(CITY)},
        {"id": TOWER, "type": "Building", "name": text("Louvre"), "locatedAt": to(CITY)},
        {"id": CITY, "type": "City", "name": text("Paris"), "isInCountry": to(COUNTRY)},
        {"id": COUNTRY, "type": "Country", "name": text("France"), "landmark": to(BUILDING)},
    ):
        assert (await api.post(f"{BASE}/entities", entity)).status == 201
    return api


async def get(api: Client, path: str, **params: str) -> Any:
    reply = await api.get(f"{BASE}/{path}", params=params)
    assert reply.status == 200, reply.body
    return reply.json()


async def test_inline_puts_the_entity_into_the_relationship(linked: Client) -> None:
    """§4.5.23.2, §4.5.3.2"""
    found = await get(linked, f"entities/{BUILDING}", join="inline")
    assert found["locatedAt"]["object"] == CITY
    city = found["locatedAt"]["entity"]
    assert city["id"] == CITY
    assert "entity" not in city["isInCountry"]
    deeper = await get(linked, f"entities/{BUILDING}", join="inline", joinLevel="2")
    assert deeper["locatedAt"]["entity"]["isInCountry"]["entity"]["name"] == text("France")


async def test_flat_appends_what_is_linked_once(linked: Client) -> None:
    """§4.5.23.3: always an array, each entity once."""
    found = await get(linked, f"entities/{BUILDING}", join="flat", joinLevel="3")
    assert [entity["id"] for entity in found] == [BUILDING, CITY, COUNTRY]
    alone = await get(linked, f"entities/{COUNTRY}", join="flat", containedBy=BUILDING)
    assert [entity["id"] for entity in alone] == [COUNTRY]
    both = await get(linked, "entities", type="Building", join="flat", joinLevel="2", count="true")
    assert [entity["id"] for entity in both] == [BUILDING, TOWER, CITY, COUNTRY]


async def test_a_circle_ends_where_it_began(linked: Client) -> None:
    """§4.5.23.1: duplicates and loops are avoided; containedBy names what was met before."""
    found = await get(linked, f"entities/{BUILDING}", join="inline", joinLevel="5")
    country = found["locatedAt"]["entity"]["isInCountry"]["entity"]
    assert country["landmark"] == to(BUILDING)
    met = await get(linked, f"entities/{BUILDING}", join="inline", joinLevel="5", containedBy=COUNTRY)
    assert met["locatedAt"]["entity"]["isInCountry"] == to(COUNTRY)


async def test_simplified_and_concise_forms(linked: Client) -> None:
    """§4.5.4, §4.5.3.3"""
    simple = await get(linked, f"entities/{BUILDING}", join="inline", format="simplified")
    assert simple["locatedAt"] == {"id": CITY, "type": "City", "name": "Paris", "isInCountry": COUNTRY}
    concise = await get(linked, f"entities/{BUILDING}", join="inline", format="concise")
    assert concise["locatedAt"]["entity"]["name"] == "Paris"
    assert "type" not in concise["locatedAt"]


async def test_lists_and_several_instances(linked: Client) -> None:
    """§4.5.3.2, §4.5.22.2: an array of objects has an array of entities; what is not found is left out, in the
    simplified form its id stays."""
    route: dict[str, Any] = {
        "id": "urn:ngsi-ld:Route:1",
        "type": "Route",
        "stops": to(CITY, "urn:ngsi-ld:City:Lost", COUNTRY),
        "way": {"type": "ListRelationship", "objectList": [COUNTRY, CITY, COUNTRY]},
        "near": [to(CITY), to(COUNTRY, datasetId="urn:d:1")],
    }
    assert (await linked.post(f"{BASE}/entities", route)).status == 201
    found = await get(linked, "entities/urn:ngsi-ld:Route:1", join="inline")
    assert [entity["id"] for entity in found["stops"]["entity"]] == [CITY, COUNTRY]
    assert [entity["id"] for entity in found["way"]["entityList"]] == [COUNTRY, CITY, COUNTRY]
    assert [instance["entity"]["id"] for instance in found["near"]] == [CITY, COUNTRY]
    simple = await get(linked, "entities/urn:ngsi-ld:Route:1", join="inline", format="simplified")
    assert [stop if isinstance(stop, str) else stop["id"] for stop in simple["stops"]] == route["stops"][
        "object"
    ]
    assert {name: one["id"] for name, one in simple["near"]["dataset"].items()} == {
        "@none": CITY,
        "urn:d:1": COUNTRY,
    }
    one = await get(linked, "entities/urn:ngsi-ld:Route:1", join="flat", datasetId="urn:d:1")
    assert [entity["id"] for entity in one] == ["urn:ngsi-ld:Route:1", COUNTRY]


async def test_projection_is_said_level_by_level(linked: Client) -> None:
    """§4.21: pick=observation{temperature,humidity}"""
    picked = await get(linked, f"entities/{BUILDING}", join="inline", pick="id,locatedAt{id,name}")
    assert picked == {
        "id": BUILDING,
        "locatedAt": {**to(CITY), "entity": {"id": CITY, "name": text("Paris")}},
    }
    flat = await get(
        linked, f"entities/{BUILDING}", join="flat", joinLevel="2", pick="id,locatedAt{id|isInCountry{name}}"
    )
    assert flat == [
        {"id": BUILDING, "locatedAt": to(CITY)},
        {"id": CITY, "isInCountry": to(COUNTRY)},
        {"name": text("France")},
    ]
    omitted = await get(linked, f"entities/{BUILDING}", join="inline", omit="type,locatedAt{name}")
    assert "type" not in omitted
    assert omitted["locatedAt"]["entity"].keys() == {"id", "type", "isInCountry"}


async def test_what_the_projection_leaves_out_is_not_followed(linked: Client) -> None:
    found = await get(linked, "entities", type="Building", join="flat", pick="id,name")
    assert [entity["id"] for entity in found] == [BUILDING, TOWER]


async def test_geojson(linked: Client) -> None:
    """§5.7.1.5: flattened retrieval becomes a FeatureCollection."""
    accept = {"accept": "application/geo+json"}
    flat = await linked.get(f"{BASE}/entities/{BUILDING}?join=flat", headers=accept)
    assert flat.json()["type"] == "FeatureCollection"
    assert [feature["id"] for feature in flat.json()["features"]] == [BUILDING, CITY]
    inline = await linked.get(f"{BASE}/entities/{BUILDING}?join=inline", headers=accept)
    assert inline.json()["properties"]["locatedAt"]["entity"]["id"] == CITY


async def test_a_question_in_a_body(linked: Client) -> None:
    """§5.2.23: join, joinLevel, containedBy"""
    query = {
        "type": "Query",
        "entities": [{"type": "Building", "id": BUILDING}],
        "join": "flat",
        "joinLevel": 2,
    }
    found = await linked.post(f"{BASE}/entityOperations/query", query)
    assert [entity["id"] for entity in found.json()] == [BUILDING, CITY, COUNTRY]
    short = await linked.post(f"{BASE}/entityOperations/query", query | {"containedBy": [CITY]})
    assert [entity["id"] for entity in short.json()] == [BUILDING]


@pytest.mark.parametrize(
    "params",
    [
        {"join": "outer"},
        {"join": "inline", "joinLevel": "0"},
        {"join": "inline", "joinLevel": "99"},
        {"join": "inline", "containedBy": "no uri"},
        {"pick": "locatedAt{name}"},
        {"pick": "locatedAt{name}", "join": "@none"},
        {"pick": "locatedAt{isInCountry{name}}", "join": "inline"},
        {"omit": "locatedAt{name}"},
    ],
)
async def test_what_is_refused(linked: Client, params: dict[str, str]) -> None:
    """§5.7.1.4, §5.7.2.4"""
    for path, more in ((f"entities/{BUILDING}", {}), ("entities", {"type": "Building"})):
        reply = await linked.get(f"{BASE}/{path}", params=params | more)
        assert reply.status == 400
        assert reply.json()["type"].endswith("BadRequestData")


@pytest.mark.parametrize(
    ("q", "params", "found"),
    [
        ('locatedAt{name}=="Paris"', {"join": "inline"}, [BUILDING, TOWER]),
        ('locatedAt{name}=="Rome"', {"join": "inline"}, []),
        ('locatedAt{City:name}=="Paris"', {"join": "flat"}, [BUILDING, TOWER, CITY]),
        ('locatedAt{Village,Country:name}=="Paris"', {"join": "flat"}, []),
        ('name=="Louvre";locatedAt{isInCountry{name}}~=^F', {"join": "inline", "joinLevel": "2"}, [TOWER]),
        ('name=="Louvre"|locatedAt{name}=="Rome"', {"join": "inline"}, [TOWER]),
        ("locatedAt{isInCountry}", {"join": "inline"}, [BUILDING, TOWER]),
    ],
)
async def test_conditions_on_linked_entities(
    linked: Client, q: str, params: dict[str, str], found: list[str]
) -> None:
    """§4.9 examples 13 and 14"""
    answer = await get(linked, "entities", type="Building", q=q, count="true", **params)
    assert [entity["id"] for entity in answer] == found


@pytest.mark.parametrize("params", [{}, {"join": "@none"}, {"join": "inline"}])
async def test_conditions_deeper_than_the_answer_are_refused(linked: Client, params: dict[str, str]) -> None:
    """§5.7.2.4: too deep query"""
    asked = {"type": "Building", "q": "locatedAt{isInCountry{name}}"} | params
    reply = await linked.get(f"{BASE}/entities", params=asked)
    assert reply.status == 400
    assert reply.json()["type"].endswith("BadRequestData")


async def test_a_view_holds_for_every_linked_entity(linked: Client, hub: Hub) -> None:
    """What the caller may not see is neither joined nor a reason to be found."""
    name = CORE.expand("name")
    form, join = Form(CORE), Join(Mode.INLINE, 2)
    hidden = frozenset((CORE.expand("isInCountry"), name))
    only = seeing(Query(q=parse_q("name|locatedAt", CORE)), hidden)
    root = await entities.retrieve(hub, only, BUILDING)
    (written,) = await linking.written(hub, only, [root], form, join)
    assert written["locatedAt"]["entity"] == {"id": CITY, "type": "City"}
    blind = seeing(Query(q=parse_q("locatedAt", CORE)))
    (alone,) = await linking.written(hub, blind, [root], form, join)
    assert "entity" not in alone["locatedAt"]
    asked = Query(q=parse_q('locatedAt{name}=="Paris"', CORE))
    for access in (only, blind):
        page = await entities.query(hub, access, asked, Window())
        assert page.entities == ()


async def test_too_many_linked_entities_are_an_error(hub: Hub) -> None:
    """The fan-out of an answer is bounded."""
    api = Client(information_api(hub, OPEN_GATE))
    many = [f"urn:ngsi-ld:Part:{number}" for number in range(LIMITS.join_entities_max + 1)]
    for start in range(0, len(many), 500):
        parts = [{"id": one, "type": "Part"} for one in many[start : start + 500]]
        assert (await api.post(f"{BASE}/entityOperations/create", parts)).status == 201
    await api.post(f"{BASE}/entities", {"id": "urn:ngsi-ld:Whole:1", "type": "Whole", "parts": to(*many)})
    for mode in ("flat", "inline"):
        reply = await api.get(f"{BASE}/entities/urn:ngsi-ld:Whole:1?join={mode}")
        assert reply.status == 403
        assert reply.json()["type"].endswith("TooManyResults")
