"""The JSON of the information API as schemas (JSON Schema 2020-12, as OpenAPI 3.1 has it), by name.

Schemas say what the specification says; every rule on values is in the parsers, which name what is wrong.
"""

from __future__ import annotations

from typing import Any, Final

from madang.api.openapi_subscription_schemas import SUBSCRIPTION_SCHEMAS
from madang.api.problems import PROBLEMS, TYPES
from madang.ngsild.entity import VALUE_MEMBERS, Kind
from madang.ngsild.temporal import Method, TimeProperty, TimeRelation

Schema = dict[str, Any]

_URI: Final[Schema] = {"type": "string", "format": "uri"}
_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
_NAMES: Final[Schema] = {"type": "array", "items": {"type": "string"}}
_ONE_OR_MORE_NAMES: Final[Schema] = {"oneOf": [{"type": "string"}, _NAMES]}

_VALUES: Final[dict[Kind, Schema]] = {
    Kind.PROPERTY: {"description": "Any JSON value but null"},
    Kind.RELATIONSHIP: {"oneOf": [_URI, {"type": "array", "items": _URI}]},
    Kind.GEO_PROPERTY: {"$ref": "#/components/schemas/Geometry"},
    Kind.LANGUAGE_PROPERTY: {"type": "object", "additionalProperties": _ONE_OR_MORE_NAMES},
    Kind.VOCAB_PROPERTY: _ONE_OR_MORE_NAMES,
    Kind.JSON_PROPERTY: {"description": "Any JSON; it is not interpreted"},
    Kind.LIST_PROPERTY: {"type": "array", "items": {}},
    Kind.LIST_RELATIONSHIP: {
        "type": "array",
        "items": {"oneOf": [_URI, {"type": "object", "properties": {"object": _URI}}]},
    },
}


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def array_of(name: str) -> Schema:
    return {"type": "array", "items": reference(name)}


def _object(properties: Schema, required: tuple[str, ...] = (), **more: Any) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        **({"required": list(required)} if required else {}),
        **more,
    }


def _attribute(kind: Kind) -> Schema:
    """One instance of an attribute of this kind, normalized; sub-attributes are further members."""
    members = {
        "type": {"const": kind.value},
        kind.value_member: _VALUES[kind],
        "observedAt": _MOMENT,
        "expiresAt": _MOMENT,
        "datasetId": _URI,
        "unitCode": {"type": "string"},
        **{name: {**_MOMENT, "readOnly": True} for name in ("createdAt", "modifiedAt", "deletedAt")},
        "instanceId": {**_URI, "readOnly": True},
    }
    return _object(members, ("type", kind.value_member), additionalProperties=True)


_HEAD: Final[Schema] = {
    "id": _URI,
    "type": _ONE_OR_MORE_NAMES,
    "scope": _ONE_OR_MORE_NAMES,
    "expiresAt": {**_MOMENT, "description": "When the entity ceases to be (transient entities)"},
    "@context": {"description": "Only with the media type application/ld+json"},
}
_ATTRIBUTE: Final[Schema] = {"anyOf": [reference(kind.value) for kind in Kind]}
_PAIR: Final[Schema] = {"type": "array", "prefixItems": [{}, _MOMENT], "minItems": 2, "maxItems": 2}
_PERIOD: Final[Schema] = {
    "type": "array",
    "prefixItems": [{}, _MOMENT, _MOMENT],
    "minItems": 3,
    "maxItems": 3,
}
_PLURALS: Final = ("values", "objects", "languageMaps", "vocabs", "jsons", "valueLists", "objectLists")


