"""Rows become entities as the mapping says, and a row that cannot says why."""

from __future__ import annotations

from typing import Any

import pytest

from madang import vocabulary
from madang.connect.mapping import Mapped, Mapper, Record, Refused, fields_of
from madang.connect.source import AttributeMapping, EntityMapping, Form, Moment, Surroundings
from madang.ngsild.entity import Attribute
from madang.settings import LIMITS

AROUND = Surroundings("gaon", "air", "Asia/Seoul", "ko")


def mapped(mapping: EntityMapping, fields: dict[str, Any], **record: Any) -> Mapped | Refused:
    (result,) = Mapper([mapping], AROUND, vocabulary.context()).map(Record("", "air.csv:2", fields, **record))
    return result


def sensor(**attributes: AttributeMapping) -> EntityMapping:
    return EntityMapping("AirQualityObserved", id="{id}", missing=("", "-"), attributes=attributes)


def one(mapping: AttributeMapping, fields: dict[str, Any]) -> dict[str, Any] | None:
    result = mapped(sensor(temperature=mapping), {"id": "1", **fields})
    assert isinstance(result, Mapped), result
    return result.attributes[0].members() if result.attributes else None


def test_identifier_type_and_names_come_from_the_vocabulary() -> None:
    result = mapped(
        sensor(pm25=AttributeMapping(field="pm", form=Form.NUMBER, unit="GQ")), {"id": "가 1", "pm": "12.5"}
    )
    assert isinstance(result, Mapped)
    assert result.id == "urn:ngsi-ld:AirQualityObserved:gaon:air:%EA%B0%80%201"
    assert result.types == ("https://smartdatamodels.org/dataModel.Environment/AirQualityObserved",)
    assert result.attributes == (
        Attribute(
            "https://smartdatamodels.org/dataModel.Environment/pm25",
            b'{"type":"Property","value":12.5,"unitCode":"GQ"}',
        ),
    )


def test_a_whole_identifier_is_taken_as_it_is() -> None:
    mapping = EntityMapping("Device", id="urn:ngsi-ld:Device:{city}:devices:{id}")
    result = mapped(mapping, {"id": "a b"})
    assert isinstance(result, Mapped)
    assert result.id == "urn:ngsi-ld:Device:gaon:devices:a%20b"


@pytest.mark.parametrize(
    ("mapping", "fields", "body"),
    [
        (AttributeMapping(field="x"), {"x": " 12 "}, {"value": "12"}),
        (AttributeMapping(field="x"), {"x": 12.5}, {"value": 12.5}),
        (AttributeMapping(field="x", form=Form.TEXT), {"x": 12.0}, {"value": "12"}),
        (AttributeMapping(field="x", form=Form.INTEGER), {"x": "12"}, {"value": 12}),
        (AttributeMapping(field="x", form=Form.BOOLEAN), {"x": "아니오"}, {"value": False}),
        (AttributeMapping(field="x", form=Form.JSON), {"x": '{"a":[1]}'}, {"value": {"a": [1]}}),
        (AttributeMapping(field="x", separator=";"), {"x": "a; b;"}, {"value": ["a", "b"]}),
        (AttributeMapping(field="x", form=Form.DATE, format="%Y.%m.%d"), {"x": "2026.01.31"},
         {"value": {"@type": "Date", "@value": "2026-01-31"}}),
        (AttributeMapping(field="x", form=Form.DATETIME), {"x": "2026-01-31 09:00"},
         {"value": {"@type": "DateTime", "@value": "2026-01-31T00:00:00Z"}}),
        (AttributeMapping(constant=3, unit="C62"), {}, {"value": 3, "unitCode": "C62"}),
        (AttributeMapping(constant=False), {}, {"value": False}),
        (AttributeMapping(field="x", form=Form.NUMBER, observed_at=Moment("{day}T{hour}")),
         {"x": "1", "day": "2026-01-31", "hour": "09:00"}, {"value": 1, "observedAt": "2026-01-31T00:00:00Z"}),
        (AttributeMapping(field="x", dataset="urn:d:1"), {"x": "a"}, {"value": "a", "datasetId": "urn:d:1"}),
    ],
)  # fmt: skip
def test_properties(mapping: AttributeMapping, fields: dict[str, Any], body: dict[str, Any]) -> None:
    assert one(mapping, fields) == {"type": "Property", **body}


