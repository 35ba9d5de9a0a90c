"""How what is done is recorded in the audit: whoever does it says what, the rest is known here.

What somebody reads is recorded before it is answered, and if it cannot be recorded it is not answered. Events of a tenant
go to the chain in its own file (`record`), those of the platform itself to the platform's (`record_in`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from madang import logs
from madang.hub.hub import Hub
from madang.ngsild.context import Context
from madang.ngsild.entity import Entity
from madang.store.audit import Chain, Deed, Event
from madang.trust.access import Access


class _Head(msgspec.Struct):
    """Of an entity as JSON what says whether its reading is recorded."""

    id: str
    type: str | list[str]


_HEADS: Final = msgspec.json.Decoder(_Head)


class About(msgspec.Struct, frozen=True):
    """To what something is done; as in `Event`. reason: "" for the one that the access carries."""

    object: str = ""
    entities: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    reason: str = ""


async def record(hub: Hub, access: Access, deed: Deed, about: About) -> None:
    """Record in the chain of the caller's tenant what the caller does. Raises Busy or StoreBroken."""
    event = Event(
        *(access.subject, deed, about.object, about.entities, about.types, access.purpose),
        *(about.reason or access.reason, access.rules),
    )
    await record_in(hub.store(access).audit, event)


async def record_in(chain: Chain, *events: Event) -> None:
    """Record in this chain, with where the present request came from and its number. Raises Busy or StoreBroken."""
    scope = logs.REQUEST.get()
    if scope is not None:
        origin, request = _origin(scope), logs.request_id(scope)
        events = tuple([msgspec.structs.replace(one, origin=origin, request=request) for one in events])
    await chain.append(events)


async def seen(hub: Hub, access: Access, entities: Iterable[Entity], deed: Deed = Deed.READ) -> None:
    """Record which of the entities, that the caller is about to be told, are of types whose reading is recorded."""
    found = [(one.id, access.recorded.intersection(one.types)) for one in entities]
    await _record_found(hub, access, deed, found)


async def seen_rendered(
    hub: Hub, access: Access, bodies: Sequence[bytes], context: Context | None = None
) -> None:
    """As `seen`, of entities that are JSON. context: in which they are written, None for the default one."""
    names = _names(context or hub.contexts.default, access.recorded)
    found = []
    for body in bodies:
        head = _HEADS.decode(body)
        types = [head.type] if isinstance(head.type, str) else head.type
        found.append((head.id, {names[name] for name in types if name in names}))
    await _record_found(hub, access, Deed.READ, found)


async def _record_found(
    hub: Hub, access: Access, deed: Deed, found: Iterable[tuple[str, Iterable[str]]]
) -> None:
    """found: (id, recorded types of it)."""
    of = [(identifier, types) for identifier, types in found if types]
    if of:
        types = tuple(sorted({name for _, names in of for name in names}))
        await record(hub, access, deed, About(entities=tuple([one for one, _ in of]), types=types))


@lru_cache(maxsize=64)
def _names(context: Context, recorded: frozenset[str]) -> dict[str, str]:
    """The types as they are written under the @context, and their IRIs."""
    return {name: iri for iri in recorded for name in (context.compact(iri), iri)}


def _origin(scope: logs.Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
