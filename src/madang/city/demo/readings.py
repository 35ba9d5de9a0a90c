"""What the sensors measure at any moments: daily and weekly cycles, the weather, their surroundings, and chance.

Pure and without a memory (see `waves.py`): history and live readings are the same function of time, so they fit
together. All results have the shape (moments, sensors); NaN where nothing is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np

from madang.city.demo.fleet import BY_KEY, KINDS, Fleet, Sensor
from madang.city.demo.waves import Floats, chance, wave
from madang.city.demo.weather import Weather, weather_at

_HOUR: Final = 3_600.0
_GAP_SECONDS: Final = 5 * _HOUR
_GAP_SHARE: Final = 0.011
_STREETLIGHT_KILOWATTS: Final = 0.09
_CHARGER_KILOWATTS: Final = 11.0


class Group(msgspec.Struct, frozen=True):
    """Sensors of one kind, as arrays. channels: each sensor's own number, for chance."""

    seed: int
    kind: str
    keys: tuple[str, ...]
    channels: np.ndarray
    level: np.ndarray
    busy: np.ndarray
    size: np.ndarray
    home: np.ndarray
    silent_from: np.ndarray


def groups_of(fleet: Fleet) -> tuple[Group, ...]:
    """The fleet kind by kind."""
    groups = []
    for number, kind in enumerate(KINDS):
        sensors: Sequence[Sensor] = [sensor for sensor in fleet.sensors if sensor.kind == kind.key]
        generated = fleet.moment / 1_000_000
        groups.append(
            Group(
                seed=fleet.seed,
                kind=kind.key,
                keys=tuple(sensor.key for sensor in sensors),
                channels=np.arange(len(sensors)) * 16 + number * 100_000,
                level=np.array([sensor.level for sensor in sensors]),
                busy=np.array([sensor.busy for sensor in sensors]),
                size=np.array([sensor.size for sensor in sensors], dtype=float),
                home=np.array([sensor.home for sensor in sensors]),
                silent_from=np.array(
                    [
                        generated - sensor.stops_hours * _HOUR if sensor.stops_hours else np.inf
                        for sensor in sensors
                    ]
                ),
            )
        )
    return tuple(groups)


def measure(groups: Sequence[Group], seconds: Floats) -> list[dict[str, Floats]]:
    """For each group the values of its columns. seconds: since 1970, UTC."""
    if not groups:
        return []
    weather = weather_at(groups[0].seed, seconds)
    return [measure_group(group, weather, seconds) for group in groups]


def measure_group(group: Group, weather: Weather, seconds: Floats) -> dict[str, Floats]:
    """The values of the group's columns, rounded as its instruments do. weather: at the same moments."""
    values = _MEASURES[group.kind](group, weather, seconds)
    values |= _battery(group, seconds) if group.kind in ("air", "noise") else {}
    silent = _silent(group, seconds)
    return {
        one.attribute: np.where(silent, np.nan, np.round(values[one.attribute], one.decimals))
        for one in BY_KEY[group.kind].measures
    }


def _silent(group: Group, seconds: Floats) -> np.ndarray:
    """Now and then a sensor misses some hours; a few have stopped altogether."""
    step = np.floor(seconds / _GAP_SECONDS).astype(np.int64)
    missed = chance(group.seed + 7, group.channels, step) < _GAP_SHARE
    return missed | (seconds[:, None] >= group.silent_from[None, :])


def _own(group: Group, seconds: Floats, period_hours: float, channel: int = 0) -> Floats:
    return wave(group.seed, group.channels + channel, seconds, period_hours * _HOUR)


def _peak(hour: Floats, middle: float, width: float) -> Floats:
    away = (hour - middle + 12) % 24 - 12
    return np.exp(-((away / width) ** 2))


def rush(weather: Weather) -> Floats:
    """Traffic of the whole city, 0 to about 1: two peaks on working days, one broad hill at weekends."""
    hour = weather.hour
    working = (
        0.1 + 0.78 * _peak(hour, 8.2, 1.35) + 0.86 * _peak(hour, 18.3, 1.7) + 0.46 * _peak(hour, 13, 4.2)
    )
    saturday = 0.09 + 0.62 * _peak(hour, 14.5, 4.6) + 0.2 * _peak(hour, 20, 3)
    sunday = 0.08 + 0.56 * _peak(hour, 15.5, 4.4) + 0.14 * _peak(hour, 20, 3)
    flow = np.where(weather.weekday < 5, working, np.where(weather.weekday == 5, saturday, sunday))
    friday = np.where(weather.weekday == 4, 1 + 0.12 * _peak(hour, 18.5, 3), 1.0)
    return np.asarray(flow * friday * (1 - 0.05 * np.minimum(weather.rain, 2)))


def _awake(weather: Weather) -> Floats:
    """Share of people who are about, 0 to 1."""
    return np.clip(1.15 - 1.15 * _peak(weather.hour, 3.4, 4.2), 0.02, 1)


