"""Indicators of the physical assets: what measures the city, and where firms and citizens can meet and test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from madang.ecosystem.indicators.found import MISSING, Found, rate, share, share_of
from madang.ecosystem.indicators.ground import Ground
from madang.ecosystem.record import Thing

SENSORS: Final = (
    "AirQualityObserved",
    "NoiseLevelObserved",
    "WeatherObserved",
    "WaterObserved",
    "TrafficFlowObserved",
    "CrowdFlowObserved",
    "OffStreetParking",
    "BikeHireDockingStation",
    "BikeRentalObserved",
    "StreetlightGroup",
    "EVChargingStation",
    "Device",
)
_DAY: Final = 86_400_000_000
_TEST_SITES: Final = ("test-site", "living-lab")
_SHARED: Final = (
    *("co-working", "coworking-space", "living-lab", "conference-centre"),
    *("library", "community-centre"),
)


def sensors(ground: Ground) -> Found:
    there = ground.count(*SENSORS)
    return rate(there, ground.population, 1_000) if there else MISSING


def sensor_kinds(ground: Ground) -> Found:
    there = sum(ground.count(one) > 0 for one in SENSORS)
    return Found(100 * there / len(SENSORS), coverage=1.0) if there else MISSING


def sensors_current(ground: Ground) -> Found:
    kinds = [one for one in SENSORS if ground.count(one)]
    newest = [ground.newest([one]) for one in kinds if ground.newest([one])]
    current = sum(ground.record.read - one <= _DAY for one in newest)
    return share(current, len(newest), len(newest) / len(kinds)) if newest else MISSING


def sensor_districts(ground: Ground) -> Found:
    districts = {one.id for one in ground.things("District")}
    sensing = ground.things(*SENSORS)
    placed = [found for one in sensing if (found := districts.intersection(one.links("locatedIn")))]
    if not districts or not placed:
        return MISSING
    covered = len(set().union(*placed)) / len(districts)
    # All districts are looked at; what is not known is where the other sensors are
    return Found(100 * covered, coverage=len(placed) / ground.count(*SENSORS))


def test_sites(ground: Ground) -> Found:
    if not ground.count("Facility", "Pilot"):
        return MISSING
    facilities = {one.id for one in _of_category(ground.things("Facility"), _TEST_SITES)}
    pilots = {one for pilot in ground.things("Pilot") for one in pilot.links("testedAt")}
    return rate(len(facilities | pilots), len(ground.firms), 100, ground.read("Facility", "Pilot"))


def shared_spaces(ground: Ground) -> Found:
    there = ground.things("PointOfInterest", "Facility")
    known = [one for one in there if one.text("category")]
    if not known:
        return MISSING
    part = len(known) / ground.count("PointOfInterest", "Facility")
    return rate(len(_of_category(known, _SHARED)), ground.population, 10_000, part)


def accessible_stops(ground: Ground) -> Found:
    def says(stop: Thing) -> bool | None:
        code = stop.number("wheelchairAccessible")
        text = stop.text("wheelchairAccessible") if code is None else f"{code:.0f}"
        return text == "1" if text in ("1", "2") else None

    return share_of(ground.things("GtfsStop"), says, ground.read("GtfsStop"))


def _of_category(things: list[Thing], categories: tuple[str, ...]) -> list[Thing]:
    return [one for one in things if one.text("category") in categories]


FORMULAS: Final[Mapping[str, Callable[[Ground], Found]]] = {
    "sensors": sensors,
    "sensor-kinds": sensor_kinds,
    "sensors-current": sensors_current,
    "sensor-districts": sensor_districts,
    "test-sites": test_sites,
    "shared-spaces": shared_spaces,
    "accessible-stops": accessible_stops,
}
