"""Korean descriptions to categories: divisions of the industry code on listed firms, with and without labels."""

from __future__ import annotations

import csv
import gzip
import re
import time
from collections import Counter
from functools import cache

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold
from tests.connect.real_files import real_data

from madang.ecosystem.classify import Classifier
from madang.ecosystem.search import Search
from madang.ecosystem.ties import Floats
from madang.errors import BadRequestData
from madang.vocabulary.taxonomy import Axis, taxonomy

FIRMS_MIN = 10
SEEDS = 5


@cache
def industry_codes(revision: str) -> dict[str, str]:
    """Code by name, in the order of the table."""
    path = real_data() / "korea" / f"KSIC_{revision}.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return {name: code for code, name in reversed(list(csv.reader(file))[1:])}


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@cache
def labelled() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(main products, division of the industry code) of firms in divisions that have enough of them."""
    by_name = {
        squeezed(name): code[:2]
        for revision in ("09", "10")
        for name, code in industry_codes(revision).items()
    }
    with (real_data() / "korea" / "krx-listed-companies.csv").open(encoding="utf-8") as file:
        rows = [(row["주요제품"], by_name.get(squeezed(row["업종"]), "")) for row in csv.DictReader(file)]
    counts = Counter(division for products, division in rows if products.strip() and division)
    kept = [row for row in rows if row[0].strip() and counts[row[1]] >= FIRMS_MIN]
    return tuple(row[0] for row in kept), tuple(row[1] for row in kept)


def hit(scores: Floats, codes: tuple[str, ...], wanted: list[str], n: int) -> float:
    best = np.argsort(-scores, axis=1)[:, :n]
    return float(
        np.mean([one in {codes[place] for place in row} for one, row in zip(wanted, best, strict=True)])
    )


def test_learnt_from_labels() -> None:
    texts, codes = labelled()
    assert len(set(codes)) == 39
    figures = []
    for seed in range(SEEDS):
        parts = StratifiedKFold(5, shuffle=True, random_state=seed).split(texts, codes)
        for learnt, held in parts:
            model = Classifier([texts[one] for one in learnt], [codes[one] for one in learnt])
            scores, wanted = model.scores([texts[one] for one in held]), [codes[one] for one in held]
            ordered = np.sort(scores, axis=1)
            margins = ordered[:, -1] - ordered[:, -2]
            sure = margins >= np.median(margins)
            surest = [one for one, is_sure in zip(wanted, sure, strict=True) if is_sure]
            figures.append(
                (
                    hit(scores, model.codes, wanted, 1),
                    hit(scores, model.codes, wanted, 5),
                    hit(scores[sure], model.codes, surest, 1),
                )
            )
    first, fifth, sure_half = np.mean(figures, axis=0)
    assert first >= 0.57
    assert fifth >= 0.81
    assert sure_half >= 0.76


def test_it_learns_in_time_and_says_how_sure_it_is() -> None:
    texts, codes = labelled()
    begun = time.thread_time()
    model = Classifier(texts, codes)
    rights = [one.right for one in model.calibration]
    assert time.thread_time() - begun < 30
    assert rights == sorted(rights)
    assert sum(one.n for one in model.calibration) == len(texts)
    assert rights[-1] > 0.8 > 0.5 > rights[0]
    suggested = model.suggest("반도체 웨이퍼 세정장비 제조")
    assert len(suggested.hints) == 3
    assert suggested.hints[0].words
    assert set(suggested.hints[0].words) <= {"반도체", "웨이퍼", "세정장비", "제조"}
    assert model.suggest("").abstains


def test_without_labels() -> None:
    texts, codes = labelled()
    titles: dict[str, str] = {}
    for name, code in industry_codes("10").items():
        titles[code[:2]] = titles.get(code[:2], "") + " " + name
    search = Search({code: titles[code] for code in sorted(set(codes))})
    scores = np.array([search.scores(text) for text in texts])
    assert hit(scores, search.codes, list(codes), 1) >= 0.33
    assert hit(scores, search.codes, list(codes), 3) >= 0.49


def test_without_labels_by_our_own_descriptions() -> None:
    texts, codes = labelled()
    described = taxonomy().described(Axis.INDUSTRY)
    search = Search({code: described[code] for code in sorted(set(codes))})
    scores = np.array([search.scores(text) for text in texts])
    assert hit(scores, search.codes, list(codes), 1) >= 0.34
    assert hit(scores, search.codes, list(codes), 3) >= 0.52


def test_two_categories_and_the_words_that_decided() -> None:
    texts = ["bus routes", "bus stops", "train and bus", "water pipes", "water meters", "tap water"]
    model = Classifier(texts, ["transport"] * 3 + ["water"] * 3)
    (first, second) = model.suggest("smart water meters", 2).hints
    assert (first.code, second.code) == ("water", "transport")
    assert first.words[0] in {"water", "meters"}
    search = Search({"transport": "bus train tram", "water": "water pipes"})
    assert search.suggest("pipes").hints[0].code == "water"
    assert search.suggest("pipes").abstains
    assert search.suggest("zzz").hints == ()


def test_too_few_labels_are_said() -> None:
    with pytest.raises(BadRequestData, match="at least two firms in each of two categories"):
        Classifier(["a", "b", "c"], ["x", "x", "y"])
