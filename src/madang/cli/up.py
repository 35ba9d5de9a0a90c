"""`madang up`: makes a home what the city file says, serves it, and keeps it so."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from madang import server
from madang.city.model import City
from madang.cli.exits import OK
from madang.cli.wiring import Wiring
from madang.home import Home, held
from madang.settings import Settings, read

NO_CITY = City(
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


def up_command(wiring: Wiring) -> Callable[..., int]:
    def up(
        city: Path | None = None,
        /,
        *,
        where: Where | None = None,
        demo: Annotated[bool, Parameter(negative=())] = False,
        seed: int = 1,
        yes: Annotated[bool, Parameter(negative=())] = False,
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
        """
        asyncio.run(serve(wiring, (where or Where()).settings(), NO_CITY))
        return OK

    return up


async def serve(wiring: Wiring, chosen: Settings, city: City) -> None:
    """Hold the home and serve the city until this process is told to stop.

    Raises HomeLocked, AddressInUse or SettingInvalid before anything is touched."""
    home = Home(chosen.home)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with held(home) as announce:
        port = server.claim(chosen.host, chosen.port)
        address = server.address(chosen.host, port)
        announce(address)
        async with wiring.open_hub(home, chosen) as hub:
            sys.stdout.write(f"{address} is up; stop it with Ctrl+C\n")
            await server.serve(wiring.application(hub, city, chosen), chosen.host, port, stop)
