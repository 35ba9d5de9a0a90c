"""Writes of callers who do not see everything: what is outside the filter or in the mask, no operation reaches."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client
from tests.conformance.provision import BASE, car, value

from madang.errors import Denied, MadangError, NotFound
from madang.hub import batch, entities
from madang.hub.hub import Hub
from madang.hub.purge import purge
from madang.ngsild.changes import (
    Change,
    Delete,
    DeleteAttribute,
    Mode,
    Outcome,
    PatchAttribute,
    Retain,
    Write,
)
from madang.ngsild.context import CORE
from madang.ngsild.parse import parse_entity
from madang.ngsild.query import Query
from madang.ngsild.selection import parse_types
from madang.trust.access import OPEN, Access

TAXIS = Access(filter=Query(types=parse_types("Taxi", CORE)))
MASKED = Access(mask=frozenset({CORE.expand("speed")}))
CAR, TAXI = "urn:ngsi-ld:Car:1", "urn:ngsi-ld:Car:2"


@pytest.fixture
async def cars(api: Client, hub: Hub) -> Hub:
    for body in (car(1, speed=value(1)), car(2, speed=value(2)) | {"type": "Taxi"}):
        assert (await api.post(f"{BASE}/entities", body)).status == 201
    return hub


def upsert(number: int, **members: Any) -> Write:
    return Write(Mode.UPSERT_REPLACE, parse_entity(car(number, **members) | {"type": "Taxi"}, CORE))


async def test_what_is_outside_the_filter_does_not_exist(cars: Hub) -> None:
    changes: list[Change] = [
        Delete(CAR),
        upsert(1),
        Retain(CAR, frozenset(), keep=True),
        Delete(TAXI),
        upsert(3),
    ]
    outcomes = await batch.apply(cars, TAXIS, changes)
    assert [type(one) for one in outcomes] == [NotFound, NotFound, NotFound, Outcome, Outcome]
    assert (await entities.retrieve(cars, OPEN, CAR)).attributes


async def test_a_purge_reaches_what_the_caller_sees(cars: Hub) -> None:
    assert await purge(cars, TAXIS, Query()) == []
    assert (await entities.retrieve(cars, OPEN, CAR)).id == CAR
    with pytest.raises(NotFound):
        await entities.retrieve(cars, OPEN, TAXI)


async def test_what_is_in_the_mask_is_not_written(cars: Hub) -> None:
    speed = (await entities.retrieve(cars, OPEN, CAR)).attributes[0]
    changes: list[Change] = [
        PatchAttribute(CAR, speed),
        DeleteAttribute(CAR, speed.name),
        Retain(CAR, frozenset({speed.name})),
        upsert(1, speed=value(5)),
    ]
    for change in changes:
        with pytest.raises(Denied):
            await entities.check_writable(cars, MASKED, change)
    refused = await purge(cars, MASKED, Query(), frozenset({speed.name}))
    assert [(name, type(reason)) for name, reason in refused] == [(CAR, Denied), (TAXI, Denied)]
    assert all(isinstance(reason, MadangError) for _, reason in refused)


async def test_a_purge_that_keeps_leaves_what_the_caller_does_not_see(cars: Hub) -> None:
    assert await purge(cars, MASKED, Query(), frozenset({CORE.expand("colour")}), keep=True) == []
    assert [one.name for one in (await entities.retrieve(cars, OPEN, CAR)).attributes] == [
        CORE.expand("speed")
    ]
