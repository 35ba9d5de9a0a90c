"""Every type has a schema that says what its entities may say, and an example that the platform takes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.asgi_client import Client
from tests.trust.closed_city import closed_city

from madang import vocabulary
from madang.api.asgi import information_api
from madang.home import Home
from madang.hub.trust.gate import OPEN_GATE
from madang.settings import read
from madang.vocabulary import schemas
from madang.wire import WIRING

TERMS = [entry.term for entry in vocabulary.types().values()]


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[Client]:
    """The information API under the platform's own @context."""
    home = Home(tmp_path)
    home.tenants.mkdir(parents=True, exist_ok=True)
    async with WIRING.open_hub(home, read({"MADANG_HOME": str(tmp_path)})) as hub:
        yield Client(information_api(hub, OPEN_GATE))


@pytest.mark.parametrize("term", TERMS)
def test_the_example_is_as_the_schema_says(term: str) -> None:
    found = schemas.schema(term)
    assert found is not None
    if term in ("Event", "Suggestion", "Dataset"):  # one is made as all are, and to ask takes its time
        Draft202012Validator.check_schema(found)
    validator = Draft202012Validator(found)
    (example,) = found["examples"]
    assert [error.message for error in validator.iter_errors(example)] == []
    assert set(example) <= set(found["properties"]), "the example says what the type does not have"
    assert len(example) > 3
    assert not validator.is_valid({**example, "type": "Elsewhere"})


def test_a_schema_says_what_things_are_called_and_what_runs() -> None:
    found = schemas.schema("Organization")
    assert found is not None
    assert found["x-titles"] == {"ko": "기업·기관", "en": "Organisation"}
    assert found["x-component"] == "economic"
    assert found["x-components"]["university"] == "human"
    links = found["properties"]
    assert (links["suppliesTo"]["x-flow"], links["suppliesTo"]["x-runs"]) == ("service", "out")
    assert links["headquarteredIn"]["x-flow"] == "none"
    assert links["numberOfEmployees"]["x-unit"]["titles"] == {"ko": "명", "en": "people"}
    contract = schemas.schema("Contract")
    assert contract is not None
    assert contract["x-passes"][0] == {"from": ["buyer"], "to": ["supplier"], "flow": "capital"}
    assert schemas.schema("Spaceship") is None


def test_links_of_examples_lead_to_types_that_there_are() -> None:
    for term in TERMS:
        text = str(schemas.example(term))
        for name in re.findall(r"urn:ngsi-ld:(\w+):", text):
            assert name in TERMS, f"{term} links to {name}"


def test_examples_of_codes_are_known() -> None:
    by_term = {entry.term: entry for entry in vocabulary.attributes().values()}
    for term in TERMS:
        for name, instance in schemas.example(term).items():
            known = by_term.get(name)
            if known is not None and known.values:
                assert str(instance["value"]) in known.values, f"{term}.{name}"


async def test_the_platform_takes_every_example(city: Client) -> None:
    for term in TERMS:
        reply = await city.post("/ngsi-ld/v1/entities", dict(schemas.example(term)))
        assert reply.status == 201, (term, reply.body)
    example = schemas.example("Contract")
    assert (await city.get(f"/ngsi-ld/v1/entities/{example['id']}")).json() == example


async def test_schemas_are_there_for_anybody(tmp_path: Path) -> None:
    async with closed_city(tmp_path) as closed:
        listed = (await closed.client.get("/schemas")).json()
        assert [one["type"] for one in listed] == TERMS
        for one in listed[:3]:
            reply = await closed.client.get(one["schema"])
            assert reply.headers["content-type"] == "application/schema+json"
            assert reply.json() == schemas.schema(one["type"])
        reply = await closed.client.get("/schemas/Spaceship.json")
        assert reply.status == 404
        assert "/schemas lists" in reply.json()["detail"]
