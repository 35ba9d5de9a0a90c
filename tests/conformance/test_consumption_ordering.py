"""Entities in order: CIM 009 §4.23, §5.2.43, §5.7.2.4."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client

from madang.clock import FixedClock

BASE = "/ngsi-ld/v1"


def at(longitude: float, latitude: float) -> dict[str, Any]:
    return {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [longitude, latitude]}}


def of(value: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, **more}


@pytest.fixture
async def places(api: Client, clock: FixedClock) -> Client:
    """Five places, stored one after the other in another order than that of their names."""
    for key, members in {
        "c": {"name": of("Zebra"), "place": at(10, 45), "rank": of("abc"), "size": of(2)},
        "a": {"name": of("Ähre"), "place": at(8.01, 40.01), "rank": of(5), "size": of(1)},
        "d": {"name": of("apple"), "place": at(9, 41), "rank": of(True), "size": of(2)},
        "b": {"name": of("Apple", weight=of(7)), "rank": of({"city": "Berlin"}), "size": of(1)},
        "e": {"name": of("가나"), "place": of("nowhere"), "rank": of([1, 2])},
    }.items():
        body = {"id": f"urn:ngsi-ld:Place:{key}", "type": "Place", **members}
        assert (await api.post(f"{BASE}/entities", body)).status == 201
        clock.advance(1_000_000)
    return api


async def order(api: Client, order_by: str, **more: str) -> str:
    """The keys of all places in this order, one page of two after the other."""
    path, found = f"{BASE}/entities", ""
    params: dict[str, str] | None = {"type": "Place", "orderBy": order_by, "limit": "2", **more}
    while path:
        reply = await api.get(path, params=params)
        assert reply.status == 200, reply.body
        found += "".join(entity["id"][-1] for entity in reply.json())
        links = reply.headers.get("link", "").split(", ")
        path = next((link.partition(">")[0][1:] for link in links if 'rel="next"' in link), "")
        params = None
    return found


@pytest.mark.parametrize(
    ("order_by", "found"),
    [
        ("id", "abcde"),
        ("id;desc", "edcba"),
        ("name", "adbce"),
        ("name;asc", "adbce"),
        ("name;desc", "ecbda"),
        ("type,name", "adbce"),
        ("createdAt", "cadbe"),
        ("modifiedAt;desc", "ebdac"),
        ("name.createdAt", "cadbe"),
        ("size,id", "abcde"),
        ("size;desc,name", "dcabe"),
        # §4.23.2: numbers, texts, objects, arrays, booleans
        ("rank", "acbed"),
        ("rank;desc", "debca"),
        # §4.23.3 examples 4 and 5
        ("rank[city]", "bcade"),
        ("name.weight", "bcade"),
        ("scope,id", "abcde"),
    ],
)
async def test_keys(places: Client, order_by: str, found: str) -> None:
    """§4.23.1, §4.23.3: texts in the root collation, what has no value last, one key after the other."""
    assert await order(places, order_by) == found


@pytest.mark.parametrize(
    ("collation", "found"),
    [
        ("und", "adbce"),
        ("und-x-icu", "adbce"),
        ("de-u-co-phonebk", "adbce"),
        ("sv", "dbcae"),
        ("ko", "eadbc"),
        ("und-u-kf-upper", "abdce"),
    ],
)
async def test_collations(places: Client, collation: str, found: str) -> None:
    """§4.23.3 examples 6 and 7: as people of a language expect it."""
    assert await order(places, "name", collation=collation) == found


@pytest.mark.parametrize(
    ("order_by", "params", "found"),
    [
        ("place;dist-asc,id", {"orderFrom": "[8,40]"}, "adceb"),
        ("place;dist-desc,id", {"orderFrom": "[8,40]"}, "cdaeb"),
        (
            "place;dist-asc,id",
            {"orderFrom": "[[10,44],[10,46]]", "orderGeometry": "LineString"},
            "cdaeb",
        ),
        (
            "place;dist-asc,id;desc",
            {"orderFrom": "[[[8,40],[12,40],[12,46],[8,46],[8,40]]]", "orderGeometry": "Polygon"},
            "dcaeb",
        ),
    ],
)
async def test_distances(places: Client, order_by: str, params: dict[str, str], found: str) -> None:
    """§4.23.2, §4.23.3 examples 8 to 10: what is no place stands behind the places, what has none at the end."""
    assert await order(places, order_by, **params) == found


@pytest.mark.parametrize(
    "params",
    [
        {"orderBy": ""},
        {"orderBy": "name,"},
        {"orderBy": "name;up"},
        {"orderBy": "name[]"},
        {"orderBy": "name[a"},
        {"orderBy": "id.name"},
        {"orderBy": ",".join(["name"] * 99)},
        {"orderBy": "place;dist-asc"},
        {"orderBy": "id;dist-asc", "orderFrom": "[8,40]"},
        {"orderBy": "place;dist-asc", "orderFrom": "8,40"},
        {"orderBy": "place;dist-asc", "orderFrom": "[8]"},
        {"orderBy": "place;dist-asc", "orderFrom": "[8,40]", "orderGeometry": "Circle"},
        {"orderBy": "name", "orderGeometry": "Point"},
        {"orderBy": "name", "collation": "!!nope"},
        {"orderBy": "name", "collation": "xx"},
        {"orderBy": "name", "collation": "de-u-co-nonsense"},
        {"orderBy": "name", "collation": "x" * 5000},
    ],
)
async def test_what_is_refused(places: Client, params: dict[str, str]) -> None:
    """§5.7.2.4: no location, no valid collation, no valid location; §4.23.3: no key."""
    reply = await places.get(f"{BASE}/entities", params={"type": "Place"} | params)
    assert reply.status == 400
    assert reply.json()["type"].endswith("BadRequestData")


async def test_an_order_in_a_body(places: Client) -> None:
    """§5.2.43: OrderingParams; the link to the next page says the same in its parameters."""
    query = {"type": "Query", "entities": [{"type": "Place"}]}
    ordering = {"orderBy": ["place;dist-asc", "id"], "coordinates": [8, 40], "geometry": "Point"}
    found = await places.post(f"{BASE}/entityOperations/query?limit=3", query | {"ordering": ordering})
    assert [entity["id"][-1] for entity in found.json()] == ["a", "d", "c"]
    path = found.headers["link"].rpartition("<")[2].partition(">")[0]
    assert [entity["id"][-1] for entity in (await places.get(path)).json()] == ["e", "b"]
    swedish = query | {"ordering": {"orderBy": ["name"], "collation": "sv"}}
    found = await places.post(f"{BASE}/entityOperations/query", swedish)
    assert [entity["id"][-1] for entity in found.json()] == list("dbcae")


async def test_a_cursor_belongs_to_its_order(places: Client) -> None:
    """§5.5.9.1: a page goes on as it began."""
    first = await places.get(f"{BASE}/entities?type=Place&orderBy=name&limit=2")
    path = first.headers["link"].rpartition("<")[2].partition(">")[0]
    assert (await places.get(path)).status == 200
    for other in ("orderBy=name&collation=sv", "orderBy=name%3Bdesc", "orderBy=size"):
        reply = await places.get(path.replace("orderBy=name", other))
        assert reply.status == 400
