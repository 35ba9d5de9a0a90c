"""Whatever is wrong with a request, its answer is a clear problem, and it comes at once; never a 500."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from tests.asgi_client import Client, Reply

from madang.api.openapi import document
from madang.api.routes import BASE, ROUTES, Route
from madang.settings import LIMITS

SECONDS_MAX = 1.0
BARE = (411, 415)  # told by their status alone
ID = "urn:ngsi-ld:Car:1"
LD = {"content-type": "application/ld+json"}
JSON = {"content-type": "application/json"}
MOMENT = "2026-01-01T00:00:00Z"
PATHS = {
    "entityId": ID,
    "attrId": "speed",
    "instanceId": "urn:ngsi-ld:Instance:1-1-0",
    "type": "Car",
    "subscriptionId": "urn:ngsi-ld:Subscription:1",
    "contextId": "none",
}
WITH_BODY = [route for route in ROUTES if route.method in ("POST", "PATCH", "PUT")]
READING = [route for route in ROUTES if route.method == "GET" and "jsonldContexts" not in route.path]


def name(value: Any) -> str:
    if isinstance(value, Route):
        return f"{value.method} {value.path}"
    return str(value)[:40]


def nested(depth: int, opening: str, closing: str) -> bytes:
    inner = opening * depth + "1" + closing * depth
    return (
        '{"id":"urn:ngsi-ld:Car:1","type":"Car","speed":{"type":"Property","value":' + inner + "}}"
    ).encode()


@pytest.fixture
async def city(api: Client) -> Client:
    speed = {"type": "Property", "value": 1, "observedAt": MOMENT}
    body = {"id": ID, "type": "Car", "speed": speed, "name": {"type": "Property", "value": "a"}}
    assert (await api.post(f"{BASE}/entities", body)).status == 201
    return api


async def ask(api: Client, method: str, path: str, **options: Any) -> Reply:
    """One request, whose answer must come in time and must be a problem where it is one."""
    begun = time.perf_counter()
    reply = await api.call(method, path, **options)
    took = time.perf_counter() - begun
    assert took < SECONDS_MAX, f"{method} {path[:200]} took {took:.2f} s"
    assert reply.status != 500, f"{method} {path[:200]}: {reply.body!r:.300}"
    if reply.status in BARE:
        assert not reply.body
    elif reply.status >= 400:
        problem = reply.json()
        assert problem["type"].startswith("https://uri.etsi.org/ngsi-ld/errors/")
        assert problem["title"]
        assert 10 < len(problem["detail"]) < 2000, problem["detail"]
        assert problem["status"] == reply.status
    return reply


def filled(route: Route) -> str:
    return BASE + route.path.format(**PATHS)


BODIES: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"{",
    "no UTF-8": b'{"id":"\xff"}',
    "NaN": b'{"value":NaN}',
    "null": b"null",
    "number": b"5",
    "text": b'"urn:x:1"',
    "list of numbers": b"[1,2]",
    "list of lists": b"[[[]]]",
    "a list of nothing": b"[]",
    "id is a number": b'{"id":5,"type":"Car"}',
    "id is no URI": b'{"id":"car","type":"Car"}',
    "type is an object": b'{"id":"urn:ngsi-ld:Car:1","type":{}}',
    "type is no name": b'{"id":"urn:ngsi-ld:Car:1","type":"a b<c>"}',
    "two ids": b'{"id":"urn:ngsi-ld:Car:2","type":"Car","speed":{"type":"Property","value":{"@type":[5]}}}',
    "null attribute": b'{"id":"urn:ngsi-ld:Car:1","type":"Car","speed":null}',
    "unknown kind": b'{"id":"urn:ngsi-ld:Car:1","type":"Car","speed":{"type":"Wish","value":1}}',
    "kind is a list": b'{"id":"urn:ngsi-ld:Car:1","type":"Car","speed":{"type":[],"value":1}}',
    "no value": b'{"id":"urn:ngsi-ld:Car:1","type":"Car","speed":{"type":"Property"}}',
    "relationship to a number": b'{"id":"urn:ngsi-ld:Car:1","type":"Car","speed":{"type":"Relationship","object":7}}',
    "bad geometry": b'{"id":"urn:ngsi-ld:Car:1","type":"Car","speed":{"type":"GeoProperty","value":{"type":"Point"}}}',
    "geometry nowhere": b'{"id":"urn:ngsi-ld:Car:1","type":"Car","speed":{"type":"GeoProperty","value":{"type":"Point","coordinates":[1e999,2]}}}',
    "bad moment": b'{"id":"urn:ngsi-ld:Car:1","type":"Car","speed":{"type":"Property","value":1,"observedAt":"noon"}}',
    "bad dataset": b'{"id":"urn:ngsi-ld:Car:1","type":"Car","speed":{"type":"Property","value":1,"datasetId":"x y"}}',
    "bad name": b'{"id":"urn:ngsi-ld:Car:1","type":"Car","a<b>":{"type":"Property","value":1}}',
    "bad scope": b'{"id":"urn:ngsi-ld:Car:1","type":"Car","scope":{"a":5},"speed":[]}',
    "deep arrays": nested(300, "[", "]"),
    "deeper arrays": nested(1500, "[", "]"),
    "deepest arrays": nested(400_000, "[", "]"),
    "deep objects": nested(300, '{"a":', "}"),
    "deepest objects": nested(250_000, '{"a":', "}"),
    "lone surrogate": b'{"id":"urn:ngsi-ld:Car:1","type":"Car","speed":{"type":"Property","value":"\\ud800"}}',
}


@pytest.mark.parametrize("route", WITH_BODY, ids=name)
async def test_bodies(city: Client, route: Route) -> None:
    for label, body in BODIES.items():
        if label == "no value" and route.method == "PATCH":
            continue  # a merge and a partial update may leave the value as it is
        reply = await ask(city, route.method, filled(route), body=body, headers=JSON)
        # The body of one attribute, or of one instance, may have any members; a batch answers for each entry
        of_attribute = "/attrs/" in route.path and reply.status == 204
        refused = reply.status == 207 and not reply.json()["success"]
        told = 400 <= reply.status < 500
        assert told or of_attribute or refused, f"{label}: {reply.status} {reply.body!r:.200}"


@pytest.mark.parametrize("label", BODIES)
@pytest.mark.parametrize("operation", ["create", "upsert", "update", "merge"])
async def test_entries_of_a_batch(city: Client, operation: str, label: str) -> None:
    if (operation, label) == ("merge", "no value"):
        return
    body = b"[" + BODIES[label] + b"]"
    reply = await ask(city, "POST", f"{BASE}/entityOperations/{operation}", body=body, headers=JSON)
    assert reply.status in (207, 400), f"{reply.status} {reply.body!r:.200}"
    if reply.status == 207:
        (error,) = reply.json()["errors"]
        assert error["error"]["status"] in (400, 404)


@pytest.mark.parametrize("route", WITH_BODY, ids=name)
async def test_large_bodies(city: Client, route: Route) -> None:
    value = {"id": ID, "type": "Car", "speed": {"type": "Property", "value": "x" * 5_000_000}}
    body = orjson.dumps([value] if "entityOperations" in route.path else value)
    reply = await ask(city, route.method, filled(route), body=body, headers=JSON)
    assert (reply.status, reply.json()["type"].rpartition("/")[2]) == (413, "TooLarge")


@pytest.mark.parametrize("route", WITH_BODY, ids=name)
async def test_media_types(city: Client, route: Route) -> None:
    for stated in (
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/xml"},
        {"content-type": ";;"},
    ):
        body = b'[{"id":"urn:x:1"}]' if "entityOperations" in route.path else b'{"id":"urn:x:1"}'
        reply = await ask(city, route.method, filled(route), body=body, headers=stated)
        assert reply.status == 415 or (reply.status == 400 and route.path.endswith("delete")), reply.body
    for body in (b'{"id":"urn:ngsi-ld:Car:1","type":"Query"}', b"[]"):
        reply = await ask(city, route.method, filled(route), body=body, headers=LD)
        assert 400 <= reply.status < 500


@pytest.mark.parametrize(
    "context",
    [
        5,
        "no address",
        "http://127.0.0.1:9/none.jsonld",
        "http://10.0.0.1/private.jsonld",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://example.org/c.jsonld",
        {"speed": 5},
        {"@vocab": 5},
        {"a": "b:", "b": "a:"},
        {"speed": {"@id": []}},
        [[[["http://127.0.0.1:9/none.jsonld"]]]],
        ["http://127.0.0.1:9/none.jsonld"] * 500,
    ],
    ids=name,
)
async def test_contexts(city: Client, context: Any) -> None:
    body = {
        "id": "urn:ngsi-ld:Car:2",
        "type": "Car",
        "speed": {"type": "Property", "value": 1},
        "@context": context,
    }
    for path in ("/entities", "/temporal/entities"):
        reply = await ask(city, "POST", BASE + path, body=orjson.dumps(body), headers=LD)
        assert 400 <= reply.status < 500 or reply.status == 504, reply.body
    if isinstance(context, str):
        link = f'<{context}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
        for route in READING:
            reply = await ask(city, "GET", filled(route), headers={"link": link})
            assert 400 <= reply.status < 500 or reply.status == 504, reply.body


PARAMETERS: dict[str, list[str]] = {
    "limit": ["-1", "x", "", "1e3", "99999999999999999999", "٣", "0"],
    "offset": ["-1", "x", "99999999999999999999"],
    "cursor": ["x", "1", "9" * 100, "../../etc/passwd", "%00"],
    "count": ["maybe", "1", ""],
    "local": ["maybe"],
    "details": ["maybe"],
    "type": ["", "(", "((((", "A;;B", "A|", "a<b>", "(" * 3000, ",".join("A" * 3000)],
    "id": ["", "nothing", "urn:x:1,,urn:x:2", ",".join(["urn:x:1"] * (LIMITS.query_ids_max + 1))],
    "idPattern": ["[", "(", "*", "(?<=a)b", "\\", "a" * 5000, "(a{1000}){1000}"],
    "q": [
        "",
        "(",
        "speed==",
        "==5",
        "speed>>5",
        "speed=5",
        "a" * 20_000,
        "(" * 500,
        ";".join(["a==1"] * 500),
        'a~="["',
        "speed{b==1}",
    ],
    "scopeQ": ["", "//", "/a;;", "(", "/" * 5000],
    "georel": ["", "near", "near;maxDistance==x", "beside", "near;maxDistance==-1", "within"],
    "geometry": ["", "Circle", "Point"],
    "coordinates": ["", "x", "[1]", "[[1,2]]", "[1,NaN]", "{}", "[" * 2000],
    "options": ["bogus", ",", "simplified,concise"],
    "format": ["bogus", ","],
    "attrs": [",", "a<b>", "a b"],
    "pick": [",", "a<b>"],
    "omit": [",", "a<b>"],
    "datasetId": [",,"],
    "timerel": ["", "around", "between"],
    "timeAt": ["", "noon", MOMENT],
    "endTimeAt": [MOMENT],
    "timeproperty": ["", "seenAt"],
    "lastN": ["", "0", "-1", "1.5", "x", "9" * 400],
    "geometryProperty": ["a<b>"],
}
# What is not wrong by itself on a route that takes the parameter
FINE = {("limit", "0"), ("timeAt", MOMENT)}


@pytest.mark.parametrize("route", READING, ids=name)
async def test_parameters(city: Client, route: Route) -> None:
    operation = document()["paths"][route.path]["get"]
    known = {
        one.get("$ref", "").rpartition("/")[2].replace("temporalFormat", "format")
        for one in operation["parameters"]
    }
    temporal = route.path.startswith("/temporal")
    base = {"type": "Car"} if "type" in known else {}
    if temporal:
        base |= {"timerel": "after", "timeAt": MOMENT}
    for parameter, texts in PARAMETERS.items():
        for text in texts:
            asked = {**base, parameter: text}
            query = "&".join(f"{key}={quote(value)}" for key, value in asked.items())
            reply = await ask(city, "GET", f"{filled(route)}?{query}")
            if parameter in known and (parameter, text) not in FINE:
                assert 400 <= reply.status < 500, (
                    f"{parameter}={text[:60]}: {reply.status} {reply.body!r:.200}"
                )


async def test_aggregation_parameters(city: Client) -> None:
    path = f"{BASE}/temporal/entities/{ID}?options=aggregatedValues"
    for query in ("", "&aggrMethods=", "&aggrMethods=median", "&aggrMethods=avg&aggrPeriodDuration=day"):
        assert (await ask(city, "GET", path + query)).status == 400
    tiny = await ask(city, "GET", f"{path}&aggrMethods=sum&aggrPeriodDuration=PT0.000001S&attrs=speed")
    assert tiny.status == 200


async def test_a_pattern_that_would_stall_a_backtracking_engine(city: Client) -> None:
    victim = "urn:ngsi-ld:Car:" + "a" * 1500 + "!"
    assert (
        await city.post(
            f"{BASE}/entities",
            {"id": victim, "type": "Car", "name": {"type": "Property", "value": "a" * 5000 + "!"}},
        )
    ).status == 201
    for query in ("idPattern=(a%2B)%2B%24", 'q=name~="(a%2B)%2B%24"', "idPattern=(.*a){30}%24"):
        for path in ("/entities", "/temporal/entities"):
            times = f"&timerel=after&timeAt={MOMENT}" if path.startswith("/temporal") else ""
            reply = await ask(city, "GET", f"{BASE}{path}?type=Car&{query}{times}")
            assert reply.status == 200, reply.body


@pytest.mark.parametrize("route", [route for route in ROUTES if "{" in route.path], ids=name)
async def test_paths(city: Client, route: Route) -> None:
    for text in ("nothing", "%ff%fe", "a%20b", "%3Cscript%3E", "urn:x:%00", "%2e%2e%2f", "x" * 3000):
        path = BASE
        for segment in route.path.strip("/").split("/"):
            path += "/" + (text if segment.startswith("{") else segment)
        body = b'{"speed":{"type":"Property","value":1}}' if route.method in ("POST", "PATCH", "PUT") else b""
        reply = await ask(city, route.method, path, body=body, headers=JSON)
        assert 400 <= reply.status < 500, f"{path[:80]}: {reply.status}"


async def test_query_strings_that_cannot_be_read(city: Client) -> None:
    for query in (
        "type=%ff%fe",
        "type=Car&type=Car",
        "&".join(f"a{n}=1" for n in range(500)),
        "type=" + "A" * 30_000,
    ):
        for route in READING:
            reply = await ask(city, "GET", f"{filled(route)}?{query}")
            assert 400 <= reply.status < 500, f"{route.path} {query[:40]}: {reply.status}"


@pytest.mark.parametrize(
    "headers",
    [
        {"accept": "text/html"},
        {"accept": "image/*;q=0.5"},
        {"accept": "text/html;q=x"},
        {"ngsild-tenant": "../../etc"},
        {"ngsild-tenant": "x" * 500},
        {"ngsild-tenant": "nobody"},
        {"ngsild-tenant": "default"},
        {
            "link": '<a>; rel="http://www.w3.org/ns/json-ld#context", <b>; rel="http://www.w3.org/ns/json-ld#context"'
        },
    ],
    ids=name,
)
async def test_headers(city: Client, headers: dict[str, str]) -> None:
    for route in READING:
        reply = await ask(
            city, "GET", f"{filled(route)}?type=Car&timerel=after&timeAt={MOMENT}", headers=headers
        )
        assert 400 <= reply.status < 500, f"{route.path}: {reply.status}"


async def test_methods_and_paths_that_are_not_there(city: Client) -> None:
    for path in sorted({route.path for route in ROUTES}):
        offered = {route.method for route in ROUTES if route.path == path}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - offered:
            reply = await ask(city, method, BASE + path.format(**PATHS), body=b"{}", headers=JSON)
            assert reply.status == 405
            assert set(reply.headers["allow"].split(", ")) == offered
    for path in ("", "/", "/nothing", "/entities/a/b/c/d/e/f/g", "/entities//attrs", "/ENTITIES"):
        assert (await ask(city, "GET", BASE + path)).status in (400, 404, 405)
