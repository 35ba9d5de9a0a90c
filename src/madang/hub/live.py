"""Following the city live: every change that a caller may see, from a sequence number on (docs/decisions, 12)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from madang.hub.hub import Hub
from madang.store.base import ChangeRow
from madang.trust.access import Access

_REPLAY_CHANGES_MAX: Final = 1000


async def watch(hub: Hub, access: Access, after: int | None = None) -> AsyncIterator[ChangeRow]:
    """Changes as they are committed. after: begin with those that came after this sequence number.

    A change of kind "lost" means: too many came at once or since then; read anew and go on from its number.
    """
    store = hub.store(access)
    following = store.watch()
    last = await store.last_sequence() if after is None else after
    if after is not None and after > await store.last_sequence():
        # A number of the time before a backup was restored
        last = await store.last_sequence()
        yield ChangeRow(last, hub.clock.now(), "", "lost", (), ())
    elif after is not None:
        missed = await store.changes_since(after, _REPLAY_CHANGES_MAX)
        if len(missed) >= _REPLAY_CHANGES_MAX:
            last = await store.last_sequence()
            yield ChangeRow(last, hub.clock.now(), "", "lost", (), ())
            missed = []
        for change in missed:
            last = change.sequence
            if await _visible(hub, access, change):
                yield _masked(change, access)
    async for change in following:
        if change.sequence > last and await _visible(hub, access, change):
            yield _masked(change, access)


async def _visible(hub: Hub, access: Access, change: ChangeRow) -> bool:
    if access.filter is None or change.kind in ("deleted", "lost"):
        return access.filter is None or change.kind == "lost"
    return await hub.store(access).retrieve(change.id, access) is not None


def _masked(change: ChangeRow, access: Access) -> ChangeRow:
    if not access.mask:
        return change
    names = tuple(name for name in change.names if name not in access.mask)
    return ChangeRow(change.sequence, change.time, change.id, change.kind, change.types, names)
