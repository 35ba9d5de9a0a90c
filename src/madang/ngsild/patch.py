"""What each change makes of an entity: one pure function, `apply`, for every store (CIM 009 §5.5.8, §5.6).

Attributes that a change does not touch stay the same objects, so a store sees by identity what it must write.
"""

from __future__ import annotations

from operator import is_
from typing import Final

import msgspec
import orjson

from madang.errors import AlreadyExists, BadRequestData, NotFound, NotSupported
from madang.ngsild.arrivals import arrange, is_newer, scope_after
from madang.ngsild.changes import (
    AppendHistory,
    Change,
    Delete,
    DeleteAttribute,
    DeleteHistory,
    Expire,
    Mode,
    Outcome,
    PatchAttribute,
    PatchInstance,
    Retain,
    Write,
)
from madang.ngsild.entity import STAYS, VALUE_MEMBERS, Attribute, Entity, Kind
from madang.ngsild.expiry import without_expired
from madang.ngsild.identifier import NGSI_LD_NULL
from madang.ngsild.merge import deletes, merged, partly_updated, without_nulls
from madang.ngsild.scopes_over_time import SCOPE
from madang.ngsild.selection import TypeExpression

Key = tuple[str, str | None]
_TYPED: Final = b'{"type":'
# How the canonical body of most attributes begins: it has a value, which no null can be
_WITH_VALUE: Final = b'{"type":"Property","value":'
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
        case Write():
            return _write(change, entity, now)
        case PatchAttribute():
            return _patch_attribute(change, _existing(entity, change.id, change.of_types), now)
        case DeleteAttribute():
            return _delete_attribute(change, _existing(entity, change.id, change.of_types), now)
        case Delete():
            return _delete(_existing(entity, change.id, change.of_types))
        case Expire():
            return _expire(_existing(entity, change.id), now)
        case Retain():
            return _retain(change, _existing(entity, change.id), now)
        case AppendHistory():
            return _append_history(change, entity, now)
        case DeleteHistory() | PatchInstance():
            raise NotSupported(
                "A correction of history changes no entity; the store applies it to the history"
            )


def _existing(entity: Entity | None, identifier: str, of_types: TypeExpression | None = None) -> Entity:
    if entity is None:
        raise NotFound(f"Entity {identifier} does not exist")
    if of_types is not None and not of_types.matches(entity.types):
        raise NotFound(f"Entity {identifier} is not of the types that the request selects")
    return entity


def _keys(entity: Entity) -> tuple[Key, ...]:
    return tuple((attribute.name, attribute.dataset_id) for attribute in entity.attributes)


def _delete(entity: Entity) -> Applied:
    return Applied(None, Outcome(entity.id, deleted=True), (), _keys(entity))


def _write(change: Write, entity: Entity | None, now: int) -> Applied:
    mode, fragment = change.mode, change.fragment
    if entity is None and mode in (Mode.CREATE, Mode.UPSERT_REPLACE, Mode.UPSERT_UPDATE):
        return _create(fragment, now)
    entity = _existing(entity, fragment.id, change.of_types)
    match mode:
        case Mode.CREATE:
            raise AlreadyExists(f"Entity {fragment.id} exists already")
        case Mode.REPLACE | Mode.UPSERT_REPLACE:
            return _replace(fragment, entity, now)
        case Mode.MERGE:
            return _merge(change, entity, now)
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
    expires_at = max(fragment.expires_at, 0)
    entity = Entity(fragment.id, fragment.types, attributes, fragment.scope, now, now, expires_at)
    return Applied(entity, Outcome(fragment.id, created=True, updated=_names(attributes)), attributes)


