"""Many changes at once: the batch operations (CIM 009 §5.6.7 to §5.6.10, §5.6.20), and the way in for connectors."""

from __future__ import annotations

from collections.abc import Sequence

from madang.errors import MadangError
from madang.hub.entities import check_writable
from madang.hub.hub import Hub
from madang.ngsild.changes import Change, Outcome
from madang.store.base import SourceMark
from madang.trust.access import Access


async def apply(
    hub: Hub, access: Access, changes: Sequence[Change], mark: SourceMark | None = None
) -> list[Outcome | MadangError]:
    """Apply the changes in order; each has its own outcome or error, and all that succeed are on disk.

    mark: what a source records in the same transaction.
    """
    if access.filter is None and not access.mask:
        return await hub.store(access, create=True).commit(changes, mark)
    refused: dict[int, MadangError] = {}
    for place, change in enumerate(changes):
        try:
            await check_writable(hub, access, change)
        except MadangError as error:
            refused[place] = error
    allowed = [change for place, change in enumerate(changes) if place not in refused]
    done = iter(await hub.store(access, create=True).commit(allowed, mark))
    return [refused[place] if place in refused else next(done) for place in range(len(changes))]
