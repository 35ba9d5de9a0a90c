"""A platform in a folder of its own that is asked through a view, and what its answers are compared by."""

from __future__ import annotations

import re
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import orjson
from tests.asgi_client import Client, Reply
from tests.store.queries import NAMES
from tests.trust.worlds import IDS, NOON, STEP, TYPES, Step

from madang.api.asgi import information_api
from madang.clock import FixedClock
from madang.hub import batch, entities, live
from madang.hub.contexts import Contexts
from madang.hub.delivery.notifier import Notifier
from madang.hub.hub import Hub
from madang.hub.trust.gate import NOBODY, Gate
from madang.ngsild.context import CORE
from madang.ngsild.entity import VALUE_MEMBERS
from madang.store.sqlite.store import Options, SqliteStore, store_path
from madang.trust.access import OPEN, Access
from madang.trust.identity import Action, Identity, Permission
from madang.trust.view import View

PAIRS = tuple((CORE.expand(type_), CORE.expand(name)) for type_ in TYPES for name in NAMES)
OPTIONS = Options(names=frozenset((CORE.expand("note"),)), indexed=PAIRS)
LATER = 1000 * STEP
PAGES_MAX = 20
BASE = "/ngsi-ld/v1"
SUBJECT = "person:1"
# The members by which an attribute is known
VALUES = frozenset(VALUE_MEMBERS.values())

Question = tuple[str, dict[str, str]]


class Fixed:
    """The policies of a city in which everybody sees and may change the same."""

    lasting = None

    def __init__(self, view: View | None) -> None:
        self.view = view

    def permits(self, _identity: Identity, _permission: Permission) -> bool:
        return True

    def knows_role(self, _name: str) -> bool:
        return False

    def access(self, _identity: Identity, tenant: str, _action: Action, _purpose: str) -> Access:
        return Access(tenant=tenant, subject=SUBJECT, view=self.view)


class Owners:
    """As `Fixed`, of who subscribed."""

    def __init__(self, view: View | None) -> None:
        self.view = view

    async def access(self, tenant: str, subject: str, _purpose: str) -> Access | None:
        return Access(tenant=tenant, subject=subject, view=self.view)

    async def everything(self, tenant: str, subject: str, _purpose: str) -> Access | None:
        return Access(tenant=tenant, subject=subject)


class City(msgspec.Struct):
    """A platform, and how it is asked."""

    hub: Hub
    clock: FixedClock
    client: Client
    access: Access

    async def write(self, world: Iterable[Step]) -> None:
        for step in world:
            self.clock.advance(NOON + step.at - self.clock.now())
            await batch.apply(self.hub, OPEN, [step.change])


@asynccontextmanager
async def city(view: View | None) -> AsyncIterator[City]:
    """A new platform, asked through the view."""
    with tempfile.TemporaryDirectory() as folder:
        clock = FixedClock(NOON - STEP)
        hub = Hub(
            open_store=lambda tenant: SqliteStore(store_path(Path(folder), tenant), clock, OPTIONS),
            has_store=lambda tenant: store_path(Path(folder), tenant).exists(),
            contexts=Contexts(CORE, clock),
            clock=clock,
        )
        hub.delivery = Notifier(hub, ("127.0.0.1",))
        hub.owners = Owners(view)
        hub.store(OPEN, create=True)
        gate = Gate(NOBODY, Fixed(view))
        access = Access(subject=SUBJECT, view=view)
        try:
            yield City(hub, clock, Client(information_api(hub, gate)), access)
        finally:
            await hub.close()


def plain(value: Any, *, moments: bool) -> Any:
    """An answer without numbers of the platform's own. moments: with when entities were modified."""
    if isinstance(value, list):
        return [plain(one, moments=moments) for one in value]
    if not isinstance(value, dict):
        return value
    # By what it has not: pick and omit leave an entity without its id or its type
    is_entity = VALUES.isdisjoint(value)
    return {
        name: plain(one, moments=moments)
        for name, one in value.items()
        if name != "instanceId" and (moments or not is_entity or name != "modifiedAt")
    }


def shown(reply: Reply, *, moments: bool) -> Any:
    body = plain(orjson.loads(reply.body), moments=moments) if reply.body else None
    headers = {
        name: text
        for name, text in reply.headers.items()
        if name in ("ngsild-results-count", "content-range", "warning", "ngsild-warning")
    }
    return reply.status, body, headers


async def answers(client: Client, question: Question, *, moments: bool = True) -> list[Any]:
    """All pages of the answer."""
    path, parameters = question
    address = f"{BASE}{path}?{urlencode(parameters)}"
    found: list[Any] = []
    while address and len(found) < PAGES_MAX:
        reply = await client.get(address)
        found.append(shown(reply, moments=moments))
        following = re.search(r'<([^>]*)>;[^,]*rel="next"', reply.headers.get("link", ""))
        address = following[1] if following else ""
    return found


async def looks(asked: City) -> list[Any]:
    """What functions of the hub tell that the information API does not have: names, links."""
    found: list[Any] = [
        [one.id for one in await entities.search(asked.hub, asked.access, text, 3)]
        for text in ("x", "xy", "y")
    ]
    for identifier in IDS:
        links = await entities.incoming(asked.hub, asked.access, identifier, 10)
        found.append([(name, one.id, len(one.attributes)) for name, one in links])
    return found


async def stream(asked: City) -> list[Any]:
    """What the live stream would have told, without the numbers of changes."""
    store = asked.hub.store(asked.access)
    found = []
    for change in await store.changes_since(0, 1000):
        told = await live.seen(store, asked.access, change)
        if told is not None:
            found.append((told.time, told.id, told.kind, told.types, told.names))
    return found
