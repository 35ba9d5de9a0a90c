"""Writes the tables of the demonstration city, each in a form in which Korean agencies give theirs."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely.geometry.base import BaseGeometry

from madang.city.demo.gaon import Gaon
from madang.city.demo.identifiers import Identifiers, way_number
from madang.city.demo.model import Building, Words
from madang.city.demo.placing import Placed
from madang.city.demo.plane import degrees
from madang.city.demo.shapes import union
from madang.city.demo.society import Row
from madang.city.demo.words import named, names
from madang.city.demo.xlsx import write_xlsx

_REGISTER: Final = (
    "건물ID",
    "건물명",
    "행정동",
    "주용도",
    "지상층수",
    "연면적(㎡)",
    "세대수",
    "사용승인일",
    "연간에너지사용량(kWh)",
)
_REGISTERED: Final = frozenset(
    ("apartments", "commercial", "office", "industrial", "public", "civic", "library", "school", "university",
     "hospital", "station", "sports", "kindergarten", "market")
)  # fmt: skip
_KILOWATT_HOURS: Final = {
    "apartments": 96,
    "office": 168,
    "commercial": 214,
    "hospital": 290,
    "industrial": 240,
    "university": 190,
}
_SENSORS: Final = (
    "관리번호", "종류", "이름", "영문이름", "설명", "영문설명", "경도", "위도", "행정동", "설치장소", "측정도로", "운영기관", "관리담당", "규모", "설치일",
)  # fmt: skip
_SENTENCES: Final = {
    "air": ("{}의 초미세먼지와 오존, 기온을 잰다.", "Measures fine particles, ozone and temperature at {}."),
    "noise": ("{}의 소음을 밤낮으로 잰다.", "Measures noise at {}, day and night."),
    "weather": ("{}에서 기온과 바람, 비를 잰다.", "Measures temperature, wind and rain at {}."),
    "traffic": ("{} 구간의 통행량과 속도를 센다.", "Counts vehicles and their speed at {}."),
    "crowd": ("{} 앞을 걸어서 지나는 사람을 센다.", "Counts people who walk past {}."),
    "parking": ("{}에 있는 공영 주차장이다.", "The public car park at {}."),
    "bike": ("{} 앞 공공자전거 대여소이다.", "The public bicycle station at {}."),
    "water": ("{}에서 수위와 유량을 잰다.", "Measures level and discharge at {}."),
    "light": ("{}의 가로등을 켜고 끄며 전력을 잰다.", "Switches the lights of {} and measures their power."),
    "charger": ("{}에 있는 공공 전기차 충전소이다.", "The public charging station at {}."),
}


def write_areas(gaon: Gaon, path: Path) -> None:
    """Parquet: the city, its districts, the square, the bridges; geometry as WKB."""
    rows = [_city_row(gaon), *_district_rows(gaon), _square_row(gaon), *_bridge_rows(gaon)]
    columns = dict.fromkeys(column for row in rows for column in row)
    even = [{column: row.get(column) for column in columns} for row in rows]
    pq.write_table(pa.Table.from_pylist(even), path, compression="zstd")


def _area_row(kind: str, key: str, name: Words, text: Words, shape: BaseGeometry) -> Row:
    """What all rows have. shape: metres."""
    wkb = shapely.to_wkb(degrees(shape.simplify(0.5)), byte_order=1)
    names = {"name_ko": name.ko, "name_en": name.en, "text_ko": text.ko, "text_en": text.en}
    return {"type": kind, "key": key, **names, "shape": wkb}


def _city_row(gaon: Gaon) -> Row:
    city = names()["city"]
    text = Words(
        "가온천 두 기슭에 자리한 가상의 도시로, 시연을 위해 만들었다.",
        "A fictional city on both banks of the Gaoncheon, made for demonstration.",
    )
    whole = union([district.shape for district in gaon.districts], 0.1)
    return {
        **_area_row("City", "gaon", Words(city["ko"], city["en"]), text, whole),
        "population": sum(district.population for district in gaon.districts),
        "households": sum(district.households for district in gaon.districts),
        "area": round(whole.area),
    }


def _district_rows(gaon: Gaon) -> Iterator[Row]:
    offices = {spot.district: spot.key for spot in gaon.spots if spot.category == "community-centre"}
    identifiers = Identifiers(gaon)
    for district in gaon.districts:
        yield {
            **_area_row("District", district.key, district.name, district.text, district.shape),
            "population": district.population,
            "households": district.households,
            "area": round(district.shape.area),
            "schools": district.schools,
            "office": identifiers.of(f"Spot:{offices[district.key]}"),
        }


def _square_row(gaon: Gaon) -> Row:
    name = named("place", "madang-square")
    text = Words("시청 앞에 있는 열린 광장이다.", "The open square in front of city hall.")
    row = _area_row("Place", "madang-square", name, text, gaon.square)
    return {**row, "area": round(gaon.square.area), "category": "square", "district": "madang"}


def _bridge_rows(gaon: Gaon) -> Iterator[Row]:
    text = Words("가온천을 건너는 다리이다.", "A bridge over the Gaoncheon.")
    identifiers = Identifiers(gaon)
    for bridge in gaon.bridges:
        yield {
            **_area_row("Bridge", bridge.key, bridge.name, text, bridge.shape),
            "length": bridge.length,
            "width": bridge.width,
            "year": bridge.year,
            "street": identifiers.of(f"RoadSegment:{bridge.street}"),
        }


def write_register(gaon: Gaon, path: Path) -> None:
    """CSV in CP949, as Excel in Korea writes it: what the building register knows beyond the map."""
    random = np.random.default_rng([gaon.seed, 9])
    with path.open("w", encoding="cp949", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(_REGISTER)
        for building in gaon.buildings:
            if building.usage in _REGISTERED:
                writer.writerow(_registered(building, random))


def _registered(building: Building, random: np.random.Generator) -> Sequence[Any]:
    area = round(building.shape.area * building.floors * 0.93)
    energy = round(
        area
        * _KILOWATT_HOURS.get(building.usage, 130)
        * random.uniform(0.78, 1.24)
        * (1 - (building.year - 2000) * 0.006)
    )
    approved = f"{building.year}-{int(random.integers(1, 13)):02}-{int(random.integers(1, 28)):02}"
    return (
        f"w{way_number('Building', building.key)}",
        building.name.ko,
        named("district", building.district).ko,
        building.usage,
        building.floors,
        area,
        building.households or "",
        approved,
        energy,
    )


def write_sensors(placed: Sequence[Placed], gaon: Gaon, path: Path) -> None:
    """Excel: the list of all sensors, with what they stand at and who looks after them."""
    identifiers = Identifiers(gaon)
    random = np.random.default_rng([gaon.seed, 10])
    rows: list[Sequence[Any]] = [_SENSORS]
    for one in placed:
        point = degrees(one.place)
        at = identifiers.of(":".join(one.stands_at))
        korean, english = _SENTENCES[one.kind.key]
        rows.append((
            one.sensor.key, one.kind.key, one.name.ko, one.name.en,
            korean.format(one.name.ko.removesuffix(f" {one.kind.ko}")), english.format(one.name.en.removesuffix(f" {one.kind.en}")),
            point.x, point.y, one.district, at, at if one.stands_at[0] == "RoadSegment" else "", one.kind.operator, one.kind.role,
            one.sensor.size, f"{int(random.integers(2019, 2026))}-{int(random.integers(1, 13)):02}-15",
        ))  # fmt: skip
    write_xlsx(path, "센서 목록", rows)


def write_workbook(rows: Sequence[Row], sheet: str, path: Path) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    write_xlsx(path, sheet, [columns, *([row.get(column) for column in columns] for row in rows)])


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """CSV in UTF-8 with a byte order mark, as Excel writes it."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
