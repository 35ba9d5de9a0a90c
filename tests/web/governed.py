"""A closed city that a real process serves, and somebody who has every role and so may use every page of it."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from tests.ecosystem.made_firms import CLASS, MERGE, PARTNER, made_firms
from tests.ecosystem.made_outcome import NOON, made_outcome, other_outcome
from tests.serving import Platform
from tests.web.small_city import write_city

from madang import vocabulary
from madang.clock import SystemClock
from madang.ecosystem import kept
from madang.ecosystem.suggestions import to_entity
from madang.home import Home
from madang.hub.accounts import keys, links
from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.links import Arrival
from madang.hub.accounts.signing_in import Browser
from madang.ngsild.changes import Mode, Write
from madang.ngsild.parse import parse_entity
from madang.ngsild.temporal import DAY
from madang.store.audit import Deed, Event
from madang.store.platform import Account, Errand
from madang.store.sqlite.platform.store import SqlitePlatform
from madang.store.sqlite.store import Options, SqliteStore, store_path
from madang.trust.roles import BUILT_IN

LOGIN, PASSWORD = "mina@saem.example", "a yard where neighbours meet"
BROWSER = Browser("192.0.2.1", "Chromium")
SUGGESTED = (MERGE, CLASS, PARTNER)
LOAD_SECONDS_MAX = 60.0


class Governed(msgspec.Struct, frozen=True):
    """session: secret of somebody with every role. invitation: path behind the language of a link that nobody used."""

    platform: Platform
    session: str
    invitation: str

    @property
    def url(self) -> str:
        return self.platform.url


def govern(folder: Path) -> Governed:
    """Start it, and wait until it is loaded."""
    city = write_city(folder / "saem", SystemClock().now())
    city.write_text(city.read_text(encoding="utf-8").replace("open = true", "open = false"), encoding="utf-8")
    home = Home(folder / "home")
    home.create()
    kept.write(home.outcomes / "default", made_outcome())
    kept.write(
        home.outcomes / "default", msgspec.structs.replace(other_outcome(), city="saem", read=NOON - 40 * DAY)
    )
    # In a thread of its own, as the browser's event loop may be running in this one
    with ThreadPoolExecutor(1) as thread:
        session, invitation = thread.submit(asyncio.run, _people(home)).result()
    running = Platform.start(home.path, str(city), "--yes")
    give_up = time.monotonic() + LOAD_SECONDS_MAX
    while "readings: loaded" not in running.log.read_text():
        assert time.monotonic() < give_up, running.log.read_text()[-2000:]
        time.sleep(0.1)
    return Governed(running, session, invitation)


async def _people(home: Home) -> tuple[str, str]:
    """Accounts, keys and events as a city has them after a while; a session, and the path of an invitation."""
    store, clock = SqlitePlatform(home.platform_file), SystemClock()
    accounts = Accounts(store, clock, BUILT_IN)
    roles = tuple(name for name in BUILT_IN if name != "visitor")
    mina = await store.accounts.add(Account(0, LOGIN, "김미나", roles))
    guest = await store.accounts.add(Account(0, "jun@saem.example", "박준", ("citizen",)))
    link = await links.make_link(accounts, Errand.INVITATION, mina.number)
    secret = link.path.removeprefix(links.PATH)
    signed_in = await links.arrive(accounts, secret, Arrival(PASSWORD), BROWSER)
    identity = await accounts.identity_of_session(signed_in.token)
    assert identity is not None
    await keys.make_key(accounts, identity, keys.KeyWish("야간 적재", ("read",)))
    invitation = await links.make_link(accounts, Errand.INVITATION, guest.number)
    await accounts.close()
    await store.close()
    await _events(home, identity.subject)
    return signed_in.token, invitation.path


async def _events(home: Home, subject: str) -> None:
    tenant = SqliteStore(store_path(home.tenants, ""), SystemClock(), Options())
    now = SystemClock().now()
    for number in range(60):
        things = tuple(f"urn:ngsi-ld:Person:saem:hr:{number}-{place}" for place in range(number % 7))
        deed = Deed.READ if number % 5 else Deed.DOWNLOAD
        event = Event(subject, deed, "", things, ("https://schema.org/Person",), "rights", "민원 2026-113")
        await tenant.audit.append([event], now - (60 - number) * DAY // 10)
    firms = [parse_entity(one, vocabulary.context()) for one in made_firms(3, 30, 80)]
    await tenant.commit(
        [Write(Mode.CREATE, one) for one in [*firms, *(to_entity(one, now) for one in SUGGESTED)]]
    )
    await tenant.audit.forget(["urn:ngsi-ld:Person:saem:hr:58-0"])
    await tenant.close()
