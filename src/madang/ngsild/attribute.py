"""Attributes as clients write them, normalized or concise, checked and made canonical (CIM 009 §4.5.2).

`parse_attribute` is the one place where the JSON of an attribute becomes an `Attribute`; the functions below
it make attributes from values for writers inside the platform. What a canonical body is stands in `entity.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from madang.errors import BadRequestData
from madang.ngsild.context import Context
from madang.ngsild.core_terms import NGSI_LD
from madang.ngsild.entity import VALUE_MEMBERS, Attribute, Kind
from madang.ngsild.geometry import is_geometry, require_geometry
from madang.ngsild.identifier import NGSI_LD_NULL, is_uri, require_uri
from madang.ngsild.times import require_moment
from madang.settings import LIMITS

_KINDS: Final[dict[str, Kind]] = {kind.value: kind for kind in Kind}
# In concise form the value's member tells the kind; "value" may also be a geometry
_KIND_OF_MEMBER: Final[dict[str, Kind]] = {
    "value": Kind.PROPERTY,
    "object": Kind.RELATIONSHIP,
    "languageMap": Kind.LANGUAGE_PROPERTY,
    "vocab": Kind.VOCAB_PROPERTY,
    "json": Kind.JSON_PROPERTY,
    "valueList": Kind.LIST_PROPERTY,
    "objectList": Kind.LIST_RELATIONSHIP,
}
# What only the platform may set; a client that sends back what it read is not punished
_IGNORED: Final = frozenset(("createdAt", "modifiedAt", "deletedAt", "instanceId", "entity", "entityList"))
# What may not be written, because it is of an answer only or of another place
_REFUSED: Final = frozenset(
    (
        "@context",
        "previousValue",
        "previousObject",
        "previousLanguageMap",
        "previousVocab",
        "previousJson",
        "previousValueList",
        "previousObjectList",
        "entityIdSealed",
        "entityTypeSealed",
    )
)
_PROOF: Final = "ngsildproof"
_WITH_UNIT: Final = frozenset((Kind.PROPERTY, Kind.LIST_PROPERTY))
# Core attributes whose values are places (CIM 009 §4.7.1)
_PLACES: Final = frozenset(("location", "observationSpace", "operationSpace"))
# Terms of the core @context that are members of attributes, not attributes (CIM 009 §4.5.1)
NOT_REIFIED: Final = frozenset(("datasetId", "instanceId", "observedAt", "unitCode", *_KIND_OF_MEMBER))
_DEPTH_MAX: Final = 10


class _Reading:
    """What the reading of one attribute needs to know on every level, and what it finds out."""

    __slots__ = ("context", "contextual", "partial")

    def __init__(self, context: Context, partial: bool) -> None:
        self.context = context
        self.partial = partial
        self.contextual = False


def parse_attribute(name: str, raw: Any, context: Context, *, partial: bool = False) -> list[Attribute]:
    """All instances that the JSON value `raw` of an entity's member `name` stands for.

    name: term or IRI. partial: a fragment for a merge or a partial update: the value may be missing, and
    `urn:ngsi-ld:null` deletes. Raises BadRequestData, which names the attribute.
    """
    iri = context.expand(name)
    if name == _PROOF:
        return [Attribute(iri, orjson.dumps(_proof(raw)))]
    if type(raw) is list and raw and all(_is_instance(item) for item in raw):
        instances = [_parse_instance(iri, name, item, context, partial) for item in raw]
        if len({instance.dataset_id for instance in instances}) != len(instances):
            raise BadRequestData(f"Attribute '{name}' has two instances with the same datasetId")
        return instances
    return [_parse_instance(iri, name, raw, context, partial)]


def _is_instance(raw: Any) -> bool:
    return type(raw) is dict and (raw.get("type") in _KINDS or not _KIND_OF_MEMBER.keys().isdisjoint(raw))


def _parse_instance(iri: str, name: str, raw: Any, context: Context, partial: bool) -> Attribute:
    reading = _Reading(context, partial)
    members = _canonical(raw, name, reading, 0)
    if (
        name in _PLACES
        and members.get("type", Kind.GEO_PROPERTY) != Kind.GEO_PROPERTY
        and not _is_null(members)
    ):
        raise BadRequestData(f"Attribute '{name}' must be a GeoProperty")
    return Attribute(iri, orjson.dumps(members), members.get("datasetId"), reading.contextual)


def _canonical(raw: Any, where: str, reading: _Reading, depth: int) -> dict[str, Any]:
    """The members of the canonical body, in order."""
    if type(raw) is not dict:
        return {"type": "Property", "value": _check_value(raw, where, reading)}
    kind = _kind_of(raw, where, reading.partial)
    if is_geometry(raw):
        return {"type": "GeoProperty", "value": require_geometry(raw, f"Attribute '{where}'")}
    members: dict[str, Any] = {}
    value_member = ""
    if kind is not None:
        value_member = VALUE_MEMBERS[kind]
        members["type"] = kind.value
        if value_member in raw:
            members[value_member] = _CHECKS[kind](raw[value_member], where, reading)
        elif not reading.partial:
            raise BadRequestData(
                f"Attribute '{where}' is a {kind.value} and needs the member '{value_member}'"
            )
    for key, value in raw.items():
        if key in ("type", value_member) or key in _IGNORED:
            continue
        if (
            key in _REFUSED
            or key in _KIND_OF_MEMBER
            or (key == "unitCode" and kind and kind not in _WITH_UNIT)
        ):
            raise BadRequestData(
                f"Attribute '{where}' is a {kind or 'fragment'} and cannot have the member '{key}'"
            )
        check = _CORE_MEMBERS.get(key)
        if check is not None:
            checked = check(value, where, reading)
            if checked is not None:
                members[key] = checked
        else:
            _add_subattribute(members, key, value, where, reading, depth)
    return members


def _proof(raw: Any) -> dict[str, Any]:
    """A proof of integrity (CIM 009 §4.5.2.2): the one attribute whose sealed members are plain strings."""
    if type(raw) is not dict or type(raw.get("value")) is not dict:
        raise BadRequestData(f"'{_PROOF}' must be a Property whose value is an object")
    return {
        "type": "Property",
        **{key: _bearable(value, _PROOF) for key, value in raw.items() if key != "type"},
    }


def _is_null(members: dict[str, Any]) -> bool:
    """Whether a fragment says: delete this attribute."""
    return NGSI_LD_NULL in members.values()


def _kind_of(raw: dict[str, Any], where: str, partial: bool) -> Kind | None:
    stated = raw.get("type")
    if isinstance(stated, str):
        kind = _KINDS.get(stated)
        if kind is not None:
            return kind
        if is_geometry(raw):
            return Kind.GEO_PROPERTY
        raise BadRequestData(
            f"Attribute '{where}' has the unknown type '{stated:.60}'; it may be one of {', '.join(_KINDS)}"
        )
    if stated is not None:
        raise BadRequestData(f"Attribute '{where}': 'type' must be a string")
    for member, kind in _KIND_OF_MEMBER.items():
        if member in raw:
            return Kind.GEO_PROPERTY if member == "value" and is_geometry(raw[member]) else kind
    if partial:
        return None
    raise BadRequestData(
        f"Attribute '{where}' has no value; an attribute is an object with 'value', 'object' or another value member"
    )


def _add_subattribute(
    members: dict[str, Any], key: str, value: Any, where: str, reading: _Reading, depth: int
) -> None:
    if depth >= _DEPTH_MAX:
        raise BadRequestData(f"Attribute '{where}' nests sub-attributes deeper than {_DEPTH_MAX} levels")
    inner = f"{where}.{key}"
    iri = reading.context.expand(key)
    if type(value) is list and value and all(_is_instance(item) for item in value):
        members[iri] = [_canonical(item, inner, reading, depth + 1) for item in value]
    else:
        members[iri] = _canonical(value, inner, reading, depth + 1)
    reading.contextual = True


# --- the value of each kind ---


def _check_value(value: Any, where: str, reading: _Reading) -> Any:
    if value == NGSI_LD_NULL and not reading.partial:
        raise BadRequestData(
            f"Attribute '{where}' is {NGSI_LD_NULL}, which only deletes what exists; leave it out"
        )
    if type(value) is dict and "@type" in value:
        return {**value, "@type": _datatype(value["@type"], where, reading)}
    return _without_null(value, where)


def _without_null(value: Any, where: str, depth: int = 0) -> Any:
    """The value, if nothing in it is null: JSON-LD would drop it. Nor may it be nested too deeply."""
    if value is None:
        raise BadRequestData(
            f"Attribute '{where}' contains null; leave it out, or delete it with {NGSI_LD_NULL} in a merge"
        )
    if type(value) is dict or type(value) is list:
        _require_depth(where, depth)
        for item in value.values() if type(value) is dict else value:
            _without_null(item, where, depth + 1)
    return value


def _check_relationship(value: Any, where: str, reading: _Reading) -> Any:
    if type(value) is list:
        return [require_uri(target, f"The object of relationship '{where}'") for target in value]
    if value == NGSI_LD_NULL and not reading.partial:
        raise BadRequestData(
            f"Attribute '{where}' is {NGSI_LD_NULL}, which only deletes what exists; leave it out"
        )
    return require_uri(value, f"The object of relationship '{where}'")


def _check_geometry(value: Any, where: str, reading: _Reading) -> Any:
    if value == NGSI_LD_NULL and reading.partial:
        return value
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise BadRequestData(
                f"Attribute '{where}' is a text that is not the JSON of a geometry: {error}"
            ) from error
    return require_geometry(value, f"Attribute '{where}'")


def _check_languages(value: Any, where: str, reading: _Reading) -> Any:
    if value == NGSI_LD_NULL and reading.partial:
        return value
    if type(value) is not dict or not all(
        tag
        and (
            isinstance(text, str) or (isinstance(text, list) and all(isinstance(part, str) for part in text))
        )
        and (text != NGSI_LD_NULL or reading.partial)
        for tag, text in value.items()
    ):
        raise BadRequestData(
            f"The languageMap of '{where}' must be an object of texts by language tag, such as {{'ko':'마당'}}"
        )
    return value


def _check_vocabulary(value: Any, where: str, reading: _Reading) -> Any:
    if value == NGSI_LD_NULL and reading.partial:
        return value
    reading.contextual = True
    if isinstance(value, str):
        return reading.context.expand(value)
    if type(value) is list and all(isinstance(term, str) for term in value):
        return [reading.context.expand(term) for term in value]
    raise BadRequestData(f"The vocab of '{where}' must be a term or a list of terms")


def _check_json(value: Any, where: str, reading: _Reading) -> Any:
    if (
        type(value) is not dict
        and type(value) is not list
        and not (value == NGSI_LD_NULL and reading.partial)
    ):
        raise BadRequestData(
            f"The json of '{where}' must be an object or an array; for a plain value use a Property"
        )
    return _bearable(value, where)


def _check_list(value: Any, where: str, reading: _Reading) -> Any:
    if type(value) is not list and not (value == NGSI_LD_NULL and reading.partial):
        raise BadRequestData(f"The valueList of '{where}' must be an array")
    return _bearable(value, where)


def _check_objects(value: Any, where: str, reading: _Reading) -> Any:
    if value == NGSI_LD_NULL and reading.partial:
        return value
    if type(value) is not list:
        raise BadRequestData(f"The objectList of '{where}' must be an array")
    targets = [target.get("object") if type(target) is dict else target for target in value]
    return [{"object": require_uri(target, f"Each object of '{where}'")} for target in targets]


_Check = Callable[[Any, str, _Reading], Any]
_CHECKS: Final[dict[Kind, _Check]] = {
    Kind.PROPERTY: _check_value,
    Kind.RELATIONSHIP: _check_relationship,
    Kind.GEO_PROPERTY: _check_geometry,
    Kind.LANGUAGE_PROPERTY: _check_languages,
    Kind.VOCAB_PROPERTY: _check_vocabulary,
    Kind.JSON_PROPERTY: _check_json,
    Kind.LIST_PROPERTY: _check_list,
    Kind.LIST_RELATIONSHIP: _check_objects,
}


def _bearable(value: Any, where: str, depth: int = 0) -> Any:
    """The value, if it is not nested too deeply."""
    if type(value) is dict or type(value) is list:
        _require_depth(where, depth)
        for item in value.values() if type(value) is dict else value:
            _bearable(item, where, depth + 1)
    return value


def _require_depth(where: str, depth: int) -> None:
    if depth >= LIMITS.json_depth_max:
        raise BadRequestData(f"The value of '{where}' is nested deeper than {LIMITS.json_depth_max} levels")


# --- the core members beside the value ---


def _observed_at(value: Any, where: str, reading: _Reading) -> Any:
    if value == NGSI_LD_NULL and reading.partial:
        return value
    return require_moment(value, f"observedAt of '{where}'")


def _text(member: str) -> _Check:
    def check(value: Any, where: str, reading: _Reading) -> Any:
        if not isinstance(value, str) or not value:
            raise BadRequestData(f"{member} of '{where}' must be a non-empty string")
        return value

    return check


def _dataset_id(value: Any, where: str, reading: _Reading) -> Any:
    if value == NGSI_LD_NULL:
        raise BadRequestData(f"datasetId of '{where}' cannot be deleted; delete the instance instead")
    return None if value == "@none" else require_uri(value, f"datasetId of '{where}'")


def _datatype(value: Any, where: str, reading: _Reading) -> Any:
    """A type of values: core ones keep their term, others become IRIs that depend on the context."""
    names = value if type(value) is list else [value]
    found: list[str] = []
    for name in names:
        if not isinstance(name, str):
            raise BadRequestData(f"A type in '{where}' must be a name or a list of names")
        if name == NGSI_LD_NULL:
            found.append(name)
            continue
        iri = reading.context.expand(name)
        core = iri.startswith(NGSI_LD) and "/" not in iri[len(NGSI_LD) :]
        reading.contextual = reading.contextual or not core
        found.append(iri[len(NGSI_LD) :] if core else iri)
    return found if type(value) is list else found[0]


_CORE_MEMBERS: Final[dict[str, _Check]] = {
    "observedAt": _observed_at,
    "unitCode": _text("unitCode"),
    "datasetId": _dataset_id,
    "valueType": _datatype,
    "objectType": _datatype,
    "lang": _text("lang"),
    "expiresAt": _observed_at,
}
CORE_MEMBERS: Final = frozenset(
    (*_CORE_MEMBERS, *VALUE_MEMBERS.values(), "type", "entityIdSealed", "entityTypeSealed")
)


# --- attributes made inside the platform ---


def _made(
    name: str, members: Mapping[str, Any], optional: Mapping[str, Any], contextual: bool = False
) -> Attribute:
    body = {**members, **{key: value for key, value in optional.items() if value is not None}}
    return Attribute(name, orjson.dumps(body), optional.get("datasetId"), contextual)


def property_(
    name: str,
    value: Any,
    *,
    observed_at: str | None = None,
    unit_code: str | None = None,
    dataset_id: str | None = None,
) -> Attribute:
    """A Property. name: IRI. value: JSON. observed_at: DateTime in UTC with "Z"."""
    optional = {"observedAt": observed_at, "unitCode": unit_code, "datasetId": dataset_id}
    return _made(name, {"type": "Property", "value": value}, optional)


def relationship(
    name: str, target: str | list[str], *, observed_at: str | None = None, dataset_id: str | None = None
) -> Attribute:
    """A Relationship to one URI or to several. Raises BadRequestData if one is no URI."""
    targets = [target] if isinstance(target, str) else target
    if not all(map(is_uri, targets)):
        raise BadRequestData(
            f"The object of relationship '{name}' must be absolute URIs, but is {targets!r:.200}"
        )
    return _made(
        name, {"type": "Relationship", "object": target}, {"observedAt": observed_at, "datasetId": dataset_id}
    )


def geo_property(
    name: str, geometry: Mapping[str, Any], *, observed_at: str | None = None, dataset_id: str | None = None
) -> Attribute:
    """A GeoProperty. geometry: GeoJSON in WGS 84. Raises BadRequestData if it is malformed."""
    value = require_geometry(dict(geometry), f"'{name}'")
    return _made(
        name, {"type": "GeoProperty", "value": value}, {"observedAt": observed_at, "datasetId": dataset_id}
    )


def language_property(
    name: str, texts: Mapping[str, str], *, observed_at: str | None = None, dataset_id: str | None = None
) -> Attribute:
    """A LanguageProperty. texts: by language tag."""
    members = {"type": "LanguageProperty", "languageMap": dict(texts)}
    return _made(name, members, {"observedAt": observed_at, "datasetId": dataset_id})
