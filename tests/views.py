"""Views as tests of other things want them: some entities, without some attributes."""

from __future__ import annotations

from madang.ngsild.query import Query
from madang.trust.access import Access
from madang.trust.view import Rule, View

EVERYTHING = Query()


def seeing(rows: Query = EVERYTHING, hidden: frozenset[str] = frozenset()) -> Access:
    """Of who sees the entities that the query selects, without these attributes (IRIs)."""
    return Access(view=View((Rule(rows),), (Rule(attributes=hidden),) if hidden else ()))
