"""Who might fit whom: suggestions of partners, with reasons, under constraints and a cap on exposure.

Nearness in the network, words in common and classes in common each rank all others; the ranks are weighed together.
Nothing about a person's sex, age, birthplace, family or picture has a place here: an organisation is its ties, its text and
its classes. Those who did something together already are not suggested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from madang.ecosystem.ties import Floats, Integers, Ties
from madang.ecosystem.walks import Walks, kept

_TOGETHER: Final = 64
_REASONS_MAX: Final = 3

# What so many write is no reason, nor are words like "and"; among few texts nobody can tell which those are
_COMMON_PART: Final = 0.3
_TEXTS_MANY: Final = 100

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
            common = _COMMON_PART if len(texts) >= _TEXTS_MANY else 1.0
            vectorizer = TfidfVectorizer(sublinear_tf=True, max_df=common, stop_words="english")
            # The library refuses texts of which no word is left; then words tell nobody apart
            with suppress(ValueError):
                self._words = sparse.csr_array(vectorizer.fit_transform(texts))
                self._names = vectorizer.get_feature_names_out().tolist()
        self._membership = _membership(classes) if any(classes) else None
        counts = np.maximum(self.walks.counts, 1)
        self._reach: Floats = counts**weights.reach
        self._prior: Floats = _PRIOR * counts / counts.max(initial=1)
        self._by_activity = np.argsort(-counts, kind="stable")

    def scores(self, places: Integers) -> Floats:
        """places x organisations; -inf for the organisation itself and those that it has met."""
        total: Floats = self._spoken_for(places).toarray() + self._prior
        for row, place in enumerate(places.tolist()):
            total[row, self.walks.met(place)] = -np.inf
            total[row, place] = -np.inf
        return total

    def suggest(self, place: int, n: int = 10, excluded: Excluded | None = None) -> list[Match]:
        """The best for one organisation. excluded: hard constraints."""
        return next(found for _, found in self._suggested(np.array([place]), n, excluded, None))

    def suggest_all(
        self, places: Integers, n: int = 10, excluded: Excluded | None = None
    ) -> Iterator[tuple[int, list[Match]]]:
        """For each of the places, in an order at random but always the same; the cap on exposure counts over all."""
        cap = self.weights.exposure_max
        room = None if cap is None else np.full(self.n, max(1.0, cap * n * len(places) / max(1, self.n)))
        return self._suggested(np.random.default_rng(0).permutation(places), n, excluded, room)

    def _suggested(
        self, places: Integers, n: int, excluded: Excluded | None, room: Floats | None
    ) -> Iterator[tuple[int, list[Match]]]:
        """room: how often each organisation may still be suggested, which this counts down; None for no cap."""
        for start in range(0, len(places), _TOGETHER):
            some = places[start : start + _TOGETHER]
            table = self._spoken_for(some)
            for row, place in enumerate(some.tolist()):
                those = slice(table.indptr[row], table.indptr[row + 1])
                barred = np.zeros(self.n, dtype=bool) if excluded is None else excluded(place).copy()
                barred[self.walks.met(place)] = True
                barred[place] = True
                if room is not None:
                    barred |= room < 1
                found = self._best(table.indices[those].astype(np.int64), table.data[those], barred, n)
                if room is not None:
                    room[[one.place for one in found]] -= 1
                yield place, found

    def _best(self, some: Integers, scores: Floats, barred: NDArray[np.bool_], n: int) -> list[Match]:
        """Of those for whom something speaks, and then of the others the most active; draws in order of the places."""
        free = ~barred[some]
        some, scores = some[free], scores[free] + self._prior[some[free]]
        if len(some) > n:
            least = np.partition(scores, len(scores) - n)[len(scores) - n]
            some, scores = some[scores >= least], scores[scores >= least]
        order = np.lexsort((some, -scores))[:n]
        found = [Match(int(some[one]), float(scores[one])) for one in order]
        if len(found) < n:
            barred[some] = True
            others = self._by_activity[~barred[self._by_activity]][: n - len(found)]
            found += [Match(int(one), float(self._prior[one])) for one in others]
        return found

    def _spoken_for(self, places: Integers) -> sparse.csr_array:
        """places x organisations: the weighted sum of what speaks for each, without entries where nothing does."""
        weights, parts = self.weights, []
        if weights.network:
            parts.append(weights.network * _scaled(self.walks.towards(places, weights.way_back), places))
        for table, weight in ((self._words, weights.text), (self._membership, weights.classes)):
            if table is not None and weight:
                common = sparse.csr_array(table[places] @ table.T)
                common.data *= self._reach[common.indices]
                parts.append(weight * _scaled(common, places))
        total = sparse.csr_array((len(places), self.n))
        for part in parts:
            total = sparse.csr_array(total + part)
        return total

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


def _scaled(table: sparse.csr_array, places: Integers) -> sparse.csr_array:
    """Each row as parts of its largest, without the organisations themselves."""
    rows = np.repeat(np.arange(len(places)), np.diff(table.indptr))
    others = kept(table, (table.indices != places[rows]) & (table.data > 0))
    lengths = np.diff(others.indptr)
    filled = lengths > 0
    top = np.maximum.reduceat(others.data, others.indptr[:-1][filled]) if filled.any() else np.ones(0)
    others.data /= np.repeat(top, lengths[filled])
    return others


def _membership(classes: Sequence[frozenset[str]]) -> sparse.csr_array:
    """Organisations x classes, each row of length one."""
    numbers = {name: place for place, name in enumerate(sorted(set().union(*classes)))}
    rows = [place for place, names in enumerate(classes) for _ in names]
    columns = [numbers[name] for names in classes for name in sorted(names)]
    entries = [1 / np.sqrt(len(names)) for names in classes for _ in names]
    return sparse.csr_array((entries, (rows, columns)), (len(classes), len(numbers)))
