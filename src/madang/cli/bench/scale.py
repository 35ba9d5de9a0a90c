"""`madang bench-scale`: what a large city costs. The same questions to 10,000 and to 1,000,000 stations, side by side.

The large home is made once (`scale_build.py`) and used again; the small one is made like it. Minutes of work by hand, and
nothing for every commit.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from madang import server
from madang.cli.bench.entities import EPOCH, Stock, identifier, moment
from madang.cli.bench.measure import Load, Measured, measure, require_wrk
from madang.cli.bench.processes import HOST, Running, started, up
from madang.cli.bench.run import warm
from madang.cli.bench.scale_build import LONG_ID, Size, build, day_of
from madang.cli.bench.scenarios import SCENARIOS
from madang.cli.wiring import Wiring
from madang.errors import ProgramFailed
from madang.settings import Settings

SMALL: Final = Size("small", Stock(entities=10_000, with_history=50, values=1_000))
LARGE: Final = Size("large", Stock(entities=1_000_000, with_history=1_000, values=19_000), 1_000_000)
KEPT_MIN: Final = 0.7
START_SECONDS_MAX: Final = 3.0
MEMORY_MB_MAX: Final = 1500
DAY_MS_MAX: Final = 5.0
COMPARED: Final = frozenset(
    ("retrieve", "type", "q", "geo", "patch_one", "patch_three", "upsert_100", "temporal_append", "create")
)
_INDEX_SECONDS_MAX: Final = 1800.0
_INDEXED_MS_MAX: Final = 100.0
_READ_BYTES: Final = 1024 * 1024
_PAGES: Final = 100
_ASKED: Final = 300
_ASKED_LONG: Final = 20
_AGGREGATE: Final = "attrs=pm25&options=aggregatedValues&aggrMethods=avg&aggrPeriodDuration=PT1H"


class Asked(msgspec.Struct, frozen=True):
    """What is asked of each home: scenarios by name, each with this load."""

    load: Load
    scenarios: frozenset[str] = COMPARED


class Side(msgspec.Struct, frozen=True):
    """What was measured of one home. start_seconds: from the start of the program to its first answer.

    memory_mb: resident, after all. pages_per_second: pages of 100 stations, one behind the other by their cursors.
    day_ms: hourly means of one station's day, median. long_ms: of a million values, median; 0 where there are none.
    """

    stock: Stock
    start_seconds: float
    memory_mb: float
    pages_per_second: float
    day_ms: float
    long_ms: float
    figures: list[Measured]


class Comparison(msgspec.Struct, frozen=True):
    """kept: for each scenario what is left of the small home's requests/s, and "keyset" for pages by cursor."""

    processors: int
    load: Load
    small: Side
    large: Side
    kept: dict[str, float]


def compare(
    wiring: Wiring, folder: Path, sizes: tuple[Size, Size], asked: Asked, tell: Callable[[str], None]
) -> Comparison:
    """Make both homes below the folder, and measure them one after the other. tell: gets a line at each step."""
    require_wrk()
    sides = []
    for size in sizes:
        settings = Settings(folder / size.name, HOST, 0)
        asyncio.run(build(wiring, settings, size, tell))
        sides.append(_side(settings.home, size, asked, tell))
    before, after = sides
    kept = {
        small.name: big.requests_per_second / small.requests_per_second
        for small, big in zip(before.figures, after.figures, strict=True)
    }
    kept["keyset"] = after.pages_per_second / before.pages_per_second
    return Comparison(os.cpu_count() or 1, asked.load, before, after, kept)


