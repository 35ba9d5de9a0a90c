"""The industry of a made record: who counts as classified, what waits for a person, codes of several revisions."""

from __future__ import annotations

import pytest

from madang.ecosystem.industry import industry_facts
from madang.ecosystem.outcome import IndustryCell, Standing
from madang.ecosystem.record import Record, Thing

READ = 1_767_268_800_000_000


def suggestion(of: str, status: str = "proposed", category: str = "class") -> Thing:
    return Thing(f"s:{of}", "Suggestion", values={"category": category, "status": status, "subject": (of,)})


def record(*things: Thing) -> Record:
    return Record("saem", {}, READ, 1, things)


STANDINGS = (
    Standing(
        "a", {}, "startup", "transport", "service-application", industry="J62010", founded=2024, employees=3
    ),
    Standing("b", {}, "small-firm", "transport", "service-application", industry="62", founded=2010),
    Standing("c", {}, "", "transport", "service-application"),
    Standing("d", {}, "startup", "", "outside", industry="ISIC-4:1071", founded=2025),
    Standing("e", {}, "startup", "transport", ""),
    Standing("f", {}, "startup", industry="KSIC-9:72"),
    Standing("g", {}, "university", "education", "general-purpose", industry="85"),
    Standing("h", {}, "anchor-firm", "none", "general-purpose", industry="26"),
)


def test_firms_by_layer_and_area() -> None:
    facts = industry_facts(record(suggestion("e"), suggestion("f", "refused"), suggestion("b")), STANDINGS)
    assert facts.cells == (
        IndustryCell("service-application", "transport", 3, 0.5),
        IndustryCell("general-purpose", "none", 1, None),
    )
    assert (facts.confirmed, facts.suggested, facts.open, facts.outside) == (5, 1, 1, 1)
    assert sum(cell.firms for cell in facts.cells) + facts.outside == facts.confirmed
    assert facts.industries == {"62": 2, "": 1, "10": 1, "26": 1}
    assert facts.taxonomy == "1"


@pytest.mark.parametrize("category", ["merge", "partner"])
def test_other_suggestions_are_no_classes(category: str) -> None:
    assert industry_facts(record(suggestion("f", category=category)), STANDINGS).suggested == 0


def test_a_suggestion_about_an_entity_that_is_another_one_is_about_that() -> None:
    same = Thing("x", "Organization", values={"sameAs": ("f",)})
    facts = industry_facts(record(Thing("f", "Organization"), same, suggestion("x")), STANDINGS)
    assert facts.suggested == 1


def test_nothing_is_known() -> None:
    facts = industry_facts(record(), ())
    assert facts.cells == ()
    assert (facts.confirmed, facts.suggested, facts.open, facts.outside) == (0, 0, 0, 0)
