"""Small real files of every kind, written by the tests themselves."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

GTFS = {
    "agency.txt": "agency_id, agency_name,agency_url,agency_timezone\nA,가온교통,http://a.example,Asia/Seoul\n",
    "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\nR1,A,1,일번,3\nR2,,2,,2\n",
    "stops.txt": "\ufeffstop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
    "S1,시청,37.5,127.0,,P\nS2,역,37.6,127.1,0,P\nS3,bad,here,127.1,0,\nP,역사,37.6,127.1,1,\n",
    "trips.txt": "route_id,service_id,trip_id,trip_headsign,direction_id,shape_id\nR1,D,T1,역,0,H1\nR1,D,T2,시청,1,H1\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "T1,23:50:00,23:51:00,S1,1\nT1,24:20:00,25:10:00,S2,2\nT2,25:30:00,25:30:00,S2,1\n",
    "shapes.txt": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\nH1,37.6,127.1,10\nH1,37.5,127.0,9\n\n",
}

OSM = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6" generator="test">
  <node id="1" version="1" lat="37.50" lon="127.00"/>
  <node id="2" version="1" lat="37.50" lon="127.01"/>
  <node id="3" version="1" lat="37.51" lon="127.01"/>
  <node id="4" version="1" lat="37.51" lon="127.00"/>
  <node id="5" version="1" lat="37.505" lon="127.005">
    <tag k="amenity" v="fire_station"/><tag k="name" v="소방서"/><tag k="name:en" v="Fire station"/>
    <tag k="addr:street" v="중앙로"/><tag k="addr:housenumber" v="5"/>
  </node>
  <node id="6" version="1" lat="37.505" lon="127.006"><tag k="amenity" v="bench"/></node>
  <way id="10" version="1"><nd ref="1"/><nd ref="3"/>
    <tag k="highway" v="primary_link"/><tag k="name" v="중앙로"/><tag k="maxspeed" v="30 mph"/>
    <tag k="lanes" v="2;3"/><tag k="oneway" v="yes"/><tag k="bridge" v="viaduct"/></way>
  <way id="11" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/>
    <tag k="building" v="church"/><tag k="building:levels" v="3"/><tag k="start_date" v="1987-05"/></way>
  <way id="12" version="1"><nd ref="1"/><nd ref="99"/><tag k="highway" v="footway"/></way>
  <way id="13" version="1"><nd ref="1"/><nd ref="2"/><tag k="waterway" v="stream"/></way>
  <way id="14" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/></way>
  <relation id="20" version="1"><member type="way" ref="14" role="outer"/>
    <tag k="type" v="multipolygon"/><tag k="leisure" v="park"/><tag k="name" v="공원"/></relation>
</osm>
"""


def write_gtfs(path: Path, **changed: str) -> Path:
    """changed: the text of tables that differ from those above, by name without .txt."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**GTFS, **{f"{table}.txt": text for table, text in changed.items()}}.items():
            archive.writestr(f"feed/{name}", text)
    return path


def write_osm(path: Path) -> Path:
    path.write_text(OSM, encoding="utf-8")
    return path


def write_excel(path: Path, rows: Sequence[Sequence[Any]], sheet: str = "자료") -> Path:
    workbook = openpyxl.Workbook()
    workbook.active.title = "안내"
    page = workbook.create_sheet(sheet)
    for row in rows:
        page.append(list(row))
    workbook.save(path)
    workbook.close()
    return path


def write_parquet(path: Path, columns: dict[str, list[Any]]) -> Path:
    pl.DataFrame(columns).write_parquet(path)
    return path


def real_data() -> Path:
    """The folder of real data. Skips the test where there is none."""
    folder = os.environ.get("MADANG_DATA")
    if not folder:
        pytest.skip("MADANG_DATA is not set: the real data for this test is not here")
    return Path(folder)
