"""Distances on the WGS 84 ellipsoid, in metres, and for orders by distance on a sphere.

Points less than half a degree apart are measured in the plane that touches the ellipsoid at their mean
latitude (error under 0.002 %), farther ones with Lambert's formula for long lines (W. D. Lambert, J. Wash. Acad.
Sci. 32, 1942; error of some tens of metres over thousands of kilometres, of 0.4 % close to the antipode).
"""

from __future__ import annotations

from math import asin, atan, cos, degrees, hypot, pi, radians, sin, sqrt, tan
from typing import Final

EQUATOR_METRES: Final = 6_378_137.0
FLATTENING: Final = 1 / 298.257_223_563
ECCENTRICITY_SQUARED: Final = FLATTENING * (2 - FLATTENING)
MEAN_RADIUS_METRES: Final = 6_371_008.8
_PLANE_RADIANS_MAX: Final = 0.0088
# Where Lambert's formula breaks down, close to the antipode
_LONG_RADIANS_MAX: Final = 3.1

Bounds = tuple[float, float, float, float]
EVERYWHERE: Final[Bounds] = (-180.0, -90.0, 180.0, 90.0)


def metres(longitude: float, latitude: float, other_longitude: float, other_latitude: float) -> float:
    """The length of the shortest way between two positions in degrees."""
    height = radians(other_latitude - latitude)
    width = radians(other_longitude - longitude)
    if width > pi or width < -pi:
        width -= 2 * pi if width > 0 else -2 * pi
    if -_PLANE_RADIANS_MAX < height < _PLANE_RADIANS_MAX and -_PLANE_RADIANS_MAX < width < _PLANE_RADIANS_MAX:
        middle = radians((latitude + other_latitude) / 2)
        squeezed = 1 - ECCENTRICITY_SQUARED * sin(middle) ** 2
        across = EQUATOR_METRES / sqrt(squeezed)
        along = across * (1 - ECCENTRICITY_SQUARED) / squeezed
        return hypot(along * height, across * cos(middle) * width)
    return _long(radians(latitude), radians(other_latitude), width)


def _long(latitude: float, other_latitude: float, width: float) -> float:
    """Lambert's formula. All in radians."""
    first = atan((1 - FLATTENING) * tan(latitude))
    second = atan((1 - FLATTENING) * tan(other_latitude))
    haversine = sin((second - first) / 2) ** 2 + cos(first) * cos(second) * sin(width / 2) ** 2
    angle = 2 * asin(min(1.0, sqrt(haversine)))
    if angle > _LONG_RADIANS_MAX:
        return MEAN_RADIUS_METRES * angle
    middle, half = (first + second) / 2, (second - first) / 2
    inner = (angle - sin(angle)) * (sin(middle) * cos(half) / cos(angle / 2)) ** 2
    outer = (angle + sin(angle)) * (cos(middle) * sin(half) / sin(angle / 2)) ** 2
    return EQUATOR_METRES * (angle - FLATTENING / 2 * (inner + outer))


def spherical_metres(
    longitude: float, latitude: float, other_longitude: float, other_latitude: float
) -> float:
    """The same on a sphere, by the haversine formula, which CIM 009 §4.23.1 wants for orders by distance."""
    height = sin(radians(other_latitude - latitude) / 2) ** 2
    width = sin(radians(other_longitude - longitude) / 2) ** 2
    haversine = height + cos(radians(latitude)) * cos(radians(other_latitude)) * width
    return 2 * MEAN_RADIUS_METRES * asin(min(1.0, sqrt(haversine)))


def widen(bounds: Bounds, distance: float) -> Bounds:
    """Bounds (west, south, east, north) that hold every position within `distance` metres of these ones."""
    west, south, east, north = bounds
    # The shortest degree of latitude is at the equator, of longitude at the highest latitude
    radius = EQUATOR_METRES * (1 - ECCENTRICITY_SQUARED)
    height = degrees(distance / radius) * 1.001 + 1e-9
    south, north = max(-90.0, south - height), min(90.0, north + height)
    narrowest = cos(radians(max(abs(south), abs(north))))
    if narrowest < 1e-3 or distance > EQUATOR_METRES * narrowest:
        return -180.0, south, 180.0, north
    width = degrees(distance / (EQUATOR_METRES * narrowest)) * 1.001 + 1e-9
    if west - width < -180 or east + width > 180:
        return -180.0, south, 180.0, north
    return west - width, south, east + width, north
