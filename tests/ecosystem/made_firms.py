"""Organisations and what they did together, made up by lot, and what is suggested of them: as entities, as the API takes them."""

from __future__ import annotations

import random
from typing import Any

from tests.ecosystem.made_outcome import firm_names, organisation

from madang.ecosystem.participation import BETWEEN_TWO, TAKING_PART
from madang.ecosystem.suggestions import Category, Reason, Suggestion, identifier

CATEGORIES = ("startup", "small-firm", "startup", "university", "city-government", "public-corporation")
KINDS = tuple(kind for kind in TAKING_PART if kind not in ("Meeting", "Proposal", "Technology"))
ONE, TWO, THREE = organisation(1), organisation(2), organisation(3)
MERGE = Suggestion(
    identifier("saem", Category.MERGE, "1-2"),
    Category.MERGE,
    ONE,
    TWO,
    0.93,
    reasons=(Reason("name", values={"likeness": 0.97}), Reason("district", against=True)),
)
CLASS = Suggestion(
    identifier("saem", Category.CLASS, "1"),
    Category.CLASS,
    ONE,
    score=0.6,
    classes={"serviceArea": "transport", "technologyLayer": "platform-data"},
)
PARTNER = Suggestion(
    identifier("saem", Category.PARTNER, "1-3"),
    Category.PARTNER,
    ONE,
    THREE,
    0.7,
    reasons=(Reason(text="같은 <b>낱말</b>: 신호"),),
)


def made_firms(seed: int, firms: int = 14, activities: int = 30) -> list[dict[str, Any]]:
    """Some of the organisations are the same. The same seed gives the same."""
    lot = random.Random(seed)

    def some(most: int) -> list[str]:
        return [organisation(lot.randrange(firms)) for _ in range(lot.randint(1, most))]

    found: list[dict[str, Any]] = []
    for number in range(firms):
        one: dict[str, Any] = {
            "id": organisation(number),
            "type": "Organization",
            "name": {"languageMap": firm_names(number)},
            "category": CATEGORIES[number % len(CATEGORIES)],
        }
        if lot.random() < 0.15:
            one["sameAs"] = {"object": organisation(lot.randrange(number + 1, firms + 1) % firms)}
        if lot.random() < 0.2:
            one[lot.choice(BETWEEN_TWO)] = {"object": some(1)[0]}
        if lot.random() < 0.2:
            one["memberOf"] = {"object": "urn:ngsi-ld:Community:saem:c:1"}
        found.append(one)
    for number in range(activities):
        kind = lot.choice(KINDS)
        links = {name: {"object": some(4)} for name in TAKING_PART[kind]}
        day = {"value": {"@type": "Date", "@value": f"20{lot.randint(15, 25)}-03-01"}}
        found.append({"id": f"urn:ngsi-ld:{kind}:saem:t:{number}", "type": kind, "date": day, **links})
    return found
