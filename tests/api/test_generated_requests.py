"""Requests that schemathesis makes of the OpenAPI document, valid ones and others, to a real server: whatever comes, the
answer is one that the document names, and never a fault of the platform.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance
from tests.serving import Platform

from madang.api.openapi import document
from madang.api.openapi_operations import OPERATIONS
from madang.api.routes import BASE

# Of the thousands of requests that cover an operation's parameters and body: every so many, so that it takes seconds
FIRST, EVERY = 240, 6
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
CHECKS = [status_code_conformance, content_type_conformance]
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that knows the entity which the document's examples name."""
    home: Path = tmp_path_factory.mktemp("generated")
    started = Platform.start(home)
    body = orjson.dumps({"id": "urn:ngsi-ld:Building:gaon:map:1", "type": "Building", "pm25": 35})
    with closing(HTTPConnection(started.url.rpartition("/")[2])) as connection:
        connection.request("POST", f"{BASE}/entities", body, JSON)
        assert connection.getresponse().status == 201
    yield started
    assert started.stop() == 0


@pytest.fixture(scope="module")
def operations() -> dict[str, Any]:
    schema = schemathesis.openapi.from_dict(document())
    results: list[Any] = list(schema.get_all_operations())
    return {result.ok().label: result.ok() for result in results}


@pytest.mark.parametrize("label", [f"{method} {path}" for method, path in OPERATIONS])
def test_answers_are_documented(label: str, operations: dict[str, Any], platform: Platform) -> None:
    operation = operations[label]
    generation = operation.schema.config.generation_for(operation=operation)
    cases = operation.schema.iter_coverage_cases(
        operation, generation_modes=MODES, generation_config=generation
    )
    asked = 0
    for case in islice(cases, 0, FIRST, EVERY):
        response = case.call(base_url=platform.url + BASE)
        assert response.status_code != 500, (case.as_curl_command(), response.text)
        case.validate_response(response, checks=CHECKS)
        asked += 1
    assert asked
