"""What a city says of one of its sources, as frozen values: where it is, how it is read, how rows become entities.

The mapping is data: `mapping.py` gives it its meaning, `city/parse.py` reads it from a city file, and the
built-in mappings of adapters are written in the same form. Nothing here reads or checks anything.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

import msgspec


class Form(StrEnum):
    """What a field is read as. AS_IT_COMES: text stays text, a typed number stays a number."""

    AS_IT_COMES = ""
    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    JSON = "json"
    GEOMETRY = "geometry"  # of a constant; `geometry` names a field
    LANGUAGE = "language"  # of a constant; `language` names fields


class Surroundings(msgspec.Struct, frozen=True):
    """What a mapping needs to know of the city and the source. language: the city's own, the first of its list."""

    city: str
    source: str
    time_zone: str
    language: str


class Moment(msgspec.Struct, frozen=True):
    """When a row was observed. fields: template, "{Date} {Hour}".

    format: as strptime takes it; "" for ISO 8601, "unix" for seconds, "unix-ms" for milliseconds since 1970.
    time_zone: of times that name none; "" for the city's. optional: a row without a time is no mistake.
    """

    fields: str
    format: str = ""
    time_zone: str = ""
    optional: bool = False


class AttributeMapping(msgspec.Struct, frozen=True):
    """How one attribute is made of a row. Exactly one of the first six is given.

    field: name of the field whose value becomes a Property. constant: the value itself, for every row.
    point: (longitude, latitude) fields. geometry: field with GeoJSON or WKT. language: language tag to field;
    the tag "local" stands for the city's first language where that has no value of its own. relationship:
    template of the target's URI.

    form: see `Form`. unit: UN/CEFACT code. observed_at: overrides the entity mapping's. missing: values that mean
    "no value", None for the entity mapping's. required: a row without a value is rejected. separator: the field of a
    `field` or `relationship` holds several values. decimal, thousands: marks in numbers. factor: by which they are
    multiplied (1000 where the field counts in thousands). true, false: words. format, time_zone: of dates, as in `Moment`. crs: of coordinates,
    "EPSG:5186"; "" for WGS 84. dataset: datasetId of the instance. unit: may be a template, "{통화}".
    """

    field: str | None = None
    constant: Any = None
    point: tuple[str, str] | None = None
    geometry: str | None = None
    language: dict[str, str] | None = None
    relationship: str | None = None
    form: Form = msgspec.field(name="as", default=Form.AS_IT_COMES)
    unit: str | None = None
    observed_at: Moment | None = None
    missing: tuple[str, ...] | None = None
    required: bool = False
    separator: str = ""
    decimal: str = "."
    thousands: str = ""
    factor: int = 1
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    format: str = ""
    time_zone: str = ""
    crs: str = ""
    dataset: str | None = None


class EntityMapping(msgspec.Struct, frozen=True):
    """How a row becomes an entity.

    type: term or IRI. id: template of the key; the identifier is then urn:ngsi-ld:{type}:{city}:{source}:{key}.
    A template that begins with "urn:" is the whole identifier (of an entity that another source describes).
    table: of the adapter, "" for every one. where: field to the values that a row must have to be used; unless: that it
    must not have.
    missing: texts that mean "no value", besides the empty one. observed_at: of every attribute with a `field`. history: rows are
    observations: they are appended to the entity's history and never removed. mention: rows name the entity only in
    passing, and often: the first one says what it is. attributes: term or IRI to mapping.
    """

    type: str
    id: str = ""
    table: str = ""
    where: dict[str, tuple[str, ...]] = {}
    unless: dict[str, tuple[str, ...]] = {}
    missing: tuple[str, ...] = ()
    observed_at: Moment | None = None
    history: bool = False
    mention: bool = False
    scope: tuple[str, ...] = ()
    attributes: dict[str, AttributeMapping] = {}


_SCHEDULE = re.compile(r"^(\d+(?:\.\d+)?) ?(s|min|h|d)$")
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class Source(msgspec.Struct, frozen=True):
    """One source of a city.

    location: absolute path (may hold * and ?) after ${NAME} is expanded. schedule: "15 s", "5 min", "1 h", "1 d";
    "" for at start only. options: as the connector's own schema says. entities: the mapping; empty for the
    connector's built-in one. name: language to text. recipe: that gave its mapping, "" for none.
    """

    id: str
    connector: str
    location: str
    schedule: str = ""
    name: dict[str, str] = {}
    licence: str = ""
    attribution: str = ""
    options: dict[str, Any] = {}
    entities: tuple[EntityMapping, ...] = ()
    recipe: str = ""

    @property
    def interval_seconds(self) -> float | None:
        """How often it is read again; None for never."""
        match = _SCHEDULE.match(self.schedule)
        return float(match[1]) * _SECONDS[match[2]] if match else None
