"""One organisation's neighbours, read from the hub, are those that the analysis of everything gives it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.ecosystem.made_firms import made_firms
from tests.ecosystem.made_outcome import NOON, organisation
from tests.own_hub import own_hub

from madang import vocabulary
from madang.clock import FixedClock
from madang.ecosystem.neighbourhood import Neighbourhood, neighbourhood
from madang.ecosystem.record import Record
from madang.ecosystem.taking_part import ties_of_record
from madang.ecosystem.things import things_of
from madang.hub import batch, entities
from madang.hub.hub import Hub
from madang.ngsild.changes import Mode, Write
from madang.ngsild.parse import parse_entity
from madang.trust.access import OPEN

CONTEXT = vocabulary.context()


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    opened = own_hub(tmp_path, FixedClock(NOON))
    yield opened
    await opened.close()


async def fill(hub: Hub, raw: list[dict[str, Any]]) -> None:
    for outcome in await batch.apply(
        hub, OPEN, [Write(Mode.CREATE, parse_entity(one, CONTEXT)) for one in raw]
    ):
        assert not isinstance(outcome, Exception), outcome


async def around(hub: Hub, which: str) -> Neighbourhood:
    return await neighbourhood(hub, OPEN, await entities.retrieve(hub, OPEN, which))


async def record_of(hub: Hub, raw: list[dict[str, Any]]) -> Record:
    """As the analysis reads it."""
    things = []
    for one in raw:
        body = orjson.loads(await entities.rendered(hub, OPEN, one["id"]))
        type_ = vocabulary.entity_type(CONTEXT.expand(one["type"]))
        assert type_ is not None
        things += list(things_of([body], type_))
    return Record("saem", {}, NOON, 1, tuple(things))


@pytest.mark.parametrize("seed", range(6))
async def test_partners_are_those_of_the_analysis(hub: Hub, seed: int) -> None:
    raw = made_firms(seed)
    await fill(hub, raw)
    ties = ties_of_record(await record_of(hub, raw))
    incidence = ties.incidence().tocsr()
    together = (incidence @ incidence.T).tolil()
    together.setdiag(0)
    for place, which in enumerate(ties.organisations):
        expected = {ties.organisations[other] for other in together.rows[place]}
        found = await around(hub, which)
        assert {one.id for one in found.neighbours} == expected, which
        assert {one.id: one.together for one in found.neighbours} == {
            ties.organisations[other]: together[place, other] for other in together.rows[place]
        }


async def test_ties_stand_by_their_day_with_what_they_were(hub: Hub) -> None:
    contract = {
        "id": "urn:ngsi-ld:Contract:saem:t:1",
        "type": "Contract",
        "name": {"languageMap": {"ko": "신호 구매"}},
        "date": {"value": {"@type": "Date", "@value": "2024-05-06"}},
        "amount": 12_000_000,
        "currency": "KRW",
        "buyer": {"object": organisation(4)},
        "supplier": {"object": [organisation(0), organisation(1)]},
    }
    await fill(hub, [*made_firms(0, activities=0), contract])
    (tie,) = [one for one in (await around(hub, organisation(0))).ties if one.id]
    assert (tie.kind, tie.day, tie.roles, tie.amount) == ("Contract", "2024-05-06", ("supplier",), 12_000_000)
    # The city buys: it is named, and is no partner
    assert (tie.others, tie.besides) == ((organisation(1),), (organisation(4),))


async def test_nobody_learns_of_more_than_there_is(hub: Hub) -> None:
    await fill(hub, made_firms(1, activities=0)[:1])
    found = await around(hub, organisation(0))
    assert found.ids[0] == organisation(0)
    assert not found.neighbours
    assert not found.cut
