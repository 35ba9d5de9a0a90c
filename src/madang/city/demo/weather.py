"""The weather over the demonstration city at any moment: what all sensors have in common. Korean seasons, in KST."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from madang.city.demo.waves import Floats, one_wave

KST: Final = timezone(timedelta(hours=9))
_KST_SECONDS: Final = 9 * 3600
_DAY: Final = 86_400.0
_HOUR: Final = 3_600.0
_LATITUDE: Final = np.radians(36.49)
_RAIN_MEMORY_HOURS: Final = 30


class Weather(msgspec.Struct, frozen=True):
    """One value a moment. hour: of the day, local. weekday: 0 for Monday. rain: mm/h. wind: m/s. sun: W/m².

    haze: of fine particles from elsewhere, µg/m³. dark: 0 by day to 1 by night. wet: rain of the last day and a half,
    the older the lighter, mm.
    """

    hour: Floats
    weekday: NDArray[np.int64]
    temperature: Floats
    humidity: Floats
    rain: Floats
    wet: Floats
    wind: Floats
    direction: Floats
    pressure: Floats
    sun: Floats
    dark: Floats
    haze: Floats


def weather_at(seed: int, seconds: Floats) -> Weather:
    """seconds: since 1970, UTC."""
    local = seconds + _KST_SECONDS
    hour = (local % _DAY) / _HOUR
    year = 2 * np.pi * ((local / _DAY + 0.5) % 365.2425) / 365.2425
    cold = np.cos(year - 0.3)
    rain = _rain(seed, seconds, cold)
    cloud = np.clip(0.45 + 0.6 * one_wave(seed, 11, seconds, 20 * _HOUR) + np.minimum(rain, 1) * 0.5, 0, 1)
    height = _sun_height(hour, year)
    sun = 980 * np.maximum(height, 0) ** 1.15 * (1 - 0.78 * cloud)
    swing = (3.2 + 2.6 * (1 - cloud)) * np.cos((hour - 15.2) / 24 * 2 * np.pi)
    temperature = (
        12.6
        - 13.4 * cold
        + swing
        + 4.2 * one_wave(seed, 12, seconds, 58 * _HOUR)
        + 0.5 * one_wave(seed, 13, seconds, 2 * _HOUR)
    )
    humidity = np.clip(
        62 - 9 * cold - 2.1 * swing + 14 * one_wave(seed, 14, seconds, 36 * _HOUR) + 20 * np.minimum(rain, 1),
        18,
        99,
    )
    wind = np.clip(
        1.9
        + 1.1 * one_wave(seed, 15, seconds, 9 * _HOUR)
        + 0.7 * np.maximum(height, 0)
        + 0.5 * one_wave(seed, 16, seconds, _HOUR),
        0.2,
        None,
    )
    direction = (
        285 + 95 * one_wave(seed, 17, seconds, 31 * _HOUR) + 24 * one_wave(seed, 18, seconds, 2.5 * _HOUR)
    ) % 360
    pressure = 1016 + 5 * cold + 7 * one_wave(seed, 19, seconds, 70 * _HOUR) - 2.2 * np.minimum(rain, 2)
    wandering = 0.62 * one_wave(seed, 20, seconds, 44 * _HOUR) + 0.22 * one_wave(seed, 21, seconds, 8 * _HOUR)
    haze = 19 * np.exp(wandering + 0.22 * cold - 0.1 * (wind - 2)) / (1 + 0.35 * rain)
    dark = np.clip(0.5 - height * 9, 0, 1)
    weekday = ((local // _DAY).astype(np.int64) + 3) % 7
    wet = _wet(seed, seconds)
    return Weather(
        hour, weekday, temperature, humidity, rain, wet, wind, direction, pressure, sun, dark, haze
    )


def _sun_height(hour: Floats, year: Floats) -> Floats:
    """Sine of the sun's height. The city's noon is about half an hour after twelve."""
    declination = -0.409 * np.cos(year + 0.17)
    turn = (hour - 12.55) / 24 * 2 * np.pi
    return np.asarray(
        np.sin(_LATITUDE) * np.sin(declination) + np.cos(_LATITUDE) * np.cos(declination) * np.cos(turn)
    )


def _rain(seed: int, seconds: Floats, cold: Floats) -> Floats:
    """Showers within fronts; more in summer."""
    front = one_wave(seed, 22, seconds, 33 * _HOUR) - 0.28 - 0.16 * cold
    shower = 0.6 + 0.6 * one_wave(seed, 23, seconds, 2.2 * _HOUR)
    return np.maximum(front, 0) * np.maximum(shower, 0) * (7 - 4 * cold)


def _wet(seed: int, seconds: Floats) -> Floats:
    back = np.arange(_RAIN_MEMORY_HOURS)
    times = (seconds[:, None] - back[None, :] * _HOUR).ravel()
    year = 2 * np.pi * (((times + _KST_SECONDS) / _DAY + 0.5) % 365.2425) / 365.2425
    rain = _rain(seed, times, np.cos(year - 0.3)).reshape(len(seconds), -1)
    return np.asarray(rain @ np.exp(-back / 7.0))
