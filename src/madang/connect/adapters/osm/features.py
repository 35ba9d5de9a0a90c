"""What an object of OpenStreetMap is to a city, by its tags: pure functions from tags to a table and its fields.

Tags are written by many hands. A tag that does not say what it should ("lanes=2;3") gives no value instead of an
error: the street is there all the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

Tags = Mapping[str, str]

# Where the height of a building is not surveyed, its storeys tell it
METRES_PER_STOREY: Final = 3.0
_PLACE_TAGS: Final = ("amenity", "shop", "tourism")
# Street furniture: there are more benches than everything else together, and nobody looks for one by its page
_FURNITURE: Final = frozenset(
    (
        "bench",
        "waste_basket",
        "waste_disposal",
        "grit_bin",
        "ashtray",
        "parking_space",
        "parking_entrance",
        "clock",
    )
)
_GREEN: Final = {
    "leisure": {"park": "park", "garden": "garden", "nature_reserve": "nature-reserve", "golf_course": "golf-course",
                "common": "grass", "playground": "playground", "dog_park": "park"},
    "landuse": {"forest": "wood", "grass": "grass", "meadow": "meadow", "recreation_ground": "park",
                "village_green": "grass", "greenfield": "grass", "orchard": "orchard", "vineyard": "orchard",
                "flowerbed": "garden", "cemetery": "cemetery", "allotments": "allotments"},
    "natural": {"wood": "wood", "scrub": "scrub", "grassland": "grass", "heath": "heath", "wetland": "wetland"},
}  # fmt: skip
_WATER: Final = {
    "natural": {"water": "water", "bay": "water"},
    "landuse": {"reservoir": "basin", "basin": "basin", "pond": "pond"},
    "waterway": {"riverbank": "river", "dock": "basin"},
}
_WATER_KINDS: Final = {"river": "river", "stream": "stream", "pond": "pond", "basin": "basin", "reservoir": "basin",
                       "canal": "canal", "lake": "lake"}  # fmt: skip
_WATERWAYS: Final = frozenset(("river", "stream", "canal", "drain", "ditch"))
_USAGES: Final = {
    "detached": "house", "bungalow": "house", "semidetached_house": "house", "terrace": "row-house",
    "residential": "row-house", "dormitory": "row-house", "supermarket": "retail", "kiosk": "retail",
    "shop": "retail", "mall": "commercial", "hotel": "commercial", "college": "university",
    "government": "public", "townhall": "public", "fire_station": "public", "police": "public",
    "museum": "civic", "theatre": "civic", "community_centre": "civic", "clinic": "hospital",
    "church": "religious", "cathedral": "religious", "chapel": "religious", "mosque": "religious",
    "temple": "religious", "synagogue": "religious", "shrine": "religious", "monastery": "religious",
    "train_station": "station", "transportation": "station", "garage": "parking", "garages": "parking",
    "carport": "parking", "stadium": "sports", "sports_hall": "sports", "sports_centre": "sports",
    "factory": "industrial", "manufacture": "industrial", "marketplace": "market",
}  # fmt: skip
_NUMBER: Final = re.compile(r"^\s*(\d+(?:[.,]\d+)?)\s*(m|km/h|kmh|mph|ft|'|)\s*$")
_FACTORS: Final = {"": 1.0, "m": 1.0, "km/h": 1.0, "kmh": 1.0, "mph": 1.609344, "ft": 0.3048, "'": 0.3048}


def number(text: str | None) -> float | None:
    """A number with its unit in metres or km/h, None for anything else."""
    match = _NUMBER.match(text or "")
    return round(float(match[1].replace(",", ".")) * _FACTORS[match[2]], 2) if match else None


def whole(text: str | None) -> int | None:
    found = number(text)
    return int(found) if found is not None and found.is_integer() else None


def road(tags: Tags) -> dict[str, Any]:
    """Of a way with the tag highway."""
    oneway = tags.get("oneway")
    return {
        "@class": tags["highway"].removesuffix("_link"),
        "@speed": number(tags.get("maxspeed")),
        "@lanes": whole(tags.get("lanes")),
        "@width": number(tags.get("width")),
        "@oneway": None if oneway is None else oneway in ("yes", "true", "1", "-1"),
        "@bridge": True if tags.get("bridge", "no") != "no" else None,
    }


def building(tags: Tags) -> dict[str, Any] | None:
    kind = tags.get("building", "no")
    if kind == "no":
        return None
    levels = number(tags.get("building:levels"))
    height = number(tags.get("height") or tags.get("building:height"))
    if height is None and levels:
        height = round(levels * METRES_PER_STOREY, 1)
    year = re.match(r"(1\d{3}|20\d{2})", tags.get("start_date", ""))
    return {
        "@usage": _USAGES.get(kind, kind.replace("_", "-")),
        "@height": height,
        "@levels": round(levels) if levels is not None else None,
        "@year": int(year[0]) if year else None,
        "@address": address(tags),
    }


def place(tags: Tags) -> dict[str, Any] | None:
    """Of a node or an area where people go."""
    for key in _PLACE_TAGS:
        value = tags.get(key, "no")
        if value != "no" and value not in _FURNITURE:
            return {
                "@category": value.split(";")[0].strip().replace("_", "-"),
                "@address": address(tags),
                "@website": tags.get("website") or tags.get("contact:website") or tags.get("url"),
            }
    return None


def green(tags: Tags) -> dict[str, Any] | None:
    return _classified(tags, _GREEN)


def water_area(tags: Tags) -> dict[str, Any] | None:
    found = _classified(tags, _WATER)
    if found is not None:
        found["@category"] = _WATER_KINDS.get(tags.get("water", ""), found["@category"])
    return found


def water_line(tags: Tags) -> dict[str, Any] | None:
    kind = tags.get("waterway", "")
    return {"@category": kind} if kind in _WATERWAYS else None


def _classified(tags: Tags, table: Mapping[str, Mapping[str, str]]) -> dict[str, Any] | None:
    for key, kinds in table.items():
        category = kinds.get(tags.get(key, ""))
        if category is not None:
            return {"@category": category}
    return None


def address(tags: Tags) -> str | None:
    street = tags.get("addr:street") or tags.get("addr:place")
    if tags.get("addr:full"):
        return tags["addr:full"]
    return " ".join(filter(None, (street, tags.get("addr:housenumber")))) if street else None
