"""Following relationships from some entities to others (CIM 009 §4.5.23), level by level, each level in batches.

Linked entities are fetched by the same query as any others, so the caller's view holds for each of
them. `ngsild/linked.py` says what is followed and how the result is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from madang.hub import entities
from madang.hub.hub import Hub
from madang.ngsild.entity import Entity
from madang.ngsild.linked import Join, Mode, links, too_many, write_inline
from madang.ngsild.query import Query, Window
from madang.ngsild.representation import Form, to_json
from madang.settings import LIMITS
from madang.trust.access import Access


class Reached(msgspec.Struct, frozen=True):
    """linked: the entities that are no roots, in the order in which they were reached, each with the form in which
    it is to be written. found: every entity that can be written inside of another, by id.
    """

    linked: tuple[tuple[Entity, Form], ...]
    found: dict[str, Entity]


async def follow(hub: Hub, access: Access, roots: Sequence[Entity], form: Form, join: Join) -> Reached:
    """What is reached from the roots, written in `form`. Raises TooManyResults where that is too much."""
    found = {root.id: root for root in roots}
    linked: list[tuple[Entity, Form]] = []
    frontier = [(root, form) for root in roots]
    for _ in range(join.levels):
        ways: dict[tuple[str, int], tuple[str, Form]] = {}
        for entity, its_form in frontier:
            for target, inner in links(entity, its_form):
                if target not in join.encountered:
                    ways.setdefault((target, _address(inner, form)), (target, inner))
        wanted = list(dict.fromkeys([target for target, _ in ways.values() if target not in found]))
        if len(linked) + len(wanted) > LIMITS.join_entities_max:
            raise too_many()
        fetched = await _fetch(hub, access, wanted)
        fresh: set[str] = set()
        for target, inner in ways.values():
            if target in fetched and target not in fresh:
                fresh.add(target)
                linked.append((fetched[target], inner))
        found |= fetched
        # Behind the roots an entity stands once, inside of others wherever it is linked to
        reached = found if join.mode is Mode.INLINE else fetched
        frontier = [(reached[target], inner) for target, inner in ways.values() if target in reached]
        if not frontier:
            break
    return Reached(tuple(linked), found)


async def written(
    hub: Hub, access: Access, roots: Sequence[Entity], form: Form, join: Join
) -> list[dict[str, Any]]:
    """The roots and what they link to as JSON values, inside of them or behind them."""
    reached = await follow(hub, access, roots, form, join)
    if join.mode is Mode.INLINE:
        return write_inline(list(roots), reached.found, form, join)
    return [
        to_json(entity, its_form)
        for entity, its_form in ((*((root, form) for root in roots), *reached.linked))
    ]


def _address(inner: Form, form: Form) -> int:
    """Tells apart the forms that the client said; those that say nothing of their own are all alike."""
    return id(inner) if inner.pick is not None or inner.omit or inner.linked else 0


async def _fetch(hub: Hub, access: Access, wanted: list[str]) -> dict[str, Entity]:
    """The entities with these ids that the caller may see, in the order of the ids."""
    fetched: dict[str, Entity] = {}
    for start in range(0, len(wanted), LIMITS.page_entities_max):
        ids = tuple(wanted[start : start + LIMITS.page_entities_max])
        page = await entities.query(hub, access, Query(ids=ids), Window(limit=len(ids)))
        fetched |= {entity.id: entity for entity in page.entities}
    return {target: fetched[target] for target in wanted if target in fetched}
