"""Operations of the specification that this platform does not offer yet: registrations of context sources and what comes
with them, EntityMaps, snapshots.

A client is told so by OperationNotSupported (CIM 009 §5.5.6), and first of whatever is wrong with its request in the way
that every operation tells it (§6.3.4, §6.3.5, §5.5.4). The OpenAPI document says what is offered, so they are not in it.
"""

from __future__ import annotations

from typing import Final, NoReturn

from madang.api.call import Call
from madang.api.negotiation import accepted, body_context, link_context
from madang.errors import NotSupported
from madang.trust.identity import Permission

_METHODS: Final = {
    "/csourceRegistrations": ("POST", "GET"),
    "/csourceRegistrations/{registrationId}": ("GET", "PATCH", "DELETE"),
    "/csourceSubscriptions": ("POST", "GET"),
    "/csourceSubscriptions/{subscriptionId}": ("GET", "PATCH", "DELETE"),
    "/entityMaps": ("POST", "GET"),
    "/entityMaps/{entityMapId}": ("GET", "PATCH", "DELETE"),
    "/temporal/entityMaps": ("POST", "GET"),
    "/snapshots": ("POST", "DELETE"),
    "/snapshots/{snapshotId}": ("GET", "PATCH", "DELETE"),
    "/snapshots/{snapshotId}/clone": ("POST",),
}


async def decline(call: Call) -> NoReturn:
    """CIM 009 §5.9 to §5.11, §5.14, §5.16. Raises NotSupported, or what is wrong with the request itself."""
    if call.method in ("GET", "DELETE"):
        if call.method == "GET":
            accepted(call)
        await link_context(call)
    else:
        await body_context(call, call.json())
    raise NotSupported(
        "Registrations of context sources, EntityMaps and snapshots are not offered; "
        "this platform answers from what it holds itself"
    )


ROUTES: Final = tuple(
    (method, path, decline, Permission.READ if method == "GET" else Permission.WRITE)
    for path, methods in _METHODS.items()
    for method in methods
)
