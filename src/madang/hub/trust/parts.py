"""The parts of which trust is made, for the faces by which people look after them: accounts, policies, persons' data."""

from __future__ import annotations

import msgspec

from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.provided import Desk
from madang.hub.trust.persons import Custody
from madang.hub.trust.policies import Policies


class Parts(msgspec.Struct, frozen=True):
    """Open as long as the platform serves."""

    accounts: Accounts
    policies: Policies
    desk: Desk
    custody: Custody
