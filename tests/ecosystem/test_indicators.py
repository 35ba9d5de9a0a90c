"""Indicators are what their definitions say, by hand on a small city; what is missing is missing; ranges and scores hold."""

from __future__ import annotations

import math
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.ecosystem.small_record import (
    DAY,
    READ,
    empty_network,
    empty_record,
    entropy,
    flows,
    network,
    record,
    standings,
    thing,
    urn,
)

from madang import vocabulary
from madang.ecosystem.indicators import FORMULAS, component_scores, readings
from madang.ecosystem.indicators.found import Found, concentration, evenness, rate, share, total
from madang.ecosystem.outcome import FlowFacts, Judged, Reading
from madang.ecosystem.record import Thing, Value
from madang.ecosystem.stages import scales
from madang.ecosystem.strategies import strategies
from madang.ecosystem.verdict import CoreVerdict, Stage
from madang.vocabulary.indicators import indicators
from madang.vocabulary.model import Component

# By hand: the city of small_record.py has six firms, ten organisations and 10,000 residents
BY_HAND = {
    "platforms-linked": 200 / 3,
    "events": 10.0,
    "event-reach": 100 * 2 / 6,
    "meetings": 10.0,
    "suggestions-taken": 50.0,
    "mediated": 40.0,
    "component-pairs": 100 * 3 / 42,
    "connected": 80.0,
    "sensors": 1.5,
    "sensor-kinds": 25.0,
    "sensors-current": 200 / 3,
    "sensor-districts": 50.0,
    "test-sites": 100 * 2 / 6,
    "shared-spaces": 2.0,
    "accessible-stops": 200 / 3,
    "datasets": 4.0,
    "dataset-themes": math.log(2) / math.log(7),
    "datasets-fresh": 200 / 3,
    "datasets-licensed": 25.0,
    "datasets-used": 50.0,
    "data-reads": 7.5,
    "service-areas": 100 * 2 / 12,
    "technologies": 50.0,
    "building-heights": 75.0,
    "employees": 20.0,
    "research-bodies": 100 / 6,
    "research-ties": 100 * 2 / 6,
    "training-events": 10.0,
    "duties-clear": 60.0,
    "first-time-founders": 200 / 3,
    "firms": 6.0,
    "new-firms": 60.0,
    "newcomers": 40.0,
    "investment-per-firm": 400e6 / 6,
    "invested-firms": 50.0,
    "follow-on-rounds": 100 / 3,
    "small-suppliers": 50.0,
    "supplier-concentration": 2_500.0,
    "repeat-partners": 25.0,
    "field-diversity": entropy(3, 2) / math.log(12),
    "region-diversity": entropy(3, 2) / math.log(2),
    "policy-areas": 100 * 2 / 12,
    "programmes": 100 / 6,
    "programme-budget": 60e6 / 6,
    "pilots": 100 * 2 / 6,
    "pilots-to-contracts": 100 / 3,
    "measures-on-track": 50.0,
    "measures-linked": 50.0,
    "agreements": 20.0,
    "needs": 2.0,
    "needs-answered": 200 / 3,
    "supporters": 35.0,
    "members": 12.0,
    "proposals": 1.0,
    "citizen-pilots": 50.0,
    "needs-districts": 50.0,
}
# Of what is not known of all that there is
COVERED = {
    "dataset-themes": 1.0,
    "datasets-fresh": 0.75,
    "building-heights": 0.5,
    "accessible-stops": 0.75,
    "employees": 5 / 6,
    "new-firms": 5 / 6,
    "field-diversity": 5 / 6,
    "investment-per-firm": 2 / 3,
    "small-suppliers": 2 / 3,
    "supporters": 2 / 3,
    "members": 0.5,
    "awareness": 0.0,
}


def found(*further: object, **bounds: tuple[float, float]) -> dict[str, Reading]:
    known = {code.replace("_", "-"): ends for code, ends in bounds.items()}
    all_of_them = readings(record(*further), network(), flows(), standings(), known)  # type: ignore[arg-type]
    return {one.code: one for one in all_of_them}


def test_every_indicator_is_what_its_definition_says() -> None:
    values = {code: one.value for code, one in found().items() if one.value is not None}
    assert values == pytest.approx(BY_HAND)


