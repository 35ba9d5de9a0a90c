"""Events of the audit as they are told: as JSON, and as rows of a sheet. And all that are wanted, however many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from madang.errors import BadRequestData
from madang.ngsild.context import Context
from madang.ngsild.times import format_moment, parse_moment
from madang.store.audit import Chain, Deed, Recorded, Wanted

_PAGE: Final = 512
COLUMNS: Final = (
    *("number", "time", "subject", "deed", "object", "entities", "types", "purpose", "reason", "rules"),
    *("origin", "request", "forgotten", "hash"),
)


def told(one: Recorded, context: Context) -> dict[str, Any]:
    """The event as JSON, with `COLUMNS` as members. context: in which types are written."""
    event = one.event
    return {
        "number": one.number,
        "time": format_moment(one.time),
        "subject": event.subject,
        "deed": event.deed.value,
        "object": event.object,
        "entities": event.entities,
        "types": [context.compact(name) for name in event.types],
        "purpose": event.purpose,
        "reason": event.reason,
        "rules": event.rules,
        "origin": event.origin,
        "request": event.request,
        "forgotten": one.forgotten,
        "hash": one.hash.hex(),
    }


def cells(one: Recorded, context: Context) -> list[str]:
    """The event as a row of a sheet with these columns."""
    values = told(one, context).values()
    return [" ".join(value) if isinstance(value, list | tuple) else str(value) for value in values]


async def every(chain: Chain, wanted: Wanted, limit: int = 0) -> AsyncIterator[list[Recorded]]:
    """All that is wanted, the newest first, some at a time. limit: no more than so many, 0 for no limit."""
    last, left = 0, limit
    while True:
        page = await chain.page(wanted, min(_PAGE, left) if limit else _PAGE, last)
        if not page:
            return
        yield page
        last, left = page[-1].number, left - len(page)
        if last == 1 or (limit and left <= 0):
            return
        await asyncio.sleep(0)


class Said(msgspec.Struct, frozen=True):
    """What somebody wants to see of the audit, in their words; each "" for all."""

    subject: str = ""
    deed: str = ""
    object: str = ""
    entity: str = ""
    since: str = ""
    until: str = ""


def wanted(said: Said) -> Wanted:
    """Raises BadRequestData."""
    if said.deed and said.deed not in set(Deed):
        raise BadRequestData(f"'{said.deed[:40]}' is no deed; there are {', '.join(Deed)}")
    return Wanted(
        said.subject,
        Deed(said.deed) if said.deed else None,
        said.object,
        said.entity,
        parse_moment(said.since, "since") if said.since else None,
        parse_moment(said.until, "until") if said.until else None,
    )
