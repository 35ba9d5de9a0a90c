"""What is suggested, what a person decides, and what that changes of the organisation: never what sources said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from tests.ecosystem.made_firms import CLASS, MERGE, ONE, THREE, TWO
from tests.ecosystem.made_outcome import NOON
from tests.own_hub import own_hub

from madang import vocabulary
from madang.clock import FixedClock
from madang.ecosystem import suggestions
from madang.ecosystem.suggestions import Category, Reason, Status, Suggestion, identifier
from madang.errors import BadRequestData, Denied, NotFound
from madang.hub import entities
from madang.hub.hub import Hub
from madang.ngsild.parse import parse_entity
from madang.trust.access import OPEN, Access
from madang.trust.view import View

CONTEXT = vocabulary.context()
OFFICER = Access(subject="person:7")


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    made = own_hub(tmp_path, FixedClock(NOON))
    for organisation in (ONE, TWO, THREE):
        raw = {"id": organisation, "type": "Organization", "name": organisation[-1], "products": "신호"}
        await entities.create(made, OPEN, parse_entity(raw, CONTEXT))
    await suggestions.put(made, OPEN, [MERGE, CLASS], NOON)
    yield made
    await made.close()


async def organisation(hub: Hub, which: str = ONE) -> Any:
    return orjson.loads(await entities.rendered(hub, OPEN, which))


async def suggestion(hub: Hub, which: Suggestion) -> Suggestion:
    return await suggestions.retrieve(hub, OPEN, which.id)


async def test_what_is_written_is_read_again(hub: Hub) -> None:
    read = await suggestion(hub, MERGE)
    assert msgspec.structs.replace(read, date=0) == MERGE
    assert msgspec.structs.replace(await suggestion(hub, CLASS), date=0) == CLASS


async def test_they_are_listed_by_category_and_state_and_by_organisation(hub: Hub) -> None:
    surer = msgspec.structs.replace(
        MERGE, id=identifier("saem", Category.MERGE, "1-3"), participant=THREE, score=0.98
    )
    await suggestions.put(hub, OPEN, [surer], NOON)
    found = await suggestions.listed(hub, OPEN, Category.MERGE, Status.PROPOSED)
    assert ([one.id for one in found.suggestions], found.total) == ([surer.id, MERGE.id], 2)
    assert [one.id for one in await suggestions.about(hub, OPEN, TWO, 10)] == [MERGE.id]
    assert len(await suggestions.about(hub, OPEN, ONE, 10)) == 3


async def test_a_confirmed_merge_says_that_they_are_the_same_and_is_taken_back(hub: Hub) -> None:
    before = await organisation(hub), await organisation(hub, TWO)
    await suggestions.decide(hub, OFFICER, MERGE, Status.CONFIRMED)
    read = await suggestion(hub, MERGE)
    assert (read.status, read.decided_by) == (Status.CONFIRMED, "person:7")
    after = await organisation(hub)
    assert after.pop("sameAs") == {"type": "Relationship", "object": TWO}
    assert (after, await organisation(hub, TWO)) == before
    other = msgspec.structs.replace(MERGE, id=identifier("saem", Category.MERGE, "1-3"), participant=THREE)
    await suggestions.put(hub, OPEN, [other], NOON)
    await suggestions.decide(hub, OFFICER, other, Status.CONFIRMED)
    assert (await organisation(hub))["sameAs"]["object"] == [TWO, THREE]
    for one in (MERGE, other):
        await suggestions.decide(hub, OFFICER, await suggestion(hub, one), Status.REFUSED)
    assert await organisation(hub) == before[0]


async def test_a_confirmed_class_is_written_with_who_said_so(hub: Hub) -> None:
    await suggestions.decide(hub, OFFICER, CLASS, Status.CONFIRMED, {"serviceArea": "logistics"})
    area = (await organisation(hub))["serviceArea"]
    assert (area["value"], area["source"]["value"]) == ("logistics", "person:7")
    read = await suggestion(hub, CLASS)
    assert read.classes["serviceArea"] == "logistics"
    await suggestions.decide(hub, OFFICER, read, Status.PROPOSED)
    assert "serviceArea" not in await organisation(hub)


async def test_what_a_source_said_stays_when_a_class_is_refused(hub: Hub) -> None:
    raw = {"id": THREE, "type": "Organization", "serviceArea": "housing"}
    await entities.append(hub, OPEN, parse_entity(raw, CONTEXT))
    third = msgspec.structs.replace(CLASS, id=identifier("saem", Category.CLASS, "3"), subject=THREE)
    await suggestions.put(hub, OPEN, [third], NOON)
    await suggestions.decide(hub, OFFICER, third, Status.REFUSED)
    assert (await organisation(hub, THREE))["serviceArea"]["value"] == "housing"


async def test_what_a_person_decided_is_not_suggested_again(hub: Hub) -> None:
    await suggestions.decide(hub, OFFICER, MERGE, Status.REFUSED)
    assert await suggestions.put(hub, OPEN, [MERGE, CLASS], NOON) == 1
    assert (await suggestion(hub, MERGE)).status is Status.REFUSED


async def test_whoever_may_not_change_the_organisation_decides_nothing(hub: Hub) -> None:
    reader = Access(subject="person:8", writable=View())
    with pytest.raises(Denied):
        await suggestions.decide(hub, reader, MERGE, Status.CONFIRMED)
    assert (await suggestion(hub, MERGE)).status is Status.PROPOSED
    assert "sameAs" not in await organisation(hub)


async def test_a_class_is_not_confirmed_without_one(hub: Hub) -> None:
    with pytest.raises(BadRequestData, match="Choose a class"):
        await suggestions.decide(hub, OFFICER, msgspec.structs.replace(CLASS, classes={}), Status.CONFIRMED)
    with pytest.raises(NotFound):
        await suggestions.retrieve(hub, OPEN, ONE)


async def test_reasons_of_others_are_read_as_well_as_can_be(hub: Hub) -> None:
    raw = {
        "id": MERGE.id,
        "type": "Suggestion",
        "reasons": {"json": ["같은 주소", {"code": "name"}, {"strange": 1}]},
    }
    await entities.append(hub, OPEN, parse_entity(raw, CONTEXT))
    read = await suggestion(hub, MERGE)
    assert read.reasons[:2] == (Reason(text="같은 주소"), Reason("name"))
