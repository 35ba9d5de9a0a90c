"""What the commands need from outside: `wire.py` gives it, so that the commands know no implementation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import msgspec

from madang.city.model import City
from madang.home import Home
from madang.hub.hub import Hub
from madang.hub.trust.gate import Gate
from madang.server import Application
from madang.settings import Settings
from madang.store.files import StoreFiles


class Wiring(msgspec.Struct, frozen=True):
    """open_hub: the hub over the stores of a home, which the caller holds. open_platform: the same, and the gate before
    it as the city file says. application: what serves the hub's API and the pages of the city. files: what can be done
    with the stores while nobody has opened them here."""

    open_hub: Callable[[Home, Settings], AbstractAsyncContextManager[Hub]]
    open_platform: Callable[[Home, Settings, City], AbstractAsyncContextManager[tuple[Hub, Gate]]]
    application: Callable[[Hub, Gate, City, Settings], Application]
    files: StoreFiles
