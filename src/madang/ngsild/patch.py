"""What each change makes of an entity: one pure function, `apply`, for every store (CIM 009 §5.5.8, §5.6).

Attributes that a change does not touch stay the same objects, so a store sees by identity what it must write.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import orjson

from madang.errors import AlreadyExists, BadRequestData, NotFound, NotSupported
from madang.ngsild.changes import (
    AppendHistory,
    Change,
    Delete,
    DeleteAttribute,
    DeleteHistory,
    Mode,
    Outcome,
    PatchAttribute,
    PatchInstance,
    Write,
)
from madang.ngsild.core_terms import NGSI_LD
from madang.ngsild.entity import VALUE_MEMBERS, Attribute, Entity, Kind
from madang.ngsild.identifier import NGSI_LD_NULL
from madang.ngsild.times import parse_moment

SCOPE: Final = NGSI_LD + "scope"
Key = tuple[str, str | None]
_VALUES: Final = frozenset(VALUE_MEMBERS.values())
# Values that a merge replaces whole although they may be objects
_OPAQUE: Final = frozenset(("json",))
_TYPED: Final = b'{"type":'
_NULL_BYTES: Final = NGSI_LD_NULL.encode()


class Applied(msgspec.Struct, frozen=True):
    """entity: as it is now, None if it went. written: instances that history must remember. removed: what went."""

    entity: Entity | None
    outcome: Outcome
    written: tuple[Attribute, ...] = ()
    removed: tuple[Key, ...] = ()


def apply(change: Change, entity: Entity | None, now: int) -> Applied:
    """Decide what `change` makes of `entity` (None: it does not exist) at the moment `now` (microseconds).

    Raises AlreadyExists, NotFound or BadRequestData; the entity is then as before.
    """
    match change:
        case Write(mode, fragment):
            return _write(mode, fragment, entity, now)
        case PatchAttribute():
            return _patch_attribute(change, _existing(entity, change.id), now)
        case DeleteAttribute():
            return _delete_attribute(change, _existing(entity, change.id), now)
        case Delete(identifier):
            return Applied(None, Outcome(identifier, deleted=True), (), _keys(_existing(entity, identifier)))
        case AppendHistory(fragment):
            return _append_history(fragment, entity, now)
        case DeleteHistory() | PatchInstance():
            raise NotSupported(
                "A correction of history changes no entity; the store applies it to the history"
            )


def _existing(entity: Entity | None, identifier: str) -> Entity:
    if entity is None:
        raise NotFound(f"Entity {identifier} does not exist")
    return entity


def _keys(entity: Entity) -> tuple[Key, ...]:
    return tuple((attribute.name, attribute.dataset_id) for attribute in entity.attributes)


def _write(mode: Mode, fragment: Entity, entity: Entity | None, now: int) -> Applied:
    if entity is None:
        if mode in (Mode.CREATE, Mode.UPSERT_REPLACE, Mode.UPSERT_UPDATE):
            return _create(fragment, now)
        raise NotFound(f"Entity {fragment.id} does not exist")
    match mode:
        case Mode.CREATE:
            raise AlreadyExists(f"Entity {fragment.id} exists already")
        case Mode.REPLACE | Mode.UPSERT_REPLACE:
            return _replace(fragment, entity, now)
        case Mode.MERGE:
            return _merge(fragment, entity, now)
        case Mode.APPEND | Mode.UPSERT_UPDATE:
            return _append(fragment, entity, now, overwrite=True)
        case Mode.APPEND_NEW:
            return _append(fragment, entity, now, overwrite=False)
        case Mode.UPDATE:
            return _update(fragment, entity, now)


def _stamped(attribute: Attribute, now: int, created_at: int = 0) -> Attribute:
    return Attribute(
        attribute.name, attribute.body, attribute.dataset_id, attribute.contextual, created_at or now, now
    )


def _names(attributes: tuple[Attribute, ...] | list[Attribute]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(attribute.name for attribute in attributes))


def _create(fragment: Entity, now: int) -> Applied:
    if not fragment.types:
        raise BadRequestData(f"Entity {fragment.id} does not exist yet and has no type to be created with")
    attributes = tuple([_stamped(attribute, now) for attribute in fragment.attributes])
    entity = Entity(fragment.id, fragment.types, attributes, fragment.scope, now, now)
    return Applied(entity, Outcome(fragment.id, created=True, updated=_names(attributes)), attributes)


def _replace(fragment: Entity, entity: Entity, now: int) -> Applied:
    before = {(attribute.name, attribute.dataset_id): attribute for attribute in entity.attributes}
    attributes = []
    for attribute in fragment.attributes:
        old = before.pop((attribute.name, attribute.dataset_id), None)
        attributes.append(_stamped(attribute, now, old.created_at if old else 0))
    written = tuple(attributes)
    replaced = Entity(
        entity.id, fragment.types or entity.types, written, fragment.scope, entity.created_at, now
    )
    removed = tuple(before)
    outcome = Outcome(
        entity.id, updated=_names(written), removed=tuple(dict.fromkeys(name for name, _ in removed))
    )
    return Applied(replaced, outcome, written, removed)


def _append(fragment: Entity, entity: Entity, now: int, *, overwrite: bool) -> Applied:
    attributes = list(entity.attributes)
    places = {(attribute.name, attribute.dataset_id): place for place, attribute in enumerate(attributes)}
    written: list[Attribute] = []
    skipped: list[tuple[str, str]] = []
    for attribute in fragment.attributes:
        place = places.get((attribute.name, attribute.dataset_id))
        if place is None:
            stamped = _stamped(attribute, now)
            attributes.append(stamped)
        elif overwrite:
            stamped = _stamped(attribute, now, attributes[place].created_at)
            attributes[place] = stamped
        else:
            skipped.append((attribute.name, "The attribute exists already and noOverwrite was asked for"))
            continue
        written.append(stamped)
    types = entity.types
    if fragment.types and not set(fragment.types) <= set(types):
        types = tuple(dict.fromkeys((*types, *fragment.types)))
    scope = _scope_after(entity, fragment, overwrite=overwrite)
    after = Entity(entity.id, types, tuple(attributes), scope, entity.created_at, now)
    return _changed(entity, after, written, skipped)


def _scope_after(entity: Entity, fragment: Entity, *, overwrite: bool) -> tuple[str, ...]:
    """With overwrite the fragment's scope takes the place of the entity's, else it is added (CIM 009 §5.6.3.4)."""
    if not fragment.scope:
        return entity.scope
    if NGSI_LD_NULL in fragment.scope:
        return ()
    return fragment.scope if overwrite else tuple(dict.fromkeys((*entity.scope, *fragment.scope)))


def _update(fragment: Entity, entity: Entity, now: int) -> Applied:
    """Replace what exists, append what does not, delete what is null (CIM 009 §5.6.2.4)."""
    gone = {(patch.name, patch.dataset_id) for patch in fragment.attributes if _deletes(patch)}
    removed = tuple(key for key in _keys(entity) if key in gone)
    kept = tuple([one for one in entity.attributes if (one.name, one.dataset_id) not in gone])
    rest = tuple(
        [_whole(patch) for patch in fragment.attributes if (patch.name, patch.dataset_id) not in gone]
    )
    scope_is_new = bool(fragment.scope) and not entity.scope
    fragment = msgspec.structs.replace(
        fragment, attributes=rest, scope=() if scope_is_new else fragment.scope
    )
    applied = _append(
        fragment, msgspec.structs.replace(entity, attributes=kept) if removed else entity, now, overwrite=True
    )
    if not removed and not scope_is_new:
        return applied
    skipped = (
        (("scope", "The entity has no scope that could be updated; append it instead"),)
        if scope_is_new
        else ()
    )
    names = tuple(dict.fromkeys(name for name, _ in removed))
    outcome = msgspec.structs.replace(
        applied.outcome, removed=names, skipped=applied.outcome.skipped + skipped
    )
    changed = applied.entity
    if removed and changed is not None:
        changed = msgspec.structs.replace(changed, modified_at=now)
    return Applied(changed, outcome, applied.written, removed)


def _changed(
    entity: Entity,
    after: Entity,
    written: list[Attribute],
    skipped: list[tuple[str, str]],
) -> Applied:
    """The outcome of appending: `after` if it differs, else the entity as it was."""
    if not written and after.types == entity.types and after.scope == entity.scope:
        return Applied(entity, Outcome(entity.id, skipped=tuple(skipped)))
    outcome = Outcome(entity.id, updated=_names(written), skipped=tuple(skipped))
    return Applied(after, outcome, tuple(written))


def _whole(patch: Attribute) -> Attribute:
    """The fragment's attribute, if it has a value and so can stand for itself. Raises BadRequestData."""
    if patch.body.startswith(_TYPED):
        members = patch.members()
        if VALUE_MEMBERS[Kind(members["type"])] in members:
            return patch
    raise BadRequestData(
        f"Attribute '{patch.name}' has no value; to change only other members of it, PATCH the attribute"
    )


