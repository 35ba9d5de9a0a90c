"""The vocabulary is complete: what a page shows of a type or an attribute exists in both languages."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from madang import vocabulary
from madang.ngsild.core_terms import CORE_TERMS
from madang.vocabulary.load import _flow
from madang.vocabulary.load import vocabulary as everything
from madang.vocabulary.model import Component, Flow, Runs, ValueKind, Vocabulary

HANGUL = range(ord("가"), ord("힣") + 1)

FIXED_TYPES = [
    "GtfsAgency",
    "GtfsRoute",
    "GtfsStop",
    "GtfsTrip",
    "GtfsShape",
    "RoadSegment",
    "Road",
    "Building",
    "PlantCover",
    "LandUse",
    "Bridge",
    "WaterBody",
    "GenericCityObject",
    "PointOfInterest",
    "GridCell",
    "BikeRentalObserved",
    "AirQualityObserved",
    "Device",
    "Organization",
    "Person",
    "Community",
    "Service",
    "Product",
    "Technology",
    "Investment",
    "Acquisition",
    "Contract",
    "Partnership",
    "Project",
    "Facility",
    "Programme",
    "Call",
    "Proposal",
    "Review",
    "Event",
    "Meeting",
    "Pilot",
    "Need",
    "Offer",
    "Suggestion",
    "Policy",
    "Standard",
    "Dataset",
    "Distribution",
    "Agreement",
    "Platform",
    "Incident",
    "Rule",
    "Measure",
    "Indicator",
]


@pytest.fixture
def smart_data_models() -> dict[str, object]:
    """JSON Schemas of Smart Data Models by URI."""
    data = os.environ.get("MADANG_DATA")
    if not data:
        pytest.skip("MADANG_DATA is not set: the Smart Data Models schemas are not here")
    found: dict[str, object] = json.loads(
        Path(data, "smart-data-models", "schemas_by_uri.json").read_text("utf-8")
    )
    return found


@pytest.mark.parametrize("term", FIXED_TYPES)
def test_every_type_that_the_architecture_names_is_known(term: str) -> None:
    assert term in {entry.term for entry in vocabulary.types().values()}


def test_every_label_exists_in_korean_and_english() -> None:
    words = everything()
    labelled = [(entry.term, entry.labels) for entry in words.types.values()]
    labelled += [(entry.term, entry.labels) for entry in words.attributes.values()]
    labelled += [(f"{entry.term} back", entry.back) for entry in words.attributes.values() if entry.back]
    labelled += [(unit.code, unit.labels) for unit in words.units.values()]
    labelled += [
        (f"{entry.term}={code}", labels)
        for entry in words.attributes.values()
        for code, labels in entry.values.items()
    ]
    labelled += [
        (f"{entry.term}:{grade.code}", grade.labels)
        for entry in words.attributes.values()
        for grade in entry.grades
    ]
    labelled += [*((str(key), labels) for key, labels in words.components.items())]
    labelled += [*((str(key), labels) for key, labels in words.flows.items())]
    labelled += [(f"{one.source} {one.target} {one.flow}", one.reasons) for one in words.needed]
    labelled += [(purpose.code, purpose.labels) for purpose in words.purposes.values()]
    labelled += [(f"{purpose.code} notice", purpose.notices) for purpose in words.purposes.values()]
    for name, labels in labelled:
        assert set(labels) == {"ko", "en"}, name
        assert any(ord(character) in HANGUL for character in labels["ko"]), f"{name}: no Korean label"
        assert not any(ord(character) in HANGUL for character in labels["en"]), f"{name}: no English label"


def test_labels_tell_types_apart() -> None:
    for language in vocabulary.LANGUAGES:
        counts = Counter(entry.labels[language] for entry in vocabulary.types().values())
        assert [label for label, count in counts.items() if count > 1] == []


def test_components_and_flows_are_all_named() -> None:
    assert set(everything().components) == set(Component)
    assert set(everything().flows) == set(Flow)
    assert {entry.component for entry in vocabulary.types().values()} == set(Component)


def test_every_link_has_a_flow_and_a_direction_or_is_of_none() -> None:
    for entry in vocabulary.attributes().values():
        assert entry.runs is None or entry.kind is ValueKind.LINK, entry.term
        assert (entry.flow is None) is (entry.runs is None), entry.term
    funded = vocabulary.attribute(vocabulary.context().expand("fundedBy"))
    assert funded is not None
    assert (funded.flow, funded.runs) == (Flow.CAPITAL, Runs.BACK)


def test_a_link_of_which_nothing_is_said_is_a_mistake() -> None:
    entry = {"iri": "madang:feeds", "kind": "link", "ko": "먹임", "en": "Feeds"}
    with pytest.raises(ValueError, match="feeds is a link and does not say its flow"):
        _flow("feeds", entry)


def test_types_pass_on_along_links_that_they_have() -> None:
    links = {entry.iri: entry.term for entry in vocabulary.attributes().values()}
    for entry in vocabulary.types().values():
        terms = {links[iri] for iri in entry.attributes} | {""}
        for passing in entry.passes:
            assert {*passing.givers, *passing.receivers} <= terms, f"{entry.term}: {passing}"
            assert passing.both is (not passing.receivers), f"{entry.term}: {passing}"
        assert entry.channel in vocabulary.attributes()[vocabulary.context().expand("channel")].values


def test_the_component_may_depend_on_the_category() -> None:
    organisation = vocabulary.types()[vocabulary.context().expand("Organization")]
    categories = vocabulary.attributes()[vocabulary.context().expand("category")].values
    assert organisation.component_of("university") is Component.HUMAN
    assert organisation.component_of("startup") is organisation.component_of("") is Component.ECONOMIC
    for entry in vocabulary.types().values():
        assert set(entry.components) <= set(categories), entry.term


def test_what_a_city_needs_is_said_once() -> None:
    needed = [(one.source, one.target, one.flow) for one in everything().needed]
    assert len(set(needed)) == len(needed) > 20
    assert {component for source, target, _ in needed for component in (source, target)} >= set(Component) - {
        Component.VIRTUAL
    }


def test_no_two_terms_share_an_iri_and_none_redefines_a_core_term() -> None:
    terms = vocabulary.terms()
    assert [iri for iri, count in Counter(terms.values()).items() if count > 1] == []
    assert set(terms) & set(CORE_TERMS) == set()
    assert set(terms.values()) & set(CORE_TERMS.values()) == set()


def test_core_attributes_have_the_iri_of_the_core_context() -> None:
    core = {entry.term: entry.iri for entry in vocabulary.attributes().values() if entry.core}
    assert core == {term: CORE_TERMS[term] for term in core}
    assert {"location", "description", "status"} <= set(core)


def test_the_context_goes_both_ways() -> None:
    context = vocabulary.context()
    for term, iri in vocabulary.terms().items():
        assert context.expand(term) == iri
        assert context.compact(iri) == term


def test_units_of_attributes_are_known() -> None:
    for entry in vocabulary.attributes().values():
        assert entry.unit == "" or vocabulary.unit(entry.unit), f"{entry.term}: unknown unit {entry.unit}"
        assert entry.unit == "" or entry.kind is ValueKind.NUMBER, entry.term
        assert entry.flow is None or entry.kind is ValueKind.LINK, entry.term
        assert not entry.values or entry.kind is ValueKind.CODE, entry.term


def test_links_have_names_for_both_ends() -> None:
    for entry in vocabulary.attributes().values():
        assert bool(entry.back) is (entry.kind is ValueKind.LINK), entry.term
    operated = vocabulary.context().expand("operatedBy")
    assert [vocabulary.back_label(operated, language) for language in ("ko", "en")] == [
        "운영하는 것",
        "Operates",
    ]
    assert vocabulary.back_label("https://example.org/feeds", "ko") == ""


def test_codes_have_labels() -> None:
    assert [
        entry.term
        for entry in vocabulary.attributes().values()
        if entry.kind is ValueKind.CODE and not entry.values
    ] == []


def test_every_type_has_a_name_and_indexes_only_what_it_has() -> None:
    for entry in vocabulary.types().values():
        assert vocabulary.NAME in entry.attributes
        assert set(entry.indexed) <= set(entry.attributes), entry.term
        assert len(set(entry.attributes)) == len(entry.attributes), entry.term
        assert (entry.iri, vocabulary.NAME) in vocabulary.indexed()


def test_smart_data_models_have_the_types_that_we_say_are_theirs(
    smart_data_models: dict[str, object],
) -> None:
    """All but GTFS, which that collection of schemas leaves out."""
    known = {uri.split("/dataModel.")[-1].removesuffix("/schema.json") for uri in smart_data_models}
    for entry in vocabulary.types().values():
        _, theirs, name = entry.iri.partition("smartdatamodels.org/dataModel.")
        if theirs and not name.startswith("UrbanMobility/"):
            assert name in known, entry.term


def test_smart_data_models_have_the_attributes_that_we_say_are_theirs(
    smart_data_models: dict[str, object],
) -> None:
    text: dict[str, str] = {}
    for uri, schema in smart_data_models.items():
        domain = uri.partition("/dataModel.")[2].partition("/")[0]
        text[domain] = text.get(domain, "") + json.dumps(schema)
    for entry in vocabulary.attributes().values():
        _, theirs, rest = entry.iri.partition("smartdatamodels.org/dataModel.")
        domain, _, name = rest.partition("/")
        if theirs and domain != "UrbanMobility":
            assert f'"{name}": {{' in text[domain], entry.term


def test_labels_units_and_grades_as_a_page_asks_for_them() -> None:
    context = vocabulary.context()
    pm25 = context.expand("pm25")
    assert vocabulary.type_label(context.expand("AirQualityObserved"), "ko") == "대기 측정소"
    assert vocabulary.attribute_label(pm25, "ko") == "초미세먼지"
    assert vocabulary.attribute_label(pm25, "fr") == "Fine particles (PM2.5)"
    assert [vocabulary.unit_symbol(code) for code in ("GQ", "CEL", "P1", "C62", "ZZ")] == [
        "µg/m³",
        "°C",
        "%",
        "",
        "ZZ",
    ]
    assert vocabulary.unit_name("CEL", "ko") == "섭씨도"
    assert vocabulary.value_label(context.expand("usage"), "apartments", "ko") == "공동주택(아파트)"
    assert vocabulary.value_label(context.expand("usage"), "volcano", "ko") == "volcano"
    entry = vocabulary.attribute(pm25)
    assert entry is not None
    grades = [entry.grade(value) for value in (15, 15.1, 36, 400)]
    assert [grade.code for grade in grades if grade] == ["good", "moderate", "bad", "very-bad"]


def test_what_is_not_in_the_vocabulary_is_called_by_the_end_of_its_iri() -> None:
    assert vocabulary.type_label("https://example.org/ns#Fountain", "ko") == "Fountain"
    assert vocabulary.attribute_label("https://uri.etsi.org/ngsi-ld/default-context/depth", "en") == "depth"
    assert vocabulary.entity_type("https://example.org/ns#Fountain") is None


def test_the_vocabulary_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(everything()), type=Vocabulary) == everything()


def test_what_is_about_persons_is_protected() -> None:
    terms = {vocabulary.types()[iri].term for iri in vocabulary.protected()}
    assert terms == {"Person", "Meeting", "Message", "Complaint", "Incident"}
    for iri in vocabulary.protected():
        entry = vocabulary.types()[iri]
        assert set(entry.unmasked) < set(entry.attributes), entry.term
        assert vocabulary.NAME not in entry.unmasked
        assert vocabulary.personal().isdisjoint(entry.unmasked), f"{entry.term} would tell whose it is"
        if entry.term != "Person":
            assert not vocabulary.personal().isdisjoint(entry.attributes), f"{entry.term}: whose data is it?"
