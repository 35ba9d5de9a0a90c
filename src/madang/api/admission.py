"""How the calls of the information API come through the gate."""

from __future__ import annotations

from typing import Final

from madang.api.call import Call
from madang.hub.trust.gate import Admitted, Asked, Gate
from madang.trust.identity import Permission

_TRIED_MAX: Final = 1024


class Admission:
    """Whoever only tries a role of an open city is let in the same way every time, until the policies change: that is
    remembered by their cookie as it came."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._tried: dict[tuple[bytes, Permission | None], Admitted] = {}
        self._version: int | None = None

    async def admit(self, call: Call, permission: Permission | None, client: tuple[str, int] | None) -> None:
        """Tell the call who asks and what they see. client: address and port from which it comes.

        Raises Unauthenticated, Denied, TooManyRequests."""
        cookie = call.only_cookie if self.gate.open else None
        if cookie is not None and self._version != self.gate.policies.lasting:
            self._tried.clear()
            self._version = self.gate.policies.lasting
        admitted = self._tried.get((cookie, permission)) if cookie is not None else None
        if admitted is None:
            admitted = await self._ask(call, permission, client)
            if cookie is not None and self._version is not None and not call.credentials.session:
                if len(self._tried) >= _TRIED_MAX:
                    self._tried.clear()
                self._tried[cookie, permission] = admitted
        call.gate = self.gate
        call.identity, call.access, call.left = admitted.identity, admitted.access, admitted.left

    async def _ask(
        self, call: Call, permission: Permission | None, client: tuple[str, int] | None
    ) -> Admitted:
        tenant, purpose = call.header(b"ngsild-tenant"), call.header(b"madang-purpose")
        address = str(client[0]) if client else ""
        return await self.gate.admit(Asked(call.credentials, permission, tenant, purpose, address))
