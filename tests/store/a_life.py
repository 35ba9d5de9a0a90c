"""A tenant in which one person left traces everywhere, and a search for them in the raw bytes of files."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson

from madang import vocabulary
from madang.clock import FixedClock
from madang.ngsild.attribute import geo_property, property_, relationship
from madang.ngsild.changes import DeleteAttribute, Mode, PatchAttribute, Write
from madang.ngsild.entity import Entity
from madang.ngsild.subscription_input import parse_subscription
from madang.ngsild.temporal import TemporalQuery
from madang.store.base import KeptSubscription, Rejected, SourceMark
from madang.store.deliveries import DeadLetter, Keeping, Watched
from madang.store.persons import Consent, Request, Wish
from madang.store.sqlite import fold
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.store import Options, SqliteStore
from madang.trust.access import OPEN

CONTEXT: Final = vocabulary.context()
PERSON, MEETING, COMPLAINT, BUILDING = map(CONTEXT.expand, ("Person", "Meeting", "Complaint", "Building"))
NAME, EMAIL, TEXT, WORKS, TAKES_PART, LOCATION, LIVED_IN = map(
    CONTEXT.expand, ("name", "email", "text", "worksFor", "participant", "location", "occupier")
)
KIM: Final = "urn:ngsi-ld:Person:gaon:register:zq7k4"
LEE: Final = "urn:ngsi-ld:Person:gaon:register:zq7k44"
SECRETS: Final = (
    *("김새벽별", "kim.first@example.org", "kim.second@example.org", "seoul-attic-17"),
    *("Zzyzx-moved-here", "wrote-in-anger-4711", "zq7k4"),
)
OPTIONS: Final = Options(CONTEXT, frozenset({NAME}), tuple(sorted(vocabulary.indexed())))


def left_in(folder: Path, secrets: tuple[str, ...] = SECRETS) -> list[tuple[str, str]]:
    """(file, secret) wherever one stands in the raw bytes. The other person's id begins like the erased one's."""
    found = []
    for path in folder.rglob("*"):
        raw = path.read_bytes().replace(LEE.encode(), b"") if path.is_file() else b""
        found += [(path.name, secret) for secret in secrets if secret.encode() in raw]
    return found


def person(identifier: str, name: str, email: str, note: str) -> Entity:
    return Entity(
        identifier,
        (PERSON,),
        (
            property_(NAME, name),
            property_(EMAIL, email),
            property_(TEXT, note),
            relationship(WORKS, "urn:ngsi-ld:Organization:gaon:firms:1"),
            geo_property(LOCATION, {"type": "Point", "coordinates": [127.123456, 37.654321]}),
        ),
        ("/people/Zzyzx-moved-here",) if identifier == KIM else (),
    )


async def a_life(store: SqliteStore, clock: FixedClock) -> None:
    """Kim among others: created, changed, spoken of, rejected, waiting to be told, consenting, asking."""
    store.deliveries.follow(Watched({"*": None}), lambda _row: None)
    rng = random.Random(4)
    others = [
        person(f"urn:ngsi-ld:Person:gaon:other:{n}", f"이웃 {n}", "", "x" * rng.randrange(900))
        for n in range(80)
    ]
    await store.commit([Write(Mode.CREATE, one) for one in others])
    await store.commit([Write(Mode.CREATE, person(LEE, "이도윤", "lee@example.org", "stays"))])
    await store.commit(
        [Write(Mode.CREATE, person(KIM, "김새벽별", "kim.first@example.org", "seoul-attic-17 " * 400))]
    )
    for n in range(40):
        clock.advance(60_000_000)
        await store.commit([PatchAttribute(KIM, property_(EMAIL, f"kim.second@example.org {n}"))])
        await store.commit([PatchAttribute(LEE, property_(EMAIL, f"lee{n}@example.org"))])
    meeting = Entity(
        "urn:ngsi-ld:Meeting:gaon:m:1",
        (MEETING,),
        (relationship(TAKES_PART, [KIM, LEE]), property_(TEXT, "about the park")),
    )
    complaint = Entity(
        "urn:ngsi-ld:Complaint:gaon:c:1",
        (COMPLAINT,),
        (
            relationship(CONTEXT.expand("submittedBy"), KIM),
            property_(TEXT, "wrote-in-anger-4711"),
        ),
    )
    await store.commit([Write(Mode.CREATE, meeting), Write(Mode.CREATE, complaint)])
    house = "urn:ngsi-ld:Building:gaon:b:1"
    await store.commit([Write(Mode.CREATE, Entity(house, (BUILDING,), (relationship(LIVED_IN, KIM),)))])
    await store.commit([DeleteAttribute(house, LIVED_IN)])
    raw = {
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "entities": [{"type": "Person"}],
        "notification": {"endpoint": {"uri": "http://127.0.0.1:9/"}},
    }
    subscription = parse_subscription(raw, CONTEXT, clock.now(), "urn:ngsi-ld:Subscription:1")
    await store.subscriptions.add(KeptSubscription(subscription, "person:1"))
    body = orjson.dumps({"type": "Notification", "data": [{"id": KIM, "type": "Person", "name": "김새벽별"}]})
    letters = [DeadLetter(0, subscription.id, clock.now(), 3, "refused", 1, (), body)]
    await store.deliveries.keep(Keeping(0, {}, letters, (), 0))
    await store.sources.begin("register", "f", "1")
    rejected = Rejected("people.csv:7", "zq7k4;김새벽별;not a date", "birthDate is no date")
    others_row = Rejected("people.csv:8", "abc;someone else;not a date", "birthDate is no date")
    await store.commit([], SourceMark("register", 1, b"", ((KIM, b"d"), (LEE, b"e")), (rejected, others_row)))
    await store.persons.give(
        Consent(KIM, "contact", (EMAIL,), ("researcher",), clock.now(), clock.now() + 10**12)
    )
    await store.persons.link("person:9", KIM)
    await store.persons.ask(
        Request(Wish.ERASE, "person:9", KIM, "kim.first@example.org wants to go", clock.now(), clock.now())
    )


async def series_of(store: SqliteStore, identifier: str) -> list[tuple[str, list[bytes]]]:
    found = await store.evolution(identifier, TemporalQuery(), OPEN)
    assert found is not None
    return [(one.name, [instance.body for instance in one.instances]) for one in found.series]


async def fold_all(store: SqliteStore, path: Path) -> None:
    reader = open_reader(path)
    last = await store.last_sequence()
    rows: list[Any] = reader.execute("SELECT DISTINCT row FROM change").fetchall()
    for (row,) in rows:
        while (step := fold.make_step(reader, int(row), last + 1)) is not None:
            await store._write(partial(fold.write_step, step=step))
    reader.close()
