"""What the hub asks of a store: a small protocol in the words of the domain, no word of SQL.

A store keeps one tenant. Everything is async because a store may be on another machine; the SQLite store
answers within the call, in slices of at most 5 ms (docs/decisions, 2).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from enum import Enum
from typing import Protocol

import msgspec

from madang.errors import MadangError
from madang.meters import Histogram
from madang.ngsild.changes import Change, Outcome
from madang.ngsild.context import Context
from madang.ngsild.entity import Entity, Kind
from madang.ngsild.evolution import Evolution
from madang.ngsild.query import Query, Window
from madang.ngsild.subscription import Subscription
from madang.ngsild.temporal import TemporalQuery
from madang.store.audit import Chain
from madang.store.deliveries import Deliveries
from madang.store.persons import Persons
from madang.trust.access import Access


class Page(msgspec.Struct, frozen=True):
    """One page of entities.

    entities: in order. total: how many match in all, if the window asked for it. next_cursor: "" on the last
    page.
    """

    entities: tuple[Entity, ...]
    total: int | None = None
    next_cursor: str = ""


class RenderedPage(msgspec.Struct, frozen=True):
    """A page as JSON bytes, one per entity: normalized, without system attributes, under the platform's default
    @context if no other was asked for."""

    entities: tuple[bytes, ...]
    total: int | None = None
    next_cursor: str = ""


class EvolutionPage(msgspec.Struct, frozen=True):
    """One page of entities with their history. total, next_cursor: as in `Page`."""

    evolutions: tuple[Evolution, ...]
    total: int | None = None
    next_cursor: str = ""


class AttributeCount(msgspec.Struct, frozen=True):
    """n instances of an attribute (IRI) of one kind on entities of a type (IRI, "" for any)."""

    type: str
    attribute: str
    kind: Kind
    n: int


class ChangeRow(msgspec.Struct, frozen=True):
    """One committed write. sequence: grows by one per write of the tenant.

    time: microseconds UTC. kind: "created", "updated", "deleted", or "lost": a watcher was too slow, changes up
    to this one were dropped and it must read anew. types: of the entity after the write (before it, if
    deleted). names: IRIs of the attributes that were written or removed.
    """

    sequence: int
    time: int
    id: str
    kind: str
    types: tuple[str, ...]
    names: tuple[str, ...]


class SourceMark(msgspec.Struct, frozen=True):
    """What a source records in the same transaction as the entities that it wrote.

    state: the adapter's own bookmark (JSON). run: number of the run that saw these entities. seen: (entity id,
    digest of the mapped entity) of every entity in this step, written or unchanged. rejected: rows that could
    not become entities.
    """

    source: str
    run: int
    state: bytes
    seen: tuple[tuple[str, bytes], ...] = ()
    rejected: tuple[Rejected, ...] = ()


class Rejected(msgspec.Struct, frozen=True):
    """A row in quarantine. place: "file.csv:12". original: the row as it came. reason: what is wrong with it."""

    place: str
    original: str
    reason: str


class SourceStatus(msgspec.Struct, frozen=True):
    """What a store knows of a source. finished: of the last whole run, microseconds UTC, 0 if none."""

    source: str
    fingerprint: str
    run: int
    complete: bool
    state: bytes
    started: int
    finished: int
    entities: int
    rejected: int
    problem: str


class Sources(Protocol):
    """The bookkeeping of a city's sources. One holder per source at a time (`lease`)."""

    async def all(self) -> list[SourceStatus]: ...

    async def status(self, source: str) -> SourceStatus | None: ...

    async def begin(
        self, source: str, fingerprint: str, holder: str, *, follow: bool = False
    ) -> SourceStatus:
        """Take the lease and open a run, or resume the one that did not finish with the same fingerprint.

        A new run begins with an empty state and an empty quarantine; with `follow` it keeps both: it reads on
        where the former one stopped. Raises Busy if another live holder has the lease."""
        ...

    async def digests(self, source: str, ids: Sequence[str]) -> dict[str, bytes]: ...

    async def unseen(self, source: str, run: int, limit: int) -> list[str]:
        """Ids of entities of this source that the run did not see: they vanished from the source."""
        ...

    async def forget(self, source: str, ids: Sequence[str]) -> None: ...

    async def finish(self, source: str, problem: str = "") -> None:
        """Close the run (with a problem if it failed) and give the lease back."""
        ...

    async def rejected(self, source: str, limit: int, after: int = 0) -> list[tuple[int, Rejected]]: ...

    async def remove(self, source: str) -> None:
        """Forget the source. Its entities must be gone already."""
        ...


