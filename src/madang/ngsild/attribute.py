"""Attributes as clients write them, normalized or concise, checked and made canonical (CIM 009 §4.5.2).

`parse_attribute` is the one place where the JSON of an attribute becomes an `Attribute`; the functions below
it make attributes from values for writers inside the platform. What a canonical body is stands in `entity.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from madang.errors import BadRequestData
from madang.ngsild.attribute_values import MEMBER_CHECKS, VALUE_CHECKS, Part, Reading, bearable, check_value
from madang.ngsild.context import Context
from madang.ngsild.core_terms import CORE_TERMS
from madang.ngsild.entity import VALUE_MEMBERS, Attribute, Kind
from madang.ngsild.geometry import is_geometry, require_geometry
from madang.ngsild.identifier import NGSI_LD_NULL, is_uri
from madang.ngsild.times import require_moment

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
# What only an answer has (§5.2.5 to §5.2.8): taken no notice of in an attribute of its kind
_PREVIOUS: Final = {kind: f"previous{kind.value_member[0].upper()}{kind.value_member[1:]}" for kind in Kind}
# What may not be written, because it is of another kind of attribute or of another place
_REFUSED: Final = frozenset(
    (
        "@context",
        *_PREVIOUS.values(),
        "entityIdSealed",
        "entityTypeSealed",
    )
)
_PROOF: Final = "ngsildproof"
_PROOF_MEMBERS: Final = frozenset(("type", "value", "entityIdSealed", "entityTypeSealed"))
_LANGUAGE_TEXT: Final = "langString"
_WITH_UNIT: Final = frozenset((Kind.PROPERTY, Kind.LIST_PROPERTY))
# Core attributes whose values are places (CIM 009 §4.7.1)
_PLACES: Final = frozenset(("location", "observationSpace", "operationSpace"))
# Terms of the core @context that are members of attributes, not attributes (CIM 009 §4.5.1)
NOT_REIFIED: Final = frozenset(("datasetId", "instanceId", "observedAt", "unitCode", *_KIND_OF_MEMBER))
_DEPTH_MAX: Final = 10
_NUMBERS: Final = frozenset((int, float))
_PLAIN_ORDERS: Final = frozenset(
    ("type", "value", *rest)
    for rest in ((), ("unitCode",), ("observedAt",), ("unitCode", "observedAt"), ("observedAt", "unitCode"))
)


def parse_attribute(name: str, raw: Any, context: Context, *, partial: Part = Part.WHOLE) -> list[Attribute]:
    """All instances that the JSON value `raw` of an entity's member `name` stands for.

    name: term or IRI. partial: whether the value may be missing, and where `urn:ngsi-ld:null` may stand.
    Raises BadRequestData, which names the attribute.
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


def _parse_instance(iri: str, name: str, raw: Any, context: Context, partial: Part) -> Attribute:
    if type(raw) is dict and tuple(raw) in _PLAIN_ORDERS and _is_plain(raw) and name not in _PLACES:
        moment = raw.get("observedAt")
        if moment is None or require_moment(moment, f"observedAt of '{name}'") == moment:
            return Attribute(iri, orjson.dumps(raw))
    reading = Reading(context, partial)
    members = _canonical(raw, name, reading, 0)
    if (
        name in _PLACES
        and members.get("type", Kind.GEO_PROPERTY) != Kind.GEO_PROPERTY
        and not _is_null(members)
    ):
        raise BadRequestData(f"Attribute '{name}' must be a GeoProperty")
    return Attribute(iri, orjson.dumps(members), members.get("datasetId"), reading.contextual)


def _is_plain(raw: dict[str, Any]) -> bool:
    """Whether this is a number or a text as most readings are: canonical as it stands but for its moment."""
    value = raw["value"]
    return (
        raw["type"] == "Property"
        and (type(value) in _NUMBERS or (type(value) is str and value != NGSI_LD_NULL))
        and ("unitCode" not in raw or (type(raw["unitCode"]) is str and raw["unitCode"] != ""))
        and raw.get("observedAt") != NGSI_LD_NULL
    )


