"""Partners that an analysis suggests: for whom and why, who never, and what a person refused."""

from __future__ import annotations

import msgspec

from madang.ecosystem.partners import partners_of
from madang.ecosystem.record import Record, Thing
from madang.ecosystem.suggestions import Category
from madang.ecosystem.taking_part import ties_of_record


def firm(name: str, text: str = "", area: str = "", **values: str | tuple[str, ...]) -> Thing:
    return Thing(
        f"urn:{name}",
        "Organization",
        {"ko": name},
        {"ko": text},
        {"category": "startup", "serviceArea": area, **values},
    )


def project(name: str, *members: str) -> Thing:
    return Thing(f"urn:{name}", "Project", values={"participant": tuple(f"urn:{one}" for one in members)})


def record(*further: Thing) -> Record:
    return Record(
        "gaon",
        {},
        1_767_268_800_000_000,
        0,
        (
            firm("a", "지능형 수도 계량기", "environment-energy-water"),
            firm("b", "수도 누수 감지", "environment-energy-water"),
            firm("c", "버스 배차", "transport"),
            firm("d", "버스 요금", "transport", isPartOf=("urn:c",)),
            firm("x", "도시 데이터"),
            firm("fund", category="investor"),
            firm("other-fund", category="investor"),
            project("p1", "a", "x"),
            project("p2", "x", "b"),
            project("p3", "c", "x", "fund"),
            project("p4", "d", "other-fund"),
            *further,
        ),
    )


def pairs(of: Record) -> dict[frozenset[str], tuple[str, ...]]:
    """The two of each suggestion with the codes of its reasons."""
    return {
        frozenset((one.subject, one.participant)): tuple(reason.code for reason in one.reasons)
        for one in partners_of(of, ties_of_record(of))
    }


def test_those_who_share_partners_words_and_classes_are_suggested_with_these_reasons() -> None:
    found = pairs(record())
    reasons = found[frozenset(("urn:a", "urn:b"))]
    assert reasons[:3] == ("partner-common", "partner-words", "partner-class")


def test_who_has_met_is_of_one_owner_or_both_invest_is_never_suggested() -> None:
    found = pairs(record())
    assert frozenset(("urn:a", "urn:x")) not in found
    assert frozenset(("urn:c", "urn:d")) not in found
    assert frozenset(("urn:fund", "urn:other-fund")) not in found


def test_what_a_person_refused_is_not_suggested_again() -> None:
    refused = Thing(
        "urn:s",
        "Suggestion",
        values={"status": "refused", "category": "partner", "subject": ("urn:b",), "participant": ("urn:a",)},
    )
    assert frozenset(("urn:a", "urn:b")) not in pairs(record(refused))


def test_what_is_known_of_persons_changes_nothing() -> None:
    """Only ties, texts and classes of organisations count, whatever else a source says."""
    plain = record()
    told = tuple(
        msgspec.structs.replace(
            thing,
            values={**thing.values, "birthDate": "1980-01-01", "gender": "female", "birthPlace": "Seoul"},
        )
        for thing in plain.things
    )
    assert partners_of(msgspec.structs.replace(plain, things=told), ties_of_record(plain)) == partners_of(
        plain, ties_of_record(plain)
    )


def test_each_pair_is_told_once_and_scores_are_parts_of_one() -> None:
    found = partners_of(record(), ties_of_record(record()))
    assert len({frozenset((one.subject, one.participant)) for one in found}) == len(found)
    assert all(one.category is Category.PARTNER and 0 < (one.score or 0) <= 1 for one in found)
    scores = [one.score or 0.0 for one in found]
    assert scores == sorted(scores, reverse=True)
