"""What a text suggests about whoever it describes: categories with the words that decided. A person confirms them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

_WORD: Final = re.compile(r"\w+")
_WORDS_SHOWN: Final = 3


class Hint(msgspec.Struct, frozen=True):
    """words: of the description, those that spoke most for the category, first the weightiest; may be none."""

    code: str
    score: float
    words: tuple[str, ...] = ()


class Suggested(msgspec.Struct, frozen=True):
    """hints: the best first. confidence: how often the first is right where it leads by as much, on descriptions that were
    held out; 0.0 where that is not known. abstains: whether that is too little to be more than a hint."""

    hints: tuple[Hint, ...]
    confidence: float
    abstains: bool


def words_of(text: str) -> list[str]:
    """Each once, in order."""
    return list(dict.fromkeys(_WORD.findall(text)))


def weightiest(weights: Mapping[str, float]) -> tuple[str, ...]:
    """The few words that weigh most, first the weightiest; none that weighs nothing."""
    ranked = sorted(weights, key=lambda word: -weights[word])[:_WORDS_SHOWN]
    return tuple([word for word in ranked if weights[word] > 0])
