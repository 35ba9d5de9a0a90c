"""Names of organisations, taken apart: the name itself, its legal form, the part of the organisation that it means, and
how it sounds in Latin letters, so that what is written in several ways can be compared. Pure; the words stand in
`data/naming.toml`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

import msgspec

_BRACKETS: Final = re.compile(r"[(\[{<]([^()\[\]{}<>]*)[)\]}>]")
_WORD: Final = re.compile(r"[^\W_]+|&")
_HANGUL: Final = re.compile(r"[가-힣]")
_LATIN: Final = re.compile(r"[a-z]")
_DIGITS: Final = re.compile(r"\d+")
_INITIALS: Final = ("g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h")  # fmt: skip
_VOWELS: Final = (
    "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi", "yu", "eu", "ui", "i",
)  # fmt: skip
_FINALS: Final = (
    "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t", "ng", "t", "t", "k",
    "t", "p", "t",
)  # fmt: skip
# Letters that stand for one sound where Korean names are written in Latin ones
_SOUNDS: Final = str.maketrans(
    {"g": "k", "c": "k", "q": "k", "d": "t", "b": "p", "f": "p", "v": "p", "r": "l", "z": "j", "x": "s"}
    | dict.fromkeys("aeiouyhw&0123456789", None)
)


class Name(msgspec.Struct, frozen=True):
    """core: what is left without legal form and part: no case, no spaces, no marks. form: code of the legal form, "" for none.
    korean: whether that is one of the Korean register. part: words of the part of the organisation, such as "수원공장".
    latin: the core in Latin letters, with English for known Korean words. spelled: the same with Korean names of
    letters as letters, "" where it has none. stem: what of `latin` is no known word. digits: the numbers in it.
    """

    text: str
    core: str
    form: str
    korean: bool
    part: str
    latin: str
    spelled: str
    stem: str
    digits: tuple[str, ...]

    @property
    def hangul(self) -> bool:
        return _HANGUL.search(self.core) is not None


class _Words(msgspec.Struct, frozen=True):
    """latin: of the words of a legal form to its code, the longest first. words, letters: Korean to Latin, compiled."""

    forms: tuple[tuple[str, str], ...]
    latin: dict[tuple[str, ...], str]
    korean: frozenset[str]
    parts: tuple[str, ...]
    words: dict[str, str]
    letters: dict[str, str]
    word: re.Pattern[str]
    run: re.Pattern[str]
    letter: re.Pattern[str]
    english: re.Pattern[str]


@cache
def _known() -> _Words:
    data: dict[str, Any] = tomllib.loads(
        files("madang.ecosystem").joinpath("data", "naming.toml").read_text(encoding="utf-8")
    )
    forms = [(text, code) for code, texts in data["forms"].items() for text in texts]
    latin = {tuple(text.split()): code for code, texts in data["latin"].items() for text in texts}
    letters: dict[str, str] = data["letters"]
    letter = "|".join(sorted(letters, key=len, reverse=True))
    return _Words(
        forms=tuple(sorted(forms, key=lambda one: -len(one[0]))),
        latin=latin,
        korean=frozenset(data["korean"]),
        parts=tuple(
            sorted((text for texts in data["parts"].values() for text in texts), key=len, reverse=True)
        ),
        words=data["words"],
        letters=letters,
        word=re.compile("|".join(sorted(data["words"], key=len, reverse=True))),
        run=re.compile(f"(?:{letter}){{2,}}"),
        letter=re.compile(letter),
        english=re.compile(
            "(?:" + "|".join(sorted(set(data["words"].values()), key=len, reverse=True)) + ")+$"
        ),
    )


@lru_cache(maxsize=4096)
def names_in(text: str) -> tuple[Name, ...]:
    """The name, and another one that stands in brackets in another script: "가온테크(Gaon Tech)" is two. Empty texts have none."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    form, rest = _korean_form(folded)
    if form:
        # "농업회사법인 주식회사": the first one says what it is
        rest = _korean_form(rest)[1]
    bracketed = [" ".join(found.split()) for found in _BRACKETS.findall(rest)]
    plain = " ".join(_BRACKETS.sub(" ", rest).split())
    part = ""
    others: list[Name] = []
    for found in bracketed:
        if _is_part(found):
            part = found
        elif (
            plain and found and bool(_HANGUL.search(found)) != bool(_HANGUL.search(plain)) and len(found) > 2
        ):
            others.append(_name(text, found, form, part))
    if not plain and bracketed:
        plain = bracketed[0]
    first = _name(text, plain, form, part) if plain else None
    return tuple([one for one in (first, *others) if one is not None and one.core])


