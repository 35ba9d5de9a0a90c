"""Which categories a description belongs to: three suggestions with the words that decided, or none where it is unsure.

Learnt from labels that people have confirmed: n-grams of up to three characters inside words, which fit Korean, where
endings and compounds vary, and a linear model on them. Where the categories have descriptions of their own, the model
learns from those as from one more label each, and how alike a text is to them (`search.py`) adds to its score, by as much
as is best for labels that were held out. Nothing is labelled silently: what is suggested waits for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import msgspec
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC

from madang.ecosystem.hints import Hint, Suggested, weightiest, words_of
from madang.ecosystem.search import Search
from madang.ecosystem.ties import Floats
from madang.errors import BadRequestData

_FOLDS: Final = 5
_STRICTNESS: Final = 0.5
_BINS: Final = 10
# What likeness to a category's description may add, beside scores that lie about 2 apart: the fewer labels, the more
_LIKENESS: Final = (0.0, 0.2, 0.4, 0.6, 0.8)
_PART: Final = 1000


class Bin(msgspec.Struct, frozen=True):
    """Of held-out descriptions, those of which the first suggestion leads by `margin` or more, up to the next bin's."""

    margin: float
    n: int
    right: float


class Classifier:
    """A model of some confirmed labels. confidence_min: below which it abstains. descriptions: of all categories (code), or
    of none.

    Raises BadRequestData where there are not two categories with two labelled texts each; one each where categories have
    descriptions.
    """

    def __init__(
        self,
        texts: Sequence[str],
        codes: Sequence[str],
        confidence_min: float = 0.5,
        descriptions: Mapping[str, str] | None = None,
    ) -> None:
        described = descriptions or {}
        counts = Counter(codes)
        kept = [place for place, code in enumerate(codes) if counts[code] > 1 or code in described]
        if len({codes[place] for place in kept}) < 2:
            raise BadRequestData(
                "There are too few labels to learn from: confirm at least two firms in each of two categories"
            )
        self.unlearnt = tuple(sorted(code for code, n in counts.items() if n == 1 and code not in described))
        self._confidence_min = confidence_min
        self._described = described
        self._search = Search(described)
        self._known = [texts[place] for place in kept], np.array([codes[place] for place in kept])
        self._model = _Model(*self._known, described, self._search)

    @cached_property
    def calibration(self) -> tuple[Bin, ...]:
        """How often the first suggestion is right, by how far it leads, from descriptions that were held out."""
        scored = [one.under(self.likeness) for one in self.held_out]
        return (
            _bins(
                np.concatenate([margins for margins, _ in scored]),
                np.concatenate([rights for _, rights in scored]),
            )
            if scored
            else ()
        )

    @property
    def codes(self) -> tuple[str, ...]:
        return self._model.codes

    def scores(self, texts: Sequence[str]) -> Floats:
        """Descriptions x codes; larger is likelier."""
        return self._model.scores(texts) + self.likeness * self._model.likeness(texts)

    def suggest(self, text: str, n: int = 3) -> Suggested:
        return self.suggest_all([text], n)[0]

    def suggest_all(self, texts: Sequence[str], n: int = 3) -> list[Suggested]:
        found = []
        for begin in range(0, len(texts), _PART):
            part = texts[begin : begin + _PART]
            words = sorted({word for text in part for word in words_of(text)})
            added = self._model.added(words) + self.likeness * self._model.likeness(words)
            weights = dict(zip(words, added, strict=True))
            found += [
                self._suggested(row, {word: weights[word] for word in words_of(text)}, n)
                if is_known
                else Suggested((), 0.0, abstains=True)
                for text, row, is_known in zip(part, self.scores(part), self._model.knows(part), strict=True)
            ]
        return found

    @cached_property
    def held_out(self) -> tuple[HeldOut, ...]:
        texts, labels = self._known
        found = []
        for learnt, held in KFold(min(_FOLDS, len(texts)), shuffle=True, random_state=0).split(texts):
            if len(set(labels[learnt])) > 1:
                model = _Model(
                    [texts[place] for place in learnt], labels[learnt], self._described, self._search
                )
                some = [texts[place] for place in held]
                found.append(HeldOut(model.codes, labels[held], model.scores(some), model.likeness(some)))
        return tuple(found)

    @cached_property
    def likeness(self) -> float:
        """What does best for held-out descriptions; nothing where categories have none."""
        if not self._described:
            return 0.0
        return max(
            _LIKENESS, key=lambda weight: sum(int(one.under(weight)[1].sum()) for one in self.held_out)
        )

    def _suggested(self, scores: Floats, weights: Mapping[str, Floats], n: int) -> Suggested:
        """weights: of each word of the text, what it adds for each category."""
        order = np.argsort(-scores, kind="stable")[: max(n, 2)]
        confidence = self._confidence(float(scores[order[0]] - scores[order[1]]))
        hints = tuple(
            [
                Hint(
                    self.codes[place],
                    float(scores[place]),
                    weightiest({word: float(weight[place]) for word, weight in weights.items()}),
                )
                for place in order[:n]
            ]
        )
        return Suggested(hints, confidence, confidence < self._confidence_min)

    def _confidence(self, margin: float) -> float:
        below = [one for one in self.calibration if one.margin <= margin]
        return below[-1].right if below else (self.calibration[0].right if self.calibration else 0.0)


