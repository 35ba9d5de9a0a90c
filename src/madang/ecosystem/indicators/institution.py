"""Indicators of the institutions: policies, programmes, pilots and measures, and whether they lead somewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from madang.ecosystem.indicators.economic import money
from madang.ecosystem.indicators.found import MISSING, Found, rate, share, share_of, total
from madang.ecosystem.indicators.ground import THREE_YEARS_DAYS, YEAR_DAYS, Ground, day_of
from madang.ecosystem.measures import State, state_of
from madang.vocabulary.strategies import legal_areas


def policy_areas(ground: Ground) -> Found:
    known = [one for one in ground.things("Policy") if one.text("serviceArea")]
    areas = {one.text("serviceArea") for one in known if ground.running(one) is not False}.intersection(
        legal_areas()
    )
    if not known:
        return MISSING
    return Found(100 * len(areas) / len(legal_areas()), coverage=len(known) / ground.count("Policy"))


def programmes(ground: Ground) -> Found:
    states = [ground.running(one) for one in ground.things("Programme")]
    known = [one for one in states if one is not None]
    if not known:
        return MISSING
    return rate(sum(known), len(ground.firms), 100, len(known) / ground.count("Programme"))


def programme_budget(ground: Ground) -> Found:
    running = [one for one in ground.things("Programme") if ground.running(one)]
    yearly = []
    for one in running:
        amount, end = money(one), day_of(one, "endDate")
        if amount is not None and one.day is not None and end is not None and end > one.day:
            yearly.append(amount / max(1.0, (end - one.day) / YEAR_DAYS))
    return total(yearly, len(ground.firms), 1, len(yearly) / len(running)) if yearly else MISSING


def pilots(ground: Ground) -> Found:
    begun, known = ground.dated("Pilot", THREE_YEARS_DAYS)
    return rate(len(begun), len(ground.firms), 100, known) if known else MISSING


def pilots_to_contracts(ground: Ground) -> Found:
    if not ground.count("Contract"):
        return MISSING
    first: dict[str, int] = {}
    for pilot in ground.things("Pilot"):
        if pilot.day is not None:
            for firm in ground.parties(pilot, "participant") & ground.firms.keys():
                first[firm] = min(pilot.day, first.get(firm, pilot.day))
    contracts = [one for one in ground.things("Contract") if one.day is not None]
    after = {
        firm
        for one in contracts
        for firm in ground.parties(one, "supplier")
        if firm in first and one.day is not None and one.day >= first[firm]
    }
    return share(len(after), len(first), len(contracts) / ground.count("Contract"))


def measures_on_track(ground: Ground) -> Found:
    return share_of(
        ground.things("Measure"),
        lambda one: None if (state := state_of(one, ground.today)) is None else state is not State.LATE,
        ground.read("Measure"),
    )


def measures_linked(ground: Ground) -> Found:
    return share_of(
        ground.things("Measure"),
        lambda one: bool(one.links("improves") or one.values.get("indicatorCode")),
        ground.read("Measure"),
    )


def agreements(ground: Ground) -> Found:
    there = ground.things("Agreement")
    states = [ground.running(one) for one in there]
    if not there or all(one is None for one in states):
        return MISSING
    joined = [ground.parties(one, "participant") for one, state in zip(there, states, strict=True) if state]
    known = sum(one is not None for one in states) / ground.count("Agreement")
    return share(len(set().union(*joined)), len(ground.organisations), known)


FORMULAS: Final[Mapping[str, Callable[[Ground], Found]]] = {
    "policy-areas": policy_areas,
    "programmes": programmes,
    "programme-budget": programme_budget,
    "pilots": pilots,
    "pilots-to-contracts": pilots_to_contracts,
    "measures-on-track": measures_on_track,
    "measures-linked": measures_linked,
    "agreements": agreements,
}
