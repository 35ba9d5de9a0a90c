"""Secrets that are made here and shown once: what they look like, and what of them is kept.

They have 256 random bits, so an ordinary digest keeps them; only passwords, which people choose, need a slow one
(`passwords.py`). A prefix tells people, and programs that look for leaked secrets, what they have found.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from madang.hub.trust.credentials import KEY_PREFIX

KEY: Final = KEY_PREFIX
CLIENT: Final = "mds_"
TOKEN: Final = "mdt_"  # noqa: S105 the beginning of them all
PLAIN: Final = ""
"""Of cookies and links."""
_BYTES: Final = 32
_HINT_CHARACTERS: Final = 4
_SECRET_BYTES_MAX: Final = 256


def made(prefix: str) -> str:
    """A new secret, in letters, digits, - and _."""
    return prefix + secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> bytes:
    """What is kept of it. How long a search by it takes tells nothing of the secret."""
    return hashlib.sha256(secret[:_SECRET_BYTES_MAX].encode("utf-8", "surrogatepass")).digest()


def hint(secret: str) -> str:
    """What is shown of it later, to tell it from others."""
    return secret[-_HINT_CHARACTERS:]
