"""What is suggested of organisations that may be one, as it is kept: refreshed when somebody has looked anew, and
confirmed many at a time where a number says it. Deciding on one stands in `suggestions.py`; `likely.py` finds them.
"""

from __future__ import annotations

from typing import Final

import msgspec

from madang.ecosystem import suggestions
from madang.ecosystem.suggestions import Category, Status, Suggestion
from madang.errors import NotFound
from madang.hub.hub import Hub
from madang.trust.access import Access

CERTAIN: Final = 0.95
# In one go, which somebody waits for
CONFIRMED_MAX: Final = 200
_REGISTERED: Final = frozenset(("merge-number", "merge-corporate-number"))


class Decided(msgspec.Struct, frozen=True):
    """confirmed: how many merges. passed: how many could not be, because what they are about is gone."""

    confirmed: int
    passed: int


def registered(suggestion: Suggestion) -> bool:
    """Whether a number by which organisations are registered says it, and nothing speaks against it."""
    said = any(reason.code in _REGISTERED for reason in suggestion.reasons)
    return (
        said and (suggestion.score or 0.0) >= CERTAIN and not any(one.against for one in suggestion.reasons)
    )


async def confirm_registered(hub: Hub, access: Access) -> Decided:
    """Confirm, as whoever asks, merges that are suggested because a registered number is the same; not too many in one go."""
    confirmed = passed = 0
    for one in await suggestions.proposed(hub, access, Category.MERGE):
        if not registered(one):
            continue
        if confirmed == CONFIRMED_MAX:
            break
        try:
            await suggestions.decide(hub, access, one, Status.CONFIRMED)
            confirmed += 1
        except NotFound:
            passed += 1
    return Decided(confirmed, passed)
