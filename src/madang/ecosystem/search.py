"""Categories by their own descriptions, where nobody has labelled anything yet: BM25 over pairs of characters in words."""

from __future__ import annotations

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
        self._rows = {
            pair: row for row, pair in enumerate(dict.fromkeys(pair for one in counted for pair in one))
        }
        # Pairs of characters x codes: what each adds
        self._weights = np.zeros((len(self._rows), len(self.codes)))
        for place, counts in enumerate(counted):
            for pair, n in counts.items():
                self._weights[self._rows[pair], place] = n
        lengths = np.maximum(1, self._weights.sum(axis=0))
        there = (self._weights > 0).sum(axis=1, keepdims=True)
        rarity = np.log(1 + (len(self.codes) - there + 0.5) / (there + 0.5))
        damping = _SATURATION * (1 - _LENGTH + _LENGTH * lengths / lengths.mean()) if self.codes else 1.0
        self._weights *= rarity * (_SATURATION + 1) / (self._weights + damping)

    def scores(self, text: str) -> Floats:
        """Of each category; 0.0 where nothing is in common."""
        rows = [self._rows[pair] for pair in set(_pairs(text)) if pair in self._rows]
        found: Floats = self._weights[rows].sum(axis=0)
        return found

    def suggest(self, text: str, n: int = 3) -> Suggested:
        """Its confidence is not known, so it abstains: these are hints for whoever labels."""
        scores = self.scores(text)
        order = np.argsort(-scores, kind="stable")[:n]
        by_word = {word: self.scores(word) for word in words_of(text)}
        found = [
            Hint(
                self.codes[place],
                float(scores[place]),
                weightiest({word: float(added[place]) for word, added in by_word.items()}),
            )
            for place in order
            if scores[place] > 0
        ]
        return Suggested(tuple(found), 0.0, abstains=True)

    def suggest_all(self, texts: Sequence[str], n: int = 3) -> list[Suggested]:
        return [self.suggest(text, n) for text in texts]


def _pairs(text: str) -> list[str]:
    return [word[at : at + 2] for word in _WORD.findall(text.lower()) for at in range(len(word) - 1)]
