"""What can be asked of the past: histories of entities (CIM 009 §5.6.11 to §5.6.16, §5.7.3, §5.7.4).

As in `entities.py` every function takes the caller's `Access`. Long answers are cut to a part of the range
here, for every store alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from madang.errors import MadangError, NotFound
from madang.hub.hub import Hub
from madang.hub.trust import audit
from madang.ngsild.changes import AppendHistory, Change, DeleteHistory, Outcome, PatchInstance
from madang.ngsild.entity import Entity
from madang.ngsild.evolution import Evolution, Range, limit
from madang.ngsild.query import Query, Window
from madang.ngsild.temporal import TemporalQuery
from madang.settings import LIMITS
from madang.store.base import EvolutionPage
from madang.trust.access import Access
from madang.trust.writing import limits


class Evolutions(msgspec.Struct, frozen=True):
    """One page of histories. range: the part that it covers where the whole was too long. Rest as in `Page`."""

    evolutions: tuple[Evolution, ...]
    range: Range | None = None
    total: int | None = None
    next_cursor: str = ""


async def create(hub: Hub, access: Access, fragment: Entity) -> Outcome:
    """Create the history of an entity, or add to it (CIM 009 §5.6.11). `created` in the outcome is of the history."""
    known = await hub.store(access, create=True).has_history(fragment.id)
    outcome = await _commit(hub, access, AppendHistory(fragment), create=True)
    return outcome if known else msgspec.structs.replace(outcome, created=True)


async def append(hub: Hub, access: Access, fragment: Entity) -> None:
    """Add instances to the history of an entity that there is (CIM 009 §5.6.12). Raises NotFound."""
    await _commit(hub, access, AppendHistory(fragment, existing=True))


async def delete(hub: Hub, access: Access, change: DeleteHistory) -> None:
    """Erase history (CIM 009 §5.6.13, §5.6.15, §5.6.16). Raises NotFound."""
    await _commit(hub, access, change)


async def replace_instance(hub: Hub, access: Access, change: PatchInstance) -> None:
    """Put a right instance in the place of a wrong one (CIM 009 §5.6.14). Raises NotFound."""
    await _commit(hub, access, change)


async def retrieve(hub: Hub, access: Access, entity_id: str, temporal: TemporalQuery) -> Evolutions:
    """The history of one entity, cut to a part of the range where it is long (CIM 009 §5.7.3).

    Raises NotFound if there is no history, or none in the range, of the attributes or of the datasets asked for.
    """

    async def read(asked: TemporalQuery) -> EvolutionPage:
        return EvolutionPage((await evolution(hub, access, entity_id, asked),))

    found = await _cut(hub, temporal, read)
    narrowed = temporal.relation is not None or temporal.attributes or temporal.datasets
    if narrowed and not found.evolutions[0].series:
        raise NotFound(f"Entity {entity_id} has no history of these attributes in this range of time")
    return found


async def evolution(hub: Hub, access: Access, entity_id: str, temporal: TemporalQuery) -> Evolution:
    """Every instance of one entity that the query selects, however many, perhaps none. Raises NotFound."""
    found = await hub.store(access).evolution(entity_id, temporal, access)
    if found is None:
        raise NotFound(f"Entity {entity_id} has no history")
    if access.recorded:
        await audit.seen(hub, access, (found,))
    return found


async def query(
    hub: Hub, access: Access, query: Query, temporal: TemporalQuery, window: Window
) -> Evolutions:
    """The histories of all entities that are asked for (CIM 009 §5.7.4). Raises QueryTooWide."""

    async def read(asked: TemporalQuery) -> EvolutionPage:
        page = await hub.store(access).history(query, asked, window, access)
        if access.recorded:
            await audit.seen(hub, access, page.evolutions)
        return page

    return await _cut(hub, temporal, read)


async def _cut(
    hub: Hub, temporal: TemporalQuery, read: Callable[[TemporalQuery], Awaitable[EvolutionPage]]
) -> Evolutions:
    """What `read` finds, cut to a part of the range if it is too long for one answer (§6.3.10).

    Aggregated values are not cut: there are as many as periods, and they need every instance. Of others no more
    is read than an answer can hold and one more of each series, which shows that there is more.
    """
    if temporal.aggregation is not None:
        page = await read(temporal)
        return Evolutions(page.evolutions, None, page.total, page.next_cursor)
    most = hub.history_page + 1
    while True:
        page = await read(msgspec.structs.replace(temporal, most=most))
        shortened, covered = limit(
            page.evolutions, temporal, hub.history_page, LIMITS.temporal_page_instances_max
        )
        longest = max((len(one.times) for found in page.evolutions for one in found.series), default=0)
        if covered is not None or longest < most:
            return Evolutions(tuple(shortened), covered, page.total, page.next_cursor)
        # All that was read is of the moment with which the range begins: the next one belongs to the answer
        most = longest + 1


async def _commit(hub: Hub, access: Access, change: Change, *, create: bool = False) -> Outcome:
    (outcome,) = await hub.store(access, create=create).commit((change,), within=limits(access))
    if isinstance(outcome, MadangError):
        raise outcome
    return outcome
