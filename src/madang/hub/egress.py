"""Which hosts the platform may call: addresses are resolved and checked at connect time, also after a redirect.

Loopback, private, link-local and other special addresses are refused unless MADANG_EGRESS_ALLOW names the host
or its network: a public API must not become a way into the city's inner networks.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from fnmatch import fnmatchcase

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver


class EgressRefused(OSError):
    """The address is not one that this platform may call. An OSError, as aiohttp expects of a resolver."""


class GuardedResolver(AbstractResolver):
    """Resolves names, and lets through only addresses that may be called.

    allow: host names, patterns such as "*.example.org", and networks such as "10.0.0.0/8".
    """

    def __init__(self, allow: tuple[str, ...]) -> None:
        self._inner = ThreadedResolver()
        self._names = tuple(entry for entry in allow if not _is_network(entry))
        self._networks = tuple(
            ipaddress.ip_network(entry, strict=False) for entry in allow if _is_network(entry)
        )

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Addresses of the host that may be called. Raises EgressRefused if there is none."""
        found = await self._inner.resolve(host, port, family)
        if any(fnmatchcase(host.lower(), name) for name in self._names):
            return found
        allowed = [result for result in found if self.allows(result["host"])]
        if not allowed:
            raise EgressRefused(
                errno.EACCES,
                f"{host} is at {', '.join(result['host'] for result in found)}, an address that may not be called; "
                "an operator can allow it with MADANG_EGRESS_ALLOW",
            )
        return allowed

    def allows(self, address: str) -> bool:
        """Whether this numeric address may be called."""
        parsed = ipaddress.ip_address(address.partition("%")[0])
        return parsed.is_global or any(parsed in network for network in self._networks)

    async def close(self) -> None:
        await self._inner.close()


def _is_network(entry: str) -> bool:
    try:
        ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
    return True


def guarded_session(allow: tuple[str, ...], timeout_ms: int) -> aiohttp.ClientSession:
    """A client for outgoing requests. timeout_ms: for a whole request, redirects included."""
    # aiohttp resolves no numeric addresses, so they are sent through the resolver as names too
    connector = _GuardedConnector(GuardedResolver(allow))
    return aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=timeout_ms / 1000), trust_env=False
    )


class _GuardedConnector(aiohttp.TCPConnector):
    """A connector whose resolver also sees addresses that are written as numbers."""

    def __init__(self, resolver: GuardedResolver) -> None:
        super().__init__(resolver=resolver, use_dns_cache=False, limit_per_host=8)
        self._guard = resolver

    async def _resolve_host(self, host: str, port: int, traces: object = None) -> list[ResolveResult]:
        return await self._guard.resolve(host, port, socket.AF_UNSPEC)