class HeldOut(msgspec.Struct, frozen=True):
    """Descriptions from which a model did not learn, and what it says of them. scores, likeness: descriptions x codes."""

    codes: tuple[str, ...]
    labels: np.ndarray
    scores: Floats
    likeness: Floats

    def under(self, weight: float) -> tuple[Floats, np.ndarray]:
        """(by how much the first suggestion leads; whether it is right), if likeness counts as much."""
        scores = self.scores + weight * self.likeness
        ordered = np.sort(scores, axis=1)
        rights = np.array(self.codes)[scores.argmax(axis=1)] == self.labels
        return ordered[:, -1] - ordered[:, -2], rights


class _Model:
    """The linear model, and how alike texts are to the categories' descriptions."""

    def __init__(
        self, texts: Sequence[str], labels: np.ndarray, described: Mapping[str, str], search: Search
    ) -> None:
        self._vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True)
        self._svm = LinearSVC(C=_STRICTNESS, random_state=0)
        features = self._vectorizer.fit_transform([*texts, *described.values()])
        self._svm.fit(features, [*labels.tolist(), *described])
        self.codes: tuple[str, ...] = tuple(self._svm.classes_.tolist())
        names = self._vectorizer.get_feature_names_out()
        self._telling = [place for place, name in enumerate(names) if len(name.strip()) > 1]
        self._search = search
        places = {code: place for place, code in enumerate(self._search.codes)}
        self._columns = [places.get(code, -1) for code in self.codes]

    def knows(self, texts: Sequence[str]) -> np.ndarray:
        """Which of them have more in common with what was learnt than single characters."""
        return np.asarray(self._vectorizer.transform(texts)[:, self._telling].getnnz(axis=1)) > 0

    def scores(self, texts: Sequence[str]) -> Floats:
        """Texts x codes."""
        return _two_sided(self._svm.decision_function(self._vectorizer.transform(texts)))

    def added(self, words: Sequence[str]) -> Floats:
        """Words x codes: what each adds to the score of a text."""
        if not words:
            return np.zeros((0, len(self.codes)))
        return _two_sided(self._vectorizer.transform(words) @ self._svm.coef_.T)

    def likeness(self, texts: Sequence[str]) -> Floats:
        """Texts x codes: 1.0 for the description that is most like the text, 0.0 where nothing is in common."""
        if not self._search.codes or not texts:
            return np.zeros((len(texts), len(self.codes)))
        found = np.array([self._search.scores(text) for text in texts])
        most = found.max(axis=1, keepdims=True)
        parts = np.divide(found, most, out=np.zeros_like(found), where=most > 0)
        # Categories without a description are like nothing
        return np.column_stack((parts, np.zeros(len(texts))))[:, self._columns]


def _two_sided(scores: np.ndarray) -> Floats:
    """Texts x codes also where there are two, of which the model tells one number."""
    if scores.ndim == 1 or scores.shape[1] == 1:
        one = scores.reshape(-1)
        return np.column_stack((-one, one))
    return scores


def _bins(margin: Floats, right: np.ndarray) -> tuple[Bin, ...]:
    """Confidence does not fall where the lead grows: neighbouring bins that say otherwise are one."""
    order = np.argsort(margin, kind="stable")
    bins: list[Bin] = []
    for some in np.array_split(order, min(_BINS, len(order))):
        bins.append(Bin(float(margin[some[0]]), len(some), float(right[some].mean())))
        while len(bins) > 1 and bins[-2].right > bins[-1].right:
            last, before = bins.pop(), bins.pop()
            n = before.n + last.n
            bins.append(Bin(before.margin, n, (before.right * before.n + last.right * last.n) / n))
    return tuple(bins)
