"""Small groups of protected types are not counted: a mere number must not tell of somebody."""

from __future__ import annotations

import msgspec
import pytest

from madang.errors import NotFound
from madang.hub import batch, discovery, entities
from madang.hub.hub import Hub
from madang.ngsild.attribute import property_
from madang.ngsild.changes import Mode, Write
from madang.ngsild.entity import Entity
from madang.ngsild.query import Query, Window
from madang.ngsild.selection import type_is
from madang.trust.access import OPEN, Access

PERSON, MEMBER, SENSOR = ("https://example.org/" + name for name in ("Person", "Member", "Sensor"))
AGE, LEVEL = "https://example.org/age", "https://example.org/level"
COUNTED = Window(limit=0, count=True)
ANALYST = Access(recorded=frozenset((PERSON, MEMBER)), group_min=3)


async def fill(hub: Hub, *types: tuple[str, ...]) -> None:
    made = [
        Entity(f"urn:x:{number}", which, (property_(LEVEL if SENSOR in which else AGE, number),))
        for number, which in enumerate(types)
    ]
    await batch.apply(hub, OPEN, [Write(Mode.CREATE, one) for one in made])


async def test_few_are_told_as_none(hub: Hub) -> None:
    await fill(hub, (PERSON,), (PERSON,), (SENSOR,))
    assert await discovery.types(hub, ANALYST) == [SENSOR]
    assert await discovery.type_counts(hub, OPEN) == {PERSON: 2, SENSOR: 1}
    with pytest.raises(NotFound):
        await discovery.type_information(hub, ANALYST, PERSON)
    assert [one.attribute for one in await discovery.attributes(hub, ANALYST)] == [LEVEL]
    for query, told in ((Query(), 1), (Query(types=type_is(PERSON)), 0), (Query(types=type_is(SENSOR)), 1)):
        assert (await entities.query(hub, ANALYST, query, COUNTED)).total == told
        assert (await entities.rendered_query(hub, ANALYST, query, COUNTED)).total == told


async def test_enough_are_counted_and_who_reads_them_may_count_them(hub: Hub) -> None:
    await fill(hub, (PERSON,), (PERSON,), (PERSON,))
    assert (await entities.query(hub, ANALYST, Query(), COUNTED)).total == 3
    strict = msgspec.structs.replace(ANALYST, group_min=4)
    assert (await entities.query(hub, strict, Query(), COUNTED)).total == 0
    assert (await entities.query(hub, strict, Query(), Window(limit=1, count=True))).total == 3


async def test_a_group_that_is_small_without_another_is_not_counted(hub: Hub) -> None:
    await fill(hub, (PERSON, MEMBER), (PERSON, MEMBER), (PERSON,), (SENSOR,))
    assert await discovery.type_counts(hub, ANALYST) == {SENSOR: 1}
    assert (await entities.query(hub, ANALYST, Query(), COUNTED)).total == 1