class KeptSubscription(msgspec.Struct, frozen=True):
    """A subscription with the subject of the access that made it, and the purpose for which that was to read: policies
    are asked anew for both later."""

    subscription: Subscription
    subject: str
    purpose: str = ""


class Subscriptions(Protocol):
    """The subscriptions of a tenant. When a call returns, what it did is on disk."""

    async def add(self, kept: KeptSubscription) -> None:
        """Raises AlreadyExists."""
        ...

    async def get(self, subscription_id: str) -> KeptSubscription | None: ...

    async def page(
        self, limit: int, offset: int, subject: str | None = None
    ) -> tuple[list[KeptSubscription], int]:
        """Some of them in the order of their creation, and how many there are. subject: who made them, None for all."""
        ...

    async def update(
        self, subscription_id: str, change: Callable[[Subscription], Subscription]
    ) -> KeptSubscription:
        """Put what `change` makes of it in its place, with no other change between. Raises NotFound, and what
        `change` raises."""
        ...

    async def remove(self, subscription_id: str) -> None:
        """Raises NotFound."""
        ...


class ContextKind(Enum):
    """CIM 009 §5.13.1: a copy of what another host serves, what a client gave to be served, what the platform made."""

    CACHED = "Cached"
    HOSTED = "Hosted"
    IMPLICIT = "ImplicitlyCreated"


class KeptContext(msgspec.Struct, frozen=True):
    """A stored @context. id: local identifier. document: JSON of the value of "@context".

    url, etag: where a copy came from and what its host calls this version of it, "" for others. created, expires,
    used: microseconds UTC; expires 0: never; used 0: not yet. hits: how often it was found in the store.
    """

    id: str
    kind: ContextKind
    document: bytes
    url: str
    created: int
    expires: int = 0
    etag: str = ""
    used: int = 0
    hits: int = 0


class ContextUse(msgspec.Struct, frozen=True):
    """That a stored @context was found `hits` more times, last at `used` (microseconds UTC)."""

    id: str
    hits: int
    used: int


class KeptContexts(Protocol):
    """The @contexts that a tenant's store keeps. When a call that writes returns, what it did is on disk."""

    def find(self, id_or_url: str) -> KeptContext | None:
        """By local identifier, or a copy by the address that it came from."""
        ...

    def all(self, kind: ContextKind | None) -> list[KeptContext]:
        """All, or those of a kind, in the order of their creation; without their documents."""
        ...

    async def put(self, context: KeptContext) -> None:
        """Add it, or put it in the place of the one with its identifier or its address, whose use it keeps.

        Of copies, and of others that expire, those longest unused make room. Raises Denied where too many that
        never expire are kept."""
        ...

    async def remove(self, context_id: str) -> bool:
        """Whether there was one."""
        ...

    async def note(self, uses: Sequence[ContextUse]) -> None: ...


class Used(msgspec.Struct, frozen=True):
    """How often something was done on a day. day: days since 1970. what: "read", "download", "notification" or "write".
    who: the role of who did it or was told, "" of nobody known; of what was written the component that it belongs to."""

    day: int
    what: str
    who: str
    count: int


