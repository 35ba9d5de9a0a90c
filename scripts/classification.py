"""How well firms are classified on Madang's own taxonomy: the tables of docs/classification.md.

.venv/bin/python -m scripts.classification [seeds]
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import numpy as np
from sklearn.metrics import cohen_kappa_score
from sklearn.model_selection import KFold

from madang.ecosystem.classify import Classifier
from madang.ecosystem.search import Search
from madang.ecosystem.ties import Floats
from madang.vocabulary.labelled import classes_of, labelled_firms
from madang.vocabulary.taxonomy import Axis, taxonomy

FOLDS = 5
REDRAWN = 1000
DATA = Path(__file__).parents[1] / "tests" / "ecosystem" / "data"


def agreement(axis: Axis) -> tuple[float, float, float, float]:
    """(part on which two labellers agree, agreement beyond chance, between what and what it lies in 95 of 100 drawings)."""
    files = [tomllib.loads((DATA / f"{name}_labels.toml").read_text("utf-8")) for name in ("first", "second")]
    first, second = (
        np.array([classes_of(file[one.key])[axis] for one in labelled_firms()]) for file in files
    )
    random = np.random.default_rng(0)
    drawn = [random.integers(0, len(first), len(first)) for _ in range(REDRAWN)]
    low, high = np.quantile([cohen_kappa_score(first[some], second[some]) for some in drawn], (0.025, 0.975))
    return float((first == second).mean()), cohen_kappa_score(first, second), float(low), float(high)


def hits(scores: Floats, codes: tuple[str, ...], wanted: list[str], n: int) -> np.ndarray:
    best = np.argsort(-scores, axis=1, kind="stable")[:, :n]
    return np.asarray((np.array(codes)[best] == np.array(wanted)[:, None]).any(axis=1))


def learnt(axis: Axis, seeds: int) -> tuple[float, float, float]:
    """(first right, one of three right, first of the surest half right) of firms that were held out of everything."""
    texts = [one.text for one in labelled_firms()]
    codes = [one.classes[axis] for one in labelled_firms()]
    found = []
    for seed in range(seeds):
        for know, held in KFold(FOLDS, shuffle=True, random_state=seed).split(texts):
            model = Classifier(
                [texts[one] for one in know],
                [codes[one] for one in know],
                descriptions=taxonomy().described(axis),
            )
            scores, wanted = model.scores([texts[one] for one in held]), [codes[one] for one in held]
            ordered = np.sort(scores, axis=1)
            margin = ordered[:, -1] - ordered[:, -2]
            first = hits(scores, model.codes, wanted, 1)
            three = hits(scores, model.codes, wanted, 3)
            found.append((first.mean(), three.mean(), first[margin >= np.median(margin)].mean()))
    first_right, three_right, surest = np.mean(found, axis=0)
    return float(first_right), float(three_right), float(surest)


def searched(axis: Axis) -> tuple[float, float]:
    """(first right, one of three right); who has nothing in common with any description is told nothing."""
    search = Search(taxonomy().described(axis))
    told = [[hint.code for hint in search.suggest(one.text).hints] for one in labelled_firms()]
    wanted = [one.classes[axis] for one in labelled_firms()]
    pairs = list(zip(told, wanted, strict=True))
    return (
        float(np.mean([code in codes[:1] for codes, code in pairs])),
        float(np.mean([code in codes for codes, code in pairs])),
    )


def main() -> None:
    seeds = int((*sys.argv[1:], "5")[0])
    say = sys.stdout.write
    say("| axis | categories | agree | kappa |\n|---|---|---|---|\n")
    for axis in Axis:
        agree, kappa, low, high = agreement(axis)
        used = len({one.classes[axis] for one in labelled_firms()})
        say(f"| {axis.name.lower()} | {used} | {agree:.0%} | {kappa:.2f} ({low:.2f} to {high:.2f}) |\n")
    say("\n| axis | most frequent | first | of three | surest half | search: first | of three |\n")
    say("|---|---|---|---|---|---|---|\n")
    for axis in Axis:
        codes = [one.classes[axis] for one in labelled_firms()]
        most = max(codes.count(code) for code in set(codes)) / len(codes)
        row = (most, *learnt(axis, seeds), *searched(axis))
        say(f"| {axis.name.lower()} | " + " | ".join(f"{one:.3f}" for one in row) + " |\n")
    for axis in Axis:
        model = Classifier(
            [one.text for one in labelled_firms()],
            [one.classes[axis] for one in labelled_firms()],
            descriptions=taxonomy().described(axis),
        )
        say(f"\n| {axis.name.lower()}: leads by | firms | right |\n|---|---|---|\n")
        for one in model.calibration:
            say(f"| {one.margin:.2f} | {one.n} | {one.right:.0%} |\n")


if __name__ == "__main__":
    main()
