"""How the values of an attribute become colours: seven steps for amounts, at most seven kinds for codes.

Steps follow the attribute's grades where the vocabulary has any, so that a colour means the same today and
tomorrow; otherwise they are round numbers between the values that are there.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from madang import vocabulary
from madang.i18n import Reader
from madang.vocabulary import Grade, ValueKind

STEPS = 7
KINDS_MAX = 7
SPREAD = (0.02, 0.98)  # a few far values do not take the colours from the rest


class Scale(msgspec.Struct, frozen=True):
    """kind: "steps" or "categories". breaks: upper end of every step but the last. texts: legend, one per colour.

    codes: the codes in the order of their numbers. tones: of each code, the number of its colour, from 1.
    """

    kind: str
    breaks: tuple[float, ...]
    texts: tuple[str, ...]
    codes: tuple[str, ...] = ()
    tones: tuple[int, ...] = ()


class Collected:
    """The values of one attribute as an answer is written. Codes are numbered as they come."""

    def __init__(self, iri: str) -> None:
        self.iri = iri
        term = vocabulary.attribute(iri)
        self._coded = term is not None and term.kind is ValueKind.CODE
        self._numbers: list[float] = []
        self._codes: dict[str, int] = {}
        self._seen: Counter[int] = Counter()

    def take(self, value: Any) -> float | None:
        """What the row carries: the number itself, or the number of the code."""
        if isinstance(value, bool) or value is None:
            return None
        if not self._coded and isinstance(value, (int, float)):
            self._numbers.append(value)
            return value
        if isinstance(value, (str, int)):
            number = self._codes.setdefault(str(value), len(self._codes))
            self._seen[number] += 1
            return number
        return None

    def scale(self, reader: Reader) -> Scale | None:
        """None where there is nothing to tell apart."""
        if self._codes:
            return self._categories(reader)
        term = vocabulary.attribute(self.iri)
        breaks = grade_breaks(term.grades) if term and term.grades else round_breaks(self._numbers)
        if not breaks:
            return None
        # A year is not grouped: the vocabulary gives it no unit and no decimals
        year = term is not None and term.unit == "" and term.decimals == 0
        texts = [str(int(end)) if year else reader.number(end) for end in breaks]
        return Scale("steps", breaks, (*texts, "+"))

    def _categories(self, reader: Reader) -> Scale:
        """The most frequent codes have a colour each, all others one together."""
        codes = tuple(self._codes)
        order = [number for number, _ in self._seen.most_common()]
        texts = [
            vocabulary.value_label(self.iri, codes[number], reader.language) for number in order[:KINDS_MAX]
        ]
        if len(codes) > KINDS_MAX:
            texts[-1] = reader.t("legend.other")
        tone = {number: min(place + 1, KINDS_MAX) for place, number in enumerate(order)}
        return Scale(
            "categories", (), tuple(texts), codes, tuple(tone[number] for number in range(len(codes)))
        )


def grade_breaks(grades: Sequence[Grade]) -> tuple[float, ...]:
    """The ends of the grades with the middle of each between them: four grades make seven steps."""
    ends = [grade.to for grade in grades if grade.to is not None]
    breaks: list[float] = []
    last = 0.0
    for end in ends:
        breaks += [tidy((last + end) / 2), end]
        last = end
    return tuple(breaks[: STEPS - 1])


def round_breaks(values: Sequence[float]) -> tuple[float, ...]:
    """Six round numbers that divide the values; fewer where there are few different ones."""
    found = sorted(values)
    if not found or found[0] == found[-1]:
        return ()
    different = sorted(set(found))
    if len(different) <= STEPS:
        return tuple(different[:-1])
    low, high = (found[min(len(found) - 1, int(share * len(found)))] for share in SPREAD)
    if low == high:
        low, high = found[0], found[-1]
    if low >= 0 and high / max(low, 1e-9) > 200:
        return quantile_breaks(found)
    rough = (high - low) / (STEPS - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((factor * power for factor in (1, 2, 2.5, 5, 10)), key=lambda size: abs(size - rough))
    start = math.ceil(low / step + 0.25) * step
    return tuple(tidy(start + index * step) for index in range(STEPS - 1))


def quantile_breaks(found: Sequence[float]) -> tuple[float, ...]:
    """For very uneven values: as many things in each step, ends rounded to two digits."""
    ends = {tidy(found[len(found) * index // STEPS], 2) for index in range(1, STEPS)}
    return tuple(sorted(end for end in ends if end < found[-1]))


def tidy(value: float, digits: int = 6) -> float:
    """Without the noise of binary fractions; a whole number where it is one."""
    if value == 0:
        return 0
    rounded = round(value, digits - 1 - math.floor(math.log10(abs(value))))
    return int(rounded) if rounded == int(rounded) else rounded
