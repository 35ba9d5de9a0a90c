"""What can be asked of the past: histories of entities (CIM 009 §5.6.11 to §5.6.16, §5.7.3, §5.7.4).

As in `entities.py` every function takes the caller's `Access`. Long answers are cut to a part of the range
here, for every store alike.
"""

from __future__ import annotations

import msgspec

from madang.errors import Denied, MadangError, NotFound
from madang.hub.entities import check_writable
from madang.hub.hub import Hub
from madang.ngsild.changes import AppendHistory, Change, DeleteHistory, Outcome, PatchInstance
from madang.ngsild.entity import Entity
from madang.ngsild.evolution import Evolution, Range, limit
from madang.ngsild.query import Query, Window
from madang.ngsild.temporal import TemporalQuery
from madang.settings import LIMITS
from madang.trust.access import Access

_NOTHING = TemporalQuery(last_n=1, attributes=("urn:madang:none",))


class Evolutions(msgspec.Struct, frozen=True):
    """One page of histories. range: the part that it covers where the whole was too long. Rest as in `Page`."""

    evolutions: tuple[Evolution, ...]
    range: Range | None = None
    total: int | None = None
    next_cursor: str = ""


async def create(hub: Hub, access: Access, fragment: Entity) -> Outcome:
    """Create the entity with its history, or add to it (CIM 009 §5.6.11)."""
    if access.filter is not None and await _exists(hub, access, fragment.id):
        await check_writable(hub, access, AppendHistory(fragment))
    elif access.mask:
        await check_writable(hub, msgspec.structs.replace(access, filter=None), AppendHistory(fragment))
    return await _commit(hub, access, AppendHistory(fragment), create=True)


async def append(hub: Hub, access: Access, fragment: Entity) -> None:
    """Add instances to the history of an entity that there is (CIM 009 §5.6.12). Raises NotFound."""
    if await hub.store(access).rendered(fragment.id, access) is None:
        raise NotFound(f"Entity {fragment.id} does not exist")
    await check_writable(hub, access, AppendHistory(fragment))
    await _commit(hub, access, AppendHistory(fragment))


async def delete(hub: Hub, access: Access, change: DeleteHistory) -> None:
    """Erase history (CIM 009 §5.6.13, §5.6.15, §5.6.16). Raises NotFound."""
    await _correct(hub, access, change, change.name)


async def replace_instance(hub: Hub, access: Access, change: PatchInstance) -> None:
    """Put a right instance in the place of a wrong one (CIM 009 §5.6.14). Raises NotFound."""
    await _correct(hub, access, change, change.attribute.name)


async def retrieve(hub: Hub, access: Access, entity_id: str, temporal: TemporalQuery) -> Evolutions:
    """The history of one entity (CIM 009 §5.7.3). Raises NotFound."""
    evolution = await hub.store(access).evolution(entity_id, temporal, access)
    if evolution is None:
        raise NotFound(f"Entity {entity_id} has no history")
    return _limited((evolution,), temporal)


async def query(
    hub: Hub, access: Access, query: Query, temporal: TemporalQuery, window: Window
) -> Evolutions:
    """The histories of all entities that are asked for (CIM 009 §5.7.4). Raises QueryTooWide."""
    page = await hub.store(access).history(query, temporal, window, access)
    limited = _limited(page.evolutions, temporal)
    return msgspec.structs.replace(limited, total=page.total, next_cursor=page.next_cursor)


def _limited(evolutions: tuple[Evolution, ...], temporal: TemporalQuery) -> Evolutions:
    """Aggregated values are not cut: there are as many as periods, and they need every instance."""
    if temporal.aggregation is not None:
        return Evolutions(evolutions)
    shortened, covered = limit(evolutions, temporal, LIMITS.temporal_instances_max)
    return Evolutions(tuple(shortened), covered)


async def _exists(hub: Hub, access: Access, entity_id: str) -> bool:
    everyone = Access(tenant=access.tenant, subject=access.subject)
    return await hub.store(access, create=True).evolution(entity_id, _NOTHING, everyone) is not None


async def _correct(hub: Hub, access: Access, change: DeleteHistory | PatchInstance, name: str | None) -> None:
    if access.filter is not None:
        await check_writable(hub, access, change)
    if access.mask and (name is None or name in access.mask):
        raise Denied(f"You may not change the history of every attribute of {change.id}")
    await _commit(hub, access, change)


async def _commit(hub: Hub, access: Access, change: Change, *, create: bool = False) -> Outcome:
    (outcome,) = await hub.store(access, create=create).commit((change,))
    if isinstance(outcome, MadangError):
        raise outcome
    return outcome
