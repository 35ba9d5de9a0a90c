"""Short ways to say what tests of notifications write and subscribe to."""

from __future__ import annotations

from typing import Any

import msgspec

from madang.hub import batch, entities, subscriptions
from madang.hub.delivery.notifier import Notifier
from madang.hub.hub import Hub
from madang.ngsild.attribute import property_
from madang.ngsild.changes import Mode, Write
from madang.ngsild.entity import Entity
from madang.ngsild.query import Selector
from madang.ngsild.selection import type_is
from madang.ngsild.subscription import Endpoint, NotificationParameters, Subscription
from madang.trust.access import OPEN

STATION = "https://example.org/Station"
LEVEL = "https://example.org/level"


def station(number: int, level: int) -> Entity:
    return Entity(f"urn:ngsi-ld:Station:{number}", (STATION,), (property_(LEVEL, level),))


async def write(hub: Hub, number: int, level: int) -> None:
    await write_all(hub, [(number, level)])


async def write_all(hub: Hub, levels: list[tuple[int, int]]) -> None:
    """(number, level) of stations, in one commit."""
    changes = [Write(Mode.UPSERT_UPDATE, station(number, level)) for number, level in levels]
    await batch.apply(hub, OPEN, changes)


def told(receiver_entities: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """(number, level) of notified stations."""
    return [(int(one["id"].rpartition(":")[2]), one[LEVEL]["value"]) for one in receiver_entities]


async def subscribe(
    hub: Hub, uri: str, identifier: str = "urn:ngsi-ld:Subscription:1", **members: Any
) -> None:
    """Subscribe to all stations. members: of `Endpoint` or of `Subscription`."""
    fields = set(Endpoint.__struct_fields__)
    endpoint = Endpoint(uri, **{name: value for name, value in members.items() if name in fields})
    rest = {name: value for name, value in members.items() if name not in fields}
    subscription = Subscription(
        identifier,
        NotificationParameters(endpoint),
        selectors=(Selector(type_is(STATION)),),
        created_at=hub.clock.now(),
        **rest,
    )
    await subscriptions.create(hub, OPEN, subscription)


async def change(hub: Hub, identifier: str = "urn:ngsi-ld:Subscription:1", **members: Any) -> None:
    """Change members of a subscription."""
    await subscriptions.update(hub, OPEN, identifier, lambda one: msgspec.structs.replace(one, **members))


async def shown(hub: Hub, identifier: str = "urn:ngsi-ld:Subscription:1") -> subscriptions.Shown:
    return await subscriptions.retrieve(hub, OPEN, identifier)


async def delete(hub: Hub, number: int) -> None:
    await entities.delete(hub, OPEN, f"urn:ngsi-ld:Station:{number}")


def notifier(hub: Hub) -> Notifier:
    assert isinstance(hub.delivery, Notifier)
    return hub.delivery


async def redirect(hub: Hub, uri: str, identifier: str = "urn:ngsi-ld:Subscription:1") -> None:
    """Give a subscription another endpoint."""
    parameters = (await shown(hub, identifier)).subscription.notification
    await change(hub, identifier, notification=msgspec.structs.replace(parameters, endpoint=Endpoint(uri)))
