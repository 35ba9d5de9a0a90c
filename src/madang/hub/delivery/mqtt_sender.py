"""Publishes notifications over MQTT(S) (CIM 009 §7.2), in version 3.1.1 or 5.0, at the quality of service asked for.

A broker is connected to once for each account and version, and the connection is kept. Its address is resolved
and checked first, and the connection goes to the address that was checked; a certificate is still compared
with the name.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec
import orjson
from aiomqtt import Client, MqttError, ProtocolVersion

from madang.hub.delivery.sending import DELIVERED, Result, Sent
from madang.hub.egress import EgressRefused, GuardedResolver
from madang.ngsild.notification import Message
from madang.ngsild.subscription import Endpoint

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_VERSIONS: Final = {"mqtt3.1.1": ProtocolVersion.V311, "mqtt5.0": ProtocolVersion.V5}
_BROKERS_MAX: Final = 64
_LOCKS_MAX: Final = 1024


class Broker(msgspec.Struct, frozen=True):
    """Whom to connect to, and as whom."""

    secure: bool
    host: str
    port: int
    user: str | None
    password: str | None
    version: ProtocolVersion


class Target(msgspec.Struct, frozen=True):
    broker: Broker
    topic: str
    quality: int


class MqttSender:
    """via: this platform's name, in the metadata of each message."""

    def __init__(self, resolver: GuardedResolver, via: str) -> None:
        self._resolver = resolver
        self._via = via
        self._clients: dict[Broker, Client] = {}
        # For each connection a task that notices its end
        self._watching: dict[Broker, asyncio.Task[None]] = {}
        self._connecting: dict[Broker, asyncio.Lock] = {}

    async def send(self, endpoint: Endpoint, message: Message, seconds: float) -> Sent:
        try:
            target = target_of(endpoint)
        except ValueError as error:
            return Sent(Result.FAILED, f"The endpoint's address cannot be used: {error}")
        broker = target.broker
        try:
            async with asyncio.timeout(seconds):
                client = await self._client(broker)
                await client.publish(target.topic, payload(message, self._via), target.quality)
        except TimeoutError:
            await self._drop(broker)
            return Sent(Result.FAILED, f"The broker gave no answer within {seconds:g} s")
        except EgressRefused as error:
            return Sent(Result.FAILED, error.strerror or str(error))
        except (MqttError, OSError, ssl.SSLError) as error:
            await self._drop(broker)
            reason = str(error) or str(error.__cause__ or type(error).__name__)
            return Sent(Result.FAILED, f"The broker {broker.host}:{broker.port} cannot be used: {reason}")
        return DELIVERED

    async def _client(self, broker: Broker) -> Client:
        """The connection to a broker, made if there is none."""
        if len(self._connecting) > _LOCKS_MAX:
            self._connecting = {one: lock for one, lock in self._connecting.items() if lock.locked()}
        async with self._connecting.setdefault(broker, asyncio.Lock()):
            client = self._clients.get(broker)
            if client is None:
                if len(self._clients) >= _BROKERS_MAX:
                    await self._drop(next(iter(self._clients)))
                client = await self._connect(broker)
                self._clients[broker] = client
                self._watching[broker] = asyncio.create_task(self._watch(broker, client))
            return client

    async def _connect(self, broker: Broker) -> Client:
        found = await self._resolver.resolve(broker.host, broker.port, socket.AF_UNSPEC)
        client = Client(
            found[0]["host"],
            broker.port,
            username=broker.user,
            password=broker.password,
            protocol=broker.version,
            tls_context=_Named.of(broker.host) if broker.secure else None,
        )
        await client.__aenter__()
        return client

    async def _watch(self, broker: Broker, client: Client) -> None:
        """Forget the connection when it ends. Nothing is subscribed to, so nothing else comes over it."""
        with suppress(MqttError):
            async for _ in client.messages:
                pass
        if self._clients.get(broker) is client:
            del self._clients[broker]

    async def _drop(self, broker: Broker) -> None:
        watching = self._watching.pop(broker, None)
        if watching is not None:
            watching.cancel()
        client = self._clients.pop(broker, None)
        if client is not None:
            # It is of no use any more, in whatever way it ends
            with suppress(MqttError, OSError, TimeoutError):
                client.timeout = 1.0
                await client.__aexit__(None, None, None)

    async def close(self) -> None:
        for broker in list(self._clients):
            await self._drop(broker)
        await self._resolver.close()


class _Named(ssl.SSLContext):
    """A context that compares certificates with a name although the connection is made to a number."""

    name = ""

    @classmethod
    def of(cls, name: str) -> _Named:
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.name = name
        context.load_default_certs()
        return context

    def wrap_socket(self, sock: socket.socket, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        options["server_hostname"] = self.name
        wrapped = super().wrap_socket(sock, *arguments, **options)
        try:
            wrapped.do_handshake()
        except OSError:
            # The client would leave it open
            wrapped.close()
            raise
        return wrapped


def target_of(endpoint: Endpoint) -> Target:
    """Where the endpoint's address and notifierInfo lead to. Raises ValueError."""
    parts = urlsplit(endpoint.uri)
    topic = unquote(parts.path.lstrip("/"))
    if not parts.hostname or not topic or any(sign in topic for sign in "+#\0"):
        raise ValueError(f"'{endpoint.uri:.200}' needs a host and a topic without wildcards")
    stated = {pair.key.lower(): pair.value for pair in endpoint.notifier_info}
    version = _VERSIONS.get(stated.get("mqtt-version", "mqtt5.0").lower())
    quality = stated.get("mqtt-qos", "0")
    if version is None or quality not in ("0", "1", "2"):
        raise ValueError("MQTT-Version must be mqtt3.1.1 or mqtt5.0, MQTT-QoS 0, 1 or 2")
    broker = Broker(
        secure=parts.scheme.lower() == "mqtts",
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme.lower()],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        version=version,
    )
    return Target(broker, topic, int(quality))


def payload(message: Message, via: str) -> bytes:
    """The message with what HTTP would say in headers."""
    metadata = orjson.dumps({**dict(message.headers), "Via": f"1.1 {via}"})
    return b'{"metadata":' + metadata + b',"body":' + message.body + b"}"
