"""Where a request comes from if a proxy stands before the platform: only a proxy of ours is believed what it says of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache
from typing import Any, Final

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
_HEADER: Final = b"x-forwarded-for"


def behind_proxies(application: Application, networks: Iterable[str]) -> Application:
    """The application as it is when the proxies of these networks pass requests on to it."""
    trusted = [ipaddress.ip_network(network) for network in networks]
    if not trusted:
        return application

    @lru_cache(maxsize=4096)
    def is_ours(address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in trusted)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client and is_ours(client[0]):
            said = [value.decode("latin-1") for name, value in scope["headers"] if name == _HEADER]
            scope["client"] = (_farthest(client[0], ",".join(said), is_ours), 0)
        await application(scope, receive, send)

    return serve


def _farthest(client: str, said: str, is_ours: Callable[[str], bool]) -> str:
    """The last address on the way here that is none of our proxies. What stands before it, anybody may have written."""
    for part in reversed(said.split(",")):
        address = part.strip()
        try:
            client = str(ipaddress.ip_address(address))
        except ValueError:
            return client
        if not is_ours(client):
            return client
    return client
