"""One change of an entity as those who follow it see it: what it was, what it is, and which attributes differ."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from madang.ngsild.entity import Attribute, Entity


class Event(msgspec.Struct, frozen=True):
    """sequence: of the change in its tenant. time: microseconds UTC.

    before: None if the entity was created. after: None if it was deleted. created, updated, deleted: IRIs of
    attributes that have more instances, other instances, fewer instances than before; a write of the value that
    was there already is none of these (CIM 009 §5.8.6). All attributes of a created entity are created, those
    of a deleted one are deleted.
    """

    sequence: int
    time: int
    before: Entity | None
    after: Entity | None
    created: frozenset[str] = frozenset()
    updated: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()

    @property
    def entity(self) -> Entity:
        """The entity after the change; of a deletion, as it was before."""
        entity = self.after or self.before
        assert entity is not None
        return entity


def event(sequence: int, time: int, before: Entity | None, after: Entity | None) -> Event:
    """The event of a change. before, after: the same entity; one of them may be None, not both."""
    was, now = _instances(before), _instances(after)
    created, updated, deleted = set(), set(), set()
    for key, attribute in now.items():
        old = was.get(key)
        if old is None:
            created.add(key[0])
        elif old.body != attribute.body:
            updated.add(key[0])
    for key in was.keys() - now.keys():
        deleted.add(key[0])
    return Event(sequence, time, before, after, frozenset(created), frozenset(updated), frozenset(deleted))


def occurrence(sequence: int, time: int, entity: Entity) -> Event:
    """An entity that is reported although nothing changed: of a time interval."""
    return Event(sequence, time, entity, entity)


def _instances(entity: Entity | None) -> dict[tuple[str, str | None], Attribute]:
    attributes: Iterable[Attribute] = entity.attributes if entity is not None else ()
    return {(attribute.name, attribute.dataset_id): attribute for attribute in attributes}
