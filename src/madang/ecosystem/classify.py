"""Which categories a description belongs to: three suggestions with the words that decided, or none where it is unsure.

Learnt from labels that people have confirmed: n-grams of up to three characters inside words, which fit Korean, where
endings and compounds vary, and a linear model on them. Where there are no labels yet, descriptions of the categories are
searched (`search.py`). Nothing is labelled silently: what is suggested waits for a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Final

import msgspec
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC

from madang.ecosystem.ties import Floats
from madang.errors import BadRequestData

_FOLDS: Final = 5
_STRICTNESS: Final = 0.5
_BINS: Final = 10
_WORDS_SHOWN: Final = 3
_WORD: Final = re.compile(r"\w+")


class Suggestion(msgspec.Struct, frozen=True):
    """words: of the description, those that spoke most for the category, first the weightiest; may be none."""

    code: str
    score: float
    words: tuple[str, ...] = ()


class Suggested(msgspec.Struct, frozen=True):
    """suggestions: the best first. confidence: how often the first is right where it leads by as much, on descriptions
    that were held out; 0.0 where that is not known. abstains: whether that is too little to be more than a hint."""

    suggestions: tuple[Suggestion, ...]
    confidence: float
    abstains: bool


class Bin(msgspec.Struct, frozen=True):
    """Of held-out descriptions, those of which the first suggestion leads by `margin` or more, up to the next bin's."""

    margin: float
    n: int
    right: float


class Classifier:
    """A model of some confirmed labels. confidence_min: below which it abstains.

    Raises BadRequestData where there are not two categories with two descriptions each.
    """

    def __init__(self, texts: Sequence[str], codes: Sequence[str], confidence_min: float = 0.5) -> None:
        counts = Counter(codes)
        kept = [place for place, code in enumerate(codes) if counts[code] > 1]
        if len({codes[place] for place in kept}) < 2:
            raise BadRequestData(
                "There are too few labels to learn from: confirm at least two firms in each of two categories"
            )
        self.unlearnt = tuple(sorted(code for code, n in counts.items() if n == 1))
        self._confidence_min = confidence_min
        known, labels = [texts[place] for place in kept], np.array([codes[place] for place in kept])
        self._known = known, labels
        self._vectorizer, self._model = _fitted(known, labels)

    @cached_property
    def calibration(self) -> tuple[Bin, ...]:
        return _calibration(*self._known)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self._model.classes_.tolist())

    def scores(self, texts: Sequence[str]) -> Floats:
        """Descriptions x codes; larger is likelier."""
        return _scores(self._model, self._vectorizer.transform(texts))

    def suggest(self, text: str, n: int = 3) -> Suggested:
        scores = self.scores([text])[0]
        order = np.argsort(-scores, kind="stable")[:n]
        confidence = self._confidence(float(scores[order[0]] - scores[order[1]]))
        if not self._vectorizer.transform([text]).nnz:
            return Suggested((), 0.0, abstains=True)
        found = [
            Suggestion(str(self._model.classes_[place]), float(scores[place]), self._words(text, int(place)))
            for place in order
        ]
        return Suggested(tuple(found), confidence, confidence < self._confidence_min)

    def _confidence(self, margin: float) -> float:
        below = [one for one in self.calibration if one.margin <= margin]
        return below[-1].right if below else (self.calibration[0].right if self.calibration else 0.0)

    def _words(self, text: str, place: int) -> tuple[str, ...]:
        """The words whose n-grams add most to the score of a category."""
        words = list(dict.fromkeys(_WORD.findall(text)))
        if not words:
            return ()
        weights = self._model.coef_[place if len(self.codes) > 2 else 0]
        sign = -1.0 if len(self.codes) == 2 and place == 0 else 1.0
        added = self._vectorizer.transform(words) @ weights * sign
        order = np.argsort(-added, kind="stable")[:_WORDS_SHOWN]
        return tuple([words[one] for one in order if added[one] > 0])


def _fitted(texts: Sequence[str], labels: np.ndarray) -> tuple[TfidfVectorizer, LinearSVC]:
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True)
    model = LinearSVC(C=_STRICTNESS, random_state=0)
    model.fit(vectorizer.fit_transform(texts), labels)
    return vectorizer, model


def _scores(model: LinearSVC, features: object) -> Floats:
    scores = np.asarray(model.decision_function(features))
    return np.column_stack((-scores, scores)) if scores.ndim == 1 else scores


def _calibration(texts: Sequence[str], labels: np.ndarray) -> tuple[Bin, ...]:
    """How often the first suggestion is right, by how far it leads, from descriptions that were held out.

    Confidence does not fall where the lead grows: neighbouring bins that say otherwise are one.
    """
    margins, rights = [], []
    for learnt, held in KFold(min(_FOLDS, len(texts)), shuffle=True, random_state=0).split(texts):
        if len(set(labels[learnt])) < 2:
            continue
        vectorizer, model = _fitted([texts[place] for place in learnt], labels[learnt])
        scores = _scores(model, vectorizer.transform([texts[place] for place in held]))
        ordered = np.sort(scores, axis=1)
        margins.append(ordered[:, -1] - ordered[:, -2])
        rights.append(model.classes_[scores.argmax(axis=1)] == labels[held])
    if not margins:
        return ()
    margin, right = np.concatenate(margins), np.concatenate(rights)
    order = np.argsort(margin, kind="stable")
    bins: list[Bin] = []
    for some in np.array_split(order, min(_BINS, len(order))):
        bins.append(Bin(float(margin[some[0]]), len(some), float(right[some].mean())))
        while len(bins) > 1 and bins[-2].right > bins[-1].right:
            last, before = bins.pop(), bins.pop()
            n = before.n + last.n
            bins.append(Bin(before.margin, n, (before.right * before.n + last.right * last.n) / n))
    return tuple(bins)
