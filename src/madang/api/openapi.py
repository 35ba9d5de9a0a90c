"""The OpenAPI 3.1 document of the information API, made from the table of routes, and its place /openapi.json."""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.responses import Response

from madang import __version__
from madang.api.openapi_operations import EVERYWHERE, OPERATIONS, Operation
from madang.api.openapi_parameters import PARAMETERS, RENAMED
from madang.api.openapi_schemas import SCHEMAS, Schema, reference
from madang.api.operations import Asking, Offer
from madang.api.problems import BARE, PROBLEMS
from madang.api.routes import BASE, ROUTES, Route
from madang.errors import MadangError, NotAcceptable

PATH: Final = "/openapi.json"
_VARIABLE: Final = re.compile(r"\{(\w+)\}")
_CLAUSE: Final = re.compile(r"CIM 009 §[^:]*?\d(?=[.:]?(?:\s*$|:))", re.MULTILINE)
_BODY_TYPES: Final = ("application/json", "application/ld+json")
_HEADERS: Final[dict[str, Schema]] = {
    "Link": {
        "description": "The @context of the answer, and the next and previous page",
        "schema": {"type": "string"},
    },
    "NGSILD-Results-Count": {
        "description": "With count=true: how many there are",
        "schema": {"type": "integer"},
    },
    "Location": {"description": "Where what was created is", "schema": {"type": "string"}},
    "Content-Range": {
        "description": "Which part of the range the answer covers",
        "schema": {"type": "string"},
    },
}
# An open city asks for neither; otherwise the list of a scheme names the permission that the operation asks
_SECURITY: Final[dict[str, Schema]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of the platform, or a token of a registered application",
    },
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key of the platform"},
}
_TENANT: Final[Schema] = {
    "name": "NGSILD-Tenant",
    "in": "header",
    "description": "name of a tenant; without it the default one",
    "schema": {"type": "string"},
}


def document() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    tags = list(dict.fromkeys(operation.tag for operation in OPERATIONS.values()))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Madang information API",
            "version": __version__,
            "description": "NGSI-LD (ETSI GS CIM 009 v1.9.1): one linked, live, open graph of a city.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": BASE}],
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "parameters": {key: _parameter(key) for key in PARAMETERS if key not in _path_variables()},
            "headers": _HEADERS,
            "securitySchemes": _SECURITY,
        },
    }


@cache
def _written() -> bytes:
    return orjson.dumps(document())


async def _page(_asking: Asking) -> Response:
    return Response(_written(), media_type="application/json")


OFFERED: Final = (Offer("GET", PATH, _page, None),)


def _path_variables() -> frozenset[str]:
    return frozenset(_key(name) for route in ROUTES for name in _VARIABLE.findall(route.path))


def _key(variable: str) -> str:
    """The key in PARAMETERS of a variable segment of a path."""
    return "typeName" if variable == "type" else variable


def _operation(route: Route) -> dict[str, Any]:
    said = OPERATIONS[route.method, route.path]
    module = route.handler.__module__.rpartition(".")[2]
    clauses = _CLAUSE.findall(route.handler.__doc__ or "")
    operation: dict[str, Any] = {
        "operationId": f"{module}_{route.handler.__name__}",
        "summary": said.summary,
        "tags": [said.tag],
        "parameters": [
            *(
                {**_parameter(_key(name)), "in": "path", "required": True}
                for name in _VARIABLE.findall(route.path)
            ),
            *({"$ref": f"#/components/parameters/{name}"} for name in said.parameters),
            _TENANT,
        ],
        "responses": {**_answers(said), **_problems(said)},
    }
    if clauses:
        operation["description"] = clauses[0]
    if route.permission is not None:
        operation["security"] = [{}, {"bearer": [route.permission.value]}, {"key": [route.permission.value]}]
    if said.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(said.body, _BODY_TYPES)}
    return operation


def _parameter(key: str) -> dict[str, Any]:
    parameter = PARAMETERS[key]
    written = {
        "name": RENAMED.get(key, key),
        "in": "query",
        "description": parameter.meaning,
        "schema": parameter.schema,
    }
    return written if parameter.example is None else {**written, "example": parameter.example}


def _content(schema: Schema, media: tuple[str, ...]) -> dict[str, Any]:
    return {name: {"schema": schema} for name in media}


def _answers(said: Operation) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, schema in said.answers.items():
        answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if schema is not None:
            answer["content"] = _content(schema, _answer_types(said))
        names = [*(["Location"] if status == 201 else []), *(["Content-Range"] if status == 206 else [])]
        names += ["Link", "NGSILD-Results-Count"] if "count" in said.parameters else []
        if names:
            answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        answers[str(status)] = answer
    return answers


def _answer_types(said: Operation) -> tuple[str, ...]:
    if NotAcceptable not in said.errors:
        return _BODY_TYPES[:1]
    return (*_BODY_TYPES, "application/geo+json") if "geometryProperty" in said.parameters else _BODY_TYPES


def _problems(said: Operation) -> dict[str, Any]:
    """One answer for each status of the errors, which lists their problem types."""
    by_status: dict[int, list[str]] = {}
    for error in sorted({*said.errors, *EVERYWHERE}, key=_order):
        status, name, title = PROBLEMS[error]
        by_status.setdefault(status, []).append(f"{name}: {title}")
    told = {"content": _content(reference("ProblemDetails"), _BODY_TYPES[:1])}
    return {
        str(status): {"description": "; ".join(reasons), **(told if status not in BARE else {})}
        for status, reasons in sorted(by_status.items())
    }


def _order(error: type[MadangError]) -> int:
    return list(PROBLEMS).index(error)
