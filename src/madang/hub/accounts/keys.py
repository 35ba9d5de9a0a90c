"""Keys of programs: each belongs to a person, may do no more than they may, and ends by itself.

A key works as soon as it is made and not any longer when it is revoked. While it is rotated its former secret works
beside the new one, so that a program that runs on many machines need not stop.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from madang.errors import BadRequestData, Conflict, Denied, NotFound
from madang.hub.accounts import tokens
from madang.hub.accounts.accounts import Accounts, own_account
from madang.hub.accounts.names import name_of
from madang.settings import LIMITS
from madang.store.audit import Deed
from madang.store.platform import Key, among
from madang.trust.identity import Identity, Kind, Permission

_HOUR_US: Final = 3600 * 1_000_000
_DAY_US: Final = 24 * _HOUR_US
DAYS: Final = 90
"""For which a key works, where nobody says."""
OVERLAP_HOURS: Final = 24


class KeyWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key as its owner wants it. scopes: permissions by name. tenants: None for all of the owner's."""

    name: str
    scopes: tuple[str, ...]
    tenants: tuple[str, ...] | None = None
    days: int = DAYS


class NewKey(msgspec.Struct, frozen=True):
    """secret: told once, and never again."""

    key: Key
    secret: str


async def make_key(accounts: Accounts, identity: Identity, wish: KeyWish) -> NewKey:
    """Raises BadRequestData, Denied for who may have none, Conflict for too many."""
    account = await own_account(accounts, identity)
    scopes = require_scopes(wish.scopes, accounts.permissions(identity))
    _require_tenants(identity, wish.tenants)
    now = accounts.clock.now()
    expires = now + require_days(wish.days) * _DAY_US
    working = [one for one in await accounts.platform.keys.of(account.number) if works(one, now)]
    if len(working) >= LIMITS.account_keys_max:
        raise Conflict(f"You have {len(working)} keys, the most there may be; revoke one that is not used")
    secret = tokens.made(tokens.KEY)
    key = Key(
        number=0,
        account=account.number,
        name=name_of(wish.name),
        scopes=scopes,
        # A key with tenants of its own makes no key for others
        tenants=wish.tenants
        if wish.tenants is not None or identity.tenants is None
        else _sorted(identity.tenants),
        hint=tokens.hint(secret),
        created=now,
        expires=expires,
    )
    key = await accounts.platform.keys.add(tokens.digest(secret), key)
    await accounts.record(identity.subject, Deed.KEY, f"key:{key.number}", "made")
    return NewKey(key, secret)


async def keys(accounts: Accounts, identity: Identity) -> list[Key]:
    """Those of the person who asks: what works first, the newest first."""
    account = await own_account(accounts, identity)
    now = accounts.clock.now()
    found = await accounts.platform.keys.of(account.number)
    return sorted(found, key=lambda one: not works(one, now))


async def rotate_key(
    accounts: Accounts, identity: Identity, number: int, overlap_hours: int = OVERLAP_HOURS
) -> NewKey:
    """Another secret for the key; the former one works for so many hours more. The key lasts as long again as it did.

    Raises NotFound for a key that is not theirs, Conflict for one that works no longer, BadRequestData."""
    key = await _own(accounts, identity, number)
    if not 0 <= overlap_hours <= LIMITS.key_overlap_hours_max:
        raise BadRequestData(f"The former secret may work for 0 to {LIMITS.key_overlap_hours_max} hours more")
    now = accounts.clock.now()
    if not works(key, now):
        raise Conflict(f"Key {number} works no longer; make a new one")
    if identity.kind is Kind.KEY:
        # It would learn the secret, so the key that it rotates must not be one that may do more
        owner = await own_account(accounts, identity)
        reach = among(key.tenants, owner.tenants)
        require_scopes(key.scopes or tuple(Permission), accounts.permissions(identity))
        if identity.tenants is not None and (reach is None or not identity.tenants.issuperset(reach)):
            raise Denied("This key may ask more tenants than the one that you show")
    secret = tokens.made(tokens.KEY)
    await accounts.record(identity.subject, Deed.KEY, f"key:{number}", "rotated")

    def change(one: Key) -> Key:
        lasted = min(one.expires - one.created, LIMITS.key_days_max * _DAY_US)
        if one.revoked:
            raise Conflict(f"Key {number} works no longer; make a new one")
        return msgspec.structs.replace(
            one, hint=tokens.hint(secret), created=now, expires=max(one.expires, now + lasted)
        )

    until = now + overlap_hours * _HOUR_US
    changed = await accounts.platform.keys.rotate(number, tokens.digest(secret), until, change)
    return NewKey(changed, secret)


async def revoke_key(accounts: Accounts, identity: Identity, number: int) -> None:
    """It works no longer. Raises NotFound for a key that is not theirs."""
    key = await _own(accounts, identity, number)
    await accounts.record(identity.subject, Deed.KEY, f"key:{number}", "revoked")
    await revoke(accounts, (key,))


async def revoke(accounts: Accounts, found: Iterable[Key]) -> None:
    now = accounts.clock.now()
    for key in found:
        if not key.revoked:
            await accounts.platform.keys.change(
                key.number, lambda one: msgspec.structs.replace(one, revoked=one.revoked or now)
            )


def works(key: Key, now: int) -> bool:
    return not key.revoked and now < key.expires


async def _own(accounts: Accounts, identity: Identity, number: int) -> Key:
    account = await own_account(accounts, identity)
    key = await accounts.platform.keys.get(number)
    if key is None or key.account != account.number:
        raise NotFound(f"You have no key {number}")
    return key


def require_scopes(names: Iterable[str], allowed: frozenset[Permission]) -> tuple[str, ...]:
    """The permissions with these names, in the order of all. Raises BadRequestData, Denied for one that is not allowed."""
    wanted = frozenset(names)
    known = {one.value: one for one in Permission}
    if unknown := sorted(wanted - known.keys()):
        raise BadRequestData(f"'{unknown[0][:80]}' is no permission; there are {', '.join(known)}")
    if not wanted:
        raise BadRequestData("Name what it may do: one permission at least", detail="scopes")
    if beyond := sorted(name for name in wanted if known[name] not in allowed):
        raise Denied(
            f"You do not have the permission '{beyond[0]}', so a key of yours cannot have it", detail="beyond"
        )
    return tuple([name for name in known if name in wanted])


def require_days(days: int) -> int:
    if not 1 <= days <= LIMITS.key_days_max:
        raise BadRequestData(f"It may work for 1 to {LIMITS.key_days_max} days")
    return days


def _require_tenants(identity: Identity, tenants: tuple[str, ...] | None) -> None:
    """Raises Denied for a tenant that is not the identity's, whether there is such a tenant or not."""
    if tenants is not None and identity.tenants is not None and not identity.tenants.issuperset(tenants):
        raise Denied("You may not ask one of these tenants, so a key of yours cannot either")


def _sorted(tenants: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(tenants))
