"""Uses a platform as a program written with ngsildclient would: `python with_ngsildclient.py PORT`; prints what it saw.

It runs in the environment of requirements/clients.txt and knows nothing of Madang.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from ngsildclient import Client, Entity, SubscriptionBuilder

notified: queue.Queue[dict[str, Any]] = queue.Queue()


class Receiver(BaseHTTPRequestHandler):
    """Takes notifications."""

    def do_POST(self) -> None:
        notified.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def air(number: int, pm10: float) -> Entity:
    entity = Entity("AirQualityObserved", f"AirQualityObserved:seoul:{number}")
    entity.tprop("dateObserved", "2026-01-01T12:00:00Z")
    entity.prop("pm10", pm10, unitcode="GQ").loc((37.56, 126.98))
    entity.rel("refPointOfInterest", "PointOfInterest:seoul:1")
    return entity


def use(client: Client, endpoint: str) -> dict[str, Any]:
    """What each call of the client gave."""
    seen: dict[str, Any] = {"connected": client.is_connected()}
    first = air(1, 10.0)
    seen["created"] = client.create(first)
    seen["batch"] = client.upsert(*[air(n, n * 10.0) for n in range(2, 30)]).ok
    seen["exists"] = [client.exists(first), client.exists("urn:ngsi-ld:AirQualityObserved:none")]
    seen["same"] = client.get(first).to_dict()["pm10"] == first.to_dict()["pm10"]
    seen["of type"] = len(client.query(type="AirQualityObserved", limit=7))
    seen["by q"] = sorted(one.id for one in client.query(type="AirQualityObserved", q="pm10>270"))
    seen["counted"] = client.count(type="AirQualityObserved", q="pm10<=50")
    seen["types"] = [kind.rpartition("/")[2] for kind in client.types.list()]
    wish = (
        SubscriptionBuilder(endpoint).select_type("AirQualityObserved").watch(["pm10"]).name("dust").build()
    )
    subscription = client.subscriptions.create(wish)
    seen["subscriptions"] = [one["id"] == subscription for one in client.subscriptions.list()]
    changed = client.get(first)
    changed["pm10"].value = 99.0
    seen["updated"] = client.update(changed)
    seen["notified"] = [one["pm10"]["value"] for one in notified.get(timeout=20)["data"]]
    seen["unsubscribed"] = client.subscriptions.purge()
    seen["history"] = "pm10" in json.dumps(client.temporal.get(first))
    seen["deleted"] = client.delete(first)
    client.drop("AirQualityObserved")
    seen["left"] = client.count(type="AirQualityObserved")
    return seen


def main() -> None:
    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    with Client(hostname="127.0.0.1", port=int(sys.argv[1]), verbose=False) as client:
        seen = use(client, f"http://127.0.0.1:{receiver.server_port}/")
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
