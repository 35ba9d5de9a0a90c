"""Reading what is now: one entity, the names, the links, the counts. Queries are answered in `page.py`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Final

import apsw
import msgspec

from madang.ngsild.entity import Entity
from madang.settings import LIMITS
from madang.store.sqlite import codec, indexes
from madang.store.sqlite.codec import Terms, decode_entity
from madang.store.sqlite.row_sight import COLUMNS, Row, RowSight
from madang.store.sqlite.verdict import Depends

_BY_ID: Final = f"SELECT {COLUMNS} FROM entity e WHERE e.id = ?"  # noqa: S608 constant
_NAMES: Final = "SELECT row, name FROM entity_name WHERE row > ? ORDER BY row LIMIT ?"
_BY_ROW: Final = f"SELECT {COLUMNS} FROM entity e WHERE e.row = ?"  # noqa: S608 constant
_INCOMING: Final = f"""SELECT r.term, r.row, {COLUMNS} FROM relation r CROSS JOIN entity e ON e.row = r.row
    WHERE r.target = ? AND (r.term, r.row) > (?, ?) ORDER BY r.term, r.row LIMIT ?"""  # noqa: S608 constant
_COUNTS: Final = "SELECT type, n FROM type_count WHERE n > 0"
_COMBINATIONS: Final = "SELECT types, n FROM combination WHERE n > 0"
_OF_TYPE: Final = f"""SELECT e.row, {COLUMNS} FROM entity_type t CROSS JOIN entity e ON e.row = t.row
    WHERE t.type = ? AND t.row > ? ORDER BY t.row LIMIT ?"""  # noqa: S608 constant
_NAMES_SLICE_ROWS: Final = 8192
_HITS_SLICE: Final = 64


def retrieve(
    connection: apsw.Connection, terms: Terms, entity_id: str, sight: RowSight | None
) -> Entity | None:
    """The entity with this id, as far as the caller may see it."""
    row = connection.execute(_BY_ID, (entity_id,)).fetchone()
    return _shown(row, terms, sight) if row is not None else None


def _shown(row: Row, terms: Terms, sight: RowSight | None) -> Entity | None:
    return decode_entity(row, terms) if sight is None else sight.seen(row)


class Search(msgspec.Struct, frozen=True):
    """text: as it was typed. names: the attributes (IRIs) of which the index of names is made."""

    text: str
    limit: int
    names: frozenset[str]


async def search(
    connection: apsw.Connection, terms: Terms, asked: Search, sight: RowSight | None
) -> list[Entity]:
    """Entities with the text in a name; those whose name begins with it first, then the shorter names."""
    wanted = asked.text.strip().lower()
    if not wanted:
        return []
    hits: list[tuple[bool, int, int]] = []
    last = 0
    while True:
        rows: list[Any] = connection.execute(_NAMES, (last, _NAMES_SLICE_ROWS)).fetchall()
        hits += [(*_nearness(wanted, name), row) for row, name in rows if wanted in name]
        if len(rows) < _NAMES_SLICE_ROWS:
            break
        last = rows[-1][0]
        await asyncio.sleep(0)
    hits.sort()
    if sight is None or not any(map(sight.view.may_hide, asked.names)):
        return [entity async for entity in _found(connection, terms, hits, asked.limit, sight)]
    # By a name that is hidden nobody is found
    every = [entity async for entity in _found(connection, terms, hits, len(hits), sight)]
    names = [(entity, indexes.names(entity, asked.names)) for entity in every]
    seen = [(*_nearness(wanted, name), at) for at, (_, name) in enumerate(names) if wanted in name]
    return [every[at] for _, _, at in sorted(seen)[: asked.limit]]


def _nearness(wanted: str, names: str) -> tuple[bool, int]:
    """How near the best of some names comes to the text, the less the nearer."""
    best = min((line for line in names.split("\n") if wanted in line), key=len)
    return not best.startswith(wanted), len(best)


async def _found(
    connection: apsw.Connection,
    terms: Terms,
    hits: list[tuple[bool, int, int]],
    limit: int,
    sight: RowSight | None,
) -> AsyncIterator[Entity]:
    """So many of the entities that the caller sees, in this order."""
    n = 0
    for at, (_, _, number) in enumerate(hits):
        if n >= limit:
            return
        if at and at % _HITS_SLICE == 0:
            await asyncio.sleep(0)
        row: Any = connection.execute(_BY_ROW, (number,)).fetchone()
        entity = _shown(row, terms, sight) if row is not None else None
        if entity is not None:
            n += 1
            yield entity


async def incoming(
    connection: apsw.Connection, terms: Terms, entity_id: str, limit: int, sight: RowSight | None
) -> list[tuple[str, Entity]]:
    """(relationship IRI, entity) of the entities that point at this one."""
    found: list[tuple[str, Entity]] = []
    last = (0, 0)
    while True:
        rows: list[Any] = connection.execute(_INCOMING, (entity_id, *last, limit)).fetchall()
        for term, _, *row in rows:
            name = terms.iri(term)
            entity = _shown(tuple(row), terms, sight)
            if entity is not None and (sight is None or entity.instances(name)):
                found.append((name, entity))
        if len(rows) < limit or len(found) >= limit:
            return found[:limit]
        last = rows[-1][:2]
        await asyncio.sleep(0)


async def type_counts(connection: apsw.Connection, terms: Terms, sight: RowSight | None) -> dict[str, int]:
    """How many entities of each type the caller can see: the counters, as far as types decide; the others one by one."""
    if sight is None:
        return {terms.iri(number): n for number, n in connection.execute(_COUNTS)}
    counts: Counter[str] = Counter()
    depends: list[str] = []
    combinations: list[Any] = connection.execute(_COMBINATIONS).fetchall()
    for types, n in combinations:
        verdict = sight.verdict(types)
        if isinstance(verdict, Depends):
            depends.append(types)
        elif verdict is not None:
            counts.update(dict.fromkeys(codec.decode_types(types, terms), n))
    for types in depends:
        n = 0
        async for rows in of_combination(connection, types):
            n += sum(sight.mask(row) is not None for row in rows)
        counts.update(dict.fromkeys(codec.decode_types(types, terms), n))
    return {type_: n for type_, n in counts.items() if n}


async def of_combination(connection: apsw.Connection, types: str) -> AsyncIterator[list[Row]]:
    """The entities with just these types, slice by slice."""
    number, last = int(types.split(maxsplit=1)[0]), 0
    while True:
        rows: list[Any] = connection.execute(_OF_TYPE, (number, last, LIMITS.slice_entities_max)).fetchall()
        yield [row[1:] for row in rows if row[2] == types]
        if len(rows) < LIMITS.slice_entities_max:
            return
        last = rows[-1][0]
        await asyncio.sleep(0)
