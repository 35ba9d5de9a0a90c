"""How entities are written: CIM 009 §4.3.6.8, §4.5.4, §4.5.5, §4.5.16, §4.5.17, §4.15, §4.21, §5.7.1, §6.3.4 to §6.3.7, §6.3.11, §6.3.15."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.asgi_client import Client

from madang.api.asgi import information_api
from madang.clock import FixedClock
from madang.hub.contexts import Contexts
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE
from madang.ngsild.context import Context
from madang.store.sqlite.store import Options, SqliteStore, store_path

BASE = "/ngsi-ld/v1"
ID = "urn:ngsi-ld:Building:1"
ENTITY = f"{BASE}/entities/{ID}"
CENTRE: dict[str, Any] = {"type": "Point", "coordinates": [2.3, 48.8]}
GATE: dict[str, Any] = {"type": "Point", "coordinates": [2.31, 48.81]}
GATE_ID, NIGHT_ID = "urn:d:gate", "urn:d:night"
GEO = {"accept": "application/geo+json"}

BUILDING: dict[str, Any] = {
    "id": ID,
    "type": "Building",
    "scope": "/Paris",
    "name": {"type": "LanguageProperty", "languageMap": {"fr": "Tour", "en": ["Tower", "The Tower"]}},
    "sign": {"type": "LanguageProperty", "languageMap": {"@none": "EXIT", "nl": "UIT"}},
    "level": [
        {"type": "Property", "value": 3, "unitCode": "MTR"},
        {"type": "Property", "value": 4, "datasetId": NIGHT_ID},
    ],
    "location": [
        {"type": "GeoProperty", "value": GATE, "datasetId": GATE_ID},
        {"type": "GeoProperty", "value": CENTRE},
    ],
    "door": {"type": "GeoProperty", "value": GATE, "datasetId": GATE_ID},
    "kind": {"type": "VocabProperty", "vocab": ["Landmark", "Tower"]},
}


@pytest.fixture
async def tower(api: Client) -> Client:
    assert (await api.post(f"{BASE}/entities", BUILDING)).status == 201
    return api


async def get(api: Client, path: str = ENTITY, headers: Any = None, **params: str) -> Any:
    reply = await api.get(path, params=params, headers=headers)
    assert reply.status == 200, reply.body
    return reply.json()


@pytest.mark.parametrize(
    ("params", "typed"),
    [
        ({}, True),
        ({"format": "normalized"}, True),
        ({"format": "keyValues"}, False),
        ({"format": "simplified"}, False),
        ({"options": "keyValues"}, False),
        ({"options": "simplified,sysAttrs"}, False),
        ({"format": "keyValues", "options": "normalized"}, False),
        ({"format": "normalized", "options": "keyValues"}, True),
    ],
)
async def test_format_and_options(tower: Client, params: dict[str, str], typed: bool) -> None:
    """§6.3.7: format wins."""
    found = await get(tower, **params)
    assert ("type" in found["kind"]) is typed
    assert ("createdAt" in found) is ("sysAttrs" in params.get("options", ""))


@pytest.mark.parametrize(
    "params",
    [
        {"format": "xml"},
        {"options": "xml"},
        {"options": "keyValues,xml"},
        {"format": "keyValues", "options": "xml"},
        {"options": "keyValues,concise"},
        {"options": "count"},
        {"limit": "3"},
    ],
)
async def test_values_that_are_not_known(tower: Client, params: dict[str, str]) -> None:
    """§6.3.7, §6.3.20: InvalidRequest"""
    reply = await tower.get(ENTITY, params=params)
    assert reply.status == 400
    assert reply.json()["type"].endswith("InvalidRequest")


async def test_system_attributes(tower: Client) -> None:
    """§6.3.11"""
    found = await get(tower, options="sysAttrs")
    assert {"createdAt", "modifiedAt"} <= found.keys()
    assert all({"createdAt", "modifiedAt"} <= instance.keys() for instance in found["level"])
    listed = await get(tower, f"{BASE}/entities", type="Building", options="sysAttrs", format="concise")
    assert "modifiedAt" in listed[0]["kind"]


@pytest.mark.parametrize(
    ("params", "members"),
    [
        ({"pick": "name"}, {"name"}),
        ({"pick": "id,name"}, {"id", "name"}),
        ({"pick": "id|type|level"}, {"id", "type", "level"}),
        ({"pick": "name,absent"}, {"name"}),
        ({"omit": "id,name,sign"}, {"type", "scope", "level", "location", "door", "kind"}),
        ({"pick": "id,name,level", "omit": "scope,sign"}, {"id", "name", "level"}),
        ({"attrs": "name,level"}, {"id", "type", "scope", "name", "level"}),
        ({"attrs": "absent,level"}, {"id", "type", "scope", "level"}),
    ],
)
async def test_projections(tower: Client, params: dict[str, str], members: set[str]) -> None:
    """§4.21: comma and pipe mean the same; §6.5.3.1: attrs leaves id, type and scope."""
    assert (await get(tower, **params)).keys() == members
    (listed,) = await get(tower, f"{BASE}/entities", type="Building", **params)
    assert listed.keys() == members
    simple = await get(tower, format="simplified", **params)
    assert simple.keys() == members


@pytest.mark.parametrize(
    "params",
    [
        {"pick": "name", "omit": "name"},
        {"pick": "name", "attrs": "level"},
        {"attrs": "id,type"},
        {"omit": "name", "attrs": "level"},
        {"pick": ""},
        {"pick": "id;name"},
        {"pick": "id,,name"},
        {"pick": "id||name"},
        {"pick": "id,door{name", "join": "inline"},
        {"pick": "id,door{{name}", "join": "inline"},
        {"pick": "id,door{,name}", "join": "inline"},
        {"pick": "id,door{}", "join": "inline"},
        {"pick": "id,door}", "join": "inline"},
        {"pick": "type{name}", "join": "inline"},
        {"pick": "a{b{c{d{e{f{g}}}}}}", "join": "inline"},
        {"datasetId": "no uri"},
        {"geometryProperty": "location"},
    ],
)
async def test_what_is_refused(tower: Client, params: dict[str, str]) -> None:
    """§4.21, §5.7.1.4, §5.7.2.4"""
    for path, more in ((ENTITY, {}), (f"{BASE}/entities", {"type": "Building"})):
        reply = await tower.get(path, params=params | more)
        assert reply.status == 400
        assert reply.json()["type"].endswith("BadRequestData")


@pytest.mark.parametrize(
    "params",
    [
        {"pick": "absent"},
        {"omit": "id,type,scope,name,sign,level,location,door,kind"},
        {"attrs": "absent"},
        {"type": "Tower"},
        {"type": "(Building;Tower)"},
    ],
)
async def test_what_leaves_nothing_is_not_found(tower: Client, params: dict[str, str]) -> None:
    """§5.7.1.4, §6.5.3.1"""
    reply = await tower.get(ENTITY, params=params)
    assert reply.status == 404
    assert reply.json()["type"].endswith("ResourceNotFound")


async def test_the_type_that_it_has_is_found(tower: Client) -> None:
    """§5.7.1.4"""
    assert (await get(tower, type="Tower,Building"))["id"] == ID


@pytest.mark.parametrize(
    ("wish", "language", "value"),
    [
        ("en", "en", ["Tower", "The Tower"]),
        ("FR", "fr", "Tour"),
        ("fr-CA", "fr", "Tour"),
        ("de,fr;q=0.2,en;q=0.9", "en", ["Tower", "The Tower"]),
        ("de, fr; q=0.9, en; q=0.2", "fr", "Tour"),
        ("*", "fr", "Tour"),
        ("pt", "fr", "Tour"),
    ],
)
async def test_languages(tower: Client, wish: str, language: str, value: Any) -> None:
    """§4.15: the language of the answer is named; where none fits, any."""
    found = await get(tower, lang=wish)
    assert found["name"] == {"type": "Property", "value": value, "lang": language}
    assert (await get(tower, lang=wish, format="simplified"))["name"] == value


async def test_the_default_text_where_no_language_fits(tower: Client) -> None:
    """§5.7.2.5"""
    assert (await get(tower, lang="de"))["sign"]["value"] == "EXIT"
    assert (await get(tower, lang="nl"))["sign"] == {"type": "Property", "value": "UIT", "lang": "nl"}


@pytest.mark.parametrize(
    ("wanted", "levels"),
    [("@none", 3), (NIGHT_ID, 4), (f"{NIGHT_ID},@none", None), ("urn:d:absent", ...)],
)
async def test_datasets(tower: Client, wanted: str, levels: Any) -> None:
    """§4.5.5.1, §5.7.1.4: only these instances; an attribute without any is left out."""
    found = await get(tower, datasetId=wanted)
    if levels is ...:
        assert found.keys() == {"id", "type", "scope"}
    elif levels is None:
        assert [instance["value"] for instance in found["level"]] == [3, 4]
    else:
        assert found["level"]["value"] == levels


async def test_geojson(tower: Client) -> None:
    """§4.5.16: the default instance is the geometry; type and attributes are properties, the id is not."""
    feature = await get(tower, headers=GEO)
    assert feature.keys() == {"id", "type", "geometry", "properties", "@context"}
    assert (feature["id"], feature["type"], feature["geometry"]) == (ID, "Feature", CENTRE)
    assert feature["properties"].keys() == BUILDING.keys() - {"id"}
    simple = await get(tower, headers=GEO, format="simplified")
    assert simple["geometry"] == CENTRE
    assert simple["properties"]["location"] == {"dataset": {GATE_ID: GATE, "@none": CENTRE}}
    collection = await get(tower, f"{BASE}/entities", headers=GEO, type="Building")
    assert collection["type"] == "FeatureCollection"
    assert [feature.keys() for feature in collection["features"]] == [
        {"id", "type", "geometry", "properties"}
    ]


@pytest.mark.parametrize(
    ("params", "geometry"),
    [
        ({"geometryProperty": "door"}, GATE),
        ({"geometryProperty": "level"}, None),
        ({"geometryProperty": "absent"}, None),
        ({"datasetId": GATE_ID}, GATE),
        ({"datasetId": "urn:d:absent"}, None),
        ({"pick": "name"}, CENTRE),
    ],
)
async def test_which_geometry(tower: Client, params: dict[str, str], geometry: Any) -> None:
    """§4.5.16.1"""
    assert (await get(tower, headers=GEO, **params))["geometry"] == geometry


@pytest.mark.parametrize("path", [ENTITY, f"{BASE}/entities?type=Building"])
async def test_where_geojson_has_its_context(tower: Client, path: str) -> None:
    """§6.3.6: inside, or in the Link header where the client prefers that."""
    inside = await tower.get(path, headers=GEO | {"prefer": "body=ld+json"})
    assert "@context" in inside.json()
    beside = await tower.get(path, headers=GEO | {"prefer": "body=json"})
    assert "@context" not in beside.json()
    assert "json-ld#context" in beside.headers["link"]
    assert beside.headers["content-type"] == "application/geo+json"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/ld+json, application/json", "application/json"),
        ("application/json;q=0.5, application/ld+json", "application/ld+json"),
        ("application/geo+json, */*;q=0.1", "application/geo+json"),
        ("text/html, application/geo+json;q=0.9, application/ld+json;q=0.2", "application/geo+json"),
    ],
)
async def test_media_types(tower: Client, accept: str, media: str) -> None:
    """§6.3.4: of those that are wanted as much json comes first, then ld+json."""
    reply = await tower.get(ENTITY, headers={"accept": accept})
    assert reply.headers["content-type"] == media


async def test_media_types_that_are_not_there(tower: Client) -> None:
    """§6.3.4: 406 lists what there is; GeoJSON is of entities only."""
    reply = await tower.get(ENTITY, headers={"accept": "text/html"})
    assert reply.status == 406
    assert "application/geo+json" in reply.json()["detail"]
    for path in ("types", "attributes", "types/Building", "attributes/name"):
        assert (await tower.get(f"{BASE}/{path}", headers=GEO)).status == 406


async def test_the_context_that_an_answer_needs(tmp_path: Path, clock: FixedClock) -> None:
    """§5.5.5, §6.3.6: where the client names none, the core @context if that is enough, else the platform's too."""
    own = Context.from_terms({"Stop": "https://example.org/Stop", "speed": "https://example.org/speed"})
    hub = Hub(
        open_store=lambda tenant: SqliteStore(store_path(tmp_path, tenant), clock, Options(context=own)),
        has_store=lambda tenant: True,
        contexts=Contexts(own, clock),
        clock=clock,
    )
    api = Client(information_api(hub, OPEN_GATE))
    texts = {"type": "Property", "value": 'a "quoted" text'}
    for kind in ("Stop", "Other"):
        body = {"id": f"urn:ngsi-ld:{kind}:1", "type": kind, "note": texts}
        assert (await api.post(f"{BASE}/entities", body)).status == 201
    core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
    car = {
        "id": "urn:ngsi-ld:Car:1",
        "type": "Car",
        "ngsi-ld:default-context/speed": texts,
        "@context": [core],
    }
    linked = {"content-type": "application/ld+json"}
    assert (await api.post(f"{BASE}/entities", car, headers=linked)).status == 201
    ld_json = {"accept": "application/ld+json"}
    # Of a name that both have, only the long form means the same in both
    assert await get(api, f"{BASE}/entities/urn:ngsi-ld:Car:1", ld_json) == car
    found = await get(api, f"{BASE}/entities", ld_json, local="true")
    assert [entity["@context"] for entity in found] == [
        "http://madang.test/ngsi-ld/v1/jsonldContexts/madang",
        [core],
        [core],
    ]
    await hub.close()


