"""Measures stand in the tree where they belong, say how they stand, and what is weak without one is proposed with what fits."""

from __future__ import annotations

import msgspec
import pytest
from tests.ecosystem.small_record import (
    TODAY,
    empty_record,
    flows,
    links,
    network,
    on,
    record,
    standings,
    thing,
    urn,
)

from madang.ecosystem.indicators import readings
from madang.ecosystem.measures import State, state_of
from madang.ecosystem.outcome import Judged, Reading, Scale, Step, Strategy
from madang.ecosystem.record import Record, Thing
from madang.ecosystem.stages import scales
from madang.ecosystem.strategies import WEAK, strategies
from madang.ecosystem.verdict import CoreVerdict, Evidence, Stage
from madang.vocabulary.indicators import indicators
from madang.vocabulary.model import Component
from madang.vocabulary.strategies import (
    component_of_area,
    legal_areas,
    proposals,
    scale_terms,
    stage_thresholds,
    strategy_of,
    strategy_terms,
)


def tree(*further: Thing) -> dict[str, dict[str, tuple[Step, ...]]]:
    whole = record(*further)
    return as_tree(strategies(whole, readings(whole, network(), flows(), standings())))


def as_tree(found: tuple[Strategy, ...]) -> dict[str, dict[str, tuple[Step, ...]]]:
    return {one.code: dict(one.groups) for one in found}


def step(key: str | int, *further: Thing) -> Step:
    steps = [one for groups in tree(*further).values() for group in groups.values() for one in group]
    return next(one for one in steps if one.id == urn("Measure", key))


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({}, None),
        ({"status": "running"}, State.RUNNING),
        ({"status": "completed", "endDate": on(-5)}, State.DONE),
        ({"progress": 100.0, "endDate": on(-5)}, State.DONE),
        ({"status": "running", "endDate": on(-1)}, State.LATE),
        ({"status": "planned", "startDate": on(10)}, State.PLANNED),
        ({"status": "planned", "startDate": on(-10)}, State.LATE),
        ({"status": "planned"}, State.PLANNED),
        ({"startDate": on(-50), "endDate": on(50), "progress": 26.0}, State.RUNNING),
        ({"startDate": on(-50), "endDate": on(50), "progress": 24.0}, State.LATE),
        ({"startDate": on(0), "endDate": on(0), "progress": 0.0}, State.RUNNING),
    ],
)
def test_the_state_of_a_measure(said: dict[str, float | str], state: State | None) -> None:
    assert state_of(thing("Measure", 9, None, **said), TODAY) is state


def test_a_measure_stands_where_it_says_or_where_its_indicators_are() -> None:
    found = tree(
        thing("Measure", "said", None, strategy="enterprise", component="human"),
        thing("Measure", "codes", None, indicatorCode=("new-firms", "firms", "events")),
        thing("Measure", "code", None, indicatorCode="datasets"),
        thing("Measure", "area", None, serviceArea="culture-tourism-sports"),
        thing("Measure", "elsewhere", None, strategy="virtual-city", component="culture"),
        thing("Measure", "entity", None, improves=links("Indicator", "aware")),
        thing("Indicator", "aware", None, indicatorCode="awareness", kpiValue=20.0),
    )
    where = {
        one.id.rpartition(":")[2]: (strategy, component)
        for strategy, groups in found.items()
        for component, group in groups.items()
        for one in group
        if one.id
    }
    assert where["said"] == ("enterprise", "human")
    assert where["codes"] == ("enterprise", "economic")
    assert where["code"] == ("virtual-city", "virtual")
    assert where["area"] == ("urban-environment", "culture")
    assert where["elsewhere"] == ("virtual-city", "culture")
    assert where["entity"] == ("urban-environment", "culture")


def test_a_measure_says_its_owner_its_evidence_and_what_is_weak() -> None:
    made = step(
        "m",
        thing(
            *("Measure", "m", None),
            operatedBy=links("Organization", 7),
            indicatorCode=("employees", "new-firms"),
            startDate=on(-10),
            endDate=on(100),
            progress=10.0,
        ),
        thing("Project", "of", -5, isPartOf=links("Measure", "m")),
    )
    assert (made.owner, made.owner_names["en"]) == (urn("Organization", 7), "Organization 7")
    assert (made.state, made.progress) == ("running", 0.1)
    assert made.evidence == (urn("Project", "of"),)
    assert made.indicators == ("employees", "new-firms")
    assert made.weak == ("employees",)


def test_what_is_weak_without_a_measure_is_proposed() -> None:
    weak = {one.code for one in made_readings() if one.score is not None and one.score < WEAK}
    absent = [one for one in all_steps(tree()) if one.state == State.ABSENT]
    assert {code for one in absent for code in one.weak} == weak
    for one in absent:
        assert one.names == dict(proposals()[one.code].labels)
        assert set(one.weak) <= set(one.indicators)
    working = thing("Measure", "w", None, indicatorCode="employees", status="running")
    done = thing("Measure", "w", None, indicatorCode="employees", status="completed")
    assert "talent" not in {one.code for one in all_steps(tree(working))}
    assert "talent" in {one.code for one in all_steps(tree(done))}


