"""What is recorded without anybody's doing: every way to read of a recorded type, every change to one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import apsw
import pytest

from madang import logs
from madang.errors import NotFound, StoreBroken
from madang.hub import batch, entities, linking, live, purge, telling, temporal
from madang.hub.hub import Hub
from madang.ngsild.attribute import property_, relationship
from madang.ngsild.changes import Change, Delete, DeleteHistory, Mode, Write
from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.ngsild.event import occurrence
from madang.ngsild.linked import Join
from madang.ngsild.linked import Mode as JoinMode
from madang.ngsild.notification import Envelope
from madang.ngsild.query import Query, Window
from madang.ngsild.representation import Form
from madang.ngsild.selection import type_is
from madang.ngsild.subscription_input import parse_subscription
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
    knows = relationship(KNOWS, BORA)
    for identifier, type_ in ((ANNA, PERSON), (BORA, PERSON), (LIGHT, LAMP)):
        attributes = (property_(NAME, identifier[-4:]), *(() if identifier == BORA else (knows,)))
        await entities.create(hub, OPEN, Entity(identifier, (type_,), attributes))
    return hub


async def recorded(hub: Hub) -> list[tuple[Deed, tuple[str, ...]]]:
    return [
        (one.event.deed, one.event.entities)
        for one in reversed(await hub.store(OPEN).audit.page(Wanted(), 100))
    ]


async def follow_lamp(hub: Hub, access: Access) -> object:
    lamp = await entities.retrieve(hub, access, LIGHT)
    return await linking.follow(hub, access, [lamp], Form(), Join(JoinMode.INLINE))


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
    "what it links to": (follow_lamp, (BORA,)),
    "what links to it": (lambda hub, access: entities.incoming(hub, access, BORA, 10), (ANNA,)),
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


async def test_a_number_of_protected_things_is_recorded(city: Hub) -> None:
    await entities.query(city, CALLER, Query(types=type_is(PERSON)), Window(limit=0, count=True))
    await entities.query(city, CALLER, Query(types=type_is(LAMP)), Window(limit=0, count=True))
    assert await recorded(city) == [(Deed.COUNT, ())]


async def test_what_is_not_protected_or_not_there_is_not_recorded(city: Hub) -> None:
    await entities.retrieve(city, CALLER, LIGHT)
    await entities.query(city, CALLER, Query(types=type_is(LAMP)), WINDOW)
    await entities.create(city, CALLER, Entity("urn:ngsi-ld:Lamp:2", (LAMP,), ()))
    with pytest.raises(NotFound):
        await entities.retrieve(city, CALLER, "urn:ngsi-ld:Person:none")
    with pytest.raises(NotFound):
        await entities.delete(city, CALLER, "urn:ngsi-ld:Person:none")
    assert not await recorded(city)


async def test_changes_are_recorded_with_them(city: Hub) -> None:
    named = Entity(ANNA, (), (property_(NAME, "Anna"),))
    await entities.append(city, CALLER, named)
    changes: list[Change] = [
        Write(Mode.UPDATE, named),
        Delete("urn:ngsi-ld:Person:none"),
        Delete(BORA),
        Delete(LIGHT),
    ]
    await batch.apply(city, CALLER, changes)
    await temporal.delete(city, CALLER, DeleteHistory(ANNA, NAME))
    await purge.purge(city, CALLER, Query(types=type_is(PERSON)))
    assert await recorded(city) == [
        (Deed.WRITE, (ANNA,)),
        (Deed.WRITE, (ANNA,)),
        (Deed.DELETE, (BORA,)),
        (Deed.WRITE, (ANNA,)),
        (Deed.DELETE, (ANNA,)),
    ]
    assert not (await city.store(OPEN).audit.verify()).fault


async def test_following_is_recorded_once_for_each_thing(city: Hub) -> None:
    following = live.watch(city, CALLER, after=0)
    told = [(await anext(following)).id for _ in range(3)]
    await entities.append(city, OPEN, Entity(ANNA, (), (property_(NAME, "Anna"),)))
    told.append((await anext(following)).id)
    assert told == [ANNA, BORA, LIGHT, ANNA]
    assert await recorded(city) == [(Deed.FOLLOW, (ANNA,)), (Deed.FOLLOW, (BORA,))]


async def test_what_cannot_be_recorded_is_not_told(city: Hub) -> None:
    """As where the disk is full: the answer is an error, not a reading that nobody knows of."""
    with apsw.Connection(str(city.store(OPEN).audit.path)) as connection:  # type: ignore[attr-defined]  # of SQLite
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'full'); END"
        )
    for read, _ in READINGS.values():
        with pytest.raises(StoreBroken):
            await read(city, CALLER)
    await entities.retrieve(city, CALLER, LIGHT)


async def test_a_notification_of_protected_things_is_recorded(city: Hub) -> None:
    body = {
        "type": "Subscription",
        "entities": [{"type": "Person"}],
        "notification": {"endpoint": {"uri": "http://203.0.113.7/"}},
    }
    now = city.clock.now()
    subscription = parse_subscription(body, CORE, now, "urn:ngsi-ld:Subscription:1")
    events = [occurrence(0, now, await entities.retrieve(city, OPEN, one)) for one in (ANNA, LIGHT)]
    await telling.message(city, CALLER, subscription, events, Envelope("urn:x:1", now))
    (told,) = await city.store(OPEN).audit.page(Wanted(), 10)
    assert (told.event.deed, told.event.object, told.event.entities) == (
        *(Deed.NOTIFY, "urn:ngsi-ld:Subscription:1"),
        (ANNA,),
    )