def _battery(group: Group, seconds: Floats) -> dict[str, Floats]:
    """Falls for about a month, then a fresh one is put in."""
    month = 30 * 86_400.0
    phase = chance(group.seed + 3, group.channels, np.zeros(1, dtype=np.int64))[0]
    return {"batteryLevel": 99 - 68 * ((seconds[:, None] / month + phase[None, :]) % 1)}


def _air(group: Group, weather: Weather, seconds: Floats) -> dict[str, Floats]:
    traffic = rush(weather)[:, None] * group.busy[None, :]
    calm = 1 / (0.6 + 0.25 * weather.wind)[:, None]
    own = np.exp(0.16 * _own(group, seconds, 5) + 0.05 * _own(group, seconds, 0.7, 1))
    fine = weather.haze[:, None] * group.level[None, :] * own + 9 * traffic * calm
    coarse = (
        fine * (1.55 + 0.2 * _own(group, seconds, 16, 2))
        + 5 * group.busy[None, :] * (weather.wind > 2.6)[:, None]
    )
    nitrogen = 0.008 + 0.024 * traffic * calm + 0.004 * (1 + _own(group, seconds, 7, 3))
    light = (weather.sun / 700)[:, None]
    ozone = (
        0.018
        + 0.028 * light * (0.7 + weather.temperature / 45)[:, None]
        - 0.35 * (nitrogen - 0.01)
        + 0.004 * _own(group, seconds, 9, 4)
    )
    warmth = weather.temperature[:, None] + 0.9 * group.busy[None, :] + 0.5 * _own(group, seconds, 4, 5)
    damp = weather.humidity[:, None] - 3 * group.busy[None, :] + 2.5 * _own(group, seconds, 4, 6)
    return {
        "pm25": np.maximum(fine, 1),
        "pm10": np.maximum(coarse, 3),
        "no2": np.maximum(nitrogen, 0.002),
        "o3": np.maximum(ozone, 0.002),
        "temperature": warmth,
        "relativeHumidity": np.clip(damp, 10, 100),
    }


def _noise(group: Group, weather: Weather, seconds: Floats) -> dict[str, Floats]:
    flow = rush(weather)[:, None] * (0.25 + group.busy[None, :]) + 0.02
    level = 47 + 15 * group.busy[None, :] + 8 * np.log10(flow / 0.4) + 2.2 * _own(group, seconds, 1.5)
    level = level + np.minimum(weather.rain, 3)[:, None]
    level = np.maximum(level, 33 + 2 * _own(group, seconds, 3, 1))
    return {"LAeq": level, "LAmax": level + 9 + 4 * (1 + _own(group, seconds, 0.3, 2))}


def _weather(group: Group, weather: Weather, seconds: Floats) -> dict[str, Floats]:
    return {
        "temperature": weather.temperature[:, None]
        + 0.8 * (group.level[None, :] - 1) * 4
        + 0.4 * _own(group, seconds, 3),
        "relativeHumidity": np.clip(weather.humidity[:, None] + 3 * _own(group, seconds, 3, 1), 10, 100),
        "windSpeed": np.maximum(
            weather.wind[:, None] * group.level[None, :] + 0.5 * _own(group, seconds, 0.4, 2), 0
        ),
        "windDirection": (weather.direction[:, None] + 18 * _own(group, seconds, 0.6, 3)) % 359.5,
        "precipitation": np.maximum(weather.rain[:, None] * (1 + 0.3 * _own(group, seconds, 1.2, 4)), 0),
        "atmosphericPressure": weather.pressure[:, None] + 0.3 * _own(group, seconds, 6, 5),
        "solarRadiation": np.maximum(weather.sun[:, None] * (1 + 0.12 * _own(group, seconds, 0.3, 6)), 0),
    }


def _traffic(group: Group, weather: Weather, seconds: Floats) -> dict[str, Floats]:
    own = 1 + 0.12 * _own(group, seconds, 1.1) + 0.05 * _own(group, seconds, 0.2, 1)
    share = np.clip(
        rush(weather)[:, None] * (0.55 + 0.6 * group.busy[None, :]) * group.level[None, :] * own, 0.005, 1.15
    )
    capacity = group.size[None, :]
    free = 28 + 34 * group.busy[None, :] * 0.6
    speed = (
        free * (1 - 0.58 * np.clip(share, 0, 1) ** 2.6) * (1 - 0.06 * np.minimum(weather.rain, 3))[:, None]
    )
    speed = np.maximum(speed + 1.8 * _own(group, seconds, 0.5, 2), 6)
    return {
        "intensity": capacity * np.minimum(share, 1),
        "averageVehicleSpeed": speed,
        "occupancy": np.clip(38 * share**1.4 * (30 / speed) ** 0.5, 0.2, 92),
    }