@pytest.mark.parametrize(
    ("mapping", "fields", "body"),
    [
        (AttributeMapping(point=("lon", "lat")), {"lon": "127.0", "lat": 37.5},
         {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [127.0, 37.5]}}),
        (AttributeMapping(geometry="wkt"), {"wkt": "LINESTRING (127 37, 128 38)"},
         {"type": "GeoProperty", "value": {"type": "LineString", "coordinates": [[127.0, 37.0], [128.0, 38.0]]}}),
        (AttributeMapping(constant={"type": "Point", "coordinates": [1, 2]}, form=Form.GEOMETRY), {},
         {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}),
        (AttributeMapping(language={"ko": "k", "en": "e"}), {"k": "가", "e": "-"},
         {"type": "LanguageProperty", "languageMap": {"ko": "가"}}),
        (AttributeMapping(language={"local": "n", "en": "e"}), {"n": "가", "e": "A"},
         {"type": "LanguageProperty", "languageMap": {"ko": "가", "en": "A"}}),
        (AttributeMapping(language={"local": "n", "ko": "k"}), {"n": "다른", "k": "가"},
         {"type": "LanguageProperty", "languageMap": {"ko": "가"}}),
        (AttributeMapping(constant={"ko": "가"}, form=Form.LANGUAGE), {},
         {"type": "LanguageProperty", "languageMap": {"ko": "가"}}),
        (AttributeMapping(relationship="urn:ngsi-ld:Building:{city}:b:{b}"), {"b": "7"},
         {"type": "Relationship", "object": "urn:ngsi-ld:Building:gaon:b:7"}),
        (AttributeMapping(relationship="urn:ngsi-ld:B:{city}:b:{b}", separator=";"), {"b": "7;8"},
         {"type": "Relationship", "object": ["urn:ngsi-ld:B:gaon:b:7", "urn:ngsi-ld:B:gaon:b:8"]}),
        (AttributeMapping(relationship="{urn}"), {"urn": "urn:ngsi-ld:B:1"},
         {"type": "Relationship", "object": "urn:ngsi-ld:B:1"}),
    ],
)  # fmt: skip
def test_other_kinds(mapping: AttributeMapping, fields: dict[str, Any], body: dict[str, Any]) -> None:
    assert one(mapping, fields) == body


@pytest.mark.parametrize(
    "mapping",
    [
        AttributeMapping(field="x", form=Form.NUMBER),
        AttributeMapping(point=("x", "y")),
        AttributeMapping(geometry="x"),
        AttributeMapping(language={"ko": "x"}),
        AttributeMapping(relationship="urn:a:{x}"),
    ],
)
@pytest.mark.parametrize("value", ["", "-", " - ", None, float("nan")])
def test_no_value_is_no_attribute(mapping: AttributeMapping, value: Any) -> None:
    assert one(mapping, {"x": value, "y": "37"}) is None


@pytest.mark.parametrize(
    ("mapping", "fields", "reason"),
    [
        (
            AttributeMapping(field="x", form=Form.NUMBER),
            {"x": "12,5"},
            "Field 'x': '12,5' is not a number such as 1234.5",
        ),
        (
            AttributeMapping(point=("lon", "lat")),
            {"lon": "227", "lat": "1"},
            "Fields 'lon' and 'lat': '227' is not a longitude",
        ),
        (AttributeMapping(geometry="g"), {"g": "here"}, "Field 'g': 'here' is neither"),
        (AttributeMapping(field="x", required=True), {"x": "-"}, "is required, and the row has no value"),
        (
            AttributeMapping(field="x", observed_at=Moment("{t}")),
            {"x": "1", "t": "noon"},
            "Time of observation {t}: 'noon' is not",
        ),
        (
            AttributeMapping(field="x", observed_at=Moment("{t}")),
            {"x": "1", "t": ""},
            "Field 't' is empty, and the time",
        ),
        (AttributeMapping(relationship="{x}"), {"x": "no uri"}, "must be absolute URIs"),
    ],
)
def test_a_bad_row_is_refused_with_its_field_its_place_and_its_original(
    mapping: AttributeMapping, fields: dict[str, Any], reason: str
) -> None:
    result = mapped(sensor(temperature=mapping), {"id": "1", **fields}, original="1;x")
    assert isinstance(result, Refused)
    assert reason in result.reason
    assert (result.place, result.original) == ("air.csv:2", "1;x")
    assert result.id == "urn:ngsi-ld:AirQualityObserved:gaon:air:1"


