"""What an indicator was found to be, with its range and with how much of what it is computed from is known."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import numpy as np

from madang.ecosystem.record import Thing
from madang.ecosystem.ties import Floats, Integers

_Z: Final = 1.96  # of 95 of 100
_DRAWINGS: Final = 400
# Drawings times codes: of very many codes fewer drawings, for each tells little else than the others
_DRAWN_MAX: Final = 400_000


class Found(msgspec.Struct, frozen=True):
    """value: None where it is missing. low, high: of 95 of 100 times that chance had it so, None where chance has no part
    in it. coverage: what part of its basis is known."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    coverage: float = 0.0


MISSING: Final = Found()


def share(part: float, of: float, coverage: float = 1.0) -> Found:
    """Per cent, with Wilson's range; missing of nothing."""
    if of <= 0:
        return MISSING
    p, n = part / of, of
    middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n * n)) / (1 + _Z**2 / n)
    return Found(100 * p, 100 * max(0.0, middle - half), 100 * min(1.0, middle + half), coverage)


def share_of(things: Sequence[Thing], says: Callable[[Thing], bool | None], read: float = 1.0) -> Found:
    """Of those of which it is known (says: not None) the per cent that are so. read: part of all that `things` are."""
    known = [said for thing in things if (said := says(thing)) is not None]
    return share(sum(known), len(known), read * len(known) / len(things)) if known else MISSING


def rate(count: float, base: float | None, scale: float, coverage: float = 1.0) -> Found:
    """count ÷ base × scale, with Byar's range of a number of events; missing without a base. count: of things that
    happened, each by itself."""
    if not base:
        return MISSING
    low = high = 0.0
    if count > 0:
        low = count * max(0.0, 1 - 1 / (9 * count) - _Z / (3 * math.sqrt(count))) ** 3
    more = count + 1
    high = more * (1 - 1 / (9 * more) + _Z / (3 * math.sqrt(more))) ** 3
    by = scale / base
    return Found(count * by, low * by, high * by, coverage)


def total(amounts: Sequence[float], base: float | None, scale: float, coverage: float = 1.0) -> Found:
    """Sum of the amounts ÷ base × scale, with the range of drawings of as many amounts again; missing without a base."""
    if not base:
        return MISSING
    by = scale / base
    if len(amounts) < 2:
        return Found(sum(amounts) * by, None, None, coverage)
    given = np.array(amounts, dtype=np.float64)
    # The sum of n drawings varies as n times the variance, by how many there are as well as by how large each is
    half = _Z * math.sqrt(float((given**2).sum()))
    return Found(
        float(given.sum()) * by,
        max(0.0, float(given.sum()) - half) * by,
        (float(given.sum()) + half) * by,
        coverage,
    )


def evenness(codes: Iterable[str], kinds: int, coverage: float = 1.0) -> Found:
    """Shannon's entropy of the shares of codes ÷ ln kinds: 1 where all are equal, 0 where there is one; the range is of
    drawings of as many codes again. Missing of nothing, and where there is but one kind."""
    counts = _counts(codes)
    if kinds < 2 or not len(counts):
        return MISSING
    drawn = _drawn(counts)
    value = float(_entropy(counts[None, :])[0]) / math.log(kinds)
    spread = _entropy(drawn) / math.log(kinds)
    # Drawings are less even than what they are drawn from; how far they lie apart is what they tell
    low, high = value + np.quantile(spread, [0.025, 0.975]) - spread.mean()
    return Found(min(1.0, value), max(0.0, float(low)), min(1.0, float(high)), coverage)


def concentration(codes: Iterable[str], coverage: float = 1.0) -> Found:
    """Herfindahl's index of the shares of codes, 10,000 where there is one; the range is of drawings of as many again."""
    counts = _counts(codes)
    if not len(counts):
        return MISSING
    n = int(counts.sum())
    drawn = _drawn(counts)
    value = float(((counts / n) ** 2).sum()) * 10_000
    spread = ((drawn / n) ** 2).sum(axis=1) * 10_000
    low, high = value + np.quantile(spread, [0.025, 0.975]) - spread.mean()
    return Found(value, max(0.0, float(low)), min(10_000.0, float(high)), coverage)


def _counts(codes: Iterable[str]) -> Integers:
    return np.array(sorted(Counter(codes).values()), dtype=np.int64)


def _drawn(counts: Integers) -> Integers:
    """Drawings x codes: as many again, by the same shares."""
    n = int(counts.sum())
    size = min(_DRAWINGS, max(20, _DRAWN_MAX // len(counts)))
    return np.random.default_rng(n).multinomial(n, counts / n, size=size)


def _entropy(counts: Integers) -> Floats:
    """Of each row of counts, in nats."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(-(shares * logs).sum(axis=1), dtype=np.float64)
