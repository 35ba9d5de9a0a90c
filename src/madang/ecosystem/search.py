"""Categories by their own descriptions, where nobody has labelled anything yet: BM25 over pairs of characters in words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from madang.ecosystem.hints import Hint, Suggested, weightiest, words_of
from madang.ecosystem.ties import Floats

_SATURATION: Final = 1.5
_LENGTH: Final = 0.75
_WORD: Final = re.compile(r"\w+")


class Search:
    """descriptions: of each category (code), all that is known of it in one text."""

    def __init__(self, descriptions: Mapping[str, str]) -> None:
        self.codes = tuple(descriptions)
        counted = [Counter(_pairs(text)) for text in descriptions.values()]
        self._lengths = np.array([max(1, counts.total()) for counts in counted])
        self._found: dict[str, list[tuple[int, int]]] = {}
        for place, counts in enumerate(counted):
            for pair, n in counts.items():
                self._found.setdefault(pair, []).append((place, n))

    def scores(self, text: str) -> Floats:
        """Of each category; 0.0 where nothing is in common."""
        scores = np.zeros(len(self.codes))
        for pair in set(_pairs(text)):
            self._add(pair, scores)
        return scores

    def suggest(self, text: str, n: int = 3) -> Suggested:
        """Its confidence is not known, so it abstains: these are hints for whoever labels."""
        scores = self.scores(text)
        order = np.argsort(-scores, kind="stable")[:n]
        words = words_of(text)
        by_word = {word: self.scores(word) for word in words}
        found = [
            Hint(
                self.codes[place],
                float(scores[place]),
                weightiest(words, lambda word, at=place: float(by_word[word][at])),  # type: ignore[misc]  # bound at once
            )
            for place in order
            if scores[place] > 0
        ]
        return Suggested(tuple(found), 0.0, abstains=True)

    def suggest_all(self, texts: Sequence[str], n: int = 3) -> list[Suggested]:
        return [self.suggest(text, n) for text in texts]

    def _add(self, pair: str, scores: Floats) -> None:
        there = self._found.get(pair, [])
        rarity = math.log(1 + (len(self.codes) - len(there) + 0.5) / (len(there) + 0.5))
        mean = self._lengths.mean()
        for place, n in there:
            length = 1 - _LENGTH + _LENGTH * self._lengths[place] / mean
            scores[place] += rarity * n * (_SATURATION + 1) / (n + _SATURATION * length)


def _pairs(text: str) -> list[str]:
    return [word[at : at + 2] for word in _WORD.findall(text.lower()) for at in range(len(word) - 1)]
