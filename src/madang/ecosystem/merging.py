"""What is suggested of organisations that may be one, as it is kept: refreshed when somebody has looked anew, and
confirmed many at a time where a number says it. Deciding on one stands in `suggestions.py`; `likely.py` finds them.
"""

from __future__ import annotations

from typing import Final

import msgspec

from madang.ecosystem import suggestions
from madang.ecosystem.suggestions import Category, Status
from madang.errors import NotFound
from madang.hub.hub import Hub
from madang.trust.access import Access

CERTAIN: Final = 0.95
_REGISTERED: Final = frozenset(("merge-number", "merge-corporate-number"))


class Decided(msgspec.Struct, frozen=True):
    """confirmed: how many merges. passed: how many could not be, because what they are about is gone."""

    confirmed: int
    passed: int


async def confirm_certain(hub: Hub, access: Access, least: float = CERTAIN) -> Decided:
    """Confirm, as whoever asks, all merges that are suggested with at least this score because a number by which
    organisations are registered is the same, and that have no reason against them."""
    confirmed = passed = 0
    for one in await suggestions.proposed(hub, access, Category.MERGE):
        registered = any(reason.code in _REGISTERED for reason in one.reasons)
        if (one.score or 0.0) < least or not registered or any(reason.against for reason in one.reasons):
            continue
        try:
            await suggestions.decide(hub, access, one, Status.CONFIRMED)
            confirmed += 1
        except NotFound:
            passed += 1
    return Decided(confirmed, passed)
