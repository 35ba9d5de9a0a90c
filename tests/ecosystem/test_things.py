"""What is taken of an entity: units where they are other than usual, when it was observed, and how new its type is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from madang import vocabulary
from madang.ecosystem.record import Seen, Thing
from madang.ecosystem.things import known_of, things_of

NOON = int(datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp() * 1_000_000)
HOUR = 3_600_000_000


def taken(type_: str, **attributes: Any) -> Thing:
    entity = {"id": f"urn:ngsi-ld:{type_}:saem:sensors:1", "type": type_, **attributes}
    known = {one.term: one for one in vocabulary.types().values()}
    (thing,) = things_of([entity], known[type_])
    return thing


def test_a_unit_is_kept_where_it_is_not_the_usual_one() -> None:
    dust = taken("AirQualityObserved", pm25={"type": "Property", "value": 9, "unitCode": "GQ"})
    share = taken("Indicator", kpiValue={"type": "Property", "value": 9, "unitCode": "P1"})
    assert (dust.units, share.units) == ({}, {"kpiValue": "P1"})


def test_what_was_observed_last_is_known() -> None:
    seen = taken(
        "AirQualityObserved",
        pm25={"type": "Property", "value": 9, "observedAt": "2026-01-01T12:00:00Z"},
        pm10={"type": "Property", "value": 9, "observedAt": "2026-01-01T11:00:00Z"},
    )
    assert seen.observed == NOON
    assert taken("Dataset").observed == 0


def test_a_type_is_as_new_as_what_was_observed_or_its_source_read() -> None:
    things = [
        taken(
            "AirQualityObserved", pm25={"type": "Property", "value": 9, "observedAt": "2026-01-01T12:00:00Z"}
        ),
        taken(
            "Dataset", theme={"type": "Property", "value": "economy"}, name={"type": "Property", "value": "A"}
        ),
        taken("Need"),
    ]
    seen = [Seen(one.type, 2, 1, 0) for one in things]
    dust, data, need = known_of(things, seen, {"sensors": NOON - HOUR})
    assert (dust.newest, data.newest) == (NOON, NOON - HOUR)
    assert data.known == {"theme": 1, "name": 1}
    assert (need.count, need.read, need.known) == (2, 1, {})
    assert [one.newest for one in known_of(things, seen, {})] == [NOON, 0, 0]
