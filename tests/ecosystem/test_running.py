"""An analysis of what a hub knows, in a process of its own: begun, followed, kept, stopped and gone on with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.asgi_client import Client
from tests.own_hub import own_hub

from madang import vocabulary
from madang.api.asgi import information_api
from madang.clock import FixedClock
from madang.ecosystem.rules import Drawings, Rules
from madang.ecosystem.running import Analysed, Outcomes, Stage
from madang.ecosystem.verdict import CoreVerdict
from madang.errors import Denied, NotFound
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE
from madang.ngsild.query import Query
from madang.ngsild.selection import type_is
from madang.trust.access import OPEN, Access
from madang.trust.view import Rule, View

FIRMS = 24
NEVER = 12.0
FEW = Rules(drawings=Drawings(configurations=4, evens=4, bootstraps=4))


def identifier(kind: str, number: int) -> str:
    return f"urn:ngsi-ld:{kind}:gaon:register:{number}"


def graph() -> list[dict[str, Any]]:
    """Firms in projects of three, a city that pays for them, and two meetings: too few to be told."""
    firms = [
        {
            "id": identifier("Organization", number),
            "type": "Organization",
            "name": {
                "type": "LanguageProperty",
                "languageMap": {"ko": f"기업 {number}", "en": f"Firm {number}"},
            },
            "category": {"type": "Property", "value": "startup" if number % 2 else "small-firm"},
            "foundingYear": {"type": "Property", "value": 2018 + number % 8},
            "serviceArea": {"type": "Property", "value": "transport"},
            "technologyLayer": {"type": "Property", "value": "platform-data"},
        }
        for number in range(FIRMS)
    ]
    projects = [
        {
            "id": identifier("Project", number),
            "type": "Project",
            "startDate": {"type": "Property", "value": f"20{16 + number % 10}-03-01"},
            "participant": {
                "type": "Relationship",
                "object": [identifier("Organization", (number * step) % FIRMS) for step in (1, 3, 7)],
            },
        }
        for number in range(1, 16)
    ]
    meetings = [
        {
            "id": identifier("Meeting", number),
            "type": "Meeting",
            "startDate": {"type": "Property", "value": "2025-04-01T09:00:00Z"},
        }
        for number in range(2)
    ]
    return [*firms, *projects, *meetings]


@pytest.fixture
async def city(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Hub]:
    opened = own_hub(tmp_path, clock)
    api = Client(information_api(opened, OPEN_GATE))
    answer = await api.post("/ngsi-ld/v1/entityOperations/create", json=graph())
    assert answer.status == 201, answer.body
    yield opened
    await opened.close()


def outcomes_of(hub: Hub, folder: Path, rules: Rules = FEW) -> Outcomes:
    return Outcomes(hub, Analysed("gaon", {"ko": "가온시", "en": "Gaon"}, rules), folder)


async def test_it_is_made_kept_and_read(city: Hub, tmp_path: Path) -> None:
    async with outcomes_of(city, tmp_path / "kept").keeping() as outcomes:
        assert await outcomes.latest(OPEN) is None
        outcomes.ask(OPEN)
        outcomes.ask(OPEN)  # which changes nothing
        assert outcomes.progress(OPEN) is None or outcomes.progress(OPEN).stage is Stage.READING  # type: ignore[union-attr]
        await outcomes.finished(OPEN)
        assert outcomes.progress(OPEN) is None
        outcome = await outcomes.latest(OPEN)
    assert outcome is not None
    assert outcome.city == "gaon"
    assert len(outcome.standings) == FIRMS
    assert outcome.network.counts.activities == 15
    assert outcome.network.trials == {"configuration": 4, "even": 4, "bootstrap": 4}
    assert outcome.judged.core is not CoreVerdict.UNKNOWN
    assert {one.type: one.count for one in outcome.sources} == {"Organization": FIRMS, "Project": 15}
    assert outcome.industry.confirmed == FIRMS
    assert len(outcome.components) == 7
    day = outcomes.days(OPEN)[0]
    assert await outcomes.on(OPEN, day) == outcome
    with pytest.raises(NotFound, match="comparisons"):
        await outcomes.on(OPEN, "1999-01-01")


async def test_one_that_is_stopped_goes_on_with_what_it_drew(city: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    many = Rules(drawings=Drawings(configurations=40, evens=0, bootstraps=2000))
    async with outcomes_of(city, folder, many).keeping() as outcomes:
        outcomes.ask(OPEN)
        while (now := outcomes.progress(OPEN)) is None or now.stage is not Stage.DRAWING or not now.done:
            await asyncio.sleep(0.05)
        # The first outcome is there, and leaves open what only drawings tell
        first = await outcomes.latest(OPEN)
        assert first is not None
        assert first.judged.core is CoreVerdict.UNKNOWN
    drawn = next((folder / "default" / "drawings").glob("trials-*.jsonl")).read_bytes().count(b"\n")
    assert drawn > 0
    async with outcomes_of(city, folder, many).keeping() as outcomes:
        outcomes.ask(OPEN)
        while (now := outcomes.progress(OPEN)) is None or now.stage is not Stage.DRAWING or not now.done:
            await asyncio.sleep(0.02)
        assert now.done >= drawn
        assert now.of == 2040


async def test_who_sees_a_part_only_is_not_shown_what_is_made_of_all(city: Hub, tmp_path: Path) -> None:
    async with outcomes_of(city, tmp_path / "kept").keeping() as outcomes:
        outcomes.ask(OPEN)
        await outcomes.finished(OPEN)
        firms = type_is(vocabulary.context().expand("Organization"))
        with pytest.raises(Denied, match="a part only"):
            await outcomes.latest(Access(view=View((Rule(Query(types=firms)),))))
        all_but_persons = View((Rule(outside=vocabulary.protected()),))
        assert await outcomes.latest(Access(view=all_but_persons)) is not None


async def test_what_cannot_be_analysed_is_told(city: Hub, tmp_path: Path) -> None:
    wrong = Rules(targets={"economic>nowhere:capital": NEVER}, drawings=FEW.drawings)
    async with outcomes_of(city, tmp_path / "kept", wrong).keeping() as outcomes:
        outcomes.ask(OPEN)
        await outcomes.finished(OPEN)
        progress = outcomes.progress(OPEN)
    assert progress is not None
    assert progress.stage is Stage.FAILED
    assert "nowhere" in progress.reason
