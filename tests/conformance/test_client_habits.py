"""Requests as client libraries in use make them: allowed by the specification, or harmless, but easily overlooked."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.asgi_client import Client
from tests.conformance.subscribing import SUBSCRIPTIONS

CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"
LD = {"content-type": "application/ld+json", "accept": "application/ld+json", "user-agent": "client"}


async def test_a_subscription_of_a_builder(api: Client) -> None:
    """A slash at the end, q percent-encoded whole, the unversioned core @context, the name of earlier versions."""
    built: dict[str, Any] = {
        "type": "Subscription",
        "name": "rooms",
        "description": "my rooms",
        "entities": [{"type": "Room"}],
        "watchedAttributes": ["temperature"],
        "q": quote('name=="big room";temperature>20'),
        "isActive": True,
        "notification": {
            "format": "normalized",
            "endpoint": {"uri": "http://receiver.test/n", "accept": "application/ld+json"},
        },
        "@context": CORE,
    }
    made = await api.post(f"{SUBSCRIPTIONS}/", built, headers=LD)
    assert made.status == 201
    identifier = made.headers["location"].rpartition("/")[2]
    rel = f'<{CORE}>; rel="{CORE}"; type="application/ld+json"'
    shown = await api.get(f"{SUBSCRIPTIONS}/{identifier}", headers={"accept": LD["accept"], "link": rel})
    assert "@context" in shown.json()
    assert {name: shown.json()[name] for name in built if name != "@context"} == {
        name: value for name, value in built.items() if name != "@context"
    }
    listed = (await api.get(SUBSCRIPTIONS, headers={"accept": "*/*"})).json()
    assert [one["name"] for one in listed] == ["rooms"]
    assert (await api.delete(f"{SUBSCRIPTIONS}/{identifier}", headers=LD)).status == 204
