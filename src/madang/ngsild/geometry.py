"""GeoJSON geometries (RFC 7946) as values of GeoProperties and of geo-queries: are they well formed?"""

from __future__ import annotations

import math
from typing import Any, Final

from madang.errors import BadRequestData

# How deep the coordinates of each geometry are nested: a Point is one position
_DEPTHS: Final = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
GEOMETRY_TYPES: Final = frozenset(_DEPTHS)


def is_geometry(value: object) -> bool:
    """Whether the value looks like a geometry: a quick look at its type, not a check."""
    if not isinstance(value, dict) or "coordinates" not in value:
        return False
    kind = value.get("type")
    return isinstance(kind, str) and kind in GEOMETRY_TYPES


def require_geometry(value: object, where: str) -> dict[str, Any]:
    """The value, if it is a well-formed geometry in WGS 84, longitude first.

    where: names the attribute or parameter in the error. Raises BadRequestData.
    """
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str) or kind not in GEOMETRY_TYPES:
        raise BadRequestData(
            f"{where} must be a GeoJSON geometry such as {{'type':'Point','coordinates':[127.0,37.5]}}"
        )
    _check_nested(value.get("coordinates"), _DEPTHS[kind], kind, where)
    return value


def _check_nested(coordinates: Any, depth: int, kind: str, where: str) -> None:
    if depth == 0:
        _check_position(coordinates, where)
        return
    if not isinstance(coordinates, list) or not coordinates:
        raise BadRequestData(
            f"{where}: the coordinates of a {kind} must be a non-empty list of positions, nested as RFC 7946 says"
        )
    for part in coordinates:
        _check_nested(part, depth - 1, kind, where)
    if depth == 1 and kind in ("LineString", "MultiLineString") and len(coordinates) < 2:
        raise BadRequestData(f"{where}: a line needs at least two positions")
    if (
        depth == 1
        and kind in ("Polygon", "MultiPolygon")
        and (len(coordinates) < 4 or coordinates[0] != coordinates[-1])
    ):
        raise BadRequestData(
            f"{where}: a ring of a polygon needs at least four positions, the last equal to the first"
        )


def _check_position(position: Any, where: str) -> None:
    if isinstance(position, list) and len(position) >= 2:
        longitude, latitude = position[0], position[1]
        if (
            isinstance(longitude, int | float)
            and isinstance(latitude, int | float)
            and -180 <= longitude <= 180
            and -90 <= latitude <= 90
            and all(isinstance(number, int | float) and math.isfinite(number) for number in position)
            and not any(isinstance(number, bool) for number in position)
        ):
            return
    raise BadRequestData(
        f"{where}: {position!r:.80} is not a position; write [longitude, latitude] in degrees"
    )
