"""The innovation ecosystem: who works with whom, how the network of firms is built, and what that says of its stage.

    record.py        what is known: the value from which all is computed; reading.py takes it from the hub
    outcome.py       what is said: the value that pages, reports and exports show; whole.py computes it
    ties.py          who takes part in what
    frames.py        tables of files and notebooks
    projection.py    who did something together, and how much that counts
    positions.py     where each organisation stands
    roles.py         who holds much together, and whose partners hang on it
    structure.py     what is left when some go, and what each year brought; nestedness.py, structural_holes.py
    concentration.py how evenly something is spread
    core_pairs.py    groups of core and periphery; division.py, settling.py: the search; significance.py, single_core.py:
                     which count, and who is their core
    nulls.py         networks at random; cores.py, trials.py: many of them
    taking_part.py   the network of firms out of the record; joined.py: who counts as one; standing.py, facts.py: back
    verdict.py       from evidence to what is said; analysis.py: the network of firms together

For notebooks: `import madang.ecosystem as eco`, then `eco.ties_of_frame`, `eco.Subject`, `eco.run_trials`, `eco.analyse`.
What these names stand for is loaded when it is first used: their libraries take a second, which pages must not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from madang.ecosystem.analysis import Analysis, analyse
    from madang.ecosystem.cores import Options, Subject, Trial, TrialKind
    from madang.ecosystem.facts import network_facts
    from madang.ecosystem.frames import (
        Columns,
        founded_of_frame,
        positions_frame,
        read_table,
        robustness_frame,
        ties_of_frame,
        years_frame,
    )
    from madang.ecosystem.ties import Ties, ties_of
    from madang.ecosystem.trials import run as run_trials
    from madang.ecosystem.trials import wanted as wanted_trials
    from madang.ecosystem.verdict import CoreVerdict, Stage, Thresholds, Verdict, sensitivity

# Name to module and name there
_PLACES = {
    "Analysis": "analysis.Analysis",
    "Columns": "frames.Columns",
    "CoreVerdict": "verdict.CoreVerdict",
    "Options": "cores.Options",
    "Stage": "verdict.Stage",
    "Subject": "cores.Subject",
    "Thresholds": "verdict.Thresholds",
    "Ties": "ties.Ties",
    "Trial": "cores.Trial",
    "TrialKind": "cores.TrialKind",
    "Verdict": "verdict.Verdict",
    "analyse": "analysis.analyse",
    "founded_of_frame": "frames.founded_of_frame",
    "network_facts": "facts.network_facts",
    "positions_frame": "frames.positions_frame",
    "read_table": "frames.read_table",
    "robustness_frame": "frames.robustness_frame",
    "run_trials": "trials.run",
    "sensitivity": "verdict.sensitivity",
    "ties_of": "ties.ties_of",
    "ties_of_frame": "frames.ties_of_frame",
    "wanted_trials": "trials.wanted",
    "years_frame": "frames.years_frame",
}

__all__ = [
    "Analysis",
    "Columns",
    "CoreVerdict",
    "Options",
    "Stage",
    "Subject",
    "Thresholds",
    "Ties",
    "Trial",
    "TrialKind",
    "Verdict",
    "analyse",
    "founded_of_frame",
    "network_facts",
    "positions_frame",
    "read_table",
    "robustness_frame",
    "run_trials",
    "sensitivity",
    "ties_of",
    "ties_of_frame",
    "wanted_trials",
    "years_frame",
]


def __getattr__(name: str) -> Any:
    """Raises AttributeError for a name that is none of ours."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, there = _PLACES[name].partition(".")
    return getattr(import_module(f"{__name__}.{module}"), there)
