"""Subscribers are told what they may see when they are told it: policies and consents change while changes wait."""

from __future__ import annotations

from typing import Any

import pytest
from tests.delivery.conftest import Opening
from tests.delivery.receiver import Receiver
from tests.delivery.saying import LEVEL, STATION, notifier
from tests.delivery.test_failures import fail_again, failures, until

from madang.clock import FixedClock
from madang.errors import NotFound
from madang.hub import batch, dead_letters, entities, subscriptions
from madang.hub.delivery.sending import Result
from madang.hub.hub import Hub
from madang.ngsild.attribute import property_
from madang.ngsild.changes import Mode, Write
from madang.ngsild.context import Context
from madang.ngsild.entity import Entity
from madang.ngsild.q import parse_q
from madang.ngsild.query import Query, Selector
from madang.ngsild.selection import type_is
from madang.ngsild.subscription import Endpoint, NotificationParameters, Subscription, Trigger
from madang.settings import LIMITS
from madang.trust.access import OPEN, Access
from madang.trust.view import Rule, View

NOTE = "https://example.org/note"
OPENED = "https://example.org/opened"
NAMES = Context.from_terms({"level": LEVEL, "note": NOTE, "opened": OPENED})
EVERYTHING = View((Rule(),))
WITHOUT_NOTES = View((Rule(),), (Rule(attributes=frozenset((NOTE,))),))
# A station is there for them while it says that it is open
WHILE_OPEN = View((Rule(Query(q=parse_q("opened==true", NAMES))),))
NUMBER_ONE = View((Rule(Query(ids=("urn:ngsi-ld:Station:1",))),))
ANA = "person:1"
ONE = "urn:ngsi-ld:Subscription:1"


class Views:
    """What each subject sees by now; who is not in it may be told nothing. refused: how often one was not."""

    def __init__(self) -> None:
        self.refused = 0
        self.of: dict[str, View | None] = {ANA: EVERYTHING}

    async def access(self, tenant: str, subject: str, purpose: str) -> Access | None:
        if subject not in self.of:
            self.refused += 1
            return None
        return Access(tenant=tenant, subject=subject, view=self.of[subject], purpose=purpose)


@pytest.fixture
def views() -> Views:
    return Views()


@pytest.fixture
async def city(open_city: Opening, views: Views) -> Hub:
    hub = open_city()
    hub.owners = views
    return hub


async def subscribe(hub: Hub, uri: str, **members: Any) -> None:
    """Ana subscribes to all stations."""
    subscription = Subscription(
        ONE,
        NotificationParameters(Endpoint(uri)),
        selectors=(Selector(type_is(STATION)),),
        created_at=hub.clock.now(),
        **members,
    )
    await subscriptions.create(hub, Access(subject=ANA, view=EVERYTHING), subscription)


async def write(hub: Hub, number: int, **values: Any) -> None:
    iris = {"level": LEVEL, "note": NOTE, "opened": OPENED}
    written = tuple([property_(iris[name], value) for name, value in values.items()])
    station = Entity(f"urn:ngsi-ld:Station:{number}", (STATION,), written)
    await batch.apply(hub, OPEN, [Write(Mode.UPSERT_UPDATE, station)])


async def told(receiver: Receiver, count: int) -> list[dict[str, Any]]:
    """What came of each station, simplified."""
    await receiver.until_count(count)
    return [
        {
            name.rpartition("/")[2]: member["value"]
            for name, member in entity.items()
            if name not in ("id", "type", "deletedAt")
        }
        | {"number": int(entity["id"][-1])}
        for entity in receiver.entities()
    ]


async def test_only_what_the_owner_sees_is_told(city: Hub, views: Views, receiver: Receiver) -> None:
    views.of[ANA] = WITHOUT_NOTES
    await subscribe(city, receiver.url)
    await write(city, 1, note="a secret")
    await write(city, 1, level=1)
    await write(city, 1, note="another")
    await write(city, 1, level=2)
    assert await told(receiver, 2) == [{"level": 1, "number": 1}, {"level": 2, "number": 1}]


async def test_a_condition_on_what_is_hidden_tells_nothing(
    city: Hub, views: Views, receiver: Receiver
) -> None:
    views.of[ANA] = WITHOUT_NOTES
    await subscribe(city, receiver.url, q=parse_q('note=="a secret"|level>5', NAMES))
    await write(city, 1, note="a secret", level=1)
    await write(city, 1, level=7)
    assert await told(receiver, 1) == [{"level": 7, "number": 1}]


