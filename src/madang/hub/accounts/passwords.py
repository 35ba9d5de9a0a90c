"""Passwords: which may be chosen, how they are kept (argon2id), and how they are compared.

argon2 is slow and takes memory on purpose. It lets go of the interpreter while it works, so it runs in a thread of
its own, one at a time; of those that wait there are only so many.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from madang.errors import BadRequestData, Busy
from madang.settings import LIMITS

Result = TypeVar("Result")
_KINDS_MIN: Final = 5
# RFC 9106 asks for argon2id; these are what OWASP names for a server that signs in many people
_MEMORY_KIB: Final = 47 * 1024
_PASSES: Final = 1


class Passwords:
    """Made in the event loop's thread; `close` it."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        self._waiting = 0
        self._nobodys = ""

    async def hashed(self, password: str) -> str:
        """As it is kept. Raises Busy."""
        return await self._run(lambda: self._hasher.hash(prepared(password)))

    async def fits(self, hashed: str, password: str) -> bool:
        """Whether it is the one that was hashed; "" fits none, and takes as long. Raises Busy."""
        if len(password.encode("utf-8", "replace")) > LIMITS.password_bytes_max:
            return False
        if not hashed and not self._nobodys:
            self._nobodys = await self.hashed("")
        fits = await self._run(lambda: self._compare(hashed or self._nobodys, prepared(password)))
        return fits and bool(hashed)

    def is_outdated(self, hashed: str) -> bool:
        """Whether it should be hashed anew, now that the password is known."""
        return self._hasher.check_needs_rehash(hashed)

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    def _compare(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= LIMITS.waiting_passwords_max:
            raise Busy("Many people are signing in at this moment; try again in a moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1


def prepared(password: str) -> str:
    """The same for every keyboard and system: some send 한 as one character, some as three."""
    return unicodedata.normalize("NFKC", password)


class Fault(StrEnum):
    """What is wrong with a password that somebody would choose."""

    SHORT = "short"
    LONG = "long"
    REPEATED = "repeated"
    LOGIN = "login"


_FAULTS: Final = {
    Fault.SHORT: f"The password is too short; use at least {LIMITS.password_characters_min} characters, such as four words",
    Fault.LONG: f"The password is longer than {LIMITS.password_bytes_max} bytes",
    Fault.REPEATED: f"The password repeats itself; use at least {_KINDS_MIN} different characters",
    Fault.LOGIN: "The password is the name with which you sign in; choose another one",
}


def fault_of(password: str, login: str) -> Fault | None:
    """Why the password may not be chosen. Length counts, not which signs are in it."""
    text = prepared(password)
    if len(text) < LIMITS.password_characters_min:
        return Fault.SHORT
    if len(text.encode("utf-8", "replace")) > LIMITS.password_bytes_max:
        return Fault.LONG
    if len(set(text)) < _KINDS_MIN:
        return Fault.REPEATED
    if text.casefold() in (login, login * 2) or login.partition("@")[0] == text.casefold():
        return Fault.LOGIN
    return None


def require_good(password: str, login: str) -> None:
    """Raises BadRequestData for a password that may not be chosen."""
    fault = fault_of(password, login)
    if fault is not None:
        raise BadRequestData(_FAULTS[fault], detail=fault.value)
