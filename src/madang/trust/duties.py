"""How duties are told with what is handed out: one header, in answers, downloads and notifications alike."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from madang.trust.access import Duty

HEADER: Final = "madang-duties"
_PLAIN: Final = frozenset(range(0x20, 0x7F)) - frozenset(b'%"')


@lru_cache(maxsize=256)
def told(duties: tuple[Duty, ...]) -> str:
    """The header's value: a list of structured fields (RFC 9651), such as `duty;attribution=%"Gaon";delete-after=86400`.
    Seconds of delete-after."""
    return ", ".join("".join(("duty", *_parameters(duty))) for duty in duties)


def _parameters(duty: Duty) -> Iterator[str]:
    if duty.attribution:
        letters = "".join(
            chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in duty.attribution.encode()
        )
        yield f';attribution=%"{letters}"'
    if duty.notify:
        yield f';notify="{duty.notify}"'
    if duty.delete_after_seconds:
        yield f";delete-after={duty.delete_after_seconds}"
