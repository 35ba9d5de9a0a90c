"""The parameters of the information API, as the OpenAPI document describes them: what each means and may be."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from madang.api.openapi_schemas import Schema
from madang.ngsild.temporal import Method, TimeProperty, TimeRelation
from madang.settings import LIMITS


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a URL or a path. schema: of one value; the names of lists are separated by commas."""

    meaning: str
    schema: Schema
    example: Any = None


TEXT: Final[Schema] = {"type": "string"}
URI: Final[Schema] = {"type": "string", "format": "uri"}
FLAG: Final[Schema] = {"type": "boolean", "default": False}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}


def _number(most: int, default: int, least: int = 0) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, "default": default}


PARAMETERS: Final[dict[str, Parameter]] = {
    "entityId": Parameter("id of the entity", URI, "urn:ngsi-ld:Building:gaon:map:1"),
    "attrId": Parameter("name or IRI of the attribute", TEXT, "pm25"),
    "instanceId": Parameter("of one instance in the history", URI),
    "subscriptionId": Parameter("id of the subscription", URI),
    "contextId": Parameter("local identifier of the @context, or for a copy the address it came from", TEXT),
    "kind": Parameter("of the stored @contexts", {"enum": ["Cached", "Hosted", "ImplicitlyCreated"]}),
    "reload": Parameter("true: fetch the copy anew instead of deleting it", FLAG),
    "typeName": Parameter("name or IRI of the entity type", TEXT, "Building"),
    "type": Parameter("selection of types: A,B or A|B or (A;B); * for all", TEXT, "AirQualityObserved"),
    "id": Parameter("ids, separated by commas", TEXT),
    "idPattern": Parameter(
        "regular expression (RE2) that is found in the id", TEXT, "^urn:ngsi-ld:Building:"
    ),
    "attrs": Parameter("attributes of which the entity has one, and which are shown", TEXT, "pm10,pm25"),
    "pick": Parameter("members to show: id, type, scope, attributes", TEXT),
    "omit": Parameter("members not to show", TEXT),
    "q": Parameter("conditions on attributes", TEXT, "pm25>35;pm10<80"),
    "expandValues": Parameter("attributes whose values in q are terms that become IRIs", TEXT),
    "jsonKeys": Parameter("attributes whose values in q stay as they are", TEXT),
    "csf": Parameter("conditions on context sources; there are none yet, so it is only read", TEXT),
    "splitEntities": Parameter(
        "whether entities may be split among context sources; there are none yet", FLAG
    ),
    "scopeQ": Parameter("conditions on scopes", TEXT, "/gaon/#"),
    "georel": Parameter("relation to the geometry", TEXT, "near;maxDistance==300"),
    "geometry": Parameter("type of the geometry", TEXT, "Point"),
    "coordinates": Parameter("its coordinates as GeoJSON", TEXT, "[126.98,37.56]"),
    "geoproperty": Parameter("attribute that is compared", {**TEXT, "default": "location"}),
    "local": Parameter("true: only what this platform holds itself, also without any condition", FLAG),
    "orderBy": Parameter(
        "members to order by, each with ;asc, ;desc, ;dist-asc or ;dist-desc", TEXT, "pm25;desc"
    ),
    "orderFrom": Parameter("coordinates to measure distances from, as GeoJSON", TEXT, "[126.98,37.56]"),
    "orderGeometry": Parameter("type of the geometry to measure from", {**TEXT, "default": "Point"}),
    "collation": Parameter("how texts are ordered: an ICU collation", TEXT, "ko"),
    "idOrder": Parameter("id, with ;asc or ;desc", TEXT, "id;desc"),
    "join": Parameter("linked entities", {"enum": ["flat", "inline", "@none"], "default": "@none"}),
    "joinLevel": Parameter("how many links to follow", _number(LIMITS.join_levels_max, 1, 1)),
    "containedBy": Parameter("ids of entities that need not be shown again, separated by commas", TEXT),
    "sysAttrs": Parameter("true: with createdAt, modifiedAt and expiresAt", FLAG),
    "entityMap": Parameter("whether an entity map is wished for; none is made yet", FLAG),
    "entityMapLifetime": Parameter("how long it should last, as an ISO 8601 duration", TEXT),
    "limit": Parameter("entities on a page", _number(LIMITS.page_entities_max, LIMITS.page_entities_default)),
    "offset": Parameter("entities to skip", _number(LIMITS.offset_entities_max, 0)),
    "cursor": Parameter("as the Link header of the page before has it", TEXT),
    "count": Parameter("true: the header NGSILD-Results-Count says how many there are", FLAG),
    "format": Parameter("representation", {"enum": ["normalized", "concise", "simplified", "keyValues"]}),
    "temporalFormat": Parameter("representation", {"enum": ["temporalValues", "aggregatedValues"]}),
    "options": Parameter("representation and sysAttrs, separated by commas", TEXT, "sysAttrs"),
    "shownOptions": Parameter("sysAttrs: with createdAt and modifiedAt", {"enum": ["sysAttrs"]}),
    "appendOptions": Parameter("noOverwrite: what exists stays", {"enum": ["noOverwrite"]}),
    "upsertOptions": Parameter("what to do with entities that exist", {"enum": ["replace", "update"]}),
    "ofTypes": Parameter("only if the entity is of these types, a selection as in queries", TEXT, "Building"),
    "keep": Parameter("attributes that stay while all others go", TEXT),
    "drop": Parameter("attributes that go while the entities stay", TEXT),
    "mergeFormat": Parameter(
        "simplified: the body holds values alone", {"enum": ["simplified", "keyValues"]}
    ),
    "mergeOptions": Parameter("the same in another way", {"enum": ["simplified", "keyValues"]}),
    "mergeLanguage": Parameter("language tag under which plain texts go into a languageMap", TEXT, "ko"),
    "mergeMoment": Parameter("observedAt of every attribute that has one and is given no other", MOMENT),
    "lang": Parameter("wanted language: LanguageProperties become Properties", TEXT, "ko"),
    "datasetId": Parameter("datasetIds to show, @none for the default instance", TEXT),
    "oneDatasetId": Parameter("datasetId of the instance; without it the default instance", URI),
    "deleteAll": Parameter("true: all instances, whatever their datasetId", FLAG),
    "geometryProperty": Parameter(
        "attribute that becomes a Feature's geometry", {**TEXT, "default": "location"}
    ),
    "timerel": Parameter("relation to timeAt", {"enum": list(TimeRelation)}),
    "timeAt": Parameter(
        "moment that is compared; with between the first one", MOMENT, "2026-01-01T00:00:00Z"
    ),
    "endTimeAt": Parameter("with between: the first moment that is too late", MOMENT),
    "timeproperty": Parameter("time of an instance", {"enum": list(TimeProperty), "default": "observedAt"}),
    "lastN": Parameter("only the newest n instances of each attribute", {"type": "integer", "minimum": 1}),
    "aggrMethods": Parameter(f"separated by commas: {', '.join(Method)}", TEXT, "avg,max"),
    "aggrPeriodDuration": Parameter("ISO 8601; PT0S for the whole range", {**TEXT, "default": "PT0S"}, "P1D"),
    "details": Parameter("true: objects in the place of names", FLAG),
}
# Parameters that stand under another key because they differ from operation to operation
RENAMED: Final = {
    "temporalFormat": "format",
    "appendOptions": "options",
    "upsertOptions": "options",
    "oneDatasetId": "datasetId",
    "typeName": "type",
    "idOrder": "orderBy",
    "shownOptions": "options",
    "ofTypes": "type",
    "mergeFormat": "format",
    "mergeOptions": "options",
    "mergeLanguage": "lang",
    "mergeMoment": "observedAt",
}

_MAP: Final = ("entityMap", "entityMapLifetime")
_MEMBERS: Final = ("options", "sysAttrs", "attrs", "pick", "omit", "lang", "datasetId", *_MAP)
FORM: Final = ("format", *_MEMBERS, "geometryProperty", "join", "joinLevel", "containedBy")
_GEO: Final = ("georel", "geometry", "coordinates", "geoproperty")
FILTER: Final = (
    *("type", "id", "idPattern", "q", "expandValues", "jsonKeys", "scopeQ", "csf", "splitEntities"),
    *_GEO,
)
ORDER: Final = ("orderBy", "orderFrom", "orderGeometry", "collation")
PAGE: Final = ("limit", "offset", "cursor", "count")
TEMPORAL_FORM: Final = ("temporalFormat", *_MEMBERS)
TEMPORAL_ORDER: Final = ("idOrder", "collation")
TIME: Final = (
    *("timerel", "timeAt", "endTimeAt", "timeproperty", "lastN"),
    *("aggrMethods", "aggrPeriodDuration"),
)
