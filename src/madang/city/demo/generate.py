"""Makes the demonstration city as files in a folder, with the city file that loads them like any user's city."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from madang.city.demo.firms import gather_firms
from madang.city.demo.following import FLEET_FILE, write_history
from madang.city.demo.gaon import Gaon, build_gaon
from madang.city.demo.openstreetmap import write_extract
from madang.city.demo.placing import place_sensors
from madang.city.demo.procurement import write_procurement
from madang.city.demo.society import gather
from madang.city.demo.tables import write_areas, write_csv, write_register, write_sensors, write_workbook
from madang.city.demo.ties import ten_years, town_of
from madang.city.demo.timetable import write_timetable
from madang.city.demo.transit import plan_transit
from madang.city.demo.weather import KST
from madang.errors import Conflict

CITY_FILE: Final = "city.toml"
_MADE_FILE: Final = "made.json"
_FORM: Final = 6
"""Grows when the same seed gives other files than before, so that an old folder is made anew."""


class _Made(msgspec.Struct, frozen=True):
    form: int
    seed: int


def generate(folder: Path, seed: int, moment: int) -> Path:
    """The city file of the demonstration city. Nothing is done if the folder has the city of this seed already.

    moment: now, microseconds UTC: the history ends there. The same seed and moment give the same bytes. The folder
    appears whole or not at all. Raises Conflict if it is there and was not made by this function."""
    record = msgspec.json.encode(_Made(_FORM, seed))
    if (folder / _MADE_FILE).exists() and (folder / _MADE_FILE).read_bytes() == record:
        return folder / CITY_FILE
    if folder.exists() and not (folder / _MADE_FILE).exists():
        raise Conflict(f"The folder {folder} is not of a demonstration city; name another one, or remove it")
    making = folder.with_name(folder.name + ".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    write_city(build_gaon(seed), making, moment)
    (making / _MADE_FILE).write_bytes(record)
    if folder.exists():
        shutil.rmtree(folder)
    making.rename(folder)
    return folder / CITY_FILE


def write_city(gaon: Gaon, folder: Path, moment: int) -> None:
    """All files of the city but the record of its seed. folder: exists and is empty."""
    transit = plan_transit(gaon)
    placed, fleet = place_sensors(gaon, transit, moment)
    society = gather(gaon, moment)
    today = datetime.fromtimestamp(moment / 1_000_000, UTC).astimezone(KST).date()
    write_extract(gaon, folder / "gaon.osm.pbf")
    write_timetable(transit, today, folder / "transit.zip")
    write_areas(gaon, folder / "areas.parquet")
    write_register(gaon, folder / "building-register.csv")
    write_sensors(placed, gaon, folder / "sensors.xlsx")
    write_workbook(society.organisations, "기업·기관", folder / "organisations.xlsx")
    write_csv(society.others, folder / "society.csv")
    known = gather_firms(gaon, today.year)
    write_workbook(known.rows, "기업 등록부", folder / "firms.xlsx")
    write_csv(ten_years(known.actors, town_of(gaon), today, gaon.seed), folder / "ties.csv")
    write_procurement(known.actors, today, gaon.seed, folder / "g2b-contracts.csv")
    write_history(fleet, folder)
    (folder / FLEET_FILE).write_bytes(msgspec.json.encode(fleet))
    template = files("madang.city.demo").joinpath("data", CITY_FILE).read_text(encoding="utf-8")
    (folder / CITY_FILE).write_text(template, encoding="utf-8")
