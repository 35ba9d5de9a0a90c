"""Indicators of the platform: what brings the other components together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from madang.ecosystem.indicators.found import MISSING, Found, rate, share, share_of
from madang.ecosystem.indicators.ground import THREE_YEARS_DAYS, YEAR_DAYS, Ground

_DIRECTED_PAIRS: Final = 42


def platforms_linked(ground: Ground) -> Found:
    bases = {one for dataset in ground.things("Dataset") for one in dataset.links("derivedFrom")}
    return share_of(
        ground.things("Platform"),
        lambda platform: platform.id in bases or bool(platform.links("provides")),
        ground.read("Platform", "Dataset"),
    )


def events(ground: Ground) -> Found:
    if not ground.count("Event"):
        return MISSING
    held, known = ground.dated("Event", YEAR_DAYS)
    return rate(len(held), len(ground.organisations), 100, known)


def event_reach(ground: Ground) -> Found:
    if not ground.count("Event"):
        return MISSING
    held, known = ground.dated("Event", THREE_YEARS_DAYS)
    listed = [ground.parties(one, "participant") for one in held if one.links("participant")]
    if held and not listed:
        return MISSING
    came = set().union(*listed) & ground.firms.keys()
    return share(len(came), len(ground.firms), known * (len(listed) / len(held) if held else 1.0))


def meetings(ground: Ground) -> Found:
    held, known = ground.dated("Meeting", YEAR_DAYS)
    return rate(len(held), len(ground.organisations), 100, known) if known else MISSING


def suggestions_taken(ground: Ground) -> Found:
    decided = [
        one.text("status") == "confirmed"
        for one in ground.things("Suggestion")
        if one.text("category") == "partner" and one.text("status") in ("confirmed", "refused")
    ]
    return share(sum(decided), len(decided), ground.read("Suggestion"))


def mediated(ground: Ground) -> Found:
    between = [cell for cell in ground.flows.cells if cell.source != cell.target]
    over = sum(cell.online + cell.offline for cell in between)
    return share(over, sum(cell.count for cell in between)) if ground.flows.mediated is not None else MISSING


def component_pairs(ground: Ground) -> Found:
    cells = ground.flows.cells
    found = {(cell.source, cell.target) for cell in cells if cell.source != cell.target and cell.count}
    # All pairs are looked at, so chance has no part in how many there are
    return Found(100 * len(found) / _DIRECTED_PAIRS, coverage=1.0) if cells else MISSING


def connected(ground: Ground) -> Found:
    counts = ground.network.counts
    return (
        share(counts.organisations - counts.without_partner, counts.organisations)
        if counts.activities
        else MISSING
    )


FORMULAS: Final[Mapping[str, Callable[[Ground], Found]]] = {
    "platforms-linked": platforms_linked,
    "events": events,
    "event-reach": event_reach,
    "meetings": meetings,
    "suggestions-taken": suggestions_taken,
    "mediated": mediated,
    "component-pairs": component_pairs,
    "connected": connected,
}
