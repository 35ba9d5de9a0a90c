"""Deleting what a query selects: CIM 009 §5.6.21."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from madang.errors import MadangError, NotFound
from madang.hub import batch
from madang.hub.hub import Hub
from madang.ngsild.changes import Change, Delete, Retain
from madang.ngsild.query import Query, Window
from madang.trust.access import Access

# Entities of one page, deleted in one commit
_PAGE: Final = 256


async def purge(
    hub: Hub, access: Access, query: Query, names: frozenset[str] = frozenset(), *, keep: bool = False
) -> list[tuple[str, MadangError]]:
    """Delete every entity that the query selects, or of each the attributes (IRIs) that are named; with `keep` all
    but those. Returns the ids of entities that could not be changed, with the reason.

    What the caller does not see stays. Page by page, so that other writes go on between; an entity that comes to be
    selected meanwhile may stay. Raises QueryTooWide where no index serves the query and it would read too much."""
    refused: list[tuple[str, MadangError]] = []
    cursor = ""
    while True:
        page = await hub.store(access).page(query, Window(_PAGE, cursor=cursor), access)
        ids = [entity.id for entity in page.entities]
        changes: list[Change] = [Retain(one, names, keep) if names or keep else Delete(one) for one in ids]
        refused.extend(await _apply(hub, access, ids, changes))
        cursor = page.next_cursor
        if not cursor:
            return refused


async def _apply(
    hub: Hub, access: Access, ids: Sequence[str], changes: Sequence[Change]
) -> list[tuple[str, MadangError]]:
    """The changes that were refused; an entity that is gone already is none of them."""
    outcomes = await batch.apply(hub, access, changes) if changes else []
    return [
        (identifier, outcome)
        for identifier, outcome in zip(ids, outcomes, strict=True)
        if isinstance(outcome, MadangError) and not isinstance(outcome, NotFound)
    ]