def _one_or_more(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


_EVOLUTION: Final[Schema] = {
    "anyOf": [
        _one_or_more(reference("Attribute")),
        _one_or_more(reference("TemporalValues")),
        _one_or_more(reference("AggregatedValues")),
    ]
}
_SELECTOR: Final = _object(
    {"type": {"type": "string"}, "id": _URI, "idPattern": {"type": "string"}}, ("type",)
)
_TEMPORAL_QUERY: Final = _object(
    {
        "timerel": {"enum": list(TimeRelation)},
        "timeAt": _MOMENT,
        "endTimeAt": _MOMENT,
        "timeproperty": {"enum": list(TimeProperty)},
        "lastN": {"type": "integer", "minimum": 1},
        "aggrMethods": {"type": "array", "items": {"enum": list(Method)}},
        "aggrPeriodDuration": {"type": "string", "examples": ["P1D", "PT1H", "PT0S"]},
    }
)

SCHEMAS: Final[dict[str, Schema]] = {
    "Geometry": _object(
        {
            "type": {
                "enum": ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
            },
            "coordinates": {"type": "array"},
        },
        ("type", "coordinates"),
        description="GeoJSON (RFC 7946), longitude before latitude",
    ),
    **{kind.value: _attribute(kind) for kind in Kind},
    "Attribute": {**_ATTRIBUTE, "description": "One instance of an attribute, normalized"},
    "Entity": _object(
        _HEAD,
        ("id", "type"),
        additionalProperties=_one_or_more(
            {"anyOf": [*_ATTRIBUTE["anyOf"], {"description": "concise or simplified"}]}
        ),
        description="An entity; each further member is an attribute, an array where it has several datasetIds",
    ),
    "Fragment": _object(_HEAD, additionalProperties={}, description="A part of an entity"),
    "AttributeFragment": _object(
        {}, additionalProperties=True, description="Members of one attribute instance"
    ),
    "Feature": _object(
        {
            "id": _URI,
            "type": {"const": "Feature"},
            "geometry": {"anyOf": [reference("Geometry"), {"type": "null"}]},
            "properties": {"type": "object"},
        },
        ("id", "type", "geometry", "properties"),
    ),
    "FeatureCollection": _object(
        {"type": {"const": "FeatureCollection"}, "features": array_of("Feature")}, ("type", "features")
    ),
    "EntityTemporal": _object(
        {**_HEAD, "scope": {"anyOf": [_ONE_OR_MORE_NAMES, *_EVOLUTION["anyOf"]]}},
        additionalProperties=_EVOLUTION,
        description="An entity with the history of its attributes",
    ),
    "TemporalValues": _object(
        {"type": {"enum": list(VALUE_MEMBERS)}, "datasetId": _URI}
        | {plural: {"type": "array", "items": _PAIR} for plural in _PLURALS},
        ("type",),
    ),
    "AggregatedValues": _object(
        {"type": {"enum": list(VALUE_MEMBERS)}, "datasetId": _URI}
        | {method.value: {"type": "array", "items": _PERIOD} for method in Method},
        ("type",),
        description="Per method [value, begin, end] of each period that has values",
    ),
    "Query": _object(
        {
            "type": {"const": "Query"},
            "entities": {"type": "array", "items": _SELECTOR, "minItems": 1},
            **dict.fromkeys(("attrs", "pick", "omit", "datasetId"), _NAMES),
            **{name: {"type": "string"} for name in ("q", "scopeQ", "lang")},
            "geoQ": _object(
                {name: {"type": "string"} for name in ("geometry", "georel", "geoproperty")}
                | {"coordinates": {}}
            ),
            "temporalQ": _TEMPORAL_QUERY,
            "aggrParams": _TEMPORAL_QUERY,
        },
        ("type",),
        description="A question; URL parameters may add to it what it does not say",
    ),
    "EntityTypeList": _object({"id": _URI, "type": {"const": "EntityTypeList"}, "typeList": _NAMES}),
    "EntityType": _object(
        {
            "id": _URI,
            "type": {"const": "EntityType"},
            "typeName": {"type": "string"},
            "attributeNames": _NAMES,
        }
    ),
    "EntityTypeInfo": _object(
        {
            "id": _URI,
            "type": {"const": "EntityTypeInfo"},
            "typeName": {"type": "string"},
            "entityCount": {"type": "integer", "minimum": 0},
            "attributeDetails": array_of("AttributeInformation"),
        }
    ),
    "AttributeList": _object({"id": _URI, "type": {"const": "AttributeList"}, "attributeList": _NAMES}),
    "AttributeInformation": _object(
        {
            "id": _URI,
            "type": {"const": "Attribute"},
            "attributeName": {"type": "string"},
            "attributeCount": {"type": "integer", "minimum": 0},
            "attributeTypes": _NAMES,
            "typeNames": _NAMES,
        }
    ),
    "UpdateResult": _object(
        {
            "updated": _NAMES,
            "notUpdated": {
                "type": "array",
                "items": _object({"attributeName": {"type": "string"}, "reason": {"type": "string"}}),
            },
        },
        ("updated", "notUpdated"),
    ),
    "BatchResult": _object(
        {
            "success": {"type": "array", "items": _URI},
            "errors": {
                "type": "array",
                "items": _object({"entityId": _URI, "error": reference("ProblemDetails")}),
            },
        },
        ("success", "errors"),
    ),
    "Identifiers": {"type": "array", "items": _URI},
    "Context": _object({"@context": {}}, ("@context",)),
    "ContextDetails": _object(
        {
            "URL": _URI,
            "localId": {"type": "string"},
            "kind": {"enum": ["Cached", "Hosted", "ImplicitlyCreated"]},
            "createdAt": {"type": "string", "format": "date-time"},
            "expiresAt": {"type": "string", "format": "date-time"},
            "lastUsage": {"type": "string", "format": "date-time"},
            "numberOfHits": {"type": "integer"},
        },
        ("URL", "localId", "kind", "createdAt"),
    ),
    "ContextSourceIdentity": _object(
        {
            "id": _URI,
            "type": {"const": "ContextSourceIdentity"},
            "contextSourceAlias": {"type": "string"},
            "contextSourceUptime": {"type": "string", "description": "ISO 8601 duration"},
            "contextSourceTimeAt": _MOMENT,
            "@context": {},
        },
        ("id", "type", "contextSourceAlias", "contextSourceUptime", "contextSourceTimeAt"),
    ),
    **SUBSCRIPTION_SCHEMAS,
    "ProblemDetails": _object(
        {
            "type": {"enum": list(dict.fromkeys(TYPES + name for _, name, _ in PROBLEMS.values()))},
            "title": {"type": "string"},
            "detail": {"type": "string"},
            "status": {"type": "integer"},
        },
        ("type", "title"),
        description="What is wrong, what it is about, and what would be right (RFC 7807)",
    ),
}
