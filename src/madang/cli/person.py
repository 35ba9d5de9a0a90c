"""`madang person`: hand out or erase one person's data from the machine itself, while no platform uses the home.

While one runs, the privacy officer does the same on its page; a second process may not write beside it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec
from cyclopts import App, Parameter

from madang.cli.exits import OK, PARTIAL
from madang.cli.wiring import Wiring
from madang.errors import BadRequestData
from madang.home import Home, held
from madang.hub.trust import persons
from madang.hub.trust.handout import readable
from madang.hub.trust.persons import Custody, Erased
from madang.settings import read
from madang.store import backups
from madang.trust.access import Access
from madang.trust.identity import OPERATOR

_LANGUAGES: Final = ("ko", "en")
Result = TypeVar("Result")
_Flag = Annotated[bool, Parameter(negative=())]


def person_application(wiring: Wiring) -> App:
    """The two commands."""
    app = App(name="person", help="Hand out or erase one person's data, while no platform runs.")
    app.command(_export_command(wiring), name="export")
    app.command(_erase_command(wiring), name="erase")
    return app


def _export_command(wiring: Wiring) -> Callable[..., int]:
    def export(
        person: str,
        file: Path | None = None,
        /,
        *,
        reason: str,
        read_in: str = "",
        tenant: str = "",
        home: str | None = None,
    ) -> int:
        """Write all that is known of a person as JSON: entities, histories, consents, requests, who read it.

        Parameters
        ----------
        person
            Identifier of the person's entity.
        file
            The file to write; standard output without it.
        reason
            Why it is handed out; it is kept in the audit. Do not say whose data it is.
        read_in
            "ko" or "en": a text to be read in that language instead of JSON.
        tenant
            Name of a tenant; without it the default one.
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        """
        if read_in and read_in not in _LANGUAGES:
            raise BadRequestData(f"--read-in is '{read_in}', but must be ko or en")

        async def run(custody: Custody) -> bytes:
            handout = await persons.hand_out(custody, _access(tenant), person, reason)
            if read_in:
                return readable(handout, custody.hub.contexts.own, read_in).encode()
            return msgspec.json.format(msgspec.json.encode(handout)) + b"\n"

        place = _home(home)
        with held(place):
            body = asyncio.run(_with(wiring, place, run))
        if file is None:
            sys.stdout.buffer.write(body)
        else:
            # For nobody else on this machine
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as target:
                target.write(body)
        return OK

    return export


def _erase_command(wiring: Wiring) -> Callable[..., int]:
    def erase(
        person: str,
        /,
        *,
        reason: str,
        yes: _Flag = False,
        tenant: str = "",
        home: str | None = None,
        json: _Flag = False,
    ) -> int:
        """Erase all that is a person's for good, and record that. It cannot be undone.

        Ends with 3 where something is left for a person to look at: other entities that name them, copies of the home.

        Parameters
        ----------
        person
            Identifier of the person's entity.
        reason
            Why; it is kept in the audit and in the record. Do not say whose data it was.
        yes
            Agree that it is gone for good.
        tenant
            Name of a tenant; without it the default one.
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        json
            Print the outcome as JSON.
        """
        if not yes:
            raise BadRequestData("Erasing cannot be undone; say --yes to do it")

        async def run(custody: Custody) -> Erased:
            return await persons.erase(custody, _access(tenant), person, reason)

        place = _home(home)
        with held(place):
            erased = asyncio.run(_with(wiring, place, run))
        copies = [str(path) for path in backups.former(place)]
        if json:
            told = {"destruction": erased.destruction, "mentions": erased.mentions, "copies": copies}
            sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        else:
            sys.stdout.write(_told(erased, copies))
        return PARTIAL if erased.mentions or copies or erased.pending else OK

    return erase


async def _with(wiring: Wiring, home: Home, run: Callable[[Custody], Awaitable[Result]]) -> Result:
    async with wiring.open_custody(home, read(os.environ, {"home": str(home.path)})) as custody:
        return await run(custody)


def _access(tenant: str) -> Access:
    return Access(tenant=tenant, subject=OPERATOR.subject)


def _home(stated: str | None) -> Home:
    return Home(read(os.environ, {"home": stated}).home)


def _told(erased: Erased, copies: list[str]) -> str:
    gone = erased.destruction
    entities = sum(gone.types.values())
    lines = [f"erased {entities} {'entity' if entities == 1 else 'entities'}; record {gone.number}"]
    lines += [f"  {n} {name}" for name, n in gone.other.items()]
    lines += [f"{one} still holds a name or an address; look at it" for one in erased.mentions]
    lines += [f"{one} holds what was there before a restore; delete it" for one in copies]
    if erased.pending:
        lines.append("the disk is cleaned when the platform runs next")
    return "\n".join(lines) + "\n"
