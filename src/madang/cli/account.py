"""`madang account`: what only whoever runs the platform may do with accounts, also while it runs.

Links are printed, never sent: whoever gets one is that person.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final, TypeVar

import msgspec
from cyclopts import App, Parameter

from madang.cli.exits import OK
from madang.cli.wiring import Wiring
from madang.errors import Conflict, NotFound
from madang.home import Home, serving
from madang.hub.accounts import members
from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.links import NewLink, first_link
from madang.hub.accounts.members import Standing
from madang.hub.accounts.names import normal_login
from madang.settings import Settings, read
from madang.store.platform import Account
from madang.trust.access import DEFAULT_TENANT
from madang.trust.identity import OPERATOR
from madang.trust.roles import BUILT_IN

Result = TypeVar("Result")
_Flag = Annotated[bool, Parameter(negative=())]
_ALL: Final = "*"
_DEFAULT: Final = "default"
_PAGE: Final = 500


def account_application(wiring: Wiring) -> App:
    """The commands below `madang account`."""
    app = App(name="account", help="Who may sign in: list, add, reset, change, suspend.")
    app.command(_list_command(wiring), name="list")
    app.command(_add_command(wiring), name="add")
    app.command(_reset_command(wiring), name="reset")
    app.command(_change_command(wiring), name="change")
    app.command(_active_command(wiring, active=False), name="suspend")
    app.command(_active_command(wiring, active=True), name="open")
    app.command(_first_command(wiring), name="first")
    return app


def _list_command(wiring: Wiring) -> Callable[..., int]:
    def list_accounts(*, home: str | None = None, json: _Flag = False) -> int:
        """Show all accounts.

        Parameters
        ----------
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        json
            Print them as JSON.
        """
        found = _run(wiring, read(os.environ, {"home": home}), _all)
        if json:
            sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        else:
            sys.stdout.write("".join(_line(one) for one in found) or "nobody has an account\n")
        return OK

    return list_accounts


def _add_command(wiring: Wiring) -> Callable[..., int]:
    def add(
        login: str,
        name: str,
        /,
        *,
        role: tuple[str, ...],
        tenant: tuple[str, ...] = (_DEFAULT,),
        home: str | None = None,
    ) -> int:
        """Make an account and print the link with which its person chooses a password.

        Parameters
        ----------
        login
            The name to sign in with.
        name
            What others see.
        role
            What they may do; may be repeated.
        tenant
            Which tenants they may ask, "default" for the one without a name, "*" for all; may be repeated.
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        """
        settings = read(os.environ, {"home": home})
        _note_roles(role)

        async def work(accounts: Accounts) -> NewLink:
            standing = Standing(role, _tenants(tenant))
            return (await members.invite(accounts, OPERATOR, login, name, standing)).link

        _say(settings, _run(wiring, settings, work))
        return OK

    return add


def _reset_command(wiring: Wiring) -> Callable[..., int]:
    def reset(login: str, /, *, home: str | None = None) -> int:
        """Print a link with which somebody chooses a new password; the old one works until then.

        Parameters
        ----------
        login
            The name to sign in with.
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        """
        settings = read(os.environ, {"home": home})

        async def work(accounts: Accounts) -> NewLink:
            return await members.new_link(accounts, OPERATOR, (await _account(accounts, login)).number)

        _say(settings, _run(wiring, settings, work))
        return OK

    return reset


def _change_command(wiring: Wiring) -> Callable[..., int]:
    def change(
        login: str,
        /,
        *,
        role: tuple[str, ...] = (),
        tenant: tuple[str, ...] = (),
        home: str | None = None,
    ) -> int:
        """Give an account these roles and tenants, in the place of those that it has.

        Parameters
        ----------
        login
            The name to sign in with.
        role
            What they may do; may be repeated. Without one the roles stay.
        tenant
            Which tenants they may ask, "default" for the one without a name, "*" for all; may be repeated. Without one
            they stay.
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        """

        async def work(accounts: Accounts) -> Account:
            before = await _account(accounts, login)
            tenants = _tenants(tenant) if tenant else before.tenants
            standing = Standing(role or before.roles, tenants, before.organisations)
            return await members.change_standing(accounts, OPERATOR, before.number, standing)

        _note_roles(role)
        sys.stdout.write(_line(_run(wiring, read(os.environ, {"home": home}), work)))
        return OK

    return change


def _active_command(wiring: Wiring, *, active: bool) -> Callable[..., int]:
    def set_active(login: str, /, *, home: str | None = None) -> int:
        async def work(accounts: Accounts) -> Account:
            number = (await _account(accounts, login)).number
            return await members.set_active(accounts, OPERATOR, number, active=active)

        sys.stdout.write(_line(_run(wiring, read(os.environ, {"home": home}), work)))
        return OK

    does = (
        "Let somebody in again" if active else "Keep somebody out: sessions end, keys and applications stop"
    )
    set_active.__doc__ = f"""{does}.

        Parameters
        ----------
        login
            The name to sign in with.
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        """
    return set_active


def _first_command(wiring: Wiring) -> Callable[..., int]:
    def first(*, home: str | None = None) -> int:
        """Print another link for the first administrator; the one that was printed before works no longer.

        Parameters
        ----------
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        """
        settings = read(os.environ, {"home": home})
        link = _run(wiring, settings, first_link)
        if link is None:
            raise Conflict(
                "There is an administrator already; `madang account list` shows who has an account"
            )
        _say(settings, link)
        return OK

    return first


def _run(wiring: Wiring, settings: Settings, work: Callable[[Accounts], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with wiring.open_accounts(Home(settings.home)) as accounts:
            return await work(accounts)

    return asyncio.run(run())


async def _all(accounts: Accounts) -> list[Account]:
    found: list[Account] = []
    while some := await accounts.platform.accounts.page(found[-1].number if found else 0, _PAGE):
        found += some
    return found


async def _account(accounts: Accounts, login: str) -> Account:
    found = await accounts.platform.accounts.by_login(normal_login(login))
    if found is None:
        raise NotFound(f"Nobody signs in as {login}; `madang account list` shows who does")
    return found


def _note_roles(roles: Sequence[str]) -> None:
    """A city file may define others than the platform knows; one that nobody defines allows nothing."""
    for role in roles:
        if role not in BUILT_IN:
            sys.stderr.write(
                f"'{role}' is none of the built-in roles; it allows what the city file says of it\n"
            )


def _tenants(named: Sequence[str]) -> tuple[str, ...] | None:
    return None if _ALL in named else tuple(DEFAULT_TENANT if one == _DEFAULT else one for one in named)


def _line(account: Account) -> str:
    tenants = _ALL if account.tenants is None else ",".join(one or _DEFAULT for one in account.tenants)
    state = "" if account.active else "  suspended"
    roles = ",".join(account.roles) or "-"
    return f"person:{account.number}  {account.login}  {account.name}  {roles}  {tenants}{state}\n"


def _say(settings: Settings, link: NewLink) -> None:
    """With the address of the platform, as far as that is known."""
    language = "ko" if os.environ.get("LANG", "").startswith("ko") else "en"
    address = settings.url or serving(Home(settings.home))
    sys.stdout.write(f"{address}/{language}{link.path}\n")
    if not address:
        sys.stderr.write("Put the address of the platform before it, or set MADANG_URL\n")
