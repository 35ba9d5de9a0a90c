"""Organisations that may be one, as suggestions for a person to decide on. Pure.

A suggestion goes from the entry of which less is known to the one of which more is, so that a confirmed one says "this
is the same as that" where a reader looks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

from madang.ecosystem.joined import representatives
from madang.ecosystem.record import Record
from madang.ecosystem.resolution import PROPOSED, Entry, Ground, Match, entries_of, resolve
from madang.ecosystem.suggestions import Category, Reason, Suggestion, identifier

# How many an entry is suggested to be the same as, the likeliest
OTHERS_MAX: Final = 3
_KEY_BYTES: Final = 8


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
