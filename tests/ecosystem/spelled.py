"""Organisations made up by a seed, and how tables spell them: with other legal forms, spaces, letters and scripts, and with
others beside them that are only alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from madang.business_numbers import check_digit
from madang.ecosystem.names import in_latin
from madang.ecosystem.resolution import Entry

# fmt: off
_SYLLABLES: Final = tuple(
    "가나다라마바사아자하누두루무부수우주고노도로모보소오조호미비시리기은한산선솔담람온울빛별늘샘들새결참해달강란진현성영윤채휘율빈슬찬"
)
_WORDS: Final = (
    ("테크", "Tech"), ("소프트", "Soft"), ("시스템", "System"), ("네트웍스", "Networks"), ("솔루션", "Solution"), ("랩스", "Labs"),
    ("바이오", "Bio"), ("에너지", "Energy"), ("모빌리티", "Mobility"), ("데이터", "Data"), ("로보틱스", "Robotics"),
    ("전자", "Electronics"), ("건설", "Construction"), ("엔지니어링", "Engineering"), ("커뮤니케이션", "Communication"),
    ("디자인", "Design"), ("정보통신", "Information & Communications"), ("산업", "Industries"), ("물류", "Logistics"), ("환경", "Environment"),
)
_LETTERS: Final = (("에스케이", "SK"), ("엘지", "LG"), ("케이티", "KT"), ("제이엔", "JN"), ("디앤", "D&"), ("씨제이", "CJ"), ("티엠", "TM"), ("에이치에스", "HS"))
_REGIONS: Final = ("서울", "부산", "대구", "인천", "광주", "대전", "경기", "강원", "전북", "경남")
_CLOSE: Final = {"가": "카", "나": "라", "다": "타", "테": "태", "소": "쏘", "네": "내", "데": "대", "시": "씨", "오": "우", "에": "애"}
_LOOSE: Final = (("eo", "u"), ("eu", "u"), ("g", "k"), ("oo", "u"), ("j", "z"), ("r", "l"), ("ae", "e"))
# fmt: on


class Firm(msgspec.Struct, frozen=True):
    stem: str
    word: tuple[str, str]
    letters: str
    number: str
    region: str
    founded: int
    form: int

    @property
    def ko(self) -> str:
        return self.stem + self.word[0]

    @property
    def en(self) -> str:
        return f"{self.letters or in_latin(self.stem).capitalize()} {self.word[1]}"


class Spelled(msgspec.Struct, frozen=True):
    """truth: of each entry the firm that it is. style: how it is spelled, "register" for the first of each firm."""

    entries: tuple[Entry, ...]
    truth: tuple[int, ...]
    style: tuple[str, ...]

    @property
    def pairs(self) -> set[tuple[int, int]]:
        """Entries that are one firm, the lower place first."""
        by_firm: dict[int, list[int]] = {}
        for place, firm in enumerate(self.truth):
            by_firm.setdefault(firm, []).append(place)
        return {(a, b) for some in by_firm.values() for n, a in enumerate(some) for b in some[n + 1 :]}


def spelled(seed: int, firms: int, again: float = 0.5) -> Spelled:
    """again: how many of the firms are spelled another time, by part; of these, every third a third time."""
    random = np.random.default_rng(seed)
    some = _firms(random, firms)
    entries: list[Entry] = []
    truth: list[int] = []
    styles: list[str] = []
    for place, firm in enumerate(some):
        entries.append(_registered(firm, place, random))
        truth.append(place)
        styles.append("register")
        times = int(random.random() < again) * (1 + int(random.random() < 0.33))
        for _ in range(times):
            style = str(random.choice(list(STYLES if not firm.letters else {**STYLES, "letters": _letters})))
            name = _letters(firm, random) if style == "letters" else STYLES[style](firm, random)
            entries.append(_mentioned(firm, name, len(entries), random))
            truth.append(place)
            styles.append(style)
    return Spelled(tuple(entries), tuple(truth), tuple(styles))


def _firms(random: np.random.Generator, count: int) -> list[Firm]:
    """Most names are one firm's only; one in twenty is that of another firm too, elsewhere."""
    found: list[Firm] = []
    taken: set[str] = set()
    while len(found) < count:
        if found and random.random() < 0.05:
            twin = found[int(random.integers(len(found)))]
            region = str(random.choice([one for one in _REGIONS if one != twin.region]))
            found.append(_firm(random, twin.stem, twin.letters, twin.word, region))
            continue
        letters = ""
        if random.random() < 0.1:
            stem, letters = _LETTERS[int(random.integers(len(_LETTERS)))]
        else:
            stem = "".join(random.choice(_SYLLABLES, size=int(random.choice((2, 2, 3)))))
        word = _WORDS[int(random.integers(len(_WORDS)))]
        if letters:
            extra = str(random.choice(_SYLLABLES)) + str(random.choice(_SYLLABLES))
            stem, letters = stem + extra, letters + in_latin(extra)
        if stem + word[0] not in taken:
            taken.add(stem + word[0])
            found.append(_firm(random, stem, letters, word, str(random.choice(_REGIONS))))
    return found


