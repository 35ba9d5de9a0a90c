"""What the platform knows, page by page as it is kept, for the process that analyses.

The serving process only passes bytes on; of types with more entities than the limit the first ones are read, and the
outcome says what part of them that is. Of types about persons with few entities nothing is read at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from madang import vocabulary
from madang.ecosystem.record import Seen, Use
from madang.ecosystem.talk import Entities
from madang.hub import groups
from madang.hub.hub import Hub
from madang.limits import LIMITS
from madang.ngsild.query import Query, Window
from madang.ngsild.selection import type_is
from madang.trust.access import Access

SUBJECT: Final = "ecosystem"
_PAGE_ENTITIES: Final = 200


async def access_for(hub: Hub, tenant: str, group_min: int) -> tuple[Access, dict[str, int]]:
    """As which the analysis reads, and how many entities there are of each type (IRI) that the vocabulary knows."""
    asking = Access(tenant, SUBJECT, recorded=vocabulary.protected(), group_min=group_min)
    access, counts = await groups.without_small(hub, asking)
    known = {iri: n for iri, n in counts.items() if n and vocabulary.entity_type(iri) is not None}
    # What is taken of persons is in nobody's hands but of the process that counts, so the audit is not told of each
    return msgspec.structs.replace(access, recorded=frozenset()), known


async def entities(hub: Hub, access: Access, counts: dict[str, int]) -> AsyncIterator[Entities]:
    """All entities of those types, a page at a time."""
    store = hub.store(access)
    for iri in counts:
        cursor, read = "", 0
        while read < LIMITS.ecosystem_entities_max:
            window = Window(limit=_PAGE_ENTITIES, cursor=cursor)
            page = await store.rendered_page(Query(types=type_is(iri)), window, access, hub.contexts.own)
            if page.entities:
                yield Entities(iri, b"[" + b",".join(page.entities) + b"]", len(page.entities))
            read += len(page.entities)
            cursor = page.next_cursor
            if not cursor:
                break


async def uses(hub: Hub, access: Access) -> tuple[Use, ...]:
    """How often the platform was used, the earliest day first."""
    found = await hub.store(access).usage.all()
    return tuple([Use(one.day, one.what, one.who, one.count) for one in found])


async def loaded(hub: Hub, access: Access) -> dict[str, int]:
    """By source, when it was last read as a whole, microseconds UTC."""
    return {one.source: one.finished for one in await hub.store(access).sources.all()}


def seen(counts: dict[str, int]) -> tuple[Seen, ...]:
    """How much of each type is read."""
    types = vocabulary.types()
    return tuple(
        [Seen(types[iri].term, n, min(n, LIMITS.ecosystem_entities_max), 0) for iri, n in counts.items()]
    )
