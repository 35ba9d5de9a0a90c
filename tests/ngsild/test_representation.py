"""Every representation of an entity, and that what is written can be read back."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from tests.ngsild.strategies import entities

from madang.ngsild.context import CORE, Context
from madang.ngsild.parse import parse_entity
from madang.ngsild.representation import Form, Format, best_language, render, to_feature, to_json

CONTEXT = Context.from_documents(
    [{"ex": "https://example.org/", "speed": "ex:speed", "accuracy": "ex:accuracy", "Thing": "ex:Thing"}], "x"
)


@given(raw=entities())
def test_normalized_comes_back_as_it_went_in(raw: dict[str, Any]) -> None:
    for context in (CORE, CONTEXT):
        entity = parse_entity(raw, context)
        written = orjson.loads(render(entity, Form(context)))
        assert parse_entity(written, context) == entity
        assert written == to_json(entity, Form(context))


@given(raw=entities())
def test_another_context_changes_names_only(raw: dict[str, Any]) -> None:
    entity = parse_entity(raw, CONTEXT)
    written = orjson.loads(render(entity, Form(CORE)))
    assert parse_entity(written, CORE) == entity


@given(raw=entities())
def test_concise_says_the_same(raw: dict[str, Any]) -> None:
    entity = parse_entity(raw, CONTEXT)
    concise = to_json(entity, Form(CONTEXT, Format.CONCISE))
    assert to_json(parse_entity(concise, CONTEXT), Form(CONTEXT)) == to_json(entity, Form(CONTEXT))


@given(raw=entities())
def test_simplified_and_geojson_are_always_there(raw: dict[str, Any]) -> None:
    entity = parse_entity(raw, CONTEXT)
    simplified = to_json(entity, Form(CONTEXT, Format.SIMPLIFIED))
    assert simplified.keys() == to_json(entity, Form(CONTEXT)).keys()
    feature = to_feature(entity, Form(CONTEXT))
    assert feature["type"] == "Feature"
    assert feature["id"] == entity.id


def test_simplified_forms_of_each_kind() -> None:
    raw = {
        "id": "urn:x:1",
        "type": "Thing",
        "a": {"type": "Property", "value": 1, "unitCode": "CEL"},
        "b": {"type": "Relationship", "object": "urn:x:2"},
        "c": {"type": "LanguageProperty", "languageMap": {"ko": "마당", "en": "Yard"}},
        "d": {"type": "VocabProperty", "vocab": "Thing"},
        "e": {"type": "JsonProperty", "json": {"k": 1}},
        "f": {"type": "ListProperty", "valueList": [1, 2]},
        "g": {"type": "ListRelationship", "objectList": ["urn:x:3"]},
        "h": [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": "urn:d:1"}],
    }
    entity = parse_entity(raw, CORE)
    assert to_json(entity, Form(CORE, Format.SIMPLIFIED)) == {
        "id": "urn:x:1",
        "type": "Thing",
        "a": 1,
        "b": "urn:x:2",
        "c": {"languageMap": {"ko": "마당", "en": "Yard"}},
        "d": {"vocab": "Thing"},
        "e": {"json": {"k": 1}},
        "f": [1, 2],
        "g": ["urn:x:3"],
        "h": {"dataset": {"@none": 1, "urn:d:1": 2}},
    }
    english = to_json(entity, Form(CORE, Format.NORMALIZED, language="en"))
    assert english["c"] == {"type": "Property", "value": "Yard", "lang": "en"}


def test_system_attributes_and_projection() -> None:
    raw = {
        "id": "urn:x:1",
        "type": "T",
        "a": {"type": "Property", "value": 1},
        "b": {"type": "Property", "value": 2},
    }
    entity = parse_entity(raw, CORE)
    system = orjson.loads(render(entity, Form(CORE, system=True)))
    assert {"createdAt", "modifiedAt"} <= system.keys()
    assert {"createdAt", "modifiedAt"} <= system["a"].keys()
    picked = orjson.loads(render(entity, Form(CORE, pick=frozenset({"id", CORE.expand("a")}))))
    assert picked == {"id": "urn:x:1", "a": {"type": "Property", "value": 1}}
    left = orjson.loads(render(entity, Form(CORE, omit=frozenset({CORE.expand("a")}))))
    assert left.keys() == {"id", "type", "b"}


def test_best_language() -> None:
    texts = {"ko": "가", "en-GB": "a", "@none": "?"}
    assert best_language(texts, "fr, ko;q=0.3") == "ko"
    assert best_language(texts, "en") == "en-GB"
    assert best_language(texts, "ko-KR") == "ko"
    assert best_language(texts, "fr") == "@none"