def _korean_form(folded: str) -> tuple[str, str]:
    """The legal form as Korean, Japanese or Chinese names write it, and the name without it."""
    for text, code in _known().forms:
        at = folded.replace("( ", "(").replace(" )", ")")
        if at.startswith(text) and len(at) > len(text):
            return code, at[len(text) :].strip()
        if at.endswith(text) and len(at) > len(text):
            return code, at[: -len(text)].strip()
        if text.startswith("(") and text.endswith(")") and text in at:
            return code, at.replace(text, " ").strip()
    return "", folded


def _name(text: str, plain: str, form: str, part: str) -> Name:
    words = _WORD.findall(plain.replace("'", ""))
    code = form
    if words and all(map(_not_hangul, words)):
        words, code = _without_latin_form(words, form)
    elif not part:
        words, part = _without_part(words)
    core = "".join("and" if word == "&" else word for word in words)
    spelled, latin = _spelled(core), in_latin(core)
    return Name(
        text=text,
        core=core,
        form=code,
        korean=code in _known().korean and bool(_HANGUL.search(text) or form),
        part=part,
        latin=latin,
        spelled=in_latin(spelled) if spelled != core else "",
        stem=_known().english.sub("", latin) or latin,
        digits=tuple(_DIGITS.findall(core)),
    )


def _not_hangul(word: str) -> bool:
    return _HANGUL.search(word) is None


def _without_latin_form(words: list[str], form: str) -> tuple[list[str], str]:
    """The words before the legal form; one that is nothing else keeps it."""
    known = _known().latin
    rest, found = words, form
    while len(rest) > 1:
        length = next((n for n in (4, 3, 2, 1) if n < len(rest) and tuple(rest[-n:]) in known), 0)
        if not length:
            break
        found = found or known[tuple(rest[-length:])]
        rest = rest[:-length]
    if rest and rest[0] == "the" and len(rest) > 1:
        rest = rest[1:]
    return rest, found


def _without_part(words: list[str]) -> tuple[list[str], str]:
    """The words before the last one that names a part of the organisation; a name of one word is whole."""
    if len(words) > 1 and _is_part(words[-1]):
        return words[:-1], words[-1]
    for part in _known().parts:
        if len(words) == 1 and words[0].endswith(part) and len(part) > 3 and len(words[0]) > len(part) + 1:
            return [words[0][: -len(part)]], part
    return words, ""


def _is_part(text: str) -> bool:
    return text.replace(" ", "").endswith(_known().parts)


def _spelled(core: str) -> str:
    known = _known()
    return known.run.sub(lambda run: known.letter.sub(lambda one: known.letters[one[0]], run[0]), core)


def in_latin(text: str) -> str:
    """Korean in Latin letters: known words in English, the rest by the revised romanisation, syllable by syllable."""
    if not _HANGUL.search(text):
        return _plain(text)
    words = _known().words
    return "".join(_syllable(one) for one in _known().word.sub(lambda found: words[found[0]], text))


def _plain(text: str) -> str:
    """Without marks above and below letters."""
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))


def _syllable(character: str) -> str:
    number = ord(character) - 0xAC00
    if not 0 <= number < 11172:
        return character
    initial, rest = divmod(number, 588)
    vowel, final = divmod(rest, 28)
    return _INITIALS[initial] + _VOWELS[vowel] + _FINALS[final]


def sound(latin: str) -> str:
    """The consonants, those that are written for one another as one, none twice in a row: "hyeondae" and "hyundai" are "nt"."""
    merged = (
        latin.replace("ng", "n").replace("sh", "s").replace("ch", "j").replace("x", "ks").translate(_SOUNDS)
    )
    return re.sub(r"(.)\1+", r"\1", merged)
