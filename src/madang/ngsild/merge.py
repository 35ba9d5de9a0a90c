"""What a fragment's attribute makes of the one that is there: merge (CIM 009 §5.5.12) and partial update (§5.5.8).

Values that a fragment deletes are `urn:ngsi-ld:null`; the parser has already given the null of every kind that
one form.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import orjson

from madang.errors import BadRequestData
from madang.ngsild.attribute_values import CORE_MEMBERS
from madang.ngsild.changes import Merging
from madang.ngsild.entity import VALUE_MEMBERS, Attribute, Kind
from madang.ngsild.identifier import NGSI_LD_NULL, is_uri

_VALUES: Final = frozenset(VALUE_MEMBERS.values())
# Values that are merged by their members; all others are replaced whole
_DEEP: Final = frozenset(("value", "languageMap"))
# Core members that an attribute keeps when it becomes another kind
_OF_EVERY_KIND: Final = frozenset(("type", "datasetId", "observedAt", "expiresAt"))
_NULL_BYTES: Final = NGSI_LD_NULL.encode()


def deletes(patch: Attribute) -> bool:
    """Whether a fragment's attribute says: delete me."""
    return _NULL_BYTES in patch.body and _is_null(patch.members())


def _is_null(members: dict[str, Any]) -> bool:
    return any(members.get(member) == NGSI_LD_NULL for member in _VALUES)


def merged(old: Attribute | None, patch: Attribute, merging: Merging, where: str) -> Attribute:
    """The attribute after the merge. old: None if the entity has no such instance. where: the entity's id.

    Raises BadRequestData if it would be left without a value, or where values alone are merged that do not fit
    the attribute's kind."""
    members = patch.members()
    if old is None:
        if "type" not in members:
            raise BadRequestData(f"Attribute '{patch.name}' of {where} is new and needs a value")
        return msgspec.structs.replace(patch, body=orjson.dumps(without_nulls(members)))
    before = old.members()
    kind = Kind(before["type"])
    if merging.language and kind is Kind.LANGUAGE_PROPERTY and _is_text(members.get("value")):
        members = {
            "type": kind.value,
            "languageMap": {merging.language: members["value"]},
            **_beside(members),
        }
    elif merging.simplified and members.get("type", kind) != kind:
        members = _value_of_kind(kind, members, f"Attribute '{patch.name}' of {where}")
    if merging.observed_at and "observedAt" in before:
        members.setdefault("observedAt", merging.observed_at)
    after = _merged_members(before, members)
    if VALUE_MEMBERS[Kind(after["type"])] not in after:
        raise BadRequestData(f"Attribute '{patch.name}' of {where} would be left without a value")
    return Attribute(patch.name, orjson.dumps(after), patch.dataset_id, old.contextual or patch.contextual)


def partly_updated(old: Attribute, patch: Attribute, where: str) -> Attribute:
    """The attribute with the fragment's members in the place of its own (CIM 009 §5.6.4). where: the entity's id.

    Raises BadRequestData if it would become another kind of attribute."""
    members = patch.members()
    before = old.members()
    if members.get("type", before["type"]) != before["type"]:
        raise BadRequestData(
            f"Attribute '{patch.name}' of {where} is a {before['type']} and cannot become a {members['type']} "
            "by a partial update; replace it with PUT"
        )
    after = without_nulls({**before, **members})
    return Attribute(patch.name, orjson.dumps(after), patch.dataset_id, old.contextual or patch.contextual)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and bool(value) and all(isinstance(part, str) for part in value)
    )


def _value_of_kind(kind: Kind, members: dict[str, Any], what: str) -> dict[str, Any]:
    """The value that stands alone as the value of an attribute of this kind. Raises BadRequestData."""
    value = members.get("value")
    values = value if isinstance(value, list) else [value]
    if kind is Kind.PROPERTY and value is not None:
        return {"type": kind.value, "value": value}
    if kind is Kind.RELATIONSHIP and all(map(is_uri, values)):
        return {"type": kind.value, "object": value}
    if kind is Kind.LIST_RELATIONSHIP and all(map(is_uri, values)):
        return {"type": kind.value, "objectList": [{"object": target} for target in values]}
    if kind is Kind.LIST_PROPERTY and isinstance(value, list):
        return {"type": kind.value, "valueList": value}
    raise BadRequestData(
        f"{what} is a {kind.value}, and the simplified value does not fit it; to change the kind, merge the "
        "normalized form"
    )


def _beside(members: dict[str, Any]) -> dict[str, Any]:
    """The members other than type and value."""
    return {key: value for key, value in members.items() if key != "type" and key not in _VALUES}


def _goes(key: str, value: Any) -> bool:
    """Whether a member of a fragment says that the member of this name goes."""
    return value == NGSI_LD_NULL or (key not in CORE_MEMBERS and isinstance(value, dict) and _is_null(value))


def _merged_members(before: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """The members of an attribute or sub-attribute after the merge; its type stands first."""
    after = dict(before)
    if patch.get("type", before["type"]) != before["type"]:
        after = {
            key: value for key, value in before.items() if key in _OF_EVERY_KIND or key not in CORE_MEMBERS
        }
    for key, value in patch.items():
        known = after.get(key)
        if _goes(key, value):
            after.pop(key, None)
        elif not isinstance(value, dict) or not isinstance(known, dict):
            after[key] = _cleaned(key, value)
        elif key in _DEEP:
            after[key] = _merged_json(known, value)
        else:
            after[key] = value if key in CORE_MEMBERS else _merged_members(known, value)
    return after


def without_nulls(members: dict[str, Any]) -> dict[str, Any]:
    """A fragment's attribute as it can stand for itself: without what only says that something goes."""
    return {key: _cleaned(key, value) for key, value in members.items() if not _goes(key, value)}


def _cleaned(key: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if key in _DEEP:
        return _without_json_nulls(value)
    return value if key in CORE_MEMBERS else without_nulls(value)


def _merged_json(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """JSON merge patch (RFC 7396) with `urn:ngsi-ld:null` in the place of null."""
    after = dict(target)
    for key, value in patch.items():
        if value == NGSI_LD_NULL:
            after.pop(key, None)
        elif isinstance(value, dict) and isinstance(after.get(key), dict):
            after[key] = _merged_json(after[key], value)
        else:
            after[key] = _without_json_nulls(value)
    return after


def _without_json_nulls(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_json_nulls(item) for key, item in value.items() if item != NGSI_LD_NULL}
