"""What tests of subscriptions say often: a subscription with some members, and a refusal that names what is wrong."""

from __future__ import annotations

from typing import Any

from tests.asgi_client import Reply

BASE = "/ngsi-ld/v1"
SUBSCRIPTIONS = f"{BASE}/subscriptions"
ID = "urn:ngsi-ld:Subscription:1"
ENDPOINT = {"uri": "http://receiver.test/notify"}
NULL = "urn:ngsi-ld:null"
FUTURE, PAST = "2030-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
TERMS = {"Car": "https://example.org/ns#Car", "speed": "https://example.org/ns#speed"}


def subscription(**more: Any) -> dict[str, Any]:
    """A subscription with these members more, or others; None leaves one out."""
    members = {
        "id": ID,
        "type": "Subscription",
        "entities": [{"type": "Car"}],
        "notification": {"endpoint": ENDPOINT},
        **more,
    }
    return {name: value for name, value in members.items() if value is not None}


def notifying(**parameters: Any) -> dict[str, Any]:
    """A subscription with these parameters of its notification."""
    return subscription(notification={"endpoint": ENDPOINT, **parameters})


def at(**members: Any) -> dict[str, Any]:
    """A subscription with these members of its endpoint."""
    return notifying(endpoint={**ENDPOINT, **members})


def is_bad(reply: Reply, word: str = "") -> None:
    assert reply.status == 400, reply.body
    assert reply.json()["type"].endswith("BadRequestData")
    assert reply.json()["title"]
    assert word in reply.json()["detail"]
