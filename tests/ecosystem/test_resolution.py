"""Which entries may be one: found where planted, with reasons, and seldom where not."""

from __future__ import annotations

import csv

import pytest
from tests.connect.real_files import real_data
from tests.ecosystem.spelled import Spelled, spelled

from madang.ecosystem.merging import CERTAIN
from madang.ecosystem.resolution import PROPOSED, Entry, Resolution, resolve, site_of


def only(*entries: Entry) -> tuple[float, dict[str, bool]]:
    """Of two entries the score, and every reason with whether it is for."""
    found = resolve(entries, 0.0).matches
    if not found:
        return 0.0, {}
    return found[0].score, {ground.code: ground.weight > 0 for ground in found[0].grounds}


def named(*names: str, **known: object) -> Entry:
    return Entry("urn:x:" + names[0], names, **known)  # type: ignore[arg-type]  # as the test says


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ("주식회사 가온테크", "(주)가온 테크", "name"),
        ("가온", "㈜가온", "name"),
        ("가온모빌리티", "Gaon Mobility Co., Ltd.", "romanised"),
        ("에스케이가온테크", "SK가온테크㈜", "spelled"),
        ("현대가온모빌리티", "Hyundai Gaon Mobility Inc.", "sound"),
        ("가온커뮤니케이션", "가온커뮤니캐이션", "letter"),
    ],
)
def test_spellings_of_one_name(one: str, other: str, code: str) -> None:
    score, reasons = only(named(one), named(other))
    assert score >= PROPOSED
    assert reasons[code]


def test_reasons_for_and_against_add_up() -> None:
    plain, _ = only(named("가온테크"), named("(주)가온테크"))
    numbered, reasons = only(named("가온테크", number="1248100998"), named("나루", number="1248100998"))
    assert numbered >= PROPOSED
    assert reasons == {"number": True, "other-name": False}
    both, _ = only(named("가온테크", number="1248100998"), named("㈜가온테크", number="1248100998"))
    assert both >= CERTAIN > plain
    for known, others, code in (
        ({"number": "1248100998"}, {"number": "2208162517"}, "other-number"),
        ({"corporate": "1" * 13}, {"corporate": "2" * 13}, "other-corporate-number"),
        ({"region": "서울"}, {"region": "부산"}, "other-region"),
        ({"founded": 1999}, {"founded": 2020}, "other-founded"),
        ({"place": (127.0, 37.5)}, {"place": (129.0, 35.1)}, "far"),
    ):
        score, reasons = only(named("가온테크", **known), named("(주)가온테크", **others))
        assert score < plain
        assert reasons[code] is False
    for one, other, code in (
        ("주식회사 가온테크", "유한회사 가온테크", "other-form"),
        ("가온전자", "가온전자 수원공장", "part"),
        ("가온1호투자조합", "가온2호투자조합", "other-digits"),
    ):
        score, reasons = only(named(one), named(other))
        assert score < PROPOSED
        assert reasons[code] is False


def test_a_name_that_many_have_says_little() -> None:
    few = resolve([named(f"한빛{form}") for form in ("", "(주)")], 0.0)
    many = resolve([Entry(str(n), ("한빛",), region=f"r{n}") for n in range(12)], 0.0)
    assert many.matches[0].score < few.matches[0].score
    beyond = resolve([Entry(str(n), ("한빛",)) for n in range(60)], 0.0)
    assert (beyond.matches, beyond.common > 0) == ((), True)
    # A number brings together however many have it
    numbered = resolve([Entry(str(n), ("한빛",), number="1248100998") for n in range(60)])
    assert len(numbered.matches) == 59


def test_sites() -> None:
    assert site_of("HTTPS://www.Gaon.example/ko?x=1") == site_of("gaon.example") == "gaon.example"
    assert [
        site_of(text) for text in ("", "blog.naver.com/gaon", "없음", "http://[", "https://github.com/gaon")
    ] == [""] * 5


def quality(made: Spelled, found: Resolution, least: float) -> tuple[float, float]:
    """Precision of the pairs, and the part of the planted entries that is brought together with another of its firm."""
    got = {(match.one, match.other) for match in found.matches if match.score >= least}
    right = got & made.pairs
    linked = {place for pair in right for place in pair}
    planted = [place for place, style in enumerate(made.style) if style != "register"]
    return len(right) / len(got), sum(place in linked for place in planted) / len(planted)


def test_planted_spellings_are_found_and_few_others() -> None:
    made = spelled(1, 1000)
    found = resolve(made.entries)
    precision, recall = quality(made, found, PROPOSED)
    assert precision >= 0.90
    assert recall >= 0.85
    precision, _ = quality(made, found, CERTAIN)
    assert precision >= 0.98
    assert resolve(made.entries) == found


def test_listed_firms_are_not_taken_for_one_another() -> None:
    """They are all different: five of 2,764 come near enough that somebody would look, and none is certain."""
    with (real_data() / "korea" / "krx-listed-companies.csv").open(encoding="utf-8") as file:
        entries = [Entry(str(n), (row["회사명"],)) for n, row in enumerate(csv.DictReader(file))]
    found = resolve(entries)
    assert len(found.matches) <= 8
    assert all(match.score < 0.8 for match in found.matches)
