"""How what is done is recorded in the audit: whoever does it says what, the rest is known here.

What somebody reads is recorded before it is answered, and if it cannot be recorded it is not answered. Events of a tenant
go to the chain in its own file (`record`), those of the platform itself to the platform's (`record_in`). What is written
is recorded by the store, with the change itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, Protocol

import msgspec

from madang.clock import Clock
from madang.hub.hub import Hub
from madang.ngsild.context import Context
from madang.ngsild.query import Query
from madang.store.audit import About, Chain, Deed, Event, event_of, requested
from madang.store.base import Page, RenderedPage
from madang.trust.access import Access


class Thing(Protocol):
    """What is known of something that is told: an entity, its history, a change of it."""

    @property
    def id(self) -> str: ...

    @property
    def types(self) -> tuple[str, ...]: ...


class _Head(msgspec.Struct):
    """Of an entity as JSON what says whether its reading is recorded."""

    id: str
    type: str | list[str]


_HEADS: Final = msgspec.json.Decoder(_Head)


async def record(hub: Hub, access: Access, deed: Deed, about: About) -> None:
    """Record in the chain of the caller's tenant what the caller does. Raises Busy or StoreBroken."""
    await hub.store(access).audit.append((event_of(access, deed, about),), hub.clock.now())


async def record_in(chain: Chain, clock: Clock, *events: Event) -> None:
    """Record in this chain, with where the present request came from and its number. Raises Busy or StoreBroken."""
    await chain.append([requested(event) for event in events], clock.now())


async def seen(
    hub: Hub, access: Access, things: Iterable[Thing], deed: Deed = Deed.READ, by: str = ""
) -> None:
    """Record those of the things, which the caller is about to be told, that are of types whose reading is recorded.

    by: through what they are told, such as the id of a subscription."""
    found = [(one.id, access.recorded.intersection(one.types)) for one in things]
    await _record_found(hub, access, deed, found, by)


async def seen_rendered(
    hub: Hub, access: Access, bodies: Sequence[bytes], context: Context | None = None
) -> None:
    """As `seen`, of entities that are JSON. context: in which they are written, None for the default one."""
    names = _names(context or hub.contexts.default, access.recorded)
    found = []
    for body in bodies:
        head = _HEADS.decode(body)
        types = [head.type] if isinstance(head.type, str) else head.type
        found.append((head.id, frozenset([names[name] for name in types if name in names])))
    await _record_found(hub, access, Deed.READ, found)


async def seen_page(
    hub: Hub, access: Access, query: Query, page: Page | RenderedPage, context: Context | None = None
) -> None:
    """As `seen`, of a page; where only how many there are of such types was asked, that."""
    if not page.entities:
        asked = _asked(query) & access.recorded
        if asked and page.total is not None:
            await record(hub, access, Deed.COUNT, About(types=tuple(sorted(asked))))
    elif isinstance(page, RenderedPage):
        await seen_rendered(hub, access, page.entities, context)
    else:
        await seen(hub, access, page.entities)


async def _record_found(
    hub: Hub, access: Access, deed: Deed, found: Iterable[tuple[str, frozenset[str]]], by: str = ""
) -> None:
    """found: (id, recorded types of it)."""
    of = [(identifier, types) for identifier, types in found if types]
    if of:
        types = tuple(sorted({name for _, names in of for name in names}))
        await record(hub, access, deed, About(by, tuple([one for one, _ in of]), types))


def _asked(query: Query) -> frozenset[str]:
    """The types that the query names."""
    expressions = (query.types, *(selector.types for selector in query.selectors))
    return frozenset([name for one in expressions if one for names in one.alternatives for name in names])


@lru_cache(maxsize=64)
def _names(context: Context, recorded: frozenset[str]) -> dict[str, str]:
    """The types as they are written under the @context, and their IRIs."""
    return {name: iri for iri in recorded for name in (context.compact(iri), iri)}
