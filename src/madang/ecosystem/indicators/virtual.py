"""Indicators of the virtual assets: data, services, technologies, and the model of the city."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from madang import vocabulary
from madang.ecosystem.indicators.found import MISSING, Found, evenness, rate, share, share_of
from madang.ecosystem.indicators.ground import Ground
from madang.vocabulary.strategies import legal_areas

_MONTH_DAYS: Final = 30
_OFTEN: Final = ("continuous", "hourly", "daily", "monthly")
_USERS: Final = ("Service", "Product", "Project", "Pilot")
_READS: Final = ("read", "download")


def datasets(ground: Ground) -> Found:
    there = ground.count("Dataset")
    return rate(there, ground.population, 10_000) if there else MISSING


def dataset_themes(ground: Ground) -> Found:
    themes = [theme for one in ground.things("Dataset") if (theme := one.text("theme"))]
    return evenness(themes, _themes(), len(themes) / max(1, ground.count("Dataset")))


def datasets_fresh(ground: Ground) -> Found:
    return share_of(
        ground.things("Dataset"),
        lambda one: said in _OFTEN if (said := one.text("accrualPeriodicity")) else None,
        ground.read("Dataset"),
    )


def datasets_licensed(ground: Ground) -> Found:
    return share_of(ground.things("Dataset"), lambda one: bool(one.text("licence")), ground.read("Dataset"))


def datasets_used(ground: Ground) -> Found:
    if not ground.count(*_USERS):
        return MISSING
    used = {one for user in ground.things(*_USERS) for one in user.links("uses")}
    return share_of(ground.things("Dataset"), lambda one: one.id in used, ground.read("Dataset", *_USERS))


def data_reads(ground: Ground) -> Found:
    uses = ground.record.uses
    recent = sum(
        one.count for one in uses if one.what in _READS and 0 <= ground.today - one.day < _MONTH_DAYS
    )
    if not uses or not ground.organisations:
        return MISSING
    # Reads come in bursts of one program, so that no range by their number is honest
    return Found(recent / len(ground.organisations), coverage=1.0)


def service_areas(ground: Ground) -> Found:
    services = ground.things("Service")
    known = [one for one in services if one.text("status") and one.text("serviceArea")]
    live = {one.text("serviceArea") for one in known if one.text("status") == "live"}.intersection(
        legal_areas()
    )
    if not known:
        return MISSING
    return Found(100 * len(live) / len(legal_areas()), coverage=len(known) / ground.count("Service"))


def technologies(ground: Ground) -> Found:
    there = ground.count("Technology")
    return rate(there, len(ground.firms), 100) if there else MISSING


def building_heights(ground: Ground) -> Found:
    seen = ground.seen.get("Building")
    if seen is not None and seen.known:
        return share(seen.known.get("height", 0), seen.read, seen.read / max(1, seen.count))
    return share_of(
        ground.things("Building"), lambda one: one.number("height") is not None, ground.read("Building")
    )


def _themes() -> int:
    """How many themes the vocabulary has."""
    known = vocabulary.attribute(vocabulary.context().expand("theme"))
    return len(known.values) if known is not None else 0


FORMULAS: Final[Mapping[str, Callable[[Ground], Found]]] = {
    "datasets": datasets,
    "dataset-themes": dataset_themes,
    "datasets-fresh": datasets_fresh,
    "datasets-licensed": datasets_licensed,
    "datasets-used": datasets_used,
    "data-reads": data_reads,
    "service-areas": service_areas,
    "technologies": technologies,
    "building-heights": building_heights,
}
