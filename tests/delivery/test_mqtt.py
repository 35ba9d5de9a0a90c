"""Notifications over MQTT (CIM 009 §7.2), with a real broker on a free port."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import orjson
import pytest
from tests.delivery.certificates import Certificate, certificate
from tests.delivery.saying import LEVEL, notifier, subscribe, write
from tests.delivery.test_failures import pass_time, until

from madang import server
from madang.clock import FixedClock
from madang.hub.hub import Hub
from madang.ngsild.subscription import Accept, KeyValue

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="needs mosquitto: sudo apt-get install mosquitto")


@contextmanager
def broker(folder: Path, port: int, *lines: str) -> Iterator[None]:
    """A mosquitto on this port. lines: of its configuration."""
    configuration = folder / "mosquitto.conf"
    # As root it would become another user, who may not read a test's files
    configuration.write_text("\n".join((f"listener {port} 127.0.0.1", "user root", *lines)) + "\n")
    assert MOSQUITTO is not None
    process = subprocess.Popen([MOSQUITTO, "-c", configuration], stderr=subprocess.DEVNULL)
    try:
        while not server.listens("127.0.0.1", port):
            assert process.poll() is None, "mosquitto did not start"
        yield
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def listening(port: int, topic: str, qos: int = 2) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
    """What is published on the topic, with the quality of service under "qos"."""
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe(topic, qos)

        async def listen() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard.put_nowait({**orjson.loads(message.payload), "qos": message.qos})

        task = asyncio.create_task(listen())
        yield heard
        task.cancel()


@pytest.mark.parametrize(
    ("version", "quality"),
    [(None, None), ("mqtt3.1.1", "0"), ("mqtt3.1.1", "1"), ("mqtt5.0", "1"), ("mqtt5.0", "2")],
)
async def test_a_change_is_published(
    city: Hub, tmp_path: Path, version: str | None, quality: str | None
) -> None:
    port = server.claim("127.0.0.1", 0)
    stated = {"MQTT-Version": version, "MQTT-QoS": quality}
    channel = tuple(KeyValue(key, value) for key, value in stated.items() if value is not None)
    with broker(tmp_path, port, "allow_anonymous true"):
        async with listening(port, "city/air/#") as heard:
            await subscribe(
                city,
                f"mqtt://127.0.0.1:{port}/city/air/levels",
                notifier_info=channel,
                receiver_info=(KeyValue("X-Trace", "7"),),
            )
            for level in range(20):
                await write(city, 1, level)
            async with asyncio.timeout(10):
                told = [await heard.get() for _ in range(20)]
        await city.close()
    assert [one["body"]["data"][0][LEVEL]["value"] for one in told] == list(range(20))
    assert {one["qos"] for one in told} == {int(quality or 0)}
    metadata = told[0]["metadata"]
    assert metadata["Content-Type"] == "application/json"
    assert metadata["X-Trace"] == "7"
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in metadata["Link"]


async def test_json_ld_names_the_context_in_the_body(city: Hub, tmp_path: Path) -> None:
    port = server.claim("127.0.0.1", 0)
    context = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"
    with broker(tmp_path, port, "allow_anonymous true"):
        async with listening(port, "ld") as heard:
            await subscribe(city, f"mqtt://127.0.0.1:{port}/ld", accept=Accept.LD_JSON, context=context)
            await write(city, 1, 1)
            async with asyncio.timeout(10):
                told = await heard.get()
        await city.close()
    assert told["metadata"]["Content-Type"] == "application/ld+json"
    assert "Link" not in told["metadata"]
    assert told["body"]["@context"] == context


async def test_the_account_of_the_address_is_used(city: Hub, tmp_path: Path) -> None:
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("needs mosquitto_passwd, which comes with mosquitto")
    port = server.claim("127.0.0.1", 0)
    accounts = tmp_path / "accounts"
    subprocess.run(["mosquitto_passwd", "-b", "-c", accounts, "city", "s:ecret"], check=True)
    accounts.chmod(0o644)
    with broker(tmp_path, port, "allow_anonymous false", f"password_file {accounts}"):
        await subscribe(city, f"mqtt://city:wrong@127.0.0.1:{port}/a", "urn:ngsi-ld:Subscription:wrong")
        await write(city, 1, 1)
        await until(lambda: notifier(city).counts.failed == 1)
        await subscribe(city, f"mqtt://city:s%3Aecret@127.0.0.1:{port}/a", "urn:ngsi-ld:Subscription:right")
        await write(city, 1, 2)
        await until(lambda: notifier(city).counts.delivered == 1)
        await city.close()


async def test_a_broker_that_comes_back_gets_what_waited(
    city: Hub, clock: FixedClock, tmp_path: Path
) -> None:
    port = server.claim("127.0.0.1", 0)
    quality = (KeyValue("MQTT-QoS", "1"),)
    await subscribe(city, f"mqtt://127.0.0.1:{port}/levels", notifier_info=quality)
    await write(city, 1, 1)
    await until(lambda: notifier(city).counts.failed == 1)
    for level in (2, 3):
        with broker(tmp_path, port, "allow_anonymous true"):
            async with listening(port, "levels") as heard:
                await write(city, 1, level)
                for _ in range(3):
                    pass_time(city, clock, 60)
                    await asyncio.sleep(0.1)
                async with asyncio.timeout(10):
                    while (await heard.get())["body"]["data"][0][LEVEL]["value"] != level:
                        pass
        # The connection ends with the broker; the next notification is made over a new one
        await asyncio.sleep(0.2)
    await city.close()


async def test_the_certificate_of_a_broker_is_checked(
    city: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl: sudo apt-get install openssl")
    port = server.claim("127.0.0.1", 0)
    good: Certificate = certificate(tmp_path, "localhost")
    lines = (f"certfile {good.certificate}", f"keyfile {good.key}", "allow_anonymous true")
    with broker(tmp_path, port, *lines):
        await subscribe(city, f"mqtts://localhost:{port}/a", "urn:ngsi-ld:Subscription:unknown")
        await write(city, 1, 1)
        await until(lambda: notifier(city).counts.failed == 1)
        monkeypatch.setenv("SSL_CERT_FILE", str(good.certificate))
        await subscribe(city, f"mqtts://127.0.0.1:{port}/a", "urn:ngsi-ld:Subscription:other-name")
        await write(city, 1, 2)
        await until(lambda: notifier(city).counts.failed == 2)
        await subscribe(city, f"mqtts://localhost:{port}/a", "urn:ngsi-ld:Subscription:known")
        await write(city, 1, 3)
        await until(lambda: notifier(city).counts.delivered == 1)
        await city.close()
