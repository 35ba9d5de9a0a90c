"""`madang doctor`: it finds what is wrong in a store, says what to do, and writes anew what follows from the entities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest
from tests.asgi_client import Client

from madang.api.asgi import information_api
from madang.cli.exits import FAILED, OK, PARTIAL
from madang.cli.main import run
from madang.home import Home, held
from madang.hub.trust.gate import OPEN_GATE
from madang.settings import read
from madang.store.files import Finding
from madang.wire import WIRING

ENTITIES = "/ngsi-ld/v1/entities"
Doctor = Callable[..., tuple[int, list[Finding]]]


def building(n: int) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Building:{n}",
        "type": ["Building", "AirQualityObserved"] if n % 3 else "Building",
        "scope": ["/gaon", f"/gaon/d{n}"],
        "name": {"type": "LanguageProperty", "languageMap": {"ko": f"건물 {n}", "en": f"building {n}"}},
        "height": {
            "type": "Property",
            "value": [n, n + 1] if n == 20 else n,
            "observedAt": "2026-01-01T00:00:00Z",
        },
        "status": {"type": "Property", "value": f"s{n}"},
        "location": {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [127.0 + n / 100, 37.5]},
        },
        "next": {"type": "Relationship", "object": f"urn:ngsi-ld:Building:{n + 1}"},
        "alarm": {"type": "Property", "value": 1, "expiresAt": "2099-01-01T00:00:00Z"},
    }


@pytest.fixture
async def home(tmp_path: Path) -> Home:
    """Stores of two tenants, with entities that were created, changed and deleted."""
    place = Home(tmp_path / "home")
    place.create()
    settings = read({"MADANG_HOME": str(place.path)})
    async with WIRING.open_hub(place, settings) as hub:
        api = Client(information_api(hub, OPEN_GATE))
        for n in range(40):
            assert (await api.post(ENTITIES, building(n))).status == 201
        for n in range(0, 40, 4):
            change = {"status": {"type": "Property", "value": "changed"}, "scope": "/elsewhere"}
            await api.patch(f"{ENTITIES}/{building(n)['id']}", change)
        for n in range(5):
            assert (await api.delete(f"{ENTITIES}/{building(n)['id']}")).status == 204
        await api.post(ENTITIES, building(1), headers={"ngsild-tenant": "other"})
        query = f"{ENTITIES}?type=Building&q=status==%22changed%22;height%3E3&local=true"
        assert (await api.get(query)).status == 200
    return place


@pytest.fixture
def doctor(home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Doctor:
    monkeypatch.setattr("os.nice", lambda _: 0)

    def examine(*words: str) -> tuple[int, list[Finding]]:
        code = run(["doctor", "--home", str(home.path), "--json", *words], WIRING)
        return code, msgspec.json.decode(capsys.readouterr().out, type=list[Finding])

    return examine


def damage(home: Home, statement: str) -> None:
    connection = apsw.Connection(str(home.tenants / "default.sqlite3"))
    connection.execute(statement)
    assert connection.changes() > 0
    connection.close()


def test_a_store_that_is_right(doctor: Doctor, capsys: pytest.CaptureFixture[str], home: Home) -> None:
    assert doctor() == (OK, [])
    assert run(["doctor", "--home", str(home.path)], WIRING) == OK
    assert capsys.readouterr().out == "all is right\n"


BROKEN = {
    "a type is missing": ("DELETE FROM entity_type WHERE row = 9", "types of entities"),
    "a type too many": ("INSERT INTO entity_type VALUES (1, 9999)", "types of entities"),
    "a scope is missing": ("DELETE FROM entity_scope WHERE row = 9", "scopes of entities"),
    "a name is another": ("UPDATE entity_name SET name = 'x' WHERE row = 9", "names for the search"),
    "a relation is missing": ("DELETE FROM relation WHERE row = 9", "relationships"),
    "a place is elsewhere": ("UPDATE place SET east = 130, west = 129 WHERE slot = 9 * 64", "geometries"),
    "a place is missing": ("DELETE FROM place WHERE slot = 9 * 64", "geometries"),
    "a number is missing": ("DELETE FROM number_value WHERE value >= 0", "values that are numbers"),
    "a text is missing": ("DELETE FROM text_value WHERE value > ''", "values that are texts"),
    "a type's count is wrong": ("UPDATE type_count SET n = n + 1", "counts of types"),
    "an attribute's count is wrong": ("UPDATE attribute_count SET n = n + 1", "counts of attributes"),
    "an index claims too much": ("UPDATE value_index SET plain = 1 WHERE plain = 0", "several values"),
    "a rendered form is old": ("UPDATE entity SET rendered = x'7b7d' WHERE row = 9", "rendered"),
    "an expiry is not noted": ("DELETE FROM expiry WHERE row = 9", "expire"),
    "a cursor of nobody": (
        "INSERT INTO delivery VALUES ('urn:none', 1, x'80')",
        "subscriptions that are no more",
    ),
}


@pytest.mark.parametrize(("statement", "fault"), BROKEN.values(), ids=BROKEN)
def test_what_follows_from_entities_is_written_anew(
    home: Home, doctor: Doctor, statement: str, fault: str
) -> None:
    damage(home, statement)
    code, (finding,) = doctor()
    assert (code, finding.repaired) == (FAILED, False)
    assert fault in finding.fault
    assert "--repair" in finding.remedy
    code, (finding,) = doctor("--repair")
    assert (code, finding.repaired) == (PARTIAL, True)
    assert doctor() == (OK, [])


async def test_what_was_repaired_is_found_again(home: Home, doctor: Doctor) -> None:
    for statement, _ in BROKEN.values():
        damage(home, statement)
    assert doctor("--repair")[0] == PARTIAL
    async with WIRING.open_hub(home, read({"MADANG_HOME": str(home.path)})) as hub:
        api = Client(information_api(hub, OPEN_GATE))
        for question in (
            "type=AirQualityObserved",
            "type=Building&q=height%3E5",
            "type=Building&scopeQ=/gaon/d7",
            "type=Building&georel=near;maxDistance==2000&geometry=Point&coordinates=[127.07,37.5]",
            "type=Building&q=next==%22urn:ngsi-ld:Building:8%22",
        ):
            found = (await api.get(f"{ENTITIES}?{question}")).json()
            assert "urn:ngsi-ld:Building:7" in [entity["id"] for entity in found], question


def test_a_history_of_nobody_is_told(home: Home, doctor: Doctor) -> None:
    damage(home, "DELETE FROM past")
    code, findings = doctor("--repair")
    assert code == FAILED
    (finding,) = [finding for finding in findings if not finding.repaired]
    assert "histories belong to no entity" in finding.fault
    assert "madang restore" in finding.remedy


def test_an_entity_that_cannot_be_read_is_named(home: Home, doctor: Doctor) -> None:
    damage(home, "UPDATE entity SET segments = x'001f00' WHERE row = 9")
    code, findings = doctor("--repair")
    assert code == FAILED
    assert any("urn:ngsi-ld:Building:8 cannot be read" in finding.fault for finding in findings)


def test_a_damaged_file_is_told_as_such(home: Home, doctor: Doctor) -> None:
    store = home.tenants / "default.sqlite3"
    body = bytearray(store.read_bytes())
    body[4096:12288] = b"\xff" * 8192
    store.write_bytes(bytes(body))
    (home.tenants / "nonsense.sqlite3").write_bytes(b"no database at all" * 500)
    code, findings = doctor()
    assert code == FAILED
    assert {Path(finding.place).name for finding in findings} == {"default.sqlite3", "nonsense.sqlite3"}
    assert all("madang restore" in finding.remedy for finding in findings)


def test_a_file_of_a_later_version_is_left_alone(home: Home, doctor: Doctor) -> None:
    connection = apsw.Connection(str(home.tenants / "default.sqlite3"))
    connection.pragma("user_version", 9999)
    connection.close()
    code, (finding,) = doctor("--repair")
    assert code == FAILED
    assert "later version" in finding.fault


def test_files_that_belong_to_nothing_are_removed(home: Home, doctor: Doctor) -> None:
    (home.tenants / "gone.sqlite3-wal").write_bytes(b"x")
    (home.path / "restore.partial").mkdir()
    code, findings = doctor()
    assert (code, len(findings)) == (FAILED, 2)
    assert doctor("--repair")[0] == PARTIAL
    assert doctor() == (OK, [])
    assert not (home.tenants / "gone.sqlite3-wal").exists()


def test_repairing_needs_the_home_for_itself(
    home: Home, doctor: Doctor, capsys: pytest.CaptureFixture[str]
) -> None:
    with held(home):
        assert run(["doctor", "--repair", "--home", str(home.path)], WIRING) == FAILED
        assert "is held by process" in capsys.readouterr().err
        assert doctor() == (OK, [])


def test_a_home_without_stores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--home", str(tmp_path)], WIRING) == FAILED
    assert "--home" in capsys.readouterr().err
