"""The only place that chooses implementations: which store, which clock, which application. Entry point `main`."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from starlette.applications import Starlette

from madang import logs, vocabulary
from madang.api import accounts as account_operations
from madang.api import asgi, audit, deliveries, health, members, oauth, openapi, operations, schemas
from madang.api import policies as policy_operations
from madang.api.operations import Offer
from madang.api.proxies import behind_proxies
from madang.api.traffic import Traffic
from madang.city.model import City
from madang.city.trust_rules import beginning
from madang.cli import main as commands
from madang.cli.wiring import Platform, Wiring
from madang.clock import SystemClock
from madang.ecosystem.running import Analysed, Outcomes
from madang.errors import MadangError
from madang.home import Home
from madang.hub import usage
from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.provided import Desk
from madang.hub.accounts.providers import Providers
from madang.hub.contexts import Contexts
from madang.hub.delivery.notifier import Notifier
from madang.hub.hub import Hub
from madang.hub.trust import custody_keeping
from madang.hub.trust.audit_keeping import YEAR, keeping
from madang.hub.trust.consent import Consents
from madang.hub.trust.gate import Gate, Owners
from madang.hub.trust.parts import Parts
from madang.hub.trust.persons import Custody
from madang.hub.trust.policies import Policies
from madang.hub.trust.rates import Rates
from madang.hub.trust.rulebook import rulebook
from madang.ngsild.context import CORE, Context
from madang.ngsild.temporal import DAY
from madang.server import Application
from madang.settings import CORE_ALONE, LIMITS, Settings, read
from madang.store.sqlite.deliveries import subscribed_tenants
from madang.store.sqlite.files import SqliteFiles
from madang.store.sqlite.folder import Retention
from madang.store.sqlite.keys_file import SqliteKeys
from madang.store.sqlite.platform.store import SqlitePlatform
from madang.store.sqlite.store import Options, SqliteStore, store_path
from madang.trust.access import Access
from madang.web import app as pages
from madang.web.site import Site

_LOG: Final = logging.getLogger(__name__)


def default_context(settings: Settings) -> Context:
    """The @context of requests that name none (CIM 009 §5.5.5)."""
    return CORE if settings.default_context == CORE_ALONE else vocabulary.context()


def store_options(settings: Settings) -> Options:
    """What the stores are told of the vocabulary."""
    indexed = tuple(sorted(vocabulary.indexed()))
    return Options(
        default_context(settings),
        frozenset({vocabulary.NAME}),
        indexed,
        retention=retention(settings, vocabulary.context()),
    )


def retention(settings: Settings, context: Context) -> Retention:
    """For how long the store keeps history: types as IRIs, "" for all others, and microseconds."""
    return tuple(
        [("" if name == "*" else context.expand(name), days * DAY) for name, days in settings.history_kept]
    )


def days_kept(settings: Settings) -> dict[str, int]:
    """For how many days what is personal is kept: by type (IRI), "" for all others that are protected."""
    expand = vocabulary.context().expand
    return {"" if name == "*" else expand(name): days for name, days in settings.personal_kept}


def hub_over(home: Home, settings: Settings) -> Hub:
    """The hub over the SQLite stores of a home, which notifies nobody."""
    clock = SystemClock()
    options = store_options(settings)
    return Hub(
        open_store=lambda tenant: SqliteStore(store_path(home.tenants, tenant), clock, options),
        has_store=lambda tenant: store_path(home.tenants, tenant).exists(),
        contexts=Contexts(vocabulary.context(), clock, settings.egress_allow, options.context),
        clock=clock,
        history_page=settings.history_page,
    )


@asynccontextmanager
async def open_hub(home: Home, settings: Settings, owners: Owners | None = None) -> AsyncIterator[Hub]:
    """The hub over the SQLite stores of a home; at the end what waits is written and they are closed.

    owners: say what those who subscribed may see; None where that is everything."""
    hub = hub_over(home, settings)
    # They look up names and connect to brokers, and one that does not answer must not hold up the others
    threads = ThreadPoolExecutor(LIMITS.waiting_threads_max, thread_name_prefix="waiting")
    asyncio.get_running_loop().set_default_executor(threads)
    hub.delivery = Notifier(hub, settings.egress_allow)
    hub.owners = owners
    for tenant in subscribed_tenants(home.tenants):
        try:
            hub.store(Access(tenant=tenant))
        except MadangError as error:
            _LOG.error(
                "Subscribers of tenant %s are not notified before it is used: %s", tenant, error.message
            )
    try:
        yield hub
    finally:
        await hub.close()


@asynccontextmanager
async def open_platform(home: Home, settings: Settings, city: City) -> AsyncIterator[Platform]:
    """The hub of a city, and the gate before it."""
    clock = SystemClock()
    store = SqlitePlatform(home.platform_file)
    policies = Policies(rulebook(beginning(city)), clock, store.policies, store.audit)
    accounts = Accounts(store, clock, policies.book.roles)
    providers = Providers(city.providers, clock, settings.egress_allow)
    opened = city.trust.open
    gate = Gate(accounts, policies, opened, None if opened else Rates(clock), local=opened)
    try:
        await policies.load()
        async with open_hub(home, settings, None if gate.open else Owners(gate)) as hub:
            hub.audit = store.audit
            policies.consents = Consents(hub)
            custody = Custody(hub, SqliteKeys(home.keys_file), accounts, policies.book.ground.protected)
            async with (
                keeping(hub, settings.audit_years * YEAR),
                usage.keeping(hub, ZoneInfo(city.time_zone), roles_of(accounts)),
                custody_keeping.keeping(custody, days_kept(settings)),
                Outcomes(hub, analysed(city), home.outcomes).keeping() as outcomes,
            ):
                parts = Parts(accounts, policies, Desk(accounts, providers), custody)
                yield Platform(hub, gate, parts, outcomes)
    finally:
        await providers.close()
        await accounts.close()
        await policies.close()
        await store.close()


def analysed(city: City) -> Analysed:
    """What the analyses of the city's ecosystem go by."""
    named = city.ecosystem.taxonomy
    return Analysed(
        city.id,
        city.name,
        city.ecosystem,
        str(Path(city.path).parent / named) if named else "",
        city.synthetic,
        city.trust.group_min,
    )


