"""What is done with persons' data now and then: what was kept as long as it is to be kept is destroyed, and destructions
that were cut short are ended. Each leaves a record, and an event in the audit, that say how much it was and not whose.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final

from madang.hub.hourly import hourly
from madang.hub.trust.persons import Custody, destroy, finish
from madang.ngsild.temporal import DAY
from madang.store.base import Store
from madang.store.persons import Cause
from madang.trust.access import Access
from madang.trust.identity import OPERATOR

_LOG: Final = logging.getLogger(__name__)
_FIRST_SECONDS: Final = 90.0
_AT_ONCE: Final = 500
# type (IRI): after how many days without a change; "" for all others that are protected
Kept = Mapping[str, int]


def keeping(custody: Custody, kept: Kept) -> AbstractAsyncContextManager[None]:
    """Do so every hour for as long as this is open."""
    return hourly("Destroying what was kept long enough", partial(_keep_all, custody, kept), _FIRST_SECONDS)


async def _keep_all(custody: Custody, kept: Kept) -> None:
    for tenant in list(custody.hub.open_stores):
        try:
            await keep(custody, tenant, kept)
        except Exception:  # noqa: BLE001 whatever it is, it must not end the keeping of all others
            _LOG.exception("What is too old of tenant '%s' could not be destroyed; it is tried again", tenant)


async def keep(custody: Custody, tenant: str, kept: Kept) -> int:
    """Once for a tenant. How many entities were destroyed."""
    access = Access(tenant=tenant, subject=OPERATOR.subject)
    store = custody.hub.store(access)
    await store.persons.protect(custody.protected)
    n = 0
    for iri in sorted(custody.protected):
        days = kept.get(iri, kept.get(""))
        if days is None:
            continue
        while ids := await _old(custody, store, iri, days):
            reason = f"not changed for {days} days"
            erased = await destroy(custody, access, ids, (Cause.RETENTION, reason))
            n += sum(erased.destruction.types.values())
            if not erased.destruction.types:
                break
    await finish(custody.hub, tenant)
    return n


async def _old(custody: Custody, store: Store, iri: str, days: int) -> list[str]:
    """Some of the entities that are too old; not of persons of whom a consent holds, for that is a reason to keep them."""
    now = custody.hub.clock.now()
    consenting = {one.person for one in store.persons.standing(now).consents}
    found = await store.persons.older([iri], now - days * DAY, _AT_ONCE + len(consenting))
    return [one for one in found if one not in consenting][:_AT_ONCE]
