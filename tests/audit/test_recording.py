"""What is recorded without anybody's doing: every way to read of a recorded type, every change to one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from madang import logs
from madang.errors import MadangError, StoreBroken
from madang.hub import batch, entities, linking, live, purge, temporal
from madang.hub.hub import Hub
from madang.ngsild.attribute import property_, relationship
from madang.ngsild.changes import Delete, DeleteHistory, Mode, Write
from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.ngsild.query import Query, Window
from madang.ngsild.selection import type_is
from madang.ngsild.temporal import TemporalQuery
from madang.store.audit import Deed, Wanted
from madang.trust.access import OPEN, Access

PERSON, LAMP, NAME, KNOWS = (CORE.expand(name) for name in ("Person", "Lamp", "name", "knows"))
ANNA, BORA, LIGHT = "urn:ngsi-ld:Person:anna", "urn:ngsi-ld:Person:bora", "urn:ngsi-ld:Lamp:1"
CALLER = Access(
    subject="person:7", recorded=frozenset({PERSON}), purpose="care", reason="case 7", rules=("care-desk",)
)
WINDOW = Window(limit=10)


@pytest.fixture
async def city(hub: Hub) -> Hub:
    """Two persons and a lamp that one of them lit."""
    for identifier, type_ in ((ANNA, PERSON), (BORA, PERSON), (LIGHT, LAMP)):
        await entities.create(hub, OPEN, Entity(identifier, (type_,), (property_(NAME, identifier[-4:]),)))
    return hub


async def recorded(hub: Hub) -> list[tuple[Deed, tuple[str, ...]]]:
    return [
        (one.event.deed, one.event.entities)
        for one in reversed(await hub.store(OPEN).audit.page(Wanted(), 100))
    ]


Reading = Callable[[Hub, Access], Awaitable[object]]
READINGS: dict[str, tuple[Reading, tuple[str, ...]]] = {
    "retrieve": (lambda hub, access: entities.retrieve(hub, access, ANNA), (ANNA,)),
    "rendered": (lambda hub, access: entities.rendered(hub, access, ANNA), (ANNA,)),
    "rendered elsewhere": (lambda hub, access: entities.rendered(hub, access, ANNA, CORE), (ANNA,)),
    "query": (lambda hub, access: entities.query(hub, access, Query(), WINDOW), (ANNA, BORA)),
    "rendered query": (
        lambda hub, access: entities.rendered_query(hub, access, Query(), WINDOW),
        (ANNA, BORA),
    ),
    "history": (lambda hub, access: temporal.retrieve(hub, access, ANNA, TemporalQuery()), (ANNA,)),
    "histories": (
        lambda hub, access: temporal.query(hub, access, Query(), TemporalQuery(), WINDOW),
        (ANNA, BORA),
    ),
}


@pytest.mark.parametrize("way", READINGS)
async def test_every_way_to_read_a_protected_thing_is_recorded(city: Hub, way: str) -> None:
    read, told = READINGS[way]
    await read(city, OPEN)
    assert not await recorded(city)
    scope: logs.Scope = {"client": ("203.0.113.9", 1), "headers": [(logs.HEADER, b"number-1")]}
    token = logs.REQUEST.set(scope)
    try:
        await read(city, CALLER)
    finally:
        logs.REQUEST.reset(token)
    (found,) = await city.store(OPEN).audit.page(Wanted(), 10)
    event = found.event
    assert (event.deed, event.entities, event.types) == (Deed.READ, told, (PERSON,))
    assert (event.subject, event.purpose, event.reason) == ("person:7", "care", "case 7")
    assert (event.rules, event.origin, event.request) == (("care-desk",), "203.0.113.9", "number-1")
