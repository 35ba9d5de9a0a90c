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
    declined,
    discovery,
    entities,
    identity,
    subscriptions,
    temporal,
)
from madang.api.call import Answer, Call
from madang.trust.identity import Permission

Handler = Callable[[Call], Awaitable[Answer]]
BASE: Final = "/ngsi-ld/v1"
_DATA: Final = ("/entities", "/entityOperations/", "/temporal/")


class Route(msgspec.Struct, frozen=True):
    """One method of one path. path: below /ngsi-ld/v1, with `{...}` for variable segments. permission: that it asks,
    None where anybody may take it."""

    method: str
    path: str
    handler: Handler
    permission: Permission | None

    @property
    def reads(self) -> bool:
        """Whether it gives what the city knows, and not only what kinds of it there are."""
        return self.permission is Permission.READ and self.path.startswith(_DATA)


ROUTES: Final = (
    Route("POST", "/entities", entities.create, Permission.WRITE),
    Route("GET", "/entities", consumption.query, Permission.READ),
    Route("DELETE", "/entities", entities.purge_all, Permission.WRITE),
    Route("GET", "/entities/{entityId}", consumption.retrieve, Permission.READ),
    Route("PUT", "/entities/{entityId}", entities.replace, Permission.WRITE),
    Route("PATCH", "/entities/{entityId}", entities.merge, Permission.WRITE),
    Route("DELETE", "/entities/{entityId}", entities.delete, Permission.WRITE),
    Route("POST", "/entities/{entityId}/attrs", entities.append, Permission.WRITE),
    Route("PATCH", "/entities/{entityId}/attrs", entities.update, Permission.WRITE),
    Route("PATCH", "/entities/{entityId}/attrs/{attrId}", attributes.patch, Permission.WRITE),
    Route("PUT", "/entities/{entityId}/attrs/{attrId}", attributes.replace, Permission.WRITE),
    Route("DELETE", "/entities/{entityId}/attrs/{attrId}", attributes.delete, Permission.WRITE),
    Route("POST", "/entityOperations/create", batch.create, Permission.WRITE),
    Route("POST", "/entityOperations/upsert", batch.upsert, Permission.WRITE),
    Route("POST", "/entityOperations/update", batch.update, Permission.WRITE),
    Route("POST", "/entityOperations/merge", batch.merge, Permission.WRITE),
    Route("POST", "/entityOperations/delete", batch.delete, Permission.WRITE),
    Route("POST", "/entityOperations/query", consumption.query_by_body, Permission.READ),
    *(Route(*route) for route in temporal.ROUTES),
    *(Route(*route) for route in discovery.ROUTES),
    *(Route(*route) for route in subscriptions.ROUTES),
    Route("POST", "/jsonldContexts", contexts.add, Permission.CONTEXTS),
    Route("GET", "/jsonldContexts", contexts.all_of, Permission.READ),
    Route("GET", "/jsonldContexts/{contextId}", contexts.serve, None),
    Route("DELETE", "/jsonldContexts/{contextId}", contexts.delete, Permission.CONTEXTS),
    Route("GET", "/info/sourceIdentity", identity.source_identity, Permission.READ),
)
DECLINED: Final = tuple(Route(*route) for route in declined.ROUTES)
"""What the specification has beside these and the platform has not."""
