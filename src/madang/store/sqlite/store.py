"""The SQLite store of one tenant: one file, one writer, readers in the event loop's thread (docs/decisions).

Here is the life of the file and what is read without a query; `committer.py` writes, `read.py` answers
queries, `history.py` reads the past.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import apsw
import msgspec

from madang.clock import Clock
from madang.errors import MadangError
from madang.ngsild.changes import Change, Outcome
from madang.ngsild.context import CORE, Context
from madang.ngsild.entity import Entity
from madang.ngsild.evolution import Evolution
from madang.ngsild.query import Query, Window
from madang.ngsild.representation import render_whole
from madang.ngsild.temporal import TemporalQuery
from madang.store.audit import Chain
from madang.store.base import (
    AttributeCount,
    ChangeRow,
    EvolutionPage,
    KeptContexts,
    Page,
    RenderedPage,
    SourceMark,
    Sources,
    StoreMeasures,
    Subscriptions,
    Usage,
)
from madang.store.deliveries import Deliveries
from madang.store.persons import Persons
from madang.store.sqlite import codec, history_page, live, page, presence, read, sums
from madang.store.sqlite.audit import SqliteChain
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.committer import Committer
from madang.store.sqlite.comparing import valued
from madang.store.sqlite.connection import Held, given_name, open_reader, open_writer
from madang.store.sqlite.contexts import SqliteContexts
from madang.store.sqlite.deliveries import SqliteDeliveries
from madang.store.sqlite.erase import Erasing
from madang.store.sqlite.expiry import Expiry, Sweeper, is_due
from madang.store.sqlite.folder import Folder, Retention
from madang.store.sqlite.index_build import IndexBuilder
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.outbox import Outbox
from madang.store.sqlite.persons import SqlitePersons
from madang.store.sqlite.place import Counters, Place
from madang.store.sqlite.sources import SqliteSources, write_mark
from madang.store.sqlite.subscriptions import SqliteSubscriptions
from madang.store.sqlite.usage import SqliteUsage
from madang.trust.access import Access

_RENDERED: Final = "SELECT rendered FROM entity WHERE id = ?"
_CHANGES: Final = """SELECT c.sequence, c.time, c.id, c.kind, coalesce(e.types, p.types, ''), c.data FROM change c
    LEFT JOIN entity e ON e.row = c.row LEFT JOIN past p ON p.id = c.id
    WHERE c.sequence > ? ORDER BY c.sequence LIMIT ?"""
_RERENDER_ROWS: Final = 512


Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Options(msgspec.Struct, frozen=True):
    """What a store is told of the platform's vocabulary.

    context: the default @context, in which entities are kept rendered. names: IRIs of the attributes that the
    search reads. indexed: (type, attribute) IRIs whose values are indexed from the start. retention: for how long
    history is kept, see `folder.py`.
    """

    context: Context = CORE
    names: frozenset[str] = frozenset()
    indexed: tuple[tuple[str, str], ...] = ()
    retention: Retention = ()


def _reading(
    method: Callable[Concatenate[SqliteStore, Parameters], Awaitable[Result]],
) -> Callable[Concatenate[SqliteStore, Parameters], Coroutine[Any, Any, Result]]:
    """A method that may let others run while it reads: meanwhile the store is not idle."""

    async def read_counted(
        self: SqliteStore, /, *arguments: Parameters.args, **named: Parameters.kwargs
    ) -> Result:
        self.running += 1
        try:
            return await method(self, *arguments, **named)
        finally:
            self.running -= 1

    return read_counted


class SqliteStore:
    """Implements `store.base.Store`. Made inside a running event loop; `close` it."""

    def __init__(self, path: Path, clock: Clock, options: Options) -> None:
        self._clock = clock
        self._writer = open_writer(path)
        terms = Terms(self._writer)
        registry = ValueIndexes(self._writer)
        subscribed = self._writer.execute("SELECT EXISTS (SELECT 1 FROM subscription)").get
        outbox = Outbox(terms, open_wide=bool(subscribed))
        self.place = Place(
            *(self._writer, terms, registry, Counters(self._writer)),
            *(options.context, options.names, outbox, Expiry(self._writer)),
        )
        _prepare(self.place, options)
        self.identity = given_name(self._writer)
        self._reader = open_reader(path)
        self.running = 0
        self._watchers = live.Watchers()
        self._committer = Committer(self.place, clock, Held(self._reader), self._watchers.publish)
        self._sweeper = Sweeper(self.place.expiry, clock, lambda: self._committer.commit(()))
        self._builder = IndexBuilder(self.place, self._build)
        self._pages = page.Pages(self._reader, self.place, path, self._builder)
        self._sights = self._pages.sights
        self._folder = Folder(path, self._reader, self._write, lambda: self.place.counters.sequence)
        self._folder.start(terms, clock, options.retention)
        self.sources: Sources = SqliteSources(self._reader, self._write, clock)
        self.subscriptions: Subscriptions = SqliteSubscriptions(self._reader, self._write)
        self.deliveries: Deliveries = SqliteDeliveries(self._reader, self._write, outbox, terms)
        self.contexts: KeptContexts = SqliteContexts(self._reader, self._write)
        self.audit: Chain = SqliteChain(self._reader, self._write)
        erasing = Erasing(self.place, self._reader, self._committer)
        self.persons: Persons = SqlitePersons(
            self._reader, self._write, erasing, self._sights.kept.cutters.forget
        )
        self.usage: Usage = SqliteUsage(self._reader, self._write)

    async def commit(
        self, changes: Sequence[Change], mark: SourceMark | None = None, within: Access | None = None
    ) -> list[Outcome | MadangError]:
        if mark is None:
            outcomes = await self._committer.commit(changes, within=within)
        else:
            now = self._clock.now()
            outcomes = await self._committer.commit(
                changes, lambda connection: write_mark(connection, mark, now), within
            )
        for place, outcome in enumerate(outcomes):
            if isinstance(outcome, Outcome) and outcome.rest is not None:
                outcomes[place] = await self._finish(outcome)
        return outcomes

    async def _finish(self, outcome: Outcome) -> Outcome:
        """Do the rest of a change, commit by commit, so that others are served between."""
        rest = outcome.rest
        while rest is not None:
            (done,) = await self._committer.commit((rest,))
            rest = done.rest if isinstance(done, Outcome) else None
        return msgspec.structs.replace(outcome, rest=None)

    async def _write(self, work: Callable[[apsw.Connection], Any]) -> None:
        await self._committer.commit((), work)

    async def _build(self, work: Callable[[Place], Any]) -> None:
        """Run a step of an index build inside a commit."""
        await self._committer.commit((), lambda connection: work(self.place))

    async def retrieve(self, entity_id: str, access: Access) -> Entity | None:
        if self.place.expiry.next:
            await self._without_expired(entity_id)
        return read.retrieve(self._reader, self.place.terms, entity_id, self._sights.of(access))

    async def _without_expired(self, entity_id: str | None = None) -> None:
        """See to it that nothing that has expired is read, of this entity or of all."""
        if self.place.expiry.is_due(now := self._clock.now()) and (
            entity_id is None or is_due(self._reader, entity_id, now)
        ):
            await self._sweeper.until_now()

    async def rendered(self, entity_id: str, access: Access, context: Context | None = None) -> bytes | None:
        if self.place.expiry.next:
            await self._without_expired(entity_id)
        sight = self._sights.of(access)
        if sight is not None:
            return self._pages.seen(entity_id, sight, context)
        if context is not None:
            return self._pages.rewritten(entity_id, context)
        row = self._reader.execute(_RENDERED, (entity_id,)).fetchone()
        return row[0] if row is not None else None

    @_reading
    async def page(self, query: Query, window: Window, access: Access) -> Page:
        if self.place.expiry.next:
            await self._without_expired()
        return await self._pages.page(query, window, access)

    @_reading
    async def rendered_page(
        self, query: Query, window: Window, access: Access, context: Context | None = None
    ) -> RenderedPage:
        if self.place.expiry.next:
            await self._without_expired()
        return await self._pages.rendered_page(query, window, access, context)

    @_reading
    async def evolution(self, entity_id: str, temporal: TemporalQuery, access: Access) -> Evolution | None:
        if self.place.expiry.next:
            await self._without_expired(entity_id)
        if sums.is_long(self._reader, entity_id, temporal):
            found = await self._pages.summed(entity_id, temporal, access)
        else:
            sight = self._sights.of(access)
            found = await history_page.one(self._reader, self.place.terms, entity_id, temporal, sight)
        return found if found is None or temporal.aggregation is None else await valued(found)

    async def has_history(self, entity_id: str) -> bool:
        return history_page.is_known(self._reader, self.place.terms, entity_id)

    @_reading
    async def history(
        self, query: Query, temporal: TemporalQuery, window: Window, access: Access
    ) -> EvolutionPage:
        if self.place.expiry.next:
            await self._without_expired()
        asked = history_page.Asked(query, temporal, window, self._sights.of(access))
        return await history_page.page(self._reader, self.place.terms, asked)

    async def changes_since(self, sequence: int, limit: int) -> list[ChangeRow]:
        rows = self._reader.execute(_CHANGES, (sequence, limit))
        return live.since([_change_row(row, self.place.terms) for row in rows], sequence)

    async def fold(self) -> int:
        """Fold what is worth it now, as happens by itself now and then. Returns how many steps that took."""
        return await self._folder.fold()

    async def last_sequence(self) -> int:
        return self.place.counters.sequence

    @_reading
    async def type_counts(self, access: Access) -> dict[str, int]:
        if self.place.expiry.next:
            await self._without_expired()
        return await read.type_counts(self._reader, self.place.terms, self._sights.of(access))

    @_reading
    async def attribute_counts(self, access: Access) -> list[AttributeCount]:
        if self.place.expiry.next:
            await self._without_expired()
        return await presence.attribute_counts(self._reader, self.place.terms, self._sights.of(access))

    async def search(self, text: str, limit: int, access: Access) -> list[Entity]:
        if self.place.expiry.next:
            await self._without_expired()
        asked = read.Search(text, limit, self.place.name_attributes)
        return await read.search(self._reader, self.place.terms, asked, self._sights.of(access))

    async def incoming(self, entity_id: str, limit: int, access: Access) -> list[tuple[str, Entity]]:
        if self.place.expiry.next:
            await self._without_expired()
        sight = self._sights.of(access)
        return await read.incoming(self._reader, self.place.terms, entity_id, limit, sight)

    def watch(self) -> AsyncIterator[ChangeRow]:
        return self._watchers.watch()

    def measures(self) -> StoreMeasures:
        committer = self._committer
        entities = self._reader.execute("SELECT coalesce(sum(n), 0) FROM type_count").get
        return StoreMeasures(
            committer.commits,
            committer.changes,
            committer.failures,
            committer.seconds,
            committer.waiting,
            int(entities),
            self._folder.unfolded,
        )

    def trouble(self) -> str:
        return self._committer.trouble

    def is_idle(self) -> bool:
        parts = (self._committer, self._folder, self._builder, self._watchers)
        return not self.running and all(part.is_idle() for part in parts)

    async def close(self) -> None:
        """Write what waits, then close the file."""
        await self._folder.close()
        await self._builder.close()
        await self._sweeper.close()
        await self._committer.close()
        await self._pages.close()
        self._watchers.close()
        self._reader.close()
        self._writer.close()


def _prepare(place: Place, options: Options) -> None:
    """Declare the indexes of the vocabulary, and render anew what an older vocabulary rendered."""
    connection = place.connection
    terms, registry = place.terms, place.registry
    # Most stores have them all already, and nothing is written
    known = [(terms.find(type_), terms.find(attribute)) for type_, attribute in options.indexed]
    if not all(registry.has(*pair) for pair in known):
        empty = connection.execute("SELECT NOT EXISTS (SELECT 1 FROM entity)").get
        with connection:
            pairs = [(terms.number(type_), terms.number(attribute)) for type_, attribute in options.indexed]
            registry.declare(pairs, ready=bool(empty))
    digest = codec.context_digest(options.context)
    known = connection.execute("SELECT value FROM meta WHERE key = 'context'").get
    if known != digest:
        _render_anew(place)
        with connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('context', ?)", (digest,))


def _render_anew(place: Place) -> None:
    """Render every entity for the present default @context, in slices; one that is cut short begins anew."""
    last = 0
    while True:
        rows: list[tuple[Any, ...]] = place.connection.execute(
            "SELECT row, id, types, scopes, created, modified, expires, segments FROM entity WHERE row > ? ORDER BY row LIMIT ?",
            (last, _RERENDER_ROWS),
        ).fetchall()
        if not rows:
            return
        rendered = [
            (render_whole(codec.decode_entity(row[1:], place.terms), place.context), row[0]) for row in rows
        ]
        with place.connection:
            place.connection.executemany("UPDATE entity SET rendered = ? WHERE row = ?", rendered)
        last = rows[-1][0]


def _change_row(row: tuple[Any, ...], terms: Terms) -> ChangeRow:
    sequence, time, identifier, kind, types, data = row
    numbers = [
        int(part.split(codec.FIELD_SEPARATOR, 1)[0]) for part in data.split(codec.SEGMENT_SEPARATOR) if part
    ]
    names = tuple(dict.fromkeys(terms.iri(number) for number in numbers))
    return ChangeRow(sequence, time, identifier, codec.KINDS[kind], codec.decode_types(types, terms), names)


def store_path(tenants: Path, tenant: str) -> Path:
    """The file of a tenant in the folder of tenants. tenant: "" is the default one."""
    return tenants / f"{tenant or 'default'}.sqlite3"
