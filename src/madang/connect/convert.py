"""From the value of a field to the value of an attribute: numbers, words of truth, geometries, coordinates.

Every function raises BadRequestData with the value and what would be right; `mapping.py` adds the field's name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import shapely
import shapely.geometry
from pyproj import Transformer
from pyproj.exceptions import ProjError

from madang.connect.template import plain_text
from madang.errors import BadRequestData

_TRUE = ("true", "yes", "y", "t", "1", "o", "예")
_FALSE = ("false", "no", "n", "f", "0", "x", "아니오", "아니요")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
# 1e-7 degrees are about a centimetre; more digits are the projection's noise
_DECIMALS = 7


def number_reader(decimal: str, thousands: str, whole: bool) -> Callable[[Any], int | float]:
    """A function to a finite number. whole: it must be an integer. decimal, thousands: marks of the source."""
    right = f"a {'whole ' if whole else ''}number such as {_example(decimal, thousands, whole)}"

    def read(value: Any) -> int | float:
        if isinstance(value, str):
            number = _parse_number(value.strip(), decimal, thousands)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            number = value if math.isfinite(value) else None
        else:
            number = None
        if number is not None and float(number).is_integer() and (whole or isinstance(value, float)):
            number = int(number)
        if number is None or (whole and not isinstance(number, int)):
            raise BadRequestData(f"'{value}' is not {right}")
        return number

    return read


def _example(decimal: str, thousands: str, whole: bool) -> str:
    return f"1{thousands}234" if whole else f"1{thousands}234{decimal}5"


def _parse_number(text: str, decimal: str, thousands: str) -> int | float | None:
    if thousands and thousands in text:
        text = text.replace(thousands, "\0").replace(decimal, ".").replace("\0", ",")
        if not _GROUPED.fullmatch(text):
            return None
        text = text.replace(",", "")
    elif decimal != ".":
        if "." in text:
            return None
        text = text.replace(decimal, ".")
    if not _NUMBER.fullmatch(text):
        return None
    if text.lstrip("+-").isdigit():
        return int(text)
    number = float(text)
    return number if math.isfinite(number) else None


def boolean_reader(true: tuple[str, ...], false: tuple[str, ...]) -> Callable[[Any], bool]:
    """A function to a truth value. true, false: the source's words, case-insensitive; empty for the usual ones."""
    words = {word.casefold(): True for word in true or _TRUE}
    words |= {word.casefold(): False for word in false or _FALSE}

    def read(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        found = words.get(plain_text(value).casefold())
        if found is None:
            raise BadRequestData(f"'{value}' is not one of {', '.join((true or _TRUE) + (false or _FALSE))}")
        return found

    return read


def json_value(value: Any) -> Any:
    """JSON text, or a value that already is JSON, as it is."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise BadRequestData(f"'{value:.80}' is not JSON ({error})") from error


def to_degrees(crs: str) -> Callable[[Any, Any], tuple[Any, Any]]:
    """A function from coordinates of a reference system, east first, to longitude and latitude in WGS 84.

    It takes numbers or arrays of numbers.
    """
    if not crs:
        return lambda easts, norths: (easts, norths)
    try:
        transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    except ProjError as error:
        raise BadRequestData(
            f"There is no reference system {crs}; the number must be one of the EPSG registry"
        ) from error

    def convert(easts: Any, norths: Any) -> tuple[Any, Any]:
        try:
            longitudes, latitudes = transformer.transform(easts, norths, errcheck=True)
        except ProjError as error:
            raise BadRequestData(f"({easts}, {norths}) lies outside {crs}") from error
        return np.round(longitudes, _DECIMALS), np.round(latitudes, _DECIMALS)

    return convert


def point_reader(decimal: str, thousands: str, crs: str) -> Callable[[Any, Any], dict[str, Any]]:
    """A function from east and north (longitude and latitude) to a GeoJSON Point."""
    number = number_reader(decimal, thousands, False)
    degrees = to_degrees(crs)

    def read(east: Any, north: Any) -> dict[str, Any]:
        longitude, latitude = degrees(number(east), number(north))
        if not -180 <= longitude <= 180:
            raise BadRequestData(f"'{east}' is not a longitude from -180 to 180")
        if not -90 <= latitude <= 90:
            raise BadRequestData(f"'{north}' is not a latitude from -90 to 90")
        return {"type": "Point", "coordinates": [float(longitude), float(latitude)]}

    return read


def geometry_reader(crs: str) -> Callable[[Any], dict[str, Any]]:
    """A function from GeoJSON (object or text), WKT or WKB to a GeoJSON geometry, which is not yet checked."""
    degrees = to_degrees(crs)

    def read(value: Any) -> dict[str, Any]:
        geometry = _geometry(value)
        if crs:
            shape = shapely.geometry.shape(geometry)
            geometry = _flat(
                shapely.transform(shape, lambda points: np.column_stack(degrees(points[:, 0], points[:, 1])))
            )
        return geometry

    return read


def _geometry(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    try:
        if isinstance(value, bytes):
            return _flat(shapely.from_wkb(value))
        text = str(value).strip()
        if text.startswith("{"):
            parsed: dict[str, Any] = orjson.loads(text)
            return parsed
        return _flat(shapely.from_wkt(text))
    except (ValueError, TypeError, shapely.errors.GEOSException) as error:
        raise BadRequestData(f"'{value!s:.60}' is neither GeoJSON nor WKT nor WKB") from error


def _flat(geometry: Any) -> dict[str, Any]:
    """A shapely geometry as GeoJSON of lists, as JSON would read it."""
    plain: dict[str, Any] = orjson.loads(shapely.to_geojson(geometry))
    return plain
