"""Reading what is now: one entity, the names, the links, the counts. Queries are answered in `page.py`."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, Final

import apsw
import msgspec

from madang.ngsild.entity import Entity
from madang.ngsild.matcher import compile_query
from madang.settings import LIMITS
from madang.store.sqlite.codec import Terms, decode_entity
from madang.trust.access import Access

COLUMNS: Final = "e.id, e.types, e.scopes, e.created, e.modified, e.expires, e.segments"
_BY_ID: Final = f"SELECT {COLUMNS} FROM entity e WHERE e.id = ?"  # noqa: S608 constant
_NAMES: Final = "SELECT row, name FROM entity_name WHERE row > ? ORDER BY row LIMIT ?"
_BY_ROW: Final = f"SELECT {COLUMNS} FROM entity e WHERE e.row = ?"  # noqa: S608 constant
_INCOMING: Final = f"""SELECT r.term, {COLUMNS} FROM relation r CROSS JOIN entity e ON e.row = r.row
    WHERE r.target = ? ORDER BY r.term, r.row LIMIT ?"""  # noqa: S608 constant
_COUNTS: Final = "SELECT type, n FROM type_count WHERE n > 0"
_NAMES_SLICE_ROWS: Final = 8192


def visible(entity: Entity, access: Access, matches: Callable[[Entity], bool] | None) -> Entity | None:
    """The entity as the caller sees it: None outside the filter, without the attributes of the mask."""
    return masked(entity, access) if matches is None or matches(entity) else None


def masked(entity: Entity, access: Access) -> Entity:
    """The entity without the attributes of the caller's mask."""
    if not access.mask:
        return entity
    shown = tuple([attribute for attribute in entity.attributes if attribute.name not in access.mask])
    return msgspec.structs.replace(entity, attributes=shown)


def filter_of(access: Access) -> Callable[[Entity], bool] | None:
    """The caller's filter as a function. The filter is the policy's own and sees masked attributes."""
    return compile_query(access.filter) if access.filter is not None else None


def retrieve(connection: apsw.Connection, terms: Terms, entity_id: str, access: Access) -> Entity | None:
    """The entity with this id, if the caller may see it."""
    row = connection.execute(_BY_ID, (entity_id,)).fetchone()
    return visible(decode_entity(row, terms), access, filter_of(access)) if row is not None else None


async def search(
    connection: apsw.Connection, terms: Terms, text: str, limit: int, access: Access
) -> list[Entity]:
    """Entities with the text in a name; those whose name begins with it first, then the shorter names."""
    wanted = text.strip().lower()
    if not wanted:
        return []
    hits: list[tuple[bool, int, int]] = []
    last = 0
    while True:
        rows: list[Any] = connection.execute(_NAMES, (last, _NAMES_SLICE_ROWS)).fetchall()
        for row, name in rows:
            if wanted in name:
                best = min((line for line in name.split("\n") if wanted in line), key=len)
                hits.append((not best.startswith(wanted), len(best), row))
        if len(rows) < _NAMES_SLICE_ROWS:
            break
        last = rows[-1][0]
        await asyncio.sleep(0)
    matches = filter_of(access)
    found: list[Entity] = []
    for _, _, row in sorted(hits)[: limit * 10]:
        hit: Any = connection.execute(_BY_ROW, (row,)).fetchone()
        entity = visible(decode_entity(hit, terms), access, matches)
        if entity is not None:
            found.append(entity)
            if len(found) == limit:
                break
    return found


def incoming(
    connection: apsw.Connection, terms: Terms, entity_id: str, limit: int, access: Access
) -> list[tuple[str, Entity]]:
    """(relationship IRI, entity) of the entities that point at this one."""
    matches = filter_of(access)
    found: list[tuple[str, Entity]] = []
    for term, *row in connection.execute(_INCOMING, (entity_id, limit)):
        name = terms.iri(term)
        entity = visible(decode_entity(tuple(row), terms), access, matches)
        if entity is not None and name not in access.mask:
            found.append((name, entity))
    return found


async def type_counts(connection: apsw.Connection, terms: Terms, access: Access) -> dict[str, int]:
    """How many entities of each type the caller can see: the counters, or with a filter a count in slices."""
    if access.filter is None:
        return {terms.iri(number): n for number, n in connection.execute(_COUNTS)}
    matches = compile_query(access.filter)
    counts: dict[str, int] = {}
    last = 0
    for _ in itertools.count():
        statement = f"SELECT e.row, {COLUMNS} FROM entity e WHERE e.row > ? ORDER BY e.row LIMIT ?"  # noqa: S608 constant
        rows: list[tuple[Any, ...]] = connection.execute(
            statement, (last, LIMITS.slice_entities_max)
        ).fetchall()
        for row in rows:
            entity = decode_entity(row[1:], terms)
            if matches(entity):
                for type_ in entity.types:
                    counts[type_] = counts.get(type_, 0) + 1
        if len(rows) < LIMITS.slice_entities_max:
            break
        last = rows[-1][0]
        await asyncio.sleep(0)
    return counts
