"""Secrets that are made here and shown once: what they look like, and what of them is kept.

They have at least 160 random bits, so an ordinary digest keeps them; only passwords, which people choose, need a
slow one (`passwords.py`). A prefix tells people, and programs that look for leaked secrets, what they have found.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

KEY: Final = "madang_key_"
CLIENT: Final = "madang_secret_"
TOKEN: Final = "madang_token_"  # noqa: S105 the beginning of them all
SESSION: Final = ""
LINK: Final = ""
_BYTES: Final = 32
_HINT_CHARACTERS: Final = 4


def made(prefix: str) -> str:
    """A new secret of 256 random bits, in letters, digits, - and _."""
    return prefix + secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> bytes:
    """What is kept of it. A search by it tells nothing by the time that it takes."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def hint(secret: str) -> str:
    """What is shown of it later, to tell it from others."""
    return secret[-_HINT_CHARACTERS:]
