"""The innovation ecosystem: who works with whom, how the network of firms is built, and what that says of its stage.

    ties.py          who takes part in what: the value from which all is computed
    frames.py        tables of files and notebooks
    projection.py    who did something together, and how much that counts
    positions.py     where each organisation stands
    concentration.py how evenly something is spread
    core_pairs.py    groups of core and periphery; significance.py, single_core.py: which count, and who is their core
    nulls.py         networks at random; cores.py, trials.py: many of them
    verdict.py       from evidence to what is said; analysis.py: everything together

For notebooks: `import madang.ecosystem as eco`, then `eco.ties_of_frame`, `eco.Subject`, `eco.run_trials`, `eco.analyse`.
"""

from madang.ecosystem.analysis import Analysis, analyse
from madang.ecosystem.cores import Options, Subject, Trial, TrialKind
from madang.ecosystem.frames import Columns, founded_of_frame, positions_frame, read_table, ties_of_frame
from madang.ecosystem.ties import Ties, ties_of
from madang.ecosystem.trials import run as run_trials
from madang.ecosystem.trials import wanted as wanted_trials
from madang.ecosystem.verdict import CoreVerdict, Stage, Thresholds, Verdict

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
    "positions_frame",
    "read_table",
    "run_trials",
    "ties_of",
    "ties_of_frame",
    "wanted_trials",
]
