"""How the text of a setting becomes its value. Each raises ValueError for a text that is not of its form."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

_KEPT: Final = re.compile(r"([^\s=,]+)=([1-9]\d{0,5})d", re.ASCII)
_URL: Final = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?/?", re.IGNORECASE)
_HOST_NAME: Final = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*")


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A whole number from least to most."""

    def parse(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise ValueError(text)
        return number

    return parse


def one_of(words: Collection[str]) -> Callable[[str], str]:
    """One of these words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return parse


def parse_home(text: str) -> Path:
    return Path(text).expanduser().absolute()


def parse_url(text: str) -> str:
    if text and not _URL.fullmatch(text):
        raise ValueError(text)
    return text.rstrip("/")


def parse_host(text: str) -> str:
    if not text or any(character.isspace() or character in "/:" for character in text.replace("::", "")):
        raise ValueError(text)
    return text


def parse_history_kept(text: str) -> tuple[tuple[str, int], ...]:
    """Pairs of a type's name and a number of days."""
    found: dict[str, int] = {}
    for part in (part.strip() for part in text.split(",")):
        match = _KEPT.fullmatch(part)
        if part and (match is None or match[1] in found):
            raise ValueError(text)
        if match is not None:
            found[match[1]] = int(match[2])
    return tuple(found.items())


def parse_networks(text: str) -> tuple[str, ...]:
    """Addresses and networks."""
    return tuple(
        str(ipaddress.ip_network(part.strip(), strict=False)) for part in text.split(",") if part.strip()
    )


def parse_egress_allow(text: str) -> tuple[str, ...]:
    """Names of hosts and networks."""
    parts = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for part in parts:
        if not _HOST_NAME.fullmatch(part):
            ipaddress.ip_network(part)
    return parts
