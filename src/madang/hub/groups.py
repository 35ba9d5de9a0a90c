"""Small groups: of protected types so few entities are told as none that a mere count could tell of one of them.

That holds for counts alone, which nobody is recorded for. Who reads the entities themselves sees how many they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from madang.hub.hub import Hub
from madang.ngsild.query import Query, Window
from madang.ngsild.selection import TypeExpression, type_is
from madang.trust.access import Access
from madang.trust.view import Rule, View

_COUNTED: Final = Window(limit=0, count=True)


async def without_small(hub: Hub, access: Access) -> tuple[Access, dict[str, int]]:
    """The access without the entities of types of which there are too few, and how many the caller then sees by type."""
    store = hub.store(access)
    while True:
        counts = await store.type_counts(access)
        small = [name for name in access.recorded if 0 < counts.get(name, 0) < access.group_min]
        if not small:
            return access, counts
        # Some of these have other types too, of which there may be too few without them
        access = _without(access, small)


async def total(hub: Hub, access: Access, query: Query, counted: int) -> int:
    """How many entities may be told that a query selects, of so many that the caller sees."""
    store = hub.store(access)
    while counted:
        small = []
        for name in sorted(access.recorded):
            page = await store.page(_of(query, name), _COUNTED, access)
            if 0 < (page.total or 0) < access.group_min:
                small.append(name)
        if not small:
            break
        access = _without(access, small)
        counted = (await store.page(query, _COUNTED, access)).total or 0
    return counted


def _without(access: Access, types: Iterable[str]) -> Access:
    view = access.view or View((Rule(),))
    rows = Query(types=TypeExpression(tuple((name,) for name in types)))
    return msgspec.structs.replace(access, view=View(view.grants, (*view.denials, Rule(rows))))


def _of(query: Query, name: str) -> Query:
    """What the query selects that has this type too."""
    if query.types is None:
        return msgspec.structs.replace(query, types=type_is(name))
    both = tuple((*alternative, name) for alternative in query.types.alternatives)
    return msgspec.structs.replace(query, types=TypeExpression(both))
