"""Signing in at a provider: against a real one in a process of its own, and against one that lies."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from tests.accounts.people import BROWSER, person_of
from tests.accounts.provider_process import provider, sign_in_there

from madang.clock import SystemClock
from madang.errors import AlreadyExists, Denied, NotFound, ProviderFailed
from madang.hub.accounts import provided
from madang.hub.accounts.accounts import Accounts, person
from madang.hub.accounts.provided import Desk, Returned, Wish
from madang.hub.accounts.providers import Provider, Providers
from madang.store.sqlite.platform.store import SqlitePlatform

REDIRECT = "http://127.0.0.1:1/sign-in/return"
WISH = Wish(REDIRECT, "/ko/my")
LOCAL = ("127.0.0.0/8",)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with provider(tmp_path_factory.mktemp("provider")) as address:
        yield address


@pytest.fixture
async def accounts(platform: SqlitePlatform) -> AsyncIterator[Accounts]:
    """With the time that the provider's process has."""
    made = Accounts(platform, SystemClock())
    yield made
    await made.close()


@pytest.fixture
async def opened(accounts: Accounts) -> AsyncIterator[Callable[..., Desk]]:
    """Makes desks for providers with this issuer."""
    desks: list[Desk] = []

    def make(issuer: str, allow: tuple[str, ...] = LOCAL, **more: Any) -> Desk:
        known = Provider("hall", {"ko": "시청"}, issuer, "madang", **{"secret": "shared", **more})
        desks.append(Desk(accounts, Providers((known,), accounts.clock, allow)))
        return desks[-1]

    yield make
    for desk in desks:
        await desk.providers.close()


async def returned(desk: Desk, subject: str, wish: Wish = WISH) -> Returned:
    """Begin, sign in there, come back."""
    begun = await desk.begin("hall", wish)
    sent = await sign_in_there(begun.url, subject)
    return Returned(sent["state"], sent["code"], begun.secret)


async def test_somebody_new_comes_in_as_a_citizen_and_is_known_the_next_time(
    issuer: str, opened: Callable[..., Desk], accounts: Accounts
) -> None:
    desk = opened(issuer)
    finished = await desk.finish(await returned(desk, "mina"), BROWSER)
    assert finished.signed_in is not None
    assert finished.back == "/ko/my"
    account = finished.signed_in.account
    assert (account.name, account.roles, account.tenants) == ("박민아", ("citizen",), ("",))
    assert "mina" not in account.login
    identity = await accounts.identity_of_session(finished.signed_in.token)
    assert identity == person(account)
    again = await desk.finish(await returned(desk, "mina"), BROWSER)
    assert again.signed_in is not None
    assert again.signed_in.account.number == account.number


