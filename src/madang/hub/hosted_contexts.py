"""What can be asked of stored @contexts: add, list, serve, delete and reload (CIM 009 §5.13).

They are the tenant's. Two are there without being stored, for every tenant: the core @context, which is a copy that
never leaves, and the platform's own, which is hosted.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

import msgspec
import orjson

from madang.errors import BadRequestData, InvalidRequest, NotFound, NotSupported
from madang.hub.context_fetch import in_steps
from madang.hub.contexts import HOSTED_PATH, OWN_ID, OWN_PATH, new_id
from madang.hub.hub import Hub
from madang.ngsild.context import Context, is_core_url
from madang.ngsild.core_terms import CORE_CONTEXT_URL, CORE_TERMS
from madang.ngsild.local_context import address_of, checking
from madang.store.base import ContextKind, KeptContext, KeptContexts
from madang.trust.access import Access

CORE_ID: Final = "core"
_DAY_US: Final = 24 * 3600 * 1_000_000


async def add(hub: Hub, access: Access, document: Any) -> str:
    """CIM 009 §5.13.2: keep the document's "@context" to serve it; its local identifier.

    Raises InvalidRequest for a document without one, BadRequestData for one that is not valid, Denied for too many."""
    if not isinstance(document, dict) or "@context" not in document:
        raise InvalidRequest("The body must be a JSON object with the member @context")
    value = document["@context"]
    await in_steps(checking(value))
    identifier = new_id()
    kept = hub.store(access, create=True).contexts
    await kept.put(KeptContext(identifier, ContextKind.HOSTED, orjson.dumps(value), "", hub.clock.now()))
    return identifier


async def all_of(hub: Hub, access: Access, kind: ContextKind | None) -> list[KeptContext]:
    """CIM 009 §5.13.3: those of a kind, or all, without their documents; the platform's two first."""
    given = [one for one in (_core(hub), _own(hub)) if kind in (None, one.kind)]
    return [*given, *(_used(hub, access, one) for one in hub.store(access).contexts.all(kind))]


async def retrieve(hub: Hub, access: Access, context_id: str) -> KeptContext:
    """CIM 009 §5.13.4: by local identifier, a copy also by the address that it came from. Raises NotFound.

    That it was found counts as a use from now on."""
    if context_id == OWN_ID:
        return _own(hub)
    if context_id == CORE_ID or is_core_url(context_id):
        return _core(hub, context_id)
    found = _find(hub.store(access).contexts, context_id)
    shown = _used(hub, access, found)
    use = hub.contexts.use(access.tenant, found.id)
    use.hits += 1
    use.used = hub.clock.now()
    return shown


async def content(hub: Hub, access: Access, context_id: str) -> bytes:
    """CIM 009 §5.13.4: the JSON of its "@context". Raises NotFound, and NotSupported for copies."""
    found = await retrieve(hub, access, context_id)
    if found.kind is ContextKind.CACHED:
        raise NotSupported(f"The @context {context_id} is a copy; its own host serves it, at {found.url}")
    return found.document


async def delete(hub: Hub, access: Access, context_id: str, *, reload: bool) -> None:
    """CIM 009 §5.13.5: remove it; with `reload` put what its host serves now in the place of a copy.

    Raises NotFound, BadRequestData where it cannot be removed or reloaded, ContextUnavailable where its host does
    not serve it; then the copy stays."""
    if context_id == CORE_ID or is_core_url(context_id):
        if reload:
            # It is part of the platform, so what would be fetched is here
            return
        raise BadRequestData("The core @context is part of every answer and cannot be deleted")
    if context_id == OWN_ID:
        raise BadRequestData("The platform's own @context cannot be deleted or reloaded")
    kept = hub.store(access).contexts
    found = kept.find(context_id)
    if reload:
        if found is None or found.kind is not ContextKind.CACHED:
            raise BadRequestData(
                f"Only a copy of a remote @context can be reloaded, and {context_id} is none"
            )
        await hub.contexts.reload(found, access)
    elif found is None or not await kept.remove(found.id):
        raise NotFound(f"There is no @context {context_id[:200]}")
    else:
        hub.contexts.forget(access.tenant, found.id, found.url)


async def address(hub: Hub, access: Access, context: Context, *, lasting: bool) -> str:
    """Where clients find this @context: a URL, or a path on this platform.

    One that no single address stands for is kept to be served from now on (CIM 009 §5.13.1 ImplicitlyCreated):
    for ever if it is `lasting`, as a subscription needs it; else for some days after it was last asked for.
    """
    if context is hub.contexts.own:
        return OWN_PATH
    known = address_of(context.source)
    if known is not None:
        return known
    document = orjson.dumps(context.source)
    identifier = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, document.decode())}"
    kept = hub.store(access, create=True).contexts
    found = kept.find(identifier)
    now = hub.clock.now()
    if found is None or (found.expires and (lasting or found.expires - now < _DAY_US)):
        expires = 0 if lasting else now + 2 * _DAY_US
        await kept.put(KeptContext(identifier, ContextKind.IMPLICIT, document, "", now, expires))
    return HOSTED_PATH + identifier


def _find(kept: KeptContexts, context_id: str) -> KeptContext:
    found = kept.find(context_id)
    if found is None:
        raise NotFound(f"There is no @context {context_id[:200]}")
    return found


def _used(hub: Hub, access: Access, kept: KeptContext) -> KeptContext:
    """With the uses that are not written down yet."""
    use = hub.contexts.use(access.tenant, kept.id)
    return msgspec.structs.replace(kept, hits=kept.hits + use.hits, used=max(kept.used, use.used))


def _core(hub: Hub, asked: str = CORE_ID) -> KeptContext:
    url = CORE_CONTEXT_URL if asked == CORE_ID else asked
    return KeptContext(CORE_ID, ContextKind.CACHED, b"", url, hub.contexts.started)


def _own(hub: Hub) -> KeptContext:
    terms = {term: iri for term, iri in hub.contexts.own.terms.items() if CORE_TERMS.get(term) != iri}
    document = orjson.dumps([terms, CORE_CONTEXT_URL])
    return KeptContext(OWN_ID, ContextKind.HOSTED, document, "", hub.contexts.started)
