"""Who might fit whom: suggestions of partners, with reasons, under constraints and a cap on exposure.

Nearness in the network, words in common and classes in common each rank all others; the ranks are weighed together.
Nothing about a person's sex, age, birthplace, family or picture has a place here: an organisation is its ties, its text and
its classes. Those who did something together already are not suggested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from madang.ecosystem.ties import Floats, Integers, Ties
from madang.ecosystem.walks import Walks

_TOGETHER: Final = 256
_REASONS_MAX: Final = 3

# Where nothing else tells two apart, who does more comes first
_PRIOR: Final = 1e-6

# Of an organisation's place: True for those that must not be suggested to it
Excluded = Callable[[int], NDArray[np.bool_]]


class Weights(msgspec.Struct, frozen=True):
    """network, text, classes: how much each counts. way_back: how much the suggested one's side counts (`Walks.towards`).
    reach: of words and classes in common, the power of the suggested one's activities: 0 for no matter how active.

    exposure_max: how often one is suggested at most, times what each would be if all were equally often; None for no cap.
    """

    network: float = 1.0
    text: float = 0.1
    classes: float = 0.1
    way_back: float = 0.0
    reach: float = 0.5
    exposure_max: float | None = None


class Reasons(msgspec.Struct, frozen=True):
    """partners: places of those who worked with both, the strongest first. words: in both descriptions, the weightiest
    first. classes: that both have."""

    partners: tuple[int, ...]
    words: tuple[str, ...]
    classes: tuple[str, ...]


class Match(msgspec.Struct, frozen=True):
    """place: of the suggested organisation. score: only to be compared with others for the same one."""

    place: int
    score: float


class Matcher:
    """texts, classes: of each organisation in the order of the ties; may be empty."""

    def __init__(
        self,
        ties: Ties,
        texts: Sequence[str] = (),
        classes: Sequence[frozenset[str]] = (),
        weights: Weights = Weights(),  # noqa: B008 frozen
    ) -> None:
        self.n = len(ties.organisations)
        self.weights = weights
        self.walks = Walks(ties)
        self._classes = classes
        self._names: Sequence[str] = ()
        self._words: sparse.csr_array | None = None
        if any(texts):
            vectorizer = TfidfVectorizer(sublinear_tf=True)
            self._words = sparse.csr_array(vectorizer.fit_transform(texts))
            self._names = vectorizer.get_feature_names_out().tolist()
        self._membership = _membership(classes) if any(classes) else None

    def scores(self, places: Integers) -> Floats:
        """places x organisations; -inf for the organisation itself and those that it has met."""
        weights, counts = self.weights, np.maximum(self.walks.counts, 1)
        reach = counts**weights.reach
        total = weights.network * _scaled(self.walks.towards(places, weights.way_back), places)
        if self._words is not None and weights.text:
            common = (self._words[places] @ self._words.T).toarray()
            total += weights.text * _scaled(common * reach, places)
        if self._membership is not None and weights.classes:
            common = (self._membership[places] @ self._membership.T).toarray()
            total += weights.classes * _scaled(common * reach, places)
        total += _PRIOR * counts / counts.max()
        for row, place in enumerate(places.tolist()):
            total[row, self.walks.met(place)] = -np.inf
            total[row, place] = -np.inf
        return total

    def suggest(self, place: int, n: int = 10, excluded: Excluded | None = None) -> list[Match]:
        """The best for one organisation. excluded: hard constraints."""
        scores = self.scores(np.array([place]))[0]
        if excluded is not None:
            scores[excluded(place)] = -np.inf
        return _best(scores, n)

    def suggest_all(
        self, places: Integers, n: int = 10, excluded: Excluded | None = None
    ) -> Iterator[tuple[int, list[Match]]]:
        """For each of the places, in an order at random but always the same; the cap on exposure counts over all."""
        if not len(places):
            return
        cap = self.weights.exposure_max
        room = np.full(self.n, np.inf if cap is None else max(1.0, cap * n * len(places) / self.n))
        order = np.random.default_rng(0).permutation(places)
        for start in range(0, len(order), _TOGETHER):
            some = order[start : start + _TOGETHER]
            for place, scores in zip(some.tolist(), self.scores(some), strict=True):
                if excluded is not None:
                    scores[excluded(place)] = -np.inf
                scores[room < 1] = -np.inf
                found = _best(scores, n)
                room[[one.place for one in found]] -= 1
                yield place, found

    def reasons(self, place: int, other: int) -> Reasons:
        """Why they might fit: all may be empty, where only distant ways join them."""
        partners = [partner for partner, _ in self.walks.between(place, other)]
        words: tuple[str, ...] = ()
        if self._words is not None:
            both = (self._words[[place]] * self._words[[other]]).toarray().ravel()
            order = np.argsort(-both, kind="stable")[:_REASONS_MAX]
            words = tuple([self._names[one] for one in order if both[one] > 0])
        shared = sorted(self._classes[place] & self._classes[other]) if self._classes else []
        return Reasons(tuple(partners[:_REASONS_MAX]), words, tuple(shared))


def _best(scores: Floats, n: int) -> list[Match]:
    """Draws in order of the places."""
    some = np.argpartition(-scores, min(n, len(scores) - 1))[:n]
    order = some[np.lexsort((some, -scores[some]))]
    return [Match(int(place), float(scores[place])) for place in order if np.isfinite(scores[place])]


def _scaled(scores: Floats, places: Integers) -> Floats:
    """Each row as parts of its largest, those of the organisations themselves not counted."""
    others = scores.copy()
    others[np.arange(len(places)), places] = 0.0
    top = others.max(axis=1, keepdims=True)
    return others / np.where(top > 0, top, 1.0)


def _membership(classes: Sequence[frozenset[str]]) -> sparse.csr_array:
    """Organisations x classes, each row of length one."""
    numbers = {name: place for place, name in enumerate(sorted(set().union(*classes)))}
    rows = [place for place, names in enumerate(classes) for _ in names]
    columns = [numbers[name] for names in classes for name in sorted(names)]
    entries = [1 / np.sqrt(len(names)) for names in classes for _ in names]
    return sparse.csr_array((entries, (rows, columns)), (len(classes), len(numbers)))