def roles_of(accounts: Accounts) -> usage.RolesOf:
    """The roles of whom a subject names."""

    async def found(subject: str) -> tuple[str, ...]:
        identity = await accounts.identity_of_subject(subject)
        return identity.roles if identity is not None else ()

    return found


@asynccontextmanager
async def open_custody(home: Home, settings: Settings) -> AsyncIterator[Custody]:
    """Who looks after persons' data, for a command on the machine. What waits to be notified waits for the platform, which
    knows what who subscribed may see."""
    clock = SystemClock()
    store = SqlitePlatform(home.platform_file)
    accounts = Accounts(store, clock)
    hub = hub_over(home, settings)
    hub.audit = store.audit
    try:
        yield Custody(hub, SqliteKeys(home.keys_file), accounts)
    finally:
        await hub.close()
        await accounts.close()
        await store.close()


def offered(city: City, settings: Settings, traffic: Traffic) -> tuple[Offer, ...]:
    """All that is offered beside the information API and the pages."""
    return (
        *health.offered(settings.home, traffic),
        *deliveries.OFFERED,
        *openapi.OFFERED,
        *schemas.OFFERED,
        *account_operations.OFFERED,
        *members.OFFERED,
        *oauth.OFFERED,
        *policy_operations.OFFERED,
        *audit.offered(ZoneInfo(city.time_zone)),
    )


def beside(platform: Platform, city: City, settings: Settings, traffic: Traffic) -> Starlette:
    """What is served beside the information API: what is offered, and the pages."""
    hub, gate, parts = platform.hub, platform.gate, platform.parts
    site = Site(hub, city, settings, gate, parts, platform.outcomes)
    offers = offered(city, settings, traffic)
    return Starlette(routes=[*operations.routes(hub, gate, offers, parts), *pages.routes(site)])


@asynccontextmanager
async def open_accounts(home: Home) -> AsyncIterator[Accounts]:
    """Who may sign in, for a command on the machine."""
    home.create()
    store = SqlitePlatform(home.platform_file)
    accounts = Accounts(store, SystemClock())
    try:
        yield accounts
    finally:
        await accounts.close()
        await store.close()


def application(platform: Platform, city: City, settings: Settings) -> Application:
    """The information API by its thin path; all else, the pages among it, by Starlette."""
    traffic = Traffic()
    behind = beside(platform, city, settings, traffic)
    return behind_proxies(asgi.application(platform.hub, platform.gate, behind, traffic), settings.proxies)


WIRING: Final = Wiring(
    open_hub,
    open_platform,
    application,
    SqliteFiles(lambda: store_options(read(os.environ))),
    open_custody,
    open_accounts,
)


def main() -> None:
    logs.set_up("lines", "warning")
    sys.exit(commands.run(sys.argv[1:], WIRING))


if __name__ == "__main__":
    main()
