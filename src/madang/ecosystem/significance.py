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
    found = []
    for group in groups:
        probability = _probability(group, drawn)
        found.append(Tested(probability, probability <= each))
    return found


def _probability(group: tuple[int, float], drawn: Floats) -> float:
    """That a group of its size has at least its quality, by a Gaussian kernel over (size, quality)."""
    size, quality = group
    sizes, qualities = drawn.T
    width = len(drawn) ** (-1 / 6)
    size_width, quality_width = (max(float(np.std(one)), 1e-12) * width for one in (sizes, qualities))
    vary = len(drawn) > 2 and np.ptp(sizes) > 0 and np.ptp(qualities) > 0
    correlation = float(np.corrcoef(sizes, qualities)[0, 1]) if vary else 0.0
    correlation = float(np.clip(correlation, -_CORRELATION_MAX, _CORRELATION_MAX))
    steps = (size - sizes) / size_width
    logs = -(steps**2) / 2
    # The nearest sizes decide also where all are far
    weights = np.exp(logs - logs.max())
    heights = (quality - qualities) / quality_width - correlation * steps
    above = ndtr(-heights / np.sqrt(1 - correlation**2))
    return float((weights * above).sum() / weights.sum())
