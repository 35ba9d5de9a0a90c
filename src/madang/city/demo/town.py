"""The city as it stands: plan, landscape, streets and buildings put together, still without names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
from shapely import LineString, Polygon, box
from shapely.geometry.base import BaseGeometry

from madang.city.demo.blocks import Block, Use, divide
from madang.city.demo.estates import build_estate
from madang.city.demo.footprints import Footprint
from madang.city.demo.landmarks import (
    Landmark,
    build_campus,
    build_civic,
    build_hospital,
    build_market,
    build_school,
    build_station,
)
from madang.city.demo.landscape import Landscape, Patch, draw_landscape
from madang.city.demo.lots import RULES, Site, build_lots
from madang.city.demo.model import Class, PlanLine, Quarter, Zone
from madang.city.demo.plan import WIDTHS, draw_plan
from madang.city.demo.plane import bend, to_metres
from madang.city.demo.shapes import largest, union
from madang.city.demo.streetnames import districts_of
from madang.city.demo.streets import Surface, Way, join, surface_of

_SQUARE: Final = (300.0, 250.0)
_CENTRE: Final = (60.0, 240.0)
_CENTRALITY_METRES: Final = 1150.0
_BLOCK_AREA_MIN: Final = 900.0


class Town(msgspec.Struct, frozen=True):
    """Metres. buildings, greens: with the district they are in. areas: the quarters with their districts."""

    ways: tuple[Way, ...]
    buildings: tuple[tuple[Footprint, str], ...]
    greens: tuple[tuple[Patch, str], ...]
    waters: tuple[Patch, ...]
    square: Polygon
    areas: tuple[tuple[Polygon, str], ...]


def build_town(seed: int) -> Town:
    plan = draw_plan(seed)
    land = draw_landscape(plan, seed)
    blocks, lines = _divide_all(plan.quarters, seed)
    corridor = land.corridor
    lines = [line for line in (_clear_of(line, plan.stream.buffer(14)) for line in lines) if line is not None]
    planned = [*plan.lines, *lines, *land.paths]
    bent = [msgspec.structs.replace(line, shape=bend(line.shape)) for line in planned]
    waters = tuple(msgspec.structs.replace(patch, shape=bend(patch.shape)) for patch in land.waters)
    network = join(bent, union([patch.shape for patch in waters]).buffer(8))
    surface = surface_of(network)
    build = _Building(surface, bend(corridor), seed)
    for number, block in enumerate(blocks):
        build.add(number, block)
    areas = tuple(_areas(plan.quarters))
    greens = [*_patches(land, areas), *build.greens]
    return Town(
        ways=(*network, *build.ways),
        buildings=tuple(build.buildings),
        greens=tuple(greens),
        waters=waters,
        square=build.square,
        areas=areas,
    )


def _areas(quarters: tuple[Quarter, ...]) -> Iterator[tuple[Polygon, str]]:
    """Quarters with their districts; the river belongs to the districts on its sides, each to the middle."""
    built = [quarter for quarter in quarters if quarter.zone is not Zone.CORRIDOR]
    for quarter in built:
        yield bend(quarter.shape), quarter.district
    for quarter in quarters:
        if quarter.zone is Zone.CORRIDOR:
            west, south, east, north = quarter.shape.bounds
            for half in (box(west, 0, east, north), box(west, south, east, 0)):
                bank = largest(quarter.shape.intersection(half))
                nearest = min(built, key=lambda other: other.shape.centroid.distance(bank.centroid))
                yield bend(bank), nearest.district


def _divide_all(quarters: tuple[Quarter, ...], seed: int) -> tuple[list[Block], list[PlanLine]]:
    """Blocks and side streets of the whole city. Side streets are numbered through in each district."""
    blocks: list[Block] = []
    lines: list[PlanLine] = []
    counts: dict[str, int] = {}
    for quarter in quarters:
        made, cuts = divide(quarter, np.random.default_rng([seed, 3, quarter.number]))
        blocks += made
        for cut in cuts:
            counts[quarter.district] = counts.get(quarter.district, 0) + 1
            lines.append(
                msgspec.structs.replace(cut, street=f"{quarter.district}-{counts[quarter.district]}")
            )
    return blocks, lines


def _clear_of(line: PlanLine, stream: Polygon) -> PlanLine | None:
    """Side streets end at the brook's path."""
    rest = line.shape.difference(stream)
    if isinstance(rest, LineString) and not rest.is_empty:
        return msgspec.structs.replace(line, shape=rest)
    parts = [part for part in getattr(rest, "geoms", ()) if part.length > 20]
    return msgspec.structs.replace(line, shape=max(parts, key=lambda part: part.length)) if parts else None


