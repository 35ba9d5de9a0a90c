"""One line for each organisation of the city: what is known of it, and where it stands in the network of firms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from madang.ecosystem.analysis import Analysis
from madang.ecosystem.joined import joined, representatives
from madang.ecosystem.outcome import Standing
from madang.ecosystem.record import Record, Thing
from madang.ecosystem.ties import Ties

_DISTRICT: Final = "District"
_HOUSES: Final = ("headquarteredIn", "occupiedBuilding")


def standings(record: Record, ties: Ties, analysis: Analysis) -> tuple[Standing, ...]:
    """Of all organisations, the highest rank first; those that are in no network of firms (`taking_part.py`) stand last,
    without numbers. An organisation of several entities takes of each fact what the first says that knows it."""
    known = {thing.id: thing for thing in record.things}
    places = {identifier: place for place, identifier in enumerate(ties.organisations)}
    cores = {
        member: number
        for number, core in enumerate(one for one in analysis.cores if one.tested.significant)
        for member in core.members
    }
    counts = ties.activity_counts.tolist()
    found = []
    for identifier, entities in joined(record.things, representatives(record)).items():
        plain = _facts(identifier, entities, known)
        place = places.get(identifier)
        found.append(
            plain if place is None else _placed(plain, analysis, place, counts[place], cores.get(place))
        )
    return tuple(sorted(found, key=lambda one: (-one.rank, -one.strength, one.id)))


def _facts(identifier: str, entities: Sequence[Thing], known: dict[str, Thing]) -> Standing:
    def text(attribute: str) -> str:
        return next((said for one in entities if (said := one.text(attribute))), "")

    def number(attribute: str) -> int | None:
        said = next((found for one in entities if (found := one.number(attribute)) is not None), None)
        return None if said is None else round(said)

    houses = [
        known[house]
        for one in entities
        for attribute in _HOUSES
        for house in one.links(attribute)
        if house in known
    ]
    return Standing(
        id=identifier,
        names={language: name for one in reversed(entities) for language, name in one.names.items()},
        category=text("category"),
        area=text("serviceArea"),
        layer=text("technologyLayer"),
        industry=text("industryCode"),
        founded=number("foundingYear"),
        employees=number("numberOfEmployees"),
        district=_district([*entities, *houses], known),
        place=next((one.place for one in (*entities, *houses) if one.place is not None), None),
        first_time=next(
            (said for one in entities if isinstance(said := one.values.get("firstTimeFounders"), bool)), None
        ),
    )


def _district(things: Sequence[Thing], known: dict[str, Thing]) -> str:
    """The first district in which one of them is; "" if that is not known."""
    for thing in things:
        for other in thing.links("locatedIn"):
            if other in known and known[other].type == _DISTRICT:
                return other
    return ""


def _placed(plain: Standing, analysis: Analysis, place: int, activities: int, core: int | None) -> Standing:
    found = analysis.positions
    constraint = float(found.constraint[place])
    return msgspec.structs.replace(
        plain,
        activities=activities,
        partners=int(found.partners[place]),
        strength=float(found.strength[place]),
        rank=float(found.rank[place]),
        betweenness=float(found.betweenness[place]),
        constraint=None if math.isnan(constraint) else constraint,
        core_number=int(found.core[place]),
        community=int(found.community[place]),
        core=core,
        role=analysis.roles[place],
    )
