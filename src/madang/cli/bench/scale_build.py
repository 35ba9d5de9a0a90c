"""The large home of `madang bench-scale`: made once, straight through the hub, and gone on with where it stopped.

Stations as in `entities.py`, so that their density is that of the small bench; the first of them with minutes of history
behind each other, and one station beside the grid with a million values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
import orjson

from madang.cli.bench.entities import EPOCH, HISTORY_STEP, Stock, identifier, moment, station
from madang.cli.wiring import Wiring
from madang.errors import MadangError
from madang.home import Home, held
from madang.hub.hub import Hub
from madang.ngsild.changes import AppendHistory, Change, Mode, Write
from madang.ngsild.context import Context
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.parse import parse_entity
from madang.settings import Settings
from madang.trust.access import OPEN

LONG_ID: Final = "urn:ngsi-ld:AirQualityObserved:bench:long"
LONG_VALUES: Final = 1_000_000
_ENTITIES_A_COMMIT: Final = 250
_VALUES_A_CHANGE: Final = 1000
_TOLD_EVERY: Final = 50_000
_BODY: Final = b'{"type":"Property","value":%.1f5,"unitCode":"GQ","observedAt":"%b"}'
_PROGRESS: Final = "bench-scale.json"


class Size(msgspec.Struct, frozen=True):
    """What a home holds: the stock, and a history of so many values beside it."""

    name: str
    stock: Stock
    long_values: int = 0


class Built(msgspec.Struct):
    """How far a home is made: stations, of these those with all their history, values of the long history."""

    entities: int = 0
    histories: int = 0
    long_values: int = 0


async def build(wiring: Wiring, settings: Settings, size: Size, tell: Callable[[str], None]) -> None:
    """Make the home of these settings of that size. Raises HomeLocked while it is served."""
    stock, long_values = size.stock, size.long_values
    progress = settings.home / _PROGRESS
    built = msgspec.json.decode(progress.read_bytes(), type=Built) if progress.exists() else Built()
    if (built.entities, built.histories, built.long_values) == (
        stock.entities,
        stock.with_history,
        long_values,
    ):
        return
    home = Home(settings.home)
    with held(home):
        async with wiring.open_hub(home, settings) as hub:
            await _add_stations(hub, stock, built, progress, tell)
            await _add_histories(hub, stock, built, progress, tell)
            await _add_long(hub, long_values, built, progress, tell)
            tell("folding")
            await hub.store(OPEN).fold()


async def _commit(hub: Hub, changes: list[Change]) -> None:
    for outcome in await hub.store(OPEN, create=True).commit(changes):
        if isinstance(outcome, MadangError) and "exists" not in outcome.message:
            raise outcome


async def _add_stations(
    hub: Hub, stock: Stock, built: Built, progress: Path, tell: Callable[[str], None]
) -> None:
    context = hub.contexts.default
    for start in range(built.entities, stock.entities, _ENTITIES_A_COMMIT):
        numbers = range(start, min(start + _ENTITIES_A_COMMIT, stock.entities))
        parsed = [parse_entity(orjson.loads(station(number)), context) for number in numbers]
        await _commit(hub, [Write(Mode.CREATE, one) for one in parsed])
        built.entities = numbers.stop
        if built.entities % _TOLD_EVERY == 0 or built.entities == stock.entities:
            keep(built, progress)
            tell(f"{built.entities:,} of {stock.entities:,} stations")


async def _add_histories(
    hub: Hub, stock: Stock, built: Built, progress: Path, tell: Callable[[str], None]
) -> None:
    for number in range(built.histories, stock.with_history):
        for change in changes(identifier(number), number, stock.values, hub.contexts.default):
            await _commit(hub, [change])
        built.histories = number + 1
        keep(built, progress)
        if built.histories % 50 == 0 or built.histories == stock.with_history:
            tell(f"histories of {built.histories:,} of {stock.with_history:,} stations")


async def _add_long(hub: Hub, values: int, built: Built, progress: Path, tell: Callable[[str], None]) -> None:
    if built.long_values == values:
        return
    for change in changes(LONG_ID, 0, values, hub.contexts.default):
        await _commit(hub, [change])
    built.long_values = values
    keep(built, progress)
    tell(f"a history of {values:,} values")


def changes(entity_id: str, number: int, values: int, context: Context) -> Iterator[AppendHistory]:
    """A value for each minute before EPOCH, oldest first, some at a time; in bodies as a request's would be made."""
    types, name = (context.expand("AirQualityObserved"),), context.expand("pm25")
    for start in range(0, values, _VALUES_A_CHANGE):
        instances = [
            Attribute(
                name, _BODY % (50 + 40 * math.sin((minute + number) / 229), minute_before(values - minute))
            )
            for minute in range(start, min(start + _VALUES_A_CHANGE, values))
        ]
        yield AppendHistory(Entity(entity_id, types, tuple(instances)))


@lru_cache(maxsize=LONG_VALUES)
def minute_before(minutes: int) -> bytes:
    """The DateTime so many minutes before EPOCH. All stations measure at the same times."""
    return moment(EPOCH - minutes * HISTORY_STEP).encode()


def day_of(number: int) -> tuple[str, str]:
    """(begin, end) of the last whole day before EPOCH, or of so many days before that one."""
    begin = EPOCH - timedelta(days=1 + number)
    return moment(begin), moment(begin + timedelta(days=1))


def keep(built: Built, progress: Path) -> None:
    progress.write_bytes(msgspec.json.encode(built))
