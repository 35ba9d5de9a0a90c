"""Pages in an order are the sorted answer cut into pieces, on random stores and for random keys."""

from __future__ import annotations

import tempfile
from functools import cmp_to_key
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod
from tests.store.test_plan_selects import page, stored

from madang.ngsild.context import CORE
from madang.ngsild.entity import Entity
from madang.ngsild.parse import parse_entity
from madang.ngsild.query import Order, Query, Window
from madang.ngsild.selection import parse_types
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.plan import Catalog
from madang.trust.access import Access
from madang.trust.view import Rule, View

NAMES = ["a", "b", "place"]
SPHERE = Geod(a=6_371_008.8, b=6_371_008.8)
HERE: dict[str, Any] = {"type": "Point", "coordinates": [127.0, 37.0]}
# Texts whose order is the same by code point and in the root collation
scalars = st.sampled_from([0, 1, 1.5, -2, "a", "b", "bb", "c", True, False])
points = st.sampled_from([[127.0, 37.0], [127.1, 37.0], [127.0, 37.2], [126.0, 36.0]])
properties = st.builds(lambda value: {"type": "Property", "value": value}, scalars)
places = st.builds(
    lambda point: {"type": "GeoProperty", "value": {"type": "Point", "coordinates": point}}, points
)
entities = st.fixed_dictionaries(
    {"type": st.just("T")},
    optional={"a": properties, "b": properties, "place": st.one_of(places, places, properties)},
)
keys = st.one_of(
    st.builds(Order, st.sampled_from([(CORE.expand(name),) for name in NAMES]), st.booleans()),
    st.builds(Order, st.sampled_from([("@id",), ("@createdAt",), ("@type",)]), st.booleans()),
    st.builds(Order, st.just((CORE.expand("place"),)), st.booleans(), st.just(HERE)),
)


def rank(entity: Entity, row: int, key: Order) -> tuple[int, Any]:
    """(place of the type in §4.23.2, value) as plainly as it can be said; 9 for what is not there."""
    if key.path[0].startswith("@"):
        return 1, {"@id": entity.id, "@createdAt": row, "@type": ""}[key.path[0]]
    for attribute in entity.instances(key.path[0]):
        value = attribute.members()["value"]
        if isinstance(value, dict):
            if key.distance_from is None:
                return 3, str(value)
            ends = (*key.distance_from["coordinates"], *value["coordinates"])
            return -1, round(SPHERE.inv(*ends)[2], 3)
        return (4 if isinstance(value, bool) else 2 if isinstance(value, str) else 0), value
    return 9, 0


def compared(order: tuple[Order, ...]) -> Any:
    def compare(one: tuple[int, Entity], other: tuple[int, Entity]) -> int:
        for key in order:
            left, right = rank(one[1], one[0], key), rank(other[1], other[0], key)
            if left != right:
                last = {left[0], right[0]} & {9, -1} and left[0] != right[0]
                sign = -1 if left < right else 1
                return sign if last or not key.descending else -sign
        return one[0] - other[0]

    return cmp_to_key(compare)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    raw=st.lists(entities, min_size=1, max_size=12),
    orders=st.lists(st.lists(keys, min_size=1, max_size=3).map(tuple), min_size=4, max_size=4),
    hidden=st.sampled_from([[], [], ["a"], ["place"]]),
    limit=st.integers(1, 5),
)
def test_pages_are_the_sorted_answer(
    raw: list[dict[str, Any]], orders: list[tuple[Order, ...]], hidden: list[str], limit: int
) -> None:
    given_entities = [
        parse_entity({"id": f"urn:x:{number:02}", **members}, CORE) for number, members in enumerate(raw)
    ]
    query, mask = Query(types=parse_types("T", CORE)), frozenset(map(CORE.expand, hidden))
    access = Access(view=View((Rule(),), (Rule(attributes=mask),)) if mask else None)
    shown = [
        Entity(entity.id, entity.types, tuple(one for one in entity.attributes if one.name not in mask))
        for entity in given_entities
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.sqlite3"
        stored(path, given_entities, [])
        connection = open_reader(path)
        catalog = Catalog(Terms(connection), ValueIndexes(connection), connection)
        for order in orders:
            expected = [entity.id for _, entity in sorted(enumerate(shown), key=compared(order))]
            found: list[str] = []
            window = Window(limit=limit, order=order, count=True)
            while True:
                answer = page(connection, catalog, query, window, access, rendered=False)
                found += [item.id for item in answer.items if isinstance(item, Entity)]
                assert answer.total == len(expected)
                if not answer.next_cursor:
                    break
                window = Window(limit=limit, cursor=answer.next_cursor, order=order, count=True)
            assert found == expected, order
            skipped = page(
                connection, catalog, query, Window(limit=2, offset=1, order=order), access, rendered=False
            )
            assert [item.id for item in skipped.items if isinstance(item, Entity)] == expected[1:3]
        connection.close()