def _replace(fragment: Entity, entity: Entity, now: int) -> Applied:
    before = {(attribute.name, attribute.dataset_id): attribute for attribute in entity.attributes}
    attributes = []
    for attribute in fragment.attributes:
        old = before.pop((attribute.name, attribute.dataset_id), None)
        attributes.append(_stamped(attribute, now, old.created_at if old else 0))
    written = tuple(attributes)
    types = fragment.types or entity.types
    expires_at = max(fragment.expires_at, 0)
    replaced = Entity(entity.id, types, written, fragment.scope, entity.created_at, now, expires_at)
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
    after = _with_head(entity, fragment, tuple(attributes), now, overwrite=overwrite)
    return _changed(entity, after, written, skipped)


def _with_head(
    entity: Entity, fragment: Entity, attributes: tuple[Attribute, ...], now: int, *, overwrite: bool = True
) -> Entity:
    """The entity with these attributes, and with what the fragment says of types, scope and expiresAt.

    Types are added. With overwrite the fragment's scope takes the place of the entity's, else it is added
    (CIM 009 §5.6.3.4)."""
    types, scope, expires_at = entity.types, entity.scope, entity.expires_at
    if fragment.types and not set(fragment.types) <= set(types):
        types = tuple(dict.fromkeys((*types, *fragment.types)))
    if fragment.scope:
        scope = fragment.scope if overwrite else tuple(dict.fromkeys((*scope, *fragment.scope)))
        scope = () if NGSI_LD_NULL in scope else scope
    if fragment.expires_at and (overwrite or not expires_at):
        expires_at = 0 if fragment.expires_at == STAYS else fragment.expires_at
    return Entity(entity.id, types, attributes, scope, entity.created_at, now, expires_at)


def _update(fragment: Entity, entity: Entity, now: int) -> Applied:
    """Replace what exists, append what does not, delete what is null (CIM 009 §5.6.2.4)."""
    gone = {(patch.name, patch.dataset_id) for patch in fragment.attributes if deletes(patch)}
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
    if (
        not written
        and after.types == entity.types
        and after.scope == entity.scope
        and after.expires_at == entity.expires_at
    ):
        return Applied(entity, Outcome(entity.id, skipped=tuple(skipped)))
    outcome = Outcome(entity.id, updated=_names(written), skipped=tuple(skipped))
    return Applied(after, outcome, tuple(written))


def _whole(patch: Attribute) -> Attribute:
    """The fragment's attribute, if it has a value and so can stand for itself. Raises BadRequestData."""
    if patch.body.startswith(_WITH_VALUE) and _NULL_BYTES not in patch.body:
        return patch
    if patch.body.startswith(_TYPED):
        members = without_nulls(patch.members())
        if VALUE_MEMBERS[Kind(members["type"])] in members:
            return msgspec.structs.replace(patch, body=orjson.dumps(members))
    raise BadRequestData(
        f"Attribute '{patch.name}' has no value; to change only other members of it, PATCH the attribute"
    )


def _merge(change: Write, entity: Entity, now: int) -> Applied:
    fragment = change.fragment
    attributes: list[Attribute | None] = list(entity.attributes)
    places = {
        (attribute.name, attribute.dataset_id): place for place, attribute in enumerate(entity.attributes)
    }
    written: list[Attribute] = []
    removed: list[Key] = []
    for patch in fragment.attributes:
        key = (patch.name, patch.dataset_id)
        place = places.get(key)
        if deletes(patch):
            if place is not None:
                attributes[place] = None
                removed.append(key)
            continue
        old = attributes[place] if place is not None else None
        stamped = _stamped(merged(old, patch, change.merging, entity.id), now, old.created_at if old else 0)
        written.append(stamped)
        if place is None:
            places[key] = len(attributes)
            attributes.append(stamped)
        else:
            attributes[place] = stamped
    kept = tuple([attribute for attribute in attributes if attribute is not None])
    gone = tuple(dict.fromkeys(name for name, _ in removed))
    return Applied(
        _with_head(entity, fragment, kept, now),
        Outcome(entity.id, updated=_names(written), removed=gone),
        tuple(written),
        tuple(removed),
    )


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
        if deletes(patch):
            return _delete_attribute(DeleteAttribute(entity.id, patch.name, patch.dataset_id), entity, now)
        new = partly_updated(old, patch, entity.id)
    stamped = _stamped(new, now, old.created_at)
    attributes = (*entity.attributes[:place], stamped, *entity.attributes[place + 1 :])
    changed = msgspec.structs.replace(entity, attributes=attributes, modified_at=now)
    return Applied(changed, Outcome(entity.id, updated=(patch.name,)), (stamped,))


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
    changed = msgspec.structs.replace(entity, attributes=kept, modified_at=now)
    removed = tuple((attribute.name, attribute.dataset_id) for attribute in gone)
    return Applied(changed, Outcome(entity.id, removed=(change.name,)), (), removed)


