"""The gate that every request comes through: who asks, whether they may, in which tenant, and what they see there.

The faces take credentials and the name of a tenant out of a request and call `admit`; each route of theirs declares
the permission that it asks. Accounts say who shows the credentials, policies what that means.
"""

from __future__ import annotations

import ipaddress
from typing import Final, Protocol

import msgspec

from madang.errors import Denied, Unauthenticated
from madang.hub.trust.credentials import Credentials
from madang.hub.trust.rates import Left, Rates
from madang.settings import LIMITS
from madang.trust.access import DEFAULT_TENANT, OPEN, Access
from madang.trust.identity import VISITOR, Action, Identity, Kind, Permission

ANYONE: Final = Identity("visitor", Kind.VISITOR, None, ("visitor",))
"""Who asks in an open city and shows nothing: all is allowed."""
# What is done with data by those who use a permission; with all others, nothing but to read what they see
_ACTIONS: Final = {
    Permission.WRITE: Action.WRITE,
    Permission.SUBSCRIBE: Action.NOTIFY,
    Permission.EXPORT: Action.DISTRIBUTE,
}


class Accounts(Protocol):
    """Who is known to the platform."""

    async def identity_of_session(self, token: str) -> Identity | None: ...

    async def identity_of_key(self, token: str) -> Identity | None: ...

    async def identity_of_bearer(self, token: str) -> Identity | None: ...

    async def identity_of_subject(self, subject: str) -> Identity | None:
        """Who an earlier caller is by now."""
        ...


class Policies(Protocol):
    """What identities may do, and see."""

    @property
    def lasting(self) -> int | None:
        """Another number after every change; None while what they say also changes with time or with use."""
        ...

    def permits(self, identity: Identity, permission: Permission) -> bool:
        """Whether one of its roles has the permission, and its key is not limited to others."""
        ...

    def access(self, identity: Identity, tenant: str, action: Action, purpose: str) -> Access: ...

    def knows_role(self, name: str) -> bool: ...


class Asked(msgspec.Struct, frozen=True):
    """What the gate must know of a request. permission: that its route asks, None for those that anybody may take.
    tenant: as the request names it, "" if it does not. purpose: for which it reads, "" if it does not say. address: from
    which it comes."""

    credentials: Credentials
    permission: Permission | None
    tenant: str = ""
    purpose: str = ""
    address: str = ""


class Admitted(msgspec.Struct, frozen=True):
    """left: how often the caller may still ask, None where that is not counted."""

    identity: Identity
    access: Access
    left: Left | None = None


