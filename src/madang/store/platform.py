"""What the hub asks of the store of the whole platform: who there is, and with what they show it. No word of SQL.

It belongs to no tenant. Everything that proves an identity is kept as a digest (SHA-256 of a random secret) or as
an argon2id hash (a password), so that the file alone lets nobody in. Moments are microseconds UTC, 0 for never.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from madang.store.audit import Chain
from madang.store.policies import PolicyStore


class Account(msgspec.Struct, frozen=True):
    """A person who may sign in.

    number: gives the subject "person:NUMBER", is never used again. login: lower case, what they type to sign in. name:
    how others see them. roles: names; tenants: those that they may ask, None for all; organisations: URNs of those that
    they are a member of. active: else they cannot sign in, and none of their keys works.
    """

    number: int
    login: str
    name: str
    roles: tuple[str, ...] = ()
    tenants: tuple[str, ...] | None = ("",)
    organisations: tuple[str, ...] = ()
    active: bool = True
    created: int = 0
    signed_in: int = 0


class Session(msgspec.Struct, frozen=True):
    """A browser that is signed in.

    number: for lists and for ending it. browser: what it calls itself, cut short. seen: when it was used last, within a
    minute. made: of its present secret, which is changed now and then. method: "password", or the identifier of the
    provider.
    """

    number: int
    account: int
    created: int
    seen: int
    made: int
    expires: int
    browser: str = ""
    method: str = "password"


class Key(msgspec.Struct, frozen=True):
    """What a program of a person's shows.

    number: gives the subject "key:NUMBER", the same after a rotation. scopes: permissions by name, None for all that the
    roles of its owner allow. tenants: as in Account, and never more than the owner's. hint: the end of its newest
    secret. used: when it was used last, within a minute.
    """

    number: int
    account: int
    name: str
    scopes: tuple[str, ...] | None = None
    tenants: tuple[str, ...] | None = None
    hint: str = ""
    created: int = 0
    expires: int = 0
    used: int = 0
    revoked: int = 0


class Client(msgspec.Struct, frozen=True):
    """A partner's application, which asks for tokens by itself (OAuth 2.0 client credentials).

    number: gives the subject "client:NUMBER" and the client_id "client-NUMBER". account: who registered it. live: whether
    it may ask the city itself; before that it has a tenant of its own to try things, `sandbox`.
    """

    number: int
    account: int
    name: str
    sandbox: str
    organisation: str = ""
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] | None = None
    tenants: tuple[str, ...] = ("",)
    live: bool = False
    created: int = 0
    used: int = 0
    revoked: int = 0


class Secret(msgspec.Struct, frozen=True):
    """One of the secrets of a client; while it is rotated there are two. live: for the city, else for its sandbox."""

    number: int
    client: int
    live: bool
    hint: str
    created: int
    expires: int


class Token(msgspec.Struct, frozen=True):
    """What a client got for its secret, for an hour."""

    client: int
    live: bool
    expires: int


class Errand(StrEnum):
    """What a single-use link is for."""

    FIRST = "first"
    """Become the first administrator."""
    INVITATION = "invitation"
    """Choose a password for the first time."""
    RESET = "reset"
    """Choose a new password."""


class Link(msgspec.Struct, frozen=True):
    """A single-use link. account: whose password it sets, 0 for the first administrator, who has no account yet."""

    errand: Errand
    account: int
    expires: int


class Organisation(msgspec.Struct, frozen=True):
    """id: a URN, that of its entity where the graph has one."""

    id: str
    name: str


class Accounts(Protocol):
    async def add(self, account: Account) -> Account:
        """With a number of its own. Raises AlreadyExists if the login is taken."""
        ...

    async def get(self, number: int) -> Account | None: ...

    async def by_login(self, login: str) -> Account | None: ...

    async def page(self, after: int, limit: int) -> list[Account]:
        """By number."""
        ...

    async def change(self, number: int, change: Callable[[Account], Account]) -> Account:
        """Put what `change` makes of it in its place, with no other change between. Raises NotFound, and what
        `change` raises."""
        ...

    async def password(self, number: int) -> str:
        """The argon2id hash, "" for none."""
        ...

    async def set_password(self, number: int, hashed: str) -> None:
        """Ends every session of the account and every link to it."""
        ...

    async def hash_anew(self, number: int, former: str, hashed: str) -> None:
        """The same password in another form; nothing where it is another by now."""
        ...

    async def provider_account(self, issuer: str, subject: str) -> int:
        """Whose account a person of a sign-in provider uses; 0 for none."""
        ...

    async def providers(self, number: int) -> list[str]:
        """The issuers by which the account can be signed in to."""
        ...

    async def join_provider(self, number: int, issuer: str, subject: str) -> None:
        """Raises AlreadyExists if that person of the provider has an account already."""
        ...

    async def leave_provider(self, number: int, issuer: str) -> None: ...

    async def organisations(self) -> list[Organisation]: ...

    async def put_organisation(self, organisation: Organisation) -> None: ...

    async def remove_organisation(self, organisation_id: str) -> None:
        """It, and that anybody is a member of it."""
        ...


class Links(Protocol):
    async def add(self, digest: bytes, link: Link) -> None:
        """Others for the same errand and account work no longer."""
        ...

    async def get(self, digest: bytes) -> Link | None: ...

    async def redeem_first(self, digest: bytes, account: Account, hashed: str) -> Account:
        """Use the link up and make the account. Raises NotFound where it is used already, or where there are accounts."""
        ...

    async def redeem(self, digest: bytes, hashed: str) -> Account:
        """Use the link up and set the password of its account. Raises NotFound where it is used already."""
        ...


class Sessions(Protocol):
    async def add(self, digest: bytes, session: Session) -> Session:
        """With a number of its own; notes that the account was signed in to."""
        ...

    async def get(self, digest: bytes, moment: int) -> Session | None:
        """By its secret, or by its former one as long as that still counts at the moment."""
        ...

    async def of(self, account: int) -> list[Session]: ...

    async def renew(self, former: bytes, digest: bytes, made: int, former_until: int) -> bool:
        """Give the session with this secret another one; the former one counts until then. Whether there is one that does not
        have another already."""
        ...

    async def end(self, number: int, account: int) -> bool:
        """Whether the account had such a session."""
        ...

    async def end_all(self, account: int) -> int:
        """How many there were."""
        ...

    async def forget(self, moment: int) -> int:
        """Drop the sessions, tokens, links and secrets that expired before the moment; how many."""
        ...


class Keys(Protocol):
    async def add(self, digest: bytes, key: Key) -> Key: ...

    async def get(self, number: int) -> Key | None: ...

    async def by_secret(self, digest: bytes, moment: int) -> tuple[Key, int] | None:
        """By a secret that still counts at the moment, and until when it does."""
        ...

    async def of(self, account: int) -> list[Key]:
        """account: 0 for the keys of all."""
        ...

    async def change(self, number: int, change: Callable[[Key], Key]) -> Key: ...

    async def rotate(
        self, number: int, digest: bytes, former_until: int, change: Callable[[Key], Key]
    ) -> Key:
        """Another secret; the former ones count until then at most."""
        ...


class Clients(Protocol):
    async def add(self, client: Client, sandbox: Callable[[int], str]) -> Client:
        """With a number of its own and the sandbox that is named for it."""
        ...

    async def get(self, number: int) -> Client | None: ...

    async def of(self, account: int) -> list[Client]:
        """account: 0 for the clients of all."""
        ...

    async def change(self, number: int, change: Callable[[Client], Client]) -> Client:
        """If it is revoked then, its secrets and tokens are gone."""
        ...

    async def add_secret(self, digest: bytes, secret: Secret, former_until: int) -> Secret:
        """The former ones of the same sort count until then at most."""
        ...

    async def secrets(self, client: int) -> list[Secret]: ...

    async def secret(self, client: int, digest: bytes, moment: int) -> Secret | None:
        """The one of the client that has this digest and still counts at the moment."""
        ...

    async def add_token(self, digest: bytes, token: Token) -> None: ...

    async def token(self, digest: bytes) -> Token | None: ...


class Uses(msgspec.Struct, frozen=True):
    """When sessions, keys and clients, by their numbers, were used last."""

    sessions: dict[int, int]
    keys: dict[int, int]
    clients: dict[int, int]


class Platform(Protocol):
    """When a call that writes returns, what it did is on disk."""

    accounts: Accounts
    links: Links
    sessions: Sessions
    keys: Keys
    clients: Clients
    audit: Chain
    policies: PolicyStore

    @property
    def writes(self) -> int:
        """How often something was changed through this value; costs nothing to ask."""
        ...

    def version(self) -> int:
        """Another number after every change, whoever made it: what was read before may no longer be so."""
        ...

    async def note(self, uses: Uses) -> None: ...

    async def compact(self) -> None:
        """Write everything anew, so that nothing is left of what was taken away."""
        ...

    async def close(self) -> None: ...


def among(wanted: Sequence[str] | None, allowed: Sequence[str] | None) -> tuple[str, ...] | None:
    """What is in both, where None stands for everything."""
    if wanted is None:
        return None if allowed is None else tuple(allowed)
    return tuple(wanted) if allowed is None else tuple([one for one in wanted if one in allowed])
