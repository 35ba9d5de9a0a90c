"""Organisations, roles, programmes, needs and the rest of the city's life, as rows of tables with their links."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np
import shapely
from shapely import Point

from madang.city.demo.gaon import Gaon
from madang.city.demo.identifiers import Identifiers
from madang.city.demo.model import Building
from madang.city.demo.plane import degrees
from madang.city.demo.weather import KST
from madang.city.demo.words import read

SEPARATOR: Final = ";"
_HOUSES: Final = {
    "city-hall": "townhall",
    "station": "station",
    "innovation": "co-working",
    "theatre": "theatre",
    "university": "university",
    "research-institute": "research-institute",
    "hospital": "hospital",
    "market": "marketplace",
}
_WORKPLACES: Final = ("office", "commercial", "industrial", "university", "retail")
_DAYS: Final = {
    "starts": "startDate",
    "ends": "endDate",
    "opens": "opens",
    "closes": "closes",
    "date": "date",
    "issued": "issued",
}
_TEXTS: Final = {"ko": "name_ko", "en": "name_en", "text_ko": "text_ko", "text_en": "text_en"}
_AT: Final = ("testedAt", "meetsAt", "concerns", "raisedIn", "locatedIn")

Row = dict[str, Any]


class Society(msgspec.Struct, frozen=True):
    """organisations, others: rows by column. links are identifiers as in `identifiers.py`, several with `SEPARATOR`."""

    organisations: tuple[Row, ...]
    others: tuple[Row, ...]


def gather(gaon: Gaon, moment: int) -> Society:
    """moment: from which the days of the data file count, microseconds UTC."""
    identifiers = Identifiers(gaon)
    return Society(
        tuple(_organisations(gaon, identifiers)),
        tuple(_others(gaon, identifiers, datetime.fromtimestamp(moment / 1_000_000, UTC).astimezone(KST))),
    )


def _organisations(gaon: Gaon, identifiers: Identifiers) -> Iterator[Row]:
    data = read("organisations")
    random = np.random.default_rng([gaon.seed, 8])
    houses = _workplaces(gaon, random)
    for key, entry in data["organisation"].items():
        if "house" in entry:
            spot = identifiers.spot(_HOUSES[entry["house"]])
            building = gaon.buildings[spot.building or 0]
        else:
            building = next(houses[entry["within"]])
        place = degrees(building.shape.representative_point())
        industry = data["industries"][entry["industry"]]
        yield {
            "key": key,
            **{column: entry[name] for name, column in _TEXTS.items()},
            "category": entry["category"],
            "industryCode": entry["industry"],
            "industry_ko": industry[0],
            "industry_en": industry[1],
            "serviceArea": entry["area"],
            "technologyLayer": entry.get("layer", ""),
            "foundingYear": entry["year"],
            "numberOfEmployees": entry["people"],
            "longitude": place.x,
            "latitude": place.y,
            "address_ko": building.address.ko,
            "address_en": building.address.en,
            "locatedIn": identifiers.of(f"District:{building.district}"),
            "headquarteredIn": identifiers.of(f"Building:{building.key}"),
            **{
                link: SEPARATOR.join(identifiers.of(f"Organization:{other}") for other in entry.get(link, ()))
                for link in ("isPartOf", "memberOf", "suppliesTo", "partnerOf", "investedIn")
            },
        }


def _workplaces(gaon: Gaon, random: np.random.Generator) -> dict[str, Iterator[Building]]:
    """For every district its houses of work, in an order of chance."""
    found: dict[str, list[Building]] = {}
    for building in gaon.buildings:
        if building.usage in _WORKPLACES:
            found.setdefault(building.district, []).append(building)
    return {
        district: iter([houses[int(number)] for number in random.permutation(len(houses))])
        for district, houses in found.items()
    }


def _others(gaon: Gaon, identifiers: Identifiers, today: datetime) -> Iterator[Row]:
    for kind, entries in read("society").items():
        for key, entry in entries.items():
            row: Row = {"type": kind, "key": key}
            for name, value in entry.items():
                if name in _TEXTS:
                    row[_TEXTS[name]] = value
                elif name in _DAYS:
                    row[_DAYS[name]] = (today + timedelta(days=value)).date().isoformat()
                else:
                    row[name] = _cell(value, identifiers)
            place = _place(entry, gaon, identifiers)
            if place is not None:
                row["longitude"], row["latitude"] = place.x, place.y
            yield row


def _cell(value: Any, identifiers: Identifiers) -> Any:
    """A value, or links in place of references ("Type:key")."""
    if isinstance(value, list):
        return SEPARATOR.join(str(_cell(one, identifiers)) for one in value)
    if isinstance(value, str) and ":" in value:
        return identifiers.of(value)
    return value


def _place(entry: Row, gaon: Gaon, identifiers: Identifiers) -> Point | None:
    """Where something happens: at what it links to, in degrees."""
    for link in _AT:
        references = entry.get(link, ())
        for reference in [references] if isinstance(references, str) else references:
            kind, _, key = reference.partition(":")
            if kind == "Spot":
                return _in_degrees(identifiers.spot(key).place)
            if kind == "Place":
                return _in_degrees(gaon.square.centroid)
            if kind == "PlantCover":
                green = next(green for green in gaon.greens if green.name and green.name.en == key)
                return _in_degrees(_towards(green.shape, gaon.square.centroid))
            if kind == "WaterBody":
                water = next(water for water in gaon.waters if water.name.en == key)
                return _in_degrees(water.shape.representative_point())
            if kind == "District":
                district = next(district for district in gaon.districts if district.key == key)
                return _in_degrees(district.shape.representative_point())
    return None


def _towards(shape: shapely.Polygon, place: Point) -> Point:
    """The point of the shape's edge that is nearest to the place."""
    return shape.exterior.interpolate(shape.exterior.project(place))


def _in_degrees(place: Point) -> Point:
    point: Point = degrees(place)
    return point
