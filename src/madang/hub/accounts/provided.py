"""Signing in at a provider: authorisation code with PKCE, a state that only this browser knows, and a nonce.

A person of a provider is known by the provider's own identifier of them and by nothing else: an e-mail address that
somebody has there opens no account here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec

from madang.errors import Denied, NotFound, ProviderFailed
from madang.hub.accounts import tokens
from madang.hub.accounts.accounts import Accounts, own_account
from madang.hub.accounts.names import name_of
from madang.hub.accounts.providers import Asked, Provider, Providers
from madang.hub.accounts.signing_in import Browser, SignedIn, begin_session
from madang.settings import LIMITS
from madang.store.audit import Deed
from madang.store.platform import Account
from madang.trust.identity import Identity, Kind

BEGUN_SECONDS: Final = 600
_SUBJECT_CHARACTERS_MAX: Final = 255
_CODE_CHARACTERS_MAX: Final = 4096


class Wish(msgspec.Struct, frozen=True):
    """redirect: the address to which the provider sends the browser back. back: path of the page to show then.
    identity: who has signed in already and wants to join the account to the provider, None to sign in."""

    redirect: str
    back: str
    identity: Identity | None = None


class Begun(msgspec.Struct, frozen=True):
    """url: where the browser goes. secret: for a cookie, so that no other browser can finish it."""

    url: str
    secret: str


class Returned(msgspec.Struct, frozen=True):
    """What the provider sent the browser back with; each "" if it is not there. secret: of the cookie."""

    state: str
    code: str
    secret: str
    issuer: str = ""
    error: str = ""


class Finished(msgspec.Struct, frozen=True):
    """signed_in: None where an account was joined to the provider. back: as it was wished."""

    signed_in: SignedIn | None
    back: str


class _Waiting(msgspec.Struct, frozen=True):
    provider: str
    nonce: str
    verifier: str
    secret: bytes
    wish: Wish
    until: int


class Desk:
    """Sign-ins that have begun. They are forgotten with the process; people begin again."""

    def __init__(self, accounts: Accounts, providers: Providers) -> None:
        self.accounts = accounts
        self.providers = providers
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()

    async def begin(self, provider_id: str, wish: Wish) -> Begun:
        """Raises NotFound for a provider that there is not, ProviderFailed, Denied."""
        provider = self._provider(provider_id)
        if wish.identity is not None and wish.identity.kind is not Kind.PERSON:
            raise Denied("Only people who have signed in can join their account to a provider")
        metadata = await self.providers.metadata(provider)
        if urlsplit(metadata.authorization_endpoint).scheme != urlsplit(provider.issuer).scheme:
            raise ProviderFailed(f"The provider {provider.issuer} names an address of another scheme")
        state, nonce, verifier, secret = (secrets.token_urlsafe(32) for _ in range(4))
        until = self.accounts.clock.now() + BEGUN_SECONDS * 1_000_000
        self._waiting[state] = _Waiting(provider.id, nonce, verifier, tokens.digest(secret), wish, until)
        while len(self._waiting) > LIMITS.begun_sign_ins_max:
            self._waiting.popitem(last=False)
        query = {
            "response_type": "code",
            "client_id": provider.client,
            "redirect_uri": wish.redirect,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        separator = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return Begun(metadata.authorization_endpoint + separator + urlencode(query), secret)

    async def finish(self, returned: Returned, browser: Browser) -> Finished:
        """Whoever began it is signed in, or their account joined to the provider; the state works once.

        Raises Denied where this is not what the browser began or the person is not let in, ProviderFailed."""
        waiting = self._waiting.pop(returned.state, None)
        if (
            waiting is None
            or waiting.until <= self.accounts.clock.now()
            or not hmac.compare_digest(waiting.secret, tokens.digest(returned.secret))
        ):
            raise Denied("This browser has not begun to sign in, or too long ago; begin again")
        provider = self._provider(waiting.provider)
        if returned.issuer and returned.issuer != provider.issuer:
            raise Denied("Another provider answered than the one that was asked; begin again")
        if returned.error or not 0 < len(returned.code) <= _CODE_CHARACTERS_MAX:
            raise Denied("The provider did not let you in; begin again, or choose another way")
        asked = Asked(returned.code, waiting.verifier, waiting.wish.redirect)
        granted = await self.providers.exchange(provider, asked)
        claims = await self.providers.claims(provider, granted, waiting.nonce)
        subject = str(claims["sub"])
        if not 0 < len(subject) <= _SUBJECT_CHARACTERS_MAX:
            raise ProviderFailed(f"The sign-in provider {provider.issuer} does not say who the person is")
        if waiting.wish.identity is not None:
            await self._join(provider, subject, waiting.wish.identity)
            return Finished(None, waiting.wish.back)
        account = await self._account(provider, subject)
        if account is None:
            name = await self.providers.name(provider, granted, claims)
            account = await self._newcomer(provider, subject, name)
        if not account.active:
            raise Denied("Your account is suspended; ask those who look after the members")
        return Finished(await begin_session(self.accounts, account, browser, provider.id), waiting.wish.back)

    async def _account(self, provider: Provider, subject: str) -> Account | None:
        store = self.accounts.platform.accounts
        number = await store.provider_account(provider.issuer, subject)
        return await store.get(number) if number else None

    async def _newcomer(self, provider: Provider, subject: str, name: str) -> Account:
        if not provider.roles:
            raise Denied("You have no account here; ask those who look after the members to invite you")
        # Nobody types it; it differs from person to person and tells nothing of them
        login = f"{provider.id}:{hashlib.sha256(f'{provider.issuer} {subject}'.encode()).hexdigest()[:16]}"
        shown = name_of(name[:100]) if name.strip() else provider.id
        account = Account(0, login, shown, provider.roles, created=self.accounts.clock.now())
        account = await self.accounts.platform.accounts.add(account)
        await self.accounts.platform.accounts.join_provider(account.number, provider.issuer, subject)
        what = f"person:{account.number}"
        await self.accounts.record(what, Deed.ACCOUNT, what, f"provider: {provider.id}")
        return account

    async def _join(self, provider: Provider, subject: str, identity: Identity) -> None:
        """Raises AlreadyExists where that person has another account here."""
        account = await own_account(self.accounts, identity)
        what = f"person:{account.number}"
        await self.accounts.record(identity.subject, Deed.ACCOUNT, what, f"joined: {provider.id}")
        await self.accounts.platform.accounts.join_provider(account.number, provider.issuer, subject)

    def _provider(self, provider_id: str) -> Provider:
        provider = self.providers.all.get(provider_id)
        if provider is None:
            raise NotFound("There is no such sign-in provider here")
        return provider


async def part(desk: Desk, identity: Identity, provider_id: str) -> None:
    """Take one's account and the provider apart. Raises Denied where there would be no way left to sign in."""
    account = await own_account(desk.accounts, identity)
    provider = desk.providers.all.get(provider_id)
    store = desk.accounts.platform.accounts
    joined = await store.providers(account.number)
    if provider is None or provider.issuer not in joined:
        raise NotFound("Your account is not joined to this provider")
    if len(joined) == 1 and not await store.password(account.number):
        raise Denied("You could not sign in any longer; ask for a password first")
    await desk.accounts.record(
        identity.subject, Deed.ACCOUNT, f"person:{account.number}", f"parted: {provider.id}"
    )
    await store.leave_provider(account.number, provider.issuer)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