def _crowd(group: Group, weather: Weather, seconds: Floats) -> dict[str, Floats]:
    hour = weather.hour
    work = 0.5 * _peak(hour, 8.3, 0.9) + 0.8 * _peak(hour, 12.4, 1.1) + 0.7 * _peak(hour, 18.2, 1.6)
    leisure = 0.75 * _peak(hour, 15, 3.6) + 0.5 * _peak(hour, 19.5, 2.2)
    weekend = np.where(weather.weekday >= 5, 1.35, 0.75)
    share = work[:, None] * (1 - group.home[None, :]) * np.where(weather.weekday < 5, 1.0, 0.3)[:, None]
    share = share + (leisure * weekend)[:, None] * group.home[None, :] + 0.015
    dry = 1 / (1 + 0.5 * weather.rain) * np.clip(1 - (8 - weather.temperature) / 50, 0.6, 1)
    own = np.maximum(1 + 0.22 * _own(group, seconds, 0.8), 0)
    return {"peopleCount": group.size[None, :] * share * dry[:, None] * own}


def _parking(group: Group, weather: Weather, seconds: Floats) -> dict[str, Floats]:
    hour = weather.hour
    working = np.where(weather.weekday < 5, 1.0, 0.35)
    day = (_peak(hour, 10.5, 3.2) + _peak(hour, 15, 3.2)) * working
    evening = 0.6 + 0.4 * np.cos((hour - 1.5) / 24 * 2 * np.pi) - 0.25 * _peak(hour, 13, 4) * working
    share = (
        day[:, None] * 0.72 * (1 - group.home[None, :]) + evening[:, None] * group.home[None, :] * 0.9 + 0.06
    )
    share = np.clip(
        share * group.level[None, :] + 0.09 * _own(group, seconds, 2.2) + 0.03 * _own(group, seconds, 0.3, 1),
        0,
        1,
    )
    used = np.round(group.size[None, :] * share)
    return {"availableSpotNumber": group.size[None, :] - used, "occupancy": 100 * used / group.size[None, :]}


def _bike(group: Group, weather: Weather, seconds: Floats) -> dict[str, Floats]:
    working = np.where(weather.weekday < 5, 1.0, 0.3)
    away = (_peak(weather.hour, 12.5, 4.8) * working)[:, None] * (2 * group.home[None, :] - 1)
    share = 0.52 - 0.34 * away + 0.2 * _own(group, seconds, 3.5) + 0.1 * _own(group, seconds, 0.6, 1)
    share = share - 0.12 * (_awake(weather) * np.clip((weather.temperature - 4) / 20, 0, 1))[:, None]
    bikes = np.round(np.clip(share * group.level[None, :], 0, 1) * group.size[None, :])
    return {"availableBikeNumber": bikes, "freeSlotNumber": group.size[None, :] - bikes}


def _water(group: Group, weather: Weather, seconds: Floats) -> dict[str, Floats]:
    rise = 0.028 * weather.wet[:, None] * group.level[None, :]
    level = (
        0.62 * group.level[None, :]
        + rise
        + 0.025 * _own(group, seconds, 14)
        + 0.008 * _own(group, seconds, 0.4, 1)
    )
    level = np.maximum(level, 0.05)
    return {
        "waterLevel": level,
        "waterDischarge": group.size[None, :] * level**1.7,
        "waterTemperature": np.maximum(
            11 + 0.55 * (weather.temperature[:, None] - 11) + 0.6 * _own(group, seconds, 20, 2), 0.4
        ),
    }


def _light(group: Group, weather: Weather, seconds: Floats) -> dict[str, Floats]:
    late = np.where((weather.hour >= 0.5) & (weather.hour < 5), 0.6, 1.0)
    on = (weather.dark > 0.5) * late
    power = (
        group.size[None, :] * _STREETLIGHT_KILOWATTS * on[:, None] * (1 + 0.02 * _own(group, seconds, 1))
        + 0.2
    )
    return {"activePower": power, "illuminanceLevel": np.broadcast_to(100 * on[:, None], power.shape)}


def _charger(group: Group, weather: Weather, seconds: Floats) -> dict[str, Floats]:
    share = 0.2 + 0.5 * _peak(weather.hour, 20.5, 3.4)[:, None] * group.home[None, :]
    share = (
        share
        + 0.45 * _peak(weather.hour, 13, 3.6)[:, None] * (1 - group.home[None, :])
        + 0.22 * _own(group, seconds, 1.6)
    )
    used = np.round(np.clip(share, 0, 1) * group.size[None, :])
    power = used * _CHARGER_KILOWATTS * (0.8 + 0.15 * _own(group, seconds, 0.5, 1)) + 0.4
    return {"availableCapacity": group.size[None, :] - used, "activePower": power}


_MEASURES: Final[dict[str, Callable[[Group, Weather, Floats], dict[str, Floats]]]] = {
    "air": _air,
    "noise": _noise,
    "weather": _weather,
    "traffic": _traffic,
    "crowd": _crowd,
    "parking": _parking,
    "bike": _bike,
    "water": _water,
    "light": _light,
    "charger": _charger,
}
