"""How the chains vouch for each other, and that what is too old goes by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from madang.clock import FixedClock
from madang.hub.hub import Hub
from madang.hub.trust import audit
from madang.hub.trust.audit_keeping import PLATFORM, chain_name, keep, noted
from madang.ngsild.temporal import DAY
from madang.store.audit import About, Deed, Event, Wanted
from madang.store.sqlite.platform.store import SqlitePlatform
from madang.trust.access import OPEN, Access

YEAR = 365 * DAY
SIGNED_IN = Event("person:1", Deed.SIGN_IN)
ABOUT = About(entities=("urn:ngsi-ld:Person:anna",))


@pytest.fixture
async def city(hub: Hub, tmp_path: Path) -> AsyncIterator[Hub]:
    platform = SqlitePlatform(tmp_path / "of all" / "platform.sqlite3")
    hub.audit = platform.audit
    yield hub
    await platform.close()


async def deeds(hub: Hub) -> tuple[list[Deed], list[Deed]]:
    """Of the default tenant's chain and of the platform's, the newest first."""
    assert hub.audit is not None
    chains = (hub.store(OPEN).audit, hub.audit)
    own, platform = [[one.event.deed for one in await chain.page(Wanted(), 100)] for chain in chains]
    return own, platform


async def test_each_chain_notes_how_far_others_are(city: Hub) -> None:
    assert city.audit is not None
    await keep(city, YEAR)
    await audit.record(city, OPEN, Deed.READ, ABOUT)
    await audit.record_in(city.audit, city.clock, SIGNED_IN)
    await keep(city, YEAR)
    assert await deeds(city) == ([Deed.READ], [Deed.ANCHOR, Deed.SIGN_IN])
    assert await noted(city.audit, chain_name("")) == [await city.store(OPEN).audit.head()]
    # Another sign-in is noted by the tenant; a note alone is nothing to be noted
    await audit.record_in(city.audit, city.clock, SIGNED_IN)
    for _ in range(3):
        await keep(city, YEAR)
    assert await deeds(city) == (
        [Deed.ANCHOR, Deed.READ],
        [Deed.SIGN_IN, Deed.ANCHOR, Deed.SIGN_IN],
    )
    assert await noted(city.store(OPEN).audit, PLATFORM) == [await city.audit.head()]


async def test_a_tenant_that_is_called_as_the_platform_is_not_taken_for_it(city: Hub) -> None:
    tenant = Access(tenant="platform")
    city.store(tenant, create=True)
    await audit.record(city, tenant, Deed.READ, ABOUT)
    await keep(city, YEAR)
    assert city.audit is not None
    assert await noted(city.audit, chain_name("platform")) == [await city.store(tenant).audit.head()]
    assert not await noted(city.store(OPEN).audit, PLATFORM)


async def test_what_is_too_old_goes(city: Hub, clock: FixedClock) -> None:
    assert city.audit is not None
    await audit.record(city, OPEN, Deed.READ, ABOUT)
    await audit.record_in(city.audit, clock, SIGNED_IN)
    clock.advance(YEAR)
    await audit.record(city, OPEN, Deed.READ, ABOUT)
    await keep(city, YEAR)
    assert (await deeds(city))[0] == [Deed.READ, Deed.READ]
    clock.advance(DAY)
    for _ in range(3):
        await keep(city, YEAR)
    assert await deeds(city) == ([Deed.CUT, Deed.READ], [Deed.CUT, Deed.ANCHOR])
    assert not (await city.store(OPEN).audit.verify(await noted(city.audit, chain_name("")))).fault
