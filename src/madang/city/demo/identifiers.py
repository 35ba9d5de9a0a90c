"""Which source describes what, and the identifiers that follow from it: links between files need them.

An identifier is written here without its beginning, "urn:ngsi-ld:", which the mapping of the city file adds.
"""

from __future__ import annotations

from typing import Final

from madang.city.demo.gaon import Gaon
from madang.city.demo.model import Spot

CITY: Final = "gaon"
_SOURCES: Final = {
    "RoadSegment": "map",
    "Building": "map",
    "PlantCover": "map",
    "WaterBody": "map",
    "PointOfInterest": "map",
    "City": "areas",
    "District": "areas",
    "Place": "areas",
    "Bridge": "areas",
    "GtfsRoute": "transit",
    "Organization": "organisations",
}
_FIRST_WAY: Final = {
    "RoadSegment": 1_000_000,
    "Building": 2_000_000,
    "PlantCover": 3_000_000,
    "WaterBody": 4_000_000,
}
_FIRST_PLACE: Final = 9_000_000


def way_number(kind: str, key: int) -> int:
    """OpenStreetMap's number of the way that is a street, a building, green or water."""
    return _FIRST_WAY[kind] + key


def place_number(spot: int) -> int:
    """OpenStreetMap's number of the node of a place; spot: its place in the list."""
    return _FIRST_PLACE + spot


class Identifiers:
    """From "Type:key", as the data files write it, to identifiers."""

    def __init__(self, gaon: Gaon) -> None:
        self._spots = {spot.key: number for number, spot in enumerate(gaon.spots)}
        self._greens = {green.name.en: green.key for green in reversed(gaon.greens) if green.name}
        self._waters = {water.name.en: water.key for water in gaon.waters}
        self._gaon = gaon

    def of(self, reference: str) -> str:
        """A green or a water may be meant by its number or by its name. Raises KeyError for what does not exist."""
        kind, _, key = reference.partition(":")
        match kind:
            case "Spot":
                return self._made("PointOfInterest", f"n{place_number(self._spots[key])}")
            case "RoadSegment" | "Building":
                return self._made(kind, f"w{way_number(kind, int(key))}")
            case "PlantCover":
                return self._made(
                    kind, f"w{way_number(kind, int(key) if key.isdigit() else self._greens[key])}"
                )
            case "WaterBody":
                return self._made(
                    kind, f"w{way_number(kind, int(key) if key.isdigit() else self._waters[key])}"
                )
            case _:
                return self._made(kind, key)

    def spot(self, key: str) -> Spot:
        return self._gaon.spots[self._spots[key]]

    def _made(self, kind: str, key: str) -> str:
        return f"{kind}:{CITY}:{_SOURCES.get(kind, 'society')}:{key}"
