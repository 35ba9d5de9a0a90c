"""Lists in the order of an attribute: the identifiers are sorted once and kept until an entity of the type changes.

The hub pages in the order of its indexes; an order by any attribute needs every value first. Reading goes slice by
slice, and very long lists are refused with the remedy.
"""

from __future__ import annotations

import asyncio

import msgspec

from madang import vocabulary
from madang.errors import QueryTooWide
from madang.hub import entities
from madang.ngsild.entity import Entity
from madang.ngsild.query import Query, Window
from madang.web.filters import NAME_SORT
from madang.web.listing import Listing
from madang.web.show import Shower
from madang.web.visit import Visit

SLICE_ROWS = 256
SORTED_ENTITIES_MAX = 50_000
MARK = "at-"  # a cursor of ours: a place in the sorted list

Key = tuple[int, float, str]
MISSING: Key = (2, 0.0, "")


async def ordered_page(visit: Visit, listing: Listing, rows: int) -> tuple[tuple[Entity, ...], int, str]:
    """(entities, how many in all, cursor of the next page). Raises QueryTooWide."""
    ids = await ordered_ids(visit, listing)
    after = listing.view.after.removeprefix(MARK)
    start = int(after) if after.isascii() and after.isdigit() else 0
    wanted = ids[start : start + rows]
    following = f"{MARK}{start + rows}" if start + rows < len(ids) else ""
    return await by_ids(visit, wanted), len(ids), following


async def by_ids(visit: Visit, wanted: list[str]) -> tuple[Entity, ...]:
    """The entities with these ids that are still there, in this order."""
    if not wanted:
        return ()
    page = await entities.query(
        visit.site.hub, visit.access, Query(ids=tuple(wanted)), Window(limit=len(wanted))
    )
    found = {entity.id: entity for entity in page.entities}
    return tuple(found[entity_id] for entity_id in wanted if entity_id in found)


async def ordered_ids(visit: Visit, listing: Listing) -> list[str]:
    """All ids of the list in its order. Raises QueryTooWide where there are too many to sort."""
    view = listing.view
    address = (
        f"order {listing.iri} {view.sort} {view.text} {[condition.text for condition in view.conditions]}"
    )
    if view.sort.removeprefix("-") == NAME_SORT:
        address += visit.language
    tag = str(await visit.live.version((listing.iri,)))
    kept = visit.kept.find(visit.seer, address, tag)
    if kept is not None:
        return msgspec.json.decode(kept, type=list[str])
    keyed: list[tuple[Key, str]] = []
    cursor = ""
    while not listing.empty:
        window = Window(limit=SLICE_ROWS, cursor=cursor)
        page = await entities.query(visit.site.hub, visit.access, listing.query, window)
        keyed += [(key_of(visit.shower, entity, listing), entity.id) for entity in page.entities]
        cursor = page.next_cursor
        if not cursor:
            break
        if len(keyed) > SORTED_ENTITIES_MAX:
            raise QueryTooWide(
                f"More than {SORTED_ENTITIES_MAX} entities cannot be sorted at once; filter them first"
            )
        await asyncio.sleep(0)
    ids = in_order(keyed, descending=view.sort.startswith("-"))
    visit.kept.keep(visit.seer, address, tag, msgspec.json.encode(ids))
    return ids


def in_order(keyed: list[tuple[Key, str]], *, descending: bool) -> list[str]:
    """What has no value comes last, whatever the direction."""
    present = sorted((one for one in keyed if one[0] != MISSING), key=lambda one: one[0], reverse=descending)
    return [entity_id for _, entity_id in [*present, *(one for one in keyed if one[0] == MISSING)]]


def key_of(shower: Shower, entity: Entity, listing: Listing) -> Key:
    """Numbers before texts; a code by its label, a name in the reader's language."""
    term = listing.view.sort.removeprefix("-")
    if term == NAME_SORT:
        return (1, 0.0, shower.name(entity).casefold())
    iri = shower.context.expand(term)
    for attribute in entity.instances(iri):
        members = attribute.members()
        value = members.get(attribute.kind.value_member)
        if isinstance(value, dict) and "@value" in value:
            value = value["@value"]
        if isinstance(value, (int, float)):
            return (0, float(value), "")
        if isinstance(value, str):
            return (1, 0.0, vocabulary.value_label(iri, value, shower.reader.language).casefold())
        if isinstance(value, dict):
            return (1, 0.0, shower.fact(attribute).text.casefold())
    return MISSING
