"""Queries over the histories of many entities (CIM 009 §5.7.4), in the order of the row numbers.

Entities are found by id or type, then each one's history is read and asked: its instances inside the range
must meet q and the geo-query. No index serves the values of the past, so a page that takes too long ends in
QueryTooWide; the loop breathes every few milliseconds.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import apsw
import msgspec
import orjson

from madang.collation import sort_key
from madang.errors import BadRequestData, QueryTooWide
from madang.ngsild.entity import Entity
from madang.ngsild.evolution import Evolution, Series, bounded
from madang.ngsild.matcher import compile_query
from madang.ngsild.query import Order, Query, Window
from madang.ngsild.scopes_over_time import SCOPE, Span, inside
from madang.ngsild.temporal import TemporalQuery
from madang.settings import LIMITS
from madang.store.base import EvolutionPage
from madang.store.sqlite import history, history_match, history_scope, sums
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.comparing import with_values
from madang.store.sqlite.history import Subject
from madang.store.sqlite.history_match import Conditions
from madang.store.sqlite.mask import Mask
from madang.store.sqlite.row_sight import RowSight
from madang.store.sqlite.verdict import reads_of

_OF_ALL: Final = """SELECT row, id, types, scopes, created, modified FROM entity WHERE row > ?1
    UNION ALL SELECT row, id, types, '', 0, deleted FROM past WHERE row > ?1 ORDER BY row LIMIT ?2"""
_OF_TYPE: Final = """SELECT row, id, types, scopes, created, modified FROM entity
        WHERE row IN (SELECT row FROM entity_type WHERE type = ?3 AND row > ?1 ORDER BY row LIMIT ?2)
    UNION ALL SELECT row, id, types, '', 0, deleted FROM past
        WHERE row > ?1 AND instr(types, ' ' || ?3 || ' ') ORDER BY row LIMIT ?2"""


class Asked(msgspec.Struct, frozen=True):
    """A question about many histories. sight: of who asks, None if that one sees everything."""

    query: Query
    temporal: TemporalQuery
    window: Window
    sight: RowSight | None = None

    @property
    def order(self) -> tuple[Order, ...]:
        return self.window.order


class _Prepared(msgspec.Struct, frozen=True):
    """What an entity must be, and what its instances must be: by those of the attributes that they name which are hidden.

    names: the attributes (IRIs) that conditions on instances name."""

    of_entity: Callable[[Entity], bool]
    names: frozenset[str]
    of_instances: dict[frozenset[str], Conditions | None]

    def conditions(self, query: Query, mask: Mask) -> Conditions | None:
        """What is asked of the instances of an entity with this mask."""
        hidden = frozenset(name for name in self.names if mask.hides(name))
        if hidden not in self.of_instances:
            self.of_instances[hidden] = history_match.conditions(query, hidden)
        return self.of_instances[hidden]


# Where a page ended: the row number, or where pages are ordered by id, the id
Place = int | str


async def one(
    connection: apsw.Connection,
    terms: Terms,
    entity_id: str,
    temporal: TemporalQuery,
    sight: RowSight | None = None,
) -> Evolution | None:
    """The evolution of one entity; None if the caller may not see it or nothing is left of it."""
    subject = history.find(connection, terms, entity_id, sight)
    if subject is None:
        return None
    attributes = history_scope.without_scope(terms, temporal)
    evolution_of = sums.evolution if sums.can_sum(attributes) else history.evolution
    evolution = await evolution_of(connection, terms, subject, attributes)
    if history_scope.is_wanted(terms, temporal, subject.mask):
        scope = (await history_scope.read(connection, terms, subject.row)).series(temporal)
        if scope is not None:
            evolution = msgspec.structs.replace(evolution, series=(scope, *evolution.series))
    return evolution if evolution.series or await _has_history(connection, terms, subject) else None


async def _has_history(connection: apsw.Connection, terms: Terms, subject: Subject) -> bool:
    """Whether anything is left of what is seen of a history."""
    if subject.mask.is_plain or not history.has_history(connection, subject.row):
        return history.has_history(connection, subject.row)
    if await history.read_series(
        connection, subject.row, history.wanted(terms, TemporalQuery(), subject.mask)
    ):
        return True
    if SCOPE in subject.mask.hidden:
        return False
    return (await history_scope.read(connection, terms, subject.row)).series(TemporalQuery()) is not None


def is_known(connection: apsw.Connection, terms: Terms, entity_id: str) -> bool:
    """Whether anything of the history of an entity with this id is left."""
    subject = history.find(connection, terms, entity_id)
    return subject is not None and history.has_history(connection, subject.row)


async def page(connection: apsw.Connection, terms: Terms, asked: Asked) -> EvolutionPage:
    """One page of entities. Raises BadRequestData for a foreign cursor, QueryTooWide."""
    window = asked.window
    after = _place_of(window.cursor, asked)
    behind = _is_behind(asked, after)
    found: list[Evolution] = []
    skipped = total = instances = 0
    last: Place = 0
    more = False
    async for subject, evolution in _matching(connection, terms, asked, None if window.count else after):
        total += 1
        if not behind(subject):
            continue
        if skipped < window.offset:
            skipped += 1
            continue
        if len(found) < window.limit and instances < LIMITS.temporal_page_instances_max:
            found.append(evolution)
            last = subject.id if asked.order else subject.row
            instances += sum(len(series.times) for series in evolution.series)
            continue
        more = True
        if not window.count:
            break
    cursor = _cursor(last, asked) if more and found else ""
    return EvolutionPage(tuple(found), total if window.count else None, cursor)


def _prepare(query: Query) -> _Prepared:
    of_entity = msgspec.structs.replace(query, attributes=(), q=None, scope=None, geo=None)
    plain = {frozenset[str](): history_match.conditions(query)}
    return _Prepared(compile_query(of_entity), frozenset(reads_of(query)), plain)


async def _matching(
    connection: apsw.Connection, terms: Terms, asked: Asked, after: Place | None
) -> AsyncIterator[tuple[Subject, Evolution]]:
    """Every entity behind the place `after` that the question selects, with its evolution."""
    begun = breath = time.monotonic()
    prepared = _prepare(asked.query)
    candidates = _candidates(connection, terms, asked, int(after or 0) if not asked.order else 0)
    subjects = (subject async for subject in candidates if prepared.of_entity(_bare(subject)))
    async for subject in _ordered(subjects, asked, after) if asked.order else subjects:
        conditions = prepared.conditions(asked.query, subject.mask)
        evolution = await _evolution(connection, terms, asked, subject, conditions)
        if evolution is not None:
            yield subject, evolution
        now = time.monotonic()
        if now - breath > LIMITS.slice_ms_max / 1000:
            await asyncio.sleep(0)
            breath = time.monotonic()
        if now - begun > LIMITS.query_ms_max / 1000:
            raise QueryTooWide(
                f"The temporal query reads too much: it was given up after {LIMITS.query_ms_max / 1000:.0f} s; "
                "narrow it by type or id, or ask without count=true and with a smaller limit"
            )


def _bare(subject: Subject) -> Entity:
    return Entity(subject.id, subject.types, (), subject.scope)


async def _ordered(
    candidates: AsyncIterator[Subject], asked: Asked, after: Place | None
) -> AsyncIterator[Subject]:
    """The candidates in the order of their ids, behind the id `after`. Raises QueryTooWide for too many."""
    subjects: list[Subject] = []
    behind = _is_behind(asked, after)
    async for subject in candidates:
        if behind(subject):
            subjects.append(subject)
        if len(subjects) > LIMITS.temporal_ordered_entities_max:
            raise QueryTooWide(
                f"More than {LIMITS.temporal_ordered_entities_max} histories would have to be ordered; "
                "narrow the query, or ask without orderBy"
            )
    (order,) = asked.order
    key = sort_key(order.collation)
    subjects.sort(key=lambda subject: (key(subject.id), subject.id), reverse=order.descending)
    for subject in subjects:
        yield subject


def _is_behind(asked: Asked, after: Place | None) -> Callable[[Subject], bool]:
    """Whether an entity comes after the place where the former page ended."""
    if after is None:
        return lambda subject: True
    if isinstance(after, int):
        return lambda subject: subject.row > after
    (order,) = asked.order
    key = sort_key(order.collation)
    place = (key(after), after)
    if order.descending:
        return lambda subject: (key(subject.id), subject.id) < place
    return lambda subject: (key(subject.id), subject.id) > place


async def _candidates(
    connection: apsw.Connection, terms: Terms, asked: Asked, after: int
) -> AsyncIterator[Subject]:
    """The entities of the type or with the ids that the caller sees, deleted ones too, in slices."""
    if asked.query.ids:
        subjects = [
            history.find(connection, terms, identifier, asked.sight)
            for identifier in dict.fromkeys(asked.query.ids)
        ]
        found = [subject for subject in subjects if subject is not None and subject.row > after]
        for subject in sorted(found, key=lambda one: one.row):
            yield subject
        return
    single = asked.query.types.single if asked.query.types is not None else None
    number = terms.find(single) if single is not None else None
    if single is not None and number is None:
        return
    while True:
        values: tuple[Any, ...] = (after, LIMITS.slice_entities_max)
        statement = _OF_ALL if number is None else _OF_TYPE
        rows: list[Any] = connection.execute(
            statement, values if number is None else (*values, number)
        ).fetchall()
        for row in rows:
            one = history.subject_of(connection, terms, row, asked.sight)
            if one is not None:
                yield one
        if len(rows) < LIMITS.slice_entities_max:
            return
        after = rows[-1][0]
        await asyncio.sleep(0)


async def _evolution(
    connection: apsw.Connection,
    terms: Terms,
    asked: Asked,
    subject: Subject,
    conditions: Conditions | None,
) -> Evolution | None:
    """The entity's evolution if an instance of the asked attributes is in the range, and the range meets q."""
    temporal, mask = asked.temporal, subject.mask
    scopes = None
    if asked.query.scope is not None or history_scope.is_wanted(terms, temporal, mask):
        scopes = await history_scope.read(connection, terms, subject.row)
    spans = None
    if asked.query.scope is not None and scopes is not None:
        spans = [] if SCOPE in mask.hidden else scopes.spans(asked.query.scope)
        if not spans:
            return None
    series = await _series(connection, terms, asked, (subject, conditions), spans)
    if temporal.aggregation is not None:
        series = tuple([await with_values(one) for one in series])
    shown = (
        scopes.series(temporal)
        if scopes is not None and history_scope.is_wanted(terms, temporal, mask)
        else None
    )
    set_inside = shown is not None and (
        temporal.earliest is None or int(shown.times[-1]) >= temporal.earliest
    )
    if not series and not (set_inside and spans is None and conditions is None):
        return None
    return history.evolution_of(subject, series if shown is None else (shown, *series))


