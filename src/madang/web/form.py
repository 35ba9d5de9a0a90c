"""Reads the form that a page of ours sent: not too large, every field as texts."""

from __future__ import annotations

from urllib.parse import parse_qs

from madang.errors import BadRequestData, TooLarge
from madang.web.visit import Visit

Form = dict[str, list[str]]


async def read_form(visit: Visit, bytes_max: int, fields_max: int) -> Form:
    """Each field with all its values; a field that is empty has none. Forms of other sites were refused before this.

    Raises TooLarge, BadRequestData."""
    body = b""
    async for part in visit.request.stream():
        body += part
        if len(body) > bytes_max:
            raise TooLarge(f"The form is larger than {bytes_max} bytes")
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=fields_max)
    except ValueError as error:
        raise BadRequestData(f"The form has more than {fields_max} fields") from error
