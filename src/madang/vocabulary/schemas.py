"""A JSON Schema for each type of the vocabulary: what an entity of it may say, in the normalized representation, with what
it is called in Korean and English, what runs along its links, and an example.

A schema describes; it forbids nothing that the platform takes: entities may have other attributes, and an attribute
several instances. What JSON Schema has no word for stands in members that begin with "x-".
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

from madang.vocabulary.load import vocabulary
from madang.vocabulary.model import AttributeTerm, EntityType, Passing, ValueKind

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
PLACE: Final = "https://w3id.org/madang/schemas/"
_URI: Final[Schema] = {"type": "string", "format": "uri"}
_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
_GEOMETRIES: Final = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
_TIME_VALUE: Final[Schema] = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"@type": {"enum": ["DateTime", "Date"]}, "@value": {"type": "string"}},
            "required": ["@type", "@value"],
        },
    ]
}
_VALUES: Final[Mapping[ValueKind, Schema]] = {
    ValueKind.NUMBER: {"type": "number"},
    ValueKind.TEXT: {"type": "string"},
    ValueKind.CODE: {"type": ["string", "number"]},
    ValueKind.TIME: _TIME_VALUE,
    ValueKind.FLAG: {"type": "boolean"},
    ValueKind.LIST: {"type": "array"},
}
_DAY_LENGTH: Final = len("2026-01-01")
CITY: Final = "gaon"
"""Of which the examples tell."""


@lru_cache(maxsize=256)
def schema(term: str) -> Schema | None:
    """The schema of a type by its term; None where there is no such type."""
    found = next((entry for entry in vocabulary().types.values() if entry.term == term), None)
    return _schema(found) if found is not None else None


def index() -> list[Schema]:
    """What types there are, in the order of the vocabulary."""
    return [
        {
            "type": entry.term,
            "titles": dict(entry.labels),
            "component": entry.component.value,
            "protected": entry.protected,
            "schema": f"/schemas/{entry.term}.json",
        }
        for entry in vocabulary().types.values()
    ]


@lru_cache(maxsize=256)
def example(term: str) -> Mapping[str, Any]:
    """An entity of the type, normalized, under the platform's own @context."""
    known = {entry.term: entry for entry in vocabulary().attributes.values()}
    written = dict(_examples()[term])
    entity: dict[str, Any] = {"id": _identifier(term, written.pop("key")), "type": term}
    for name, value in written.items():
        entity[name] = _instance(known[name], value)
    return entity


@cache
def _examples() -> Mapping[str, Mapping[str, Any]]:
    text = files("madang.vocabulary").joinpath("data", "examples.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _schema(entry: EntityType) -> Schema:
    words = vocabulary()
    attributes = [words.attributes[iri] for iri in entry.attributes]
    return {
        "$schema": DIALECT,
        "$id": f"{PLACE}{entry.term}.json",
        "title": f"{entry.labels['ko']} ({entry.labels['en']})",
        "x-titles": dict(entry.labels),
        "x-iri": entry.iri,
        "x-component": entry.component.value,
        "x-component-titles": dict(words.components[entry.component]),
        **_flowing(entry),
        "x-protected": entry.protected,
        "type": "object",
        "properties": {
            "id": _URI,
            "type": {"anyOf": [{"const": entry.term}, {"type": "array", "contains": {"const": entry.term}}]},
            **{one.term: _attribute(one) for one in attributes},
        },
        "required": ["id", "type"],
        "additionalProperties": True,
        "examples": [example(entry.term)],
    }


def _flowing(entry: EntityType) -> Schema:
    """What is said of flows beyond the links: components by category, what passes through, and how it comes about."""
    found: Schema = {}
    if entry.components:
        found["x-components"] = {code: component.value for code, component in entry.components.items()}
    if entry.passes:
        found["x-passes"] = [_passing(one) for one in entry.passes]
    if entry.dated:
        found["x-channel"] = entry.channel
    return found


def _passing(one: Passing) -> Schema:
    """Who gives what to whom; "self" is the entity."""
    givers = [name or "self" for name in one.givers]
    receivers = givers if one.both else [name or "self" for name in one.receivers]
    return {"from": givers, "to": receivers, "flow": one.flow.value if one.flow else "none"}


def _attribute(entry: AttributeTerm) -> Schema:
    one = _one_instance(entry)
    found: Schema = {
        "title": f"{entry.labels['ko']} ({entry.labels['en']})",
        "x-titles": dict(entry.labels),
        "x-iri": entry.iri,
        "anyOf": [one, {"type": "array", "items": one}],
    }
    if entry.kind is ValueKind.LINK:
        found["x-flow"] = entry.flow.value if entry.flow else "none"
        if entry.runs is not None:
            found["x-runs"] = entry.runs.value
    if entry.unit:
        unit = vocabulary().units[entry.unit]
        found["x-unit"] = {"code": unit.code, "symbol": unit.symbol, "titles": dict(unit.labels)}
    if entry.values:
        found["x-values"] = {code: dict(labels) for code, labels in entry.values.items()}
    return found


def _one_instance(entry: AttributeTerm) -> Schema:
    if entry.kind is ValueKind.LINK:
        return _typed("Relationship", {"object": {"anyOf": [_URI, {"type": "array", "items": _URI}]}})
    if entry.kind is ValueKind.PLACE:
        geometry = {
            "type": "object",
            "properties": {"type": {"enum": list(_GEOMETRIES)}, "coordinates": {"type": "array"}},
            "required": ["type", "coordinates"],
        }
        return _typed("GeoProperty", {"value": geometry})
    if entry.kind is ValueKind.NAMES:
        words = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
        languages = {"type": "object", "additionalProperties": words}
        return {
            "anyOf": [
                _typed("LanguageProperty", {"languageMap": languages}),
                _typed("Property", {"value": words}),
            ]
        }
    if entry.kind is ValueKind.JSON:
        anything: Schema = {"type": ["object", "array"]}
        return {
            "anyOf": [_typed("JsonProperty", {"json": anything}), _typed("Property", {"value": anything})]
        }
    return _typed("Property", {"value": _VALUES[entry.kind]})


def _typed(kind: str, value: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {
            "type": {"const": kind},
            **value,
            "observedAt": _MOMENT,
            "unitCode": {"type": "string"},
            "datasetId": _URI,
        },
        "required": ["type", *value],
    }


def _instance(entry: AttributeTerm, value: Any) -> Schema:
    """An attribute of an example as the information API writes it."""
    if entry.kind is ValueKind.LINK:
        links = [_identifier(*text.split(":", 1)) for text in value]
        return {"type": "Relationship", "object": links[0] if len(links) == 1 else links}
    if entry.kind is ValueKind.PLACE:
        return {"type": "GeoProperty", "value": {"type": "Point", "coordinates": list(value)}}
    if entry.kind is ValueKind.NAMES:
        return {"type": "LanguageProperty", "languageMap": dict(value)}
    if entry.kind is ValueKind.JSON:
        return {"type": "JsonProperty", "json": value}
    if entry.kind is ValueKind.TIME:
        named = "Date" if len(value) == _DAY_LENGTH else "DateTime"
        return {"type": "Property", "value": {"@type": named, "@value": value}}
    unit = {"unitCode": entry.unit} if entry.unit else {}
    return {"type": "Property", "value": value, **unit}


def _identifier(type_: str, key: str) -> str:
    return f"urn:ngsi-ld:{type_}:{CITY}:{key}"
