"""The @contexts that requests name: found once, remembered, refreshed (CIM 009 §4.4, §5.5.5 to §5.5.7, §5.13.1).

The core one and the platform's own are known without a network, those hosted here are in the tenant's store. A
remote one is fetched when first needed; its copy is kept in the store too, so it serves across restarts and while
its host cannot be reached. When a copy is old its host is asked anew, and requests that do not need it never notice.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import OrderedDict
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import msgspec
import orjson

from madang.clock import Clock
from madang.errors import BadRequestData, ContextUnavailable, MadangError
from madang.hub.context_fetch import Fetcher, in_steps
from madang.ngsild.context import Context, is_core_url
from madang.ngsild.local_context import require_address
from madang.settings import LIMITS
from madang.store.base import ContextKind, ContextUse, KeptContext, KeptContexts
from madang.trust.access import Access

HOSTED_PATH: Final = "/ngsi-ld/v1/jsonldContexts/"
OWN_ID: Final = "madang"
OWN_PATH: Final = HOSTED_PATH + OWN_ID
_LOG: Final = logging.getLogger(__name__)
_SECOND_US: Final = 1_000_000
_NEVER: Final = 1 << 62
_SAVE_SECONDS: Final = 60
_COPIES_MAX: Final = 32

Key = tuple[str, str | bytes]


class Kept(Protocol):
    def __call__(self, access: Access, *, open_it: bool) -> KeptContexts | None: ...


class Use(msgspec.Struct):
    """How often a stored @context was found since that was last written down, and when last (microseconds UTC)."""

    hits: int = 0
    used: int = 0


class _Copy(msgspec.Struct):
    """A remote @context. It is used until `expires`, or until `retry` after its host did not answer."""

    document: Any
    expires: int
    etag: str
    retry: int = 0

    @property
    def until(self) -> int:
        return max(self.expires, self.retry)


class _Built(msgspec.Struct, frozen=True):
    context: Context
    until: int
    uses: tuple[Use, ...]


class _Gathering:
    """What is found out on the way to the documents of one @context."""

    __slots__ = ("access", "documents", "lasting", "own", "until", "uses")

    def __init__(self, access: Access) -> None:
        self.access = access
        self.documents = 0
        self.until = _NEVER
        self.uses: list[Use] = []
        self.own = False
        # False where a document came in for a tenant that has no store yet: it is stored the next time
        self.lasting = True


class Contexts:
    """Finds the `Context` for what a request names.

    own: the platform's vocabulary over the core @context, which has an address here. default: for requests that name
    none (CIM 009 §5.5.5), the platform's own unless another one is given; default_address: where clients find it.

    kept: gives a tenant's stored @contexts, None while it has no store; without `open_it` also while that is not
    open. Set by the hub.
    """

    def __init__(
        self, own: Context, clock: Clock, egress_allow: tuple[str, ...] = (), default: Context | None = None
    ) -> None:
        self.own = own
        self.default = default if default is not None else own
        self.default_address = OWN_PATH if self.default is own else str(self.default.source)
        self.started = clock.now()
        self.kept: Kept = _nothing_kept
        self.fetcher = Fetcher(clock, egress_allow)
        self._clock = clock
        self._built: OrderedDict[Key, _Built] = OrderedDict()
        self._copies: OrderedDict[str, _Copy] = OrderedDict()
        self._fetching: dict[str, asyncio.Task[_Copy]] = {}
        self._uses: dict[str, dict[str, Use]] = {}
        self._saving: asyncio.Task[None] | None = None

    async def resolve(self, reference: Any, access: Access) -> Context:
        """The context for a URL, an object of terms, or a list of both; the default one for None.

        Raises BadRequestData for what is no @context, ContextUnavailable if a remote one cannot be had.
        """
        if reference is None:
            return self.default
        key = (access.tenant, reference if isinstance(reference, str) else orjson.dumps(reference))
        built = self._built.get(key)
        now = self._clock.now()
        if built is not None and now < built.until:
            for use in built.uses:
                use.hits += 1
                use.used = now
            self._built.move_to_end(key)
            return built.context
        if isinstance(reference, str) and self._is_known(reference):
            return self._known(core=is_core_url(reference))
        return await self._build(key, reference, access)

    async def _build(self, key: Key, reference: Any, access: Access) -> Context:
        gathering = _Gathering(access)
        try:
            async with asyncio.timeout(LIMITS.context_resolve_ms_max / 1000):
                documents = await self._documents_of(reference, 0, gathering)
        except TimeoutError as error:
            raise ContextUnavailable(
                f"The documents of the @context were not all there after {LIMITS.context_resolve_ms_max} ms"
            ) from error
        if not documents:
            return self._known(core=not gathering.own)
        base = dict(self.own.terms) if gathering.own else {}
        context = await in_steps(Context.building(documents, reference, base))
        now = self._clock.now()
        for use in gathering.uses:
            use.hits += 1
            use.used = now
        if gathering.lasting:
            self._remember(key, _Built(context, gathering.until, tuple(gathering.uses)))
        return context

    def _remember(self, key: Key, built: _Built) -> None:
        """Keep it in memory while it is used; what was longest not used makes room, by number and by size."""
        self._built.pop(key, None)
        self._built[key] = built
        terms = sum(len(kept.context.terms) for kept in self._built.values())
        while len(self._built) > 1 and (
            len(self._built) > LIMITS.contexts_cached_max or terms > LIMITS.cached_context_terms_max
        ):
            _, dropped = self._built.popitem(last=False)
            terms -= len(dropped.context.terms)

    def _known(self, *, core: bool) -> Context:
        """The platform's own; for the core one alone the default, since it is no @context of the user's (§5.5.5)."""
        return self.default if core else self.own

    def _is_known(self, url: str) -> bool:
        return is_core_url(url) or _path(url) == OWN_PATH

    async def _documents_of(self, reference: Any, depth: int, gathering: _Gathering) -> list[dict[str, Any]]:
        if depth > LIMITS.context_depth_max:
            raise BadRequestData(
                f"The @context refers to others more than {LIMITS.context_depth_max} levels deep"
            )
        if isinstance(reference, list):
            # Side by side, so that the slowest host and not the sum of all is waited for
            found = await _all([self._documents_of(item, depth + 1, gathering) for item in reference])
            return [part for parts in found for part in parts]
        if isinstance(reference, dict):
            if "@context" not in reference:
                return [reference]
            return await self._documents_of(reference["@context"], depth + 1, gathering)
        if isinstance(reference, str):
            if self._is_known(reference):
                gathering.own = gathering.own or not is_core_url(reference)
                return []
            gathering.documents += 1
            if gathering.documents > LIMITS.context_documents_max:
                raise BadRequestData(
                    f"The @context leads to more than {LIMITS.context_documents_max} other documents"
                )
            document = await self._document(require_address(reference), gathering)
            return await self._documents_of(document, depth + 1, gathering)
        if reference is None:
            return []
        raise BadRequestData(
            f"An @context must be an address, an object or a list of these, not {type(reference).__name__}"
        )

    async def _document(self, url: str, gathering: _Gathering) -> Any:
        """The value of "@context" in the document at this address: one hosted here, or a copy of a remote one."""
        path = _path(url)
        store = self.kept(gathering.access, open_it=True)
        if path.startswith(HOSTED_PATH) and store is not None:
            hosted = store.find(unquote(path[len(HOSTED_PATH) :]))
            if hosted is not None and hosted.kind is not ContextKind.CACHED:
                gathering.uses.append(self.use(gathering.access.tenant, hosted.id))
                return orjson.loads(hosted.document)
        kept = store.find(url) if store is not None else None
        copy = self._copies.get(url)
        if copy is None and kept is not None:
            copy = _Copy(orjson.loads(kept.document), kept.expires, kept.etag)
        if copy is None or self._clock.now() >= copy.until:
            copy = await self._refreshed(url, copy)
        await self._keep(url, copy, kept, gathering)
        gathering.until = min(gathering.until, copy.until)
        return copy.document

    async def _refreshed(self, url: str, old: _Copy | None) -> _Copy:
        """The copy from its host. One fetch serves all who wait for the same address."""
        task = self._fetching.get(url)
        if task is None:
            task = self._fetching[url] = asyncio.create_task(self._fetched(url, old))
            task.add_done_callback(lambda _: self._fetching.pop(url, None))
        try:
            copy = await asyncio.shield(task)
        except MadangError as error:
            if old is None:
                raise
            _LOG.warning("An old copy of a @context serves on: %s", error.message)
            copy = msgspec.structs.replace(
                old, retry=self._clock.now() + LIMITS.context_retry_seconds_max * _SECOND_US
            )
        self._copies[url] = copy
        self._copies.move_to_end(url)
        if len(self._copies) > _COPIES_MAX:
            self._copies.popitem(last=False)
        return copy

    async def _fetched(self, url: str, old: _Copy | None) -> _Copy:
        fetched = await self.fetcher.fetch(url, old.etag if old is not None else "")
        document = fetched.document
        if document is None:
            assert old is not None
            document = old.document
        return _Copy(document, fetched.expires, fetched.etag)

    async def _keep(self, url: str, copy: _Copy, kept: KeptContext | None, gathering: _Gathering) -> None:
        """Store the copy if it is newer than what is stored. That this fails is no reason to refuse a request."""
        # Asked for anew: while the host was waited for, the tenant's store may have been closed
        store = self.kept(gathering.access, open_it=True)
        if store is None:
            gathering.lasting = False
            return
        identifier = kept.id if kept is not None else new_id()
        if kept is None or kept.expires != copy.expires:
            try:
                await store.put(
                    KeptContext(
                        identifier,
                        ContextKind.CACHED,
                        orjson.dumps(copy.document),
                        url,
                        self._clock.now(),
                        copy.expires,
                        copy.etag,
                    )
                )
            except MadangError as error:
                _LOG.warning("The copy of the @context at %s is not kept: %s", url, error.message)
                return
        gathering.uses.append(self.use(gathering.access.tenant, identifier))

    async def reload(self, kept: KeptContext, access: Access) -> None:
        """Put what its host serves now in the place of a stored copy (CIM 009 §5.13.5.4). Raises ContextUnavailable."""
        try:
            copy = await self._refreshed(kept.url, None)
        except BadRequestData as error:
            raise ContextUnavailable(error.message) from error
        await self._keep(kept.url, copy, kept, _Gathering(access))
        self.forget(access.tenant)

    def forget(self, tenant: str, context_id: str = "", url: str = "") -> None:
        """Build the tenant's @contexts anew when they are next used. context_id, url: of one that was deleted."""
        for key in [key for key in self._built if key[0] == tenant]:
            del self._built[key]
        self._copies.pop(url, None)
        self._uses.get(tenant, {}).pop(context_id, None)

    def use(self, tenant: str, context_id: str) -> Use:
        """Where the uses of a stored @context are counted; they are written down every minute."""
        if self._saving is None:
            self._saving = asyncio.create_task(self._save_now_and_then(), name="uses of @contexts")
        return self._uses.setdefault(tenant, {}).setdefault(context_id, Use())

    async def save(self, tenant: str) -> None:
        """Write down how often the tenant's stored @contexts have been used."""
        found = [(context_id, use) for context_id, use in self._uses.get(tenant, {}).items() if use.hits]
        kept = self.kept(Access(tenant=tenant), open_it=False) if found else None
        if kept is None:
            return
        uses = [ContextUse(context_id, use.hits, use.used) for context_id, use in found]
        for _, use in found:
            use.hits = 0
        await kept.note(uses)

    async def _save_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_SECONDS)
            await self._save_all()

    async def _save_all(self) -> None:
        for tenant in list(self._uses):
            try:
                await self.save(tenant)
            except MadangError as error:
                _LOG.warning("Uses of @contexts were not written down: %s", error.message)

    async def close(self) -> None:
        """To be called while the stores are still open."""
        tasks = [*self._fetching.values(), *([self._saving] if self._saving is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._save_all()
        await self.fetcher.close()


def new_id() -> str:
    """A local identifier: no two @contexts have the same, whatever platform keeps them."""
    return f"urn:uuid:{uuid.uuid4()}"


def _nothing_kept(access: Access, *, open_it: bool) -> KeptContexts | None:
    return None


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


async def _all(finding: list[Any]) -> list[list[dict[str, Any]]]:
    """The results in order; the first error ends the others."""
    if len(finding) == 1:
        return [await finding[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in finding]
    except* MadangError as group_of_errors:
        error: BaseException = group_of_errors
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
    return [task.result() for task in tasks]