def _patches(land: Landscape, areas: Sequence[tuple[Polygon, str]]) -> list[tuple[Patch, str]]:
    patches = [msgspec.structs.replace(patch, shape=bend(patch.shape)) for patch in land.greens]
    return list(zip(patches, districts_of([patch.shape for patch in patches], areas), strict=True))


class _Building:
    """Builds block after block, and gathers what was built."""

    def __init__(self, surface: Surface, corridor: BaseGeometry, seed: int) -> None:
        self._surface = surface
        self._corridor = corridor
        self._seed = seed
        self._middle = to_metres(np.array([_CENTRE]))[0]
        self.buildings: list[tuple[Footprint, str]] = []
        self.greens: list[tuple[Patch, str]] = []
        self.ways: list[Way] = []
        self.square = Polygon()

    def add(self, number: int, block: Block) -> None:
        whole = bend(block.shape)
        shape = largest(whole.difference(self._surface.near(whole)).difference(self._corridor))
        if shape.area < _BLOCK_AREA_MIN:
            return
        random = np.random.default_rng([self._seed, 4, number])
        district, group = block.quarter.district, f"{block.use.name.lower()}-{number}"
        if block.use in RULES:
            self._keep(build_lots(self._site(block, whole, shape), random), district)
        elif block.use is Use.ESTATE:
            estate = build_estate(shape, number, random)
            self._keep(list(estate.buildings), district)
            self._green(estate.gardens, "garden", district)
            self.ways += [Way(way, Class.FOOTWAY, "", WIDTHS[Class.FOOTWAY]) for way in estate.ways]
        elif block.use is Use.GREEN:
            patch = Patch(shape, "park", ("leisure", "park"), f"{group}")
            self.greens.append((patch, district))
        elif block.use is not Use.PARK:
            self._landmark(block, shape, group, random)

    def _site(self, block: Block, whole: Polygon, shape: Polygon) -> Site:
        distance = math.dist((shape.centroid.x, shape.centroid.y), tuple(self._middle))
        centrality = max(0.0, 1 - distance / _CENTRALITY_METRES)
        return Site(shape, block.use, self._surface.main_near(whole), centrality)

    def _landmark(self, block: Block, shape: Polygon, group: str, random: np.random.Generator) -> None:
        district = block.quarter.district
        made: Landmark
        match block.use:
            case Use.SCHOOL:
                made = build_school(shape, group, random)
            case Use.MARKET:
                made = build_market(shape, group, random)
            case Use.CAMPUS:
                made = build_campus(shape, group, 16, random)
            case Use.HOSPITAL:
                made = build_hospital(shape, group, random)
            case Use.STATION:
                made = build_station(shape, group, random)
            case _:
                centre, ahead = to_metres(np.array([_SQUARE, (_SQUARE[0] + 10, _SQUARE[1])]))
                axis = math.atan2(ahead[1] - centre[1], ahead[0] - centre[0])
                made = build_civic(shape, group, (float(centre[0]), float(centre[1])), axis)
                self.square = made.square or self.square
        self._keep(list(made.buildings), district)
        for green, category in made.greens:
            self._green((green,), category, district)
        self.ways += [Way(path, Class.FOOTWAY, "", WIDTHS[Class.FOOTWAY]) for path in made.paths]

    def _keep(self, footprints: list[Footprint], district: str) -> None:
        self.buildings += [(footprint, district) for footprint in footprints]

    def _green(self, shapes: tuple[Polygon, ...], category: str, district: str) -> None:
        tag = {"wood": ("natural", "wood"), "garden": ("leisure", "garden")}.get(
            category, ("landuse", "grass")
        )
        self.greens += [(Patch(shape, category, tag), district) for shape in shapes if shape.area > 200]
