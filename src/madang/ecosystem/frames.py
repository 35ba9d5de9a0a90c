"""Tables of ties and of organisations as data frames, from files or from a notebook, and results as data frames."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import polars as pl

from madang.ecosystem.analysis import Analysis
from madang.ecosystem.outcome import NetworkFacts
from madang.ecosystem.ties import Floats, Ties, day_of, ties_of, year_of
from madang.errors import BadRequestData, NotFound

_SEPARATORS: Final = (",", "\t", ";", "|")
_HEAD_CHARACTERS: Final = 65_536


class Columns(msgspec.Struct, frozen=True):
    """Names of columns. began, kind: of the activity; founded: when an organisation began. Columns of these names need not
    be there, others must."""

    organisation: str = "organisation"
    activity: str = "activity"
    began: str = "began"
    kind: str = "kind"
    founded: str = "founded"


def read_table(path: Path) -> pl.DataFrame:
    """A CSV file, whatever separates its fields, all as text, or a Parquet file. Raises NotFound, BadRequestData."""
    if not path.is_file():
        raise NotFound(f"There is no file {path}")
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path).cast(pl.String)
        with path.open(encoding="utf-8-sig") as file:
            head = file.read(_HEAD_CHARACTERS).partition("\n")[0]
        separator = max(_SEPARATORS, key=head.count)
        return pl.read_csv(path, separator=separator, infer_schema=False, quote_char='"')
    except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError) as error:
        raise BadRequestData(f"{path} cannot be read as a table: {error}") from error


def ties_of_frame(
    edges: pl.DataFrame,
    nodes: pl.DataFrame | None = None,
    columns: Columns = Columns(),  # noqa: B008 frozen
) -> Ties:
    """edges: a row for each participation. nodes: a row for each organisation, of which some may take part in nothing.

    Rows without an organisation or an activity are left out. Raises BadRequestData for a missing column.
    """
    who = _column(edges, columns.organisation, Columns().organisation)
    what = _column(edges, columns.activity, Columns().activity)
    some = [(one, other) for one, other in zip(who, what, strict=True) if one and other]
    organisations = [] if nodes is None else _column(nodes, columns.organisation, Columns().organisation)
    began = _by_activity(edges, what, columns.began, Columns().began)
    kinds = _by_activity(edges, what, columns.kind, Columns().kind)
    return ties_of(
        some,
        organisations=[one for one in organisations if one],
        days={activity: day for activity, text in began.items() if (day := day_of(text)) is not None},
        kinds=kinds,
    )


def founded_of_frame(ties: Ties, nodes: pl.DataFrame, columns: Columns = Columns()) -> Floats | None:  # noqa: B008 frozen
    """Of each organisation the year of its beginning, NaN where it is not known; None if the table says nothing of it."""
    if columns.founded not in nodes.columns:
        return None
    who = _column(nodes, columns.organisation, Columns().organisation)
    known = dict(zip(who, nodes[columns.founded].cast(pl.String).to_list(), strict=True))
    days = [day_of(known.get(one) or "") for one in ties.organisations]
    return np.array([math.nan if day is None else year_of(day) for day in days])


def positions_frame(ties: Ties, analysis: Analysis) -> pl.DataFrame:
    """A row for each organisation, the highest rank first."""
    found = analysis.positions
    cores = {
        member: place
        for place, core in enumerate(core for core in analysis.cores if core.tested.significant)
        for member in core.members
    }
    return pl.DataFrame(
        {
            "organisation": ties.organisations,
            "activities": ties.activity_counts,
            "partners": found.partners,
            "strength": found.strength,
            "rank": found.rank,
            "betweenness": found.betweenness,
            "constraint": found.constraint,
            "core_number": found.core,
            "repeat_core_number": found.repeat_core,
            "community": found.community,
            "core": [cores.get(place) for place in range(len(ties.organisations))],
            "role": [str(role) for role in analysis.roles],
        }
    ).sort("strength", "rank", descending=True)


def years_frame(facts: NetworkFacts) -> pl.DataFrame:
    """A row for each year."""
    return pl.DataFrame([msgspec.structs.asdict(one) for one in facts.years])


def robustness_frame(facts: NetworkFacts) -> pl.DataFrame:
    """A row for each part of the organisations that goes."""
    return pl.DataFrame([msgspec.structs.asdict(one) for one in facts.robustness])


def _column(frame: pl.DataFrame, name: str, default: str) -> list[str | None]:
    if name not in frame.columns:
        raise BadRequestData(
            f"There is no column {name}; there are {', '.join(frame.columns[:20])}. "
            f"Say which of them is the {default}"
        )
    return [text.strip() if text else None for text in frame[name].cast(pl.String).to_list()]


def _by_activity(edges: pl.DataFrame, what: list[str | None], name: str, default: str) -> dict[str, str]:
    """What the rows say of their activities; the first that says something counts."""
    if name == default and name not in edges.columns:
        return {}
    found: dict[str, str] = {}
    for activity, text in zip(what, _column(edges, name, default), strict=True):
        if activity and text:
            found.setdefault(activity, text)
    return found
