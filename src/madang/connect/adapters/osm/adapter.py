"""OpenStreetMap extracts (.osm.pbf, .osm): streets, buildings, points of interest, green and water.

What its entities look like stands in mapping.toml, in the form of a city file; what an object is by its tags in
features.py. Areas come from closed ways and from multipolygon relations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
import osmium
import shapely
import shapely.geometry
from pyproj import Geod

from madang.connect.adapter import Field, Reading, Step, Table
from madang.connect.adapters.osm import features
from madang.connect.files import files_at
from madang.connect.mapping import Record, Refused
from madang.errors import SourceFailed

_COMMON: Final = ("@id", "@geometry", "name", "name:ko", "name:en")
_FIELDS: Final = {
    "roads": ("@class", "@speed", "@lanes", "@width", "@oneway", "@bridge", "@length", "highway", "surface"),
    "buildings": ("@usage", "@height", "@levels", "@year", "@address", "@area", "building"),
    "places": ("@category", "@address", "@website", "opening_hours"),
    "green": ("@category", "@area"),
    "water": ("@category", "@area", "@length"),
}
_EARTH: Final = Geod(ellps="WGS84")
_Features = list[tuple[str, dict[str, Any]]]


class OsmAdapter:
    def discover(self, location: str, options: dict[str, Any]) -> list[Table]:
        """The five tables; an object may have any tag besides the fields that are named."""
        del options
        for path in files_at(location):
            _header(path)
        return [
            Table(name, tuple(Field(field) for field in (*_COMMON, *fields)), closed=False)
            for name, fields in _FIELDS.items()
        ]

    def read(self, reading: Reading, state: dict[str, Any]) -> Iterator[Step]:
        """The state is the number of features before; the file is read from its start to find the place again."""
        files = files_at(reading.location)
        start: int = state.get("features", 0)
        rows = islice(_all_rows(files, reading.tables), start, None)
        count = start
        while taken := list(islice(rows, reading.rows_max)):
            count += len(taken)
            yield Step(tuple(row for row, _ in taken), {"features": count}, taken[-1][1])


def _header(path: Path) -> None:
    try:
        with osmium.io.Reader(str(path)) as reader:
            reader.header()
    except RuntimeError as error:
        raise SourceFailed(f"{path} is not an OpenStreetMap file that can be read: {error}") from error


def _all_rows(files: list[Path], tables: frozenset[str]) -> Iterator[tuple[Record | Refused, float]]:
    for index, path in enumerate(files):
        try:
            for row in _rows(path, tables):
                yield row, (index + 0.5) / len(files)
        except RuntimeError as error:
            raise SourceFailed(f"{path} is not an OpenStreetMap file that can be read: {error}") from error


def _rows(path: Path, tables: frozenset[str]) -> Iterator[Record | Refused]:
    geometries = osmium.geom.GeoJSONFactory()
    for thing in osmium.FileProcessor(str(path)).with_areas():
        if not thing.tags:
            continue
        tags = dict(thing.tags)
        found, identifier, geometry = _looked_at(thing, tags, geometries)
        for table, fields in found:
            if "" in tables or table in tables:
                yield _row(path, table, identifier, {**tags, **fields}, geometry)


def _looked_at(
    thing: Any, tags: dict[str, str], geometries: Any
) -> tuple[_Features, str, Callable[[], dict[str, Any]]]:
    """What the object is to a city, its id, and how to make its geometry (GeoJSON)."""
    if thing.is_node():
        found = _named(("places", features.place(tags)))
        return found, f"n{thing.id}", lambda: orjson.loads(geometries.create_point(thing))
    if thing.is_way():
        road = features.road(tags) if "highway" in tags else None
        found = _named(("roads", road), ("water", features.water_line(tags)))
        return found, f"w{thing.id}", lambda: _line(thing)
    if thing.is_area():
        found = _named(
            ("buildings", features.building(tags)),
            ("places", features.place(tags)),
            ("green", features.green(tags)),
            ("water", features.water_area(tags)),
        )
        identifier = f"{'w' if thing.from_way() else 'r'}{thing.orig_id()}"
        return found, identifier, lambda: _area(orjson.loads(geometries.create_multipolygon(thing)))
    return [], "", dict


def _named(*candidates: tuple[str, dict[str, Any] | None]) -> _Features:
    return [(table, fields) for table, fields in candidates if fields is not None]


def _line(way: Any) -> dict[str, Any]:
    """The part of the way that lies in the extract: at its border ways go on to places that it does not have.

    Raises SourceFailed if that is not a line."""
    points = [[node.lon, node.lat] for node in way.nodes if node.location.valid()]
    if len(points) < 2:
        raise SourceFailed(
            f"Of its {len(way.nodes)} nodes the extract has {len(points)}, and a line needs two"
        )
    return {"type": "LineString", "coordinates": points}


def _area(geometry: dict[str, Any]) -> dict[str, Any]:
    parts = geometry["coordinates"]
    return {"type": "Polygon", "coordinates": parts[0]} if len(parts) == 1 else geometry


def _row(
    path: Path, table: str, identifier: str, fields: dict[str, Any], make: Callable[[], dict[str, Any]]
) -> Record | Refused:
    place = f"{path.name}:{identifier}"
    original = orjson.dumps(fields).decode()
    try:
        geometry = make()
    except (RuntimeError, osmium.InvalidLocationError, SourceFailed) as error:
        return Refused(place, original, f"The geometry of {identifier} cannot be made: {error}")
    return Record(table, place, {**fields, "@id": identifier, **_measured(table, geometry)}, original)


def _measured(table: str, geometry: dict[str, Any]) -> dict[str, Any]:
    """The geometry as the table wants it, with its length (metres) or its area (square metres)."""
    kind = geometry["type"]
    if kind == "Point":
        return {"@geometry": geometry}
    if kind == "LineString":
        points = geometry["coordinates"]
        length = _EARTH.line_length([point[0] for point in points], [point[1] for point in points])
        return {"@geometry": geometry, "@length": round(length, 1)}
    shape = shapely.geometry.shape(geometry)
    area = round(abs(_EARTH.geometry_area_perimeter(shape)[0]), 1)
    if table == "places":
        geometry = orjson.loads(shapely.to_geojson(shape.representative_point()))
    return {"@geometry": geometry, "@area": area}


adapter = OsmAdapter()
