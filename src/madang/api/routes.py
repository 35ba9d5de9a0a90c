"""Every route of the information API in one table: the router, the OpenAPI document and the tests read it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from madang.api import (
    attributes,
    batch,
    consumption,
    contexts,
    discovery,
    entities,
    identity,
    subscriptions,
    temporal,
)
from madang.api.call import Answer, Call

Handler = Callable[[Call], Awaitable[Answer]]
BASE: Final = "/ngsi-ld/v1"


class Route(msgspec.Struct, frozen=True):
    """One method of one path. path: below /ngsi-ld/v1, with `{...}` for variable segments."""

    method: str
    path: str
    handler: Handler


ROUTES: Final = (
    Route("POST", "/entities", entities.create),
    Route("GET", "/entities", consumption.query),
    Route("DELETE", "/entities", entities.purge_all),
    Route("GET", "/entities/{entityId}", consumption.retrieve),
    Route("PUT", "/entities/{entityId}", entities.replace),
    Route("PATCH", "/entities/{entityId}", entities.merge),
    Route("DELETE", "/entities/{entityId}", entities.delete),
    Route("POST", "/entities/{entityId}/attrs", entities.append),
    Route("PATCH", "/entities/{entityId}/attrs", entities.update),
    Route("PATCH", "/entities/{entityId}/attrs/{attrId}", attributes.patch),
    Route("PUT", "/entities/{entityId}/attrs/{attrId}", attributes.replace),
    Route("DELETE", "/entities/{entityId}/attrs/{attrId}", attributes.delete),
    Route("POST", "/entityOperations/create", batch.create),
    Route("POST", "/entityOperations/upsert", batch.upsert),
    Route("POST", "/entityOperations/update", batch.update),
    Route("POST", "/entityOperations/merge", batch.merge),
    Route("POST", "/entityOperations/delete", batch.delete),
    Route("POST", "/entityOperations/query", consumption.query_by_body),
    *(Route(method, path, handler) for method, path, handler in temporal.ROUTES),
    *(Route(method, path, handler) for method, path, handler in discovery.ROUTES),
    *(Route(method, path, handler) for method, path, handler in subscriptions.ROUTES),
    Route("POST", "/jsonldContexts", contexts.add),
    Route("GET", "/jsonldContexts", contexts.all_of),
    Route("GET", "/jsonldContexts/{contextId}", contexts.serve),
    Route("DELETE", "/jsonldContexts/{contextId}", contexts.delete),
    Route("GET", "/info/sourceIdentity", identity.source_identity),
)
