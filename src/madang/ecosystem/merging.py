"""What is suggested of organisations that may be one, as it is kept: refreshed when somebody has looked anew, and
confirmed many at a time where a number says it. Deciding on one stands in `suggestions.py`; `likely.py` finds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from madang.ecosystem import suggestions
from madang.ecosystem.suggestions import Category, Status, Suggestion
from madang.errors import NotFound
from madang.hub import batch
from madang.hub.hub import Hub
from madang.ngsild.changes import Delete
from madang.ngsild.query import Window
from madang.trust.access import Access

CERTAIN: Final = 0.95
_REGISTERED: Final = frozenset(("merge-number", "merge-corporate-number"))
_PAGE: Final = 500


class Decided(msgspec.Struct, frozen=True):
    """confirmed: how many merges. passed: how many could not be, because what they are about is gone."""

    confirmed: int
    passed: int


async def refresh(hub: Hub, access: Access, found: Sequence[Suggestion]) -> int:
    """Write what is suggested now, and take back what no longer is and nobody has decided on. How many are written.

    Raises Denied."""
    wanted = {one.id for one in found}
    gone = [one.id for one in await _proposed(hub, access) if one.id not in wanted]
    for begin in range(0, len(gone), _PAGE):
        for outcome in await batch.apply(hub, access, [Delete(one) for one in gone[begin : begin + _PAGE]]):
            if isinstance(outcome, Exception):
                raise outcome
    return await suggestions.put(hub, access, found, hub.clock.now())


async def confirm_certain(hub: Hub, access: Access, least: float = CERTAIN) -> Decided:
    """Confirm, as whoever asks, all merges that are suggested with at least this score because a number by which
    organisations are registered is the same, and that have no reason against them."""
    confirmed = passed = 0
    for one in await _proposed(hub, access):
        registered = any(reason.code in _REGISTERED for reason in one.reasons)
        if (one.score or 0.0) < least or not registered or any(reason.against for reason in one.reasons):
            continue
        try:
            await suggestions.decide(hub, access, one, Status.CONFIRMED)
            confirmed += 1
        except NotFound:
            passed += 1
    return Decided(confirmed, passed)


async def _proposed(hub: Hub, access: Access) -> list[Suggestion]:
    found: list[Suggestion] = []
    cursor = ""
    while True:
        window = Window(limit=_PAGE, cursor=cursor)
        page = await suggestions.listed(hub, access, Category.MERGE, Status.PROPOSED, window)
        found += page.suggestions
        cursor = page.following
        if not cursor:
            return found
