"""What the commands need from outside: `wire.py` gives it, so that the commands know no implementation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import msgspec

from madang.city.model import City
from madang.ecosystem.running import Outcomes
from madang.home import Home
from madang.hub.accounts.accounts import Accounts
from madang.hub.hub import Hub
from madang.hub.trust.gate import Gate
from madang.hub.trust.parts import Parts
from madang.hub.trust.persons import Custody
from madang.server import Application
from madang.settings import Settings
from madang.store.files import StoreFiles


class Platform(msgspec.Struct, frozen=True):
    """What a city serves. gate: stands before the hub as the city file says. parts: what the gate goes by. outcomes: of the
    analyses of its ecosystem."""

    hub: Hub
    gate: Gate
    parts: Parts
    outcomes: Outcomes


class Wiring(msgspec.Struct, frozen=True):
    """open_hub: the hub over the stores of a home, which the caller holds. open_platform: the same with all that a city
    serves. application: what serves it. files: what can be done with the stores while nobody has opened them here.
    open_custody: who looks after persons' data, over the stores of a home that the caller holds.
    open_accounts: who may sign in, also while another process serves."""

    open_hub: Callable[[Home, Settings], AbstractAsyncContextManager[Hub]]
    open_platform: Callable[[Home, Settings, City], AbstractAsyncContextManager[Platform]]
    application: Callable[[Platform, City, Settings], Application]
    files: StoreFiles
    open_custody: Callable[[Home, Settings], AbstractAsyncContextManager[Custody]]
    open_accounts: Callable[[Home], AbstractAsyncContextManager[Accounts]]
