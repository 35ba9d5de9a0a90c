"""GTFS: the timetable of public transport, a zip of CSV files. Agencies, routes, stops and shapes; trips on request.

What its entities look like stands in mapping.toml, in the form of a city file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from madang.connect.adapter import Field, Reading, Step, Table
from madang.connect.adapters.gtfs.feed import (
    ONLY_AGENCY,
    TABLES,
    Feed,
    agency_ids,
    joined,
    pairs,
    shapes,
    stop_facts,
    trip_facts,
)
from madang.connect.files import files_at
from madang.connect.mapping import Record, Refused
from madang.errors import SourceFailed

_WORKED_OUT: Final = {
    "agency": ("@agency_id",),
    "routes": ("@agency_id", "@route_name", "@shape_ids"),
    "stops": ("@location_type", "@trip_count", "@route_ids"),
    "shapes": ("shape_id", "@line", "@length", "@route_ids"),
    "trips": ("@departure_time", "@stop_count"),
}


class GtfsAdapter:
    def discover(self, location: str, options: dict[str, Any]) -> list[Table]:
        del options
        with closing(Feed(_only_file(location))) as feed:
            return [
                Table(
                    name,
                    tuple(
                        Field(column) for column in dict.fromkeys((*feed.columns(name), *_WORKED_OUT[name]))
                    ),
                )
                for name in TABLES
                if feed.has(name)
            ]

    def read(self, reading: Reading, state: dict[str, Any]) -> Iterator[Step]:
        path = _only_file(reading.location)
        with closing(Feed(path)) as feed:
            wanted = [name for name in TABLES if _wants(reading, name) and feed.has(name)]
            total = sum(feed.size(name) for name in wanted) or 1
            before = 0
            start = wanted.index(state["table"]) if state.get("table") in wanted else 0
            for index, name in enumerate(wanted):
                if index >= start:
                    skip = state.get("row", 0) if index == start else 0
                    rows = islice(_complete(feed, name, reading), skip, None)
                    number = skip
                    while taken := list(islice(rows, reading.rows_max)):
                        number += len(taken)
                        share = (before + taken[-1][1]) / total
                        yield Step(tuple(row for row, _ in taken), {"table": name, "row": number}, share)
                before += feed.size(name)


def _wants(reading: Reading, table: str) -> bool:
    return "" in reading.tables or table in reading.tables


def _only_file(location: str) -> Path:
    files = files_at(location)
    if len(files) > 1:
        raise SourceFailed(
            f"{location} matches {len(files)} files, but a GTFS source is one feed; make a source of each"
        )
    return files[0]


def _complete(feed: Feed, table: str, reading: Reading) -> Iterator[tuple[Record | Refused, int]]:
    """The records of a table with what is worked out, and the offset after each."""
    if table == "shapes":
        yield from _shapes(feed, reading)
        return
    work = _WORKS[table](feed, reading)
    for row, end in feed.records(table):
        if isinstance(row, Record):
            yield msgspec.structs.replace(row, fields={**row.fields, **work(row.fields)}), end
        else:
            yield row, end


def _shapes(feed: Feed, reading: Reading) -> Iterator[tuple[Record | Refused, int]]:
    routes = pairs(feed, "shape_id", "route_id") if _wants(reading, "routes") else {}
    size = feed.size("shapes")
    for shape, fields in shapes(feed):
        whole = {"shape_id": shape, **fields, "@route_ids": joined(routes.get(shape))}
        yield Record("shapes", f"{feed.path.name}/shapes.txt (shape {shape})", whole), size


def _agency_work(feed: Feed, reading: Reading) -> Any:
    del feed, reading
    return lambda row: {"@agency_id": _agency(row.get("agency_id"), [ONLY_AGENCY])}


def _agency(stated: str | None, known: list[str]) -> str | None:
    """The agency of a row; where it says none, the feed's only one."""
    if stated and stated.strip():
        return stated.strip()
    return known[0] if len(known) == 1 else None


def _route_work(feed: Feed, reading: Reading) -> Any:
    agencies = agency_ids(feed)
    found = pairs(feed, "route_id", "shape_id") if _wants(reading, "shapes") and feed.has("shapes") else {}
    return lambda row: {
        "@agency_id": _agency(row.get("agency_id"), agencies) if _wants(reading, "agency") else None,
        "@route_name": row.get("route_long_name") or row.get("route_short_name"),
        "@shape_ids": joined(found.get(row.get("route_id", ""))),
    }


def _stop_work(feed: Feed, reading: Reading) -> Any:
    facts = stop_facts(feed)

    def work(row: dict[str, Any]) -> dict[str, Any]:
        routes, calls = facts.get(row.get("stop_id", ""), ([], 0))
        return {
            "@location_type": row.get("location_type") or "0",
            "@trip_count": calls if facts else None,
            "@route_ids": joined(routes) if _wants(reading, "routes") else None,
        }

    return work


def _trip_work(feed: Feed, reading: Reading) -> Any:
    del reading
    facts = trip_facts(feed)

    def work(row: dict[str, Any]) -> dict[str, Any]:
        start, stops = facts.get(row.get("trip_id", ""), ("", 0))
        return {"@departure_time": start, "@stop_count": stops}

    return work


_WORKS: Final = {"agency": _agency_work, "routes": _route_work, "stops": _stop_work, "trips": _trip_work}

adapter = GtfsAdapter()
