"""Reads the form that a page of ours sent: not too large, every field as texts."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs

from madang.errors import BadRequestData, TooLarge
from madang.web.visit import Visit

Form = dict[str, list[str]]
_NAME: Final = re.compile(rb'name="([^"]*)"')
_BOUNDARY: Final = re.compile(r'boundary="?([^";,]{1,70})"?')


async def read_form(visit: Visit, bytes_max: int, fields_max: int) -> Form:
    """Each field with all its values; a field that is empty has none. Forms of other sites were refused before this.

    Raises TooLarge, BadRequestData."""
    body = await _body(visit, bytes_max)
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=fields_max)
    except ValueError as error:
        raise BadRequestData(f"The form has more than {fields_max} fields") from error


async def read_parts(visit: Visit, bytes_max: int) -> dict[str, bytes]:
    """Each field of a form with files in it (multipart/form-data, RFC 7578), the last where several have one name.

    Raises TooLarge, BadRequestData."""
    boundary = _BOUNDARY.search(visit.request.headers.get("content-type", ""))
    if boundary is None:
        raise BadRequestData("The form is not sent as multipart/form-data")
    body = b"\r\n" + await _body(visit, bytes_max)
    found: dict[str, bytes] = {}
    for part in body.split(b"\r\n--" + boundary[1].encode("latin-1", "replace"))[1:]:
        head, blank, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if blank and name is not None:
            found[name[1].decode("utf-8", "replace")] = content
    return found


async def _body(visit: Visit, bytes_max: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in visit.request.stream():
        size += len(part)
        if size > bytes_max:
            raise TooLarge(f"The form is larger than {bytes_max} bytes")
        parts.append(part)
    return b"".join(parts)
