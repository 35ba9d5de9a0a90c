"""`madang up`: makes a home what the city file says, serves it, and keeps it so."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import resource
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from madang import children, logs, server
from madang.city.apply import apply, keep
from madang.city.check import read_city, require
from madang.city.demo.following import keep_alive
from madang.city.model import City
from madang.cli.exits import OK
from madang.cli.maintenance import restore_staged
from madang.cli.progress import display
from madang.cli.wiring import Platform, Wiring
from madang.connect.progress import Progress, agree
from madang.errors import ProgramFailed, SettingInvalid
from madang.home import Home, held
from madang.hub.accounts.links import first_link
from madang.hub.hub import Hub
from madang.settings import Settings, read
from madang.trust.access import Access
from madang.trust.identity import OPERATOR

CITY_FILE: Final = "city.toml"
PLATFORM: Final = Access(subject=OPERATOR.subject)
"""As which the platform itself writes what the sources of the city say."""
NO_CITY: Final = City(
    id="city",
    name={"ko": "마당", "en": "Madang"},
    languages=("ko", "en"),
    time_zone="UTC",
    extent=(-180.0, -90.0, 180.0, 90.0),
)
"""What is served where no city file is named: whatever the home holds."""


@Parameter(name="*")
@dataclass(frozen=True)
class Where:
    """Where the platform keeps its things and listens; a flag wins over its variable.

    Parameters
    ----------
    home
        Folder where everything is kept (MADANG_HOME, ./.madang).
    host
        Address to listen on (MADANG_HOST, 127.0.0.1).
    port
        Port to listen on, 0 for any free one (MADANG_PORT, 8080).
    """

    home: str | None = None
    host: str | None = None
    port: str | None = None

    def settings(self) -> Settings:
        return read(os.environ, {"home": self.home, "host": self.host, "port": self.port})


class Wish(msgspec.Struct, frozen=True):
    """What is to come up.

    file: the city file, None for none. seed: of the demonstration city, None for another city. yes: removals are agreed
    to. json: progress as JSON.
    """

    file: Path | None
    seed: int | None
    yes: bool
    json: bool


def up_command(wiring: Wiring) -> Callable[..., int]:
    def up(
        city: Path | None = None,
        /,
        *,
        where: Where | None = None,
        demo: Annotated[bool, Parameter(negative=())] = False,
        seed: int = 1,
        yes: Annotated[bool, Parameter(negative=())] = False,
        json: Annotated[bool, Parameter(negative=())] = False,
    ) -> int:
        """Bring a city up and serve it, until Ctrl+C.

        Parameters
        ----------
        city
            The city file; what it says is made so. Without one, what the home holds is served.
        demo
            Bring up the demonstration city, which is made from a seed.
        seed
            Another number makes another demonstration city.
        yes
            Do not ask before entities of removed sources go.
        json
            Show progress as lines of JSON.
        """
        if demo and city is not None:
            raise SettingInvalid(f"--demo brings up a city of its own; leave out {city}, or --demo")
        wish = Wish(city, seed if demo else None, yes, json)
        settings = (where or Where()).settings()
        logs.set_up(settings.log, settings.log_level)
        open_many_files()
        server.run(bring_up(wiring, settings, wish))
        return OK

    return up


async def bring_up(wiring: Wiring, settings: Settings, wish: Wish) -> None:
    """Hold the home, serve the city and load it meanwhile, until this process is told to stop.

    Raises HomeLocked, AddressInUse, SettingInvalid and CityFileInvalid before anything is written."""
    home = Home(settings.home)
    stop = stop_signal()
    with held(home) as announce:
        if restored := restore_staged(home):
            say(restored, wish)
        port = server.claim(settings.host, settings.port)
        address = server.address(settings.host, port)
        announce(address)
        if wish.seed is not None and not await make_demo(wish, home, stop):
            return
        city = wished(wish, home)
        require_loopback(settings.host, city)
        async with wiring.open_platform(home, settings, city) as platform:
            hub = platform.hub
            hub.store(PLATFORM, create=True)
            say(f"{address} is up; stop it with Ctrl+C", wish)
            await invite(platform, city, address)
            work: list[Coroutine[None, None, None]] = [load(hub, city, wish)]
            if wish.seed is not None:
                work.append(keep_alive(demo_folder(home), hub.clock))
            application = wiring.application(platform, city, settings)
            await serve_beside(work, server.serve(application, settings.host, port, stop), stop)


async def invite(platform: Platform, city: City, address: str) -> None:
    """Where a closed city has no account yet, say by which link the first administrator makes theirs."""
    link = None if city.trust.open else await first_link(platform.parts.accounts)
    if link is not None:
        language = city.languages[0] if city.languages[0] in ("ko", "en") else "en"
        sys.stdout.write(
            f"Nobody can sign in yet. The first administrator does it here, once: {address}/{language}{link.path}\n"
        )
        sys.stdout.flush()


def require_loopback(host: str, city: City) -> None:
    """Raises SettingInvalid where everybody who can reach the host could do everything."""
    if city.trust.open and not is_loopback(host):
        raise SettingInvalid(
            f"The city file says [trust] open = true, which lets everybody in; so it is served at 127.0.0.1 only, not at "
            f"{host}. Leave it out to serve it there: people sign in then"
        )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def open_many_files() -> None:
    """Let this process open as many files as it may: every open tenant takes some."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def serve_beside(
    work: Iterable[Coroutine[None, None, None]], serving: Coroutine[None, None, None], stop: asyncio.Event
) -> None:
    """Serve while the work goes on, none of which ever ends by itself; a failure of one ends all, and is raised."""
    server_task = asyncio.create_task(serving)
    others = [asyncio.create_task(one) for one in work]
    await asyncio.wait((server_task, *others), return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await server_task
    for one in others:
        one.cancel()
    for ended in await asyncio.gather(*others, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended


def stop_signal() -> asyncio.Event:
    """Set when this process is asked to end."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def demo_folder(home: Home) -> Path:
    return home.files / "demo"


async def make_demo(wish: Wish, home: Home, stop: asyncio.Event) -> bool:
    """Make the demonstration city's files if they are not there; False if this was stopped meanwhile."""
    say(f"making the demonstration city (seed {wish.seed})", wish)
    process = await children.start("madang.city.demo", str(demo_folder(home)), str(wish.seed))
    ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    await children.end(process)
    if stop.is_set():
        return False
    if await ended:
        raise ProgramFailed("The demonstration city could not be made; the lines above say why")
    return True


def wished(wish: Wish, home: Home) -> City:
    """The city that was asked for. Raises CityFileInvalid with all mistakes; what is only doubtful is told."""
    file = wish.file if wish.seed is None else demo_folder(home) / CITY_FILE
    if file is None:
        return NO_CITY
    checked = read_city(file, os.environ)
    if checked.mistakes and checked.city is not None:
        sys.stderr.write(checked.shown(str(file)) + "\n")
    return require(checked, file)


async def load(hub: Hub, city: City, wish: Wish) -> None:
    """Make the store say what the city file says, and keep reading what is scheduled; never returns."""
    if city is not NO_CITY:
        with display(wish.json) as shown:
            await apply(hub, PLATFORM, city, consent=agree if wish.yes else shown.ask, progress=shown.report)
        await keep(hub, PLATFORM, city, ignore)
    await asyncio.Event().wait()


def say(line: str, wish: Wish) -> None:
    if not wish.json:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def ignore(_progress: Progress) -> None:
    """Once a city is up, its pages tell how its sources are doing."""
