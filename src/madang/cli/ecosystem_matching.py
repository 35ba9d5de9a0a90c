"""`madang ecosystem evaluate-matching`: how good suggestions of partners would have been, out of tables of ties.

Named by `main.py` without being imported, as all commands of the ecosystem.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import numpy as np
import polars as pl
from cyclopts import Parameter

from madang.cli.ecosystem import Named
from madang.cli.exits import OK
from madang.ecosystem.evaluation import (
    Quality,
    Scorer,
    Task,
    common_partners,
    evaluate,
    parity,
    popularity,
    shown_to,
    task,
)
from madang.ecosystem.frames import Columns, read_table, ties_of_frame
from madang.ecosystem.matching import Matcher, Weights
from madang.ecosystem.ties import day_of
from madang.errors import BadRequestData

_NICENESS: Final = 10
# Of organisations; what says something about persons is not read at all
_GROUPS: Final = ("size", "age", "district", "first_time_founders")
_TEXT, _CLASSES = "text", "classes"
_Flag = Annotated[bool, Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True)
class Weighed:
    """How much counts what.

    Parameters
    ----------
    network
        Nearness in the network.
    text
        Words in common.
    classes
        Classes in common.
    way_back
        How much the way from the suggested one counts: more spreads suggestions.
    reach
        Of words and classes, the power of the suggested one's activities.
    """

    network: float = 1.0
    text: float = 0.1
    classes: float = 0.1
    way_back: float = 0.0
    reach: float = 0.5


def evaluate_command(
    *,
    edges: Path,
    cut: list[str],
    nodes: Path | None = None,
    named: Named = Named(),  # noqa: B008 frozen
    weighed: Weighed = Weighed(),
    json: _Flag = False,
) -> int:
    """Compare suggestions with showing everybody the most active, and with partners in common.

    Parameters
    ----------
    edges
        Table with a row for each participation, with the day when the activity began: CSV or Parquet.
    cut
        Day before which ties are known; new partners from then on are what is to be found. May be given several times.
    nodes
        Table with a row for each organisation; its columns text and classes (separated by ;) are compared, and size, age,
        district and first_time_founders are groups of which the part of suggestions is told. Others are not read.
    json
        Print the outcome as JSON.
    """
    os.nice(_NICENESS)
    columns = Columns(named.organisation, named.activity, named.began, named.kind, named.founded)
    ties = ties_of_frame(read_table(edges), None, columns)
    known = _known(nodes, columns)
    weights = Weights(weighed.network, weighed.text, weighed.classes, weighed.way_back, weighed.reach)
    found = []
    for text in cut:
        day = day_of(text)
        if day is None:
            raise BadRequestData(f"--cut {text} is no day; write it as 2016-01-31, 2016-01 or 2016")
        asked = task(ties, day)
        if not asked.wanted:
            raise BadRequestData(
                f"Nobody who was there before {text} found a new partner after it; choose an earlier --cut"
            )
        found.append(_evaluated(text, asked, known, weights))
    sys.stdout.write(
        msgspec.json.format(msgspec.json.encode(found)).decode() + "\n"
        if json
        else "\n".join(map(_text, found))
    )
    return OK


def _known(nodes: Path | None, columns: Columns) -> dict[str, dict[str, str]]:
    """By organisation its text, classes and groups; no other column is looked at."""
    if nodes is None:
        return {}
    table = read_table(nodes)
    if columns.organisation not in table.columns:
        raise BadRequestData(
            f"There is no column {columns.organisation} in {nodes}; name it with --organisation"
        )
    kept = [name for name in (_TEXT, _CLASSES, *_GROUPS) if name in table.columns]
    rows = table.select(pl.col(columns.organisation), *kept).fill_null("").to_dicts()
    return {row[columns.organisation]: {name: row[name] for name in kept} for row in rows}


def _evaluated(cut: str, asked: Task, known: dict[str, dict[str, str]], weights: Weights) -> dict[str, Any]:
    names = asked.before.organisations
    texts = [known.get(name, {}).get(_TEXT, "") for name in names]
    classes = [
        frozenset(filter(None, known.get(name, {}).get(_CLASSES, "").split(";")))
        if known
        else frozenset[str]()
        for name in names
    ]
    scorers: dict[str, Scorer] = {
        "suggested": Matcher(asked.before, texts, classes, weights).scores,
        "common partners": common_partners(asked.before),
        "most active": popularity(asked.before),
    }
    listed = shown_to(asked, scorers["suggested"])
    groups = {
        group: [
            msgspec.to_builtins(one)
            for one in parity([known.get(name, {}).get(group, "") for name in names], listed)
        ]
        for group in _GROUPS
        if any(group in said for said in known.values())
    }
    return {
        "cut": cut,
        "organisations": len(names),
        "asked": len(asked.wanted),
        "quality": {name: msgspec.to_builtins(evaluate(asked, scorer)) for name, scorer in scorers.items()},
        "listed": int(np.count_nonzero(listed)),
        "parity": groups,
    }


def _text(found: dict[str, Any]) -> str:
    lines = [
        f"Before {found['cut']}: {found['organisations']:,} organisations, {found['asked']:,} with new partners since",
        "",
        f"{'':18}{'MRR':>8}{'NDCG@10':>10}{'exposure':>10}{'listed':>9}",
    ]
    for name, one in found["quality"].items():
        quality = msgspec.convert(one, Quality)
        lines.append(
            f"{name:18}{quality.mrr:8.4f}{quality.ndcg:10.4f}{quality.exposure:10.1f}{quality.coverage:9.1%}"
        )
    for group, rows in found["parity"].items():
        lines += ["", f"{group.replace('_', ' '):24}{'of all':>9}{'of suggestions':>16}"]
        lines += [
            f"{one['group'] or 'not known':24}{one['actors']:9.1%}{one['exposure']:16.1%}" for one in rows
        ]
    return "\n".join(lines) + "\n"
