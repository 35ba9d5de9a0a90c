"""The city on the ground: as large as it should be, and nothing stands where it cannot."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import numpy as np
import pytest
import shapely
from shapely import STRtree

from madang.city.demo.gaon import Gaon
from madang.city.demo.model import Class, Words
from madang.city.demo.plane import degrees
from madang.city.demo.transit import Transit

PATHS = (Class.FOOTWAY, Class.CYCLEWAY)
HANGUL = re.compile("[가-힣]")


@pytest.fixture(scope="module")
def tree(gaon: Gaon) -> STRtree:
    return STRtree([building.shape for building in gaon.buildings])


def names_at(gaon: Gaon, found: np.ndarray) -> list[str]:
    return sorted({gaon.buildings[int(number)].name.ko for number in found})[:5]


def test_about_three_thousand_buildings_of_all_kinds(gaon: Gaon) -> None:
    assert 2_700 <= len(gaon.buildings) <= 3_300
    usages = {building.usage for building in gaon.buildings}
    assert {
        "apartments",
        "house",
        "row-house",
        "retail",
        "commercial",
        "office",
        "industrial",
        "school",
    } <= usages
    assert {"market", "hospital", "station", "library", "university", "public", "civic"} <= usages
    assert max(building.floors for building in gaon.buildings) > 20
    assert min(building.floors for building in gaon.buildings) == 1
    assert all(1960 <= building.year <= 2024 and building.height > 3 for building in gaon.buildings)


def test_buildings_do_not_overlap(gaon: Gaon, tree: STRtree) -> None:
    shapes = np.array([building.shape for building in gaon.buildings])
    assert shapely.is_valid(shapes).all()
    first, second = tree.query(shapes, predicate="intersects")
    pairs = [
        (a, b)
        for a, b in zip(first, second, strict=True)
        if a < b and shapes[a].intersection(shapes[b]).area > 0.01
    ]
    assert pairs == []


def test_no_building_stands_on_a_street(gaon: Gaon, tree: STRtree) -> None:
    streets = [
        street.shape.buffer(street.width / 2 * 0.8) for street in gaon.streets if street.kind not in PATHS
    ]
    _, found = tree.query(streets, predicate="intersects")
    assert names_at(gaon, found) == []
    _, found = tree.query(
        [street.shape.buffer(1) for street in gaon.streets if street.kind in PATHS], predicate="intersects"
    )
    assert names_at(gaon, found) == []


def test_no_building_stands_in_water_or_in_a_park(gaon: Gaon, tree: STRtree) -> None:
    _, found = tree.query([water.shape for water in gaon.waters], predicate="intersects")
    assert names_at(gaon, found) == []
    parks = [
        green.shape.buffer(-0.5) for green in gaon.greens if green.category in ("park", "riverside", "wood")
    ]
    _, found = tree.query(parks, predicate="intersects")
    assert names_at(gaon, found) == []


def test_everything_lies_in_the_extent(gaon: Gaon) -> None:
    file = files("madang.city.demo").joinpath("data/city.toml").read_text("utf-8")
    west, south, east, north = tomllib.loads(file)["city"]["extent"]
    for place in [*(building.shape for building in gaon.buildings), *(spot.place for spot in gaon.spots)]:
        left, bottom, right, top = degrees(place).bounds
        assert west < left
        assert right < east
        assert south < bottom
        assert top < north


def test_streets_form_one_network(gaon: Gaon) -> None:
    """Nearly all of what cars use hangs together."""
    neighbours: dict[tuple[float, ...], set[tuple[float, ...]]] = {}
    lengths: dict[tuple[float, ...], float] = {}
    for street in gaon.streets:
        if street.kind in PATHS:
            continue
        start, end = (tuple(np.round(street.shape.coords[number], 1)) for number in (0, -1))
        neighbours.setdefault(start, set()).add(end)
        neighbours.setdefault(end, set()).add(start)
        lengths[start] = lengths.get(start, 0) + street.shape.length
    seen: set[tuple[float, ...]] = set()
    todo = [max(neighbours, key=lambda node: len(neighbours[node]))]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += neighbours[node] - seen
    reached = sum(length for node, length in lengths.items() if node in seen)
    assert reached > 0.97 * sum(lengths.values())


def test_every_name_is_in_both_languages(gaon: Gaon, transit: Transit) -> None:
    named: list[Words] = [building.name for building in gaon.buildings]
    named += [building.address for building in gaon.buildings]
    named += [street.name for street in gaon.streets] + [spot.name for spot in gaon.spots]
    named += [green.name for green in gaon.greens if green.name] + [water.name for water in gaon.waters]
    named += [district.name for district in gaon.districts] + [bridge.name for bridge in gaon.bridges]
    named += [stop.name for stop in transit.stops] + [route.name for route in transit.routes]
    for words in named:
        assert HANGUL.search(words.ko), words
        assert words.en, words
        assert not HANGUL.search(words.en), words


def test_names_of_buildings_are_their_own(gaon: Gaon) -> None:
    names = [building.name.ko for building in gaon.buildings]
    assert len(set(names)) == len(names)


def test_districts_have_people_and_bridges_cross_the_river(gaon: Gaon) -> None:
    assert len(gaon.districts) == 10
    assert 60_000 < sum(district.population for district in gaon.districts) < 160_000
    river = next(water.shape for water in gaon.waters if water.category == "river")
    assert len(gaon.bridges) == 7
    for bridge in gaon.bridges:
        assert bridge.shape.intersects(river), bridge.key
        assert gaon.streets[bridge.street].bridge


def test_buses_stop_on_their_right_and_call_in_order(transit: Transit) -> None:
    assert 100 <= len(transit.stops) <= 260
    for route in transit.routes:
        assert len(route.lines) == 2
        for line in route.lines:
            assert len(line.stops) >= 4, f"{route.key} {line.direction}"
            metres = [at for _, at in line.stops]
            assert metres == sorted(metres)
            for stop, at in line.stops:
                way = line.shape.interpolate(at)
                ahead = line.shape.interpolate(at + 1)
                east, north = stop.place.x - way.x, stop.place.y - way.y
                assert (ahead.x - way.x) * north - (ahead.y - way.y) * east < 0, (
                    f"{stop.name.ko} is on the left"
                )
