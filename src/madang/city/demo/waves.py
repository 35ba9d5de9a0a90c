"""Smooth chance: values that wander in time without a memory, so that any moment can be asked for by itself.

Each channel has a random value at every whole step of its period, from a hash of seed, channel and step; between the
steps it is a smooth curve. The same question has the same answer in every process.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finisher."""
    with np.errstate(over="ignore"):
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return value ^ (value >> np.uint64(31))


def chance(seed: int, channels: NDArray[np.int64], steps: NDArray[np.int64]) -> Floats:
    """Uniform in 0 to 1 for every (step, channel): shape (steps, channels)."""
    with np.errstate(over="ignore"):
        base = _mix(
            np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + channels.astype(np.uint64) + np.uint64(1)
        )
        mixed = _mix(base[None, :] + steps.astype(np.uint64)[:, None] * np.uint64(0xD1B54A32D192ED03))
    return np.asarray(mixed >> np.uint64(11), dtype=np.float64) / float(1 << 53)


def wave(seed: int, channels: NDArray[np.int64], seconds: Floats, period: float) -> Floats:
    """Values in -1 to 1 that wander with this period (seconds): shape (seconds, channels)."""
    position = seconds / period
    step = np.floor(position)
    share = (position - step)[:, None]
    before = chance(seed, channels, step.astype(np.int64))
    after = chance(seed, channels, step.astype(np.int64) + 1)
    smooth = share * share * (3 - 2 * share)
    return 2 * (before + (after - before) * smooth) - 1


def one_wave(seed: int, channel: int, seconds: Floats, period: float) -> Floats:
    """A single channel: shape (seconds,)."""
    return np.asarray(wave(seed, np.array([channel]), seconds, period)[:, 0])
