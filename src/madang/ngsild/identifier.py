"""Identifiers: what may be the id of an entity, and how ours are made."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from madang.errors import BadRequestData

ID_LENGTH_MAX: Final = 2_000
NGSI_LD_NULL: Final = "urn:ngsi-ld:null"

_INVISIBLE_CATEGORIES: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"))
# Letters and marks that show nothing: Hangul fillers, the blank of Braille, variation selectors
_BLANKS: Final = frozenset(
    "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
# A scheme, a colon and at least one character that RFC 3986 (or RFC 3987 for other scripts) allows
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`\x00-\x20]+")


def is_uri(text: object) -> bool:
    """Whether the text is an absolute URI of bearable length, all of whose characters can be seen."""
    return (
        isinstance(text, str)
        and len(text) <= ID_LENGTH_MAX
        and _URI.fullmatch(text) is not None
        and (text.isascii() or not any(map(_is_invisible, text)))
    )


def _is_invisible(character: str) -> bool:
    """Characters that RFC 3987 keeps out of IRIs, or that a reader cannot see: they would make two ids look alike."""
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES or character in _BLANKS


def require_uri(text: object, what: str) -> str:
    """The text, if it is an absolute URI. Raises BadRequestData that calls it `what`."""
    if isinstance(text, str) and is_uri(text):
        return text
    shown = text if isinstance(text, str) and len(text) <= 100 else type(text).__name__
    raise BadRequestData(f"{what} must be an absolute URI such as urn:ngsi-ld:Building:1, but is '{shown}'")


def entity_id(kind: str, city: str, source: str, key: str) -> str:
    """Our identifiers: urn:ngsi-ld:{Type}:{city}:{source}:{key}; the key is escaped where a URN needs it."""
    return f"urn:ngsi-ld:{kind}:{city}:{source}:{escape_key(key)}"


def escape_key(key: str) -> str:
    """The key as it stands in an identifier; two keys never become one."""
    return quote(key, safe=".-_~:/@()+,=")
