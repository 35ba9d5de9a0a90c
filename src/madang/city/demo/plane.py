"""The ground that the demonstration city is drawn on: plan coordinates, metres, degrees.

The city is planned in coordinates that follow its river: `along` runs downstream, `across` to its left, both in
metres. `to_metres` bends the plan into the valley: near the river the grid follows every turn, far from it the turns
fade, and right angles stay nearly right. `to_degrees` puts metres onto the globe, where Korea has no such city.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Coordinates, one point a row."""

CENTRE: Final = (127.2874, 36.4912)
_ROTATION: Final = math.radians(-7)
_LATITUDE: Final = math.radians(CENTRE[1])
_METRES_PER_LONGITUDE: Final = 111_412.84 * math.cos(_LATITUDE) - 93.5 * math.cos(3 * _LATITUDE)
_METRES_PER_LATITUDE: Final = 111_132.92 - 559.82 * math.cos(2 * _LATITUDE)

_FADE_METRES: Final = 600.0
_TURNS: Final = ((185.0, 580.0, 0.6), (12.0, 205.0, 2.1))
_STEP_METRES: Final = 15.0
_DECIMALS: Final = 7


def to_metres(points: Points) -> Points:
    """Plan coordinates (along, across) to metres east and north of the centre."""
    along, across = points[:, 0], points[:, 1]
    offset, slope = np.zeros_like(along), np.zeros_like(along)
    for height, length, phase in _TURNS:
        offset = offset + height * np.sin(along / length + phase)
        slope = slope + height / length * np.cos(along / length + phase)
    fade = 1 / (1 + (across / _FADE_METRES) ** 2)
    east = along - slope * _FADE_METRES * np.arctan(across / _FADE_METRES)
    north = across + offset * fade
    cosine, sine = math.cos(_ROTATION), math.sin(_ROTATION)
    return np.column_stack((east * cosine - north * sine, east * sine + north * cosine))


def to_degrees(points: Points) -> Points:
    """Metres from the centre to longitude and latitude, rounded to about a centimetre."""
    longitude = CENTRE[0] + points[:, 0] / _METRES_PER_LONGITUDE
    latitude = CENTRE[1] + points[:, 1] / _METRES_PER_LATITUDE
    return np.asarray(np.column_stack((longitude, latitude)).round(_DECIMALS), dtype=np.float64)


def bend(shape: Any) -> Any:
    """A shape (or an array of them) of the plan on the ground, in metres; long edges become curves."""
    return shapely.transform(shapely.segmentize(shape, _STEP_METRES), to_metres)


def degrees(shape: Any) -> Any:
    """A shape (or an array of them) in metres, in degrees."""
    return shapely.transform(shape, to_degrees)
