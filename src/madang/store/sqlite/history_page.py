"""Queries over the histories of many entities (CIM 009 §5.7.4), in the order of the row numbers.

Entities are found by id or type, then each one's history is read and asked: its instances inside the range
must meet q and the geo-query. No index serves the values of the past, so a page that takes too long ends in
QueryTooWide; the loop breathes every few milliseconds.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import apsw
import msgspec

from madang.errors import BadRequestData, QueryTooWide
from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.evolution import Evolution, Series
from madang.ngsild.matcher import compile_query
from madang.ngsild.query import Query, Window
from madang.ngsild.temporal import TemporalQuery
from madang.settings import LIMITS
from madang.store.base import EvolutionPage
from madang.store.sqlite import codec, history, read
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.history import Subject
from madang.trust.access import Access

_OF_ALL: Final = """SELECT row, id, types, scopes, created, modified FROM entity WHERE row > ?1
    UNION ALL SELECT row, id, types, '', 0, deleted FROM past WHERE row > ?1 ORDER BY row LIMIT ?2"""
_OF_TYPE: Final = """SELECT row, id, types, scopes, created, modified FROM entity
        WHERE row IN (SELECT row FROM entity_type WHERE type = ?3 AND row > ?1 ORDER BY row LIMIT ?2)
    UNION ALL SELECT row, id, types, '', 0, deleted FROM past
        WHERE row > ?1 AND instr(types, ' ' || ?3 || ' ') ORDER BY row LIMIT ?2"""


class _Asked(msgspec.Struct, frozen=True):
    """The question, prepared once: what an entity must be, and what its instances must be."""

    query: Query
    temporal: TemporalQuery
    access: Access
    of_entity: Callable[[Entity], bool]
    of_instances: Callable[[Entity], bool] | None


async def one(
    connection: apsw.Connection, terms: Terms, entity_id: str, temporal: TemporalQuery, access: Access
) -> Evolution | None:
    """The evolution of one entity; None if the caller may not see it or nothing is left of it."""
    subject = history.find(connection, terms, entity_id)
    if subject is None:
        return None
    if access.filter is not None and read.retrieve(connection, terms, entity_id, access) is None:
        return None
    evolution = await history.evolution(connection, terms, subject, temporal, access.mask)
    return evolution if evolution.series or history.has_history(connection, subject.row) else None


async def page(
    connection: apsw.Connection,
    terms: Terms,
    question: tuple[Query, TemporalQuery],
    window: Window,
    access: Access,
) -> EvolutionPage:
    """One page of entities. Raises BadRequestData for a foreign cursor, QueryTooWide."""
    asked = _prepare(*question, access)
    found: list[Evolution] = []
    rows: list[int] = []
    matched = instances = 0
    more = False
    async for row, evolution in _matching(connection, terms, asked, _row_of(window.cursor, question)):
        matched += 1
        if matched <= window.offset:
            continue
        if len(found) < window.limit and instances < LIMITS.temporal_page_instances_max:
            found.append(evolution)
            rows.append(row)
            instances += sum(len(series.times) for series in evolution.series)
            continue
        more = True
        if not window.count:
            break
    total = matched if window.count and not window.cursor else None
    if window.count and window.cursor:
        total = matched + await _count_before(connection, terms, asked, _row_of(window.cursor, question))
    return EvolutionPage(tuple(found), total, _cursor(rows[-1], question) if more and rows else "")


def _prepare(query: Query, temporal: TemporalQuery, access: Access) -> _Asked:
    of_entity = Query(types=query.types, ids=query.ids, id_pattern=query.id_pattern, scope=query.scope)
    of_instances = Query(attributes=query.attributes, q=query.q, geo=query.geo)
    return _Asked(
        query,
        temporal,
        access,
        compile_query(of_entity),
        compile_query(of_instances, access.mask) if of_instances != Query() else None,
    )


async def _count_before(connection: apsw.Connection, terms: Terms, asked: _Asked, last: int) -> int:
    """How many match up to the cursor, whose page counts what is behind it."""
    n = 0
    async for row, _ in _matching(connection, terms, asked, 0):
        if row > last:
            break
        n += 1
    return n


async def _matching(
    connection: apsw.Connection, terms: Terms, asked: _Asked, after: int
) -> AsyncIterator[tuple[int, Evolution]]:
    """(row, evolution) of every entity behind the row `after` that the question selects."""
    begun = breath = time.monotonic()
    async for subject in _candidates(connection, terms, asked, after):
        evolution = await _evolution(connection, terms, asked, subject)
        if evolution is not None:
            yield subject.row, evolution
        now = time.monotonic()
        if now - breath > LIMITS.slice_ms_max / 1000:
            await asyncio.sleep(0)
            breath = time.monotonic()
        if now - begun > LIMITS.query_ms_max / 1000:
            raise QueryTooWide(
                f"The temporal query reads too much: it was given up after {LIMITS.query_ms_max / 1000:.0f} s; "
                "narrow it by type or id, or ask without count=true and with a smaller limit"
            )


async def _candidates(
    connection: apsw.Connection, terms: Terms, asked: _Asked, after: int
) -> AsyncIterator[Subject]:
    """The entities that type, id and access allow, deleted ones too, in slices."""
    if asked.query.ids:
        subjects = [
            history.find(connection, terms, identifier) for identifier in dict.fromkeys(asked.query.ids)
        ]
        found = [subject for subject in subjects if subject is not None and subject.row > after]
        for subject in sorted(found, key=lambda one: one.row):
            if _allowed(connection, terms, asked, subject):
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
        for row, identifier, types, scopes, created, modified in rows:
            subject = Subject(
                row,
                identifier,
                codec.decode_types(types, terms),
                codec.decode_scopes(scopes),
                created,
                modified,
            )
            if _allowed(connection, terms, asked, subject):
                yield subject
        if len(rows) < LIMITS.slice_entities_max:
            return
        after = rows[-1][0]
        await asyncio.sleep(0)


def _allowed(connection: apsw.Connection, terms: Terms, asked: _Asked, subject: Subject) -> bool:
    """Whether the entity is of the kind asked for and inside the access; of deleted ones nobody can say."""
    if not asked.of_entity(Entity(subject.id, subject.types, (), subject.scope)):
        return False
    if asked.access.filter is None:
        return True
    return read.retrieve(connection, terms, subject.id, asked.access) is not None


async def _evolution(
    connection: apsw.Connection, terms: Terms, asked: _Asked, subject: Subject
) -> Evolution | None:
    """The entity's evolution if an instance of the asked attributes is in the range, and the range meets q."""
    temporal = asked.temporal
    every = msgspec.structs.replace(temporal, attributes=(), without=(), datasets=(), last_n=0)
    conditions = asked.query.q is not None or asked.query.geo is not None
    which = history.wanted(terms, every if conditions else temporal, asked.access.mask)
    found = await history.read_series(connection, subject.row, which)
    if asked.of_instances is not None:
        series = list(history.selected(terms, found, every))
        if not asked.of_instances(_as_entity(subject, series)):
            return None
    if conditions:
        shown = history.wanted(terms, temporal, asked.access.mask)
        found = {key: instances for key, instances in found.items() if shown.includes(key)}
    chosen = tuple(history.selected(terms, found, temporal))
    return history.evolution_of(subject, chosen) if chosen else None


def _as_entity(subject: Subject, series: list[Series]) -> Entity:
    """An entity that has every instance as an attribute, for the matcher; what was deleted has no value."""
    attributes = tuple(
        [
            Attribute(
                one.name,
                instance.body,
                one.dataset_id,
                instance.contextual,
                instance.created_at,
                instance.modified_at,
            )
            for one in series
            for instance in one.instances
            if not instance.deleted
        ]
    )
    return Entity(
        subject.id, subject.types, attributes, subject.scope, subject.created_at, subject.modified_at
    )


def _cursor(row: int, question: tuple[Query, TemporalQuery]) -> str:
    """Where the next page begins; it names the question, so that it fits no other."""
    return f"{row}-{zlib.crc32(repr(question).encode()):08x}"


def _row_of(cursor: str, question: tuple[Query, TemporalQuery]) -> int:
    if not cursor:
        return 0
    digits = cursor.partition("-")[0]
    if (
        digits.isascii()
        and digits.isdigit()
        and len(digits) < 19
        and _cursor(int(digits), question) == cursor
    ):
        return int(digits)
    raise BadRequestData("The cursor belongs to another query; follow the Link header of a page as it is")
