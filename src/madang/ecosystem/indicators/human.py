"""Indicators of the human assets. Nothing about a person is looked at: only what organisations say of themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from madang.ecosystem.firms import RESEARCH
from madang.ecosystem.indicators.found import MISSING, Found, rate, share, share_of, total
from madang.ecosystem.indicators.ground import YEAR_DAYS, Ground

_YOUNG_YEARS: Final = 7
_TOGETHER: Final = ("Project", "Agreement", "Partnership", "Contract", "Pilot")
_PARTIES: Final = ("participant", "buyer", "supplier", "coordinator")


def employees(ground: Ground) -> Found:
    known = [
        float(one.employees)
        for one in ground.firms.values()
        if one.employees is not None and one.employees >= 0
    ]
    return total(known, ground.population, 1_000, len(known) / len(ground.firms)) if known else MISSING


def research_bodies(ground: Ground) -> Found:
    categories = [one.category for one in ground.organisations.values() if one.category]
    if not categories:
        return MISSING
    there = sum(one in RESEARCH for one in categories)
    return rate(there, len(ground.firms), 100, len(categories) / len(ground.organisations))


def research_ties(ground: Ground) -> Found:
    research = {one.id for one in ground.organisations.values() if one.category in RESEARCH}
    if not research or not ground.count(*_TOGETHER):
        return MISSING
    tied: set[str] = set()
    for thing in ground.things(*_TOGETHER):
        parties = ground.parties(thing, *_PARTIES)
        if parties & research:
            tied |= parties
    return share(len(tied & ground.firms.keys()), len(ground.firms), ground.read(*_TOGETHER))


def training_events(ground: Ground) -> Found:
    known = [one for one in ground.things("Event") if one.text("category")]
    if not known:
        return MISSING
    held, _ = ground.dated("Event", YEAR_DAYS)
    there = sum(one.text("category") == "training" for one in held)
    return rate(there, len(ground.organisations), 100, len(known) / ground.count("Event"))


def duties_clear(ground: Ground) -> Found:
    responsible = {one for role in ground.things("Role") for one in role.links("responsibleFor")}
    return share_of(
        ground.things("Platform", "Programme"),
        lambda one: one.id in responsible or bool(one.links("operatedBy") or one.links("organizer")),
        ground.read("Platform", "Programme"),
    )


def first_time_founders(ground: Ground) -> Found:
    young = {
        one.id
        for one in ground.firms.values()
        if one.founded is not None and ground.year - one.founded < _YOUNG_YEARS
    }
    said = {
        ground.same[one.id]: value
        for one in ground.things("Organization")
        if one.id in ground.same and isinstance(value := one.values.get("firstTimeFounders"), bool)
    }
    known = [said[one] for one in young if one in said]
    return share(sum(known), len(known), len(known) / len(young)) if young else MISSING


FORMULAS: Final[Mapping[str, Callable[[Ground], Found]]] = {
    "employees": employees,
    "research-bodies": research_bodies,
    "research-ties": research_ties,
    "training-events": training_events,
    "duties-clear": duties_clear,
    "first-time-founders": first_time_founders,
}
