"""Transient entities and attributes: what of an entity has passed its expiresAt, and what will be next (CIM 009 §4.22)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import orjson

from madang.ngsild.attribute_values import CORE_MEMBERS
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.times import parse_moment

# In the body of every attribute with something in it that expires; in others only within a value
MARK: Final = b'"expiresAt"'


def next_expiry(entity: Entity) -> int:
    """The moment at which the first thing of the entity expires, in microseconds; 0 if nothing does."""
    moments = [entity.expires_at] if entity.expires_at else []
    for attribute in entity.attributes:
        if MARK in attribute.body:
            moments.extend(_moments(attribute.members()))
    return min(moments, default=0)


def without_expired(attribute: Attribute, now: int) -> Attribute | None:
    """The attribute without the sub-attributes whose time has passed; None if its own has, itself if nothing has."""
    if MARK not in attribute.body:
        return attribute
    members = attribute.members()
    if min(_moments(members), default=now + 1) > now:
        return attribute
    kept = _kept(members, now)
    return msgspec.structs.replace(attribute, body=orjson.dumps(kept)) if kept is not None else None


def _moments(members: dict[str, Any]) -> Iterator[int]:
    if "expiresAt" in members:
        yield parse_moment(members["expiresAt"])
    for key, value in members.items():
        if key not in CORE_MEMBERS:
            for inner in _instances(value):
                yield from _moments(inner)


def _instances(value: Any) -> list[dict[str, Any]]:
    """The instances of a sub-attribute."""
    return [inner for inner in (value if isinstance(value, list) else [value]) if isinstance(inner, dict)]


def _kept(members: dict[str, Any], now: int) -> dict[str, Any] | None:
    if "expiresAt" in members and parse_moment(members["expiresAt"]) <= now:
        return None
    kept: dict[str, Any] = {}
    for key, value in members.items():
        inner = _instances(value) if key not in CORE_MEMBERS else []
        left = [one for one in (_kept(one, now) for one in inner) if one is not None]
        if not inner:
            kept[key] = value
        elif left:
            kept[key] = left if len(left) > 1 else left[0]
    return kept
