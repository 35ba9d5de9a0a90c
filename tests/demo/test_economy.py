"""The ecosystem of the demonstration city: many small young firms with few ties, and no core, as the policy brief found."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from tests.demo.conftest import MOMENT
from tests.demo.demo_record import record_of

from madang.business_numbers import business_number
from madang.city.check import read_city
from madang.city.demo.draw import PUBLIC
from madang.city.demo.firms import FIRM_CATEGORIES, fits
from madang.ecosystem.record import Record
from madang.ecosystem.rules import Drawings, Rules
from madang.ecosystem.verdict import CoreVerdict, Stage
from madang.ecosystem.whole import Whole

DAY = 86_400_000_000
YEARS = 10
_DRAWN = 20


@pytest.fixture(scope="module")
def record(made: Path) -> Record:
    city = read_city(made / "city.toml", {}).city
    assert city is not None
    return record_of(city, MOMENT)


def test_there_are_four_hundred_firms_and_sixty_others(record: Record) -> None:
    known = [thing for thing in record.things if thing.type == "Organization" and ":g2b:" not in thing.id]
    firms = [thing for thing in known if thing.text("category") in FIRM_CATEGORIES]
    assert (len(firms), len(known) - len(firms)) == (400, 60)
    assert len({thing.names["ko"] for thing in known}) == len({thing.names["en"] for thing in known}) == 460
    classified = [thing for thing in firms if thing.text("serviceArea") or thing.text("technologyLayer")]
    assert 0.65 < len(classified) / len(firms) < 0.85, "most are classified, some are not"
    numbers = [number for thing in firms if (number := thing.text("businessNumber"))]
    assert all(business_number(number) for number in numbers)
    assert len(set(numbers)) == len(numbers) > 200


def test_nothing_is_of_the_future_and_nobody_took_part_before_there_was_one(record: Record) -> None:
    founded = {
        thing.id: thing.number("foundingYear") for thing in record.things if thing.type == "Organization"
    }
    ties = [thing for thing in record.things if ":ties:" in thing.id and thing.day is not None]
    assert len(ties) > 600
    today = MOMENT // DAY
    for thing in ties:
        assert thing.day is not None
        assert today - 366 * YEARS < thing.day <= today, thing
        year = 1970 + thing.day / 365.2425
        for link in ("participant", "supplier", "investedIn", "proposedBy", "ownedBy"):
            for one in thing.links(link):
                assert (founded[one] or 0) < year + 1, (thing.id, one)


def test_what_others_call_a_firm_is_somebody_of_the_register(record: Record, made: Path) -> None:
    """By the number where the export has one; no name is spelled as the register spells it."""
    numbers = {thing.text("businessNumber") for thing in record.things if ":firms:" in thing.id}
    names = {thing.names.get("ko") for thing in record.things if ":firms:" in thing.id}
    text = (made / "g2b-contracts.csv").read_bytes().decode("cp949").split("\r\n", 1)[1]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len({row["업체명"] for row in rows}) == 14
    assert {row["사업자등록번호"] for row in rows} - {""} <= numbers
    assert not {row["업체명"] for row in rows} & names


def test_ties_come_about_over_the_platform_only_since_it_is_there(record: Record) -> None:
    channels = Counter(
        (thing.text("channel"), thing.day is not None and MOMENT // DAY - thing.day < 410)
        for thing in record.things
        if ":ties:" in thing.id and thing.text("channel")
    )
    assert channels["online", False] == channels["offline", False] == 0
    assert channels["online", True] > 10
    assert channels["offline", True] > 10
    assert channels["outside", False] > 200


def test_it_is_nascent_and_has_no_core_firms(record: Record) -> None:
    """Also where its activities are drawn again. The analysis itself draws five times as often: 88 of a hundred say none."""
    whole = Whole(record, Rules(drawings=Drawings(configurations=12, evens=4, bootstraps=_DRAWN)))
    outcome = whole.outcome(list(whole.draw()))
    assert outcome.judged.core is CoreVerdict.NONE
    assert outcome.judged.stage is Stage.NASCENT
    assert outcome.network.redrawn["none"] >= 0.75 * _DRAWN
    counts = outcome.network.counts
    assert counts.without_partner > 0.25 * counts.organisations
    public = [one for one in outcome.standings if one.category in PUBLIC]
    assert len(public) < 0.1 * len(outcome.standings)


def test_parts_of_names_sound_together() -> None:
    assert fits("솔", "고리")
    assert not fits("솔", "나래"), "ㄹ and ㄴ become ㄹㄹ"
    assert not fits("봄", "이랑"), "the final goes over"
    assert not fits("솔", "비"), "such a name exists"