def _canonical(raw: Any, where: str, reading: Reading, depth: int) -> dict[str, Any]:
    """The members of the canonical body, in order."""
    if type(raw) is not dict:
        return {"type": "Property", "value": check_value(raw, where, reading)}
    kind = _kind_of(raw, where, reading.partial)
    if is_geometry(raw):
        return {"type": "GeoProperty", "value": require_geometry(raw, f"Attribute '{where}'")}
    members: dict[str, Any] = {}
    value_member = ""
    if kind is not None:
        value_member = VALUE_MEMBERS[kind]
        members["type"] = kind.value
        if value_member in raw:
            members[value_member] = VALUE_CHECKS[kind](raw[value_member], where, reading)
        elif not reading.partial:
            raise BadRequestData(
                f"Attribute '{where}' is a {kind.value} and needs the member '{value_member}'"
            )
    for key, value in raw.items():
        if key in ("type", value_member) or key in _IGNORED or (kind and key == _PREVIOUS[kind]):
            continue
        if (
            key in _REFUSED
            or key in _KIND_OF_MEMBER
            or (key == "unitCode" and kind and kind not in _WITH_UNIT)
        ):
            raise BadRequestData(
                f"Attribute '{where}' is a {kind or 'fragment'} and cannot have the member '{key}'"
            )
        check = MEMBER_CHECKS.get(key)
        if check is not None:
            checked = check(value, where, reading)
            if checked is not None:
                members[key] = checked
            if key == "valueType" and kind is Kind.LANGUAGE_PROPERTY:
                _require_language_text(checked, where)
        else:
            _add_subattribute(members, key, value, where, reading, depth)
    return members


def _require_language_text(value_type: Any, where: str) -> None:
    if value_type != CORE_TERMS[_LANGUAGE_TEXT]:
        raise BadRequestData(f"The valueType of the LanguageProperty '{where}' can only be {_LANGUAGE_TEXT}")


def _proof(raw: Any) -> dict[str, Any]:
    """A proof of integrity (CIM 009 §4.5.2.2): the one attribute whose sealed members are plain strings."""
    if type(raw) is not dict or type(raw.get("value")) is not dict:
        raise BadRequestData(f"'{_PROOF}' must be a Property whose value is an object")
    for sealed in ("entityIdSealed", "entityTypeSealed"):
        if not isinstance(raw.get(sealed, ""), str):
            raise BadRequestData(f"{sealed} of '{_PROOF}' must be a string")
    members = {key: bearable(value, _PROOF) for key, value in raw.items() if key not in _IGNORED}
    unknown = members.keys() - _PROOF_MEMBERS
    if unknown:
        raise BadRequestData(f"'{_PROOF}' cannot have the member '{min(unknown)[:60]}'")
    return {"type": "Property", **{key: value for key, value in members.items() if key != "type"}}


def _is_null(members: dict[str, Any]) -> bool:
    """Whether a fragment says: delete this attribute."""
    return NGSI_LD_NULL in members.values()


def _kind_of(raw: dict[str, Any], where: str, partial: Part) -> Kind | None:
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
    members: dict[str, Any], key: str, value: Any, where: str, reading: Reading, depth: int
) -> None:
    if depth >= _DEPTH_MAX:
        raise BadRequestData(f"Attribute '{where}' nests sub-attributes deeper than {_DEPTH_MAX} levels")
    inner = f"{where}.{key}"
    iri = reading.context.expand(key)
    if key == _PROOF:
        members[iri] = _proof(value)
    elif type(value) is list and value and all(_is_instance(item) for item in value):
        members[iri] = [_canonical(item, inner, reading, depth + 1) for item in value]
    else:
        members[iri] = _canonical(value, inner, reading, depth + 1)
    reading.contextual = True


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
