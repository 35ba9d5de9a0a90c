"""`madang up`: makes a home what the city file says, serves it, and keeps it so."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from madang import server
from madang.city.apply import apply, keep
from madang.city.check import read_city, require
from madang.city.model import City
from madang.cli.exits import OK
from madang.cli.progress import display
from madang.cli.wiring import Wiring
from madang.connect.progress import Progress, agree
from madang.home import Home, held
from madang.hub.hub import Hub
from madang.settings import Settings, read
from madang.trust.access import OPEN

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
    """What is to come up. file: the city file, None for none. yes: removals are agreed to. json: progress as JSON."""

    file: Path | None
    yes: bool
    json: bool


def up_command(wiring: Wiring) -> Callable[..., int]:
    def up(
        city: Path | None = None,
        /,
        *,
        where: Where | None = None,
        yes: Annotated[bool, Parameter(negative=())] = False,
        json: Annotated[bool, Parameter(negative=())] = False,
    ) -> int:
        """Bring a city up and serve it, until Ctrl+C.

        Parameters
        ----------
        city
            The city file; what it says is made so. Without one, what the home holds is served.
        yes
            Do not ask before entities of removed sources go.
        json
            Show progress as lines of JSON.
        """
        asyncio.run(bring_up(wiring, (where or Where()).settings(), Wish(city, yes, json)))
        return OK

    return up


async def bring_up(wiring: Wiring, settings: Settings, wish: Wish) -> None:
    """Hold the home, serve the city and load it meanwhile, until this process is told to stop.

    Raises HomeLocked, AddressInUse, SettingInvalid and CityFileInvalid before anything is touched."""
    city = require(read_city(wish.file, os.environ), wish.file) if wish.file else NO_CITY
    home = Home(settings.home)
    stop = stop_signal()
    with held(home) as announce:
        port = server.claim(settings.host, settings.port)
        announce(server.address(settings.host, port))
        async with wiring.open_hub(home, settings) as hub:
            hub.store(OPEN, create=True)
            serving = asyncio.create_task(
                server.serve(wiring.application(hub, city, settings), settings.host, port, stop)
            )
            loading = asyncio.create_task(load(hub, city, wish, server.address(settings.host, port)))
            await asyncio.wait((serving, loading), return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            await serving
            loading.cancel()
            with suppress(asyncio.CancelledError):
                await loading


def stop_signal() -> asyncio.Event:
    """Set when this process is asked to end."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def load(hub: Hub, city: City, wish: Wish, address: str) -> None:
    """Make the store say what the city file says, and keep reading what is scheduled; never returns."""
    say(f"{address} is up; stop it with Ctrl+C", wish)
    if city is not NO_CITY:
        with display(wish.json) as shown:
            await apply(hub, OPEN, city, consent=agree if wish.yes else shown.ask, progress=shown.report)
        await keep(hub, OPEN, city, ignore)
    await asyncio.Event().wait()


def say(line: str, wish: Wish) -> None:
    if not wish.json:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def ignore(_progress: Progress) -> None:
    """Once a city is up, its pages tell how its sources are doing."""
