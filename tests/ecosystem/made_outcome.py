"""An outcome as a city like the brief's would have it, made here without any analysis: for pages, reports and exports.

`made_outcome()` is nascent without core firms; `thin_outcome()` is of a city of which next to nothing is known;
`other_outcome()` is another city's, to compare with. All figures are made up.
"""

from __future__ import annotations

from typing import Final

import msgspec

from madang.ecosystem.counts import Counts
from madang.ecosystem.outcome import (
    Break,
    ComponentScore,
    Drawn,
    FlowCell,
    FlowFacts,
    FoundCore,
    Gap,
    IndustryCell,
    IndustryFacts,
    Judged,
    Loss,
    NetworkFacts,
    Outcome,
    Reading,
    Rung,
    Scale,
    Source,
    Standing,
    Step,
    Strategy,
    Year,
)
from madang.ecosystem.verdict import CoreVerdict, Evidence, Stage
from madang.vocabulary.indicators import indicators
from madang.vocabulary.strategies import proposals, scale_terms

NOON: Final = 1_767_268_800_000_000  # 2026-01-01T21:00:00+09:00
HOUR: Final = 3_600_000_000
COMPONENTS: Final = ("platform", "physical", "virtual", "human", "economic", "institution", "culture")
FIRMS: Final = 40
INDICATORS: Final = 7
"""Of each component."""

# layer, area, firms, part under five years
CELLS: Final = (
    ("service-application", "transport", 52, 0.78),
    ("service-application", "environment-energy-water", 34, 0.62),
    ("service-application", "crime-disaster", 27, 0.48),
    ("service-application", "health-welfare", 24, 0.75),
    ("service-application", "administration", 17, 0.65),
    ("service-application", "culture-tourism-sports", 14, 0.6),
    ("platform-data", "transport", 29, 0.59),
    ("platform-data", "environment-energy-water", 23, 0.52),
    ("platform-data", "administration", 18, 0.5),
    ("platform-data", "facilities", 15, 0.47),
    ("platform-data", "housing", 12, 0.92),
    ("infrastructure", "facilities", 26, 0.35),
    ("infrastructure", "transport", 24, 0.38),
    ("infrastructure", "environment-energy-water", 14, 0.5),
    ("infrastructure", "crime-disaster", 10, 0.2),
    ("network", "crime-disaster", 17, 0.47),
    ("network", "transport", 14, 0.36),
    ("network", "logistics", 10, 0.6),
    ("general-purpose", "logistics", 12, 0.75),
    ("general-purpose", "education", 11, 0.91),
    ("general-purpose", "work-employment", 9, None),
)
# source, flow, target, count, online, offline
FLOWS: Final = (
    ("physical", "data", "virtual", 420, 380, 0),
    ("virtual", "data", "platform", 260, 260, 0),
    ("platform", "data", "economic", 180, 170, 0),
    ("human", "knowledge", "economic", 150, 20, 60),
    ("platform", "people", "human", 120, 70, 50),
    ("human", "people", "economic", 110, 15, 20),
    ("economic", "service", "physical", 95, 10, 0),
    ("virtual", "knowledge", "human", 90, 55, 5),
    ("economic", "knowledge", "virtual", 85, 5, 10),
    ("human", "people", "culture", 70, 12, 40),
    ("institution", "rule", "economic", 62, 3, 0),
    ("physical", "service", "platform", 60, 60, 0),
    ("culture", "people", "platform", 58, 50, 8),
    ("economic", "capital", "economic", 48, 0, 4),
    ("institution", "rule", "physical", 44, 0, 0),
    ("institution", "capital", "economic", 36, 9, 0),
    ("culture", "knowledge", "institution", 34, 11, 12),
    ("institution", "capital", "platform", 28, 0, 0),
)
# component, score, half of the range, coverage, compared
SCORES: Final = (
    ("platform", 46.0, 6.0, 0.92, 52.0),
    ("physical", 71.0, 4.0, 0.98, 60.0),
    ("virtual", 58.0, 5.0, 0.95, 49.0),
    ("human", 52.0, 7.0, 0.81, 57.0),
    ("economic", 33.0, 9.0, 0.64, 55.0),
    ("institution", 64.0, 5.0, 0.90, 58.0),
    ("culture", 41.0, 11.0, 0.57, 47.0),
)
EVIDENCE: Final = (
    Evidence("significant", 0.21, 0.05, above=False, low=0.14, high=0.31),
    Evidence("stability", None, 0.6),
    Evidence("left_after_weighting", 0.22, 0.5, low=0.10, high=0.38),
    Evidence("beyond_chance", 0.4, 0.95),
    Evidence("centralisation", 0.14, 0.3, low=0.11, high=0.18),
    Evidence("top_share", 0.098, 0.2, low=0.081, high=0.119),
    Evidence("repeated", 0.18, 0.35, low=0.15, high=0.22),
    Evidence("young", 0.61, 0.5, above=False, low=0.56, high=0.66, coverage=0.93),
)


