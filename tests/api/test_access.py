"""Writes of callers who do not see, or may not change, everything: what is hidden no operation reaches, and none tells of."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi_client import Client
from tests.conformance.provision import BASE, car, value

from madang.errors import Denied, MadangError, NotFound
from madang.hub import batch, entities, temporal
from madang.hub.hub import Hub
from madang.hub.purge import purge
from madang.ngsild.changes import (
    Change,
    Delete,
    DeleteAttribute,
    DeleteHistory,
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
from madang.trust.view import Rule, View

EVERYTHING = View(grants=(Rule(),))
TAXIS = Access(view=View(grants=(Rule(Query(types=parse_types("Taxi", CORE))),)))
SPEED = CORE.expand("speed")
MASKED = Access(view=View(EVERYTHING.grants, (Rule(attributes=frozenset({SPEED})),)))
CAR, TAXI = "urn:ngsi-ld:Car:1", "urn:ngsi-ld:Car:2"


@pytest.fixture
async def cars(api: Client, hub: Hub) -> Hub:
    for body in (car(1, speed=value(1)), car(2, speed=value(2)) | {"type": "Taxi"}):
        assert (await api.post(f"{BASE}/entities", body)).status == 201
    return hub


def upsert(number: int, **members: Any) -> Write:
    return Write(Mode.UPSERT_REPLACE, parse_entity(car(number, **members) | {"type": "Taxi"}, CORE))


async def test_what_is_outside_the_view_does_not_exist(cars: Hub) -> None:
    changes: list[Change] = [
        Delete(CAR),
        upsert(1),
        Retain(CAR, frozenset(), keep=True),
        Delete(TAXI),
        upsert(3),
    ]
    outcomes = await batch.apply(cars, TAXIS, changes)
    assert [type(one) for one in outcomes] == [NotFound, Denied, NotFound, Outcome, Outcome]
    assert (await entities.retrieve(cars, OPEN, CAR)).attributes


async def test_a_purge_reaches_what_the_caller_sees(cars: Hub) -> None:
    assert await purge(cars, TAXIS, Query()) == []
    assert (await entities.retrieve(cars, OPEN, CAR)).id == CAR
    with pytest.raises(NotFound):
        await entities.retrieve(cars, OPEN, TAXI)


async def refused(hub: Hub, access: Access, *changes: Change) -> list[str]:
    """What each change says that is not made, "" of one that is."""
    outcomes = await batch.apply(hub, access, changes)
    return [str(one) if isinstance(one, MadangError) else "" for one in outcomes]


async def test_what_is_hidden_of_an_entity_is_not_written(cars: Hub) -> None:
    speed = (await entities.retrieve(cars, OPEN, CAR)).attributes[0]
    changes: list[Change] = [
        PatchAttribute(CAR, speed),
        DeleteAttribute(CAR, speed.name),
        Retain(CAR, frozenset({speed.name})),
        upsert(1, speed=value(5)),
    ]
    assert await refused(cars, MASKED, *changes) == [f"You may not write {SPEED} of {CAR}"] * 4
    left = await purge(cars, MASKED, Query(), frozenset({speed.name}))
    assert [(name, type(reason)) for name, reason in left] == [(CAR, Denied), (TAXI, Denied)]


async def test_that_an_attribute_is_hidden_or_not_there_makes_no_difference(cars: Hub) -> None:
    await entities.delete_attribute(cars, OPEN, DeleteAttribute(CAR, SPEED))
    assert len(set(await refused(cars, MASKED, DeleteAttribute(CAR, SPEED), upsert(1, speed=value(5))))) == 1
    assert (await refused(cars, MASKED, Delete(CAR)))[0].startswith(f"You may not delete {CAR}")


async def test_what_is_hidden_stays_where_all_else_is_replaced(cars: Hub) -> None:
    fragment = parse_entity(car(1, colour=value("red")), CORE)
    done = await entities.replace(cars, MASKED, fragment)
    assert done.removed == ()
    kept = await entities.retrieve(cars, OPEN, CAR)
    assert {one.name: one.members()["value"] for one in kept.attributes} == {
        SPEED: 1,
        CORE.expand("colour"): "red",
    }


async def test_a_purge_that_keeps_leaves_what_the_caller_does_not_see(cars: Hub) -> None:
    assert await purge(cars, MASKED, Query(), frozenset({CORE.expand("colour")}), keep=True) == []
    assert [one.name for one in (await entities.retrieve(cars, OPEN, CAR)).attributes] == [SPEED]


async def test_what_may_be_changed_is_less_than_what_is_seen(cars: Hub) -> None:
    colour = CORE.expand("colour")
    painters = Access(
        view=EVERYTHING,
        writable=View((Rule(Query(types=parse_types("Car", CORE)), attributes=frozenset({colour})),)),
    )
    painted = Write(Mode.APPEND, parse_entity(car(1, colour=value("red")), CORE))
    head = parse_entity({"id": CAR, "type": ["Car", "Taxi"]}, CORE)
    expiring = parse_entity({"id": CAR, "type": "Car", "expiresAt": "2026-01-01T12:00:01Z"}, CORE)
    assert await refused(
        cars,
        painters,
        painted,
        Write(Mode.APPEND, parse_entity(car(1, speed=value(9)), CORE)),
        Write(Mode.APPEND, parse_entity(car(2, colour=value("red")) | {"type": "Taxi"}, CORE)),
        Write(Mode.REPLACE, parse_entity(car(1, colour=value("blue")), CORE)),
        Write(Mode.APPEND, head),
        Write(Mode.APPEND, expiring),
        Delete(CAR),
        Write(Mode.CREATE, parse_entity({"id": "urn:ngsi-ld:Bus:1", "type": "Bus"}, CORE)),
    ) == [
        "",
        f"You may not write {SPEED} of {CAR}",
        f"You may not change {TAXI}",
        f"You may not write {SPEED} of {CAR}",
        f"You may not change the types or the expiry of {CAR}: you may not write all of it",
        f"You may not change the types or the expiry of {CAR}: you may not write all of it",
        f"You may not delete {CAR}: you may not write all of it",
        "You may not write urn:ngsi-ld:Bus:1",
    ]


async def test_nothing_is_made_into_what_the_caller_may_not_write(cars: Hub) -> None:
    slow = CORE.expand("slow")
    lenient = View((Rule(),), (Rule(Query(attributes=(slow,))),))
    access = Access(view=EVERYTHING, writable=lenient)
    making = Write(Mode.APPEND, parse_entity(car(1, slow=value(True)), CORE))
    assert await refused(cars, access, making) == [
        f"You may not make of {CAR} what this change would make of it"
    ]


async def test_who_may_write_what_they_do_not_see_learns_nothing_of_it(cars: Hub) -> None:
    """A citizen files a complaint and sees none: one under an id that is taken is refused as any other is."""
    filing = Access(view=TAXIS.view, writable=EVERYTHING)
    new = Write(Mode.CREATE, parse_entity({"id": "urn:ngsi-ld:Car:9", "type": "Car"}, CORE))
    taken = Write(Mode.CREATE, parse_entity(car(1), CORE))
    untyped = Write(Mode.UPSERT_UPDATE, parse_entity({"id": CAR, "type": "Car"}, CORE))
    assert await refused(cars, filing, new, taken, untyped) == ["", *[f"You may not write {CAR}"] * 2]


async def test_nobody_comes_to_a_hidden_history_by_making_its_entity_anew(cars: Hub) -> None:
    await entities.delete(cars, OPEN, CAR)
    anew = parse_entity(car(1) | {"type": "Taxi"}, CORE)
    with pytest.raises(Denied):
        await entities.create(cars, TAXIS, anew)
    await entities.delete(cars, OPEN, TAXI)
    await entities.create(cars, TAXIS, parse_entity(car(2) | {"type": "Taxi"}, CORE))


async def test_a_history_is_corrected_by_who_may_write_it(cars: Hub) -> None:
    with pytest.raises(NotFound, match="has no history"):
        await temporal.delete(cars, TAXIS, DeleteHistory(CAR))
    with pytest.raises(Denied):
        await temporal.delete(cars, MASKED, DeleteHistory(TAXI))
    with pytest.raises(Denied):
        await temporal.delete(cars, MASKED, DeleteHistory(TAXI, SPEED, every=True))
    await temporal.delete(cars, TAXIS, DeleteHistory(TAXI, SPEED, every=True))
    with pytest.raises(Denied):
        await temporal.create(cars, TAXIS, parse_entity(car(1, speed=value(3)) | {"type": "Taxi"}, CORE))
