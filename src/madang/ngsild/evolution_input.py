"""Histories as clients write them: an entity whose attributes are arrays of instances (CIM 009 §5.2.20).

Each attribute is an array of instances, a single instance, or an object of temporalValues (§4.5.9), which is
read as the instances that it stands for, each with its time as observedAt.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import orjson

from madang.errors import BadRequestData
from madang.ngsild.attribute import parse_attribute
from madang.ngsild.attribute_values import Part
from madang.ngsild.context import Context
from madang.ngsild.entity import VALUE_MEMBERS, Attribute, Entity, Kind
from madang.ngsild.evolution import is_deletion
from madang.ngsild.parse import (
    NOT_ATTRIBUTES,
    parse_entity,
    parse_fragment,
    parse_scope,
    require_object,
)
from madang.ngsild.scopes_over_time import SCOPE, scope_instance
from madang.ngsild.times import require_moment

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
_SCOPE_MEMBERS: Final = frozenset(
    ("type", "value", "values", "observedAt", "createdAt", "modifiedAt", "deletedAt", "instanceId")
)
_NUMBERS: Final = frozenset((int, float))
_WRAPPED: Final = frozenset((Kind.LANGUAGE_PROPERTY, Kind.VOCAB_PROPERTY, Kind.JSON_PROPERTY))


def parse_evolution(raw: Any, context: Context, entity_id: str | None = None) -> Entity:
    """An entity whose attributes are all instances that the body names, in its order.

    entity_id: the id if the request names it elsewhere; then type is optional. Raises BadRequestData.
    """
    members = require_object(raw, "The temporal representation of an entity")
    if entity_id is not None and NOT_ATTRIBUTES.isdisjoint(members):
        instances = [one for name, value in members.items() for one in _instances(name, value, context)]
        return Entity(entity_id, (), tuple(instances))
    head = {name: value for name, value in members.items() if name in NOT_ATTRIBUTES}
    attributes: list[Attribute] = []
    if _has_times(head.get("scope")):
        attributes.extend(_scope_instances(head.pop("scope")))
    entity = parse_entity(head, context) if entity_id is None else parse_fragment(head, context, entity_id)
    for name, value in members.items():
        if name not in NOT_ATTRIBUTES:
            attributes.extend(_instances(name, value, context))
    return msgspec.structs.replace(entity, attributes=tuple(attributes))


def parse_instance(name: str, raw: Any, context: Context) -> Attribute:
    """The one instance that a correction puts in the place of another (§5.6.14). Raises BadRequestData.

    raw: the instance, an array of it, or a fragment of the entity with the attribute in it."""
    if isinstance(raw, dict):
        raw = {key: value for key, value in raw.items() if key != "@context"}
        named = [value for key, value in raw.items() if key == name or _expands_to(key, name, context)]
        if named and "type" not in raw:
            raw = named[0]
    found = _scope_instances(raw) if context.expand(name) == SCOPE else _instances(name, raw, context)
    if len(found) != 1:
        raise BadRequestData(f"The body must be exactly one instance of '{name}', but has {len(found)}")
    return found[0]


def _has_times(scope: Any) -> bool:
    """Whether the scope is in its temporal representation (§4.5.6); else it is what is valid from now on."""
    return isinstance(scope, dict) or (
        isinstance(scope, list) and any(isinstance(one, dict) for one in scope)
    )


def _scope_instances(raw: Any) -> list[Attribute]:
    """The instances of the scope: an array of them, one alone, or temporalValues."""
    instances = []
    for one in raw if isinstance(raw, list) else [raw]:
        members = require_object(one, "Each instance of 'scope'")
        if members.get("type", "Property") != "Property" or members.keys() - _SCOPE_MEMBERS:
            raise BadRequestData(
                "Each instance of 'scope' must be a Property with nothing but value, observedAt and system attributes"
            )
        pairs = (
            members["values"] if "values" in members else [[members.get("value"), members.get("observedAt")]]
        )
        if not isinstance(pairs, list):
            raise BadRequestData("'values' of 'scope' must be an array of pairs of value and time")
        for pair in pairs:
            if not isinstance(pair, list) or len(pair) != 2:
                raise BadRequestData("Each of the values of 'scope' must be a pair of value and time")
            moment = require_moment(pair[1], "observedAt of 'scope'")
            instances.append(scope_instance(parse_scope(pair[0], "The entity"), moment))
    return instances


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
    if type(raw) is dict and type(raw.get("value")) in _NUMBERS:
        return parse_attribute(name, raw, context)
    if isinstance(raw, dict) and is_deletion(raw):
        return _deletion(name, raw, context)
    plural = next((member for member in _PLURALS if member in raw), None) if isinstance(raw, dict) else None
    if plural is None or VALUE_MEMBERS[_kind(raw, plural)] in raw:
        return parse_attribute(name, raw, context)
    rest = {key: value for key, value in raw.items() if key not in (plural, "type")}
    pairs = raw[plural]
    if not isinstance(pairs, list):
        raise BadRequestData(f"'{plural}' of '{name}' must be an array of pairs of value and time")
    return [_of_pair(name, _kind(raw, plural), pair, rest, context) for pair in pairs]


def _deletion(name: str, raw: dict[str, Any], context: Context) -> list[Attribute]:
    found = parse_attribute(name, raw, context, partial=Part.UPDATE)
    if "deletedAt" not in raw:
        return found
    moment = require_moment(raw["deletedAt"], f"deletedAt of '{name}'")
    return [
        msgspec.structs.replace(one, body=orjson.dumps({**one.members(), "deletedAt": moment}))
        for one in found
    ]


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