def organisation(number: int) -> str:
    return f"urn:ngsi-ld:Organization:saem:firms:{number}"


def firm_names(number: int) -> dict[str, str]:
    return {"ko": f"샘터{number} 기술", "en": f"Saemteo {number} Technology"}


def made_outcome() -> Outcome:
    return Outcome(
        city="saem",
        names={"ko": "샘시", "en": "Saem"},
        read=NOON - 2 * HOUR,
        computed=NOON - 2 * HOUR + 40_000_000,
        sequence=1200,
        synthetic=True,
        sources=(
            Source("Organization", 412, 1.0, NOON - 2 * HOUR),
            Source("Project", 640, 1.0, NOON - 26 * HOUR),
            Source("Investment", 84, 0.86, NOON - 3 * HOUR),
        ),
        standings=tuple(_standing(number) for number in range(1, FIRMS + 1)),
        network=_network(),
        judged=_judged(),
        flows=_flows(),
        readings=_readings(),
        components=tuple(
            ComponentScore(code, score, score - half, score + half, coverage, 7, 1 + place % 3, compared)
            for place, (code, score, half, coverage, compared) in enumerate(SCORES)
        ),
        strategies=_strategies(),
        industry=IndustryFacts("1", tuple(IndustryCell(*cell) for cell in CELLS), 388, 24, 0, 6),
        programmes={"urn:ngsi-ld:Programme:saem:p:1": {"ko": "실증 지원 사업", "en": "Pilot support"}},
    )


def thin_outcome() -> Outcome:
    """Nothing is drawn, no dates, no scores: everything that can be missing is."""
    whole = made_outcome()
    evidence = tuple(Evidence(one.name, None, one.threshold, one.above, coverage=0.0) for one in EVIDENCE)
    return msgspec.structs.replace(
        whole,
        sources=(Source("Organization", 3, 1.0, 0),),
        standings=(Standing(organisation(1), firm_names(1)), Standing(organisation(2), {})),
        network=NetworkFacts(
            counts=Counts(0, 3, 3, 0, 0, 0, 0, 0),
            hhi=None,
            gini=None,
            top_share=None,
            centralisation=None,
            modularity=0.0,
            communities=0,
            nestedness=None,
            nestedness_z=None,
            robustness=(),
            years=(),
            cores=(),
            trials={},
            redrawn={},
        ),
        judged=Judged(CoreVerdict.UNKNOWN, Stage.UNKNOWN, evidence, 0.5),
        flows=FlowFacts((), None, None, None, (), ()),
        readings=tuple(
            msgspec.structs.replace(one, value=None, score=None, low=None, high=None, coverage=0.0, newest=0)
            for one in whole.readings
        ),
        components=tuple(ComponentScore(code, None, None, None, 0.0, 7, 7) for code in COMPONENTS),
        strategies=(),
        industry=IndustryFacts("1", (), 0, 0, 3, 0),
        programmes={},
    )


