"""`madang ecosystem`: the network of firms out of tables of ties.

`main.py` names these commands without importing them: their libraries take a second to load, which no other command shall.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter

import madang.ecosystem as eco
from madang.cli.exits import OK

_NICENESS: Final = 10
_TELL_SECONDS: Final = 1.0
_RANKED: Final = 10
_Flag = Annotated[bool, Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True)
class Named:
    """Names of columns.

    Parameters
    ----------
    organisation
        Column of the organisation, in both tables.
    activity
        Column of the activity in which it takes part.
    began
        Column of the date or year when the activity began.
    kind
        Column of what the activity is: project, contract, investment.
    founded
        Column of the year when the organisation was founded.
    """

    organisation: str = "organisation"
    activity: str = "activity"
    began: str = "began"
    kind: str = "kind"
    founded: str = "founded"


@Parameter(name="*")
@dataclass(frozen=True)
class Wanted:
    """How the analysis is done.

    Parameters
    ----------
    configurations
        Networks at random with the same degrees, against which cores are tested.
    evens
        Networks at random with as many ties.
    bootstraps
        How often the activities are drawn again.
    tries
        How often each search for cores begins anew.
    size_max
        Larger activities are left out.
    unweighted
        Count every pair of partners alike, however many take part in what they did together.
    """

    configurations: int = 30
    evens: int = 20
    bootstraps: int = 100
    tries: int = 2
    size_max: int | None = None
    unweighted: _Flag = False


def analyse_command(
    *,
    edges: Path,
    nodes: Path | None = None,
    named: Named = Named(),
    wanted: Wanted = Wanted(),
    work: Path | None = None,
    json: _Flag = False,
) -> int:
    """Analyse the network of organisations that take part in the same activities.

    Parameters
    ----------
    edges
        Table with a row for each participation: CSV or Parquet.
    nodes
        Table with a row for each organisation.
    work
        Folder in which what was drawn is kept, so that a run that is stopped goes on where it was.
    json
        Print the outcome as JSON.
    """
    os.nice(_NICENESS)
    columns = eco.Columns(named.organisation, named.activity, named.began, named.kind, named.founded)
    table = eco.read_table(nodes) if nodes is not None else None
    ties = eco.ties_of_frame(eco.read_table(edges), table, columns)
    founded = eco.founded_of_frame(ties, table, columns) if table is not None else None
    options = eco.Options(not wanted.unweighted, wanted.size_max, wanted.tries)
    asked = eco.wanted_trials(wanted.configurations, wanted.evens, wanted.bootstraps)
    trials = told(eco.run_trials(ties, options, asked, work), len(asked))
    analysis = eco.analyse(eco.Subject(ties, options), trials, founded=founded)
    shown = _shown(eco.positions_frame(ties, analysis).head(_RANKED).to_dicts(), ties, analysis)
    sys.stdout.write(
        msgspec.json.format(msgspec.json.encode(shown)).decode() + "\n" if json else _text(shown)
    )
    return OK


def told(trials: Iterable[eco.Trial], of: int) -> list[eco.Trial]:
    """All of them, saying every second how many are done."""
    found: list[eco.Trial] = []
    told = time.monotonic()
    for trial in trials:
        found.append(trial)
        if time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()
            sys.stderr.write(f"{len(found)} of {of} networks drawn\n")
    return found


def _shown(ranked: list[dict[str, Any]], ties: eco.Ties, analysis: eco.Analysis) -> dict[str, Any]:
    """The outcome in plain values."""
    return {
        "counts": msgspec.to_builtins(analysis.counts),
        "verdict": {
            "core": analysis.verdict.core,
            "stage": analysis.verdict.stage,
            "bootstraps": analysis.redrawn,
            "evidence": [
                {**msgspec.to_builtins(one), "says": one.says(analysis.thresholds.coverage)}
                for one in analysis.verdict.evidence
            ],
        },
        "cores": [
            {
                "size": core.group.size,
                "quality": core.group.quality,
                "probability": core.tested.probability,
                "stability": core.stability,
                "members": [ties.organisations[member] for member in core.members],
            }
            for core in analysis.cores
            if core.tested.significant
        ],
        "concentration": {"hhi": analysis.hhi, "gini": analysis.gini},
        "modularity": analysis.positions.modularity,
        "drawn": analysis.trials,
        "sampled": msgspec.to_builtins(analysis.positions.sampled),
        "warnings": msgspec.to_builtins(analysis.warnings),
        "ranked": ranked,
    }


def _text(shown: dict[str, Any]) -> str:
    verdict = shown["verdict"]
    lines = [f"Core firms: {_CORES[verdict['core']]}", f"Industry: {_STAGES[verdict['stage']]}"]
    if verdict["bootstraps"]:
        of = sum(verdict["bootstraps"].values())
        told = ", ".join(f"{_CORES[name]} {n}" for name, n in verdict["bootstraps"].items())
        lines.append(f"Drawn again {of} times: {told}")
    lines += ["", f"{'evidence':24}{'value':>10}{'95 %':>20}{'threshold':>12}  says"]
    for one in verdict["evidence"]:
        value = "not known" if one["value"] is None else f"{one['value']:.4g}"
        between = "" if one["low"] is None else f"{one['low']:.3g} to {one['high']:.3g}"
        sign = "≥" if one["above"] else "<"
        lines.append(
            f"{one['name']:24}{value:>10}{between:>20}{sign + format(one['threshold'], ' g'):>12}  {one['says']}"
        )
    lines += ["", *(f"{name.replace('_', ' '):20}{n:>10,}" for name, n in shown["counts"].items())]
    for core in shown["cores"]:
        lines.append("")
        lines.append(
            f"A core of {len(core['members'])} in a group of {core['size']} (p = {core['probability']:.2g}): "
            + ", ".join(core["members"][:_RANKED])
        )
    lines += ["", "By activities with partners:"]
    lines += [f"{one['strength']:10.1f}  {one['organisation']}" for one in shown["ranked"]]
    lines += [_WARNINGS[one["name"]].format(**one["values"]) for one in shown["warnings"]]
    return "\n".join(lines) + "\n"


_CORES: Final = {
    "pairs": "significant pairs of core and periphery",
    "hubs": "hubs that degree alone explains",
    "none": "none",
    "unknown": "cannot tell",
}
_STAGES: Final = {"nascent": "nascent", "growing": "growing", "mature": "mature", "unknown": "cannot tell"}
_WARNINGS: Final = {
    "flagship": (
        "\nWarning: without weighting by size the innermost core (each with {number} others) is a single activity: "
        "{members} of its {core} members take part in {activity}. Such a core tells of the size of one consortium."
    )
}
