"""Words, numbers and times in the reader's language: one `Reader` per request.

Messages are data of the rooms that say them: `messages/{ko,en}.toml` there, flat keys with `{placeholders}`; a message
that depends on a number is a table with `one` and `other`. A test demands that both languages have the same keys and
placeholders. Numbers and dates follow CLDR through babel; the city's own time zone tells the hour.
"""

from __future__ import annotations

import math
import tomllib
from datetime import UTC, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_datetime
from babel.numbers import format_decimal

LANGUAGES = ("ko", "en")
# Rooms that speak to people: what the ecosystem says stands on pages and in reports
_SPEAKERS = ("madang.ecosystem", "madang.web")
LANGUAGE_NAMES = {"ko": "한국어", "en": "English"}
PLURALS = frozenset(("one", "other"))
TIE = "\u00a0"  # no line break between what belongs together
THIN = "\u202f"
MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
AGE_IN_DAYS_MAX = 30


def _load(language: str) -> dict[str, str | dict[str, str]]:
    """Raises ValueError for a key that two rooms give."""
    found: dict[str, str | dict[str, str]] = {}
    for room in _SPEAKERS:
        text = files(room).joinpath("messages", f"{language}.toml").read_text(encoding="utf-8")
        messages = _flat(tomllib.loads(text), "")
        if twice := sorted(found.keys() & messages.keys()):
            raise ValueError(f"messages: {room} gives {', '.join(twice)} once more")
        found.update(messages)
    return found


def _flat(table: dict[str, object], prefix: str) -> dict[str, str | dict[str, str]]:
    messages: dict[str, str | dict[str, str]] = {}
    for key, value in table.items():
        if isinstance(value, str):
            messages[prefix + key] = value
        elif isinstance(value, dict) and "other" in value and value.keys() <= PLURALS:
            messages[prefix + key] = {form: str(text) for form, text in value.items()}
        elif isinstance(value, dict):
            messages.update(_flat(value, f"{prefix}{key}."))
    return messages


MESSAGES = {language: _load(language) for language in LANGUAGES}
LOCALES = {language: Locale.parse(language) for language in LANGUAGES}


def preferred_language(accept_language: str) -> str:
    """The language of `LANGUAGES` that an Accept-Language header asks for first; Korean if it asks for none."""
    wishes: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _, quality = part.partition(";q=")
        try:
            wishes.append((-float(quality or 1), tag.strip()))
        except ValueError:
            continue
    wishes.sort(key=lambda wish: wish[0])
    return negotiate_locale([tag for _, tag in wishes], LANGUAGES, sep="-") or LANGUAGES[0]


class Reader(msgspec.Struct, frozen=True):
    """Who reads: language "ko" or "en", the city's time zone, and the moment of the request (microseconds UTC)."""

    language: str
    zone: ZoneInfo
    now: int

    def t(self, key: str, **values: object) -> str:
        """The message, with numbers among the values in the reader's form. KeyError for an unknown key is a bug."""
        message = MESSAGES[self.language][key]
        if isinstance(message, dict):
            count = values["count"]
            assert isinstance(count, (int, float)), key
            message = message.get(LOCALES[self.language].plural_form(count), message["other"])
        shown = {
            name: self.number(value) if isinstance(value, (int, float)) else value
            for name, value in values.items()
        }
        return message.format(**shown)

    def known(self, key: str) -> str:
        """The message, or "" where there is none: for what comes from outside."""
        message = MESSAGES[self.language].get(key, "")
        return message if isinstance(message, str) else ""

    def number(self, value: float, decimals: int | None = None) -> str:
        """Grouped, with a true minus; without `decimals`, as many as a small number needs, at most four digits."""
        if decimals is None:
            decimals = _decimals(value)
        pattern = "#,##0" + ("." + "#" * decimals if decimals else "")
        return str(format_decimal(value, pattern, locale=LOCALES[self.language])).replace("-", "\u2212")

    def percent(self, share: float) -> str:
        """A share of 1 as whole per cent; never 100 unless it is whole, never 0 unless it is nothing."""
        whole = min(99, max(1, round(share * 100))) if 0 < share < 1 else round(share * 100)
        return f"{whole}%"

    def age(self, moment: int) -> str:
        """How long ago, tied; a date when that is easier to read. Mirrored in web-src/src/age.ts."""
        past = max(0, self.now - moment)
        if past < MINUTE:
            words = self.t("age.now")
        elif past < HOUR:
            words = self.t("age.minutes", count=past // MINUTE)
        elif past < DAY:
            words = self.t("age.hours", count=past // HOUR)
        elif past < AGE_IN_DAYS_MAX * DAY:
            words = self.t("age.day") if past < 2 * DAY else self.t("age.days", count=past // DAY)
        else:
            words = self.local(moment).strftime("%Y-%m-%d")
        return words.replace(" ", TIE)

    def local(self, moment: int) -> datetime:
        return datetime.fromtimestamp(moment / 1_000_000, UTC).astimezone(self.zone)

    def moment(self, moment: int, form: str = "moment") -> str:
        """A date and time. form: a key under `form.` of the messages: moment, second, day, clock, month, year ..."""
        local = self.local(moment)
        if form in ("moment", "day") and local.year != self.local(self.now).year:
            form += "-year"
        return format_datetime(local, self.t(f"form.{form}"), locale=LOCALES[self.language])


def _decimals(value: float) -> int:
    if value == int(value) or not math.isfinite(value):
        return 0
    return max(0, 3 - math.floor(math.log10(abs(value)))) if abs(value) < 1000 else 0


def tie(text: str) -> str:
    """The text without any place to break: for a number with its unit, an age, a date."""
    return text.replace(" ", TIE)


def join(parts: list[str]) -> str:
    """Parts of a source line with the separator tied to the word before it."""
    return f"{TIE}· ".join(part for part in parts if part)
