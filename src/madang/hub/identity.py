"""Who this platform is to other context sources: CIM 009 §5.15.1."""

from __future__ import annotations

import msgspec

from madang.hub.hub import Hub, require_tenant_name
from madang.trust.access import DEFAULT_TENANT, OPEN, Access


class Identity(msgspec.Struct, frozen=True):
    """id: URI of the platform. alias: name of the tenant within it, as the Via header can carry it. since: when this
    process began; now: what its clock says. Both in microseconds UTC."""

    id: str
    alias: str
    since: int
    now: int


def identity(hub: Hub, access: Access) -> Identity:
    """The platform as the caller's tenant sees it, also one that does not exist yet. Raises BadRequestData."""
    platform = hub.store(OPEN).identity
    alias = f"madang-{platform}"
    if access.tenant != DEFAULT_TENANT:
        require_tenant_name(access.tenant)
        alias = f"{alias}-{access.tenant}"
    return Identity(f"urn:ngsi-ld:ContextSource:{platform}", alias, hub.contexts.started, hub.clock.now())