def _retain(change: Retain, entity: Entity, now: int) -> Applied:
    """Keep what the change keeps; the scope counts as an attribute (CIM 009 §5.6.5.4, §5.6.21.4)."""
    kept = tuple([one for one in entity.attributes if (one.name in change.names) == change.keep])
    scope = entity.scope if (SCOPE in change.names) == change.keep else ()
    if len(kept) == len(entity.attributes) and scope == entity.scope:
        return Applied(entity, Outcome(entity.id))
    removed = tuple(
        (one.name, one.dataset_id) for one in entity.attributes if (one.name in change.names) != change.keep
    )
    names = tuple(dict.fromkeys([name for name, _ in removed] + ([SCOPE] if scope != entity.scope else [])))
    after = msgspec.structs.replace(entity, attributes=kept, scope=scope, modified_at=now)
    return Applied(after, Outcome(entity.id, removed=names), (), removed)


def _expire(entity: Entity, now: int) -> Applied:
    if entity.expires_at and entity.expires_at <= now:
        return _delete(entity)
    kept: list[Attribute] = []
    written: list[Attribute] = []
    removed: list[Key] = []
    for attribute in entity.attributes:
        left = without_expired(attribute, now)
        if left is None:
            removed.append((attribute.name, attribute.dataset_id))
            continue
        if left is not attribute:
            left = _stamped(left, now, attribute.created_at)
            written.append(left)
        kept.append(left)
    if not written and not removed:
        return Applied(entity, Outcome(entity.id))
    gone = tuple(dict.fromkeys(name for name, _ in removed))
    after = msgspec.structs.replace(entity, attributes=tuple(kept), modified_at=now)
    outcome = Outcome(entity.id, updated=_names(written), removed=gone)
    return Applied(after, outcome, tuple(written), tuple(removed))


def _append_history(change: AppendHistory, entity: Entity | None, now: int) -> Applied:
    """Every instance goes to history; the latest of each attribute also becomes current where it is newer."""
    fragment = change.fragment
    if entity is None and change.existing:
        raise NotFound(f"Entity {fragment.id} does not exist")
    arrived = arrange(fragment, now)
    scope = scope_after(arrived, fragment, entity)
    if entity is None:
        created = _create(msgspec.structs.replace(fragment, attributes=arrived.newest, scope=scope), now)
        return Applied(created.entity, created.outcome, arrived.written)
    attributes = list(entity.attributes)
    places = {(one.name, one.dataset_id): place for place, one in enumerate(attributes)}
    for arrival in arrived.newest:
        place = places.get((arrival.name, arrival.dataset_id))
        if place is None:
            attributes.append(arrival)
        elif is_newer(arrival, attributes[place]):
            attributes[place] = _stamped(arrival, now, attributes[place].created_at)
    head = msgspec.structs.replace(fragment, scope=scope) if scope is not fragment.scope else fragment
    outcome = Outcome(entity.id, updated=_names(arrived.written))
    after = _with_head(entity, head, tuple(attributes), now)
    changed = len(attributes) != len(entity.attributes) or not all(map(is_, attributes, entity.attributes))
    if not changed and _same_head(after, entity):
        return Applied(entity, outcome, arrived.written)
    return Applied(after, outcome, arrived.written)


def _same_head(one: Entity, other: Entity) -> bool:
    return (one.types, one.scope, one.expires_at) == (other.types, other.scope, other.expires_at)