async def test_what_comes_into_sight_is_told_and_what_goes_is_told_as_gone(
    city: Hub, views: Views, receiver: Receiver
) -> None:
    """Also where what brings it there is no attribute that is watched."""
    views.of[ANA] = WHILE_OPEN
    triggers = frozenset((Trigger.ENTITY_CREATED, Trigger.ENTITY_DELETED))
    await subscribe(city, receiver.url, watched=(LEVEL,), triggers=triggers)
    await write(city, 1, level=1)
    await write(city, 1, opened=True)
    await write(city, 1, opened=False)
    assert await told(receiver, 2) == [{"level": 1, "opened": True, "number": 1}, {"number": 1}]
    assert "deletedAt" in receiver.entities()[1]


async def test_what_is_hidden_while_it_waits_is_not_told(
    city: Hub, clock: FixedClock, views: Views, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    await subscribe(city, receiver.url)
    await write(city, 1, level=1, note="a secret")
    await failures(city, 1)
    await write(city, 2, level=2)
    await write(city, 1, note="another")
    views.of[ANA] = WITHOUT_NOTES
    receiver.received.clear()
    clock.advance(60_000_000)
    notifier(city).poke()
    assert await told(receiver, 2) == [{"level": 1, "number": 1}, {"level": 2, "number": 2}]
    views.of[ANA] = NUMBER_ONE
    receiver.received.clear()
    await write(city, 2, level=3)
    await write(city, 1, level=4)
    assert await told(receiver, 1) == [{"level": 4, "note": "another", "number": 1}]


async def test_who_is_gone_is_told_nothing(city: Hub, views: Views, receiver: Receiver) -> None:
    await subscribe(city, receiver.url)
    await write(city, 1, level=1)
    assert len(await told(receiver, 1)) == 1
    del views.of[ANA]
    await write(city, 1, level=2)
    await until(lambda: views.refused)
    views.of[ANA] = EVERYTHING
    await write(city, 1, level=3)
    assert (await told(receiver, 2))[1:] == [{"level": 3, "number": 1}]


async def test_a_dead_letter_is_sent_again_only_if_its_owner_may_see_it(
    city: Hub, clock: FixedClock, views: Views, receiver: Receiver
) -> None:
    receiver.statuses = [400] * LIMITS.notification_refusals_max
    await subscribe(city, receiver.url)
    await write(city, 1, level=1, note="a secret")
    await failures(city, 1)
    await fail_again(city, clock, LIMITS.notification_refusals_max - 1)
    await until(lambda: notifier(city).counts.dead == 1)
    receiver.received.clear()
    (letter,) = await dead_letters.letters(city, Access(view=EVERYTHING), "", 10)
    assert b"a secret" in letter.body
    (hidden,) = await dead_letters.letters(city, Access(view=WITHOUT_NOTES), "", 10)
    assert (hidden.number, hidden.body, hidden.headers) == (letter.number, dead_letters.HIDDEN, ())
    views.of[ANA] = WITHOUT_NOTES
    sent = await dead_letters.retry(city, OPEN, letter.number)
    assert sent.result is Result.FAILED
    assert not receiver.received
    views.of[ANA] = EVERYTHING
    assert (await dead_letters.retry(city, OPEN, letter.number)).result is Result.DELIVERED


async def test_subscriptions_of_others_are_not_seen(city: Hub, receiver: Receiver) -> None:
    await subscribe(city, receiver.url)
    ana, bo = Access(subject=ANA, view=EVERYTHING), Access(subject="person:2", view=EVERYTHING)
    assert (await subscriptions.query(city, ana, 10, 0)).total == 1
    assert (await subscriptions.query(city, OPEN, 10, 0)).total == 1
    assert (await subscriptions.query(city, bo, 10, 0)).total == 0
    for asked in (
        subscriptions.retrieve(city, bo, ONE),
        subscriptions.update(city, bo, ONE, lambda one: one),
        subscriptions.delete(city, bo, ONE),
    ):
        with pytest.raises(NotFound, match=f"^Subscription {ONE} does not exist$"):
            await asked


async def test_a_deletion_is_told_to_who_saw_the_entity(city: Hub, views: Views, receiver: Receiver) -> None:
    views.of[ANA] = NUMBER_ONE
    await subscribe(city, receiver.url, triggers=frozenset((Trigger.ENTITY_DELETED,)))
    for number in (2, 1):
        await write(city, number, level=1)
        await entities.delete(city, OPEN, f"urn:ngsi-ld:Station:{number}")
    assert await told(receiver, 1) == [{"number": 1}]
