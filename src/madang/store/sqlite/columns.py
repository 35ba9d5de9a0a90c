"""Columns of numbers as few bytes: how folded history keeps times, values and origins (docs/decisions, 15).

Whole numbers are kept as distances from the least of them, divided by what all distances share, in as few bytes as
the largest needs; readings with a few decimals become whole numbers first. Reading back gives the very numbers.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# Of the offsets by their width; those of 8 bytes are signed, for they may be the numbers themselves
_TYPES: Final[dict[int, str]] = {1: "<u1", 2: "<u2", 4: "<u4", 8: "<i8"}
EVERY: Final = slice(None)
_DECIMALS_MAX: Final = 6
_EXACT: Final = 2.0**53


class Packed(msgspec.Struct, frozen=True, array_like=True):
    """Whole numbers. Each is base + unit * its offset; offsets have `width` bytes, none where all numbers are `base`."""

    base: int
    unit: int
    width: int
    offsets: bytes


class PackedFloats(msgspec.Struct, frozen=True, array_like=True):
    """Numbers. decimals: each is a whole number divided by 10 to this power; None: `raw` holds them as they are."""

    decimals: int | None
    whole: Packed | None
    raw: bytes


def pack(values: Integers) -> Packed:
    """values: at least one."""
    low, high = int(values.min()), int(values.max())
    if low == high:
        return Packed(low, 1, 0, b"")
    if high - low >= 2**62:
        return Packed(0, 1, 8, values.astype("<i8").tobytes())
    offsets = values - low
    unit = int(np.gcd.reduce(offsets))
    offsets //= unit
    largest = (high - low) // unit
    width = next(width for width in _TYPES if width == 8 or largest < 256**width)
    return Packed(low, unit, width, offsets.astype(_TYPES[width]).tobytes())


def unpack(packed: Packed, n: int, which: slice | Integers = EVERY) -> Integers:
    """Of n numbers those with these indexes."""
    if packed.width == 0:
        return np.full(n, packed.base, np.int64)[which]
    values: Integers = np.frombuffer(packed.offsets, _TYPES[packed.width])[which].astype(np.int64)
    if packed.unit != 1:
        values *= packed.unit
    values += packed.base
    return values


def pack_floats(values: Floats) -> PackedFloats:
    """values: at least one; some may be NaN."""
    if not np.isnan(values).any() and not (np.signbit(values) & (values == 0)).any():
        for decimals in range(_DECIMALS_MAX + 1):
            with np.errstate(over="ignore"):
                scaled = np.rint(values * 10.0**decimals)
            if (np.abs(scaled) >= _EXACT).any():
                break
            if (scaled / 10.0**decimals == values).all():
                whole = pack(scaled.astype(np.int64))
                if whole.width < 8:
                    return PackedFloats(decimals, whole, b"")
                break
    return PackedFloats(None, None, values.astype("<f8").tobytes())


def unpack_floats(packed: PackedFloats, n: int, which: slice | Integers = EVERY) -> Floats:
    """Of n numbers those with these indexes."""
    whole = packed.whole
    if whole is None:
        return np.frombuffer(packed.raw, "<f8")[which].astype(np.float64)
    if whole.width == 0:
        values = np.full(n, whole.base, np.float64)[which]
    else:
        # Every number on the way is whole and small enough to be exact
        values = np.frombuffer(whole.offsets, _TYPES[whole.width])[which].astype(np.float64)
        if whole.unit != 1:
            values *= whole.unit
        values += whole.base
    if packed.decimals:
        values /= 10.0**packed.decimals
    return values
