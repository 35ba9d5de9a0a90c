"""Taking links to some entities out of others: what an erasure leaves of those that named the erased one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import orjson

from madang.ngsild.entity import VALUE_MEMBERS, Attribute, Entity, Kind

_VALUES: Final = frozenset(VALUE_MEMBERS.values())


class _Gone:
    """What nothing is left of."""


_GONE: Final = _Gone()


def without_links(entity: Entity, ids: frozenset[str]) -> Entity:
    """The entity without every relationship to one of these ids, also those of its attributes; the same object if it
    has none. Of several targets the others stay; an attribute in which an id stands otherwise goes."""
    needles = needles_of(ids)
    kept = []
    for attribute in entity.attributes:
        found: Attribute | None = attribute
        if mentions(attribute.body, needles):
            found = _without(attribute, ids)
        if found is not None and not mentions(found.body, needles):
            kept.append(found)
    if len(kept) == len(entity.attributes) and all(map(_same, kept, entity.attributes)):
        return entity
    return msgspec.structs.replace(entity, attributes=tuple(kept))


def needles_of(ids: Iterable[str]) -> tuple[bytes, ...]:
    """How the ids stand in a body."""
    return tuple(orjson.dumps(one) for one in ids)


def mentions(body: bytes, needles: Iterable[bytes]) -> bool:
    return any(needle in body for needle in needles)


def _same(one: Attribute, other: Attribute) -> bool:
    return one is other


def _without(attribute: Attribute, ids: frozenset[str]) -> Attribute | None:
    members = attribute.members()
    left = _pruned(members, ids)
    if isinstance(left, _Gone):
        return None
    return attribute if left == members else msgspec.structs.replace(attribute, body=orjson.dumps(left))


def _pruned(members: dict[str, Any], ids: frozenset[str]) -> dict[str, Any] | _Gone:
    """The members of an attribute without what leads to one of the ids."""
    left: dict[str, Any] = {}
    for name, value in members.items():
        kept = _targets(value, ids) if name in _VALUES else _member(value, ids)
        if isinstance(kept, _Gone):
            if name in _VALUES:
                return _GONE
            continue
        left[name] = kept
    return left


def _targets(value: Any, ids: frozenset[str]) -> Any:
    """What stays of a value: the targets of a relationship, texts of a list."""
    if isinstance(value, str):
        return _GONE if value in ids else value
    if isinstance(value, dict):
        target = value.get("object")
        return _GONE if isinstance(target, str) and target in ids else value
    if isinstance(value, list) and value:
        kept = [one for one in value if not isinstance(_targets(one, ids), _Gone)]
        return kept or _GONE
    return value


def _member(value: Any, ids: frozenset[str]) -> Any:
    """A member that may be an attribute of the attribute, or several instances of one."""
    if isinstance(value, dict) and value.get("type") in _KINDS:
        return _pruned(value, ids)
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        kept = [left for one in value if not isinstance(left := _member(one, ids), _Gone)]
        return kept or _GONE
    return value


_KINDS: Final = frozenset(kind.value for kind in Kind)
