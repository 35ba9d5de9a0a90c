"""Random views of the entities of `queries.py`."""

from __future__ import annotations

from hypothesis import strategies as st
from tests.store.queries import NAMES, TYPES, queries

from madang.ngsild.context import CORE
from madang.ngsild.query import Query
from madang.ngsild.scope import parse_scope_query
from madang.ngsild.selection import parse_types
from madang.trust.view import Rule, View

HIDEABLE = [CORE.expand(name) for name in (*NAMES, "location")]
_types = st.sampled_from([parse_types(text, CORE) for text in (*TYPES, "Sensor,Station", "(Sensor;Station)")])
_identifiers = st.lists(st.integers(0, 16).map("urn:x:{}".format), min_size=1, max_size=8).map(tuple)
_scopes = st.sampled_from([parse_scope_query(text) for text in ("/a/#", "/a/b", "/+/b", "/#")])
# What policies are made of: types, who it is, where it belongs; and whatever else a query can say
rows = st.one_of(
    st.just(Query()),
    st.builds(Query, types=_types),
    st.builds(Query, types=_types),
    st.builds(Query, types=st.none() | _types, ids=_identifiers),
    st.builds(Query, types=st.none() | _types, scope=_scopes),
    queries(),
)
names = st.frozensets(st.sampled_from(HIDEABLE), min_size=1, max_size=3)
outside = st.sampled_from([frozenset[str](), *(frozenset((CORE.expand(name),)) for name in TYPES)])
grants = st.builds(Rule, rows, outside, st.one_of(st.none(), st.none(), names))
denials = st.builds(Rule, rows, outside, st.one_of(st.none(), names, names))
views = st.builds(
    View, st.lists(grants, min_size=1, max_size=3).map(tuple), st.lists(denials, max_size=2).map(tuple)
)