def test_programmes_fit_by_category_component_and_area() -> None:
    absent = {one.code: one for one in all_steps(tree()) if one.code}
    # The call of the fostering programme is open now; the programme itself runs; the other call is over
    assert absent["talent"].fits == (urn("Call", 1), urn("Programme", 1))
    assert absent["communities"].fits == (urn("Call", 3),)
    meant = thing("Programme", "meant", None, component="culture", status="running")
    other = thing("Programme", "other", None, component="culture", serviceArea="transport", status="running")
    listening = thing("Measure", "m", None, indicatorCode="members", serviceArea="housing", status="running")
    assert step("m", meant, other, listening).fits == (urn("Call", 3), urn("Programme", "meant"))


def test_of_nothing_there_are_three_strategies_without_measures() -> None:
    found = as_tree(strategies(empty_record(), ()))
    assert list(found) == ["virtual-city", "urban-environment", "enterprise"]
    assert all_steps(found) == []
    assert {component for groups in found.values() for component in groups} == {str(one) for one in Component}


def test_the_words_of_strategies_are_whole() -> None:
    covered = [code for one in proposals().values() for code in one.indicators]
    assert sorted(covered) == sorted(indicators()), "every indicator has one measure that would help"
    for one in proposals().values():
        assert {indicators()[code].component for code in one.indicators} == {one.component}, one.code
    for component in Component:
        assert strategy_of(component) in strategy_terms()
    assert len(legal_areas()) == 12
    assert {component_of_area(area) for area in (*legal_areas(), "", "none")} <= {
        str(one) for one in Component
    }


def made_readings() -> tuple[Reading, ...]:
    return readings(record(), network(), flows(), standings())


def all_steps(found: dict[str, dict[str, tuple[Step, ...]]]) -> list[Step]:
    return [one for groups in found.values() for group in groups.values() for one in group]


def judged(significant: float | None = 0.4) -> Judged:
    evidence = (Evidence("significant", significant, 0.05, above=False), Evidence("stability", 0.7, 0.6))
    return Judged(CoreVerdict.NONE, Stage.NASCENT, evidence, 0.5)


def by_code(found: tuple[Scale, ...]) -> dict[str, Scale]:
    return {one.code: one for one in found}


def stage(values: dict[str, float], judging: Judged, own: dict[str, float] | None = None) -> dict[str, str]:
    known = [
        msgspec.structs.replace(one, value=values.get(one.code), coverage=1.0, score=None)
        for one in made_readings()
    ]
    return {one.code: one.stage for one in scales(empty_record(), known, judging, own)}


BIRTH = {"connected": 20.0, "pilots": 2.0}
EXPANSION = {
    "connected": 60.0,
    "newcomers": 20.0,
    "invested-firms": 20.0,
    "pilots-to-contracts": 30.0,
    "repeat-partners": 30.0,
}
LEADERSHIP = {"repeat-partners": 50.0}
RENEWAL = {"new-firms": 30.0, "field-diversity": 0.9}


def test_a_stage_is_reached_with_all_below_it() -> None:
    core = judged(0.01)
    assert stage({}, core)["moore"] == ""
    assert stage(BIRTH, core)["moore"] == "birth"
    assert stage({**BIRTH, **EXPANSION}, core)["moore"] == "expansion"
    assert stage({**BIRTH, **EXPANSION, **LEADERSHIP}, core)["moore"] == "leadership"
    assert stage({**BIRTH, **EXPANSION, **LEADERSHIP, **RENEWAL}, core)["moore"] == "self-renewal"
    assert stage({**BIRTH, **EXPANSION, **LEADERSHIP, **RENEWAL}, judged())["moore"] == "expansion"
    assert stage({**EXPANSION, **LEADERSHIP, **RENEWAL}, core)["moore"] == "", "without pilots not even born"


def test_what_is_not_known_is_not_met_and_not_failed() -> None:
    found = by_code(scales(empty_record(), (), judged(None)))
    assert found["moore"].stage == found["policy"].stage == ""
    assert {rung.met for rung in (*found["moore"].rungs, *found["policy"].rungs)} == {None}
    thin = [
        msgspec.structs.replace(one, value=100.0, coverage=0.2)
        for one in made_readings()
        if one.code in ("connected", "pilots")
    ]
    assert by_code(scales(empty_record(), thin, judged()))["moore"].rungs[0].met is None


def test_a_city_sets_its_own_thresholds() -> None:
    assert "moore.birth.connected" in stage_thresholds()
    assert stage(BIRTH, judged(), {"moore.birth.connected": 25.0})["moore"] == ""
    assert "moore.leadership.significant" in stage_thresholds()


def test_the_small_city_builds_its_infrastructure() -> None:
    whole: Record = record()
    found = by_code(scales(whole, made_readings(), judged()))
    sensors, kinds, districts = found["policy"].rungs[0].evidence
    assert (sensors.name, sensors.value, sensors.threshold) == ("sensors", 1.5, 0.3)
    assert (kinds.value, districts.value) == (25.0, 50.0)
    assert found["policy"].stage == "", "it measures a quarter of the kinds, less than the least"


def test_conditions_name_what_there_is() -> None:
    for scale in scale_terms().values():
        for rung in scale.rungs:
            for one in rung.conditions:
                known = one.of in ("significant", "stability") if one.verdict else one.of in indicators()
                assert known, f"{scale.code}.{rung.code}: {one.of}"