def _firm(random: np.random.Generator, stem: str, letters: str, word: tuple[str, str], region: str) -> Firm:
    nine = "".join(map(str, random.integers(1, 10, size=9)))
    founded, form = int(random.integers(1985, 2025)), int(random.random() < 0.1)
    return Firm(stem, word, letters, nine + check_digit(nine), region, founded, form)


def _registered(firm: Firm, place: int, random: np.random.Generator) -> Entry:
    form = ("주식회사", "유한회사")[firm.form]
    return Entry(
        id=f"urn:ngsi-ld:Organization:c:register:{place}",
        names=(f"{form} {firm.ko}", f"{firm.en} Co., Ltd.")
        if random.random() < 0.6
        else (f"{form} {firm.ko}",),
        number=firm.number if random.random() < 0.8 else "",
        region=firm.region,
        founded=firm.founded,
        source="register",
    )


def _mentioned(firm: Firm, name: str, place: int, random: np.random.Generator) -> Entry:
    return Entry(
        id=f"urn:ngsi-ld:Organization:c:ties:{place}",
        names=(name,),
        number=firm.number if random.random() < 0.25 else "",
        region=firm.region if random.random() < 0.4 else "",
        source="ties",
    )


def _marked(firm: Firm, random: np.random.Generator) -> str:
    mark = (("(주)", "㈜", "주식회사 "), ("(유)", "유한회사 ", "유한회사 "))[firm.form][
        int(random.integers(3))
    ]
    return (
        f"{mark}{firm.ko}"
        if random.random() < 0.5
        else f"{firm.ko}{mark if mark[-1] != ' ' else ' ' + mark[:-1]}"
    )


def _bare(firm: Firm, random: np.random.Generator) -> str:
    del random
    return firm.ko


def _spaced(firm: Firm, random: np.random.Generator) -> str:
    return f"{'㈜ ' if random.random() < 0.5 and not firm.form else ''}{firm.stem} {firm.word[0]}"


def _english(firm: Firm, random: np.random.Generator) -> str:
    ends = (" Co., Ltd.", " Inc.", ", INC", " Corporation", "", " CO.,LTD")
    name = firm.en + ends[int(random.integers(len(ends)))]
    return name.upper() if random.random() < 0.3 else name


def _loosely(firm: Firm, random: np.random.Generator) -> str:
    """Romanised as its founders like it."""
    name = firm.en.lower()
    for one, other in _LOOSE:
        if one in name and random.random() < 0.5:
            name = name.replace(one, other, 1)
    return name.title() + " Co., Ltd."


def _both(firm: Firm, random: np.random.Generator) -> str:
    del random
    return f"{firm.ko}({firm.en})"


def _mistyped(firm: Firm, random: np.random.Generator) -> str:
    """One letter wrong, missing or twice."""
    name = firm.ko
    close = [at for at, letter in enumerate(name) if letter in _CLOSE]
    if close and random.random() < 0.7:
        at = int(random.choice(close))
        return name[:at] + _CLOSE[name[at]] + name[at + 1 :]
    at = int(random.integers(1, len(name)))
    return name[:at] + (name[at] * 2 if random.random() < 0.5 else "") + name[at + 1 :]


def _letters(firm: Firm, random: np.random.Generator) -> str:
    """Letters as letters: "SK" for 에스케이."""
    del random
    extra = firm.stem[-2:]
    return f"㈜{firm.letters[: -len(in_latin(extra))]}{extra}{firm.word[0]}"


STYLES: Final[dict[str, Callable[[Firm, np.random.Generator], str]]] = {
    "legal form": _marked,
    "name alone": _bare,
    "spaces": _spaced,
    "English": _english,
    "English, romanised otherwise": _loosely,
    "both": _both,
    "mistyped": _mistyped,
}
