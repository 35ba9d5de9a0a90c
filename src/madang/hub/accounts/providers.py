"""Sign-in providers (OpenID Connect): what is known of one, and everything that is asked of it over the network.

Addresses are checked when they are connected to, nothing is redirected, and every answer has a limit in size and
time. Tokens are verified by joserfc; which algorithms and claims count is said here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote_plus, urlsplit

import aiohttp
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from madang.clock import Clock
from madang.errors import ProviderFailed
from madang.hub.egress import guarded_session
from madang.settings import LIMITS

Form = TypeVar("Form")
# Signatures with a key that only the provider has: no "none", and no HMAC, whose key we have as well
_ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
_DISCOVERY: Final = "/.well-known/openid-configuration"
_SECOND: Final = 1_000_000
_FRESH_US: Final = 3600 * _SECOND
_KEYS_AGAIN_US: Final = 60 * _SECOND
_LEEWAY_SECONDS: Final = 60


class Provider(msgspec.Struct, frozen=True):
    """id: part of addresses. names: language to text. issuer: its address. client, secret: what it knows this platform
    by, secret "" where it gives none. roles: of people who sign in for the first time; none: only those who have an
    account already and have joined it to the provider."""

    id: str
    names: Mapping[str, str]
    issuer: str
    client: str
    secret: str = ""
    roles: tuple[str, ...] = ("citizen",)


class Metadata(msgspec.Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Granted(msgspec.Struct, frozen=True):
    """What the provider gives for a code. access_token: for its userinfo endpoint."""

    id_token: str
    access_token: str = ""


class Asked(msgspec.Struct, frozen=True):
    """What a code is exchanged with. verifier: of PKCE (RFC 7636)."""

    code: str
    verifier: str
    redirect: str


class _Kept(msgspec.Struct):
    metadata: Metadata
    until: int
    keys: KeySet | None = None
    keys_fetched: int = 0


class Providers:
    """Those of the city. `close` it."""

    def __init__(self, providers: tuple[Provider, ...], clock: Clock, egress_allow: tuple[str, ...]) -> None:
        self.all = {one.id: one for one in providers}
        self._clock = clock
        self._egress_allow = egress_allow
        self._session: aiohttp.ClientSession | None = None
        self._kept: dict[str, _Kept] = {}

    async def metadata(self, provider: Provider) -> Metadata:
        """Raises ProviderFailed."""
        return (await self._known(provider)).metadata

    async def exchange(self, provider: Provider, asked: Asked) -> Granted:
        """Raises ProviderFailed."""
        metadata = await self.metadata(provider)
        form = {
            "grant_type": "authorization_code",
            "code": asked.code,
            "redirect_uri": asked.redirect,
            "code_verifier": asked.verifier,
            "client_id": provider.client,
        }
        authorization = ""
        if provider.secret and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            authorization = _basic(provider)
        elif provider.secret:
            form["client_secret"] = provider.secret
        body = await self._ask(provider, metadata.token_endpoint, form=form, authorization=authorization)
        return _read(provider, body, Granted)

    async def claims(self, provider: Provider, granted: Granted, nonce: str) -> dict[str, Any]:
        """What the provider says of the person, verified. Raises ProviderFailed."""
        known = await self._known(provider)
        supported = known.metadata.id_token_signing_alg_values_supported
        algorithms = [one for one in _ALGORITHMS if one in supported]
        try:
            token = await self._decoded(provider, known, granted.id_token, algorithms)
            jwt.JWTClaimsRegistry(
                now=self._clock.now() // _SECOND,
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": provider.issuer},
                aud={"essential": True, "value": provider.client},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(token.claims)
        except (JoseError, ValueError) as error:
            raise ProviderFailed(f"What {provider.issuer} says of the person is not valid") from error
        claims = dict(token.claims)
        if (
            isinstance(claims["aud"], list)
            and len(claims["aud"]) > 1
            and claims.get("azp") != provider.client
        ):
            raise ProviderFailed(f"What {provider.issuer} says of the person is for somebody else")
        return claims

    async def name(self, provider: Provider, granted: Granted, claims: Mapping[str, Any]) -> str:
        """What the provider calls the person, "" if it does not say."""
        found = _name(claims)
        metadata = await self.metadata(provider)
        if found or not metadata.userinfo_endpoint or not granted.access_token:
            return found
        body = await self._ask(
            provider, metadata.userinfo_endpoint, authorization=f"Bearer {granted.access_token}"
        )
        more = _read(provider, body, dict[str, Any])
        return _name(more) if more.get("sub") == claims["sub"] else ""

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _known(self, provider: Provider) -> _Kept:
        now = self._clock.now()
        kept = self._kept.get(provider.id)
        if kept is not None and now < kept.until:
            return kept
        body = await self._ask(provider, provider.issuer.rstrip("/") + _DISCOVERY)
        metadata = _read(provider, body, Metadata)
        if metadata.issuer != provider.issuer:
            raise ProviderFailed(
                f"The provider at {provider.issuer} calls itself {metadata.issuer[:200]}; both must be the same"
            )
        kept = self._kept[provider.id] = _Kept(metadata, now + _FRESH_US)
        return kept

    async def _decoded(
        self, provider: Provider, known: _Kept, token: str, algorithms: Sequence[str]
    ) -> jwt.Token:
        """With the provider's keys; they are fetched anew where the token names one that is not among them."""
        now = self._clock.now()
        if known.keys is not None:
            try:
                return jwt.decode(token, known.keys, algorithms)
            except (JoseError, ValueError):
                if now - known.keys_fetched < _KEYS_AGAIN_US:
                    raise
        body = await self._ask(provider, known.metadata.jwks_uri)
        known.keys = KeySet.import_key_set(json.loads(body))
        known.keys_fetched = now
        return jwt.decode(token, known.keys, algorithms)

    async def _ask(
        self,
        provider: Provider,
        url: str,
        *,
        form: dict[str, str] | None = None,
        authorization: str = "",
    ) -> bytes:
        if urlsplit(url).scheme != urlsplit(provider.issuer).scheme:
            raise ProviderFailed(f"The provider {provider.issuer} names an address of another scheme")
        if self._session is None:
            self._session = guarded_session(self._egress_allow, LIMITS.provider_ms_max)
        headers = {"Accept": "application/json"} | ({"Authorization": authorization} if authorization else {})
        method = "GET" if form is None else "POST"
        try:
            async with self._session.request(
                method, url, data=form, headers=headers, allow_redirects=False
            ) as response:
                body = await response.content.read(LIMITS.provider_bytes_max + 1)
                while len(body) <= LIMITS.provider_bytes_max and not response.content.at_eof():
                    body += await response.content.read(LIMITS.provider_bytes_max + 1 - len(body))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise ProviderFailed(
                f"The sign-in provider {provider.issuer} does not answer: {error}"
            ) from error
        if response.status != 200 or len(body) > LIMITS.provider_bytes_max:
            raise ProviderFailed(
                f"The sign-in provider {provider.issuer} answers {response.status} at {urlsplit(url).path}"
            )
        return body


def _read(provider: Provider, body: bytes, form: type[Form]) -> Form:
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.MsgspecError as error:
        raise ProviderFailed(
            f"The sign-in provider {provider.issuer} answers what cannot be read: {error}"
        ) from error


def _basic(provider: Provider) -> str:
    """RFC 6749 §2.3.1"""
    shown = f"{quote_plus(provider.client)}:{quote_plus(provider.secret)}"
    return "Basic " + base64.b64encode(shown.encode()).decode()


def _name(claims: Mapping[str, Any]) -> str:
    for key in ("name", "preferred_username", "nickname"):
        if isinstance(claims.get(key), str) and claims[key].strip():
            return str(claims[key])
    return ""
