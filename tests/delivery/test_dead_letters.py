"""What could not be delivered is read, sent again and dropped: by the API outside NGSI-LD, and on the page."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from tests.asgi_client import Client, Reply
from tests.delivery.receiver import Receiver
from tests.delivery.saying import change, notifier, shown, subscribe, told, write
from tests.delivery.test_failures import fail_again, failures, until

from madang.api import deliveries, operations
from madang.city.model import City
from madang.clock import FixedClock
from madang.hub import dead_letters
from madang.hub.hub import Hub
from madang.hub.trust.gate import OPEN_GATE
from madang.settings import LIMITS, Settings
from madang.trust.access import OPEN
from madang.web import app
from madang.web.site import Site

ONE = "urn:ngsi-ld:Subscription:1"
API = "/api/deliveries"
CITY = City(
    id="saem",
    name={"ko": "샘시", "en": "Saem"},
    languages=("ko", "en"),
    time_zone="Asia/Seoul",
    extent=(126.9, 37.4, 127.0, 37.5),
)


@pytest.fixture
def client(city: Hub, tmp_path: Path) -> Client:
    site = Site(city, CITY, Settings(tmp_path, "127.0.0.1", 8080), OPEN_GATE)
    return Client(
        Starlette(routes=[*operations.routes(city, OPEN_GATE, deliveries.OFFERED), *app.routes(site)])
    )


@pytest.fixture
async def dead(city: Hub, clock: FixedClock, receiver: Receiver) -> None:
    """Two dead letters of one subscription, refused by a receiver that works from now on."""
    receiver.statuses = [400] * 2 * LIMITS.notification_refusals_max
    await subscribe(city, receiver.url, name="<b>Levels</b>")
    await write(city, 1, 1)
    await write(city, 1, 2)
    await failures(city, 1)
    await fail_again(city, clock, 2 * LIMITS.notification_refusals_max - 1)
    await until(lambda: notifier(city).counts.dead == 2)
    receiver.received.clear()


async def numbers(client: Client) -> list[int]:
    reply = await client.get(f"{API}/dead-letters")
    return [letter["number"] for letter in reply.json()["letters"]]


@pytest.mark.usefixtures("dead")
async def test_the_api_says_how_it_is_going(client: Client) -> None:
    whole = (await client.get(API)).json()
    assert (whole["total"], whole["deadLetters"]) == (1, 2)
    (one,) = whole["subscriptions"]
    assert one["subscription"] == ONE
    assert (one["timesSent"], one["timesFailed"], one["deadLetters"]) == (6, 6, 2)
    assert one["failing"]["reason"] == "The receiver answered with status 400"
    listed = (await client.get(f"{API}/dead-letters?subscription={ONE}")).json()
    assert listed["next"] is None
    first, _ = listed["letters"]
    assert (first["entities"], first["attempts"]) == (1, 3)
    whole = (await client.get(f"{API}/dead-letters/{first['number']}")).json()
    assert told(whole["notification"]["data"]) == [(1, 1)]


@pytest.mark.usefixtures("dead")
async def test_one_is_sent_again(client: Client, city: Hub, receiver: Receiver) -> None:
    first, second = await numbers(client)
    receiver.statuses = [500]
    again = f"{API}/dead-letters/{first}/retry"
    assert (await client.post(again)).json() == {
        "delivered": False,
        "reason": "The receiver answered with status 500",
    }
    assert await numbers(client) == [first, second]
    assert (await client.post(again)).json() == {"delivered": True, "reason": ""}
    assert told(receiver.bodies[-1]["data"]) == [(1, 1)]
    assert await numbers(client) == [second]
    assert (await client.post(again)).status == 404
    assert (await dead_letters.overview(city, OPEN, 1)).letters == 1


@pytest.mark.usefixtures("dead")
async def test_all_are_sent_again_in_order(client: Client, receiver: Receiver) -> None:
    reply = await client.post(f"{API}/dead-letters/retry?subscription={ONE}")
    assert reply.json() == {"delivered": 2, "left": 0, "reason": ""}
    assert told(receiver.entities()) == [(1, 1), (1, 2)]
    assert (await client.post(f"{API}/dead-letters/retry")).status == 400


@pytest.mark.usefixtures("dead")
async def test_they_are_dropped(client: Client, receiver: Receiver) -> None:
    first, second = await numbers(client)
    assert (await client.delete(f"{API}/dead-letters/{first}")).status == 204
    assert await numbers(client) == [second]
    assert (await client.delete(f"{API}/dead-letters?subscription={ONE}")).json() == {"dropped": 1}
    assert await numbers(client) == []
    assert not receiver.received


@pytest.mark.usefixtures("dead")
async def test_other_sites_may_not(client: Client, city: Hub) -> None:
    (first, _) = await numbers(client)
    reply = await client.delete(f"{API}/dead-letters/{first}", headers={"sec-fetch-site": "cross-site"})
    assert reply.status == 403
    form = urlencode({"action": "drop", "number": first}).encode()
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}):
        reply = await client.call("POST", "/en/data/deliveries", body=form, headers=headers)
        assert reply.status == 403
    assert len(await numbers(client)) == 2


async def submit(client: Client, **fields: object) -> Reply:
    """Send a form of the page, and follow to the page that comes back."""
    reply = await client.call("POST", "/en/data/deliveries", body=urlencode(fields).encode())
    assert reply.status == 303
    return await client.get(reply.headers["location"].partition("#")[0])


@pytest.mark.usefixtures("dead")
async def test_the_page_shows_and_does(client: Client, receiver: Receiver) -> None:
    html = (await client.get("/ko/data/deliveries")).body.decode()
    assert "보내지 못한 알림 2건" in html
    assert "&lt;b&gt;Levels" in html
    assert "<b>Levels" not in html
    assert len(re.findall('<form method="post"', html)) == 4
    first, second = await numbers(client)
    assert "Delivered." in (await submit(client, action="retry", number=first)).body.decode()
    assert told(receiver.entities()) == [(1, 1)]
    receiver.statuses = [500]
    assert "Not delivered again" in (await submit(client, action="retry", number=second)).body.decode()
    assert "Dropped." in (await submit(client, action="drop", number=second)).body.decode()
    assert "already" in (await submit(client, action="drop", number=second)).body.decode()
    assert "Nothing is undelivered" in (await client.get("/en/data/deliveries")).body.decode()
    refused = await client.call("POST", "/en/data/deliveries", body=b"action=burn&number=1")
    assert refused.status == 400


@pytest.mark.usefixtures("dead")
async def test_the_page_of_one_subscription_does_all_at_once(client: Client, receiver: Receiver) -> None:
    html = (await client.get(f"/en/data/deliveries?subscription={ONE}")).body.decode()
    assert "Send all again" in html
    assert "Delivered." in (await submit(client, action="retry-all", subscription=ONE)).body.decode()
    assert told(receiver.entities()) == [(1, 1), (1, 2)]


async def test_the_account_in_an_address_is_not_shown(client: Client, city: Hub) -> None:
    await subscribe(city, "mqtt://name:secret@127.0.0.1:1/topic")
    assert b"secret" not in (await client.get(API)).body
    assert b"secret" not in (await client.get("/en/data/deliveries")).body
    await change(city, is_active=False)
    assert (await client.get(API)).json()["subscriptions"][0]["status"] == "paused"
    assert (await shown(city)).subscription.is_active is False