async def test_terms_that_are_no_names(tower: Client) -> None:
    """§4.5.20: a term of a vocabulary may hold what a name may not."""
    licence = {"type": "VocabProperty", "vocab": "non-commercial"}
    body = {"id": "urn:ngsi-ld:Photo:1", "type": "Photo", "licence": licence}
    assert (await tower.post(f"{BASE}/entities", body)).status == 201
    assert (await get(tower, f"{BASE}/entities/urn:ngsi-ld:Photo:1"))["licence"] == licence
    found = await get(
        tower, f"{BASE}/entities", type="Photo", q='licence=="non-commercial"', expandValues="licence"
    )
    assert len(found) == 1


async def test_a_pick_of_attributes_is_of_entities_that_have_one(tower: Client) -> None:
    """§5.7.2.5: an entity of which nothing would be left is not in the answer, nor counted."""
    await tower.post(f"{BASE}/entities", {"id": "urn:ngsi-ld:Building:2", "type": "Building"})
    reply = await tower.get(f"{BASE}/entities?type=Building&pick=level&count=true")
    assert (len(reply.json()), reply.headers["ngsild-results-count"]) == (1, "1")
    every = await get(tower, f"{BASE}/entities", type="Building", pick="id,level")
    assert len(every) == 2


async def test_json_literals(tower: Client) -> None:
    """§4.5.0: null is said by a JSON literal; §4.23.2: in an order it is last but for what is not there."""
    nothing = {"type": "Property", "value": {"@type": "@json", "@value": None}}
    for number, rank in enumerate((nothing, None, {"type": "Property", "value": "z"})):
        body = {"id": f"urn:ngsi-ld:Floor:{number}", "type": "Floor", **({"rank": rank} if rank else {})}
        assert (await tower.post(f"{BASE}/entities", body)).status == 201
    assert (await get(tower, f"{BASE}/entities/urn:ngsi-ld:Floor:0"))["rank"] == nothing
    for order in ("rank", "rank;desc"):
        found = await get(tower, f"{BASE}/entities", type="Floor", orderBy=order)
        assert [entity["id"][-1] for entity in found] == ["2", "0", "1"]