def test_a_row_without_its_key_is_refused_without_an_identifier() -> None:
    result = mapped(sensor(), {"id": "-"})
    assert isinstance(result, Refused)
    assert result.id == ""
    assert "Field 'id' is empty" in result.reason
    assert result.original == '{"id":"-"}'


def test_an_original_is_kept_up_to_a_length() -> None:
    result = mapped(sensor(), {"id": "x" * 10_000})
    assert isinstance(result, Mapped)
    assert len(result.original) == LIMITS.quarantine_original_characters_max


def test_rows_are_chosen_by_table_and_by_value() -> None:
    mappings = [
        EntityMapping("GtfsStop", id="{id}", table="stops", where={"kind": ("0", "")}),
        EntityMapping("GtfsRoute", id="{id}", table="routes"),
    ]
    mapper = Mapper(mappings, AROUND, vocabulary.context())
    rows = [Record("stops", "", {"id": "1", "kind": "0"}), Record("stops", "", {"id": "2", "kind": "1"})]
    rows += [
        Record("stops", "", {"id": "3"}),
        Record("routes", "", {"id": "4"}),
        Record("trips", "", {"id": "5"}),
    ]
    found = [result.id.rsplit(":")[-1] for row in rows for result in mapper.map(row)]
    assert found == ["1", "3", "4"]


def test_observations_are_kept_apart_from_what_describes() -> None:
    mapping = EntityMapping(
        "AirQualityObserved",
        id="{id}",
        history=True,
        observed_at=Moment("{t}"),
        attributes={
            "name": AttributeMapping(constant={"ko": "가"}, form=Form.LANGUAGE),
            "location": AttributeMapping(point=("lon", "lat")),
            "pm25": AttributeMapping(field="pm", form=Form.NUMBER),
        },
    )
    row = {"id": "1", "t": "2026-01-31T09:00:00", "lon": 127, "lat": 37, "pm": "5"}
    result, later = mapped(mapping, row), mapped(mapping, {**row, "t": "2026-01-31T10:00:00", "pm": "6"})
    assert isinstance(result, Mapped)
    assert isinstance(later, Mapped)
    assert [attribute.name.rsplit("/")[-1] for attribute in result.attributes] == ["name", "location"]
    assert [attribute.members()["value"] for attribute in result.observations] == [5]
    assert later.digest == result.digest
    assert later.newest - result.newest == 3_600_000_000


def test_the_digest_tells_entities_apart() -> None:
    mapping = sensor(pm25=AttributeMapping(field="pm", form=Form.NUMBER))
    digests = {
        result.digest
        for fields in ({"pm": "1"}, {"pm": "2"}, {"pm": "-"})
        if isinstance(result := mapped(mapping, {"id": "1", **fields}), Mapped)
    }
    assert len(digests) == 3


def test_every_field_of_a_mapping_is_known() -> None:
    mapping = EntityMapping(
        "X",
        id="{a}-{city}",
        where={"b": ("1",)},
        observed_at=Moment("{c} {d}"),
        attributes={
            "p": AttributeMapping(field="e", observed_at=Moment("{f}")),
            "q": AttributeMapping(point=("g", "h")),
            "r": AttributeMapping(geometry="i"),
            "s": AttributeMapping(language={"ko": "j"}),
            "t": AttributeMapping(relationship="urn:x:{k}"),
            "u": AttributeMapping(constant=1),
        },
    )
    assert "".join(name for _, name in fields_of(mapping)) == "abcdefghijk"
