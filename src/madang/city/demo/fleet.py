"""The city's 200 sensors: kinds, and what each of them is like. Where they stand is decided in `placing.py`."""

from __future__ import annotations

from typing import Final

import msgspec


class Measure(msgspec.Struct, frozen=True):
    """attribute: term, and name of the column in the readings. decimals: as the instrument gives it."""

    attribute: str
    unit: str
    decimals: int


class Kind(msgspec.Struct, frozen=True):
    """type: of the entities. count: how many the city has. operator, role: keys of their entries."""

    key: str
    type: str
    count: int
    operator: str
    role: str
    ko: str
    en: str
    measures: tuple[Measure, ...]


class Sensor(msgspec.Struct, frozen=True):
    """level: its own factor, about 1. busy: how much traffic or people are near, 0 to 1. size: spaces, docks, lamps.

    home: 0 where people work to 1 where they live. stops_hours: how many hours before the city was generated it fell
    silent, 0 for not.
    """

    key: str
    kind: str
    level: float
    busy: float
    size: int
    home: float
    stops_hours: int = 0


class Fleet(msgspec.Struct, frozen=True):
    """seed, moment: of the generation (microseconds UTC). sensors: kind by kind."""

    seed: int
    moment: int
    sensors: tuple[Sensor, ...]


def _measures(*given: tuple[str, str, int]) -> tuple[Measure, ...]:
    return tuple(Measure(*one) for one in given)


KINDS: Final = (
    Kind("air", "AirQualityObserved", 24, "environment", "air", "측정소", "Air Station", _measures(
        ("pm25", "GQ", 0), ("pm10", "GQ", 0), ("no2", "59", 3), ("o3", "59", 3), ("temperature", "CEL", 1),
        ("relativeHumidity", "P1", 0), ("batteryLevel", "P1", 0))),
    Kind("noise", "NoiseLevelObserved", 18, "environment", "noise", "소음 측정기", "Noise Sensor", _measures(
        ("LAeq", "2N", 1), ("LAmax", "2N", 1), ("batteryLevel", "P1", 0))),
    Kind("weather", "WeatherObserved", 10, "safety", "weather", "기상 관측소", "Weather Station", _measures(
        ("temperature", "CEL", 1), ("relativeHumidity", "P1", 0), ("windSpeed", "MTS", 1), ("windDirection", "DD", 0),
        ("precipitation", "MMT", 1), ("atmosphericPressure", "A97", 1), ("solarRadiation", "D54", 0))),
    Kind("traffic", "TrafficFlowObserved", 46, "transport", "traffic", "차량 검지기", "Traffic Counter", _measures(
        ("intensity", "C62", 0), ("averageVehicleSpeed", "KMH", 0), ("occupancy", "P1", 0))),
    Kind("crowd", "CrowdFlowObserved", 14, "transport", "crowd", "보행량 계수기", "Pedestrian Counter", _measures(
        ("peopleCount", "IE", 0))),
    Kind("parking", "OffStreetParking", 22, "facilities", "parking", "공영주차장", "Car Park", _measures(
        ("availableSpotNumber", "C62", 0), ("occupancy", "P1", 0))),
    Kind("bike", "BikeHireDockingStation", 34, "transit", "bike", "대여소", "Bike Station", _measures(
        ("availableBikeNumber", "C62", 0), ("freeSlotNumber", "C62", 0))),
    Kind("water", "WaterObserved", 8, "river", "water", "수위 관측소", "River Gauge", _measures(
        ("waterLevel", "MTR", 2), ("waterDischarge", "MQS", 1), ("waterTemperature", "CEL", 1))),
    Kind("light", "StreetlightGroup", 12, "facilities", "light", "가로등 군", "Street Lights", _measures(
        ("activePower", "KWT", 1), ("illuminanceLevel", "P1", 0))),
    Kind("charger", "EVChargingStation", 12, "grid", "charging", "전기차 충전소", "Charging Station", _measures(
        ("availableCapacity", "C62", 0), ("activePower", "KWT", 1))),
)  # fmt: skip
BY_KEY: Final = {kind.key: kind for kind in KINDS}
COLUMNS: Final = tuple(dict.fromkeys(measure.attribute for kind in KINDS for measure in kind.measures))
SENSORS: Final = sum(kind.count for kind in KINDS)
