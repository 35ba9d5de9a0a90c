"""From organisations that may be one to suggestions, decisions, and one organisation where whoever counts counts once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.ecosystem.made_outcome import NOON
from tests.own_hub import own_hub

from madang import vocabulary
from madang.cli.ecosystem_resolve import resolve_command
from madang.cli.exits import OK, PARTIAL
from madang.clock import FixedClock
from madang.ecosystem import merging, resolution, suggestions
from madang.ecosystem.joined import representatives
from madang.ecosystem.likely import merges_of
from madang.ecosystem.record import Record
from madang.ecosystem.rules import Drawings, Rules
from madang.ecosystem.running import Analysed, Outcomes
from madang.ecosystem.suggestions import Category, Status
from madang.ecosystem.things import things_of
from madang.errors import SourceFailed
from madang.hub import entities
from madang.hub.hub import Hub
from madang.i18n import MESSAGES
from madang.ngsild.parse import parse_entity
from madang.trust.access import OPEN, Access

CONTEXT = vocabulary.context()
TYPE = next(one for one in vocabulary.types().values() if one.term == "Organization")
OFFICER = Access(subject="person:7")


def urn(source: str, key: str) -> str:
    return f"urn:ngsi-ld:Organization:saem:{source}:{key}"


FIRMS: dict[str, dict[str, Any]] = {
    urn("firms", "1"): {"name": "주식회사 가온테크", "businessNumber": "124-81-00998", "region": "경기", "foundingYear": 2015},
    urn("contracts", "a"): {"name": "(주)가온 테크", "businessNumber": "1248100998"},
    urn("projects", "b"): {"name": "GAON TECH CO., LTD."},
    urn("firms", "2"): {"name": "나루소프트", "region": "경기"},
}  # fmt: skip


def raw(identifier: str) -> dict[str, Any]:
    values = {
        name: {"type": "Property", "value": value} if not isinstance(value, dict) else value
        for name, value in FIRMS[identifier].items()
    }
    return {"id": identifier, "type": "Organization", **values}


def record(same: dict[str, str] | None = None) -> Record:
    some = [raw(identifier) for identifier in FIRMS]
    for one in some:
        if one["id"] in (same or {}):
            one["sameAs"] = {"type": "Relationship", "object": (same or {})[one["id"]]}
    return Record("saem", {}, NOON, 1, tuple(things_of(some, TYPE)))


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    made = own_hub(tmp_path, FixedClock(NOON))
    for identifier in FIRMS:
        await entities.create(made, OPEN, parse_entity(raw(identifier), CONTEXT))
    yield made
    await made.close()


def test_what_is_suggested() -> None:
    found = merges_of(record())
    pairs = {(one.subject, one.participant): one for one in found}
    # From the one of which less is known to the one of which more is
    assert set(pairs) == {
        (urn("contracts", "a"), urn("firms", "1")),
        (urn("projects", "b"), urn("firms", "1")),
        (urn("projects", "b"), urn("contracts", "a")),
    }
    certain = pairs[urn("contracts", "a"), urn("firms", "1")]
    assert certain.score is not None
    assert certain.score > 0.99
    assert {reason.code for reason in certain.reasons} == {"merge-number", "merge-name"}
    assert certain.id.startswith("urn:ngsi-ld:Suggestion:saem:merge:")
    assert "가온" not in certain.id
    # What is one already is not suggested again
    again = merges_of(record({urn("contracts", "a"): urn("firms", "1")}))
    assert {one.subject for one in again} == {urn("projects", "b")}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_reason_has_words(language: str) -> None:
    source = Path(resolution.__file__).read_text()
    codes = {part.split('"')[1] for part in source.split("Ground(")[1:] if part.strip().startswith('"')} - {
        ""
    }
    codes |= {"romanised", "spelled"}
    assert len(codes) > 20
    assert [
        code for code in sorted(codes) if f"ecosystem.reason.merge-{code}" not in MESSAGES[language]
    ] == []


async def test_suggested_confirmed_refused_and_taken_back(hub: Hub) -> None:
    found = merges_of(record())
    assert await suggestions.refresh(hub, OPEN, Category.MERGE, found) == 3
    assert await merging.confirm_registered(hub, OFFICER) == merging.Decided(1, 0)
    page = await suggestions.listed(hub, OPEN, Category.MERGE, Status.PROPOSED)
    assert page.total == 2
    refused = next(one for one in page.suggestions if one.participant == urn("firms", "1"))
    await suggestions.decide(hub, OFFICER, refused, Status.REFUSED)
    # What sources said stays; what is decided stays decided; what is no longer suggested goes
    contract = await entities.retrieve(hub, OPEN, urn("contracts", "a"))
    told = {CONTEXT.compact(one.name): one.members() for one in contract.attributes}
    assert told["name"]["value"] == "(주)가온 테크"
    assert told["sameAs"]["object"] == urn("firms", "1")
    assert await suggestions.refresh(hub, OPEN, Category.MERGE, found[:1]) == 0
    counts = [
        (await suggestions.listed(hub, OPEN, Category.MERGE, status)).total
        for status in (Status.PROPOSED, Status.CONFIRMED, Status.REFUSED)
    ]
    assert counts == [0, 1, 1]
    same = representatives(record({urn("contracts", "a"): urn("firms", "1")}))
    assert same[urn("contracts", "a")] == urn("firms", "1")


async def test_what_is_gone_cannot_be_confirmed(hub: Hub) -> None:
    await suggestions.refresh(hub, OPEN, Category.MERGE, merges_of(record()))
    await entities.delete(hub, OPEN, urn("contracts", "a"))
    assert await merging.confirm_registered(hub, OFFICER) == merging.Decided(0, 1)


async def test_an_analysis_suggests_them(hub: Hub, tmp_path: Path) -> None:
    analysed = Analysed("saem", {"ko": "샘시"}, Rules(drawings=Drawings(0, 0, 0)))
    outcomes = Outcomes(hub, analysed, tmp_path / "kept")
    outcomes.ask(OPEN)
    await outcomes.finished(OPEN)
    assert outcomes.progress(OPEN) is None
    page = await suggestions.listed(hub, OPEN, Category.MERGE, Status.PROPOSED)
    assert page.total == 3
    assert page.suggestions[0].subject == urn("contracts", "a")


def test_over_a_table(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "firms.csv", tmp_path / "pairs.csv"
    path.write_bytes(
        "기업명,사업자등록번호,지역\n주식회사 가온테크,124-81-00998,경기\n(주)가온 테크,,경기\n나루,,\n".encode(
            "cp949"
        )
    )
    assert resolve_command(path, json=True, out=out) == OK
    (pair,) = orjson.loads(capfd.readouterr().out)
    assert (pair["one"], pair["other"], pair["for"]) == ("2", "3", ["name", "region"])
    assert out.read_text(encoding="utf-8-sig").splitlines()[1].startswith("0.")
    path.write_text("id,name\n1,가온\n2,\n3,㈜가온\n")
    assert resolve_command(path) == PARTIAL
    told = capfd.readouterr()
    assert told.out.startswith("2 organisations, 1 pairs that may be one\n")
    assert "firms.csv:3" in told.err
    with pytest.raises(SourceFailed, match="none"):
        resolve_command(tmp_path / "none.csv")