def other_outcome() -> Outcome:
    """Another city, with core firms."""
    whole = made_outcome()
    evidence = tuple(
        msgspec.structs.replace(one, value=0.01 if one.name == "significant" else 0.7, low=None, high=None)
        for one in EVIDENCE
    )
    cells = tuple(
        msgspec.structs.replace(cell, count=cell.count + 40, online=cell.online + 10)
        for cell in whole.flows.cells
    )
    return msgspec.structs.replace(
        whole,
        city="garam",
        names={"ko": "가람시", "en": "Garam"},
        judged=Judged(CoreVerdict.PAIRS, Stage.GROWING, evidence, 0.5),
        flows=msgspec.structs.replace(whole.flows, cells=cells),
        components=tuple(
            ComponentScore(code, compared, compared - half, compared + half, coverage, 7, 1)
            for code, _, half, coverage, compared in SCORES
        ),
    )


def _standing(number: int) -> Standing:
    layer, area, _, _ = CELLS[number % len(CELLS)]
    return Standing(
        id=organisation(number),
        names=firm_names(number),
        category="firm" if number % 5 else "university",
        area=area,
        layer=layer,
        industry="62",
        founded=2026 - number % 12 if number % 7 else None,
        employees=5 + number * 3,
        district="urn:ngsi-ld:District:saem:plan:1",
        place=(126.95 + number / 2000, 37.45 + (number * 7 % 40) / 4000),
        activities=max(1, 14 - number // 3),
        partners=max(0, 20 - number // 2),
        strength=round(12.0 - number / 4, 2),
        rank=round(0.08 / number, 6),
        betweenness=round(300.0 / number, 3),
        constraint=round(min(1.0, 0.1 + number / 50), 3) if number < FIRMS else None,
        core_number=3 if number < 10 else 2 if number < 25 else 1,
        community=number % 4,
        role="keystone"
        if number == 1
        else "dominator"
        if number == 2
        else "niche"
        if number % 6 == 0
        else "",
    )


def _network() -> NetworkFacts:
    return NetworkFacts(
        counts=Counts(1950, 412, 96, 1322, 1104, 131, 214, 58),
        hhi=31.0,
        gini=0.52,
        top_share=0.098,
        centralisation=0.14,
        modularity=0.61,
        communities=14,
        nestedness=9.4,
        nestedness_z=0.7,
        robustness=tuple(
            Loss(
                lost / 100, 0.72 - lost / 90, 0.68 - lost / 90, 0.75 - lost / 90, max(0.02, 0.72 - lost / 22)
            )
            for lost in (0, 1, 2, 5, 10, 20, 30)
        ),
        years=tuple(
            Year(
                year,
                60 + 14 * n,
                40 + 22 * n,
                18 + 3 * n,
                70 + 30 * n,
                0.2 - n / 150,
                60 - 3 * n,
                0.3 + n / 30,
            )
            for n, year in enumerate(range(2016, 2026))
        ),
        cores=(FoundCore((organisation(1), organisation(2), organisation(3)), 18, 0.02, 0.21, False, None),),
        trials={"configuration": 200, "even": 50, "bootstrap": 1000},
        redrawn={"none": 871, "hubs": 83, "pairs": 46},
        drawn=(Drawn("betweenness", 100, 412, 0.04),),
    )


def _judged() -> Judged:
    flipped = {one.name: (CoreVerdict.NONE, Stage.NASCENT) for one in EVIDENCE}
    flipped["significant"] = (CoreVerdict.UNKNOWN, Stage.UNKNOWN)
    flipped["centralisation"] = (CoreVerdict.HUBS, Stage.NASCENT)
    scales = tuple(
        Scale(
            scale.code,
            scale.rungs[0].code,
            tuple(
                Rung(
                    rung.code,
                    (True, False, None)[min(place, 2)],
                    tuple(
                        Evidence(one.of, None if place > 1 else one.threshold, one.threshold, one.above)
                        for one in rung.conditions
                    ),
                )
                for place, rung in enumerate(scale.rungs)
            ),
        )
        for scale in scale_terms().values()
    )
    return Judged(CoreVerdict.NONE, Stage.NASCENT, EVIDENCE, 0.5, flipped, scales)


def _flows() -> FlowFacts:
    cells = []
    for source, flow, target, count, online, offline in FLOWS:
        money = float(count) * 50_000_000 if flow == "capital" else 0.0
        for year, part in ((2024, 0.4), (2025, 0.6)):
            shares = (round(count * part), round(online * part), round(offline * part))
            cells.append(FlowCell(year, source, target, flow, *shares, money * part, "KRW" if money else ""))
    return FlowFacts(
        cells=tuple(cells),
        mediated=0.66,
        online=0.55,
        offline=0.11,
        gaps=(
            Gap("missing", "economic", "human", "capital", 0, 12.0, "target"),
            Gap("missing", "economic", "culture", "capital", 0, 6.0, "target"),
            Gap("falling", "human", "economic", "knowledge", 60, 90.0, "2024"),
            Gap("behind", "platform", "economic", "data", 108, 150.0, "garam"),
        ),
        breaks=(
            Break(
                "urn:ngsi-ld:Platform:saem:p:1",
                "Platform",
                {"ko": "샘시 데이터 허브", "en": "Saem data hub"},
                260,
                3,
                (("virtual", "platform", "data"),),
            ),
            Break(organisation(1), "Organization", firm_names(1), 44, 7),
        ),
        unaccounted={"partOf": 12},
    )


def _readings() -> tuple[Reading, ...]:
    found = []
    for place, (component, score, half, coverage, _) in enumerate(SCORES):
        codes = [one for one in indicators().values() if one.component == component][:INDICATORS]
        for number, one in enumerate(codes, start=1):
            missing = number > INDICATORS - (1 + place % 3)
            middle = one.poor + (one.good - one.poor) * score / 100
            found.append(
                Reading(
                    code=one.code,
                    component=component,
                    value=None if missing else round(middle, 3),
                    unit=one.unit,
                    score=None if missing else score,
                    low=None if missing else round(middle * 0.9, 3),
                    high=None if missing else round(middle * 1.1, 3),
                    coverage=0.0 if missing else coverage,
                    newest=0 if missing else NOON - 2 * HOUR,
                    score_low=None if missing else score - half,
                    score_high=None if missing else score + half,
                )
            )
    return tuple(found)


def _strategies() -> tuple[Strategy, ...]:
    open_data, other = proposals()["open-data"], list(proposals().values())[-1]
    measure = Step(
        id="urn:ngsi-ld:Measure:saem:m:1",
        names={"ko": "데이터 개방 확대", "en": "Open more data"},
        owner="urn:ngsi-ld:Organization:saem:city:1",
        owner_names={"ko": "샘시 스마트도시과", "en": "Saem smart city office"},
        state="running",
        progress=0.4,
        indicators=open_data.indicators,
        evidence=("urn:ngsi-ld:Dataset:saem:d:1",),
    )
    absent = Step(
        id="",
        names={},
        owner="",
        owner_names={},
        state="absent",
        progress=None,
        indicators=other.indicators,
        fits=("urn:ngsi-ld:Programme:saem:p:1",),
        weak=other.indicators[:1],
        code=other.code,
    )
    late = msgspec.structs.replace(
        measure,
        id="urn:ngsi-ld:Measure:saem:m:2",
        names={"ko": "실증 구역 지정", "en": "Test zone"},
        state="late",
    )
    return (
        Strategy("virtual-city", (("virtual", (measure,)), ("platform", (absent,)))),
        Strategy("urban-environment", (("physical", (late,)), ("institution", ()))),
        Strategy("enterprise", (("economic", (absent,)), ("human", ()))),
    )
