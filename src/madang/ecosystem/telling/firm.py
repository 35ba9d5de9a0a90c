"""One organisation in words: with whom it works, what it did when, where it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from madang import vocabulary
from madang.ecosystem.figures.bars import Bar, bars
from madang.ecosystem.figures.ego import Around, ego
from madang.ecosystem.neighbourhood import FROM_OTHER, Neighbour, Neighbourhood, Tie
from madang.ecosystem.outcome import Outcome, Standing
from madang.ecosystem.participation import CITY, TAKING_PART
from madang.ecosystem.telling import names, positions
from madang.ecosystem.telling.shown import Cell, Column, Form, Shown, Sourced, Table
from madang.i18n import Reader

DRAWN_MAX: Final = 24
"""How many neighbours a figure shows; the table has all."""
_KINDS_NAMED_MAX: Final = 3


def partners(
    name: str,
    found: Neighbourhood,
    reader: Reader,
    near: Mapping[str, bool],
    address: Callable[[str], str],
) -> Shown:
    """name: of the organisation. near: by identifier, whether a neighbour is in the same community; empty where that is not
    known. address: of an organisation's page. The first column of a row is the neighbour's identifier."""
    columns = [
        Column("id", reader.t("ecosystem.id")),
        Column("name", reader.t("ecosystem.position.name")),
        Column("together", reader.t("ecosystem.firm.together"), Form.NUMBER, 0),
        Column("strength", reader.t("ecosystem.position.strength"), Form.NUMBER, 2),
        Column("kinds", reader.t("ecosystem.firm.kinds")),
        Column("first", reader.t("ecosystem.firm.first"), Form.PLAIN),
        Column("last", reader.t("ecosystem.firm.last"), Form.PLAIN),
        Column("near", reader.t("ecosystem.position.community")),
    ]
    rows: list[Sequence[Cell]] = [
        (
            *(one.id, label(reader, one.names, one.id), one.together, one.strength),
            _kinds(one, reader),
            *(one.first, one.last, _nearness(near.get(one.id), reader)),
        )
        for one in found.neighbours
    ]
    drawn = found.neighbours[:DRAWN_MAX]
    around = [
        Around(
            label(reader, one.names, one.id),
            reader.t("ecosystem.firm.times", count=one.together),
            max(one.strength, 1e-6),
            near.get(one.id, True),
            address(one.id),
        )
        for one in drawn
    ]
    order = {one.id: place for place, one in enumerate(drawn)}
    links = [(order[one], order[two]) for one, two in found.links if one in order and two in order]
    return Shown(
        title=reader.t("ecosystem.firm.partners-title"),
        finding=_finding(found, reader),
        source=Sourced(reader.t("ecosystem.firm.source", count=len(found.ties))),
        table=Table("partners", columns, rows),
        label=reader.t("ecosystem.firm.partners-label", name=name, count=len(drawn)),
        draw=(lambda sheet: ego(name, around, sheet, links)) if around else None,
    )


def _finding(found: Neighbourhood, reader: Reader) -> str:
    if not found.neighbours:
        return reader.t("ecosystem.firm.alone")
    first = found.neighbours[0]
    text = reader.t(
        "ecosystem.firm.partners-finding",
        count=len(found.neighbours),
        activities=sum(bool(tie.others) for tie in found.ties),
        name=label(reader, first.names, first.id),
        times=first.together,
    )
    again = sum(one.together > 1 for one in found.neighbours)
    return f"{text} {reader.t('ecosystem.firm.again', count=again)}"


def _kinds(one: Neighbour, reader: Reader) -> str:
    return ", ".join(
        f"{kind_label(reader, kind)} {reader.number(count)}" for kind, count in one.kinds[:_KINDS_NAMED_MAX]
    )


def _nearness(near: bool | None, reader: Reader) -> str | None:
    if near is None:
        return None
    return reader.t("ecosystem.firm.same-community" if near else "ecosystem.firm.other-community")


def label(reader: Reader, found: Mapping[str, str], identifier: str) -> str:
    """A name that may be in no language, else the last part of the identifier."""
    return found.get(reader.language) or found.get("") or names.of(reader, found, identifier)


def kind_label(reader: Reader, kind: str) -> str:
    """What a tie is called: the type of an activity, or a link between two."""
    iri = vocabulary.context().expand(kind)
    if kind in TAKING_PART:
        return vocabulary.type_label(iri, reader.language)
    return vocabulary.attribute_label(iri, reader.language)


def role_label(reader: Reader, tie: Tie) -> str:
    """As what the organisation took part."""
    if tie.roles == (FROM_OTHER,):
        return vocabulary.back_label(vocabulary.context().expand(tie.kind), reader.language)
    found = [
        vocabulary.attribute_label(vocabulary.context().expand(one), reader.language) for one in tie.roles
    ]
    return ", ".join(found)


def history(found: Neighbourhood, reader: Reader) -> Shown:
    """How many activities began in each year. Its table has a row for each year."""
    dated = [(tie.year, tie.kind) for tie in found.ties if tie.year is not None]
    years = range(min(dated)[0], max(dated)[0] + 1) if dated else range(0)
    counts = Counter(dated)
    kinds = [kind for kind, _ in Counter(kind for _, kind in dated).most_common()]
    columns = [
        Column("year", reader.t("ecosystem.year"), Form.PLAIN),
        Column("all", reader.t("ecosystem.firm.all"), Form.NUMBER, 0),
        *(Column(kind, kind_label(reader, kind), Form.NUMBER, 0) for kind in kinds),
    ]
    rows: list[Sequence[Cell]] = []
    for year in years:
        each = [counts[year, kind] for kind in kinds]
        rows.append((year, sum(each), *each))
    undated = len(found.ties) - len(dated)
    finding = reader.t("ecosystem.firm.history-none")
    if dated:
        finding = reader.t(
            "ecosystem.firm.history-finding", first=str(years[0]), last=str(years[-1]), count=len(dated)
        )
        if undated:
            finding += " " + reader.t("ecosystem.firm.undated", count=undated)
    return Shown(
        title=reader.t("ecosystem.firm.history-title"),
        finding=finding,
        source=Sourced(
            reader.t("ecosystem.firm.source", count=len(found.ties)),
            coverage=len(dated) / len(found.ties) if found.ties else None,
        ),
        table=Table("years", columns, rows),
        label=reader.t("ecosystem.firm.history-label"),
        draw=(lambda sheet: bars(_bars(rows, reader), sheet)) if dated else None,
    )


def _bars(rows: Sequence[Sequence[Cell]], reader: Reader) -> list[Bar]:
    counts = [(str(row[0]), row[1]) for row in rows]
    return [Bar(year, reader.number(count), float(count)) for year, count in counts if isinstance(count, int)]


def ties(
    found: Neighbourhood, reader: Reader, known: Mapping[str, str], named_max: int | None = None
) -> Table:
    """A row for each tie, the latest first. known: names of organisations by identifier. named_max: how many of those who
    took part are named, None for all. The first column is the identifier of the activity."""
    columns = [
        Column("id", reader.t("ecosystem.id")),
        Column("day", reader.t("ecosystem.firm.day")),
        Column("kind", reader.t("ecosystem.firm.kind")),
        Column("name", reader.t("ecosystem.firm.what")),
        Column("role", reader.t("ecosystem.firm.role")),
        Column("others", reader.t("ecosystem.firm.with")),
        Column("amount", reader.t("ecosystem.network.amount"), Form.NUMBER, 0),
        Column("currency", reader.t("ecosystem.flows.currency")),
    ]
    rows: list[Sequence[Cell]] = [
        (
            *(
                tie.id,
                tie.day,
                kind_label(reader, tie.kind),
                label(reader, tie.names, tie.id) if tie.id else "",
            ),
            role_label(reader, tie),
            _named(
                [known.get(one, one.rsplit(":", 1)[-1]) for one in (*tie.others, *tie.besides)],
                named_max,
                reader,
            ),
            *(tie.amount, tie.currency if tie.amount is not None else ""),
        )
        for tie in found.ties
    ]
    return Table("ties", columns, rows)


def _named(found: list[str], most: int | None, reader: Reader) -> str:
    if most is None or len(found) <= most:
        return ", ".join(found)
    return reader.t("ecosystem.network.and-more", text=", ".join(found[:most]), count=len(found) - most)


def standing(one: Standing, outcome: Outcome, reader: Reader) -> list[tuple[str, str, str]]:
    """(what, value, what it means) of where an organisation stands."""
    connected = one.partners > 0
    values: list[tuple[str, str]] = [
        ("place", _place(one, outcome, reader)),
        ("role", positions.role_label(reader, one.role) if connected else "–"),
        ("partners", reader.number(one.partners)),
        ("strength", reader.number(one.strength, 2)),
        ("betweenness", reader.number(one.betweenness, 1)),
        ("constraint", "–" if one.constraint is None else reader.number(one.constraint, 3)),
        ("core-number", reader.number(one.core_number)),
        ("community", reader.number(one.community + 1) if connected else "–"),
        (
            "core",
            reader.t("ecosystem.firm.no-core") if one.core is None else reader.number(one.core + 1),
        ),
    ]
    return [
        (reader.t(f"ecosystem.position.{name}"), value, _meaning(name, one, reader)) for name, value in values
    ]


def _place(one: Standing, outcome: Outcome, reader: Reader) -> str:
    """The place among those of the network; the departments of the city are not in it."""
    if one.category == CITY:
        return "–"
    place = next(place for place, other in enumerate(outcome.standings, 1) if other.id == one.id)
    return reader.t("ecosystem.firm.place", place=place, of=outcome.network.counts.organisations)


def _meaning(name: str, one: Standing, reader: Reader) -> str:
    if name == "role":
        return reader.t(f"ecosystem.role.{one.role or 'none'}.meaning") if one.partners else ""
    return reader.known(f"ecosystem.position-meaning.{name}")
