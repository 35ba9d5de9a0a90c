"""How the platform is used: how often in a day whoever has a role reads, downloads and is told, and what is written.

What is counted (`uses.py`) goes to the tenant's store every minute, and at the end. Nobody's name is there: a caller is a
role.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import partial
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from madang import vocabulary
from madang.errors import MadangError, NoTenant
from madang.hub.hourly import regularly
from madang.hub.hub import Hub
from madang.hub.uses import Uses
from madang.store.base import Used
from madang.trust.access import Access

RolesOf = Callable[[str], Awaitable[tuple[str, ...]]]
"""The roles of whom a subject names; none if there is nobody."""

_Key = TypeVar("_Key")

_LOG: Final = logging.getLogger(__name__)
_PAUSE_SECONDS: Final = 60.0
_MICROSECONDS: Final = 1_000_000
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()


@asynccontextmanager
async def keeping(hub: Hub, zone: ZoneInfo, roles_of: RolesOf) -> AsyncIterator[None]:
    """Write down every minute, and at the end, what was counted. zone: of the city, whose days are meant."""
    work = partial(settle, hub, zone, roles_of)
    async with regularly("Writing down how the platform is used", work, _PAUSE_SECONDS, _PAUSE_SECONDS):
        try:
            yield
        finally:
            await work()


async def settle(hub: Hub, zone: ZoneInfo, roles_of: RolesOf) -> None:
    """Write down what was counted since the last time; what cannot be written waits."""
    uses = hub.uses
    await _sum_up(uses, roles_of)
    day = datetime.fromtimestamp(hub.clock.now() / _MICROSECONDS, zone).date().toordinal() - _FIRST_DAY
    for tenant, counts in list(uses.waiting.items()):
        used = [Used(day, what, who, number) for (what, who), number in counts.items()]
        try:
            await hub.store(Access(tenant=tenant)).usage.add(used)
        except NoTenant:
            del uses.waiting[tenant]
        except MadangError as error:
            _LOG.warning("How tenant '%s' is used could not be written down: %s", tenant, error.message)
        else:
            del uses.waiting[tenant]


async def _sum_up(uses: Uses, roles_of: RolesOf) -> None:
    """Nothing of what was counted is counted any more: it waits to be written."""
    summed = [
        *((tenant, "read", _first(roles), n) for (tenant, roles), n in _emptied(uses.reads)),
        *((tenant, "download", _first(roles), n) for (tenant, roles), n in _emptied(uses.downloads)),
        *((tenant, "write", _component(name), n) for (tenant, name), n in _emptied(uses.written)),
    ]
    told = _emptied(uses.told)
    for tenant, what, who, n in summed:
        uses.waiting[tenant][what, who] += n
    for (tenant, subject), n in told:
        uses.waiting[tenant]["notification", await _role(subject, roles_of)] += n


async def _role(subject: str, roles_of: RolesOf) -> str:
    try:
        return _first(await roles_of(subject))
    except MadangError as error:
        _LOG.warning("Who is told by '%s' is not known now: %s", subject, error.message)
        return ""


def _first(roles: tuple[str, ...]) -> str:
    return roles[0] if roles else ""


def _emptied(counts: dict[_Key, int]) -> list[tuple[_Key, int]]:
    """What is in it. It stays the same dictionary, which others hold."""
    found = list(counts.items())
    counts.clear()
    return found


def _component(name: str) -> str:
    """Of a type by its IRI or its term; "" where it is not known."""
    found = vocabulary.entity_type(vocabulary.terms().get(name, name))
    return found.component.value if found is not None else ""