async def _series(
    connection: apsw.Connection,
    terms: Terms,
    asked: Asked,
    wanted: tuple[Subject, Conditions | None],
    spans: list[Span] | None,
) -> tuple[Series, ...]:
    """The series of the attributes, none if the instances inside the range do not meet q.

    wanted: of which entity, and what is asked of its instances. spans: when the scope was one that is asked for, None if
    any will do."""
    subject, of_instances = wanted
    temporal = history_scope.without_scope(terms, asked.temporal)
    conditions = asked.query.q is not None or asked.query.geo is not None
    whole = conditions or spans is not None
    every = msgspec.structs.replace(temporal, last_n=0, most=0) if whole else temporal
    if conditions:
        every = every.reading((), (SCOPE,), ())
    if of_instances is None and spans is None and sums.can_sum(temporal):
        return (await sums.evolution(connection, terms, subject, temporal)).series
    which = history.wanted(terms, every, subject.mask)
    found = await history.read_series(connection, subject.row, which)
    if of_instances is not None:
        series = [_during(one, spans) for one in history.selected(terms, found, every)]
        head = Entity(subject.id, subject.types, (), subject.scope, subject.created_at, subject.modified_at)
        if not await history_match.met(of_instances, head, series):
            return ()
    shown = history.wanted(terms, temporal, subject.mask)
    found = {key: instances for key, instances in found.items() if shown.includes(key)}
    if spans is None:
        return tuple(history.selected(terms, found, temporal))
    parts = [_during(one, spans) for one in history.selected(terms, found, every)]
    return tuple([bounded(one, temporal) for one in parts if len(one.times)])


def _during(series: Series, spans: list[Span] | None) -> Series:
    """What of a series lies in one of the spans."""
    if spans is None:
        return series
    mask = inside(series.times, spans)
    kept = [series.instances[at] for at in mask.nonzero()[0].tolist()]
    return Series(series.name, series.dataset_id, kept, series.times[mask])


def _cursor(place: Place, asked: Asked) -> str:
    """Where the next page begins; it names the question, so that it fits no other."""
    return urlsafe_b64encode(orjson.dumps([_digest(asked), place])).rstrip(b"=").decode()


def _place_of(cursor: str, asked: Asked) -> Place | None:
    if not cursor:
        return None
    try:
        content = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (Error, ValueError):
        content = None
    match content:
        case [digest, int(row)] if digest == _digest(asked) and not asked.order:
            return row
        case [digest, str(identifier)] if digest == _digest(asked) and asked.order:
            return identifier
    raise BadRequestData("The cursor belongs to another query; follow the Link header of a page as it is")


def _digest(asked: Asked) -> int:
    temporal = msgspec.structs.replace(asked.temporal, most=0)
    return zlib.crc32(repr((asked.query, temporal, asked.order)).encode())
