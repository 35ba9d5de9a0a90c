"""Following the city live: every change that a caller may see, from a sequence number on (docs/decisions, 12)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from madang.hub.hub import Hub
from madang.hub.trust import audit
from madang.store.audit import Deed
from madang.store.base import ChangeRow, Store
from madang.trust.access import Access
from madang.trust.view import compile_view

_REPLAY_CHANGES_MAX: Final = 1000
_RECORDED_THINGS_MAX: Final = 10_000


async def watch(hub: Hub, access: Access, after: int | None = None) -> AsyncIterator[ChangeRow]:
    """Changes as they are committed. after: begin with those that came after this sequence number.

    A change of kind "lost" means: too many came at once or since then; read anew and go on from its number.
    """
    store = hub.store(access)
    recorded: set[str] = set()
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
            shown = await seen(store, access, change)
            if shown is not None:
                await _record(hub, access, shown, recorded)
                yield shown
    async for change in following:
        if change.sequence > last:
            shown = await seen(store, access, change)
            if shown is not None:
                await _record(hub, access, shown, recorded)
                yield shown


async def _record(hub: Hub, access: Access, change: ChangeRow, recorded: set[str]) -> None:
    """Record that the caller is told of the thing, once while they follow. recorded: ids of those that were."""
    if access.recorded and change.id not in recorded:
        if len(recorded) >= _RECORDED_THINGS_MAX:
            recorded.clear()
        recorded.add(change.id)
        await audit.seen(hub, access, (change,), Deed.FOLLOW)


async def seen(store: Store, access: Access, change: ChangeRow) -> ChangeRow | None:
    """The change as the caller sees it; None if it is of nothing that they see, or of nothing that is left of it.

    Of a deleted entity no more is known than its types, so its attributes are not named."""
    if access.view is None or change.kind == "lost":
        return change
    sight = compile_view(access.view)
    if change.kind == "deleted":
        existed = sight.existed(change.id, change.types)
        return msgspec.structs.replace(change, names=()) if existed else None
    whole = await store.retrieve(change.id, msgspec.structs.replace(access, view=None))
    if whole is None or not sight.exists(whole):
        return None
    names = tuple([name for name in change.names if not sight.hides(whole, name)])
    if change.names and not names:
        return None
    return msgspec.structs.replace(change, names=names)
