"""orderBy: places of values of every type, pages in order, nothing told of what is masked."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.store.test_plan_selects import run
from tests.views import seeing

from madang.clock import FixedClock
from madang.errors import BadRequestData
from madang.ngsild.changes import Mode, Write
from madang.ngsild.context import CORE
from madang.ngsild.parse import parse_entity
from madang.ngsild.query import Order, Query, Window
from madang.ngsild.selection import parse_types
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.cursor import Cursor, encode_cursor
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.plan import Catalog
from madang.store.sqlite.scan import Scan, make_plan
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import OPEN, Access

A, B = CORE.expand("a"), CORE.expand("b")
# As §4.23.2 orders them
VALUES: list[Any] = [
    -1,
    2.5,
    10,
    "apple",
    "Apple",
    "ärger",
    "banana",
    "가",
    {"x": 1},
    [0],
    False,
    True,
    "08:00:00Z",
    "2026-01-01",
    "2026-01-01T00:00:00+09:00",
    "2026-01-01T00:00:00Z",
    None,
]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Entities e0, e1 ... in the order of their values of a, stored from the last to the first."""
    path: Path = tmp_path_factory.mktemp("order") / "tenant.sqlite3"

    async def write() -> None:
        store = SqliteStore(path, FixedClock(1), Options())
        for number in reversed(range(len(VALUES))):
            raw = {"id": f"urn:x:e{number:02}", "type": "T", "b": {"type": "Property", "value": number % 2}}
            if VALUES[number] is not None:
                raw["a"] = {"type": "Property", "value": VALUES[number]}
            await store.commit([Write(Mode.CREATE, parse_entity(raw, CORE))])
        await store.close()

    asyncio.run(write())
    connection = open_reader(path)
    return Catalog(Terms(connection), ValueIndexes(connection), connection)


QUERY = Query(types=parse_types("T", CORE))


def ordered(catalog: Catalog, *order: Order, limit: int = 4, access: Access = OPEN) -> list[int]:
    """The numbers of all entities, page by page."""
    found: list[int] = []
    window = Window(limit=limit, order=order, count=True)
    while True:
        made, cursor = make_plan(QUERY, window, catalog, access)
        assert catalog.connection is not None
        scan = Scan(catalog.connection, catalog.terms, made, rendered=False)
        answer = run(scan.answer(QUERY, window, cursor))
        assert answer.total == len(VALUES)
        found += [int(getattr(item, "id", "")[-2:]) for item in answer.items]
        if not answer.next_cursor:
            return found
        window = Window(limit=limit, cursor=answer.next_cursor, order=order, count=True)


EVERY = list(range(len(VALUES)))


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_values_of_all_types_have_their_place(catalog: Catalog, limit: int) -> None:
    assert ordered(catalog, Order((A,)), limit=limit) == EVERY


def test_what_lacks_the_value_comes_last_in_either_direction(catalog: Catalog) -> None:
    assert ordered(catalog, Order((A,), descending=True)) == [*reversed(EVERY[:-1]), EVERY[-1]]


def test_later_keys_decide_among_equals(catalog: Catalog) -> None:
    expected = [number for number in EVERY if number % 2 == 0] + [number for number in EVERY if number % 2]
    assert ordered(catalog, Order((B,)), Order((A,))) == expected
    assert ordered(catalog, Order((B,)), Order(("@id",))) == expected


def test_creation_orders_and_rows_decide_among_equals(catalog: Catalog) -> None:
    assert ordered(catalog, Order(("@createdAt",))) == list(reversed(EVERY))
    assert ordered(catalog, Order(("@id",), descending=True)) == list(reversed(EVERY))


def test_masked_attributes_order_nothing(catalog: Catalog) -> None:
    assert ordered(catalog, Order((A,)), access=seeing(hidden=frozenset((A,)))) == list(reversed(EVERY))


@pytest.mark.parametrize(
    "position", [(), (1,), (0, "x", "", 1), (1, 1.5, "", 1), (1, "x", "x", "1"), (0, 1.0, "", 2, 3)]
)
def test_forged_cursors_are_refused(catalog: Catalog, position: tuple[Any, ...]) -> None:
    order = (Order((A,)),)
    window = Window(cursor=encode_cursor(Cursor("order", 0, position), QUERY, order), order=order)
    made, cursor = make_plan(QUERY, window, catalog, OPEN)
    assert catalog.connection is not None
    with pytest.raises(BadRequestData, match="cursor"):
        run(Scan(catalog.connection, catalog.terms, made, rendered=False).answer(QUERY, window, cursor))


def test_the_same_type_leaves_it_to_the_rows(catalog: Catalog) -> None:
    assert ordered(catalog, Order(("@type",), descending=True)) == list(reversed(EVERY))
    assert ordered(catalog, Order(("@scope",)), Order(("@id",))) == EVERY


def test_what_is_no_place_comes_behind_those_that_are_in_either_direction(catalog: Catalog) -> None:
    here = {"type": "Point", "coordinates": [0, 0]}
    assert ordered(catalog, Order((A,), distance_from=here)) == EVERY
    assert ordered(catalog, Order((A,), descending=True, distance_from=here))[-1] == EVERY[-1]
