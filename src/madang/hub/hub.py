"""The hub's state: the stores of the tenants, the known @contexts, the time. Its operations are the modules beside."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from madang.clock import Clock
from madang.errors import BadRequestData, Busy, NoTenant
from madang.hub.contexts import Contexts
from madang.hub.uses import Uses
from madang.ngsild.subscription import DeliveryState
from madang.settings import LIMITS
from madang.store.audit import Chain
from madang.store.base import KeptContexts, KeptSubscription, Store
from madang.trust.access import DEFAULT_TENANT, Access

_TENANT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_LOG: Final = logging.getLogger(__name__)
# A tenant that was asked for a moment ago will be asked for again
_IDLE_US: Final = 1_000_000


class Counted(Protocol):
    """Notifications since the process started: delivered, attempts that failed, given up."""

    delivered: int
    failed: int
    dead: int


class Delivery(Protocol):
    """Who sends notifications. Called in the event loop, after the change is on disk and before it is answered.

    name: how this platform calls itself in the Via header of what it sends.
    """

    name: str

    @property
    def counts(self) -> Counted: ...

    @property
    def waiting(self) -> int:
        """Changes that wait in memory to be notified."""
        ...

    def opened(self, tenant: str, store: Store) -> None:
        """The tenant's store was opened."""
        ...

    def needs(self, tenant: str) -> bool:
        """Whether the tenant's store must stay open, because there are subscriptions in it."""
        ...

    async def closed(self, tenant: str) -> None:
        """Stop sending for the tenant: its store is closed next."""
        ...

    async def close(self) -> None:
        """Stop sending for all."""
        ...

    def changed(self, tenant: str, kept: KeptSubscription) -> None:
        """The subscription was made or changed."""
        ...

    def removed(self, tenant: str, subscription_id: str) -> None:
        """The subscription is no more; nothing may be sent for it any longer."""
        ...

    async def forget(self, tenant: str, ids: frozenset[str]) -> None:
        """Say nothing more of what these entities were: they are being erased. That they are deleted is told."""
        ...

    def state(self, tenant: str, subscription_id: str) -> DeliveryState:
        """What has become of its notifications so far."""
        ...


class Owners(Protocol):
    """What those who subscribed may see by now."""

    async def access(self, tenant: str, subject: str, purpose: str) -> Access | None:
        """subject, purpose: of the access with which they subscribed. None: they may be told nothing any more."""
        ...


def require_tenant_name(tenant: str) -> None:
    """Raises BadRequestData if that cannot be the name of a tenant."""
    if len(tenant) > LIMITS.tenant_bytes_max or not _TENANT.fullmatch(tenant) or tenant == "default":
        raise BadRequestData(
            f"'{tenant[:80]}' cannot name a tenant: use at most {LIMITS.tenant_bytes_max} letters, digits, - and _"
        )


class _Opened(msgspec.Struct):
    """An open store, and when it was last asked for (microseconds UTC; the default tenant's is not kept)."""

    store: Store
    used: int


class Hub:
    """Everything that an operation needs. `open_store` gives a tenant's store; `has_store` says if it exists.

    `delivery`: who sends notifications, None where nobody does. `owners`: asked at every notification, None where
    whoever subscribes may see everything. `audit`: the chain of events of the platform itself, None where there is none.
    `uses`: how often it was used, as far as that is not written down.
    """

    def __init__(
        self,
        open_store: Callable[[str], Store],
        has_store: Callable[[str], bool],
        contexts: Contexts,
        clock: Clock,
        history_page: int = LIMITS.temporal_instances_default,
    ) -> None:
        self._open_store = open_store
        self._has_store = has_store
        # The least recently used first
        self._stores: OrderedDict[str, _Opened] = OrderedDict()
        self._closing: dict[str, asyncio.Task[None]] = {}
        self.contexts = contexts
        self.contexts.kept = self._kept_contexts
        self.clock = clock
        self.history_page = history_page
        self.delivery: Delivery | None = None
        self.owners: Owners | None = None
        self.audit: Chain | None = None
        self.uses = Uses()

    def store(self, access: Access, *, create: bool = False) -> Store:
        """The store of the caller's tenant. create: a tenant that does not exist yet comes into being.

        Raises NoTenant if it does not exist, BadRequestData if it cannot be the name of one.
        """
        tenant = access.tenant
        opened = self._stores.get(tenant)
        if opened is None:
            return self._open(tenant, create)
        if tenant:
            opened.used = self.clock.now()
            self._stores.move_to_end(tenant)
        return opened.store

    def _open(self, tenant: str, create: bool) -> Store:
        if tenant != DEFAULT_TENANT:
            require_tenant_name(tenant)
            if not create and not self._has_store(tenant):
                raise NoTenant(f"Tenant {tenant} does not exist; it comes into being with its first entity")
            self._make_room()
            if tenant in self._closing:
                raise Busy(f"The store of tenant {tenant} is being closed; try again in a moment")
        store = self._open_store(tenant)
        self._stores[tenant] = _Opened(store, self.clock.now())
        if self.delivery is not None:
            self.delivery.opened(tenant, store)
        return store

    def _make_room(self) -> None:
        """Close the stores that were longest not used while more are open than should be. Raises Busy."""
        too_many = len(self._stores) - LIMITS.open_tenants_max
        if too_many < 0:
            return
        crowded = len(self._stores) >= LIMITS.busy_tenants_max
        latest = self.clock.now() - (0 if crowded else _IDLE_US)
        for tenant, opened in list(self._stores.items()):
            if too_many < 0 or opened.used > latest:
                break
            if tenant and opened.store.is_idle() and not (self.delivery and self.delivery.needs(tenant)):
                del self._stores[tenant]
                task = asyncio.create_task(self._close(tenant, opened.store), name=f"close '{tenant}'")
                self._closing[tenant] = task
                too_many -= 1
        if len(self._stores) >= LIMITS.busy_tenants_max:
            raise Busy(
                f"{len(self._stores)} tenants are at work, the most there may be; try again in a moment"
            )

    async def _close(self, tenant: str, store: Store) -> None:
        """Close a store that nobody uses; its tenant can be opened again after it."""
        try:
            if self.delivery is not None:
                await self.delivery.closed(tenant)
            await store.close()
        except Exception:  # noqa: BLE001 whatever it was, the tenant must not be locked out by it
            _LOG.exception("The store of tenant %s did not close as it should", tenant)
        finally:
            del self._closing[tenant]

    @property
    def open_stores(self) -> dict[str, Store]:
        """The stores that are open, by tenant."""
        return {tenant: opened.store for tenant, opened in self._stores.items()}

    def _kept_contexts(self, access: Access, *, open_it: bool) -> KeptContexts | None:
        if not open_it and access.tenant not in self._stores:
            return None
        try:
            return self.store(access).contexts
        except NoTenant:
            return None

    async def close(self) -> None:
        """Write what waits and close every store."""
        if self.delivery is not None:
            await self.delivery.close()
        await self.contexts.close()
        await asyncio.gather(*self._closing.values())
        stores, self._stores = list(self._stores.values()), OrderedDict()
        for opened in stores:
            await opened.store.close()
