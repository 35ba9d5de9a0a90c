"""Reading the audit by those who may: whose chain they get, checking it, and taking it away, which is recorded too."""

from __future__ import annotations

from enum import StrEnum

from madang.errors import BadRequestData, Denied, NotSupported
from madang.hub.hub import Hub
from madang.hub.trust import audit
from madang.hub.trust.audit_keeping import PLATFORM, chain_name, noted
from madang.store.audit import About, Chain, Deed, Head, Verdict
from madang.trust.access import DEFAULT_TENANT, OPEN, Access

_REASON_CHARACTERS_MAX = 500


class Which(StrEnum):
    """Which chain."""

    TENANT = "tenant"
    """The caller's tenant's: what was read and changed."""
    PLATFORM = "platform"
    """The platform's: sign-ins, members, keys, policies."""


def which(text: str) -> Which:
    """Raises BadRequestData."""
    if text and text not in set(Which):
        raise BadRequestData(f"'{text[:40]}' is no chain of the audit; there are {', '.join(Which)}")
    return Which(text) if text else Which.TENANT


def chain_of(hub: Hub, access: Access, named: Which) -> Chain:
    """The platform's is for who asks in the default tenant. Raises Denied, NotSupported, NoTenant."""
    if named is Which.TENANT:
        return hub.store(access).audit
    if access.tenant != DEFAULT_TENANT:
        raise Denied("What the platform records of all is shown in its default tenant only")
    if hub.audit is None:
        raise NotSupported("There are no accounts and no policies here, so nothing is recorded of them")
    return hub.audit


async def verify(hub: Hub, access: Access, named: Which) -> Verdict:
    """Check the chain, also against what another one noted of it. Raises as above."""
    chain = chain_of(hub, access, named)
    known: list[Head] = []
    if named is Which.PLATFORM:
        known = await noted(hub.store(OPEN).audit, PLATFORM)
    elif hub.audit is not None:
        known = await noted(hub.audit, chain_name(access.tenant))
    return await chain.verify(known)


async def taken(hub: Hub, access: Access, named: Which, reason: str) -> None:
    """Record that the caller takes events away. reason: in their words. Raises BadRequestData without one."""
    await audit.record(hub, access, Deed.DOWNLOAD, About(f"audit:{named}", reason=reason_of(reason)))


def reason_of(text: str) -> str:
    """Why somebody takes something away, in their words. Raises BadRequestData."""
    reason = " ".join(text.split())
    if not reason or len(reason) > _REASON_CHARACTERS_MAX:
        raise BadRequestData(f"Say in 1 to {_REASON_CHARACTERS_MAX} characters why you need it")
    return reason
