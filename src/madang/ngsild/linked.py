"""Linked entities beside or inside those that link to them (CIM 009 §4.5.23): what is followed, and how it is written.

Who fetches them is `hub/linking.py`. An entity is followed and written in the form that belongs to the way on
which it was reached, so what that form leaves out is not followed either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from madang.errors import TooManyResults
from madang.ngsild.entity import Attribute, Entity, Kind
from madang.ngsild.representation import Form, Format, selected, to_json
from madang.settings import LIMITS


class Mode(StrEnum):
    """flat: linked entities stand behind the ones that link to them. inline: inside of their relationships."""

    FLAT = "flat"
    INLINE = "inline"


class Join(msgspec.Struct, frozen=True):
    """levels: how many relationships are followed, one after the other. encountered: ids of entities that the
    client knows already; they are not followed.
    """

    mode: Mode
    levels: int = 1
    encountered: frozenset[str] = frozenset()


def targets(attribute: Attribute) -> list[str]:
    """The ids to which a relationship instance leads, in order; none of what is no relationship."""
    kind = attribute.kind
    if kind is Kind.RELATIONSHIP:
        target = attribute.members()["object"]
        return target if isinstance(target, list) else [target]
    if kind is Kind.LIST_RELATIONSHIP:
        return [item["object"] for item in attribute.members()["objectList"]]
    return []


def links(entity: Entity, form: Form) -> Iterator[tuple[str, Form]]:
    """(id, form in which it is to be written) of each entity that this one links to, as it is written itself."""
    for name, instances in selected(entity, form).items():
        for instance in instances:
            for target in targets(instance):
                yield target, form.inner(name)


def write_inline(
    roots: list[Entity], found: Mapping[str, Entity], form: Form, join: Join
) -> list[dict[str, Any]]:
    """The entities as JSON values, those that they link to inside. found: what was fetched, by id.

    Raises TooManyResults where the same entities recur in too many places.
    """
    writer = _Inline(found, join)
    return [writer.entity(root, form, join.encountered | {root.id}, join.levels) for root in roots]


class _Inline:
    """Writes entities inside of each other. An entity is never written inside of itself."""

    __slots__ = ("_found", "_join", "_written")

    def __init__(self, found: Mapping[str, Entity], join: Join) -> None:
        self._found = found
        self._join = join
        self._written = 0

    def entity(self, entity: Entity, form: Form, above: frozenset[str], levels: int) -> dict[str, Any]:
        """above: ids on the way to this entity and of it. levels: how many more relationships are followed."""
        members = to_json(entity, form)
        if levels == 0:
            return members
        for name, instances in selected(entity, form).items():
            kinds = {instance.kind for instance in instances}
            if kinds.isdisjoint((Kind.RELATIONSHIP, Kind.LIST_RELATIONSHIP)):
                continue
            key = form.context.compact(name)
            inner = [self._inside(instance, form.inner(name), above, levels) for instance in instances]
            if form.format is Format.SIMPLIFIED:
                members[key] = _simplified(members[key], instances, inner)
            else:
                written = members[key] if len(instances) > 1 else [members[key]]
                for instance, attribute, entities in zip(instances, written, inner, strict=True):
                    _add(attribute, instance, entities)
        return members

    def _inside(
        self, instance: Attribute, form: Form, above: frozenset[str], levels: int
    ) -> dict[str, dict[str, Any]]:
        """The entities to which an instance leads, by id."""
        inside: dict[str, dict[str, Any]] = {}
        for target in targets(instance):
            entity = self._found.get(target)
            if entity is not None and target not in above and target not in inside:
                self._written += 1
                if self._written > LIMITS.join_entities_max:
                    raise too_many()
                inside[target] = self.entity(entity, form, above | {target}, levels - 1)
        return inside


def too_many() -> TooManyResults:
    return TooManyResults(
        f"More than {LIMITS.join_entities_max} linked entities belong to this answer; ask for fewer entities with "
        "limit, fewer relationships with pick, or a lower joinLevel"
    )


def _add(written: dict[str, Any], instance: Attribute, inside: dict[str, dict[str, Any]]) -> None:
    """Put the entities beside the ids of a normalized or concise relationship (CIM 009 §4.5.3.2, §4.5.22.2)."""
    if not inside:
        return
    if instance.kind is Kind.LIST_RELATIONSHIP:
        written["entityList"] = [inside[target] for target in targets(instance) if target in inside]
    else:
        entities = list(inside.values())
        written["entity"] = entities if isinstance(written["object"], list) else entities[0]


def _simplified(value: Any, instances: list[Attribute], inner: list[dict[str, dict[str, Any]]]) -> Any:
    """A simplified relationship with entities in place of their ids (CIM 009 §4.5.4); an id that was not found
    stays."""
    if len(instances) == 1 and instances[0].dataset_id is None:
        return _in_place(value, inner[0])
    datasets = value["dataset"]
    return {
        "dataset": {
            name: _in_place(datasets[name], inside)
            for name, inside in zip([one.dataset_id or "@none" for one in instances], inner, strict=True)
        }
    }


def _in_place(value: Any, inside: dict[str, dict[str, Any]]) -> Any:
    if isinstance(value, list):
        return [inside.get(target, target) if isinstance(target, str) else target for target in value]
    return inside.get(value, value) if isinstance(value, str) else value
