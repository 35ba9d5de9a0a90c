"""From what `resolution.py` finds to suggestions that a person confirms or refuses. Deciding stands in `suggestions.py`.

A suggestion goes from the entry of which less is known to the one of which more is, so that a confirmed one says "this
is the same as that" where a reader looks for it. What has been decided is never suggested anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from madang.ecosystem import suggestions
from madang.ecosystem.joined import representatives
from madang.ecosystem.record import Record
from madang.ecosystem.resolution import CERTAIN, PROPOSED, Entry, Ground, Match, entries_of, resolve
from madang.ecosystem.suggestions import Category, Reason, Status, Suggestion, identifier
from madang.errors import NotFound
from madang.hub import batch
from madang.hub.hub import Hub
from madang.ngsild.changes import Delete
from madang.ngsild.query import Window
from madang.trust.access import Access

# How many an entry is suggested to be the same as, the likeliest
OTHERS_MAX: Final = 3
_REGISTERED: Final = frozenset(("merge-number", "merge-corporate-number"))
_KEY_BYTES: Final = 8
_PAGE: Final = 500


class Decided(msgspec.Struct, frozen=True):
    """confirmed: how many merges. passed: how many could not be, because what they are about is gone."""

    confirmed: int
    passed: int


def merges_of(record: Record, least: float = PROPOSED) -> tuple[Suggestion, ...]:
    """Which organisations of a record may be one, without those that are one already; the likeliest first."""
    same = representatives(record)
    entries = entries_of(record.things)
    matches = [
        match
        for match in resolve(entries, least).matches
        if same[entries[match.one].id] != same[entries[match.other].id]
    ]
    return suggested(record.city, entries, matches)


def suggested(city: str, entries: Sequence[Entry], matches: Iterable[Match]) -> tuple[Suggestion, ...]:
    """matches: the likeliest first."""
    found: list[Suggestion] = []
    counts: dict[str, int] = {}
    for match in matches:
        less, more = sorted((entries[match.one], entries[match.other]), key=_known)
        if counts.get(less.id, 0) < OTHERS_MAX:
            counts[less.id] = counts.get(less.id, 0) + 1
            reasons = tuple(map(_reason, match.grounds))
            key = _key(less.id, more.id)
            name = identifier(city, Category.MERGE, key)
            found.append(
                Suggestion(name, Category.MERGE, less.id, more.id, round(match.score, 4), reasons=reasons)
            )
    return tuple(found)


def _known(entry: Entry) -> tuple[int, str]:
    """How much is known of it; of two as well known the one whose identifier comes first counts as better known."""
    facts = (
        entry.number,
        entry.corporate,
        entry.site,
        entry.address,
        entry.region,
        entry.kind,
        entry.founded,
        entry.place,
    )
    return sum(map(bool, facts)) + len(entry.names), "".join(
        chr(0x10FFFF - ord(letter)) for letter in entry.id
    )


def _key(one: str, other: str) -> str:
    """The same for two entries in whatever order."""
    return blake2b("\n".join(sorted((one, other))).encode(), digest_size=_KEY_BYTES).hexdigest()


def _reason(ground: Ground) -> Reason:
    return Reason(f"merge-{ground.code}", ground.weight < 0, ground.values)


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
