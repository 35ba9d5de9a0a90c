"""A person's data over the whole platform: found, handed out, and erased so that no file of the home holds a byte of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import orjson
import pytest
from tests.delivery.receiver import Receiver, receiving
from tests.store.a_life import (
    COMPLAINT,
    CONTEXT,
    EMAIL,
    KIM,
    LEE,
    NAME,
    OPTIONS,
    PERSON,
    SECRETS,
    TEXT,
    left_in,
    person,
)

from madang.clock import FixedClock
from madang.errors import NotFound
from madang.home import Home
from madang.hub import batch, entities, subscriptions
from madang.hub.accounts.accounts import Accounts
from madang.hub.contexts import Contexts
from madang.hub.delivery.notifier import Notifier
from madang.hub.hub import Hub
from madang.hub.trust import consent, custody_keeping, persons
from madang.hub.trust.handout import readable
from madang.hub.trust.persons import Custody
from madang.ngsild.attribute import property_, relationship
from madang.ngsild.changes import Mode, PatchAttribute, Write
from madang.ngsild.entity import Entity
from madang.ngsild.subscription_input import parse_subscription
from madang.ngsild.temporal import DAY
from madang.store.audit import Deed, Wanted
from madang.store.persons import Cause
from madang.store.platform import Account
from madang.store.sqlite.keys_file import SqliteKeys
from madang.store.sqlite.platform.store import SqlitePlatform
from madang.store.sqlite.store import SqliteStore, store_path
from madang.trust.access import OPEN, Access
from madang.trust.identity import Identity, Kind

MEETING = "urn:ngsi-ld:Meeting:gaon:m:1"
LETTER = "urn:ngsi-ld:Complaint:gaon:c:1"
NEWS = "urn:ngsi-ld:PointOfInterest:gaon:p:1"
OFFICER = Access(subject="person:1")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


@pytest.fixture
async def custody(tmp_path: Path, clock: FixedClock, receiver: Receiver) -> AsyncIterator[Custody]:
    """A platform that knows Kim and Lee, has accounts for them, and told a receiver that does not answer of it."""
    home = Home(tmp_path / "home")
    home.create()
    platform = SqlitePlatform(home.platform_file)
    accounts = Accounts(platform, clock)
    hub = Hub(
        open_store=lambda tenant: SqliteStore(store_path(home.tenants, tenant), clock, OPTIONS),
        has_store=lambda tenant: store_path(home.tenants, tenant).exists(),
        contexts=Contexts(CONTEXT, clock, ("127.0.0.1",)),
        clock=clock,
    )
    hub.delivery = Notifier(hub, ("127.0.0.1",))
    hub.store(OPEN, create=True)
    receiver.statuses = [500] * 1000
    await subscribe(hub, receiver.url, {"type": "Person"})
    await batch.apply(hub, OPEN, [Write(Mode.CREATE, one) for one in the_graph()])
    for n in range(5):
        clock.advance(1_000_000)
        change = PatchAttribute(KIM, property_(EMAIL, f"kim.second@example.org {n}"))
        await batch.apply(hub, OPEN, [change])
    await subscribe(hub, receiver.url, {"type": "Person", "id": KIM})
    account = await platform.accounts.add(Account(0, "kim.first@example.org", "김새벽별", ("citizen",)))
    await consent.link(hub, OFFICER, f"person:{account.number}", KIM)
    kim = Identity(f"person:{account.number}", Kind.PERSON, frozenset({""}), ("citizen",))
    await consent.give(hub, OPEN, kim, "contact", "ko")
    yield Custody(hub, SqliteKeys(home.keys_file), accounts)
    await hub.close()
    await accounts.close()
    await platform.close()


def the_graph() -> list[Entity]:
    submitted, takes_part = CONTEXT.expand("submittedBy"), CONTEXT.expand("participant")
    return [
        person(KIM, "김새벽별", "kim.first@example.org", "seoul-attic-17"),
        person(LEE, "이도윤", "lee@example.org", "stays"),
        Entity(LETTER, (COMPLAINT,), (relationship(submitted, KIM), property_(TEXT, "wrote-in-anger-4711"))),
        Entity(MEETING, (CONTEXT.expand("Meeting"),), (relationship(takes_part, [KIM, LEE]),)),
        Entity(NEWS, (CONTEXT.expand("PointOfInterest"),), (property_(NAME, "Statue of 김새벽별"),)),
    ]


async def subscribe(hub: Hub, url: str, selector: dict[str, str]) -> None:
    name = f"urn:ngsi-ld:Subscription:{len(selector)}"
    raw = {
        "id": name,
        "type": "Subscription",
        "entities": [selector],
        "notificationTrigger": ["entityCreated", "entityUpdated", "entityDeleted"],
        "notification": {"endpoint": {"uri": url}},
    }
    await subscriptions.create(hub, OPEN, parse_subscription(raw, CONTEXT, hub.clock.now(), name))


async def test_what_is_a_persons_is_found(custody: Custody) -> None:
    found = await persons.belongings(custody, "", KIM)
    assert [one.id for one in found.own] == [KIM, LETTER]
    assert [one.id for one in found.shared] == [MEETING]
    for stranger in (NEWS, LETTER, "urn:ngsi-ld:Person:gaon:register:nobody"):
        with pytest.raises(NotFound):
            await persons.belongings(custody, "", stranger)


async def test_a_person_gets_all_of_theirs(custody: Custody) -> None:
    handout = await persons.hand_out(custody, OFFICER, KIM, "asked by letter")
    told = orjson.loads(msgspec.json.encode(handout))
    assert {one["id"] for one in told["entities"]} == {KIM, LETTER, MEETING}
    emails = next(one for one in told["histories"] if one["id"] == KIM)["email"]
    assert "kim.first@example.org" in [one["value"] for one in emails]
    assert len(emails) == 6
    assert [one["purpose"] for one in told["consents"]] == ["contact"]
    assert [one["deed"] for one in told["read"]] == ["consent", "account"]
    assert "lee@example.org" not in msgspec.json.encode(handout).decode()
    korean = readable(handout, CONTEXT, "ko")
    assert "- 이름: 김새벽별" in korean
    assert "- 내용: wrote-in-anger-4711" in korean
    assert "연락과 안내: 이름, 전자우편, 전화번호" in korean
    assert "- E-mail: kim.second@example.org 4" in readable(handout, CONTEXT, "en")
    (event,) = await custody.hub.store(OPEN).audit.page(Wanted(deed=Deed.HAND_OUT), 5)
    assert (event.event.subject, event.event.reason) == ("person:1", "asked by letter")


async def test_erased_from_every_file_of_the_home(
    custody: Custody, tmp_path: Path, receiver: Receiver, clock: FixedClock
) -> None:
    hub, delivery = custody.hub, custody.hub.delivery
    assert isinstance(delivery, Notifier)
    home = tmp_path / "home"
    await receiver.until_count(1)
    await persons.hand_out(custody, OFFICER, KIM, "before")
    assert {secret for _, secret in left_in(home)} == set(SECRETS)
    erased = await persons.erase(custody, OFFICER, KIM, "asked by letter")
    assert erased.destruction.types == {PERSON: 1, COMPLAINT: 1}
    assert erased.mentions == (NEWS,)
    assert not erased.pending
    # What is left to be told is that this id is gone, and the statue is nobody's data
    await entities.delete(hub, OPEN, NEWS)
    await hub.store(OPEN).persons.erase([NEWS])
    receiver.statuses.clear()
    receiver.received.clear()
    clock.advance(3600 * 1_000_000)
    delivery.poke()
    await receiver.until(lambda: any(one["id"] == KIM for one in receiver.entities()))
    (gone,) = [one for one in receiver.entities() if one["id"] == KIM]
    assert set(gone) <= {"id", "type", "deletedAt"}
    await receiver.until(lambda: not delivery.waiting)
    await delivery.keep("")
    await hub.store(OPEN).persons.compact()
    assert left_in(home) == []


async def test_after_it_the_audit_holds_and_names_nobody(custody: Custody) -> None:
    hub = custody.hub
    await persons.hand_out(custody, OFFICER, KIM, "before")
    await persons.erase(custody, OFFICER, KIM, "asked by letter")
    chain = hub.store(OPEN).audit
    assert (await chain.verify()).fault == ""
    assert await chain.page(Wanted(entity=KIM), 9) == []
    (event,) = await chain.page(Wanted(deed=Deed.ERASE), 9)
    (record,) = hub.store(OPEN).persons.destructions()
    assert event.event.object == f"destruction:{record.number}"
    assert (event.forgotten, event.event.entities) == (2, ())
    assert (record.cause, record.by, record.reason) == (Cause.ERASURE, "person:1", "asked by letter")
    assert record.ended


async def test_the_account_says_no_more_whose_it_was(custody: Custody) -> None:
    await persons.erase(custody, OFFICER, KIM, "asked by letter")
    assert custody.accounts is not None
    account = await custody.accounts.platform.accounts.get(1)
    assert account is not None
    assert (account.login, account.name, account.active) == ("closed:1", "", False)
    assert await custody.accounts.platform.accounts.by_login("kim.first@example.org") is None


async def test_what_is_others_stays(custody: Custody) -> None:
    await persons.erase(custody, OFFICER, KIM, "asked")
    meeting = await entities.retrieve(custody.hub, OPEN, MEETING)
    assert orjson.loads(meeting.attributes[0].body)["object"] in (LEE, [LEE])
    assert (await subscriptions.query(custody.hub, OPEN, 10, 0)).total == 1
    with pytest.raises(NotFound):
        await persons.erase(custody, OFFICER, KIM, "again")


async def test_what_was_kept_long_enough_is_destroyed_with_a_record(
    custody: Custody, clock: FixedClock
) -> None:
    hub = custody.hub
    kept = {COMPLAINT: 30, "": 365}
    assert await custody_keeping.keep(custody, "", kept) == 0
    clock.advance(31 * DAY)
    await batch.apply(hub, OPEN, [PatchAttribute(LEE, property_(EMAIL, "lee@example.org again"))])
    assert await custody_keeping.keep(custody, "", kept) == 1
    clock.advance(350 * DAY)
    # Kim has not been heard of for longer, but a consent of theirs holds; the meeting goes
    assert await custody_keeping.keep(custody, "", kept) == 1
    await entities.retrieve(hub, OPEN, KIM)
    clock.advance(400 * DAY)
    assert await custody_keeping.keep(custody, "", kept) == 2
    records = hub.store(OPEN).persons.destructions()
    assert [list(one.types) for one in records] == [[PERSON], [CONTEXT.expand("Meeting")], [COMPLAINT]]
    assert all(one.cause is Cause.RETENTION and one.by == "operator" and one.ended for one in records)
    deeds = await hub.store(OPEN).audit.page(Wanted(deed=Deed.DESTROY), 9)
    assert [one.event.reason for one in deeds][-1] == "not changed for 30 days"
    assert await custody_keeping.keep(custody, "", kept) == 0
