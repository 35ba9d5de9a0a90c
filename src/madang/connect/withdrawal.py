"""Taking a source's entities out again: those that vanished from it, or all of them when the source itself goes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from madang.connect.decide import decode_stamp, withdrawn
from madang.connect.site import Site
from madang.errors import MadangError, NotFound
from madang.ngsild.changes import Change

SLICE_ENTITIES_MAX: Final = 256
_EVERY_RUN: Final = 2**62


async def count_unseen(site: Site, source: str, run: int, limit: int) -> int:
    """How many entities of the source the run did not see; `limit` if there are at least so many."""
    return len(await site.sources.unseen(source, run, limit))


async def withdraw_unseen(site: Site, city: str, source: str, run: int) -> AsyncGenerator[int, None]:
    """Take out what the run did not see; yields how many went, slice by slice. Their history stays."""
    async for n in _withdraw(site, city, source, run, forget=False):
        yield n


async def withdraw_all(site: Site, city: str, source: str) -> AsyncGenerator[int, None]:
    """Take out all entities of the source, with their history; yields how many went, slice by slice."""
    async for n in _withdraw(site, city, source, _EVERY_RUN, forget=True):
        yield n


async def _withdraw(
    site: Site, city: str, source: str, run: int, *, forget: bool
) -> AsyncGenerator[int, None]:
    while ids := await site.sources.unseen(source, run, SLICE_ENTITIES_MAX):
        changes = await _changes(site, city, source, ids, forget)
        for change, outcome in zip(changes, await site.apply(changes), strict=True):
            # Somebody else may have removed it first
            if isinstance(outcome, MadangError) and not isinstance(outcome, NotFound):
                raise type(outcome)(f"{change.id} cannot be removed: {outcome.message}")
        await site.sources.forget(source, ids)
        yield len(ids)


async def _changes(site: Site, city: str, source: str, ids: Sequence[str], forget: bool) -> list[Change]:
    stamps = await site.sources.digests(source, ids)
    changes: list[Change] = []
    for identifier, current in (await site.current(ids)).items():
        raw = stamps.get(identifier)
        stamp = decode_stamp(raw) if raw is not None else None
        changes += withdrawn(identifier, is_owner(identifier, city, source), stamp, current, forget=forget)
    return changes


def is_owner(identifier: str, city: str, source: str) -> bool:
    """Whether the identifier is of the form that this source gives to entities of its own."""
    parts = identifier.split(":", 5)
    return len(parts) == 6 and parts[:2] == ["urn", "ngsi-ld"] and parts[3:5] == [city, source]
