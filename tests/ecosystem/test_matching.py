"""Suggestions of partners: better than showing everybody the same, with less exposure of the few, and with reasons."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import polars as pl
import pytest
from tests.connect.real_files import real_data

import madang.ecosystem as eco
from madang.ecosystem.evaluation import Task, common_partners, evaluate, parity, popularity, task
from madang.ecosystem.matching import Matcher, Weights
from madang.ecosystem.ties import Ties, day_of, ties_of

ACCURATE = Weights()
SPREAD = Weights(text=0.3, way_back=0.12, reach=0.41)


@cache
def h2020(cut: str) -> tuple[Task, tuple[str, ...]]:
    """(what to find, topics and programmes of each organisation until then)."""
    folder = real_data() / "h2020"
    projects = eco.read_table(folder / "projects.csv")
    edges = eco.read_table(folder / "edges.csv").join(
        projects, left_on="projectRcn", right_on="rcn", how="left"
    )
    ties = eco.ties_of_frame(edges, columns=eco.Columns("new_org_id", "projectRcn", "startDate"))
    day = day_of(cut)
    assert day is not None
    asked = task(ties, day)
    words = projects.select(
        "rcn", pl.concat_str("topics", "programme", separator=" ").str.replace_all(r"[.-]", "_")
    )
    said = dict(words.iter_rows())
    texts: list[list[str]] = [[] for _ in asked.before.organisations]
    for who, what in zip(asked.before.who.tolist(), asked.before.what.tolist(), strict=True):
        texts[who].append(said[asked.before.activities[what]] or "")
    return asked, tuple(" ".join(some) for some in texts)


@pytest.mark.parametrize("cut", ["2015-10", "2016-01"])
def test_new_partners_in_horizon_2020(cut: str) -> None:
    asked, texts = h2020(cut)
    popular = evaluate(asked, popularity(asked.before))
    accurate = evaluate(asked, Matcher(asked.before, texts, weights=ACCURATE).scores)
    assert accurate.mrr >= 1.03 * popular.mrr
    assert accurate.exposure <= 0.25 * popular.exposure
    spread = evaluate(asked, Matcher(asked.before, texts, weights=SPREAD).scores)
    assert spread.mrr >= 0.95 * popular.mrr
    assert spread.exposure <= 0.10 * popular.exposure


def market(seed: int, actors: int = 600, fields: int = 12, activities: int = 900) -> tuple[Ties, list[str]]:
    """An ecosystem in which actors of one field work together, the more active the oftener; days 0 to 999."""
    draw = random.Random(seed)
    field = [draw.randrange(fields) for _ in range(actors)]
    active = [draw.paretovariate(1.5) for _ in range(actors)]
    parts, days = [], {}
    for number in range(activities):
        first = draw.choices(range(actors), active)[0]
        near = [one for one in range(actors) if field[one] == field[first] or draw.random() < 0.02]
        members = {first, *draw.choices(near, [active[one] for one in near], k=draw.randrange(1, 4))}
        parts += [(f"actor{one}", f"activity{number}") for one in sorted(members)]
        days[f"activity{number}"] = 1000 * number // activities
    names = [f"actor{one}" for one in range(actors)]
    return ties_of(parts, organisations=names, days=days), [f"field{one}" for one in field]


def test_planted_affinities_are_found() -> None:
    ties, fields = market(1)
    asked = task(ties, 700)
    known = {name: place for place, name in enumerate(ties.organisations)}
    texts = [fields[known[name]] for name in asked.before.organisations]
    popular, common = (evaluate(asked, of(asked.before)) for of in (popularity, common_partners))
    found = evaluate(asked, Matcher(asked.before, texts).scores)
    assert found.mrr >= 1.4 * popular.mrr
    assert found.ndcg >= 1.4 * popular.ndcg
    assert found.mrr >= 1.1 * common.mrr
    assert found.ndcg >= 1.1 * common.ndcg
    assert found.exposure <= 0.1 * popular.exposure


def test_one_is_never_suggested_to_itself_to_those_it_met_or_against_a_constraint() -> None:
    ties, fields = market(2, actors=80, activities=120)
    matcher = Matcher(ties, fields, [frozenset({field}) for field in fields])
    other_field = np.array([field != fields[0] for field in fields])
    for match in matcher.suggest(0, 20, lambda _place: other_field):
        assert match.place != 0
        assert match.place not in matcher.walks.met(0)
        assert fields[match.place] == fields[0]


def test_exposure_has_a_cap() -> None:
    ties, fields = market(3, actors=200, activities=300)
    everybody = np.arange(200)
    listed = np.zeros(200)
    for _, matches in Matcher(ties, fields, weights=Weights(exposure_max=2.0)).suggest_all(everybody, 5):
        listed[[one.place for one in matches]] += 1
    assert listed.max() <= 2 * 5
    free = np.zeros(200)
    for _, matches in Matcher(ties, fields).suggest_all(everybody, 5):
        free[[one.place for one in matches]] += 1
    assert free.max() > listed.max()
    assert sum(one.exposure for one in parity(fields, listed)) == pytest.approx(1.0)


def test_reasons_name_partners_words_and_classes() -> None:
    ties = ties_of(
        [("a", "p1"), ("x", "p1"), ("x", "p2"), ("b", "p2"), ("c", "p3")],
        organisations=["a", "b", "c", "x"],
    )
    texts = ["smart water meters", "water pipes", "buses", "water and buses"]
    classes = [
        frozenset({"환경·에너지·수자원"}),
        frozenset({"환경·에너지·수자원"}),
        frozenset({"교통"}),
        frozenset[str](),
    ]
    matcher = Matcher(ties, texts, classes)
    (best, *_) = matcher.suggest(0)
    assert ties.organisations[best.place] == "b"
    reasons = matcher.reasons(0, best.place)
    assert [ties.organisations[one] for one in reasons.partners] == ["x"]
    assert reasons.words == ("water",)
    assert reasons.classes == ("환경·에너지·수자원",)


@pytest.mark.parametrize("text", ["", "and", "networks"])
def test_texts_without_a_word_that_tells_apart_say_nothing(text: str) -> None:
    ties, _ = market(4, actors=120, activities=200)
    everybody = np.arange(120)
    by_ties = [found for _, found in Matcher(ties).suggest_all(everybody, 3)]
    assert [found for _, found in Matcher(ties, [text] * 120).suggest_all(everybody, 3)] == by_ties


def test_where_nobody_is_nobody_is_suggested() -> None:
    assert list(Matcher(ties_of([]), weights=Weights(exposure_max=2.0)).suggest_all(np.arange(0), 3)) == []