def test_coverage_is_the_part_of_the_basis_that_is_known() -> None:
    known = {code: one.coverage for code, one in found().items() if code in COVERED}
    assert known == pytest.approx(COVERED)


def test_every_indicator_is_computed_or_stated() -> None:
    assert set(FORMULAS) == {code for code, one in indicators().items() if not one.stated}
    assert {code for code, one in found().items() if one.value is None} == set(indicators()) - set(FORMULAS)


def test_definitions_are_whole() -> None:
    types = {one.term: one for one in vocabulary.types().values()}
    attributes = {one.term: one.iri for one in vocabulary.attributes().values()}
    assert 45 <= len(indicators()) <= 60
    for code, one in indicators().items():
        for words in (one.labels, one.texts, one.formulas):
            assert set(words) == set(vocabulary.LANGUAGES), code
            assert all(words.values()), code
        assert set(one.per) in (set(), set(vocabulary.LANGUAGES)), code
        assert not one.unit or vocabulary.unit(one.unit) is not None, code
        for name in one.basis:
            type_, _, attribute = name.partition(".")
            assert not attribute or attributes[attribute] in types[type_].attributes, f"{code}: {name}"
    per_component = Counter(one.component for one in indicators().values())
    assert set(per_component) == set(Component)
    assert min(per_component.values()) >= 6
    for language in vocabulary.LANGUAGES:
        assert len({one.labels[language] for one in indicators().values()}) == len(indicators())


def test_diversity_is_told_of_new_firms_founders_fields_and_regions() -> None:
    diverse = {code for code, one in indicators().items() if one.diversity}
    assert diverse >= {"new-firms", "first-time-founders", "field-diversity", "region-diversity"}


def test_of_nothing_everything_is_missing() -> None:
    nothing = readings(empty_record(), empty_network(), FlowFacts((), None, None, None, (), ()), ())
    assert [one.code for one in nothing if one.value is not None or one.score is not None] == []
    assert {one.coverage for one in nothing} == {0.0}
    for score in component_scores(nothing):
        assert (score.score, score.low, score.high) == (None, None, None)
        assert score.missing == score.indicators > 0


def test_each_type_alone_breaks_nothing() -> None:
    """What is there without what it is held against is missing, and raises nothing."""
    whole = record()
    nowhere = FlowFacts((), None, None, None, (), ())
    for type_ in sorted({one.type for one in whole.things}):
        alone = msgspec.structs.replace(
            whole, things=tuple(one for one in whole.things if one.type == type_), seen=(), uses=()
        )
        for one in readings(alone, empty_network(), nowhere, ()):
            assert one.value is None or math.isfinite(one.value), f"{one.code} of {type_}"


def test_a_city_states_what_cannot_be_computed_and_what_it_knows_better() -> None:
    known = found(
        thing("Indicator", "a", indicatorCode="awareness", kpiValue=42.5),
        thing("Indicator", "b", indicatorCode="new-firms", kpiValue=30.0),
        thing("Indicator", "c", indicatorCode="events", target=12.0),
    )
    assert (known["awareness"].value, known["awareness"].entity) == (42.5, "urn:ngsi-ld:Indicator:saem:x:a")
    assert known["new-firms"].value == 30.0
    assert known["events"].value == pytest.approx(10.0)
    assert known["events"].entity == ""
    assert (known["events"].target, known["meetings"].target) == (12.0, None)


def test_a_citys_own_indicators_stand_beside_and_are_in_no_score() -> None:
    own = [
        thing("Indicator", "dust", kpiValue=20.0, target=15.0, direction="less", serviceArea="transport"),
        thing("Indicator", "walk", kpiValue=60.0, target=80.0, component="culture"),
        thing("Indicator", "none", serviceArea="education"),
    ]
    known = found(*own)
    dust, walk, none = (known[one.id] for one in own)
    assert (dust.component, dust.score, dust.names["ko"]) == ("physical", 75.0, "Indicator dust")
    assert (walk.component, walk.score) == ("culture", 75.0)
    assert (none.component, none.score, none.coverage) == ("human", None, 0.0)
    assert component_scores(known.values()) == component_scores(found().values())


