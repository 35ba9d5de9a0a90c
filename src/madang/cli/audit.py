"""`madang audit`: check the chains of events of a home, read them and take them away, also while a platform runs."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TextIO

import msgspec
from cyclopts import App, Parameter

from madang import vocabulary
from madang.cli.exits import FAILED, OK
from madang.cli.wiring import Wiring
from madang.errors import BadRequestData, NotFound
from madang.home import Home
from madang.hub.trust.audit_keeping import PLATFORM, chain_name, noted
from madang.hub.trust.audit_telling import COLUMNS, Said, cells, every, told, wanted
from madang.settings import read
from madang.sheets import lines
from madang.store.audit import Chain, Head, Recorded, parse_head

_SHOWN: Final = 50
_TENANT: Final = chain_name("")
_Flag = Annotated[bool, Parameter(negative=())]


class Checked(msgspec.Struct, frozen=True):
    """What came of checking a chain. chain: "platform", "tenant:NAME". head: to be kept elsewhere, for a later check."""

    chain: str
    events: int
    head: str
    fault: str


@Parameter(name="*")
@dataclass(frozen=True)
class Choice:
    """Which events.

    Parameters
    ----------
    chain
        "platform" for sign-ins, members, keys and policies; "tenant:NAME" for what was done in a tenant.
    subject
        Who did it, such as person:7.
    deed
        What was done, such as read or download.
    entity
        Identifier of the thing that it was done to.
    since
        From this moment on, as 2026-01-31T00:00:00+09:00.
    until
        Before this moment.
    """

    chain: str = _TENANT
    subject: str = ""
    deed: str = ""
    entity: str = ""
    since: str = ""
    until: str = ""


def audit_application(wiring: Wiring) -> App:
    """The commands below `madang audit`."""
    app = App(name="audit", help="Check, read and take away the record of who did and read what.")
    app.command(_verify_command(wiring), name="verify")
    app.command(_list_command(wiring), name="list")
    app.command(_export_command(wiring), name="export")
    return app


def _verify_command(wiring: Wiring) -> Callable[..., int]:
    def verify(*, head: tuple[str, ...] = (), home: str | None = None, json: _Flag = False) -> int:
        """Check that nothing in the audit was changed or taken away; ends with 1 if something was.

        Parameters
        ----------
        head
            How far a chain was at an earlier check, as that one printed it (CHAIN=NUMBER:HASH); may be repeated.
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        json
            Print the outcome as JSON.
        """
        checked = asyncio.run(_verify(wiring, home, [_parse(text) for text in head]))
        if json:
            sys.stdout.write(msgspec.json.encode(checked).decode() + "\n")
        else:
            sys.stdout.write("".join(_verdict(one) for one in checked))
        return FAILED if any(one.fault for one in checked) else OK

    return verify


def _list_command(wiring: Wiring) -> Callable[..., int]:
    def list_events(
        *, choice: Choice = Choice(), limit: int = _SHOWN, home: str | None = None, json: _Flag = False
    ) -> int:
        """Show events, the newest first.

        Parameters
        ----------
        limit
            How many, 0 for all.
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        json
            Print each as a line of JSON.
        """
        with _chain(wiring, home, choice.chain) as chain:
            asyncio.run(_write(chain, choice, limit, sys.stdout, _json_lines if json else _plain_lines))
        return OK

    return list_events


def _export_command(wiring: Wiring) -> Callable[..., int]:
    def export(file: Path | None = None, /, *, choice: Choice = Choice(), home: str | None = None) -> int:
        """Write events, the newest first: lines of JSON into a file that is called so (.jsonl), else a sheet (CSV).

        Parameters
        ----------
        file
            The file to write; standard output without it.
        home
            Folder where everything is kept (MADANG_HOME, ./.madang).
        """
        as_json = file is not None and file.suffix == ".jsonl"
        with _chain(wiring, home, choice.chain) as chain, _opened(file) as target:
            if not as_json:
                target.write(lines([COLUMNS]))
            n = asyncio.run(_write(chain, choice, 0, target, _json_lines if as_json else _sheet_lines))
        sys.stderr.write(f"{n:,} events exported\n")
        return OK

    return export


async def _verify(wiring: Wiring, home: str | None, known: list[tuple[str, Head]]) -> list[Checked]:
    """Each chain, with what it is known of it and what the others noted. Raises NotFound."""
    with ExitStack() as opened:
        chains = {name: opened.enter_context(wiring.files.chain(path)) for name, path in _files(home).items()}
        for name, _ in known:
            if name not in chains:
                raise NotFound(f"There is no audit '{name}'; there are {', '.join(chains)}")
        noting = {name: PLATFORM if name != PLATFORM else _TENANT for name in chains}
        checked = []
        for name, chain in chains.items():
            heads = [head for named, head in known if named == name]
            if noting[name] in chains:
                heads += await noted(chains[noting[name]], name)
            verdict = await chain.verify(heads)
            checked.append(Checked(name, verdict.events, str(verdict.head), verdict.fault))
        return checked


async def _write(chain: Chain, choice: Choice, limit: int, target: TextIO, form: Any) -> int:
    """form: makes text of some events. Returns how many were written."""
    said = Said(choice.subject, choice.deed, entity=choice.entity, since=choice.since, until=choice.until)
    n = 0
    async for some in every(chain, wanted(said), limit):
        target.write(form(some))
        n += len(some)
    return n


def _json_lines(some: list[Recorded]) -> str:
    context = vocabulary.context()
    return "".join(msgspec.json.encode(told(one, context)).decode() + "\n" for one in some)


def _sheet_lines(some: list[Recorded]) -> str:
    context = vocabulary.context()
    return lines(cells(one, context) for one in some)


def _plain_lines(some: list[Recorded]) -> str:
    """A line each for a terminal; control characters, which somebody may have put into a reason, are left out."""
    context = vocabulary.context()
    found = []
    for one in some:
        said = told(one, context)
        parts = [said["time"], said["subject"], said["deed"], said["object"], *said["types"]]
        about = [f"{len(said['entities']) + said['forgotten']} things"] if said["entities"] else []
        words = [f"{name} '{said[name]}'" for name in ("purpose", "reason") if said[name]]
        text = "  ".join(part for part in (*parts, *about, *words) if part)
        found.append(f"{one.number:>8}  {''.join(c for c in text if c.isprintable())}\n")
    return "".join(found)


@contextmanager
def _opened(file: Path | None) -> Iterator[TextIO]:
    if file is None:
        yield sys.stdout
    else:
        with file.open("w", encoding="utf-8", newline="") as target:
            yield target


@contextmanager
def _chain(wiring: Wiring, home: str | None, name: str) -> Iterator[Chain]:
    """Raises NotFound."""
    files = _files(home)
    if name not in files:
        raise NotFound(f"There is no audit '{name}'; there are {', '.join(files)}")
    with wiring.files.chain(files[name]) as chain:
        yield chain


def _files(home: str | None) -> dict[str, Path]:
    """The files of a home that have a chain, by its name. Raises NotFound."""
    place = Home(read(os.environ, {"home": home}).home)
    files = {chain_name(path.stem): path for path in sorted(place.tenants.glob("*.sqlite3"))}
    if place.platform_file.exists():
        files = {PLATFORM: place.platform_file, **files}
    if not files:
        raise NotFound(f"There is no store in {place.path}; choose the home folder with --home")
    return files


def _parse(text: str) -> tuple[str, Head]:
    name, _, head = text.partition("=")
    try:
        return name, parse_head(head)
    except ValueError as error:
        raise BadRequestData(
            f"--head is '{text}', but must be CHAIN=NUMBER:HASH, as verify prints it"
        ) from error


def _verdict(one: Checked) -> str:
    said = one.fault or "all is right"
    return f"{one.chain}: {one.events:,} events, {said}\n  head {one.chain}={one.head}\n"
