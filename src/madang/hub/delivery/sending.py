"""What sends a message to an endpoint: the protocol, and what may come of an attempt."""

from __future__ import annotations

from enum import Enum
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import msgspec

from madang.ngsild.notification import Message
from madang.ngsild.subscription import Endpoint


class Result(Enum):
    DELIVERED = "delivered"
    FAILED = "failed"  # no answer, or one that may be another next time
    REFUSED = "refused"  # the receiver has read it and will not have it


class Sent(msgspec.Struct, frozen=True):
    """What came of an attempt. reason: for a person, "" if it was delivered."""

    result: Result
    reason: str = ""


DELIVERED = Sent(Result.DELIVERED)


def shown_address(endpoint: Endpoint) -> str:
    """The endpoint's address without the name and the password that it may carry."""
    parts = urlsplit(endpoint.uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Sender(Protocol):
    async def send(self, endpoint: Endpoint, message: Message, seconds: float) -> Sent:
        """Try once, for at most so many seconds. Raises nothing that comes of the other side or of the network."""
        ...

    async def close(self) -> None: ...
