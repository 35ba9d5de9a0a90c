"""What the demonstration city consists of before it is written, as frozen values. Shapes are in metres."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from shapely import LineString, Point, Polygon


class Words(msgspec.Struct, frozen=True):
    """A name or a sentence in both languages."""

    ko: str
    en: str


class Class(StrEnum):
    """Classes of street, as OpenStreetMap's `highway` has them."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    TERTIARY = "tertiary"
    RESIDENTIAL = "residential"
    SERVICE = "service"
    FOOTWAY = "footway"
    CYCLEWAY = "cycleway"


class Zone(StrEnum):
    """What a quarter is for."""

    CENTRE = "centre"
    CIVIC = "civic"
    ESTATE = "estate"
    HOUSES = "houses"
    OLD_TOWN = "old town"
    PARK = "park"
    CAMPUS = "campus"
    INDUSTRY = "industry"
    CORRIDOR = "corridor"


class Quarter(msgspec.Struct, frozen=True):
    """A piece of the city between main streets. shape: plan coordinates."""

    number: int
    zone: Zone
    district: str
    shape: Polygon


class PlanLine(msgspec.Struct, frozen=True):
    """A street as planned. shape: plan coordinates. street: key of its name. width: metres between the blocks."""

    shape: LineString
    kind: Class
    street: str
    width: float
    bridge: bool = False


class Street(msgspec.Struct, frozen=True):
    """A piece of street between two junctions. key: stable within a seed."""

    key: int
    shape: LineString
    kind: Class
    name: Words
    district: str
    width: float
    lanes: int
    speed: int
    bridge: bool = False


class Building(msgspec.Struct, frozen=True):
    """height: metres. year: of construction. name: of the house or its address."""

    key: int
    shape: Polygon
    usage: str
    floors: int
    height: float
    year: int
    name: Words
    address: Words
    district: str
    households: int = 0


class Green(msgspec.Struct, frozen=True):
    """tag: OpenStreetMap's, such as ("leisure", "park")."""

    key: int
    shape: Polygon
    category: str
    tag: tuple[str, str]
    name: Words | None
    district: str


class Water(msgspec.Struct, frozen=True):
    key: int
    shape: Polygon
    category: str
    name: Words


class Spot(msgspec.Struct, frozen=True):
    """A place people name: a school, the market, a square. building: key of the building it is in."""

    key: str
    category: str
    name: Words
    place: Point
    district: str
    building: int | None = None
