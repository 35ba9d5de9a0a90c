"""The @contexts that requests name: found once, remembered, refreshed (CIM 009 §5.5.7, §5.13).

The core one and the platform's own are known without a network. A remote one is fetched when first needed and
again when it is old; while it cannot be fetched the remembered one serves, and requests that do not need it
never notice.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec
import orjson

from madang.clock import Clock
from madang.errors import BadRequestData, ContextUnavailable
from madang.hub.egress import guarded_session
from madang.ngsild.context import CORE, Context, is_core_url
from madang.settings import LIMITS

OWN_PATH: Final = "/ngsi-ld/v1/jsonldContexts/madang"
_FRESH_US: Final = 3600 * 1_000_000
_ACCEPT: Final = "application/ld+json, application/json;q=0.8"


class _Remembered(msgspec.Struct, frozen=True):
    document: Any
    fetched: int


class Contexts:
    """Finds the `Context` for what a request names. default: for requests that name none."""

    def __init__(self, default: Context, clock: Clock, egress_allow: tuple[str, ...] = ()) -> None:
        self.default = default
        self._clock = clock
        self._egress_allow = egress_allow
        self._documents: OrderedDict[str, _Remembered] = OrderedDict()
        self._fetching: dict[str, asyncio.Task[Any]] = {}
        self._built: OrderedDict[bytes, tuple[Context, int]] = OrderedDict()
        self._session: aiohttp.ClientSession | None = None

    async def resolve(self, reference: Any) -> Context:
        """The context for a URL, an object of terms, or a list of both; the default one for None.

        Raises BadRequestData for what is no @context, ContextUnavailable if a remote one cannot be had.
        """
        if reference is None:
            return self.default
        if isinstance(reference, str) and self._is_known(reference):
            return CORE if is_core_url(reference) else self.default
        key = orjson.dumps(reference)
        built = self._built.get(key)
        now = self._clock.now()
        if built is not None and now - built[1] < _FRESH_US:
            self._built.move_to_end(key)
            return built[0]
        documents = await self._documents_of(reference, 0, "")
        context = Context.from_documents(documents, reference, self._base(reference))
        self._built[key] = (context, now)
        if len(self._built) > LIMITS.contexts_cached_max:
            self._built.popitem(last=False)
        return context

    def _is_known(self, url: str) -> bool:
        return is_core_url(url) or urlsplit(url).path == OWN_PATH

    def _base(self, reference: Any) -> dict[str, str]:
        """The platform's own terms hold where a request names the platform's own context among others."""
        references = reference if isinstance(reference, list) else [reference]
        own = any(isinstance(one, str) and urlsplit(one).path == OWN_PATH for one in references)
        return dict(self.default.terms) if own else {}

    async def _documents_of(self, reference: Any, depth: int, base: str) -> list[dict[str, Any]]:
        if depth > LIMITS.context_depth_max:
            raise BadRequestData(
                f"The @context refers to others more than {LIMITS.context_depth_max} levels deep"
            )
        if isinstance(reference, list):
            return [part for item in reference for part in await self._documents_of(item, depth + 1, base)]
        if isinstance(reference, dict):
            inner = reference.get("@context")
            return [reference] if inner is None else await self._documents_of(inner, depth + 1, base)
        if isinstance(reference, str):
            url = urljoin(base, reference) if base else reference
            if self._is_known(url):
                return []
            if urlsplit(url).scheme not in ("http", "https"):
                raise BadRequestData(f"The @context '{url[:200]}' is not an http or https address")
            return await self._documents_of(await self._remote(url), depth + 1, url)
        if reference is None:
            return []
        raise BadRequestData(
            f"An @context must be an address, an object or a list of these, not {type(reference).__name__}"
        )

    async def _remote(self, url: str) -> Any:
        """The value of "@context" in the document at this address."""
        known = self._documents.get(url)
        if known is not None and self._clock.now() - known.fetched < _FRESH_US:
            self._documents.move_to_end(url)
            return known.document
        task = self._fetching.get(url)
        if task is None:
            task = self._fetching[url] = asyncio.create_task(self._fetch(url))
            task.add_done_callback(lambda _: self._fetching.pop(url, None))
        try:
            document = await asyncio.shield(task)
        except ContextUnavailable:
            if known is not None:
                return known.document
            raise
        self._documents[url] = _Remembered(document, self._clock.now())
        if len(self._documents) > LIMITS.contexts_cached_max:
            self._documents.popitem(last=False)
        return document

    async def _fetch(self, url: str) -> Any:
        if self._session is None:
            self._session = guarded_session(self._egress_allow, LIMITS.context_fetch_ms_max)
        try:
            async with self._session.get(url, headers={"Accept": _ACCEPT}) as response:
                if response.status != 200:
                    raise ContextUnavailable(f"The @context at {url} answered with status {response.status}")
                body = await response.content.read(LIMITS.context_bytes_max + 1)
                while len(body) <= LIMITS.context_bytes_max and not response.content.at_eof():
                    body += await response.content.read(LIMITS.context_bytes_max + 1 - len(body))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ContextUnavailable(
                f"The @context at {url} cannot be fetched: {str(error) or 'no answer in time'}"
            ) from error
        if len(body) > LIMITS.context_bytes_max:
            raise ContextUnavailable(f"The @context at {url} is larger than {LIMITS.context_bytes_max} bytes")
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ContextUnavailable(f"The document at {url} is not JSON: {error}") from error
        if not isinstance(document, dict) or "@context" not in document:
            raise ContextUnavailable(f"The document at {url} has no member @context")
        return document["@context"]

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
