"""Indicators of the seven components: what each says, of what it is computed, and what is poor and what is good.

They stand in `data/indicators.toml`. How they are computed is the business of the ecosystem's rooms.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec

from madang.vocabulary.load import LANGUAGES, read_data
from madang.vocabulary.model import Component


class Indicator(msgspec.Struct, frozen=True):
    """labels, texts, formulas, per, needs: language to text; per is empty where a value is relative to nothing. needs: what is
    missing where the value is, if the basis does not tell. unit: UN/CEFACT code. basis: types ("Need") and attributes
    ("Need.date") of which it is computed. poor, good: values that score 0 and 100; less is better where good is the lower.
    stated: only an Indicator entity with this code gives it. diversity: it tells how different those are who take part.
    """

    code: str
    component: Component
    labels: Mapping[str, str]
    texts: Mapping[str, str]
    formulas: Mapping[str, str]
    per: Mapping[str, str]
    unit: str
    decimals: int
    basis: tuple[str, ...]
    poor: float
    good: float
    needs: Mapping[str, str] = {}
    stated: bool = False
    diversity: bool = False

    @property
    def types(self) -> tuple[str, ...]:
        """Terms of the types of which it is computed."""
        return tuple(dict.fromkeys(one.partition(".")[0] for one in self.basis))

    def score(self, value: float) -> float:
        """0 to 100, in proportion between poor and good."""
        return min(100.0, max(0.0, 100.0 * (value - self.poor) / (self.good - self.poor)))


@cache
def indicators() -> Mapping[str, Indicator]:
    """All indicators by code, in the order of the data file. Raises ValueError where poor is good."""
    found = {}
    for code, entry in read_data("indicators").items():
        if entry["poor"] == entry["good"]:
            raise ValueError(f"vocabulary: indicator {code} has the same value for poor and good")
        texts = {
            kind: {
                language: entry[f"{key}{language}"] for language in LANGUAGES if f"{key}{language}" in entry
            }
            for kind, key in (
                ("labels", ""),
                ("texts", "text_"),
                ("formulas", "formula_"),
                ("per", "per_"),
                ("needs", "needs_"),
            )
        }
        found[code] = Indicator(
            code=code,
            component=Component(entry["component"]),
            unit=entry["unit"],
            decimals=entry["decimals"],
            basis=tuple(entry["from"]),
            poor=entry["poor"],
            good=entry["good"],
            stated=entry.get("stated", False),
            diversity=entry.get("diversity", False),
            **texts,
        )
    return found


def with_bounds(bounds: Mapping[str, tuple[float, float]]) -> Mapping[str, Indicator]:
    """All indicators with a city's own (poor, good) by code. Codes that are not known and bounds that are equal say nothing."""
    return {
        code: msgspec.structs.replace(one, poor=bounds[code][0], good=bounds[code][1])
        if code in bounds and bounds[code][0] != bounds[code][1]
        else one
        for code, one in indicators().items()
    }
