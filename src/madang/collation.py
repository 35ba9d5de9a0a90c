"""The order of texts as people of a language expect it: ICU's collations (CIM 009 §4.23; RFC 6067).

ICU's own library does it; it comes inside of the package `icu4py`, which has no face for collation, so it is
called here directly. Where that package was built against the system's ICU, that one is called.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import weakref
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import icu4py

from madang.errors import BadRequestData, ProgramFailed

ROOT: Final = "und"
TAG_CHARACTERS_MAX: Final = 100
# What ICU says where it has nothing for a locale and takes the root collation
_NOTHING_OF_ITS_OWN: Final = -127
_BYTES: Final = 512

SortKey = Callable[[str], bytes]


@lru_cache(maxsize=64)
def sort_key(tag: str = ROOT) -> SortKey:
    """A function from a text to bytes that are in the order of the collation. tag: BCP 47 with the extension "u",
    such as "ko", "und-u-ks-level1" or "de-u-co-phonebk"; "und" is the root collation.

    Raises BadRequestData for what is no collation.
    """
    library = _library()
    locale, status = _locale(tag), ctypes.c_int(0)
    collator = library.open(locale, ctypes.byref(status))
    # A language without an order of its own has the root one, but an order that was named must be there
    silent = status.value == _NOTHING_OF_ITS_OWN and b"@collation=" in locale
    if status.value > 0 or silent or not collator:
        raise _unknown(tag)
    make = library.sort_key
    opened = ctypes.c_void_p(collator)
    short = ctypes.create_string_buffer(_BYTES)

    def key(text: str) -> bytes:
        units = text.encode("utf-16-le", "surrogatepass")
        size: int = make(opened, units, len(units) // 2, short, _BYTES)
        if size <= _BYTES:
            return short.raw[: size - 1]
        long = ctypes.create_string_buffer(size)
        make(opened, units, len(units) // 2, long, size)
        return long.raw[: size - 1]

    weakref.finalize(key, library.close, opened)
    return key


def _locale(tag: str) -> bytes:
    """ICU's name of the locale that a tag means."""
    library = _library()
    name = ctypes.create_string_buffer(_BYTES)
    parsed, status = ctypes.c_int32(0), ctypes.c_int(0)
    if not tag or len(tag) > TAG_CHARACTERS_MAX or not tag.isascii():
        raise _unknown(tag)
    library.locale(tag.encode(), name, _BYTES, ctypes.byref(parsed), ctypes.byref(status))
    unknown = not tag.lower().startswith(ROOT) and not library.language(name)
    if status.value > 0 or parsed.value != len(tag) or unknown:
        raise _unknown(tag)
    return name.value


def _unknown(tag: str) -> BadRequestData:
    return BadRequestData(
        f"'{tag[:60]}' is no collation that is known here; write one such as und, ko, und-u-ks-level1 or de-u-co-phonebk"
    )


class _Library:
    """The functions of ICU that are called here. Its names end in its version."""

    def __init__(self) -> None:
        here = Path(icu4py.__file__).parent
        bundled = [
            str(file)
            for folder in (here.parent / "icu4py.libs", here / ".dylibs")
            for file in folder.glob("libicui18n*")
        ]
        name = bundled[0] if bundled else ctypes.util.find_library("icui18n")
        if name is None:
            raise ProgramFailed("ICU's library is not there; install the package icu4py anew, or libicu")
        library = ctypes.CDLL(name)
        version = icu4py.icu_version_info[0]
        text_and_size = [ctypes.c_char_p, ctypes.c_int32]
        status = ctypes.POINTER(ctypes.c_int)
        self.open = getattr(library, f"ucol_open_{version}")
        self.open.restype = ctypes.c_void_p
        self.open.argtypes = [ctypes.c_char_p, status]
        self.close = getattr(library, f"ucol_close_{version}")
        self.close.restype = None
        self.close.argtypes = [ctypes.c_void_p]
        self.sort_key = getattr(library, f"ucol_getSortKey_{version}")
        self.sort_key.argtypes = [ctypes.c_void_p, *text_and_size, *text_and_size]
        self.locale = getattr(library, f"uloc_forLanguageTag_{version}")
        self.locale.argtypes = [ctypes.c_char_p, *text_and_size, ctypes.POINTER(ctypes.c_int32), status]
        # The three letters of a locale's language, none of one that there is not
        self.language = getattr(library, f"uloc_getISO3Language_{version}")
        self.language.restype = ctypes.c_char_p
        self.language.argtypes = [ctypes.c_char_p]


@cache
def _library() -> _Library:
    return _Library()
