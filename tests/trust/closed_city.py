"""A closed city in this process: its application, and people of every role who are signed in to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from tests.asgi_client import Client

from madang.api.asgi import information_api
from madang.city.model import City, Trust
from madang.cli.wiring import Platform
from madang.home import Home
from madang.hub.accounts.signing_in import Browser, begin_session
from madang.hub.trust.credentials import SESSION_COOKIE
from madang.hub.trust.gate import OPEN_GATE
from madang.settings import Settings
from madang.store.platform import Account
from madang.trust.access import Access
from madang.trust.identity import Identity
from madang.wire import application, open_platform

CITY = City(
    id="closed",
    name={"ko": "닫힌시", "en": "Closed"},
    languages=("ko", "en"),
    time_zone="Asia/Seoul",
    extent=(126.9, 37.4, 127.0, 37.5),
)
HOST = "madang.test"


class Person(msgspec.Struct, frozen=True):
    """headers: by which they are known. identity: None for a visitor."""

    headers: dict[str, str]
    identity: Identity | None = None


VISITING = Person({})


class ClosedCity(msgspec.Struct, frozen=True):
    """client: asks the whole application. inside: writes past the gate."""

    platform: Platform
    settings: Settings
    city: City
    client: Client
    inside: Client

    async def sign_in(self, *roles: str, tenants: tuple[str, ...] | None = ("",), login: str = "") -> Person:
        accounts = self.platform.parts.accounts
        login = login or f"{'-'.join(roles)}-{'-'.join(tenants or ('all',))}@closed.example"
        account = await accounts.platform.accounts.add(Account(0, login, "Somebody", roles, tenants))
        token = (await begin_session(accounts, account, Browser("192.0.2.1"), "password")).token
        identity = await accounts.identity_of_session(token)
        assert identity is not None
        return Person({"cookie": f"{SESSION_COOKIE}={token}"}, identity)

    async def changes(self, tenant: str = "") -> int:
        """How many changes there have been."""
        return await self.platform.hub.store(Access(tenant=tenant)).last_sequence()


@asynccontextmanager
async def closed_city(folder: Path, trust: Trust = Trust()) -> AsyncIterator[ClosedCity]:  # noqa: B008 it is frozen
    settings = Settings(folder, HOST, 8080)
    home = Home(folder)
    home.create()
    city = msgspec.structs.replace(CITY, trust=trust)
    async with open_platform(home, settings, city) as platform:
        platform.hub.store(Access(), create=True)
        client = Client(application(platform, city, settings))
        yield ClosedCity(platform, settings, city, client, Client(information_api(platform.hub, OPEN_GATE)))
