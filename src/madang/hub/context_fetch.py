"""Fetching remote @contexts: within limits, through the egress guard, with what HTTP says of their age (CIM 009 §6.3.16).

What is kept of them, and for whom, is the business of `contexts.py`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast
from urllib.parse import urljoin

import aiohttp
import msgspec
import orjson

from madang.clock import Clock
from madang.errors import BadRequestData, Busy, ContextUnavailable
from madang.hub.egress import guarded_session
from madang.ngsild.context import Context
from madang.ngsild.local_context import absolute, checking
from madang.settings import LIMITS

_SECOND_US: Final = 1_000_000
_ACCEPT: Final = "application/ld+json, application/json;q=0.8"
_MAX_AGE: Final = re.compile(
    r"\bs-maxage\s*=\s*\"?(\d{1,10})|(?<!-)\bmax-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE
)
_ALTERNATE: Final = re.compile(r"<([^>]*)>(?=[^,]*rel=\"?alternate)(?=[^,]*type=\"?application/ld\+json)")
# Without a word of the host: a tenth of the document's age (RFC 9111 §4.2.2), or an hour
_GUESS_SECONDS: Final = 3600
_GUESS_SECONDS_MIN: Final = 300
_GUESS_SECONDS_MAX: Final = 24 * 3600


class Fetched(msgspec.Struct, frozen=True):
    """document: the value of "@context", its addresses absolute; None if it is what the etag stood for.

    expires: microseconds UTC. etag: "" if the host gives none."""

    document: Any
    expires: int
    etag: str


class Fetcher:
    """Fetches @contexts. `running` says how many at this moment; `done` and `failed` count them."""

    def __init__(self, clock: Clock, egress_allow: tuple[str, ...]) -> None:
        self._clock = clock
        self._egress_allow = egress_allow
        self._session: aiohttp.ClientSession | None = None
        self.running = 0
        self.done = 0
        self.failed = 0

    async def fetch(self, url: str, etag: str = "") -> Fetched:
        """Raises ContextUnavailable where it cannot be had, BadRequestData for what is no @context (CIM 009 §5.5.6),
        Busy where too many are being fetched."""
        if self.running >= LIMITS.context_fetches_max:
            raise Busy(f"{self.running} @contexts are being fetched already; try again in a moment")
        self.running += 1
        try:
            fetched = await self._fetch(url, etag, alternates=1)
        except (ContextUnavailable, BadRequestData):
            self.failed += 1
            raise
        finally:
            self.running -= 1
        self.done += 1
        return fetched

    async def _fetch(self, url: str, etag: str, alternates: int) -> Fetched:
        if self._session is None:
            self._session = guarded_session(self._egress_allow, LIMITS.context_fetch_ms_max)
        headers = {"Accept": _ACCEPT} | ({"If-None-Match": etag} if etag else {})
        try:
            async with self._session.get(url, headers=headers) as response:
                expires = self._clock.now() + fresh_seconds(response.headers) * _SECOND_US
                if response.status == 304 and etag:
                    return Fetched(None, expires, etag)
                if response.status != 200:
                    raise ContextUnavailable(f"The @context at {url} answered with status {response.status}")
                alternate = _ALTERNATE.search(", ".join(response.headers.getall("Link", [])))
                found = str(response.url)
                if alternate is None or "json" in response.content_type or not alternates:
                    body = await _body(response, url)
                    value = await _local_context(body, url, found)
                    return Fetched(value, expires, response.headers.get("ETag", ""))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ContextUnavailable(
                f"The @context at {url} cannot be fetched: {str(error) or 'no answer in time'}"
            ) from error
        return await self._fetch(urljoin(found, alternate.group(1)), "", alternates - 1)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


async def _body(response: aiohttp.ClientResponse, url: str) -> bytes:
    body = b""
    while not response.content.at_eof():
        body += await response.content.read(LIMITS.context_bytes_max + 1 - len(body))
        if len(body) > LIMITS.context_bytes_max:
            raise ContextUnavailable(f"The @context at {url} is larger than {LIMITS.context_bytes_max} bytes")
    return body


async def in_steps(steps: Generator[None, None, Context]) -> Context:
    """The result of work in steps, between which others run."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("Context", end.value)
        await asyncio.sleep(0)


async def _local_context(body: bytes, url: str, found: str) -> Any:
    """The value of "@context" in a document. found: its address after redirects. Raises BadRequestData."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequestData(f"The document at {url} is not JSON: {error}") from error
    if not isinstance(document, dict) or "@context" not in document:
        raise BadRequestData(f"The document at {url} has no member @context")
    value = absolute(document["@context"], found)
    try:
        await in_steps(checking(value))
    except BadRequestData as error:
        raise BadRequestData(f"The @context at {url} is not valid: {error.message}") from error
    return value


def fresh_seconds(headers: Mapping[str, str]) -> int:
    """For how long a copy may be used before its host is asked anew (RFC 9111 §4.2; CIM 009 §6.3.16)."""
    stated = _stated_seconds(headers)
    if stated is None:
        modified, date = _moment(headers, "Last-Modified"), _moment(headers, "Date")
        stated = _GUESS_SECONDS
        if modified is not None and date is not None:
            stated = min(max((date - modified) // 10, _GUESS_SECONDS_MIN), _GUESS_SECONDS_MAX)
    return min(max(stated, LIMITS.context_fresh_seconds_min), LIMITS.context_fresh_seconds_max)


def _stated_seconds(headers: Mapping[str, str]) -> int | None:
    """What s-maxage, max-age or Expires says, the first of them that there is, less the time spent on the way."""
    found = _MAX_AGE.findall(headers.get("Cache-Control", ""))
    ages = [shared for shared, _ in found if shared] or [own for _, own in found if own]
    if ages:
        spent = headers.get("Age", "0")
        return int(ages[0]) - (int(spent) if spent.isdigit() and len(spent) < 11 else 0)
    if "Expires" not in headers:
        return None
    expires, date = _moment(headers, "Expires"), _moment(headers, "Date")
    return expires - date if expires is not None and date is not None else 0


def _moment(headers: Mapping[str, str], name: str) -> int | None:
    """A date of HTTP in seconds; None if there is none that can be read."""
    try:
        return int(parsedate_to_datetime(headers[name]).timestamp())
    except (KeyError, ValueError, OverflowError):
        return None
