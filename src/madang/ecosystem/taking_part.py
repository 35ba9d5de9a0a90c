"""From the record to the network of firms: who takes part in what, by the links of the graph.

An activity is an entity with links to those who do it together: a contract to its buyer and supplier, a project to its
participants. Links from one organisation to another are activities of two. Who pays for an activity, hosts it or invites
to it makes it possible and does not take part: a ministry that funds a thousand projects does not join a thousand firms.
For the same reason a public body is no participant of what it buys, and the departments of the city are in no network of
firms at all.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np

from madang.ecosystem.joined import ORGANISATION, joined, representatives
from madang.ecosystem.participation import (
    BETWEEN_TWO,
    CITY,
    JOINT,
    MEMBER,
    PROCUREMENT,
    PUBLIC,
    TAKING_PART,
)
from madang.ecosystem.record import Record, Thing
from madang.ecosystem.ties import Floats, Ties, ties_of

_CURRENCY: Final = "KRW"


def ties_of_record(record: Record) -> Ties:
    """All organisations but the city's own departments, and what they take part in. Organisations that a person confirmed
    to be the same count as one."""
    same = representatives(record)
    known = joined(record.things, same)
    categories = {one: _first_text(some, "category") for one, some in known.items()}
    days: dict[str, int] = {}
    kinds: dict[str, str] = {}
    parts: list[tuple[str, str]] = []
    for thing in record.things:
        found = [one for one in _parts(thing, same, categories) if categories[one[0]] != CITY]
        if thing.type in JOINT and len({organisation for organisation, _, _ in found}) < 2:
            continue
        for organisation, activity, kind in found:
            parts.append((organisation, activity))
            kinds[activity] = kind
            if thing.day is not None and activity == thing.id:
                days[activity] = thing.day
    firms = [one for one, category in categories.items() if category != CITY]
    return ties_of(parts, organisations=firms, days=days, kinds=kinds)


def founded_of_record(record: Record, ties: Ties) -> Floats:
    """Of each organisation of the ties the year in which it was founded, NaN where that is not known."""
    known = joined(record.things, representatives(record))
    years = [_first_number(known.get(one, []), "foundingYear") for one in ties.organisations]
    return np.array([math.nan if year is None else year for year in years])


def amounts_of_record(record: Record, ties: Ties) -> tuple[Floats, str]:
    """(amount of each activity in the currency of most of them, NaN where it is not known or is in another; the currency)."""
    known = {
        thing.id: (amount, thing.text("currency") or _CURRENCY)
        for thing in record.things
        if thing.type in TAKING_PART and (amount := thing.number("amount")) is not None
    }
    currencies = Counter(currency for _, currency in known.values())
    currency = currencies.most_common(1)[0][0] if currencies else _CURRENCY
    said = [known.get(activity, (math.nan, "")) for activity in ties.activities]
    return np.array([amount if unit == currency else math.nan for amount, unit in said]), currency


def _parts(thing: Thing, same: dict[str, str], categories: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """(organisation, activity, its kind) that a thing tells of."""
    for attribute in TAKING_PART.get(thing.type, ()):
        for other in thing.links(attribute):
            if (organisation := same.get(other)) is None:
                continue
            # Whoever buys in public procurement is a public body, also where its category is not known
            procured = thing.text("category") == PROCUREMENT
            if attribute != "buyer" or not (procured or categories[organisation] in PUBLIC):
                yield organisation, thing.id, thing.type
    if thing.type != ORGANISATION:
        return
    itself = same[thing.id]
    for attribute in BETWEEN_TWO:
        for other in thing.links(attribute):
            if (organisation := same.get(other)) is not None and organisation != itself:
                # Whichever of the two says that they are partners
                ends = sorted((itself, organisation)) if attribute == "partnerOf" else (itself, organisation)
                activity = f"{ends[0]} {attribute} {ends[1]}"
                yield itself, activity, attribute
                yield organisation, activity, attribute
    for other in thing.links(MEMBER):
        together = same.get(other, other)
        yield itself, f"{MEMBER} {together}", MEMBER
        if together in categories:
            yield together, f"{MEMBER} {together}", MEMBER


def _first_text(things: list[Thing], attribute: str) -> str:
    return next((text for thing in things if (text := thing.text(attribute))), "")


def _first_number(things: list[Thing], attribute: str) -> float | None:
    return next((found for thing in things if (found := thing.number(attribute)) is not None), None)
