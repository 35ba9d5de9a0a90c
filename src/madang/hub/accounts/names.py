"""What people call themselves, their keys and their applications, as it is read from a form."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from madang.errors import BadRequestData

_LOGIN: Final = re.compile(r"[\w.@+-]{2,128}")
_NAME_CHARACTERS_MAX: Final = 100


def normal_login(text: str) -> str:
    """As it is kept: however somebody writes it, it is the same name."""
    return unicodedata.normalize("NFKC", text[:1000]).strip().casefold()


def login_of(text: str) -> str:
    """Raises BadRequestData for one that nobody may have."""
    login = normal_login(text)
    if not _LOGIN.fullmatch(login):
        raise BadRequestData(
            "The name to sign in with must have 2 to 128 letters, digits and . _ - @ +, and no spaces",
            detail="login-form",
        )
    return login


def name_of(text: str) -> str:
    """What others see. Raises BadRequestData."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > _NAME_CHARACTERS_MAX or not name.isprintable():
        raise BadRequestData(f"The name must have 1 to {_NAME_CHARACTERS_MAX} characters", detail="name-form")
    return name
