"""Writes the bus lines as a GTFS feed: a zip of CSV files. Service of a day goes on beyond 24:00."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from madang.city.demo.identifiers import way_number
from madang.city.demo.plane import degrees
from madang.city.demo.transit import Line, Route, Transit

_TIME: Final = (1980, 1, 1, 0, 0, 0)
_METRES_PER_SECOND: Final = 6.4
_STOP_SECONDS: Final = 22
_FIRST_MINUTE: Final = 5 * 60 + 30
_LAST_MINUTE: Final = 24 * 60 + 10
_BUSY: Final = ((7 * 60, 9 * 60 + 30), (17 * 60, 19 * 60 + 30))
_SERVICES: Final = (("weekday", "1,1,1,1,1,0,0", 1.0), ("weekend", "0,0,0,0,0,1,1", 1.5))
_YEARS: Final = 2


def write_timetable(transit: Transit, today: date, path: Path) -> None:
    """today: the first day of service."""
    trips = list(_trips(transit))
    tables: dict[str, tuple[str, Iterable[Sequence[Any]]]] = {
        "agency.txt": (
            "agency_id,agency_name,agency_name_en,agency_url,agency_timezone,agency_lang,agency_phone",
            [("gtc", "가온도시교통공사", "Gaon Transit Corporation", "https://transit.gaon.example", "Asia/Seoul", "ko", "044-000-1234")],
        ),
        "routes.txt": (
            "route_id,agency_id,route_short_name,route_long_name,route_long_name_en,route_type,route_color,route_text_color",
            [(one.key, "gtc", one.key, one.name.ko, one.name.en, 3, one.colour, "FFFFFF") for one in transit.routes],
        ),
        "stops.txt": (
            "stop_id,stop_code,stop_name,stop_name_en,stop_lat,stop_lon,wheelchair_boarding,stop_district,stop_street",
            _stops(transit),
        ),
        "calendar.txt": (
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
            [(name, *days.split(","), f"{today:%Y%m%d}", f"{today + timedelta(days=365 * _YEARS):%Y%m%d}") for name, days, _ in _SERVICES],
        ),
        "shapes.txt": ("shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence", _shapes(transit)),
        "trips.txt": (
            "route_id,service_id,trip_id,trip_headsign,direction_id,shape_id,wheelchair_accessible",
            [(line.route, service, key, line.stops[-1][0].name.ko, line.direction, _shape_key(line), 1) for key, service, line, _ in trips],
        ),
        "stop_times.txt": (
            "trip_id,arrival_time,departure_time,stop_id,stop_sequence",
            (row for key, _, line, start in trips for row in _calls(key, line, start)),
        ),
    }  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (header, rows) in tables.items():
            text = io.StringIO()
            text.write(header + "\n")
            csv.writer(text, lineterminator="\n").writerows(rows)
            archive.writestr(zipfile.ZipInfo(name, _TIME), text.getvalue(), zipfile.ZIP_DEFLATED)


def _stops(transit: Transit) -> Iterator[Sequence[Any]]:
    for stop in transit.stops:
        point = degrees(stop.place)
        street = f"w{way_number('RoadSegment', stop.street)}"
        yield stop.key, stop.key, stop.name.ko, stop.name.en, point.y, point.x, 1, stop.district, street


def _lines(transit: Transit) -> Iterator[tuple[Route, Line]]:
    for route in transit.routes:
        for line in route.lines:
            if len(line.stops) > 1:
                yield route, line


def _shape_key(line: Line) -> str:
    return f"{line.route}-{line.direction}"


def _shapes(transit: Transit) -> Iterator[Sequence[Any]]:
    for _, line in _lines(transit):
        for number, (east, north) in enumerate(degrees(line.shape.simplify(0.5)).coords, start=1):
            yield _shape_key(line), north, east, number


def _trips(transit: Transit) -> Iterator[tuple[str, str, Line, int]]:
    """(key, service, line, seconds of departure)."""
    for _, line in _lines(transit):
        for service, _, rarer in _SERVICES:
            minute = float(_FIRST_MINUTE + 3 * line.direction)
            number = 1
            while minute <= _LAST_MINUTE:
                yield f"{_shape_key(line)}-{service}-{number:03}", service, line, round(minute) * 60
                busy = service == "weekday" and any(first <= minute < last for first, last in _BUSY)
                minute += line.minutes * (1.0 if busy else 1.45) * rarer
                number += 1


def _calls(key: str, line: Line, start: int) -> Iterator[Sequence[Any]]:
    first = line.stops[0][1]
    for number, (stop, metres) in enumerate(line.stops):
        arrival = start + round((metres - first) / _METRES_PER_SECOND) + number * _STOP_SECONDS
        yield key, _clock(arrival), _clock(arrival + (_STOP_SECONDS if number else 0)), stop.key, number + 1


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
