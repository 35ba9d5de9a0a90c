"""Whether groups of core and periphery are more than chance: the q-s test of Kojaku and Masuda (2018).

The same search runs over networks at random with the same degrees (`nulls.py`); a group counts if its quality is high among those that
groups of its size reach there. Large groups reach more quality by chance alone, hence "of its size".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from scipy.special import ndtr

from madang.ecosystem.ties import Floats

_CORRELATION_MAX: Final = 0.999
# So many groups of networks at random are compared with; of more, as many that lie evenly among them in order of size
_COMPARED_MAX: Final = 20_000

# (size, quality) of the groups of one network at random
Sample = list[tuple[int, float]]


class Tested(msgspec.Struct, frozen=True):
    """Of a group. probability: of a quality at least so high for a group of this size in a network at random. significant: whether it
    is below what the level leaves for each of so many groups."""

    probability: float
    significant: bool


def judged(groups: Sample, samples: Sequence[Sample], level: float) -> list[Tested]:
    """Each group against those of networks at random. level: probability of any false group, shared among all (Sidak)."""
    drawn = np.array([one for some in samples for one in some], dtype=float).reshape(-1, 2)
    if not len(drawn):
        return [Tested(1.0, significant=False) for _ in groups]
    each = 1 - (1 - level) ** (1 / max(1, len(groups)))
    chance = _Chance(drawn)
    found = []
    for size, quality in groups:
        probability = chance.above(size, quality)
        found.append(Tested(probability, probability <= each))
    return found


class _Chance:
    """A Gaussian kernel over (size, quality) of the groups of networks at random."""

    def __init__(self, drawn: Floats) -> None:
        if len(drawn) > _COMPARED_MAX:
            order = np.lexsort((drawn[:, 1], drawn[:, 0]))
            drawn = drawn[order[np.linspace(0, len(drawn) - 1, _COMPARED_MAX).astype(np.int64)]]
        self._sizes, self._qualities = drawn.T
        width = len(drawn) ** (-1 / 6)
        self._widths = [max(float(np.std(one)), 1e-12) * width for one in (self._sizes, self._qualities)]
        correlation = float(np.corrcoef(self._sizes, self._qualities)[0, 1]) if len(drawn) > 2 else 0.0
        self._correlation = float(np.clip(np.nan_to_num(correlation), -_CORRELATION_MAX, _CORRELATION_MAX))

    def above(self, size: int, quality: float) -> float:
        """The probability that a group of this size has at least this quality."""
        size_width, quality_width = self._widths
        steps = (size - self._sizes) / size_width
        logs = -(steps**2) / 2
        # The nearest sizes decide also where all are far
        weights = np.exp(logs - logs.max())
        heights = (quality - self._qualities) / quality_width - self._correlation * steps
        above = ndtr(-heights / np.sqrt(1 - self._correlation**2))
        return float((weights * above).sum() / weights.sum())
