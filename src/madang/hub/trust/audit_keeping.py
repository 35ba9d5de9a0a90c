"""What is done with the chains of the audit now and then: how far each is gets noted in another, and what is too old goes.

A chain that somebody made anew, or from which they took the end, looks right by itself. So the platform's chain notes
how far those of the tenants are, and the default tenant's how far the platform's is: whoever changes one file would have
to change the other as well.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final

from madang.hub.hourly import hourly
from madang.hub.hub import Hub
from madang.ngsild.temporal import DAY
from madang.store.audit import Chain, Deed, Event, Head, Wanted, parse_head
from madang.trust.access import DEFAULT_TENANT
from madang.trust.identity import OPERATOR

_FIRST_SECONDS: Final = 60.0
YEAR: Final = 366 * DAY
_OWN: Final = (Deed.ANCHOR, Deed.CUT)
PLATFORM: Final = "platform"


def chain_name(tenant: str) -> str:
    """What the chain of a tenant is called in another."""
    return f"tenant:{tenant or 'default'}"


async def keep(hub: Hub, kept: int) -> None:
    """Once over all chains of stores that are open. kept: microseconds for which events are kept."""
    now = hub.clock.now()
    chains = {chain_name(tenant): store.audit for tenant, store in hub.open_stores.items()}
    if hub.audit is not None:
        chains[PLATFORM] = hub.audit
    for name, chain in chains.items():
        # By whole days, so that what a cut itself records is not cut off hour by hour once it is old
        await chain.cut((now - kept) // DAY * DAY, now)
        noting = hub.audit if name != PLATFORM else chains.get(chain_name(DEFAULT_TENANT))
        if noting is not None:
            await _note(chain, name, noting, now)


async def _note(chain: Chain, name: str, noting: Chain, now: int) -> None:
    """Note in another chain how far this one is, unless nothing has come to it but such notes."""
    newest = await chain.page(Wanted(), 1)
    if not newest or newest[0].event.deed in _OWN:
        return
    head = Head(newest[0].number, newest[0].hash)
    if head not in await noted(noting, name):
        await noting.append([Event(OPERATOR.subject, Deed.ANCHOR, name, reason=str(head))], now)


async def noted(chain: Chain, name: str) -> list[Head]:
    """How far the chain of this name was when it was last noted in this one; none if it never was."""
    found = await chain.page(Wanted(deed=Deed.ANCHOR, object=name), 1)
    return [parse_head(one.event.reason) for one in found]


def keeping(hub: Hub, kept: int) -> AbstractAsyncContextManager[None]:
    """Do so every hour for as long as this is open. kept: as above."""
    return hourly("Going through the audit", partial(keep, hub, kept), _FIRST_SECONDS)
