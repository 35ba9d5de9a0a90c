"""Writes streets, buildings, green, water and places as an OpenStreetMap extract (.osm.pbf)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import osmium
import shapely
from osmium.osm.mutable import Node, Way
from shapely import LineString, Polygon

from madang.city.demo.gaon import Gaon
from madang.city.demo.identifiers import place_number, way_number
from madang.city.demo.model import Building, Class, Green, Spot, Street, Water, Words
from madang.city.demo.plane import degrees

Tags = dict[str, str]
_USAGES: Final = {"station": "train_station", "row-house": "row_house"}
_SURFACES: Final = {Class.FOOTWAY: "paving_stones", Class.CYCLEWAY: "asphalt"}


def write_extract(gaon: Gaon, path: Path) -> None:
    """Nodes first, then ways, both by number, as readers of the format expect."""
    nodes = _Nodes()
    ways = [(number, nodes.of(shape), tags) for number, shape, tags in _ways(gaon)]
    places = [(place_number(at), spot) for at, spot in enumerate(gaon.spots)]
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for number, (longitude, latitude) in enumerate(nodes.places, start=1):
            writer.add_node(Node(id=number, version=1, location=(longitude, latitude)))
        for number, spot in places:
            point = degrees(spot.place)
            writer.add_node(
                Node(id=number, version=1, location=(point.x, point.y), tags=_spot_tags(gaon, spot))
            )
        for number, refs, tags in ways:
            writer.add_way(Way(id=number, version=1, nodes=refs, tags=tags))


class _Nodes:
    """Numbers for places. The same place has the same number, so that streets that meet share a node."""

    def __init__(self) -> None:
        self.places: list[tuple[float, float]] = []
        self._numbers: dict[tuple[float, float], int] = {}

    def of(self, shape: LineString | Polygon) -> list[int]:
        line = shape.exterior if isinstance(shape, Polygon) else shape
        refs: list[int] = []
        for point in shapely.get_coordinates(degrees(line)):
            place = (float(point[0]), float(point[1]))
            number = self._numbers.get(place)
            if number is None:
                self.places.append(place)
                number = self._numbers[place] = len(self.places)
            if not refs or refs[-1] != number:
                refs.append(number)
        return refs


def _ways(gaon: Gaon) -> Iterator[tuple[int, LineString | Polygon, Tags]]:
    for street in gaon.streets:
        yield way_number("RoadSegment", street.key), _simple(street.shape, 0.2), _street_tags(street)
    for building in gaon.buildings:
        yield way_number("Building", building.key), building.shape, _building_tags(building)
    for green in gaon.greens:
        yield way_number("PlantCover", green.key), _simple(green.shape, 0.4), _green_tags(green)
    for water in gaon.waters:
        yield way_number("WaterBody", water.key), _simple(water.shape, 0.4), _water_tags(water)


def _simple(shape: Any, tolerance: float) -> Any:
    return shape.simplify(tolerance)


def _named(name: Words | None) -> Tags:
    return {"name": name.ko, "name:ko": name.ko, "name:en": name.en} if name else {}


def _street_tags(street: Street) -> Tags:
    tags = {"highway": street.kind.value, **_named(street.name), "ref:district": street.district}
    tags["surface"] = _SURFACES.get(street.kind, "asphalt")
    tags["width"] = f"{street.width:g}"
    if street.lanes:
        tags |= {"lanes": str(street.lanes), "maxspeed": str(street.speed)}
    if street.bridge:
        tags["bridge"] = "yes"
    return tags


def _building_tags(building: Building) -> Tags:
    tags = {
        "building": _USAGES.get(building.usage, building.usage),
        **_named(building.name),
        "height": f"{building.height:g}",
        "building:levels": str(building.floors),
        "start_date": str(building.year),
        "addr:full": building.address.ko,
        "addr:full:en": building.address.en,
        "ref:district": building.district,
    }
    if building.households:
        tags["building:flats"] = str(building.households)
    return tags


def _green_tags(green: Green) -> Tags:
    return {green.tag[0]: green.tag[1], **_named(green.name), "ref:district": green.district}


def _water_tags(water: Water) -> Tags:
    return {"natural": "water", "water": water.category, **_named(water.name)}


def _spot_tags(gaon: Gaon, spot: Spot) -> Tags:
    tags = {"amenity": spot.category.replace("-", "_"), **_named(spot.name), "ref:district": spot.district}
    if spot.building is not None:
        building = gaon.buildings[spot.building]
        tags |= {"addr:full": building.address.ko, "addr:full:en": building.address.en}
        tags["ref:building"] = f"w{way_number('Building', spot.building)}"
    return tags
