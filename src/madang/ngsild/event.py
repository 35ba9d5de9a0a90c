"""One change of an entity as those who follow it see it: what it was, what it is, and which attributes differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from madang.ngsild.context import Context
from madang.ngsild.entity import Attribute, Entity

Rendered = tuple[Context, bytes]
# The entity as someone sees it, the same object if all of it; None if there is none for them
Seen = Callable[[Entity], Entity | None]


class Event(msgspec.Struct, frozen=True):
    """sequence: of the change in its tenant. time: microseconds UTC.

    before: None if the entity was created. after: None if it was deleted. created, updated, deleted: IRIs of
    attributes that have more instances, other instances, fewer instances than before; a write of the value that
    was there already is none of these (CIM 009 §5.8.6). All attributes of a created entity are created, those
    of a deleted one are deleted. rendered: the entity after it as `render_whole` writes it for that @context, where
    it was written already.
    """

    sequence: int
    time: int
    before: Entity | None
    after: Entity | None
    created: frozenset[str] = frozenset()
    updated: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    rendered: Rendered | None = None

    @property
    def entity(self) -> Entity:
        """The entity after the change; of a deletion, as it was before."""
        entity = self.after or self.before
        assert entity is not None
        return entity


def event(
    sequence: int, time: int, before: Entity | None, after: Entity | None, rendered: Rendered | None = None
) -> Event:
    """The event of a change. before, after: the same entity; one of them may be None, not both."""
    updated = _updated_in_place(before, after)
    if updated is not None:
        return Event(sequence, time, before, after, updated=updated, rendered=rendered)
    was, now = _instances(before), _instances(after)
    created = frozenset([name for name, _ in now.keys() - was.keys()])
    deleted = frozenset([name for name, _ in was.keys() - now.keys()])
    changed = [key[0] for key, one in now.items() if key in was and was[key].body != one.body]
    return Event(sequence, time, before, after, created, frozenset(changed), deleted, rendered)


def _updated_in_place(before: Entity | None, after: Entity | None) -> frozenset[str] | None:
    """IRIs of the attributes that differ if both have the same instances in the same order, the commonest
    change; None if they do not."""
    if before is None or after is None or len(before.attributes) != len(after.attributes):
        return None
    updated = []
    for old, new in zip(before.attributes, after.attributes, strict=True):
        if old is not new:
            if old.name != new.name or old.dataset_id != new.dataset_id:
                return None
            if old.body != new.body:
                updated.append(new.name)
    return frozenset(updated)


def as_seen(change: Event, seen: Seen) -> Event | None:
    """The change as it is for someone who may not see everything: what comes into sight is created, what goes out of it
    is deleted. None if neither side is seen."""
    before = seen(change.before) if change.before is not None else None
    after = seen(change.after) if change.after is not None else None
    if before is change.before and after is change.after:
        return change
    if before is None and after is None:
        return None
    return event(change.sequence, change.time, before, after)


def occurrence(sequence: int, time: int, entity: Entity) -> Event:
    """An entity that is reported although nothing changed: of a time interval."""
    return Event(sequence, time, entity, entity)


def _instances(entity: Entity | None) -> dict[tuple[str, str | None], Attribute]:
    attributes: Iterable[Attribute] = entity.attributes if entity is not None else ()
    return {(attribute.name, attribute.dataset_id): attribute for attribute in attributes}
