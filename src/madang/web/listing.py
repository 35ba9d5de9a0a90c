"""What a list shows, asked of the hub: the type, the view of the address, and the query that both make."""

from __future__ import annotations

import msgspec

from madang.hub import entities
from madang.ngsild.query import Query
from madang.ngsild.selection import type_is
from madang.web import filters
from madang.web.filters import View
from madang.web.visit import Visit

TEXT_IDS_MAX = 500


class Listing(msgspec.Struct, frozen=True):
    """What a type's list is asked for. query: everything that filters."""

    iri: str
    view: View
    query: Query
    empty: bool = False


async def listing_of(visit: Visit) -> Listing:
    """Read from the address. Raises BadRequestData."""
    context = visit.site.hub.contexts.own
    iri = context.expand(visit.request.path_params["type"])
    view = filters.read_view(visit.request.query_params, visit.reader, context)
    ids: tuple[str, ...] = ()
    if view.text:
        found = await entities.search(visit.site.hub, visit.access, view.text, TEXT_IDS_MAX)
        ids = tuple(entity.id for entity in found if iri in entity.types)
    query = Query(types=type_is(iri), ids=ids, q=filters.expression(view, context))
    return Listing(iri, view, query, empty=bool(view.text) and not ids)
