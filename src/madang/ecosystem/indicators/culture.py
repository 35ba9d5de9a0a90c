"""Indicators of the social culture: what citizens ask for and propose, and whether they are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from madang.ecosystem.indicators.found import MISSING, Found, rate, share_of, total
from madang.ecosystem.indicators.ground import YEAR_DAYS, Ground, amount_of

_ANSWERS: Final = ("Pilot", "Call", "Proposal", "Project", "Service")


def needs(ground: Ground) -> Found:
    raised, known = ground.dated("Need", YEAR_DAYS)
    return rate(len(raised), ground.population, 10_000, known) if known else MISSING


def needs_answered(ground: Ground) -> Found:
    answered = {one for thing in ground.things(*_ANSWERS) for one in thing.links("answers")}
    return share_of(
        ground.things("Need"),
        lambda one: one.id in answered or one.text("status") in ("answered", "completed"),
        ground.read("Need"),
    )


def supporters(ground: Ground) -> Found:
    known = [n for one in ground.things("Need") if (n := amount_of(one, "supporters")) is not None]
    return total(known, ground.population, 1_000, len(known) / ground.count("Need")) if known else MISSING


def members(ground: Ground) -> Found:
    known = [n for one in ground.things("Community") if (n := amount_of(one, "memberCount")) is not None]
    return (
        total(known, ground.population, 1_000, len(known) / ground.count("Community")) if known else MISSING
    )


def proposals(ground: Ground) -> Found:
    received, known = ground.dated("Proposal", YEAR_DAYS)
    return rate(len(received), ground.population, 10_000, known) if known else MISSING


def citizen_pilots(ground: Ground) -> Found:
    return share_of(ground.things("Pilot"), lambda one: bool(one.links("answers")), ground.read("Pilot"))


def needs_districts(ground: Ground) -> Found:
    districts = {one.id for one in ground.things("District")}
    raised = [
        found for one in ground.things("Need") if (found := districts.intersection(one.links("raisedIn")))
    ]
    if not districts or not raised:
        return MISSING
    return Found(
        100 * len(set().union(*raised)) / len(districts), coverage=len(raised) / ground.count("Need")
    )


FORMULAS: Final[Mapping[str, Callable[[Ground], Found]]] = {
    "needs": needs,
    "needs-answered": needs_answered,
    "supporters": supporters,
    "members": members,
    "proposals": proposals,
    "citizen-pilots": citizen_pilots,
    "needs-districts": needs_districts,
}
