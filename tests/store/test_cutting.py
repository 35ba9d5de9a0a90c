"""What a mask hides is cut out of the kept bytes, from memory or not, and what is remembered has a limit."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from madang.clock import SystemClock
from madang.ngsild.changes import Mode, Write
from madang.ngsild.context import CORE
from madang.ngsild.parse import parse_entity
from madang.ngsild.query import Query, Window
from madang.store.sqlite import cutting, page
from madang.store.sqlite.cutting import Cutters
from madang.store.sqlite.mask import Mask
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import Access
from madang.trust.view import Rule, View

HIDDEN = Mask(hidden=frozenset((CORE.expand("o3"),)))
SHOWN = Mask(shown=frozenset((CORE.expand("pm10"),)))


def kept(number: int) -> bytes:
    members = {"o3": {"type": "Property", "value": number}, "pm10": {"type": "Property", "value": 1}}
    nested = {"no2": {"type": "Property", "value": 2, **members}}
    return orjson.dumps({"id": f"urn:x:{number}", "type": "Air", "scope": "/a", **members, **nested})


def without(number: int, *names: str) -> dict[str, object]:
    return {name: value for name, value in orjson.loads(kept(number)).items() if name not in names}


def test_what_is_new_and_what_is_remembered_stay_in_order() -> None:
    cutter = Cutters(CORE).of(HIDDEN)
    cutter.each([kept(2), kept(3)])
    for numbers in ([1, 2, 3, 4], [4, 2, 2, 1], [5, 5], []):
        found = cutter.each([kept(number) for number in numbers])
        assert [orjson.loads(one) for one in found] == [without(number, "o3") for number in numbers]


def test_each_mask_has_its_own_memory() -> None:
    cutters = Cutters(CORE)
    assert orjson.loads(cutters.of(HIDDEN)(kept(1))) == without(1, "o3")
    assert orjson.loads(cutters.of(SHOWN)(kept(1))) == without(1, "o3", "no2")
    assert orjson.loads(cutters.of(HIDDEN)(kept(1))) == without(1, "o3")
    assert cutters.of(Mask(hidden=HIDDEN.hidden)) is cutters.of(HIDDEN)


def test_what_is_remembered_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "_REMEMBERED_BYTES_MAX", 4_000)
    cutters = Cutters(CORE)
    for number in range(100):
        for mask in (HIDDEN, SHOWN):
            assert orjson.loads(cutters.of(mask)(kept(number)))["id"] == f"urn:x:{number}"
            held = [cutters.of(one).remembered for one in (HIDDEN, SHOWN)]
            assert sum(len(key) + len(value) for one in held for key, value in one.items()) <= 4_000
    many = [kept(number) for number in range(100)]
    assert len(cutters.of(HIDDEN).each(many)) == 100
    assert not cutters.of(HIDDEN).remembered


def test_there_are_so_many_cutters_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "_CUTTERS_MAX", 2)
    cutters = Cutters(CORE)
    for name in ("o3", "pm10", "no2", "o3"):
        mask = Mask(hidden=frozenset((CORE.expand(name),)))
        assert orjson.loads(cutters.of(mask)(kept(1))) == without(1, name)


async def test_nothing_of_an_erased_entity_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cutters = Cutters(CORE)
    monkeypatch.setattr(page, "Cutters", lambda context: cutters)
    store = SqliteStore(tmp_path / "city.sqlite3", SystemClock(), Options())
    try:
        entity = parse_entity(orjson.loads(kept(1)), CORE)
        await store.commit([Write(Mode.CREATE, entity)])
        rule = Rule(Query(), attributes=frozenset((CORE.expand("o3"),)))
        access = Access(view=View((Rule(Query()),), (rule,)))
        found = await store.rendered_page(Query(), Window(limit=10), access)
        assert [sorted(orjson.loads(one)) for one in found.entities] == [
            ["id", "no2", "pm10", "scope", "type"]
        ]
        assert cutters.of(HIDDEN).remembered
        await store.persons.erase([entity.id])
        assert not cutters.of(HIDDEN).remembered
    finally:
        await store.close()
