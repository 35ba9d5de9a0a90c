"""DateTime, Date and Time as NGSI-LD writes them (CIM 009 §4.6.3), and as microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from madang.errors import BadRequestData

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def parse_moment(text: object, member: str = "DateTime") -> int:
    """Microseconds since 1970-01-01T00:00:00Z of an ISO 8601 date and time with a zone.

    member: what to call it in the error. Raises BadRequestData.
    """
    if isinstance(text, str) and len(text) >= 20 and text[10] == "T":
        try:
            moment = datetime.fromisoformat(text.replace(",", "."))
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return (moment - _EPOCH) // _MICROSECOND
    raise BadRequestData(
        f"{member} '{text}' is not a date and time with a zone; write it as 2026-01-31T09:00:00Z"
    )


def is_moment(text: object) -> bool:
    """Whether the text is a date and time with a zone."""
    try:
        parse_moment(text)
    except BadRequestData:
        return False
    return True


def format_moment(microseconds: int) -> str:
    """ISO 8601 in UTC with "Z"; fractions of a second only where there are any."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.replace(tzinfo=None).isoformat() + "Z"


@lru_cache(maxsize=4096)
def _in_utc(text: str) -> str | None:
    """The text as it is stored, None if it is no date and time with "Z". Readings of one moment come together."""
    return text.replace(",", ".") if text.endswith("Z") and is_moment(text) else None


def require_moment(text: object, member: str) -> str:
    """The text, if it is a date and time in UTC with "Z", as stored and compared. Raises BadRequestData."""
    if isinstance(text, str):
        known = _in_utc(text)
        if known is not None:
            return known
    parse_moment(text, member)
    raise BadRequestData(f"{member} '{text}' has an offset; write the time in UTC, as 2026-01-31T09:00:00Z")
