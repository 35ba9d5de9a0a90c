"""Entities for readers of an earlier version of NGSI-LD: what that version does not know falls back (CIM 009 §4.3.6.8)."""

from __future__ import annotations

import re
from typing import Any, Final

from madang.ngsild.attribute_values import CORE_MEMBERS
from madang.ngsild.entity import VALUE_MEMBERS, Kind

Version = tuple[int, int]
NATIVE: Final[Version] = (1, 9)

_WISH: Final = re.compile(r'(?:^|,)\s*ngsi-ld\s*=\s*"?(\d{1,3})\.(\d{1,3})"?\s*(?:[;,]|$)', re.IGNORECASE)
# The version that brought each of them
_KINDS: Final = {
    Kind.LANGUAGE_PROPERTY: (1, 4),
    Kind.VOCAB_PROPERTY: (1, 8),
    Kind.JSON_PROPERTY: (1, 8),
    Kind.LIST_PROPERTY: (1, 8),
    Kind.LIST_RELATIONSHIP: (1, 8),
}
_OF_ENTITIES: Final = {"expiresAt": (1, 9), "scope": (1, 4)}
_OF_ATTRIBUTES: Final = {
    "expiresAt": (1, 9),
    "valueType": (1, 9),
    "objectType": (1, 8),
    "datasetId": (1, 3),
    "observedAt": (1, 3),
    "unitCode": (1, 3),
}
# Members that hold values and no attributes
_VALUES: Final = CORE_MEMBERS | {
    "previous" + member[0].upper() + member[1:] for member in VALUE_MEMBERS.values()
}
_SEVERAL: Final = (1, 3)
_KIND_OF_MEMBER: Final = {member: kind for kind, member in VALUE_MEMBERS.items() if kind in _KINDS}
_HEAD: Final = frozenset(
    ("id", "type", "scope", "@context", "createdAt", "modifiedAt", "deletedAt", "expiresAt")
)


def preferred_version(prefer: str) -> Version | None:
    """The version that a Prefer header asks for (RFC 7240), at most the one there is; None if it asks for none."""
    wish = _WISH.search(prefer)
    return min((int(wish[1]), int(wish[2])), NATIVE) if wish is not None else None


def amended(entity: dict[str, Any], version: Version) -> dict[str, Any]:
    """A normalized or concise entity as that version has it. The same object if nothing differs."""
    written: dict[str, Any] = {}
    for name, value in entity.items():
        if name not in _HEAD:
            written[name] = _attribute(value, version)
        elif version >= _OF_ENTITIES.get(name, (0, 0)):
            several = name == "type" and isinstance(value, list) and version < _SEVERAL
            written[name] = value[0] if several else value
    return entity if written == entity else written


def _attribute(value: Any, version: Version) -> Any:
    """One attribute with all its instances; before there were several, the default one stands for all."""
    if isinstance(value, list):
        if version < _SEVERAL:
            default = [one for one in value if not (isinstance(one, dict) and "datasetId" in one)]
            return _instance((default or value)[0], version)
        return [_instance(one, version) for one in value]
    return _instance(value, version)


def _instance(instance: Any, version: Version) -> Any:
    if not isinstance(instance, dict):
        return instance
    kind = next((_KIND_OF_MEMBER[member] for member in instance if member in _KIND_OF_MEMBER), None)
    written: dict[str, Any] = {}
    for name, value in instance.items():
        if version < _OF_ATTRIBUTES.get(name, (0, 0)):
            continue
        if name == "entity" and isinstance(value, dict):
            written[name] = amended(value, version)
        else:
            is_attribute = isinstance(value, dict | list) and name not in _VALUES
            written[name] = _attribute(value, version) if is_attribute else value
    if kind is None or version >= _KINDS[kind]:
        return written
    return _fallen_back(written, kind)


def _fallen_back(instance: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """As the Property or the Relationship that an earlier version has for it."""
    plain = Kind.RELATIONSHIP if kind is Kind.LIST_RELATIONSHIP else Kind.PROPERTY
    member = VALUE_MEMBERS[kind]
    value = instance[member]
    if kind is Kind.LIST_RELATIONSHIP and isinstance(value, list):
        value = [item["object"] if isinstance(item, dict) else item for item in value]
    names = {"type": ("type", plain.value), member: (VALUE_MEMBERS[plain], value)}
    return dict(names.get(name, (name, old)) for name, old in instance.items())