async def test_the_request_has_pkce_a_state_and_a_nonce_that_nobody_can_guess(
    issuer: str, opened: Callable[..., Desk]
) -> None:
    desk = opened(issuer)
    sent = [parse_qs(urlsplit((await desk.begin("hall", WISH)).url).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        one, other = (query[name][0] for query in sent)
        assert one != other
        assert len(one) >= 43
    assert sent[0]["code_challenge_method"] == ["S256"]
    assert sent[0]["response_type"] == ["code"]


async def test_a_state_works_once_and_in_the_browser_that_began(
    issuer: str, opened: Callable[..., Desk]
) -> None:
    desk = opened(issuer)
    back = await returned(desk, "mina")
    with pytest.raises(Denied):  # another browser was sent to our address with somebody's code (login CSRF)
        await desk.finish(msgspec.structs.replace(back, secret="another"), BROWSER)
    with pytest.raises(Denied):
        await desk.finish(back, BROWSER)
    back = await returned(desk, "mina")
    await desk.finish(back, BROWSER)
    with pytest.raises(Denied):
        await desk.finish(back, BROWSER)
    with pytest.raises(Denied):
        await desk.finish(Returned("unknown", "code", ""), BROWSER)


async def test_who_said_no_is_not_let_in(issuer: str, opened: Callable[..., Desk]) -> None:
    desk = opened(issuer)
    back = await returned(desk, "mina")
    with pytest.raises(Denied):
        await desk.finish(msgspec.structs.replace(back, error="access_denied"), BROWSER)


async def test_an_answer_of_another_provider_is_refused(issuer: str, opened: Callable[..., Desk]) -> None:
    desk = opened(issuer)
    back = await returned(desk, "mina")
    with pytest.raises(Denied):
        await desk.finish(msgspec.structs.replace(back, issuer="https://evil.example"), BROWSER)


async def test_an_address_at_the_provider_opens_no_account_here(
    issuer: str, opened: Callable[..., Desk], accounts: Accounts
) -> None:
    root = await person_of(accounts, "root@gaon.example", "city-administrator")
    desk = opened(issuer)
    finished = await desk.finish(await returned(desk, "root@gaon.example"), BROWSER)
    assert finished.signed_in is not None
    assert person(finished.signed_in.account).subject != root.subject
    assert finished.signed_in.account.roles == ("citizen",)


async def test_where_newcomers_have_no_role_only_who_has_joined_comes_in(
    issuer: str, opened: Callable[..., Desk], accounts: Accounts
) -> None:
    desk = opened(issuer, roles=())
    with pytest.raises(Denied):
        await desk.finish(await returned(desk, "mina"), BROWSER)
    mina, jun = await person_of(accounts, "mina", "data-officer"), await person_of(accounts, "jun")
    joining = Wish(REDIRECT, "/ko/my", mina)
    assert (await desk.finish(await returned(desk, "mina", joining), BROWSER)).signed_in is None
    finished = await desk.finish(await returned(desk, "mina"), BROWSER)
    assert finished.signed_in is not None
    assert person(finished.signed_in.account) == mina
    with pytest.raises(AlreadyExists):
        await desk.finish(await returned(desk, "mina", Wish(REDIRECT, "/ko/my", jun)), BROWSER)
    await provided.part(desk, mina, "hall")
    with pytest.raises(Denied):
        await desk.finish(await returned(desk, "mina"), BROWSER)
    with pytest.raises(NotFound):
        await provided.part(desk, mina, "hall")


async def test_who_is_suspended_does_not_come_in_by_a_provider(
    issuer: str, opened: Callable[..., Desk], accounts: Accounts
) -> None:
    desk = opened(issuer)
    finished = await desk.finish(await returned(desk, "mina"), BROWSER)
    assert finished.signed_in is not None
    number = finished.signed_in.account.number
    await accounts.platform.accounts.change(number, lambda one: msgspec.structs.replace(one, active=False))
    with pytest.raises(Denied):
        await desk.finish(await returned(desk, "mina"), BROWSER)


async def test_a_provider_in_an_inner_network_is_asked_only_where_that_is_allowed(
    issuer: str, opened: Callable[..., Desk]
) -> None:
    with pytest.raises(ProviderFailed):
        await opened(issuer, ()).begin("hall", WISH)
    with pytest.raises(ProviderFailed):
        await opened("http://127.0.0.1:1").begin("hall", WISH)


class Liar:
    """A provider whose tokens are as a test says. claims: put over the right ones; None takes one away."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"}, private=True)
        self.signed: Callable[[dict[str, Any]], str] = self.rightly
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.nonce = ""
        self.address = ""
        self.form: dict[str, str] = {}

    def rightly(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key, ["RS256"])

    async def discovery(self, _request: web.Request) -> web.Response:
        told = {
            "issuer": self.address,
            "authorization_endpoint": self.address + "/authorize",
            "token_endpoint": self.address + "/token",
            "jwks_uri": self.address + "/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        return web.json_response(told | self.metadata)

    async def token(self, request: web.Request) -> web.Response:
        self.form = {name: str(value) for name, value in (await request.post()).items()}
        now = int(time.time())
        claims = {
            "iss": self.address,
            "sub": "mina",
            "aud": "madang",
            "iat": now,
            "exp": now + 60,
            "nonce": self.nonce,
            "name": "민아",
        } | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        return web.json_response({"id_token": self.signed(claims), "access_token": "x"})

    async def jwks(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    async def away(self, _request: web.Request) -> web.Response:
        raise web.HTTPFound("http://169.254.169.254/")


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    made = Liar()
    application = web.Application()
    application.router.add_get("/.well-known/openid-configuration", made.discovery)
    application.router.add_post("/token", made.token)
    application.router.add_get("/jwks", made.jwks)
    application.router.add_get("/away", made.away)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.address = f"http://{host}:{port}"
    yield made
    await runner.cleanup()


async def finish(desk: Desk, liar: Liar) -> provided.Finished:
    begun = await desk.begin("hall", WISH)
    query = parse_qs(urlsplit(begun.url).query)
    liar.nonce = query["nonce"][0]
    return await desk.finish(Returned(query["state"][0], "code", begun.secret), BROWSER)


async def test_a_token_that_is_right_is_taken(liar: Liar, opened: Callable[..., Desk]) -> None:
    desk = opened(liar.address, secret="shared")
    liar.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await finish(desk, liar)).signed_in is not None
    assert liar.form["client_secret"] == "shared"
    assert len(liar.form["code_verifier"]) >= 43
    # Its keys are changed now and then
    liar.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"}, private=True)
    desk.providers._kept["hall"].keys_fetched = 0
    assert (await finish(desk, liar)).signed_in is not None


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": ["madang", "another"], "azp": "another"},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": ""},
        {"sub": None},
        {"sub": "x" * 300},
    ],
    ids=str,
)
async def test_what_does_not_fit_is_refused(
    liar: Liar, opened: Callable[..., Desk], claims: dict[str, Any]
) -> None:
    liar.claims = claims
    with pytest.raises(ProviderFailed):
        await finish(opened(liar.address), liar)


async def test_a_signature_that_anybody_could_make_is_refused(
    liar: Liar, opened: Callable[..., Desk]
) -> None:
    other = RSAKey.generate_key(2048, {"kid": "1"}, private=True)
    for signed in (
        lambda claims: jwt.encode({"alg": "none"}, claims, OctKey.import_key("x" * 32), ["none"]),
        lambda claims: jwt.encode(
            {"alg": "HS256", "kid": "1"}, claims, OctKey.import_key("shared" * 8), ["HS256"]
        ),
        lambda claims: jwt.encode({"alg": "RS256", "kid": "1"}, claims, other, ["RS256"]),
        lambda claims: liar.rightly(claims)[:-8] + "AAAAAAAA",
        lambda _claims: "not.a.token",
        lambda _claims: "",
    ):
        liar.signed = signed
        with pytest.raises(ProviderFailed):
            await finish(opened(liar.address, secret="shared" * 8), liar)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": "http://169.254.169.254/latest"},
        {"jwks_uri": "AWAY"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
    ],
    ids=str,
)
async def test_ssrf_by_redirect_and_by_what_a_provider_names_is_refused(
    liar: Liar, opened: Callable[..., Desk], metadata: dict[str, Any]
) -> None:
    liar.metadata = {
        name: liar.address + "/away" if value == "AWAY" else value for name, value in metadata.items()
    }
    with pytest.raises(ProviderFailed):
        await finish(opened(liar.address), liar)
