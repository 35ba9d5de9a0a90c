"""How evenly something is spread over organisations: Herfindahl-Hirschman index, Gini coefficient, share of the top."""

from __future__ import annotations

import math

import numpy as np

from madang.ecosystem.ties import Floats


def herfindahl(amounts: Floats) -> float:
    """The sum of squared shares, times 10,000: 10,000 where one has all, near 0 where many have equally little; NaN of
    nothing. amounts: not negative."""
    total = amounts.sum()
    return float(((amounts / total) ** 2).sum() * 10_000) if total > 0 else math.nan


def gini(amounts: Floats) -> float:
    """0 where all have the same, near 1 where one has all; NaN of nothing. amounts: not negative."""
    n, total = len(amounts), amounts.sum()
    if n == 0 or total <= 0:
        return math.nan
    ranked = np.sort(amounts)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ranked / (n * total))


def top_share(amounts: Floats, part: float = 0.01) -> float:
    """What part of all the largest have, who are `part` of all in number, at least one; NaN of nothing."""
    total = amounts.sum()
    if total <= 0:
        return math.nan
    top = max(1, round(part * len(amounts)))
    return float(np.sort(amounts)[-top:].sum() / total)


def centralisation(degrees: Floats) -> float:
    """Freeman's: 1 for a star, 0 where all have as many neighbours; NaN of fewer than three nodes. degrees: numbers of
    neighbours."""
    n = len(degrees)
    return float((degrees.max() - degrees).sum() / ((n - 1) * (n - 2))) if n > 2 else math.nan
