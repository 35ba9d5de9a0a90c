"""Who somebody is by what they show: the session of a browser, the key of a program, the token of an application.

What was found is remembered until something in the platform's store changes, so that a revocation counts at once and
the next request of the same caller costs no reading. Signing in, keys, clients and members are the modules beside.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from madang.clock import Clock
from madang.errors import Denied
from madang.hub.accounts.attempts import Attempts
from madang.hub.accounts.passwords import Passwords
from madang.hub.accounts.tokens import KEY, TOKEN, digest
from madang.hub.trust.audit import record_in
from madang.settings import LIMITS
from madang.store.audit import Deed, Event
from madang.store.platform import Account, Key, Platform, Session, Uses, among
from madang.trust.identity import OPERATOR, VISITOR, Identity, Kind, Permission
from madang.trust.roles import BUILT_IN, Role, permissions_of

_SECOND: Final = 1_000_000
# A command beside the platform may change something; what the platform itself changes counts at once
_TRUST_US: Final = 50_000
_NOTE_US: Final = 30 * _SECOND
SANDBOX_SCOPES: Final = frozenset(
    {Permission.READ, Permission.WRITE, Permission.SUBSCRIBE}
    | {Permission.EXPORT, Permission.CONTEXTS, Permission.DELIVERIES}
)
_SANDBOX_ROLES: Final = ("city-administrator",)


class _Known(msgspec.Struct):
    """Who a secret belongs to. until: when to look again, microseconds. uses, number: where to note that it was used.
    noted: when that is to be noted again."""

    identity: Identity
    until: int
    uses: dict[int, int]
    number: int
    noted: int = 0


_Find = Callable[[bytes, int], Awaitable[_Known | None]]


class Accounts:
    """Made inside a running event loop; `close` it before the platform's store.

    roles: those of the city."""

    def __init__(self, platform: Platform, clock: Clock, roles: Mapping[str, Role] = BUILT_IN) -> None:
        self.platform = platform
        self.clock = clock
        self.roles = roles
        self.passwords = Passwords()
        self.attempts = Attempts()
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._writes = self._version = -1
        self._looked = 0
        self._uses = Uses({}, {}, {})
        self._noting: asyncio.Task[None] | None = None

    async def identity_of_session(self, token: str) -> Identity | None:
        """Who is signed in with the secret of this cookie; None if nobody is, or not any longer."""
        return await self._remembered(digest(token), self._session)

    async def identity_of_key(self, token: str) -> Identity | None:
        """Whose program shows this key; None if it is none, has expired or was revoked."""
        return await self._remembered(digest(token), self._key) if token.startswith(KEY) else None

    async def identity_of_bearer(self, token: str) -> Identity | None:
        """Who shows this behind "Authorization: Bearer": an application its token, or a program its key."""
        if token.startswith(TOKEN):
            return await self._remembered(digest(token), self._token)
        return await self.identity_of_key(token)

    async def identity_of_subject(self, subject: str) -> Identity | None:
        """Who an earlier caller is by now, such as the owner of a subscription; None if they may not do anything."""
        kind, _, number = subject.partition(":")
        if not (number.isascii() and number.isdigit() and len(number) < 16):
            return {VISITOR.subject: VISITOR, OPERATOR.subject: OPERATOR}.get(subject)
        match kind:
            case "person":
                account = await self.platform.accounts.get(int(number))
                return person(account) if account is not None and account.active else None
            case "key":
                key = await self.platform.keys.get(int(number))
                return await self._of_key(key) if key is not None else None
            case "client" | "sandbox":
                return await self._of_client(int(number), live=kind == "client")
            case _:
                return None

    async def session(self, token: str) -> Session | None:
        """The session with this secret, as long as it lasts."""
        return await self._lasting(digest(token), self.clock.now())

    def permissions(self, identity: Identity) -> frozenset[Permission]:
        return permissions_of(identity, self.roles)

    async def record(self, subject: str, deed: Deed, what: str, reason: str = "") -> None:
        """In the platform's chain. If it cannot be recorded, it must not be done.

        Raises Busy or StoreBroken."""
        await record_in(self.platform.audit, self.clock, Event(subject, deed, what, reason=reason))

    async def close(self) -> None:
        self.passwords.close()
        if self._noting is not None:
            self._noting.cancel()
        await self._write_uses()

    # --- what is remembered ---

    async def _remembered(self, hashed: bytes, find: _Find) -> Identity | None:
        now = self.clock.now()
        self._forget_changed(now)
        known = self._known.get(hashed)
        if known is None or now >= known.until:
            known = await find(hashed, now)
            if known is None:
                self._known.pop(hashed, None)
                return None
            self._known[hashed] = known
            if len(self._known) > LIMITS.callers_remembered_max:
                self._known.popitem(last=False)
        if now >= known.noted:
            known.noted = now + _NOTE_US
            self._note(known, now)
        return known.identity

    def _forget_changed(self, now: int) -> None:
        writes = self.platform.writes
        if writes == self._writes and 0 <= now - self._looked < _TRUST_US:
            return
        version = self.platform.version()
        if version != self._version:
            self._known.clear()
        self._writes, self._version, self._looked = writes, version, now

    def _note(self, known: _Known, now: int) -> None:
        """That it was used is written now and then, for all together."""
        known.uses[known.number] = now
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._note_later(), name="uses")

    async def _note_later(self) -> None:
        await asyncio.sleep(_NOTE_US / _SECOND)
        await self._write_uses()

    async def _write_uses(self) -> None:
        uses = Uses(dict(self._uses.sessions), dict(self._uses.keys), dict(self._uses.clients))
        for noted in (self._uses.sessions, self._uses.keys, self._uses.clients):
            noted.clear()
        if uses.sessions or uses.keys or uses.clients:
            await self.platform.note(uses)

    # --- what is found ---

    async def _session(self, hashed: bytes, now: int) -> _Known | None:
        session = await self._lasting(hashed, now)
        account = await self.platform.accounts.get(session.account) if session is not None else None
        if session is None or account is None or not account.active:
            return None
        until = min(session.expires, now + _NOTE_US)
        return _Known(person(account), until, self._uses.sessions, session.number)

    async def _lasting(self, hashed: bytes, now: int) -> Session | None:
        found = await self.platform.sessions.get(hashed, now)
        if found is None or not self.lasts(found, now):
            return None
        seen = max(found.seen, self._uses.sessions.get(found.number, 0))
        return msgspec.structs.replace(found, seen=seen)

    def lasts(self, session: Session, now: int) -> bool:
        """Whether the session is still one: neither too old nor too long unused."""
        seen = max(session.seen, self._uses.sessions.get(session.number, 0))
        return now < session.expires and now < seen + LIMITS.session_idle_seconds_max * _SECOND

    async def _key(self, hashed: bytes, now: int) -> _Known | None:
        found = await self.platform.keys.by_secret(hashed, now)
        if found is None:
            return None
        key, until = found
        identity = await self._of_key(key)
        return None if identity is None else _Known(identity, until, self._uses.keys, key.number)

    async def _of_key(self, key: Key) -> Identity | None:
        if key.revoked or key.expires <= self.clock.now():
            return None
        owner = await self.platform.accounts.get(key.account)
        if owner is None or not owner.active:
            return None
        tenants = among(key.tenants, owner.tenants)
        return Identity(
            f"key:{key.number}",
            Kind.KEY,
            None if tenants is None else frozenset(tenants),
            owner.roles,
            owner.organisations,
            scopes_of(key.scopes),
            f"person:{owner.number}",
        )

    async def _token(self, hashed: bytes, now: int) -> _Known | None:
        token = await self.platform.clients.token(hashed)
        if token is None or token.expires <= now:
            return None
        identity = await self._of_client(token.client, live=token.live)
        return None if identity is None else _Known(identity, token.expires, self._uses.clients, token.client)

    async def _of_client(self, number: int, *, live: bool) -> Identity | None:
        client = await self.platform.clients.get(number)
        if client is None or client.revoked or (live and not client.live):
            return None
        owner = await self.platform.accounts.get(client.account)
        if owner is None or not owner.active:
            return None
        return Identity(
            f"{'client' if live else 'sandbox'}:{number}",
            Kind.CLIENT,
            frozenset(client.tenants if live else (client.sandbox,)),
            client.roles if live else _SANDBOX_ROLES,
            (client.organisation,) if client.organisation else (),
            scopes_of(client.scopes) if live else SANDBOX_SCOPES,
            f"person:{owner.number}",
        )


async def own_account(accounts: Accounts, identity: Identity) -> Account:
    """Of the person who asks, or to whom the key that asks belongs. Raises Denied for others."""
    kind, _, number = (identity.owner or identity.subject).partition(":")
    account = None
    if identity.kind in (Kind.PERSON, Kind.KEY) and kind == "person":
        account = await accounts.platform.accounts.get(int(number))
    if account is None:
        raise Denied("Only people who have signed in, and their keys, have an account")
    return account


def person(account: Account) -> Identity:
    tenants = None if account.tenants is None else frozenset(account.tenants)
    return Identity(f"person:{account.number}", Kind.PERSON, tenants, account.roles, account.organisations)


def scopes_of(names: tuple[str, ...] | None) -> frozenset[Permission] | None:
    """Permissions by their names; a name that is none any longer allows nothing."""
    return None if names is None else frozenset(one for one in Permission if one.value in names)
