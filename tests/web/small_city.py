"""A city small enough for a browser test, as files that any city could have: a few streets, houses, stations."""

from __future__ import annotations

import csv
from pathlib import Path

from madang.ngsild.times import format_moment

WEST, SOUTH = 126.95, 37.45
STEP = 0.0012
STATIONS = 6
HOUSES = 60
HOUR = 3_600_000_000

CITY = """\
[city]
id = "saem"
name = { ko = "샘시", en = "Saem" }
languages = ["ko", "en"]
time_zone = "Asia/Seoul"
extent = [126.949, 37.449, 126.958, 37.456]
synthetic = true

[trust]
open = true

[[source]]
id = "plan"
connector = "table"
location = "plan.csv"
name = { ko = "도시계획도", en = "City plan" }
licence = "KOGL-1"
[[source.entity]]
type = "Building"
id = "{key}"
where = { kind = ["building"] }
[source.entity.attributes]
name = { language = { ko = "ko", en = "en" } }
usage = { field = "usage" }
height = { field = "height", as = "number", unit = "MTR" }
location = { geometry = "shape" }
[[source.entity]]
type = "RoadSegment"
id = "{key}"
where = { kind = ["street"] }
[source.entity.attributes]
name = { language = { ko = "ko", en = "en" } }
roadClass = { field = "usage" }
location = { geometry = "shape" }
[[source.entity]]
type = "WaterBody"
id = "{key}"
where = { kind = ["water"] }
[source.entity.attributes]
name = { language = { ko = "ko", en = "en" } }
location = { geometry = "shape" }

[[source]]
id = "stations"
connector = "table"
location = "stations.csv"
name = { ko = "측정소 목록", en = "List of stations" }
[[source.entity]]
type = "AirQualityObserved"
id = "{key}"
[source.entity.attributes]
name = { language = { ko = "ko", en = "en" } }
location = { point = ["lon", "lat"], required = true }
standsAt = { relationship = "urn:ngsi-ld:Building:{city}:plan:{building}" }

[[source]]
id = "readings"
connector = "table"
location = "readings.csv"
schedule = "1 h"
name = { ko = "환경관측망", en = "Air network" }
[[source.entity]]
type = "AirQualityObserved"
id = "urn:ngsi-ld:AirQualityObserved:{city}:stations:{key}"
history = true
observed_at = { fields = "{time}" }
[source.entity.attributes]
pm25 = { field = "pm25", as = "number", unit = "GQ" }
temperature = { field = "temperature", as = "number", unit = "CEL" }

[[layer]]
id = "buildings"
type = "Building"
style = "building"
name = { ko = "건물", en = "Buildings" }

[[layer]]
id = "air"
type = "AirQualityObserved"
style = "value"
attribute = "pm25"
name = { ko = "대기 측정소", en = "Air stations" }
"""


def write_city(folder: Path, now: int) -> Path:
    """The city file among its data. now: microseconds UTC, the moment up to which there are readings."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "plan.csv",
        ["key", "kind", "ko", "en", "usage", "height", "shape"],
        [*_houses(), *_streets()],
    )
    stations = [
        [
            f"s{n}",
            f"샘터{n} 측정소",
            f"Saemteo {n} station",
            WEST + STEP * (n % 3) * 2,
            SOUTH + STEP * (n // 3) * 3,
            n,
        ]
        for n in range(STATIONS)
    ]
    # One row that cannot be an entity: it goes to quarantine
    stations.append(["s9", "빠진 측정소", "Lost station", "here", SOUTH, 0])
    _write(folder / "stations.csv", ["key", "ko", "en", "lon", "lat", "building"], stations)
    _write(folder / "readings.csv", ["key", "time", "pm25", "temperature"], _readings(now))
    path = folder / "city.toml"
    path.write_text(CITY, encoding="utf-8")
    return path


def _write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _houses() -> list[list[object]]:
    rows: list[list[object]] = []
    for n in range(HOUSES):
        x, y = WEST + STEP * (n % 10) * 0.6, SOUTH + STEP * (n // 10) * 0.8 + STEP * 0.2
        side = STEP * 0.35
        corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
        shape = "POLYGON ((" + ", ".join(f"{a:.6f} {b:.6f}" for a, b in corners) + "))"
        usage = ("house", "retail", "office")[n % 3]
        rows.append([n, "building", f"샘터길 {n}", f"{n} Saemteo-gil", usage, 6 + n, shape])
    return rows


def _streets() -> list[list[object]]:
    rows: list[list[object]] = []
    for n in range(6):
        y = SOUTH + STEP * n * 0.8
        kind = ("primary", "secondary", "residential")[n % 3]
        shape = f"LINESTRING ({WEST - STEP:.6f} {y:.6f}, {WEST + STEP * 7:.6f} {y:.6f})"
        rows.append([f"r{n}", "street", f"샘{n}로", f"Saem {n}-ro", kind, "", shape])
    south = SOUTH - STEP
    shape = f"POLYGON (({WEST:.6f} {south:.6f}, {WEST + 0.008:.6f} {south:.6f}, {WEST + 0.008:.6f} {SOUTH - 0.0003:.6f}, {WEST:.6f} {SOUTH - 0.0003:.6f}, {WEST:.6f} {south:.6f}))"
    rows.append(["w1", "water", "샘내", "Saemnae", "", "", shape])
    return rows


def _readings(now: int) -> list[list[object]]:
    """Every hour of the last day; one station is silent for a few hours."""
    rows: list[list[object]] = []
    for hour in range(24, -1, -1):
        for n in range(STATIONS):
            if n == 0 and 8 <= hour <= 12:
                continue
            rows.append([f"s{n}", format_moment(now - hour * HOUR), 10 + n + hour % 7, 15.5 + n])
    return rows
