"""What can be asked of single entities and of queries for them (CIM 009 §5.6, §5.7).

Every function takes the caller's `Access`: an entity outside its view does not exist, an attribute that it hides
neither. Errors are those of the tree in `errors.py`; whoever changes something may also be Denied.
"""

from __future__ import annotations

import msgspec

from madang.errors import MadangError, NotFound
from madang.hub import groups
from madang.hub.hub import Hub
from madang.hub.trust import audit
from madang.ngsild.changes import Change, Delete, DeleteAttribute, Mode, Outcome, PatchAttribute, Write
from madang.ngsild.context import Context
from madang.ngsild.entity import Entity
from madang.ngsild.query import Query, Window
from madang.ngsild.selection import TypeExpression
from madang.store.base import Page, RenderedPage
from madang.trust.access import Access
from madang.trust.writing import limits


async def create(hub: Hub, access: Access, entity: Entity) -> Outcome:
    """CIM 009 §5.6.1. Raises AlreadyExists."""
    return await _one(hub, access, Write(Mode.CREATE, entity), create=True)


async def replace(
    hub: Hub, access: Access, entity: Entity, of_types: TypeExpression | None = None
) -> Outcome:
    """CIM 009 §5.6.18. of_types: as below, to entities of other types nothing happens. Raises NotFound."""
    return await _one(hub, access, Write(Mode.REPLACE, entity, of_types))


async def merge(hub: Hub, access: Access, change: Write) -> Outcome:
    """CIM 009 §5.6.17. change: a merge. Raises NotFound."""
    return await _one(hub, access, change)


async def append(
    hub: Hub,
    access: Access,
    fragment: Entity,
    of_types: TypeExpression | None = None,
    *,
    overwrite: bool = True,
) -> Outcome:
    """CIM 009 §5.6.3. Raises NotFound."""
    return await _one(hub, access, Write(Mode.APPEND if overwrite else Mode.APPEND_NEW, fragment, of_types))


async def update(
    hub: Hub, access: Access, fragment: Entity, of_types: TypeExpression | None = None
) -> Outcome:
    """CIM 009 §5.6.2. Raises NotFound."""
    return await _one(hub, access, Write(Mode.UPDATE, fragment, of_types))


async def patch_attribute(hub: Hub, access: Access, change: PatchAttribute) -> Outcome:
    """Partial update of one attribute instance: CIM 009 §5.6.4; or its replacement: §5.6.19. Raises NotFound."""
    return await _one(hub, access, change)


async def delete_attribute(hub: Hub, access: Access, change: DeleteAttribute) -> Outcome:
    """CIM 009 §5.6.5. Raises NotFound."""
    return await _one(hub, access, change)


async def delete(hub: Hub, access: Access, entity_id: str, of_types: TypeExpression | None = None) -> Outcome:
    """CIM 009 §5.6.6. Raises NotFound."""
    return await _one(hub, access, Delete(entity_id, of_types))


async def retrieve(hub: Hub, access: Access, entity_id: str) -> Entity:
    """CIM 009 §5.7.1. Raises NotFound."""
    entity = await hub.store(access).retrieve(entity_id, access)
    if entity is None:
        raise NotFound(f"Entity {entity_id} does not exist")
    if access.recorded:
        await audit.seen(hub, access, (entity,))
    return entity


async def rendered(hub: Hub, access: Access, entity_id: str, context: Context | None = None) -> bytes:
    """The entity as JSON: normalized, no system attributes. context: None for the default one. Raises NotFound."""
    body = await hub.store(access).rendered(entity_id, access, context)
    if body is None:
        raise NotFound(f"Entity {entity_id} does not exist")
    if access.recorded:
        await audit.seen_rendered(hub, access, (body,), context)
    return body


async def query(hub: Hub, access: Access, query: Query, window: Window) -> Page:
    """CIM 009 §5.7.2. Raises QueryTooWide where no index serves the query and it would read too much."""
    page = await hub.store(access).page(query, window, access)
    if access.recorded:
        await audit.seen_page(hub, access, query, page)
        if not window.limit and page.total:
            told = await groups.total(hub, access, query, page.total)
            return msgspec.structs.replace(page, total=told)
    return page


async def rendered_query(
    hub: Hub, access: Access, query: Query, window: Window, context: Context | None = None
) -> RenderedPage:
    """As `query`, each entity as in `rendered`."""
    page = await hub.store(access).rendered_page(query, window, access, context)
    if access.recorded:
        await audit.seen_page(hub, access, query, page, context)
        if not window.limit and page.total:
            told = await groups.total(hub, access, query, page.total)
            return msgspec.structs.replace(page, total=told)
    return page


async def search(hub: Hub, access: Access, text: str, limit: int) -> list[Entity]:
    """Entities whose name contains the text, in any language."""
    found = await hub.store(access).search(text, limit, access)
    if access.recorded:
        await audit.seen(hub, access, found)
    return found


async def incoming(hub: Hub, access: Access, entity_id: str, limit: int) -> list[tuple[str, Entity]]:
    """(relationship IRI, entity) of the entities that point at this one, by relationship, then oldest first."""
    found = await hub.store(access).incoming(entity_id, limit, access)
    if access.recorded:
        await audit.seen(hub, access, [entity for _, entity in found])
    return found


async def _one(hub: Hub, access: Access, change: Change, *, create: bool = False) -> Outcome:
    outcomes = await hub.store(access, create=create).commit((change,), within=limits(access))
    hub.uses.wrote(access.tenant, (change,), outcomes)
    (outcome,) = outcomes
    if isinstance(outcome, MadangError):
        raise outcome
    return outcome