class Usage(Protocol):
    """How a tenant is used. When a call that writes returns, what it did is on disk."""

    async def add(self, used: Sequence[Used]) -> None:
        """Add these to what there is of their days."""
        ...

    async def all(self) -> list[Used]:
        """The earliest day first."""
        ...


class StoreMeasures(msgspec.Struct, frozen=True):
    """commits, changes, failures: of commits, since the store was opened. seconds: that commits took.

    waiting: changes that wait for their commit. entities: of all types; one of several counts for each. unfolded:
    changes that the folding of history has not looked at."""

    commits: int
    changes: int
    failures: int
    seconds: Histogram
    waiting: int
    entities: int
    unfolded: int


class Store(Protocol):
    """identity: a random name that the store keeps for ever."""

    identity: str
    sources: Sources
    subscriptions: Subscriptions
    deliveries: Deliveries
    contexts: KeptContexts
    audit: Chain
    persons: Persons
    usage: Usage

    async def commit(
        self, changes: Sequence[Change], mark: SourceMark | None = None, within: Access | None = None
    ) -> list[Outcome | MadangError]:
        """Apply the changes in order, one outcome each; when this returns they are on disk.

        within: whose changes they are, where that is somebody who does not see or may not change everything
        (`trust.writing`). A change that cannot be applied yields its error and leaves no trace; the others are applied."""
        ...

    async def retrieve(self, entity_id: str, access: Access) -> Entity | None: ...

    async def rendered(self, entity_id: str, access: Access, context: Context | None = None) -> bytes | None:
        """The entity as in `RenderedPage`, without decoding it where the access allows that. context: None for the
        default @context."""
        ...

    async def page(self, query: Query, window: Window, access: Access) -> Page: ...

    async def rendered_page(
        self, query: Query, window: Window, access: Access, context: Context | None = None
    ) -> RenderedPage: ...

    async def evolution(self, entity_id: str, temporal: TemporalQuery, access: Access) -> Evolution | None:
        """The entity's history as far as `temporal` selects it, also of one that was deleted.

        None if there never was such an entity, or if its history has been erased."""
        ...

    async def has_history(self, entity_id: str) -> bool:
        """Whether anything of the entity's history is left, whoever may see it."""
        ...

    async def history(
        self, query: Query, temporal: TemporalQuery, window: Window, access: Access
    ) -> EvolutionPage:
        """Entities with at least one instance that `temporal` selects; the instances inside its range meet the
        query (CIM 009 §5.7.4). Raises QueryTooWide if that takes too long to find out."""
        ...

    async def changes_since(self, sequence: int, limit: int) -> list[ChangeRow]:
        """Changes behind a sequence number, oldest first. Where older ones are gone, the first is "lost"."""
        ...

    async def fold(self) -> int:
        """Put history that was written into the form in which much of it is read quickly, now; a store does so by
        itself now and then. Returns in how many steps."""
        ...

    async def last_sequence(self) -> int: ...

    async def type_counts(self, access: Access) -> dict[str, int]:
        """How many entities of each type (IRI) this caller can see."""
        ...

    async def attribute_counts(self, access: Access) -> list[AttributeCount]:
        """How many instances of each attribute the caller can see: for each type, and in all (type "")."""
        ...

    async def search(self, text: str, limit: int, access: Access) -> list[Entity]:
        """Entities whose name (in any language) contains the text, case-insensitive; shortest names first."""
        ...

    async def incoming(self, entity_id: str, limit: int, access: Access) -> list[tuple[str, Entity]]:
        """(relationship IRI, entity) of the entities with a relationship to this one."""
        ...

    def watch(self) -> AsyncIterator[ChangeRow]:
        """Every commit from now on, as it happens."""
        ...

    def measures(self) -> StoreMeasures: ...

    def trouble(self) -> str:
        """What keeps the store from being written, "" if nothing does."""
        ...

    def is_idle(self) -> bool:
        """Whether nobody waits for it or follows it, so that closing it now interrupts nothing."""
        ...

    async def close(self) -> None: ...
