"""What the process says of itself: lines for people or JSON for machines, each with the request that it is about.

The request is known by a number that its client sent in X-Request-Id, or else by one that is made the first time it
is needed: a request that goes well costs nothing but remembering which one it is.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

Scope = MutableMapping[str, Any]

# The ASGI scope of the request that is being served
REQUEST: Final[ContextVar[Scope | None]] = ContextVar("request", default=None)
HEADER: Final = b"x-request-id"
FORMS: Final = ("lines", "json")
LEVELS: Final = ("error", "warning", "info")
_SAFE: Final = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_KEY: Final = "madang.request_id"
# Whatever proves who somebody is: keys, secrets and tokens by how they begin, the secrets of links and cookies
_SECRETS: Final = re.compile(
    r"(\bmd[kst]_|/welcome/|madang_(?:session|state)=|\bBearer )[A-Za-z0-9_.~+/-]{8,}=*", re.IGNORECASE
)


def request_id(scope: Scope) -> str:
    """The number of a request: its client's, if that is harmless in a log and a header, else one of ours."""
    known = scope.get(_KEY)
    if known is None:
        stated = next((value for name, value in scope["headers"] if name == HEADER), b"")
        known = stated.decode("ascii") if _SAFE.fullmatch(stated) else uuid.uuid4().hex[:16]
        scope[_KEY] = known
    return str(known)


def without_secrets(text: str) -> str:
    """The text with secrets struck out: a log is read by more people than they are for."""
    return _SECRETS.sub(r"\1***", text)


class Lines(logging.Formatter):
    """One line per record for people, what went wrong in a bug below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        text = without_secrets(super().format(record))
        scope = REQUEST.get()
        if scope is None:
            return text
        first, newline, rest = text.partition("\n")
        return f"{first} [{request_id(scope)}]{newline}{rest}"


class Json(logging.Formatter):
    """One JSON object per record and line: time, level, logger, message; request, method, path; error."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        scope = REQUEST.get()
        if scope is not None:
            said |= {"request": request_id(scope), "method": scope.get("method"), "path": scope.get("path")}
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return without_secrets(json.dumps(said, ensure_ascii=False, default=str))


def set_up(form: str, level: str) -> None:
    """Say what is at least of this level, in this form (one of FORMS and LEVELS), on standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(Json() if form == "json" else Lines())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
