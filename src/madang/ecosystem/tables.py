"""A record out of two tables, for an analysis where there is no platform: who takes part in what, and who there is."""

from __future__ import annotations

from typing import Final

import polars as pl

from madang.ecosystem.frames import Columns, ties_of_frame
from madang.ecosystem.record import Record, Seen, Thing, Value
from madang.ecosystem.things import NO_LANGUAGE
from madang.ecosystem.ties import NO_DAY, Ties, day_of, year_of

_ORGANISATION: Final = "Organization"
_ACTIVITY: Final = "Project"
# Columns of a table of organisations that say what attributes of these names say
_SAID: Final = ("category", "serviceArea", "technologyLayer", "industryCode")


def record_of_tables(
    edges: pl.DataFrame,
    nodes: pl.DataFrame | None,
    read: int,
    columns: Columns = Columns(),  # noqa: B008 frozen
) -> Record:
    """edges, nodes: as for `ties_of_frame`. read: microseconds UTC. Every activity counts as a project.

    Raises BadRequestData for a missing column."""
    ties = ties_of_frame(edges, nodes, columns)
    things = (*_organisations(ties, nodes, columns), *_activities(ties))
    counts = {_ORGANISATION: len(ties.organisations), _ACTIVITY: len(ties.activities)}
    seen = tuple([Seen(name, n, n, 0) for name, n in counts.items() if n])
    return Record("tables", {}, read, 0, things, seen=seen)


def _organisations(ties: Ties, nodes: pl.DataFrame | None, columns: Columns) -> list[Thing]:
    rows = {} if nodes is None else {row[columns.organisation]: row for row in nodes.to_dicts()}
    found = []
    for name in ties.organisations:
        row = rows.get(name, {})
        values: dict[str, Value] = {term: text for term in _SAID if (text := row.get(term))}
        day = day_of(row.get(columns.founded) or "")
        if day is not None:
            values["foundingYear"] = year_of(day)
        found.append(Thing(name, _ORGANISATION, {NO_LANGUAGE: name}, values=values))
    return found


def _activities(ties: Ties) -> list[Thing]:
    members: dict[int, list[str]] = {}
    for who, what in zip(ties.who.tolist(), ties.what.tolist(), strict=True):
        members.setdefault(what, []).append(ties.organisations[who])
    return [
        Thing(
            name,
            _ACTIVITY,
            {NO_LANGUAGE: name},
            values={"participant": tuple(members.get(place, ()))},
            day=None if day == NO_DAY else day,
        )
        for place, (name, day) in enumerate(zip(ties.activities, ties.days.tolist(), strict=True))
    ]
