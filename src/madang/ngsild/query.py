"""One immutable value for every question that can be asked of the graph: `Query`.

The parsers of q, scopeQ, type selection and geo-queries each fill one field (`q.py`, `scope.py`,
`selection.py`, `geo.py`); `matcher.py` is the meaning of the whole; a store compiles it to its own language
and must select the same entities.
"""

from __future__ import annotations

from typing import Any

import msgspec

from madang.collation import ROOT
from madang.ngsild.expression import Expression
from madang.ngsild.geo import GeoQuery
from madang.ngsild.scope import ScopeExpression
from madang.ngsild.selection import TypeExpression


class Selector(msgspec.Struct, frozen=True):
    """One of the selectors of a question in a body (CIM 009 §5.2.33); its fields are as in `Query`."""

    types: TypeExpression | None = None
    ids: tuple[str, ...] = ()
    id_pattern: str | None = None


class Query(msgspec.Struct, frozen=True):
    """Every field that is set must hold (AND). An empty query selects every entity.

    types: type selection. ids: the entity's id is one of these. id_pattern: RE2 expression that is found in
    the id. attributes: the entity has at least one of these attributes (IRIs). selectors: one of them holds.
    """

    types: TypeExpression | None = None
    ids: tuple[str, ...] = ()
    id_pattern: str | None = None
    attributes: tuple[str, ...] = ()
    q: Expression | None = None
    scope: ScopeExpression | None = None
    geo: GeoQuery | None = None
    selectors: tuple[Selector, ...] = ()


class Order(msgspec.Struct, frozen=True):
    """One key of orderBy: the path of an attribute (IRIs), or "@id", "@type", "@scope", "@createdAt", "@modifiedAt".

    members: names inside the value, as in a `Path` of q. distance_from: the GeoJSON geometry from which it is
    measured. collation: of texts, see `madang.collation`.
    """

    path: tuple[str, ...]
    descending: bool = False
    distance_from: dict[str, Any] | None = None
    members: tuple[str, ...] = ()
    collation: str = ROOT


class Window(msgspec.Struct, frozen=True):
    """Which part of the answer: at most `limit` entities after `cursor` (or after skipping `offset`).

    cursor: opaque, from a former page's `next_cursor`; it is bound to the query that made it. count: also
    count all that match. order: empty for the store's own order.
    """

    limit: int = 20
    offset: int = 0
    cursor: str = ""
    count: bool = False
    order: tuple[Order, ...] = ()
