"""Where single organisations stand in the network: their ranks, the roles that they play, the communities that they form."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from madang.ecosystem.figures.bars import Bar, bars
from madang.ecosystem.outcome import Outcome, Standing
from madang.ecosystem.participation import CITY
from madang.ecosystem.telling import industry, names
from madang.ecosystem.telling.network import sampled, source
from madang.ecosystem.telling.shown import Cell, Column, Form, Shown, Table
from madang.i18n import Reader

ROLES: Final = ("keystone", "dominator", "niche", "")
# What a list is ordered by, the smallest of it first; by rank it stands already
_KEYS: Final[dict[str, Callable[[Standing], float]]] = {
    "activities": lambda one: -one.activities,
    "partners": lambda one: -one.partners,
    "strength": lambda one: -one.strength,
    "betweenness": lambda one: -one.betweenness,
    # The freest first; of whom it is not known, last
    "constraint": lambda one: math.inf if one.constraint is None else one.constraint,
    "core_number": lambda one: -one.core_number,
}
SORTS: Final = ("rank", *_KEYS)
"""Columns by which organisations are ordered; the rank by default."""
_NAMED_MAX: Final = 3
_COMMUNITIES_DRAWN_MAX: Final = 12
_PLACES: Final = 3


class Filter(msgspec.Struct, frozen=True):
    """Which organisations are listed; "" for all. core: those of a significant core only. text: part of the name."""

    category: str = ""
    layer: str = ""
    area: str = ""
    role: str = ""
    community: str = ""
    core: bool = False
    text: str = ""
    sort: str = "rank"

    def takes(self, one: Standing) -> bool:
        plain = ((self.category, one.category), (self.layer, one.layer), (self.area, one.area))
        if any(wanted and wanted != found for wanted, found in plain):
            return False
        if self.role and self.role != (one.role or "none"):
            return False
        if self.community and (self.community != str(one.community) or not one.partners):
            return False
        if self.core and one.core is None:
            return False
        text = self.text.casefold()
        return not text or any(text in name.casefold() for name in one.names.values())


def chosen(outcome: Outcome, wanted: Filter) -> list[tuple[int, Standing]]:
    """(rank, organisation) of those that are wanted, the first first. The rank is the place among all."""
    found = [(rank, one) for rank, one in enumerate(outcome.standings, 1) if wanted.takes(one)]
    if wanted.sort in _KEYS:
        key = _KEYS[wanted.sort]
        found.sort(key=lambda pair: key(pair[1]))
    return found


def ranks(outcome: Outcome, reader: Reader, wanted: Filter = Filter()) -> Shown:  # noqa: B008 frozen
    """A row for each organisation. The first column of a row is its identifier."""
    columns = (
        Column("id", reader.t("ecosystem.id")),
        Column("place", reader.t("ecosystem.position.place"), Form.PLAIN),
        Column("name", reader.t("ecosystem.position.name")),
        Column("category", reader.t("ecosystem.position.category")),
        Column("layer", reader.t("ecosystem.industry.layer")),
        Column("area", reader.t("ecosystem.industry.area")),
        Column("role", reader.t("ecosystem.position.role")),
        Column("activities", reader.t("ecosystem.network.taken-part"), Form.NUMBER, 0),
        Column("partners", reader.t("ecosystem.position.partners"), Form.NUMBER, 0),
        Column("strength", reader.t("ecosystem.position.strength"), Form.NUMBER, 2),
        Column("rank", reader.t("ecosystem.position.rank"), Form.NUMBER, 5),
        Column("betweenness", reader.t("ecosystem.position.betweenness"), Form.NUMBER, 1),
        Column("constraint", reader.t("ecosystem.position.constraint"), Form.NUMBER, _PLACES),
        Column("core_number", reader.t("ecosystem.position.core-number"), Form.NUMBER, 0),
        Column("community", reader.t("ecosystem.position.community"), Form.PLAIN),
        Column("core", reader.t("ecosystem.position.core"), Form.PLAIN),
    )
    rows = [row(place, one, reader) for place, one in chosen(outcome, wanted)]
    first = [names.of(reader, one.names, one.id) for one in outcome.standings[:_NAMED_MAX] if one.partners]
    finding = reader.t("ecosystem.position.none")
    if first:
        finding = reader.t("ecosystem.position.finding", names=", ".join(first))
    for one in outcome.network.drawn:
        if one.name == "betweenness":
            finding += " " + sampled(reader, one.sources, one.of, one.error)
    return Shown(
        title=reader.t("ecosystem.position.title"),
        finding=finding,
        source=source(outcome, reader),
        table=Table("organisations", columns, rows),
    )


def row(place: int, one: Standing, reader: Reader) -> Sequence[Cell]:
    """The departments of the city are not in the network, so they have no place in it."""
    connected = one.partners > 0
    return (
        *(
            one.id,
            None if one.category == CITY else place,
            names.of(reader, one.names, one.id),
            category(reader, one.category),
        ),
        industry.layer(reader, one.layer) if one.layer else None,
        industry.area(reader, one.area) if one.area else None,
        *(role_label(reader, one.role) if one.role else None, one.activities, one.partners, one.strength),
        *(one.rank, one.betweenness, one.constraint, one.core_number),
        one.community + 1 if connected else None,
        None if one.core is None else one.core + 1,
    )


def category(reader: Reader, code: str) -> str:
    return names.value(reader, "category", code) if code else ""


def role_label(reader: Reader, code: str) -> str:
    return reader.t(f"ecosystem.role.{code or 'none'}.label")


def roles(outcome: Outcome, reader: Reader) -> Shown:
    """How many organisations with partners play each role, what it means, and who plays it."""
    counts = Counter(one.role for one in outcome.standings if one.partners)
    rows = [
        (
            role_label(reader, code),
            counts.get(code, 0),
            reader.t(f"ecosystem.role.{code or 'none'}.meaning"),
            _named(
                [one for one in outcome.standings if one.role == code and one.partners] if code else (),
                reader,
            ),
        )
        for code in ROLES
    ]
    columns = (
        Column("role", reader.t("ecosystem.position.role")),
        Column("count", reader.t("ecosystem.position.count"), Form.NUMBER, 0),
        Column("meaning", reader.t("ecosystem.network.meaning")),
        Column("members", reader.t("ecosystem.position.members")),
    )
    key = "keystone" if counts.get("keystone") else "dominator" if counts.get("dominator") else "none"
    return Shown(
        title=reader.t("ecosystem.role.title"),
        finding=reader.t(
            f"ecosystem.role.finding.{key}",
            keystones=counts.get("keystone", 0),
            dominators=counts.get("dominator", 0),
        ),
        source=source(outcome, reader),
        table=Table("roles", columns, rows),
    )


def communities(outcome: Outcome, reader: Reader) -> Shown:
    """Groups whose members work with each other more than with others, the largest first."""
    found: dict[int, list[Standing]] = {}
    for one in outcome.standings:
        if one.partners:
            found.setdefault(one.community, []).append(one)
    ordered = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    columns = (
        Column("community", reader.t("ecosystem.position.community"), Form.PLAIN),
        Column("count", reader.t("ecosystem.position.count"), Form.NUMBER, 0),
        Column("area", reader.t("ecosystem.position.most-area")),
        Column("share", reader.t("ecosystem.position.most-share"), Form.SHARE),
        Column("members", reader.t("ecosystem.position.members")),
    )
    rows: list[Sequence[Cell]] = []
    for number, members in ordered:
        areas = Counter(one.area for one in members if one.area).most_common(1)
        rows.append(
            (
                number + 1,
                len(members),
                industry.area(reader, areas[0][0]) if areas else None,
                areas[0][1] / len(members) if areas else None,
                _named(members, reader),
            )
        )
    finding = reader.t("ecosystem.position.communities-none")
    if ordered:
        finding = reader.t(
            "ecosystem.position.communities-finding",
            count=len(ordered),
            modularity=reader.number(outcome.network.modularity, 2),
            largest=len(ordered[0][1]),
        )
    return Shown(
        title=reader.t("ecosystem.position.communities-title"),
        finding=finding,
        source=source(outcome, reader),
        table=Table("communities", columns, rows),
        label=reader.t("ecosystem.position.communities-label"),
        draw=(lambda sheet: bars(_sizes(ordered, reader), sheet)) if ordered else None,
    )


def _sizes(ordered: Sequence[tuple[int, list[Standing]]], reader: Reader) -> list[Bar]:
    found = [
        Bar(
            reader.t(
                "ecosystem.position.community-named", name=names.of(reader, members[0].names, members[0].id)
            ),
            reader.number(len(members)),
            float(len(members)),
        )
        for _, members in ordered[:_COMMUNITIES_DRAWN_MAX]
    ]
    rest = [len(members) for _, members in ordered[_COMMUNITIES_DRAWN_MAX:]]
    if rest:
        label = reader.t("ecosystem.position.community-rest", count=len(rest))
        found.append(Bar(label, reader.number(sum(rest)), float(sum(rest)), "cat-7"))
    return found


def _named(members: Iterable[Standing], reader: Reader) -> str | None:
    """The first few by name; they stand by rank."""
    every = list(members)
    if not every:
        return None
    text = ", ".join(names.of(reader, one.names, one.id) for one in every[:_NAMED_MAX])
    more = len(every) - _NAMED_MAX
    return reader.t("ecosystem.network.and-more", text=text, count=more) if more > 0 else text
