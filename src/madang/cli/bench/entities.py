"""What the bench stores: 10,000 air quality stations on a grid of 100 by 100, some with a day of history.

`load/entity.json` is the shape of a station as a C format, which Python here and Lua in wrk fill alike:
7 numbers with unit and time, a text, a DateTime, a place and a relationship.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources

import msgspec
import orjson

LOAD = resources.files("madang.cli.bench") / "load"
COLUMNS = 100
# About 100 m by 110 m where the grid lies, so that a circle of 300 m holds about 26 stations.
WEST, SOUTH = 127.0, 37.5
STEP_EAST, STEP_NORTH = 0.00113, 0.00099
EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
HISTORY_STEP = timedelta(minutes=1)
_MODEL = "https://smartdatamodels.org/dataModel.Environment/"
# What the stations are called under a @context of somebody else's
OTHER_CONTEXT = orjson.dumps(
    {
        "@context": {
            "AirStation": _MODEL + "AirQualityObserved",
            "dust": _MODEL + "pm25",
            "smog": _MODEL + "o3",
        }
    }
)


class Stock(msgspec.Struct, frozen=True):
    """How much is stored. entities: on the grid. with_history: the first of them, values each."""

    entities: int = 10_000
    with_history: int = 50
    values: int = 1000


def identifier(number: int) -> str:
    return f"urn:ngsi-ld:AirQualityObserved:bench:grid:{number}"


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def readings(number: int) -> list[float]:
    """Seven numbers from 0 to 100, spread evenly over the stations and different for each attribute."""
    return [
        math.modf(number * step)[0] * 100
        for step in (0.6180339887, 0.71, 0.37, 0.913, 0.5471, 0.1733, 0.2917)
    ]


def station(number: int) -> str:
    """The station as the JSON text of a normalized entity."""
    time = moment(EPOCH)
    row, column = divmod(number, COLUMNS)
    measured = [part for value in readings(number) for part in (value, time)]
    place = (WEST + column * STEP_EAST, SOUTH + row * STEP_NORTH)
    return shape() % (identifier(number), *measured, number % 25, time, *place, number)


def shape() -> str:
    return (LOAD / "entity.json").read_text(encoding="utf-8").strip()


def batches(stock: Stock, size: int = 500) -> Iterator[bytes]:
    """Bodies of POST /entityOperations/create that store every station."""
    for start in range(0, stock.entities, size):
        numbers = range(start, min(start + size, stock.entities))
        yield f"[{','.join(station(number) for number in numbers)}]".encode()


def histories(stock: Stock) -> Iterator[tuple[str, bytes]]:
    """(entity id, body of POST /temporal/entities/{id}/attrs) for each station with history, oldest value first."""
    for number in range(stock.with_history):
        instances = [
            {
                "type": "Property",
                "value": round(50 + 40 * math.sin((minute + number) / 229), 2),
                "unitCode": "GQ",
                "observedAt": moment(EPOCH - (stock.values - minute) * HISTORY_STEP),
            }
            for minute in range(stock.values)
        ]
        yield identifier(number), orjson.dumps({"pm25": instances})