def _merge(fragment: Entity, entity: Entity, now: int) -> Applied:
    attributes: list[Attribute | None] = list(entity.attributes)
    places = {
        (attribute.name, attribute.dataset_id): place for place, attribute in enumerate(entity.attributes)
    }
    written: list[Attribute] = []
    removed: list[Key] = []
    for patch in fragment.attributes:
        key = (patch.name, patch.dataset_id)
        place = places.get(key)
        if _deletes(patch):
            if place is not None:
                attributes[place] = None
                removed.append(key)
            continue
        old = attributes[place] if place is not None else None
        stamped = _stamped(_merged(old, patch, entity.id), now, old.created_at if old else 0)
        written.append(stamped)
        if place is None:
            places[key] = len(attributes)
            attributes.append(stamped)
        else:
            attributes[place] = stamped
    kept = tuple([attribute for attribute in attributes if attribute is not None])
    types = tuple(dict.fromkeys((*entity.types, *fragment.types)))
    scope = _scope_after(entity, fragment, overwrite=True)
    changed = Entity(entity.id, types, kept, scope, entity.created_at, now)
    gone = tuple(dict.fromkeys(name for name, _ in removed))
    return Applied(
        changed, Outcome(entity.id, updated=_names(written), removed=gone), tuple(written), tuple(removed)
    )


