"""Many changes at once: the batch operations (CIM 009 §5.6.7 to §5.6.10, §5.6.20), and the way in for connectors."""

from __future__ import annotations

from collections.abc import Sequence

from madang.errors import MadangError
from madang.hub.hub import Hub
from madang.ngsild.changes import Change, Outcome
from madang.store.base import SourceMark
from madang.trust.access import Access
from madang.trust.writing import limits


async def apply(
    hub: Hub, access: Access, changes: Sequence[Change], mark: SourceMark | None = None
) -> list[Outcome | MadangError]:
    """Apply the changes in order; each has its own outcome or error, and all that succeed are on disk.

    mark: what a source records in the same transaction.
    """
    outcomes = await hub.store(access, create=True).commit(changes, mark, limits(access))
    hub.uses.wrote(access.tenant, changes, outcomes)
    return outcomes
