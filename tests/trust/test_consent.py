"""Consents count from the next read on, for their purpose, readers, attributes and time, and for nothing else."""

from __future__ import annotations

import pytest

from madang import vocabulary
from madang.clock import FixedClock
from madang.errors import BadRequestData, Denied, NotFound
from madang.hub.hub import Hub
from madang.hub.trust import consent
from madang.hub.trust.consent import PERSON, RIGHTS, Consents
from madang.ngsild.attribute import property_, relationship
from madang.ngsild.changes import Mode, Write
from madang.ngsild.entity import Entity
from madang.ngsild.temporal import DAY
from madang.store.audit import Deed, Wanted
from madang.trust.access import OPEN
from madang.trust.identity import Identity, Kind
from madang.trust.view import View, compile_view

EXPAND = vocabulary.context().expand
NAME, EMAIL, PHONE = map(EXPAND, ("name", "email", "telephone"))
KIM, LEE = (
    Entity(
        f"urn:ngsi-ld:Person:gaon:x:{who}", (PERSON,), (property_(NAME, who), property_(EMAIL, f"{who}@x.kr"))
    )
    for who in ("kim", "lee")
)
COMPLAINT = Entity(
    "urn:ngsi-ld:Complaint:gaon:x:1",
    (EXPAND("Complaint"),),
    (relationship(EXPAND("submittedBy"), KIM.id), property_(EXPAND("text"), "too loud")),
)
KIM_SELF = Identity("person:1", Kind.PERSON, frozenset({""}), ("citizen",))
STRANGER = Identity("person:2", Kind.PERSON, frozenset({""}), ("citizen",))
RESEARCHER = Identity("person:3", Kind.PERSON, frozenset({""}), ("researcher",))
MANAGER = Identity("person:4", Kind.PERSON, frozenset({""}), ("programme-manager",))


def seen(consents: Consents, who: Identity, entity: Entity, purpose: str) -> set[str]:
    """The attributes that somebody sees by consents alone."""
    found = compile_view(View(consents.grants(who, "", purpose))).seen(entity)
    return {one.name for one in found.attributes} if found is not None else set()


@pytest.fixture
async def consents(hub: Hub) -> Consents:
    outcomes = await hub.store(OPEN).commit([Write(Mode.CREATE, one) for one in (KIM, LEE, COMPLAINT)])
    assert len(outcomes) == 3
    await consent.link(hub, OPEN, "person:1", KIM.id)
    return Consents(hub)


async def test_a_consent_counts_from_the_next_read_until_it_is_taken_back(
    hub: Hub, consents: Consents
) -> None:
    assert seen(consents, MANAGER, KIM, "contact") == set()
    given = await consent.give(hub, OPEN, KIM_SELF, "contact", "ko")
    assert seen(consents, MANAGER, KIM, "contact") == {NAME, EMAIL}
    await consent.revoke(hub, OPEN, KIM_SELF, given.number)
    assert seen(consents, MANAGER, KIM, "contact") == set()
    deeds = [one.event.deed for one in await hub.store(OPEN).audit.page(Wanted(entity=KIM.id), 10)]
    assert deeds == [Deed.WITHDRAW, Deed.CONSENT, Deed.ACCOUNT]


async def test_it_holds_for_nothing_but_what_it_says(hub: Hub, consents: Consents) -> None:
    await consent.give(hub, OPEN, KIM_SELF, "contact", "en")
    assert seen(consents, MANAGER, KIM, "programme") == set()
    assert seen(consents, MANAGER, KIM, "") == set()
    assert seen(consents, RESEARCHER, KIM, "contact") == set()
    assert seen(consents, MANAGER, LEE, "contact") == set()
    assert seen(consents, MANAGER, COMPLAINT, "contact") == set()


async def test_it_expires_though_nobody_writes(hub: Hub, consents: Consents, clock: FixedClock) -> None:
    await consent.give(hub, OPEN, KIM_SELF, "contact", "en")
    asked = vocabulary.purpose("contact")
    assert asked is not None
    clock.advance(asked.days * DAY - 1)
    assert seen(consents, MANAGER, KIM, "contact") == {NAME, EMAIL}
    clock.advance(1)
    assert seen(consents, MANAGER, KIM, "contact") == set()


async def test_a_new_consent_takes_the_place_of_the_former(hub: Hub, consents: Consents) -> None:
    first = await consent.give(hub, OPEN, KIM_SELF, "contact", "en")
    second = await consent.give(hub, OPEN, KIM_SELF, "contact", "en")
    assert second.number > first.number
    await consent.revoke(hub, OPEN, KIM_SELF, second.number)
    assert seen(consents, MANAGER, KIM, "contact") == set()


async def test_persons_see_what_is_theirs(consents: Consents) -> None:
    assert seen(consents, KIM_SELF, KIM, RIGHTS) == {NAME, EMAIL}
    assert EXPAND("text") in seen(consents, KIM_SELF, COMPLAINT, RIGHTS)
    assert seen(consents, KIM_SELF, LEE, RIGHTS) == set()
    assert seen(consents, STRANGER, KIM, RIGHTS) == set()
    assert seen(consents, STRANGER, COMPLAINT, RIGHTS) == set()
    key = Identity("key:1", Kind.KEY, frozenset({""}), ("citizen",), owner="person:1")
    assert seen(consents, key, KIM, RIGHTS) == {NAME, EMAIL}
    robot = Identity("client:1", Kind.CLIENT, frozenset({""}), ("citizen",), owner="person:1")
    assert seen(consents, robot, KIM, RIGHTS) == set()


async def test_only_the_person_gives_and_takes_back(hub: Hub, consents: Consents) -> None:
    assert consents.own(STRANGER, "") == ""
    given = await consent.give(hub, OPEN, KIM_SELF, "contact", "en")
    with pytest.raises(Denied):
        await consent.give(hub, OPEN, STRANGER, "contact", "en")
    with pytest.raises(Denied):
        await consent.revoke(hub, OPEN, STRANGER, given.number)
    await consent.link(hub, OPEN, "person:2", LEE.id)
    with pytest.raises(NotFound):
        await consent.revoke(hub, OPEN, STRANGER, given.number)
    assert seen(consents, MANAGER, KIM, "contact") == {NAME, EMAIL}
    for purpose in ("safety", "nonsense"):
        with pytest.raises(BadRequestData):
            await consent.give(hub, OPEN, KIM_SELF, purpose, "en")
    with pytest.raises(NotFound):
        await consent.link(hub, OPEN, "person:2", COMPLAINT.id)


async def test_what_one_tenant_consents_to_is_nothing_to_another(hub: Hub, consents: Consents) -> None:
    await consent.give(hub, OPEN, KIM_SELF, "contact", "en")
    assert consents.grants(MANAGER, "other", "contact") == ()
    (rule,) = consents.grants(MANAGER, "", "contact")
    assert rule.covers(PHONE)
