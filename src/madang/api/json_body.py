"""The JSON body of a request to /api, as a frozen value: nothing that the operation does not know is taken."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec
from starlette.requests import Request

from madang.errors import BadRequestData, TooLarge, UnsupportedMediaType

Form = TypeVar("Form")
_BYTES_MAX: Final = 64 * 1024


async def decoded(request: Request, form: type[Form]) -> Form:
    """Raises UnsupportedMediaType, which also keeps forms of other sites out; TooLarge, BadRequestData."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType("The body must be application/json")
    body = await limited_body(request)
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.MsgspecError as error:
        raise BadRequestData(f"The body is not what this operation takes: {error}") from error


async def limited_body(request: Request) -> bytes:
    """Raises TooLarge."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _BYTES_MAX:
            raise TooLarge(f"The body is larger than {_BYTES_MAX} bytes")
    return body
