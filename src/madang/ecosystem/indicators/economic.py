"""Indicators of the economic assets: firms, what they earn and win, and how different they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from madang.ecosystem.firms import PUBLIC
from madang.ecosystem.indicators.found import (
    MISSING,
    Found,
    concentration,
    evenness,
    rate,
    share,
    total,
)
from madang.ecosystem.indicators.ground import THREE_YEARS_DAYS, Ground, amount_of
from madang.ecosystem.record import Thing
from madang.vocabulary.strategies import legal_areas

_CURRENCY: Final = "KRW"
_NEW_YEARS: Final = 5
_SMALL: Final = ("startup", "small-firm", "cooperative")


def firms(ground: Ground) -> Found:
    return (
        rate(len(ground.firms), ground.population, 10_000, ground.read("Organization"))
        if ground.firms
        else MISSING
    )


def new_firms(ground: Ground) -> Found:
    years = [one.founded for one in ground.firms.values() if one.founded is not None]
    new = sum(ground.year - one < _NEW_YEARS for one in years)
    return share(new, len(years), len(years) / len(ground.firms)) if years else MISSING


def newcomers(ground: Ground) -> Found:
    """Of the last year that has ended: the present one is not over."""
    years = [one for one in ground.network.years if one.year == ground.year - 1]
    before = any(one.year < ground.year - 1 for one in ground.network.years)
    return share(years[0].newcomers, years[0].organisations) if years and before else MISSING


def investment_per_firm(ground: Ground) -> Found:
    recent, dated = ground.dated("Investment", THREE_YEARS_DAYS)
    if not dated or not ground.firms:
        return MISSING
    amounts = [amount for one in recent if (amount := money(one)) is not None]
    known = len(amounts) / len(recent) if recent else 1.0
    return total(amounts, len(ground.firms), 1, dated * known) if amounts or not recent else MISSING


def invested_firms(ground: Ground) -> Found:
    if not ground.count("Investment"):
        return MISSING
    there = set(_rounds(ground))
    return share(len(there), len(ground.firms), ground.read("Investment"))


def follow_on_rounds(ground: Ground) -> Found:
    rounds = _rounds(ground)
    return share(sum(n > 1 for n in rounds.values()), len(rounds), ground.read("Investment"))


def small_suppliers(ground: Ground) -> Found:
    public = [one for one in ground.things("Contract") if _is_public(ground, one)]
    kinds = [
        {ground.organisations[other].category for other in ground.parties(one, "supplier")} - {""}
        for one in public
    ]
    known = [bool(one.intersection(_SMALL)) for one in kinds if one]
    return (
        share(sum(known), len(known), len(known) / len(public) * ground.read("Contract"))
        if public
        else MISSING
    )


def supplier_concentration(ground: Ground) -> Found:
    contracts = ground.things("Contract")
    suppliers = [ground.parties(one, "supplier") for one in contracts]
    known = [other for one in suppliers for other in sorted(one)]
    if not known:
        return MISSING
    return concentration(known, sum(bool(one) for one in suppliers) / ground.count("Contract"))


def repeat_partners(ground: Ground) -> Found:
    counts = ground.network.counts
    partnered = counts.organisations - counts.without_partner
    return share(partnered - counts.without_repeat, partnered)


def field_diversity(ground: Ground) -> Found:
    known = [one.area for one in ground.firms.values() if one.area]
    areas = [one for one in known if one in legal_areas()]  # not those of no area in particular
    return evenness(areas, len(legal_areas()), len(known) / max(1, len(ground.firms)))


def region_diversity(ground: Ground) -> Found:
    districts = [one.district for one in ground.firms.values() if one.district]
    return evenness(districts, ground.count("District"), len(districts) / max(1, len(ground.firms)))


def money(thing: Thing) -> float | None:
    """Its amount in won; None where it is not known or in another currency, which has no rate here."""
    return amount_of(thing, "amount") if thing.text("currency") in ("", _CURRENCY) else None


def _rounds(ground: Ground) -> Counter[str]:
    """How many investments each firm has won."""
    won = [ground.parties(one, "investedIn") for one in ground.things("Investment")]
    return Counter(other for one in won for other in one if other in ground.firms)


def _is_public(ground: Ground, contract: Thing) -> bool:
    return any(ground.organisations[one].category in PUBLIC for one in ground.parties(contract, "buyer"))


FORMULAS: Final[Mapping[str, Callable[[Ground], Found]]] = {
    "firms": firms,
    "new-firms": new_firms,
    "newcomers": newcomers,
    "investment-per-firm": investment_per_firm,
    "invested-firms": invested_firms,
    "follow-on-rounds": follow_on_rounds,
    "small-suppliers": small_suppliers,
    "supplier-concentration": supplier_concentration,
    "repeat-partners": repeat_partners,
    "field-diversity": field_diversity,
    "region-diversity": region_diversity,
}
