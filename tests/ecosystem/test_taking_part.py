"""From entities and their links to who takes part in what, and back to a line for each organisation."""

from __future__ import annotations

import math

import numpy as np
import pytest

import madang.ecosystem as eco
from madang.ecosystem.record import Record, Thing, Value
from madang.ecosystem.standing import standings
from madang.ecosystem.taking_part import amounts_of_record, founded_of_record, ties_of_record


def organisation(key: str, category: str = "small-firm", **values: Value) -> Thing:
    return Thing(f"o:{key}", "Organization", {"ko": key}, values={"category": category, **values})


def record(*things: Thing) -> Record:
    return Record("gaon", {"ko": "가온"}, 0, 0, things)


THINGS = record(
    organisation("a", foundingYear=2021.0, partnerOf=("o:b",), locatedIn=("d:1",)),
    organisation("b", partnerOf=("o:a",), memberOf=("o:club",)),
    organisation("b2", sameAs=("o:b",), foundingYear=2019.0),
    organisation("c", suppliesTo=("o:nowhere",), headquarteredIn=("h:1",)),
    organisation("club", "association"),
    organisation("city", "city-government"),
    organisation("corporation", "public-corporation"),
    Thing("d:1", "District"),
    Thing("h:1", "Building", values={"locatedIn": ("d:1",)}, place=(127.0, 37.0)),
    Thing(
        "p:1",
        "Project",
        values={
            "participant": ("o:a", "o:b2", "o:c", "o:city"),
            "fundedBy": ("o:corporation",),
            "amount": 5e6,
        },
        day=17_000,
    ),
    Thing(
        "c:1",
        "Contract",
        values={"buyer": ("o:corporation",), "supplier": ("o:c",), "amount": 3.0, "currency": "USD"},
    ),
    Thing("c:2", "Contract", values={"buyer": ("o:a",), "supplier": ("o:c",), "amount": 1e6}),
    Thing("t:1", "Technology", values={"ownedBy": ("o:a",)}),
    Thing("t:2", "Technology", values={"ownedBy": ("o:a", "o:club")}),
)


def parts(ties: eco.Ties) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for who, what in zip(ties.who.tolist(), ties.what.tolist(), strict=True):
        found.setdefault(ties.activities[what], set()).add(ties.organisations[who])
    return found


def test_links_are_ties_and_who_only_pays_takes_no_part() -> None:
    ties = ties_of_record(THINGS)
    assert parts(ties) == {
        "o:a partnerOf o:b": {"o:a", "o:b"},
        "memberOf o:club": {"o:b", "o:club"},
        "p:1": {"o:a", "o:b", "o:c"},
        "c:1": {"o:c"},
        "c:2": {"o:a", "o:c"},
        "t:2": {"o:a", "o:club"},
    }
    assert sorted(ties.organisations) == ["o:a", "o:b", "o:c", "o:club", "o:corporation"]
    kinds = dict(zip(ties.activities, ties.kinds, strict=True))
    assert (kinds["p:1"], kinds["o:a partnerOf o:b"]) == ("Project", "partnerOf")
    assert ties.days[ties.activities.index("p:1")] == 17_000


def test_what_is_confirmed_to_be_the_same_counts_once() -> None:
    ties = ties_of_record(THINGS)
    assert "o:b2" not in ties.organisations
    founded = dict(zip(ties.organisations, founded_of_record(THINGS, ties).tolist(), strict=True))
    assert (founded["o:a"], founded["o:b"]) == (2021, 2019)
    assert math.isnan(founded["o:c"])


@pytest.mark.parametrize("turned", [False, True])
def test_chains_and_circles_of_the_same(turned: bool) -> None:
    same = [organisation("x", sameAs=("o:y",)), organisation("y", sameAs=("o:z",)), organisation("z")]
    circle = [organisation("u", sameAs=("o:v", "o:u")), organisation("v", sameAs=("o:u",))]
    things = [*same, *circle, Thing("p:1", "Project", values={"participant": ("o:x", "o:v")})]
    ties = ties_of_record(record(*(reversed(things) if turned else things)))
    assert parts(ties) == {"p:1": {"o:z", "o:u"}}
    assert sorted(ties.organisations) == ["o:u", "o:z"]


def test_amounts_are_added_in_one_currency_only() -> None:
    ties = ties_of_record(THINGS)
    amounts, currency = amounts_of_record(THINGS, ties)
    known = dict(zip(ties.activities, amounts.tolist(), strict=True))
    assert currency == "KRW"
    assert (known["p:1"], known["c:2"]) == (5e6, 1e6)
    assert np.isnan(known["c:1"])


def test_a_line_for_every_organisation() -> None:
    ties = ties_of_record(THINGS)
    analysis = eco.analyse(eco.Subject(ties, eco.Options()), founded=founded_of_record(THINGS, ties))
    found = {one.id: one for one in standings(THINGS, ties, analysis)}
    assert set(found) == {"o:a", "o:b", "o:c", "o:club", "o:city", "o:corporation"}
    assert (found["o:a"].activities, found["o:a"].partners, found["o:a"].district) == (4, 3, "d:1")
    assert (found["o:c"].district, found["o:c"].place) == ("d:1", (127.0, 37.0))
    assert (found["o:b"].founded, found["o:b"].names) == (2019, {"ko": "b"})
    assert (found["o:city"].activities, found["o:city"].constraint, found["o:city"].rank) == (0, None, 0.0)
    ranks = [one.rank for one in standings(THINGS, ties, analysis)]
    assert ranks == sorted(ranks, reverse=True)
