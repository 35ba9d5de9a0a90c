"""A city so small that every indicator of it can be computed by hand: 10,000 residents, ten organisations."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from madang.ecosystem.counts import Counts
from madang.ecosystem.outcome import FlowCell, FlowFacts, NetworkFacts, Standing, Year
from madang.ecosystem.record import Record, Seen, Thing, Use, Value

DAY: Final = 86_400_000_000
TODAY: Final = 20_454  # 1 January 2026
READ: Final = TODAY * DAY + DAY // 2
SENSING: Final = ("AirQualityObserved", "TrafficFlowObserved", "Device")


def urn(type_: str, key: str | int) -> str:
    return f"urn:ngsi-ld:{type_}:saem:x:{key}"


def links(type_: str, *keys: str | int) -> tuple[str, ...]:
    return tuple(urn(type_, key) for key in keys)


def on(day: int) -> float:
    """A time of an attribute, by days before today (negative) or after."""
    return float((TODAY + day) * DAY)


def thing(type_: str, key: str | int, day: int | None = None, **values: Value) -> Thing:
    """day: before today (negative) or after."""
    names = {"ko": f"{type_} {key}", "en": f"{type_} {key}"}
    return Thing(urn(type_, key), type_, names, values=values, day=None if day is None else TODAY + day)


# key, category, area, founded, employees, district
ORGANISATIONS: Final = (
    (1, "startup", "transport", 2024, 10, 1),
    (2, "startup", "transport", 2023, 20, 1),
    (3, "startup", "housing", 2022, 10, 2),
    (4, "small-firm", "housing", 2010, 40, 2),
    (5, "anchor-firm", "transport", 1999, 120, 1),
    (6, "", "", None, None, None),
    (7, "city-government", "administration", 2012, 900, 1),
    (8, "university", "education", 1980, 300, 2),
    (9, "investor", "", 2015, 5, 1),
    (10, "public-corporation", "transport", 2001, 200, 1),
)


def standings() -> tuple[Standing, ...]:
    return tuple(
        Standing(
            urn("Organization", key),
            {"ko": f"곳 {key}", "en": f"Body {key}"},
            category=category,
            area=area,
            founded=founded,
            employees=employees,
            district=urn("District", district) if district else "",
        )
        for key, category, area, founded, employees, district in ORGANISATIONS
    )


def network() -> NetworkFacts:
    """Eight of ten have partners, two of them one twice; of 2025 five took part, two of them first then."""
    return NetworkFacts(
        counts=Counts(12, 10, 2, 20, 18, 1, 6, 2),
        hhi=None,
        gini=None,
        top_share=None,
        centralisation=None,
        modularity=0.0,
        communities=1,
        nestedness=None,
        nestedness_z=None,
        robustness=(),
        years=(Year(2024, 4, 6, 6, 5, 0.1, 100.0, 0.5), Year(2025, 3, 5, 2, 4, 0.1, 100.0, 0.5)),
        cores=(),
        trials={},
        redrawn={},
    )


def flows() -> FlowFacts:
    """Three directed pairs of components; 6 of 20 between them over the platform, 2 at gatherings."""
    return FlowFacts(
        cells=(
            FlowCell(2025, "physical", "virtual", "data", 12, 6, 0),
            FlowCell(2025, "human", "economic", "knowledge", 5, 0, 2),
            FlowCell(2024, "institution", "economic", "capital", 3),
            FlowCell(2025, "economic", "economic", "capital", 30, 30),
        ),
        mediated=0.4,
        online=0.3,
        offline=0.1,
        gaps=(),
        breaks=(),
    )


def record(*further: Thing) -> Record:
    things = (*_places(), *_data(), *_people(), *_money(), *_institutions(), *_citizens(), *further)
    counts: dict[str, int] = {}
    for one in things:
        counts[one.type] = counts.get(one.type, 0) + 1
    seen = [
        Seen(type_, n, n, READ - (3 * DAY if type_ == "Device" else DAY // 4)) for type_, n in counts.items()
    ]
    seen += [Seen("Building", 40, 20, READ, {"height": 15})]
    uses = (
        Use(TODAY - 3, "read", "startup", 60),
        Use(TODAY - 4, "download", "", 15),
        Use(TODAY - 4, "write", "", 500),
        Use(TODAY - 90, "read", "startup", 999),
    )
    return Record("saem", {"ko": "샘시"}, READ, 1, things, uses, tuple(seen))


def empty_record() -> Record:
    return Record("saem", {}, READ, 0, ())


def empty_network() -> NetworkFacts:
    return msgspec.structs.replace(network(), counts=Counts(0, 0, 0, 0, 0, 0, 0, 0), years=())


def _places() -> tuple[Thing, ...]:
    return (
        *(thing("District", n, population=5_000.0) for n in (1, 2)),
        *(thing(kind, n, locatedIn=links("District", 1)) for kind in SENSING for n in range(5)),
        thing("Facility", 1, category="test-site"),
        thing("Facility", 2, category="co-working"),
        thing("PointOfInterest", 1, category="library"),
        thing("PointOfInterest", 2, category="cafe"),
        thing("GtfsStop", 1, wheelchairAccessible="1"),
        thing("GtfsStop", 2, wheelchairAccessible="2"),
        thing("GtfsStop", 3, wheelchairAccessible=1.0),
        thing("GtfsStop", 4, wheelchairAccessible="0"),
    )


def _data() -> tuple[Thing, ...]:
    return (
        thing("Platform", 1, operatedBy=links("Organization", 7)),
        thing("Platform", 2, provides=links("Dataset", 4)),
        thing("Platform", 3),
        thing("Dataset", 1, theme="transport", accrualPeriodicity="hourly", derivedFrom=links("Platform", 1)),
        thing("Dataset", 2, theme="transport", accrualPeriodicity="annual", licence="KOGL-1"),
        thing("Dataset", 3, theme="economy", accrualPeriodicity="daily"),
        thing("Dataset", 4, theme="economy"),
        thing("Service", 1, serviceArea="transport", status="live", uses=links("Dataset", 1)),
        thing("Service", 2, serviceArea="housing", status="planned", uses=links("Dataset", 3)),
        thing("Service", 3, serviceArea="environment-energy-water", status="live"),
        *(thing("Technology", n) for n in range(3)),
    )


def _people() -> tuple[Thing, ...]:
    founders = {1: True, 2: False, 3: True, 5: True}
    return (
        *(
            thing("Organization", key, None, category=category, **_founders(founders, key))
            for key, category, *_ in ORGANISATIONS
        ),
        thing("Role", 1, responsibleFor=links("Platform", 2)),
        thing("Event", 1, -30, category="training", participant=links("Organization", 1, 8)),
        thing("Event", 2, -400, category="meetup", participant=links("Organization", 2)),
        thing("Event", 3, 20, category="training", participant=links("Organization", 3)),
        thing("Meeting", 1, -10),
        thing("Meeting", 2, -500),
        thing("Suggestion", 1, category="partner", status="confirmed"),
        thing("Suggestion", 2, category="partner", status="refused"),
        thing("Suggestion", 3, category="partner", status="proposed"),
        thing("Suggestion", 4, category="merge", status="confirmed"),
    )


def _founders(said: dict[int, bool], key: int) -> dict[str, Value]:
    return {"firstTimeFounders": said[key]} if key in said else {}


def _money() -> tuple[Thing, ...]:
    def firm(key: int) -> tuple[str, ...]:
        return links("Organization", key)

    return (
        thing("Investment", 1, -100, investedIn=firm(1), investor=firm(9), amount=300e6),
        thing("Investment", 2, -900, investedIn=firm(1), investor=firm(9), amount=100e6),
        thing("Investment", 3, -2_000, investedIn=firm(2), investor=firm(9), amount=900e6),
        thing("Investment", 4, -50, investedIn=firm(3), investor=firm(9), amount=1e6, currency="USD"),
        thing("Contract", 1, -20, buyer=firm(7), supplier=firm(1), amount=50e6),
        thing("Contract", 2, -40, buyer=firm(7), supplier=firm(5), amount=90e6),
        thing("Contract", 3, -60, buyer=firm(10), supplier=firm(6), amount=10e6),
        thing("Contract", 4, -70, buyer=firm(5), supplier=firm(4), amount=10e6),
        thing("Project", 1, -300, participant=links("Organization", 2, 8)),
        thing("Project", 2, -310, participant=links("Organization", 3, 4)),
    )


def _institutions() -> tuple[Thing, ...]:
    return (
        thing("Policy", 1, -400, serviceArea="transport", endDate=on(100)),
        thing("Policy", 2, -900, serviceArea="housing", endDate=on(-100)),
        thing("Policy", 3, -900, serviceArea="administration"),
        thing(
            *("Programme", 1, -100),
            category="fostering",
            status="running",
            startDate=on(-100),
            endDate=on(630),
            amount=120e6,
            organizer=links("Organization", 7),
        ),
        thing("Programme", 2, -800, category="sandbox", status="completed"),
        thing("Call", 1, -5, opens=on(-5), closes=on(20), isPartOf=links("Programme", 1)),
        thing("Call", 2, -50, opens=on(-50), closes=on(-20), isPartOf=links("Programme", 1)),
        thing("Call", 3, 10, opens=on(10), closes=on(40), category="participation"),
        thing("Pilot", 1, -100, participant=links("Organization", 1, 2), answers=links("Need", 1)),
        thing("Pilot", 2, -10, participant=links("Organization", 5), testedAt=links("Place", 1)),
        thing("Agreement", 1, -100, participant=links("Organization", 1, 8), endDate=on(100)),
        thing("Agreement", 2, -900, participant=links("Organization", 2, 3), endDate=on(-1)),
    )


def _citizens() -> tuple[Thing, ...]:
    return (
        thing("Need", 1, -30, supporters=300.0, raisedIn=links("District", 1), status="collecting"),
        thing("Need", 2, -40, supporters=50.0, raisedIn=links("District", 1), status="answered"),
        thing("Need", 3, -500, raisedIn=links("District", 1), status="collecting"),
        thing("Community", 1, memberCount=120.0),
        thing("Community", 2),
        thing("Proposal", 1, -30),
        thing("Proposal", 2, -800),
        thing("Measure", 1, startDate=on(-100), endDate=on(100), progress=50.0, status="running"),
        thing(
            "Measure", 2, startDate=on(-100), endDate=on(10), progress=20.0, improves=links("Indicator", 1)
        ),
    )


def entropy(*counts: int) -> float:
    shares = np.array(counts) / sum(counts)
    return float(-(shares * np.log(shares)).sum())