def test_bounds_of_the_city_make_the_score() -> None:
    ours = found(new_firms=(0.0, 60.0), supplier_concentration=(10_000.0, 0.0), firms=(6.0, 6.0))
    assert ours["new-firms"].score == pytest.approx(100.0)
    assert ours["supplier-concentration"].score == pytest.approx(75.0)
    assert ours["firms"].score == pytest.approx(found()["firms"].score), "equal bounds say nothing"
    for one in ours.values():
        if one.score_low is not None and one.score is not None and one.score_high is not None:
            assert one.score_low <= one.score <= one.score_high, one.code


def test_age_is_that_of_the_newest_of_the_basis() -> None:
    known = found()
    assert known["employees"].newest == READ - DAY // 4
    assert known["awareness"].newest == 0


def test_scores_of_components_are_means_with_ranges() -> None:
    known = found()
    scores = {one.component: one for one in component_scores(known.values())}
    for component, score in scores.items():
        given_ = [one.score for one in known.values() if one.component == component and one.score is not None]
        assert score.score == pytest.approx(sum(given_) / len(given_))
        assert score.low is not None
        assert score.high is not None
        assert score.score is not None
        assert 0 <= score.low <= score.score <= score.high <= 100
    assert scores["human"].missing == 2
    again = component_scores(known.values(), tuple(scores.values()))
    assert [one.compared for one in again] == [one.score for one in again]


@given(some.integers(0, 400), some.integers(1, 400))
def test_the_range_of_a_share_holds_it(part: int, more: int) -> None:
    _holds(share(part, part + more), 0, 100)


@given(some.integers(0, 10_000), some.floats(0.1, 1e7))
def test_the_range_of_a_rate_holds_it(count: int, base: float) -> None:
    _holds(rate(count, base, 1_000), 0, math.inf)


@given(some.lists(some.floats(0, 1e12), max_size=40), some.floats(0.1, 1e7))
def test_the_range_of_a_sum_holds_it(amounts: list[float], base: float) -> None:
    _holds(total(amounts, base, 1), 0, math.inf)


@given(some.lists(some.sampled_from("abcdefg"), min_size=1, max_size=60))
def test_evenness_and_concentration_are_within_their_ends(codes: list[str]) -> None:
    even = evenness(codes, 7)
    assert even.value is not None
    assert 0 <= even.value <= 1
    assert (even.value < 1e-9) == (len(set(codes)) == 1)
    crowded = concentration(codes)
    assert crowded.value is not None
    assert 10_000 / len(set(codes)) - 1e-6 <= crowded.value <= 10_000 + 1e-6


def _holds(one: Found, least: float, most: float) -> None:
    assert one.value is not None
    slack = 1e-9 * max(1.0, abs(one.value))
    if one.low is not None and one.high is not None:
        assert least - slack <= one.low <= one.value + slack
        assert one.value - slack <= one.high <= most + slack


_NAMES = sorted(
    {name for one in indicators().values() for name in one.basis if "." in name} | {"Indicator.indicatorCode"}
)
_VALUES = some.one_of(
    some.floats(),
    some.integers(-(10**12), 10**12),
    some.booleans(),
    some.sampled_from(["", "running", "transport", "fostering", "1", urn("Organization", 1), "new-firms"]),
    some.lists(
        some.sampled_from([urn("Organization", 1), urn("Need", 1), urn("District", 1), "?"]), max_size=3
    ).map(tuple),
)


def _made(name: str, key: int, day: int | None, value: Value) -> Thing:
    type_, _, attribute = name.partition(".")
    return msgspec.structs.replace(thing(type_, f"odd-{key}", day), values={attribute: value})


_THINGS = some.lists(
    some.builds(
        _made,
        some.sampled_from(_NAMES),
        some.integers(1, 3),
        some.one_of(some.none(), some.integers(-4_000, 400)),
        _VALUES,
    ),
    max_size=12,
)


@settings(max_examples=30)
@given(_THINGS)
def test_whatever_sources_say_indicators_are_numbers_or_missing(things: list[Thing]) -> None:
    whole = record(*things)
    known = readings(whole, network(), flows(), standings())
    for one in known:
        for number in (one.value, one.score, one.low, one.high):
            assert number is None or math.isfinite(number), one
        assert 0 <= one.coverage <= 1, one
    for score in component_scores(known):
        assert score.score is None or 0 <= score.score <= 100
    assert len(strategies(whole, known)) == 3
    assert len(scales(whole, known, Judged(CoreVerdict.NONE, Stage.NASCENT, (), 0.5))) == 2
