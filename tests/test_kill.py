"""`kill -9` during sustained writes, again and again: what was acknowledged is there, and nothing by half.

Writers of three kinds work against a real server: one creates entities, one counts up an attribute of its own
entity, one counts up an attribute of five entities in one batch. Each knows what was acknowledged and what was on its
way when the server died; afterwards the store must hold the one or the other. Meanwhile a source is being loaded, so
that the server has a process that reads; in some rounds that one is killed first, which no writer may notice.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path

import aiohttp
import apsw
import msgspec
import pytest
from tests.acknowledged import BASE, write_one, write_together
from tests.serving import Platform, alive, descendants
from tests.small_city_file import city_of

ROUNDS = 20
BATCH = 5
CHILD_KILLED_EVERY = 5
# More than are read before the last round
ROWS = 300_000
CITY = city_of("rows", "Row", '{ field = "number", as = "number" }')


class Ledger(msgspec.Struct):
    """What the writers know. counted: entity id to the last acknowledged number. tried: to the one on its way."""

    created: set[str] = msgspec.field(default_factory=set)
    counted: dict[str, int] = msgspec.field(default_factory=dict)
    tried: dict[str, int] = msgspec.field(default_factory=dict)
    batches: list[tuple[str, ...]] = msgspec.field(default_factory=list)


def moment(number: int) -> str:
    return f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"


def counter(number: int) -> dict[str, object]:
    return {"type": "Property", "value": number, "observedAt": moment(number)}


async def create(client: aiohttp.ClientSession, ledger: Ledger, name: str) -> None:
    for number in range(100_000):
        identifier = f"urn:ngsi-ld:Created:{name}:{number}"
        await write_one(client, {"id": identifier, "type": "Created", "counter": counter(number)}, new=True)
        ledger.created.add(identifier)


async def count(client: aiohttp.ClientSession, ledger: Ledger, name: str) -> None:
    identifier = f"urn:ngsi-ld:Counted:{name}"
    for number in range(80_000):
        ledger.tried[identifier] = number
        entity = {"id": identifier, "type": "Counted", "counter": counter(number)}
        await write_one(client, entity, new=number == 0)
        ledger.counted[identifier] = number


async def count_together(client: aiohttp.ClientSession, ledger: Ledger, name: str) -> None:
    identifiers = tuple(f"urn:ngsi-ld:Together:{name}:{place}" for place in range(BATCH))
    ledger.batches.append(identifiers)
    for number in range(80_000):
        ledger.tried |= dict.fromkeys(identifiers, number)
        entities = [{"id": one, "type": "Together", "counter": counter(number)} for one in identifiers]
        await write_together(client, entities)
        ledger.counted |= dict.fromkeys(identifiers, number)


async def write_until_killed(platform: Platform, ledger: Ledger, number: int) -> None:
    """Sustained writes; then the server is killed, and no process of it is left, which this asserts."""
    async with aiohttp.ClientSession(platform.url) as client:
        writers = [
            asyncio.create_task(writer(client, ledger, f"{number}-{place}"))
            for writer in (create, count, count_together)
            for place in range(3)
        ]
        if number % CHILD_KILLED_EVERY == 0:
            await kill_child(platform)
            assert not any(writer.done() for writer in writers), "a writer noticed that a child was killed"
        await asyncio.sleep(random.uniform(0.1, 0.5))
        children = descendants(platform.pid)
        platform.kill()
        problems = await asyncio.gather(*writers, return_exceptions=True)
    assert all(isinstance(problem, aiohttp.ClientError) for problem in problems), problems
    # One that was only just started looks for its parent when it has loaded its modules.
    for _ in range(200):
        if not (left := [child for child in children if alive(child)]):
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"processes {left} outlived the server by 10 s")


async def kill_child(platform: Platform) -> None:
    """Kill the process that reads the source, once there is one."""
    for _ in range(200):
        if children := descendants(platform.pid):
            os.kill(children[0], signal.SIGKILL)
            await asyncio.sleep(0.2)
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"the server reads no source: {platform.log.read_text()[-2000:]}")


async def numbers(client: aiohttp.ClientSession, kind: str, identifiers: list[str]) -> dict[str, int]:
    """Entity id to its counter, of those that exist."""
    found: dict[str, int] = {}
    for start in range(0, len(identifiers), 100):
        query = {
            "type": kind,
            "id": ",".join(identifiers[start : start + 100]),
            "limit": "100",
            "options": "keyValues",
        }
        async with client.get(f"{BASE}/entities", params=query) as response:
            assert response.status == 200, await response.text()
            found |= {entity["id"]: entity["counter"] for entity in await response.json()}
    return found


async def verify(client: aiohttp.ClientSession, ledger: Ledger) -> None:
    """Every acknowledged write is there; one that was on its way is there whole or not at all."""
    created = await numbers(client, "Created", sorted(ledger.created))
    assert not (lost := ledger.created - created.keys()), f"created and lost: {lost}"
    for kind in ("Counted", "Together"):
        tried = sorted(one for one in ledger.tried if f":{kind}:" in one)
        found = await numbers(client, kind, tried)
        for one in tried:
            allowed = {ledger.counted.get(one), ledger.tried[one]}
            assert found.get(one) in allowed, (
                f"{one} is {found.get(one)}, acknowledged and tried are {allowed}"
            )
        halves = [batch for batch in ledger.batches if len({found.get(one) for one in batch}) > 1]
        assert kind == "Counted" or not halves, f"batches applied by half: {halves}"
        for one, number in random.sample(sorted(found.items()), min(3, len(found))):
            await verify_everywhere(client, kind, one, number)


async def verify_everywhere(client: aiohttp.ClientSession, kind: str, identifier: str, number: int) -> None:
    """The index and the history say the same as the entity."""
    query = {"type": kind, "id": identifier, "q": f"counter=={number}"}
    async with client.get(f"{BASE}/entities", params=query) as response:
        assert [entity["id"] for entity in await response.json()] == [identifier], (
            f"the index misses {identifier}"
        )
    last = min(number + 1, 100)
    query = {"attrs": "counter", "lastN": str(last), "options": "temporalValues"}
    async with client.get(f"{BASE}/temporal/entities/{identifier}", params=query) as response:
        assert response.status in (200, 206), await response.text()
        values = [value for value, _ in (await response.json())["counter"]["values"]]
    assert sorted(values) == list(range(number + 1 - last, number + 1)), (
        f"the history of {identifier} has gaps: {values}"
    )


def check_file(path: Path) -> None:
    """Entities, index rows, counters and change rows agree; the file is sound."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    assert connection.execute("PRAGMA integrity_check").get == "ok"
    entities = connection.execute("SELECT count(*) FROM entity").get
    assert connection.execute("SELECT count(*) FROM entity_type").get == entities
    assert connection.execute("SELECT sum(n) FROM type_count").get == entities
    if not connection.execute("SELECT count(*) FROM folded").get:  # which takes change rows away
        assert connection.execute("SELECT count(*) FROM change WHERE kind = 0").get == entities
        assert connection.execute("SELECT max(sequence) = count(*) FROM change").get == 1
    connection.close()


async def test_what_was_acknowledged_survives_being_killed(tmp_path: Path) -> None:
    whole = Ledger()
    city = tmp_path / "city.toml"
    city.write_text(CITY)
    (tmp_path / "rows.csv").write_text("number\n" + "".join(f"{number}\n" for number in range(ROWS)))
    platform = Platform.start(tmp_path, str(city))
    try:
        for number in range(ROUNDS):
            if number == 0:
                refused = platform.start_another()
                assert refused.returncode == 1, refused.stderr
                assert f"held by process {platform.pid}" in refused.stderr
                assert platform.url in refused.stderr
            ledger = Ledger()
            await write_until_killed(platform, ledger, number)
            platform = Platform.start(tmp_path, str(city))
            async with aiohttp.ClientSession(platform.url) as client:
                await verify(client, ledger)
            whole.created |= ledger.created
            whole.counted |= ledger.counted
            whole.tried |= ledger.tried
        assert len(whole.created) > ROUNDS, "the writers hardly wrote, so this run says nothing"
        async with aiohttp.ClientSession(platform.url) as client:
            await verify(client, whole)
    finally:
        platform.stop()
    check_file(tmp_path / "tenants" / "default.sqlite3")
