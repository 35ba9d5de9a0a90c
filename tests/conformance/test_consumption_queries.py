"""What a query may ask and what it finds: CIM 009 §4.9, §4.16, §4.17, §5.2.33, §5.5.9, §5.7.2, §6.3.10, §6.3.13, §6.3.20, §6.4.3.2, §6.23."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client

BASE = "/ngsi-ld/v1"
ENTITIES = f"{BASE}/entities"
QUERY = f"{BASE}/entityOperations/query"
PARIS, ROME, BUS = "urn:ngsi-ld:City:Paris", "urn:ngsi-ld:City:Rome", "urn:ngsi-ld:Bus:1"


@pytest.fixture
async def city(api: Client) -> Client:
    for entity in (
        {
            "id": PARIS,
            "type": ["City", "Capital"],
            "scope": "/Europe/France",
            "name": {"type": "Property", "value": "Paris"},
            "people": {"type": "Property", "value": 2_100_000},
            "address": {"type": "Property", "value": {"country": {"code": "FR"}}},
            "greeting": {"type": "LanguageProperty", "languageMap": {"fr": "bonjour", "en": ["hello", "hi"]}},
            "category": {"type": "VocabProperty", "vocab": "metropolis"},
            "ticket": {"type": "JsonProperty", "json": {"id": "no uri", "value": "late"}},
            "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [2.35, 48.86]}},
        },
        {
            "id": ROME,
            "type": "City",
            "scope": "/Europe/Italy",
            "name": {"type": "Property", "value": "Rome"},
            "people": {"type": "Property", "value": 2_700_000},
            "twin": {"type": "Relationship", "object": PARIS},
        },
        {"id": BUS, "type": "Bus", "name": {"type": "Property", "value": "29"}},
    ):
        assert (await api.post(ENTITIES, entity)).status == 201
    return api


async def ids(api: Client, **params: str) -> list[str]:
    reply = await api.get(ENTITIES, params=params)
    assert reply.status == 200, reply.body
    return [entity["id"] for entity in reply.json()]


async def refused(api: Client, kind: str, path: str = ENTITIES, **params: str) -> None:
    reply = await api.get(path, params=params)
    assert reply.status == 400, reply.body
    assert reply.json()["type"].endswith(kind)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"id": PARIS},
        {"idPattern": ".*"},
        {"scopeQ": "/Europe/#"},
        {"pick": "name"},
        {"attrs": "createdAt"},
        {"q": "modifiedAt>2020-01-01T00:00:00Z"},
        {"q": "createdAt>2020-01-01T00:00:00Z|modifiedAt>2020-01-01T00:00:00Z"},
        {"csf": "name"},
        {"local": "false"},
    ],
)
async def test_too_wide_queries(city: Client, params: dict[str, str]) -> None:
    """§5.7.2.4: a type, an attribute that is no system one, a place, or local scope."""
    await refused(city, "BadRequestData", **params)


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"type": "City"}, [PARIS, ROME]),
        ({"attrs": "people"}, [PARIS, ROME]),
        ({"attrs": "createdAt,twin"}, [ROME]),
        ({"q": "people"}, [PARIS, ROME]),
        ({"q": "modifiedAt>2020-01-01T00:00:00Z;people>1"}, [PARIS, ROME]),
        ({"georel": "near;maxDistance==100", "geometry": "Point", "coordinates": "[2.35,48.86]"}, [PARIS]),
        ({"local": "true"}, [PARIS, ROME, BUS]),
        ({"type": "*"}, [PARIS, ROME, BUS]),
        ({"type": "*", "local": "true", "id": BUS}, [BUS]),
    ],
)
async def test_what_is_narrow_enough(city: Client, params: dict[str, str], found: list[str]) -> None:
    """§5.7.2.4, §6.4.3.2: type=* is local by itself."""
    assert await ids(city, **params) == found


async def test_every_type_is_local(city: Client) -> None:
    """§6.4.3.2: local shall not be explicitly set to false with type=*."""
    await refused(city, "BadRequestData", type="*", local="false")


@pytest.mark.parametrize(
    ("types", "found"),
    [
        ("City,Bus", [PARIS, ROME, BUS]),
        ("City|Bus", [PARIS, ROME, BUS]),
        ("(City;Capital)", [PARIS]),
        ("(City;Capital),Bus", [PARIS, BUS]),
        ("https://uri.etsi.org/ngsi-ld/default-context/Bus", [BUS]),
        ("Tram", []),
    ],
)
async def test_types(city: Client, types: str, found: list[str]) -> None:
    """§4.16, §4.17"""
    assert sorted(await ids(city, type=types)) == sorted(found)


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"q": 'address[country.code]=="FR"'}, [PARIS]),
        ({"q": "address[country.name]"}, []),
        ({"q": 'greeting[fr]=="bonjour"'}, [PARIS]),
        ({"q": 'greeting[en]=="hi"'}, [PARIS]),
        ({"q": 'greeting[fr]=="hi"'}, []),
        ({"q": 'greeting[*]=="hi"'}, [PARIS]),
        ({"q": 'greeting=="bonjour"'}, [PARIS]),
        ({"q": f"twin=={PARIS}"}, [ROME]),
        ({"q": f"twin!={PARIS}"}, []),
        ({"q": 'twin>"a"'}, []),
        ({"q": "people==2000000..2500000"}, [PARIS]),
        ({"q": "people!=2000000..2500000"}, [ROME]),
        ({"q": 'name=="Paris","Rome"'}, [PARIS, ROME]),
        ({"q": "name!~=^P"}, [ROME]),
        # §4.9 examples 11 and 12
        ({"q": 'ticket[value]=="late"', "jsonKeys": "ticket"}, [PARIS]),
        ({"q": "category==metropolis", "expandValues": "category"}, [PARIS]),
        ({"q": 'category=="metropolis"', "expandValues": "category"}, [PARIS]),
        ({"q": "category==metropolis"}, []),
        ({"q": "category==metropolis", "expandValues": "name"}, []),
        ({"q": "category==metropolis", "expandValues": "category", "jsonKeys": "category"}, []),
        ({"q": "category==https://uri.etsi.org/ngsi-ld/default-context/metropolis"}, [PARIS]),
    ],
)
async def test_conditions(city: Client, params: dict[str, str], found: list[str]) -> None:
    """§4.9"""
    assert await ids(city, type="City", **params) == found


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("BadRequestData", {"q": "people>1..2"}),
        ("BadRequestData", {"q": "people>>1"}),
        ("BadRequestData", {"csf": "))bad(("}),
        ("BadRequestData", {"idPattern": "(("}),
        ("BadRequestData", {"id": "no uri"}),
        ("BadRequestData", {"q": "name", "expandValues": "a,,b"}),
        ("BadRequestData", {"georel": "near;maxDistance==0", "geometry": "Point", "coordinates": "[8,40]"}),
        ("BadRequestData", {"georel": "near", "geometry": "Point", "coordinates": "[8,40]"}),
        ("BadRequestData", {"limit": "0"}),
        ("BadRequestData", {"limit": "-1"}),
        ("BadRequestData", {"limit": "many"}),
        ("BadRequestData", {"local": "yes"}),
        ("BadRequestData", {"splitEntities": "perhaps"}),
        ("InvalidRequest", {"page": "2"}),
        ("InvalidRequest", {"timerel": "after"}),
        ("InvalidRequest", {"options": "temporalValues"}),
    ],
)
async def test_what_is_refused(city: Client, kind: str, params: dict[str, str]) -> None:
    """§5.7.2.4, §6.3.20"""
    await refused(city, kind, type="City", **params)


async def test_what_a_distributed_platform_would_need_is_taken(city: Client) -> None:
    """§5.5.14: a source that has no entity maps declines to name one; §6.4.3.2: splitEntities, csf."""
    reply = await city.get(
        f"{ENTITIES}?type=City&entityMap=true&entityMapLifetime=PT1H&splitEntities=true&csf=name"
    )
    assert reply.status == 200
    assert "ngsild-entitymap" not in reply.headers


async def test_pages_and_counts(city: Client) -> None:
    """§5.5.9, §6.3.10, §6.3.13: next and prev, none beyond the ends; the type is that of the answer."""
    for number in range(5):
        await city.post(ENTITIES, {"id": f"urn:ngsi-ld:Stop:{number}", "type": "Stop"})
    path, seen, turns = f"{ENTITIES}?type=Stop&limit=2&count=true", [], []
    while path:
        reply = await city.get(path)
        assert reply.headers["ngsild-results-count"] == "5"
        seen.append([entity["id"][-1] for entity in reply.json()])
        links = {
            link.partition('rel="')[2].partition('"')[0]: link.partition(">")[0][1:]
            for link in reply.headers["link"].split(", ")
            if "json-ld#context" not in link
        }
        assert all('type="application/json"' in link for link in reply.headers["link"].split(", ")[1:])
        turns.append(links)
        path = links.get("next", "")
    assert seen == [["0", "1"], ["2", "3"], ["4"]]
    assert [sorted(links) for links in turns] == [["next"], ["next", "prev"], ["prev"]]
    for number in (2, 1):
        back = await city.get(turns[number]["prev"])
        assert [entity["id"][-1] for entity in back.json()] == seen[number - 1]
    last = await city.get(f"{ENTITIES}?type=Stop&limit=5")
    assert 'rel="next"' not in last.headers["link"]
    none = await city.get(f"{ENTITIES}?type=Stop&limit=0&count=true")
    assert (none.json(), none.headers["ngsild-results-count"]) == ([], "5")
    assert 'rel="next"' not in none.headers["link"]
    ld = await city.get(f"{ENTITIES}?type=Stop&limit=2", headers={"accept": "application/ld+json"})
    assert 'rel="next"; type="application/ld+json"' in ld.headers["link"]


@pytest.mark.parametrize(
    ("selectors", "found"),
    [
        ([{"type": "City", "id": [PARIS, ROME]}], [PARIS, ROME]),
        ([{"type": "City", "id": PARIS, "idPattern": "Rome$"}], [PARIS]),
        ([{"type": "City", "idPattern": "Rome$"}], [ROME]),
        ([{"type": "City", "id": ROME}, {"type": "Bus"}], [ROME, BUS]),
        ([{"type": "(City;Capital)"}, {"type": "Bus", "idPattern": ":1$"}], [PARIS, BUS]),
        ([{"type": "Tram"}, {"type": "Bus", "id": BUS}], [BUS]),
        ([{"type": "Tram", "id": BUS}, {"type": "Ship"}], []),
        ([{"type": "*", "id": BUS}, {"type": "City"}], [PARIS, ROME, BUS]),
    ],
)
async def test_selectors(city: Client, selectors: list[dict[str, Any]], found: list[str]) -> None:
    """§5.2.33: one of them holds; an id takes precedence over a pattern."""
    query = {"type": "Query", "entities": selectors}
    reply = await city.post(f"{QUERY}?count=true", query)
    assert reply.status == 200, reply.body
    assert sorted(entity["id"] for entity in reply.json()) == sorted(found)
    assert reply.headers["ngsild-results-count"] == str(len(found))
    path, paged = f"{QUERY}?limit=1", []
    reply = await city.post(path, query)
    while True:
        paged += [entity["id"] for entity in reply.json()]
        links = [link for link in reply.headers["link"].split(", ") if 'rel="next"' in link]
        if not links:
            break
        reply = await city.get(links[0].partition(">")[0][1:])
    assert sorted(paged) == sorted(found)


@pytest.mark.parametrize(
    "selector",
    [
        {"id": PARIS},
        {"type": "City", "id": "no uri"},
        {"type": "City", "id": [PARIS, 5]},
        {"type": 5},
        {"type": ""},
    ],
)
async def test_selectors_that_are_refused(city: Client, selector: dict[str, Any]) -> None:
    reply = await city.post(QUERY, {"type": "Query", "entities": [selector]})
    assert reply.status == 400
    assert reply.json()["type"].endswith("BadRequestData")


async def test_a_body_says_what_parameters_say(city: Client) -> None:
    """§5.2.23, §6.23.3.1"""
    query = {
        "type": "Query",
        "q": "category==metropolis",
        "expandValues": "category",
        "pick": ["id", "category"],
        "lang": "fr",
        "splitEntities": False,
        "entityMap": False,
    }
    found = await city.post(QUERY, query)
    assert found.json() == [{"id": PARIS, "category": {"type": "VocabProperty", "vocab": "metropolis"}}]
    wide = await city.post(QUERY, {"type": "Query", "scopeQ": "/Europe/#"})
    assert wide.status == 400
    everything = await city.post(f"{QUERY}?local=true", {"type": "Query", "scopeQ": "/Europe/#"})
    assert len(everything.json()) == 2