def _deletes(patch: Attribute) -> bool:
    """Whether a fragment's attribute says: delete me (its value is `urn:ngsi-ld:null`)."""
    if _NULL_BYTES not in patch.body:
        return False
    members = patch.members()
    if members.get("languageMap") == {"@none": NGSI_LD_NULL}:
        return True
    return any(members.get(member) == NGSI_LD_NULL for member in _VALUES)


def _merged(old: Attribute | None, patch: Attribute, where: str) -> Attribute:
    members = patch.members()
    if old is None:
        members = _without_nulls(members)
        if "type" not in members:
            raise BadRequestData(f"Attribute '{patch.name}' of {where} is new and needs a value")
        return msgspec.structs.replace(patch, body=orjson.dumps(members))
    before = old.members()
    if members.get("type", before["type"]) != before["type"]:
        for member in _VALUES & before.keys():
            del before[member]
    merged = _merge_members(before, members)
    body = {"type": merged.pop("type"), **merged}
    if VALUE_MEMBERS[Kind(body["type"])] not in body:
        raise BadRequestData(f"Attribute '{patch.name}' of {where} would be left without a value")
    return Attribute(patch.name, orjson.dumps(body), patch.dataset_id, old.contextual or patch.contextual)


def _merge_members(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """JSON merge patch (RFC 7396) with `urn:ngsi-ld:null` in the place of null."""
    for key, value in patch.items():
        if value == NGSI_LD_NULL or (isinstance(value, dict) and value.get("value") == NGSI_LD_NULL):
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(target.get(key), dict) and key not in _OPAQUE:
            target[key] = _merge_members(target[key], value)
        else:
            target[key] = _without_nulls(value)
    return target


def _without_nulls(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        key: _without_nulls(item)
        for key, item in value.items()
        if item != NGSI_LD_NULL and not (isinstance(item, dict) and item.get("value") == NGSI_LD_NULL)
    }


def _place_of(entity: Entity, name: str, dataset_id: str | None) -> int:
    for place, attribute in enumerate(entity.attributes):
        if attribute.name == name and attribute.dataset_id == dataset_id:
            return place
    instance = f" with datasetId {dataset_id}" if dataset_id else ""
    raise NotFound(f"Entity {entity.id} has no attribute '{name}'{instance}")


def _patch_attribute(change: PatchAttribute, entity: Entity, now: int) -> Applied:
    """Partial update of one instance (CIM 009 §5.6.4) or its replacement (§5.6.19)."""
    patch = change.attribute
    place = _place_of(entity, patch.name, patch.dataset_id)
    old = entity.attributes[place]
    if change.replace:
        new = patch
    else:
        if _deletes(patch):
            return _delete_attribute(DeleteAttribute(entity.id, patch.name, patch.dataset_id), entity, now)
        new = _partly_updated(old, patch, entity.id)
    stamped = _stamped(new, now, old.created_at)
    attributes = (*entity.attributes[:place], stamped, *entity.attributes[place + 1 :])
    changed = Entity(entity.id, entity.types, attributes, entity.scope, entity.created_at, now)
    return Applied(changed, Outcome(entity.id, updated=(patch.name,)), (stamped,))


def _partly_updated(old: Attribute, patch: Attribute, where: str) -> Attribute:
    members = patch.members()
    before = old.members()
    if members.get("type", before["type"]) != before["type"]:
        raise BadRequestData(
            f"Attribute '{patch.name}' of {where} is a {before['type']} and cannot become a {members['type']} "
            "by a partial update; replace it with PUT"
        )
    after = {**before, **members}
    after = {key: value for key, value in after.items() if value != NGSI_LD_NULL}
    return Attribute(patch.name, orjson.dumps(after), patch.dataset_id, old.contextual or patch.contextual)


def _delete_attribute(change: DeleteAttribute, entity: Entity, now: int) -> Applied:
    if change.name == SCOPE:
        if not entity.scope:
            raise NotFound(f"Entity {entity.id} has no scope")
        bare = msgspec.structs.replace(entity, scope=(), modified_at=now)
        return Applied(bare, Outcome(entity.id, removed=(SCOPE,)))
    if change.every:
        gone = [attribute for attribute in entity.attributes if attribute.name == change.name]
        if not gone:
            raise NotFound(f"Entity {entity.id} has no attribute '{change.name}'")
    else:
        gone = [entity.attributes[_place_of(entity, change.name, change.dataset_id)]]
    kept = tuple([attribute for attribute in entity.attributes if not any(attribute is one for one in gone)])
    changed = Entity(entity.id, entity.types, kept, entity.scope, entity.created_at, now)
    removed = tuple((attribute.name, attribute.dataset_id) for attribute in gone)
    return Applied(changed, Outcome(entity.id, removed=(change.name,)), (), removed)


def _append_history(fragment: Entity, entity: Entity | None, now: int) -> Applied:
    """Every instance goes to history; the latest of each attribute also becomes current where it is newer."""
    # The instances of each attribute side by side, so that a reader of one attribute cuts out one piece
    stamped = [_stamped(attribute, now) for attribute in fragment.attributes]
    written = tuple(sorted(stamped, key=lambda attribute: attribute.name))
    latest: dict[Key, Attribute] = {}
    for attribute in written:
        key = (attribute.name, attribute.dataset_id)
        known = latest.get(key)
        if known is None or observed_at(attribute) >= observed_at(known):
            latest[key] = attribute
    if entity is None:
        created = _create(msgspec.structs.replace(fragment, attributes=tuple(latest.values())), now)
        return Applied(created.entity, created.outcome, written)
    current = {(attribute.name, attribute.dataset_id): attribute for attribute in entity.attributes}
    newer = tuple(
        [
            attribute
            for key, attribute in latest.items()
            if key not in current or observed_at(attribute) >= observed_at(current[key])
        ]
    )
    updated = _append(msgspec.structs.replace(fragment, attributes=newer), entity, now, overwrite=True)
    outcome = msgspec.structs.replace(updated.outcome, updated=_names(written))
    return Applied(updated.entity, outcome, written)


def observed_at(attribute: Attribute) -> int:
    """observedAt of an instance in microseconds; the moment it was written where it has none."""
    stated = attribute.members().get("observedAt")
    return parse_moment(stated) if stated else attribute.modified_at
