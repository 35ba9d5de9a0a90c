"""The catalogues of messages, and words, numbers and times in the reader's form."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from madang.i18n import LANGUAGES, MESSAGES, TIE, Reader, preferred_language

PACKAGE = Path(__file__).parents[2] / "src" / "madang"
WEB, ECOSYSTEM = PACKAGE / "web", PACKAGE / "ecosystem"
ISLANDS = Path(__file__).parents[2] / "web-src" / "src"
NOW = 1_767_268_800_000_000  # 2026-01-01T21:00:00+09:00
MINUTE = 60_000_000

# Keys that are made of a prefix and something known only when the page is made
MADE = (
    r"form\..*",
    r"licence\..*",
    r"ecosystem\.report\..*",
    r"geometry\..*",
    r"range\..*",
    r"operator\..*",
    r"connector\..*",
    r"period\..*",
    r"data\.every-.*",
    r"deliveries\.done-.*",
    r"policies\.(action|day|done|duty-delete|of)-.*",
    r"policies\.(permit|prohibit)",
    r"why\.obstacle-.*",
    r"audit\.(chain|deed|mark|subject)\..*",
    r"accounts\.(done|tab)-.*",
    r"accounts\.(fault|permission|welcome)\..*",
    r"ecosystem\.(short|stage|core|lead|says|state|warning)\..*",
    r"ecosystem\.evidence\.[a-z_]+\.(label|note)",
    r"ecosystem\.(gaps\.(kinds|than)|activity\.uses)\..*",
    r"ecosystem\.reason\.[a-z-]+",
    r"ecosystem\.(scale\.(yes|no|unknown)|flows\.outside)",
    r"ecosystem-page\.(tab|format|data|running|will)\..*",
    r"administration\..*",
    r"type-words\.(runs|kind)\..*",
    r"persons\.(done|wish|cause|fault)-.*",
    r"persons\.gone\..*",
    r"review\.[a-z-]+\..*",
    r"ecosystem-(firms\.sort|compare\.done)\..*",
    r"ecosystem\.(role|position-meaning|network\.(cores|measures)|compare\.changes)\..*",
)
MADE_OF_PROBLEMS = (r"problem\.(missing|wrong|unknown|often|denied|busy|broken|fault)\..*",)


def reader(language: str) -> Reader:
    return Reader(language, ZoneInfo("Asia/Seoul"), NOW)


def placeholders(message: str | dict[str, str]) -> set[str]:
    texts = [message] if isinstance(message, str) else list(message.values())
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


def used_keys() -> set[str]:
    sources = [
        *WEB.rglob("*.py"),
        *ECOSYSTEM.rglob("*.py"),
        *WEB.glob("templates/*.html"),
        *ISLANDS.rglob("*.ts"),
    ]
    found: set[str] = set()
    for path in sources:
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"""\bt\(\s*["']([a-z0-9.-]+)["']""", text))
        found |= set(re.findall(r'"((?:client|ecosystem)\.[a-z.-]+)"', text))
        found |= set(re.findall(r"""t\("([a-z.-]+)" if \w+ else""", text))
    return found


def test_every_message_stands_in_both_languages() -> None:
    ours, theirs = (set(MESSAGES[language]) for language in LANGUAGES)
    assert ours == theirs, (
        f"only in Korean: {sorted(ours - theirs)}; only in English: {sorted(theirs - ours)}"
    )


@pytest.mark.parametrize("key", sorted(MESSAGES["en"]))
def test_placeholders_agree(key: str) -> None:
    korean, english = placeholders(MESSAGES["ko"][key]), placeholders(MESSAGES["en"][key])
    # A language may leave out what it does not need, never ask for what the other does not give
    assert korean <= english or english <= korean, f"{key}: {korean} in Korean, {english} in English"


def test_messages_that_pages_use_exist() -> None:
    missing = sorted(key for key in used_keys() if key not in MESSAGES["ko"] and not key.endswith("."))
    assert not missing, f"add to messages/*.toml: {missing}"


def test_no_message_is_left_over() -> None:
    made = re.compile("|".join((*MADE, *MADE_OF_PROBLEMS)))
    known = used_keys() | {"value.yes", "value.no"}
    unused = sorted(key for key in MESSAGES["ko"] if key not in known and not made.fullmatch(key))
    assert not unused, f"nobody says these any more: {unused}"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "ko"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en-GB,en;q=0.9", "en"),
        ("fr,de;q=0.9,en;q=0.5", "en"),
        ("fr", "ko"),
        ("en;q=0.2,ko;q=0.8", "ko"),
        ("en;q=nonsense", "ko"),
    ],
)
def test_the_browser_s_language(header: str, language: str) -> None:
    assert preferred_language(header) == language


@pytest.mark.parametrize(
    ("past", "korean", "english"),
    [
        (0, "방금", "just now"),
        (3 * MINUTE, "3분 전", "3 min ago"),
        (125 * MINUTE, "2시간 전", "2 h ago"),
        (26 * 60 * MINUTE, "1일 전", "1 day ago"),
        (4 * 24 * 60 * MINUTE, "4일 전", "4 days ago"),
        (90 * 24 * 60 * MINUTE, "2025-10-03", "2025-10-03"),
    ],
)
def test_ages(past: int, korean: str, english: str) -> None:
    assert reader("ko").age(NOW - past) == korean.replace(" ", TIE)
    assert reader("en").age(NOW - past) == english.replace(" ", TIE)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (23.0, None, "23"),
        (0.018, None, "0.018"),
        (12408, None, "12,408"),
        (-4.25, 1, "\u22124.2"),
        (7.44, 1, "7.4"),
        (1234.5, None, "1,234"),
    ],
)
def test_numbers(value: float, decimals: int | None, text: str) -> None:
    assert reader("ko").number(value, decimals) == text


def test_shares_are_whole_only_where_they_are() -> None:
    assert [reader("en").percent(share) for share in (0.0, 0.001, 0.5, 0.999, 1.0)] == [
        "0%",
        "1%",
        "50%",
        "99%",
        "100%",
    ]


def test_times_are_the_city_s() -> None:
    assert reader("ko").moment(NOW) == "1월 1일 21:00"
    assert reader("en").moment(NOW) == "1 Jan, 21:00"
    assert reader("ko").moment(NOW - 24 * 60 * MINUTE) == "2025년 12월 31일 21:00"


def test_counts_choose_their_form() -> None:
    assert reader("en").t("chart.values", count=1) == "1 value"
    assert reader("en").t("chart.values", count=1200) == "1,200 values"
    assert reader("ko").t("chart.values", count=1200) == "값 1,200개"
