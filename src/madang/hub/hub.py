"""The hub's state: the stores of the tenants, the known @contexts, the time. Its operations are the modules beside."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol

from madang.clock import Clock
from madang.errors import BadRequestData, NoTenant
from madang.hub.contexts import Contexts
from madang.ngsild.subscription import DeliveryState
from madang.settings import LIMITS
from madang.store.base import KeptContexts, KeptSubscription, Store
from madang.trust.access import DEFAULT_TENANT, Access

_TENANT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TENANTS_MAX: Final = 64


class Delivery(Protocol):
    """Who sends notifications. Called in the event loop, after the change is on disk and before it is answered.

    name: how this platform calls itself in the Via header of what it sends.
    """

    name: str

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

    def state(self, tenant: str, subscription_id: str) -> DeliveryState:
        """What has become of its notifications so far."""
        ...


class Hub:
    """Everything that an operation needs. `open_store` gives a tenant's store; `has_store` says if it exists.

    `delivery`: who sends notifications, None where nobody does.
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
        self._stores: dict[str, Store] = {}
        self.contexts = contexts
        self.contexts.kept = self._kept_contexts
        self.clock = clock
        self.history_page = history_page
        self.delivery: Delivery | None = None

    def store(self, access: Access, *, create: bool = False) -> Store:
        """The store of the caller's tenant. create: a tenant that does not exist yet comes into being.

        Raises NoTenant if it does not exist, BadRequestData if it cannot be the name of one.
        """
        store = self._stores.get(access.tenant)
        return store if store is not None else self._open(access.tenant, create)

    def _open(self, tenant: str, create: bool) -> Store:
        if tenant != DEFAULT_TENANT:
            if len(tenant) > LIMITS.tenant_bytes_max or not _TENANT.fullmatch(tenant) or tenant == "default":
                raise BadRequestData(
                    f"'{tenant[:80]}' cannot name a tenant: use at most {LIMITS.tenant_bytes_max} letters, digits, - and _"
                )
            if not create and not self._has_store(tenant):
                raise NoTenant(f"Tenant {tenant} does not exist; it comes into being with its first entity")
            if len(self._stores) > _TENANTS_MAX:
                raise NoTenant(
                    f"{_TENANTS_MAX} tenants are open already, which is the most that one process serves"
                )
        store = self._stores[tenant] = self._open_store(tenant)
        if self.delivery is not None:
            self.delivery.opened(tenant, store)
        return store

    def _kept_contexts(self, access: Access) -> KeptContexts | None:
        try:
            return self.store(access).contexts
        except NoTenant:
            return None

    async def close(self) -> None:
        """Write what waits and close every store."""
        if self.delivery is not None:
            await self.delivery.close()
        await self.contexts.close()
        stores, self._stores = list(self._stores.values()), {}
        for store in stores:
            await store.close()
