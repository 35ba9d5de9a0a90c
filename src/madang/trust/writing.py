"""Changes by callers who do not see, or may not change, everything: what `patch.apply` makes of an entity for them.

The change is applied to the entity as its caller sees it, and what is hidden is put back after it: so no outcome and
no error can tell of what is hidden. What the caller may not write is refused by the names in the change alone,
whether there is such an attribute or not. A store asks here inside its transaction, so nothing changes between the
check and the write.
"""

from __future__ import annotations

from typing import Final

import msgspec

from madang.errors import Denied, NotFound
from madang.ngsild.changes import (
    AppendHistory,
    Change,
    Delete,
    DeleteAttribute,
    DeleteHistory,
    Mode,
    PatchAttribute,
    PatchInstance,
    Retain,
    Write,
)
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.patch import Applied, apply
from madang.ngsild.scopes_over_time import SCOPE
from madang.trust.access import Access
from madang.trust.view import Rule, Sight, View, compile_view

_EVERYTHING: Final = View(grants=(Rule(),))


class Past(msgspec.Struct, frozen=True):
    """A deleted entity, of which history may be left. types: IRIs."""

    id: str
    types: tuple[str, ...]


def limits(access: Access) -> Access | None:
    """The access, if changes that are made with it must be judged one by one, or recorded; None if all may be changed."""
    limited = access.view is not None or access.writable is not None or access.recorded
    return access if limited else None


def apply_within(
    change: Change, entity: Entity | None, access: Access, now: int, past: Past | None = None
) -> Applied:
    """As `patch.apply`, for a caller who is limited. past: what there was under this id, if `entity` is None.

    Raises moreover Denied, and NotFound for an entity that does not exist for the caller.
    """
    sight, writable = _sights(access)
    seen = sight.seen(entity) if entity is not None else None
    if entity is not None and seen is not None:
        _check_before(change, entity, sight, writable)
        if isinstance(change, Delete):
            return apply(change, entity, now)
        return _checked(change, (entity, seen), apply(change, seen, now), writable)
    if not _creates(change):
        raise NotFound(f"Entity {change.id} does not exist")
    created = _created(change, writable, now)
    if entity is not None or (past is not None and not sight.existed_whole(past.id, past.types)):
        # Who creates it anew would overwrite it, or could read what is left of it
        raise Denied(f"You may not write {change.id}")
    return created


def check_history(change: DeleteHistory | PatchInstance, entity: Entity | None, access: Access) -> None:
    """Raises NotFound or Denied where the caller may not correct the history of this entity; None: it is deleted."""
    sight, writable = _sights(access)
    if entity is None or not sight.exists(entity):
        raise NotFound(f"Entity {change.id} has no history")
    _check_before(change, entity, sight, writable)


def _sights(access: Access) -> tuple[Sight, Sight]:
    """What the caller sees, and what of it they may change."""
    seen = compile_view(access.view if access.view is not None else _EVERYTHING)
    return seen, compile_view(access.writable) if access.writable is not None else seen


def _creates(change: Change) -> bool:
    match change:
        case Write(mode=mode):
            return mode in (Mode.CREATE, Mode.UPSERT_REPLACE, Mode.UPSERT_UPDATE)
        case AppendHistory(existing=existing):
            return not existing
    return False


def _created(change: Change, writable: Sight, now: int) -> Applied:
    """The entity that the change creates. Raises Denied where the caller may not write such a one."""
    applied = apply(change, None, now)
    assert applied.entity is not None
    if not writable.exists(applied.entity):
        raise Denied(f"You may not write {change.id}")
    _refuse(change.id, [name for name in _names(change) if writable.hides(applied.entity, name)])
    return applied


def _check_before(change: Change, entity: Entity, sight: Sight, writable: Sight) -> None:
    """Raises Denied for what shows in the entity as it is, and in the names that the change has."""
    if not writable.exists(entity):
        raise Denied(f"You may not change {change.id}")
    everything = isinstance(change, Delete) or (isinstance(change, DeleteHistory) and change.name is None)
    if everything and not (sight.whole(entity) and writable.whole(entity)):
        raise Denied(f"You may not delete {change.id}: you may not write all of it")
    hidden = [name for name in _names(change) if sight.hides(entity, name) or writable.hides(entity, name)]
    _refuse(change.id, hidden)


def _checked(change: Change, was: tuple[Entity, Entity], applied: Applied, writable: Sight) -> Applied:
    """What was applied to what the caller sees, with what is hidden put back. was: the entity, and as it is seen.

    Raises Denied where what comes out is not the caller's to write."""
    entity, seen = was
    if applied.entity is None or applied.entity is seen:
        return msgspec.structs.replace(applied, entity=entity)
    after = _restored(entity, seen, applied.entity)
    lost = {name for name, _ in applied.removed} | ({SCOPE} if after.scope != entity.scope else set())
    _refuse(change.id, [name for name in sorted(lost) if writable.hides(entity, name)])
    if (after.types, after.expires_at) != (entity.types, entity.expires_at) and not writable.whole(entity):
        raise Denied(
            f"You may not change the types or the expiry of {change.id}: you may not write all of it"
        )
    if not writable.exists(after):
        raise Denied(f"You may not make of {change.id} what this change would make of it")
    _refuse(change.id, [name for name in _names(change) if writable.hides(after, name)])
    return msgspec.structs.replace(applied, entity=after)


def _restored(entity: Entity, seen: Entity, after: Entity) -> Entity:
    """`after` was made of what is seen of the entity; here with what is hidden of it, in its place."""
    if seen is entity:
        return after
    shown = {id(one) for one in seen.attributes}
    left = {(one.name, one.dataset_id): one for one in after.attributes}
    attributes: list[Attribute] = []
    for one in entity.attributes:
        kept = left.pop((one.name, one.dataset_id), None) if id(one) in shown else one
        if kept is not None:
            attributes.append(kept)
    return msgspec.structs.replace(after, attributes=(*attributes, *left.values()))


def _refuse(identifier: str, names: list[str]) -> None:
    if names:
        raise Denied(f"You may not write {', '.join(sorted(set(names)))} of {identifier}")


def _names(change: Change) -> set[str]:
    """The attributes (IRIs) that the change names."""
    match change:
        case Retain(names=names, keep=False):
            return set(names)
        case DeleteAttribute(name=name) | DeleteHistory(name=name):
            return {name} if name is not None else set()
        case PatchAttribute(attribute=attribute) | PatchInstance(attribute=attribute):
            return {attribute.name}
        case Write(fragment=fragment) | AppendHistory(fragment=fragment):
            return {one.name for one in fragment.attributes}
    return set()