class Gate(msgspec.Struct, frozen=True):
    """open: whoever shows nothing may do everything, in any tenant. rates: None where nobody is counted. local: only by a
    name of this machine may the platform be asked, so that no page of another site can pretend to be one of it by a name
    that leads here (DNS rebinding)."""

    accounts: Accounts
    policies: Policies
    open: bool = False
    rates: Rates | None = None
    local: bool = False

    async def admit(self, asked: Asked) -> Admitted:
        """Raises Unauthenticated for who is not known, Denied for who may not do it, TooManyRequests."""
        identity, left = await self._counted(asked)
        self.require(identity, asked.permission)
        tenant = tenant_of(identity, asked.tenant)
        action = _ACTIONS.get(asked.permission, Action.READ) if asked.permission else Action.READ
        return Admitted(identity, self.access(identity, tenant, action, asked.purpose), left)

    async def _counted(self, asked: Asked) -> tuple[Identity, Left | None]:
        """Who asks, and how often they still may. Who guesses keys is counted by the address, whatever they guess."""
        rates = self.rates
        if rates is None:
            return await self.identify(asked.credentials), None
        try:
            identity = await self.identify(asked.credentials)
        except Unauthenticated:
            rates.spend(f"refused {asked.address}", LIMITS.refusals_per_minute_max)
            raise
        if identity.kind is Kind.VISITOR:
            return identity, rates.spend(asked.address, LIMITS.visitor_requests_per_minute_max)
        return identity, rates.spend(identity.subject, LIMITS.caller_requests_per_minute_max)

    async def identify(self, credentials: Credentials) -> Identity:
        """Raises Unauthenticated for a key or a token that is not valid. A session that is over is a visitor's."""
        if credentials.key or credentials.bearer:
            found = (
                await self.accounts.identity_of_key(credentials.key)
                if credentials.key
                else await self.accounts.identity_of_bearer(credentials.bearer)
            )
            if found is None:
                raise Unauthenticated("The key or token is not valid, or not any more; ask for a new one")
            return found
        if credentials.session:
            found = await self.accounts.identity_of_session(credentials.session)
            if found is not None:
                return found
        if not self.open:
            return VISITOR
        if credentials.role and self.policies.knows_role(credentials.role):
            return Identity(f"demonstration:{credentials.role}", Kind.VISITOR, None, (credentials.role,))
        return ANYONE

    def permits(self, identity: Identity, permission: Permission) -> bool:
        if identity is ANYONE:
            return self.open
        return self.policies.permits(identity, permission)

    def require(self, identity: Identity, permission: Permission | None) -> None:
        """Raises Unauthenticated or Denied where the identity lacks the permission."""
        if permission is None or self.permits(identity, permission):
            return
        if identity.kind is Kind.VISITOR:
            raise Unauthenticated(
                f"This asks for the permission '{permission.value}'; sign in, or send a key"
            )
        raise Denied(f"This asks for the permission '{permission.value}', which you do not have")

    def access(self, identity: Identity, tenant: str, action: Action, purpose: str = "") -> Access:
        """What the identity sees and may change in a tenant that it may ask."""
        if identity is ANYONE and self.open:
            return Access(tenant=tenant) if tenant else OPEN
        return self.policies.access(identity, tenant, action, purpose)


def require_local(host: str) -> None:
    """Raises Denied for the header Host of a request by a name that is not this machine's own."""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name.lower() == "localhost":
        return
    try:
        if ipaddress.ip_address(name.strip("[]")).is_loopback:
            return
    except ValueError:
        pass
    raise Denied(f"This city is open and can only be asked at 127.0.0.1 or localhost, not at '{host[:80]}'")


class Owners:
    """What those who once asked may see by now: of those who subscribed, at every notification."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def access(self, tenant: str, subject: str, purpose: str) -> Access | None:
        """None: they may be told nothing any more."""
        identity = await self._gate.accounts.identity_of_subject(subject)
        if identity is None or not self._gate.permits(identity, Permission.SUBSCRIBE):
            return None
        try:
            return self._gate.access(identity, tenant_of(identity, tenant), Action.NOTIFY, purpose)
        except (Unauthenticated, Denied):
            return None


def tenant_of(identity: Identity, named: str) -> str:
    """The tenant of a request that names this one, or none: then the default one, or the only one of the identity.

    Raises Denied for one that is not the identity's, whether there is such a tenant or not."""
    allowed = identity.tenants
    if allowed is None or named in allowed:
        return named
    if named == DEFAULT_TENANT and len(allowed) == 1:
        return next(iter(allowed))
    if identity.roles == VISITOR.roles:
        raise Unauthenticated("Visitors may ask the default tenant only; sign in, or send a key")
    raise Denied("You may not ask this tenant; leave out NGSILD-Tenant, or name one of yours")


class _Nobody:
    """The accounts of a city that has none, and its policies: who shows something is told that it is not known."""

    async def identity_of_session(self, _token: str) -> Identity | None:
        return None

    async def identity_of_key(self, _token: str) -> Identity | None:
        return None

    async def identity_of_bearer(self, _token: str) -> Identity | None:
        return None

    async def identity_of_subject(self, _subject: str) -> Identity | None:
        return None

    lasting = 0

    def permits(self, _identity: Identity, _permission: Permission) -> bool:
        return False

    def access(self, _identity: Identity, _tenant: str, _action: Action, _purpose: str) -> Access:
        raise Denied("Nothing is allowed here")

    def knows_role(self, _name: str) -> bool:
        return False


NOBODY: Final = _Nobody()
OPEN_GATE: Final = Gate(NOBODY, NOBODY, open=True)
"""Of a city that is open to all and knows nobody."""
