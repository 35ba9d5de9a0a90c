"""A GTFS feed as tables: the rows of its files, and what has to be worked out from several of them.

Worked-out fields begin with "@": which routes serve a stop and how often, which shapes a route has, the line of a
shape and its length, when a trip starts. Times stay text, because a day of service goes on beyond 24:00.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import polars as pl
from pyproj import Geod

from madang.connect.adapters.csv_rows import Dialect, Row, rows, sniff
from madang.connect.mapping import Record, Refused
from madang.connect.unpacked import require_bounded
from madang.errors import SourceFailed

TABLES: Final = ("agency", "routes", "stops", "shapes", "trips")
REQUIRED: Final = ("agency", "routes", "stops")
SEPARATOR: Final = "\x1f"
# The agency's id may be left out where a feed has one agency only
ONLY_AGENCY: Final = "agency"
_EARTH: Final = Geod(ellps="WGS84")


class Feed:
    """An open feed. Raises SourceFailed if the file is not one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        require_bounded(path)
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise SourceFailed(f"{path} is not a zip file that can be read: {error}") from error
        # Some feeds have their files in a folder within the archive
        self._members = {PurePosixPath(name).name: name for name in self._archive.namelist()}
        missing = [f"{name}.txt" for name in REQUIRED if f"{name}.txt" not in self._members]
        if missing:
            raise SourceFailed(f"{path} is not a GTFS feed: it has no {', '.join(missing)}")

    def close(self) -> None:
        self._archive.close()

    def has(self, table: str) -> bool:
        return f"{table}.txt" in self._members

    def size(self, table: str) -> int:
        """Bytes of the table, uncompressed; 0 if there is none."""
        return self._archive.getinfo(self._members[f"{table}.txt"]).file_size if self.has(table) else 0

    def columns(self, table: str) -> list[str]:
        for row in self._rows(table):
            return _names(row)
        return []

    def records(self, table: str) -> Iterator[tuple[Record | Refused, int]]:
        """The rows of a file as they stand, and the offset after each."""
        names: list[str] = []
        for row in self._rows(table):
            if not names:
                names = _names(row)
                continue
            place = f"{self.path.name}/{table}.txt:{row.line}"
            if row.problem:
                yield Refused(place, row.text, row.problem), row.end
            elif len(row.cells) > len(names):
                reason = f"The row has {len(row.cells)} cells, but the header has {len(names)}"
                yield Refused(place, row.text, reason), row.end
            else:
                yield Record(table, place, dict(zip(names, row.cells, strict=False)), row.text), row.end

    def frame(self, table: str, wanted: tuple[str, ...]) -> pl.DataFrame:
        """Columns of a whole table as text; a column that the feed does not have is empty."""
        empty = pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
        if not self.has(table):
            return empty
        try:
            frame = pl.read_csv(io.BytesIO(self._read(table)), infer_schema=False, truncate_ragged_lines=True)
        except pl.exceptions.NoDataError:
            return empty
        except pl.exceptions.PolarsError as error:
            raise SourceFailed(f"{table}.txt in {self.path} cannot be read: {error}") from error
        # A blank line is no row
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
        frame = frame.rename({name: name.strip().strip("\ufeff") for name in frame.columns})
        lacking = [pl.lit(None, pl.String).alias(name) for name in wanted if name not in frame.columns]
        return frame.with_columns(lacking).select(pl.col(wanted).str.strip_chars())

    def _read(self, table: str) -> bytes:
        return self._archive.read(self._members[f"{table}.txt"])

    def _rows(self, table: str) -> Iterator[Row]:
        if not self.has(table):
            return
        data = self._read(table)
        dialect = sniff(data[:65536], "", ",")
        yield from rows(io.BytesIO(data), Dialect(dialect.encoding, dialect.fallback, ",", dialect.bom), 0, 1)


def _names(row: Row) -> list[str]:
    return [cell.strip() for cell in row.cells]


def agency_ids(feed: Feed) -> list[str]:
    found = feed.frame("agency", ("agency_id",))["agency_id"].to_list()
    return [identifier or ONLY_AGENCY for identifier in found]


def joined(values: list[str] | None) -> str | None:
    return SEPARATOR.join(values) if values else None


def stop_facts(feed: Feed) -> Mapping[str, tuple[list[str], int]]:
    """For each stop the routes that serve it, sorted, and how many trips call there."""
    trips = feed.frame("trips", ("trip_id", "route_id"))
    calls = feed.frame("stop_times", ("trip_id", "stop_id"))
    facts = (
        calls.join(trips, on="trip_id")
        .group_by("stop_id")
        .agg(pl.col("route_id").drop_nulls().unique().sort(), pl.len().alias("calls"))
    )
    return {stop: (routes, calls) for stop, routes, calls in facts.iter_rows()}


def pairs(feed: Feed, key: str, value: str) -> Mapping[str, list[str]]:
    """Of the table of trips: for each value of one column those of the other, sorted."""
    trips = feed.frame("trips", (key, value)).drop_nulls().filter(pl.col(key) != "", pl.col(value) != "")
    return dict(trips.group_by(key).agg(pl.col(value).unique().sort()).iter_rows())


def trip_facts(feed: Feed) -> Mapping[str, tuple[str, int]]:
    """For each trip its first time of departure and how many stops it has."""
    calls = feed.frame("stop_times", ("trip_id", "stop_sequence", "departure_time"))
    ordered = calls.with_columns(pl.col("stop_sequence").cast(pl.Int64, strict=False)).sort("stop_sequence")
    facts = ordered.group_by("trip_id", maintain_order=True).agg(
        pl.col("departure_time").first(), pl.len().alias("stops")
    )
    return {trip: (start or "", stops) for trip, start, stops in facts.iter_rows()}


def shapes(feed: Feed) -> Iterator[tuple[str, dict[str, Any]]]:
    """The lines of the feed in the order of their ids: id, and the fields "@line" and "@length" (metres)."""
    frame = feed.frame("shapes", ("shape_id", "shape_pt_lon", "shape_pt_lat", "shape_pt_sequence"))
    numbers = frame.with_columns(
        pl.col("shape_pt_lon", "shape_pt_lat").cast(pl.Float64, strict=False),
        pl.col("shape_pt_sequence").cast(pl.Int64, strict=False),
    )
    lines = (
        numbers.sort("shape_id", "shape_pt_sequence").group_by("shape_id", maintain_order=True).agg(pl.all())
    )
    for shape, longitudes, latitudes, _ in lines.iter_rows():
        points = [list(point) for point in zip(longitudes, latitudes, strict=True)]
        whole = None not in longitudes and None not in latitudes
        length = round(_EARTH.line_length(longitudes, latitudes), 1) if whole else None
        yield shape, {"@line": {"type": "LineString", "coordinates": points}, "@length": length}
