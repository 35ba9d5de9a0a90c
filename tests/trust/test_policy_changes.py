"""Policies that are written while the city runs: in force at once, kept, and never showing more than they said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.trust.policy_makers import (
    NOON,
    entity,
    person,
    sees,
)

from madang.clock import FixedClock
from madang.errors import Conflict, NotFound
from madang.hub.trust.policies import Origin, Policies
from madang.hub.trust.rulebook import Beginning, rulebook
from madang.store.audit import Deed, Wanted
from madang.store.sqlite.platform.store import SqlitePlatform
from madang.trust.identity import VISITOR
from madang.trust.policy import Constraints, Effect, Policy, What


@pytest_asyncio.fixture
async def platform(tmp_path: Path) -> AsyncIterator[SqlitePlatform]:
    store = SqlitePlatform(tmp_path / "platform.sqlite3")
    yield store
    await store.close()


HIDE = Policy("ordinary-reading", Effect.PROHIBIT, what=What(types=("Building",)))


async def test_a_change_counts_from_the_next_request_and_after_a_restart(platform: SqlitePlatform) -> None:
    book, clock, citizen = rulebook(Beginning()), FixedClock(NOON), person("citizen")
    policies = Policies(book, clock, platform.policies, platform.audit)
    await policies.load()
    before = policies.version
    assert sees(policies, citizen, entity("Building"))
    await policies.write(HIDE, "person:1")
    assert policies.version != before
    assert not sees(policies, citizen, entity("Building"))
    again = Policies(book, clock, platform.policies, platform.audit)
    await again.load()
    assert not sees(again, citizen, entity("Building"))
    listed = again.get("ordinary-reading")
    assert (listed.origin, listed.replaces, listed.changed_by) == (
        *(Origin.WRITTEN, Origin.BUILT_IN, "person:1"),
    )
    await again.remove("ordinary-reading", "person:2")
    assert sees(again, citizen, entity("Building"))
    with pytest.raises(Conflict):
        await again.remove("ordinary-reading", "person:2")
    with pytest.raises(NotFound):
        await again.remove("no-such", "person:2")
    found = await platform.audit.page(Wanted(deed=Deed.POLICY), 10)
    told = [(one.event.subject, one.event.object, one.event.reason) for one in found]
    assert sorted(told) == [
        ("person:1", "policy:ordinary-reading", "prohibit, written"),
        ("person:2", "policy:ordinary-reading", "removed"),
    ]


async def test_what_the_city_protects_since_is_not_shown_by_what_was_written_before(
    platform: SqlitePlatform,
) -> None:
    show = Policy("ordinary-reading", Effect.PERMIT, what=What(types=("Building",)))
    hide = Policy("no-stops", Effect.PROHIBIT, what=What(types=("GtfsStop",), datasets=("stops",)))
    stop = entity("GtfsStop", identifier="urn:ngsi-ld:GtfsStop:gaon:stops:1")
    before = Beginning("gaon", public=True, sources=frozenset({"stops"}))
    policies = Policies(rulebook(before), FixedClock(NOON), platform.policies)
    await policies.load()
    await policies.write(show, "person:1")
    await policies.write(hide, "person:1")
    assert sees(policies, VISITOR, entity("Building"))
    assert not sees(policies, VISITOR, stop)
    since = Beginning("gaon", public=True, protected=("Building",), sources=frozenset())
    again = Policies(rulebook(since), FixedClock(NOON), platform.policies)
    await again.load()
    assert not sees(again, VISITOR, entity("Building"))
    assert "protected" in again.get("ordinary-reading").idle
    # A prohibition stays, whatever has become of the source that it names
    assert not sees(again, VISITOR, stop)
    assert again.get("no-stops").idle == ""


async def test_what_is_used_up_stays_so_after_a_restart(platform: SqlitePlatform) -> None:
    taste = Policy("taste", Effect.PERMIT, what=What(types=("Building",)), constraints=Constraints(count=3))
    book = rulebook(Beginning(policies=(taste,)))
    clock, stranger = FixedClock(NOON), person()
    policies = Policies(book, clock, platform.policies)
    await policies.load()
    assert sees(policies, stranger, entity("Building"))
    await asyncio.sleep(0)
    assert sees(policies, stranger, entity("Building"))
    await policies.close()
    again = Policies(book, clock, platform.policies)
    await again.load()
    assert [sees(again, stranger, entity("Building")) for _ in range(2)] == [True, False]
    await again.close()