def _side(home: Path, size: Size, asked: Asked, tell: Callable[[str], None]) -> Side:
    seed = os.getpid()
    load = msgspec.structs.replace(asked.load, stock=size.stock)
    read_through(home)
    with _serving(home) as (running, start_seconds):
        tell(f"{load.stock.entities:,} stations: first answer after {start_seconds:.2f} s")
        await_indexes(running)
        figures = []
        for scenario in SCENARIOS:
            if scenario.name in asked.scenarios:
                tell(f"{load.stock.entities:,} stations: {scenario.title}")
                warm(scenario, running, load, seed)
                figures.append(measure(scenario.name, running, load, seed))
        tell(f"{load.stock.entities:,} stations: pages and histories")
        days = max(1, load.stock.values // 1440)
        stations = load.stock.with_history
        paths = [_day_path(number * 7919 % stations, number % days) for number in range(_ASKED)]
        long = [_long_path()] * _ASKED_LONG if size.long_values else []
        return Side(
            load.stock,
            start_seconds,
            _memory_mb(running.pid),
            _pages_per_second(running),
            _median_ms(running, paths),
            _median_ms(running, long) if long else 0.0,
            figures,
        )


def read_through(home: Path) -> None:
    """Read the stores once, so that what is measured is not this machine's disk: a city's server has them in memory."""
    for path in sorted(home.glob("tenants/*")):
        with path.open("rb") as file:
            while file.read(_READ_BYTES):
                pass


@contextmanager
def _serving(home: Path) -> Iterator[tuple[Running, float]]:
    """The platform over a home, and how long it took to its first answer."""
    port = server.claim(HOST, 0)
    begun = time.monotonic()
    with started(up(home, port), port) as running:
        _median_ms(running, [f"/ngsi-ld/v1/entities/{identifier(0)}"])
        yield running, time.monotonic() - begun


def await_indexes(running: Running) -> None:
    """Ask as the scenario q does until an index answers: over many entities it takes a while to be built. Raises
    ProgramFailed where it never is."""
    path = "/ngsi-ld/v1/entities?type=AirQualityObserved&q=pm25%3E98&limit=100"
    give_up = time.monotonic() + _INDEX_SECONDS_MAX
    while (took := _answer_ms(running, path)) > _INDEXED_MS_MAX:
        if time.monotonic() > give_up:
            raise ProgramFailed(
                f"A query by value still takes {took:,.0f} ms; see whether its index is built"
            )
        time.sleep(1)


def _answer_ms(running: Running, path: str) -> float:
    """How long an answer takes, whatever it is."""
    connection = _connected(running)
    begun = time.perf_counter()
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()
    return (time.perf_counter() - begun) * 1000


def _memory_mb(pid: int) -> float:
    """Memory of the process itself. Pages of the store's file that are mapped are the kernel's to take back."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def _day_path(number: int, day: int) -> str:
    begin, end = day_of(day)
    ranged = f"timerel=between&timeAt={begin}&endTimeAt={end}"
    return f"/ngsi-ld/v1/temporal/entities/{identifier(number)}?{_AGGREGATE}&{ranged}"


def _long_path() -> str:
    return f"/ngsi-ld/v1/temporal/entities/{LONG_ID}?{_AGGREGATE}&timerel=before&timeAt={moment(EPOCH)}"


def _median_ms(running: Running, paths: list[str]) -> float:
    """Median time of an answer, asked for one after the other. Raises ProgramFailed for one that is none."""
    connection = _connected(running)
    took = []
    for path in paths:
        begun = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        took.append((time.perf_counter() - begun) * 1000)
        if answer.status != 200:
            raise ProgramFailed(f"GET {path} was answered with {answer.status}", detail=body.decode()[:2000])
    connection.close()
    return statistics.median(took)


def _pages_per_second(running: Running) -> float:
    connection = _connected(running)
    path = "/ngsi-ld/v1/entities?type=AirQualityObserved&limit=100"
    pages = 0
    begun = time.perf_counter()
    while path and pages < _PAGES:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        links = ", ".join(answer.headers.get_all("Link") or ())
        link = re.search(r'<([^<>]+)>;\s*rel="next"', links)
        path = link[1] if link else ""
        pages += 1
    connection.close()
    if pages == 1:
        raise ProgramFailed("The first page of the stations has no next one")
    return pages / (time.perf_counter() - begun)


def _connected(running: Running) -> http.client.HTTPConnection:
    host = urlsplit(running.url)
    return http.client.HTTPConnection(host.hostname or HOST, host.port, timeout=60)
