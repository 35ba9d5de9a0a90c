"""The OpenAPI document: valid, complete, and true of what the API really answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from starlette.applications import Starlette
from tests.asgi_client import Client

from madang.api import openapi, operations
from madang.api.openapi_operations import EVERYWHERE, OPERATIONS
from madang.api.openapi_parameters import PARAMETERS
from madang.api.openapi_schemas import SCHEMAS
from madang.api.problems import PROBLEMS
from madang.api.routes import BASE, ROUTES
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE

DOCUMENT = openapi.document()
ID = "urn:ngsi-ld:Car:1"
MOMENT = "2026-01-01T00:00:00Z"


def car() -> dict[str, Any]:
    attributes = [
        {"type": "Property", "value": 1, "unitCode": "KMH", "observedAt": MOMENT},
        {"type": "Relationship", "object": "urn:x:1"},
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}},
        {"type": "LanguageProperty", "languageMap": {"ko": "예"}},
        {"type": "VocabProperty", "vocab": "big"},
        {"type": "JsonProperty", "json": [1]},
        {"type": "ListProperty", "valueList": [1]},
        {"type": "ListRelationship", "objectList": ["urn:x:1"]},
    ]
    return {
        "id": ID,
        "type": ["Car"],
        "scope": "/a",
        **{f"a{n}": attribute for n, attribute in enumerate(attributes)},
    }


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_every_route_is_described_and_nothing_else() -> None:
    assert {(route.method, route.path) for route in ROUTES} == set(OPERATIONS)
    assert {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item} == set(
        OPERATIONS
    )


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_operation_says_what_it_needs(route: Any) -> None:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    in_path = [one["name"] for one in operation["parameters"] if one.get("in") == "path"]
    assert in_path == re.findall(r"\{(\w+)\}", route.path)
    assert any(status.startswith("2") for status in operation["responses"])
    assert "400" in operation["responses"]
    assert ("requestBody" in operation) == (route.method in ("POST", "PATCH", "PUT"))
    assert re.search(r"CIM 009 §\d+\.\d+", route.handler.__doc__ or "")


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))


def test_every_parameter_and_schema_is_used() -> None:
    text = str(DOCUMENT["paths"])
    for key in DOCUMENT["components"]["parameters"]:
        assert f"#/components/parameters/{key}'" in text, key
    everything = str(DOCUMENT)
    for name in SCHEMAS:
        assert f"#/components/schemas/{name}'" in everything, name
    assert len({parameter.meaning for parameter in PARAMETERS.values()}) > 20


def test_every_problem_that_a_client_can_meet_is_listed() -> None:
    raised = {error for operation in OPERATIONS.values() for error in operation.errors} | set(EVERYWHERE)
    # What the router itself answers, or no operation of this version raises
    elsewhere = {"Conflict", "LoopDetected", "MethodNotAllowed", "ProviderFailed", "TooManyResults"}
    assert {error.__name__ for error in PROBLEMS} - {error.__name__ for error in raised} == elsewhere


def conforms(answer: Any, schema: dict[str, Any]) -> None:
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(answer)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/entities", "?type=Car&count=true"),
        ("/entities/{entityId}", "?options=sysAttrs"),
        ("/temporal/entities", f"?type=Car&timerel=after&timeAt={MOMENT}"),
        ("/temporal/entities/{entityId}", ""),
        ("/temporal/entities/{entityId}", "?options=temporalValues"),
        ("/temporal/entities/{entityId}", "?format=aggregatedValues&aggrMethods=avg,totalCount"),
        ("/types", ""),
        ("/types", "?details=true"),
        ("/types/{type}", ""),
        ("/attributes", ""),
        ("/attributes", "?details=true"),
        ("/attributes/{attrId}", ""),
        ("/jsonldContexts", "?details=true"),
        ("/jsonldContexts/{contextId}", ""),
        ("/jsonldContexts/{contextId}", "?details=true"),
    ],
)
async def test_answers_conform(api: Client, path: str, query: str) -> None:
    body = car()
    conforms(body, {"$ref": "#/components/schemas/Entity"})
    assert (await api.post(f"{BASE}/entities", body)).status == 201
    reply = await api.get(
        BASE + path.format(entityId=ID, attrId="a0", type="Car", contextId="madang") + query
    )
    assert reply.status == 200, reply.body
    content = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]
    conforms(reply.json(), content[reply.headers["content-type"]]["schema"])


async def test_problems_conform(api: Client) -> None:
    reply = await api.get(f"{BASE}/entities/{ID}")
    schema = DOCUMENT["paths"]["/entities/{entityId}"]["get"]["responses"]["404"]["content"][
        "application/json"
    ]
    conforms(reply.json(), schema["schema"])


async def test_the_document_is_served(hub: Hub) -> None:
    client = Client(Starlette(routes=operations.routes(hub, OPEN_GATE, openapi.OFFERED)))
    reply = await client.get("/openapi.json")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json()["openapi"] == "3.1.0"
