"""Histories as clients write them: an entity whose attributes are arrays of instances (CIM 009 §5.2.20).

Each attribute is an array of instances, a single instance, or an object of temporalValues (§4.5.9), which is
read as the instances that it stands for, each with its time as observedAt.
"""

from __future__ import annotations

from typing import Any, Final

from madang.errors import BadRequestData
from madang.ngsild.attribute import parse_attribute
from madang.ngsild.context import Context
from madang.ngsild.entity import VALUE_MEMBERS, Attribute, Entity, Kind
from madang.ngsild.parse import NOT_ATTRIBUTES, parse_entity, parse_fragment, require_object

_PLURALS: Final = {
    "objects": Kind.RELATIONSHIP,
    "languageMaps": Kind.LANGUAGE_PROPERTY,
    "vocabs": Kind.VOCAB_PROPERTY,
    "jsons": Kind.JSON_PROPERTY,
    "valueLists": Kind.LIST_PROPERTY,
    "objectLists": Kind.LIST_RELATIONSHIP,
    "values": Kind.PROPERTY,
}
_VALUE_KINDS: Final = {"Property": Kind.PROPERTY, "GeoProperty": Kind.GEO_PROPERTY}
_WRAPPED: Final = frozenset((Kind.LANGUAGE_PROPERTY, Kind.VOCAB_PROPERTY, Kind.JSON_PROPERTY))


def parse_evolution(raw: Any, context: Context, entity_id: str | None = None) -> Entity:
    """An entity whose attributes are all instances that the body names, in its order.

    entity_id: the id if the request names it elsewhere; then type is optional. Raises BadRequestData.
    """
    members = require_object(raw, "The temporal representation of an entity")
    head = {name: value for name, value in members.items() if name in NOT_ATTRIBUTES}
    entity = parse_entity(head, context) if entity_id is None else parse_fragment(head, context, entity_id)
    attributes: list[Attribute] = []
    for name, value in members.items():
        if name not in NOT_ATTRIBUTES:
            attributes.extend(_instances(name, value, context))
    return Entity(entity.id, entity.types, tuple(attributes), entity.scope)


def parse_instance(name: str, raw: Any, context: Context) -> Attribute:
    """The one instance that a correction puts in the place of another (§5.6.14). Raises BadRequestData.

    raw: the instance, an array of it, or a fragment of the entity with the attribute in it."""
    if isinstance(raw, dict):
        raw = {key: value for key, value in raw.items() if key != "@context"}
        named = [value for key, value in raw.items() if key == name or _expands_to(key, name, context)]
        if named and "type" not in raw:
            raw = named[0]
    found = _instances(name, raw, context)
    if len(found) != 1:
        raise BadRequestData(f"The body must be exactly one instance of '{name}', but has {len(found)}")
    return found[0]


def _expands_to(key: str, name: str, context: Context) -> bool:
    return key not in NOT_ATTRIBUTES and context.expand(key) == context.expand(name)


def _instances(name: str, raw: Any, context: Context) -> list[Attribute]:
    if isinstance(raw, list):
        if not raw or not all(isinstance(item, dict) for item in raw):
            raise BadRequestData(f"Attribute '{name}' must be an array of instances, each an object")
        return [instance for item in raw for instance in _instances_of(name, item, context)]
    return _instances_of(name, raw, context)


def _instances_of(name: str, raw: Any, context: Context) -> list[Attribute]:
    """The instances of one object: itself, or those that its temporalValues stand for."""
    plural = next((member for member in _PLURALS if member in raw), None) if isinstance(raw, dict) else None
    if plural is None or VALUE_MEMBERS[_kind(raw, plural)] in raw:
        return parse_attribute(name, raw, context)
    rest = {key: value for key, value in raw.items() if key not in (plural, "type")}
    pairs = raw[plural]
    if not isinstance(pairs, list):
        raise BadRequestData(f"'{plural}' of '{name}' must be an array of pairs of value and time")
    return [_of_pair(name, _kind(raw, plural), pair, rest, context) for pair in pairs]


def _kind(raw: dict[str, Any], plural: str) -> Kind:
    stated = raw.get("type")
    if plural == "values" and isinstance(stated, str):
        return _VALUE_KINDS.get(stated, Kind.PROPERTY)
    return _PLURALS[plural]


def _of_pair(name: str, kind: Kind, pair: Any, rest: dict[str, Any], context: Context) -> Attribute:
    if not isinstance(pair, list) or len(pair) != 2:
        raise BadRequestData(f"Each of the values of '{name}' must be a pair of value and time")
    value, time = pair
    member = kind.value_member
    if kind in _WRAPPED and isinstance(value, dict) and value.keys() == {member}:
        value = value[member]
    members = {"type": kind.value, member: value, **rest, "observedAt": time}
    return parse_attribute(name, members, context)[0]
