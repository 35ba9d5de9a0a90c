"""The number by which a Korean business is registered with the tax office (사업자등록번호), and its check digit."""

from __future__ import annotations

import re
from typing import Final

_WEIGHTS: Final = (1, 3, 7, 1, 3, 7, 1, 3)
_WRITTEN: Final = re.compile(r"\d{3}[\s.-]?\d{2}[\s.-]?\d{5}", re.ASCII)


def business_number(text: str) -> str:
    """Its ten digits; "" for what is none: of another length, with another check digit, or all zeros."""
    if not _WRITTEN.fullmatch(text.strip()):
        return ""
    digits = re.sub(r"\D", "", text)
    return digits if digits.strip("0") and digits[9] == check_digit(digits[:9]) else ""


def check_digit(nine: str) -> str:
    """The tenth digit of a number that begins with these nine."""
    values = [int(digit) for digit in nine]
    total = sum(value * weight for value, weight in zip(values, _WEIGHTS, strict=False))
    total += sum(divmod(values[8] * 5, 10))
    return str(-total % 10)


def written(digits: str) -> str:
    """As people write it: 123-45-67890."""
    return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"
