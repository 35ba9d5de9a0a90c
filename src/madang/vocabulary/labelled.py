"""Firms with their classes, ours: from them suggestions are learnt before a city has confirmed any (docs/labelling.md)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec

from madang.vocabulary.load import read_data
from madang.vocabulary.taxonomy import Axis

_AXES = {"area": Axis.AREA, "layer": Axis.LAYER, "industry": Axis.INDUSTRY}


class LabelledFirm(msgspec.Struct, frozen=True):
    """country: two letters. text: what it makes or does, in Korean or English. classes: axis to code."""

    key: str
    name: str
    country: str
    text: str
    classes: Mapping[Axis, str]


@cache
def labelled_firms() -> tuple[LabelledFirm, ...]:
    """All of them, read at the first call; their codes are of the platform's own taxonomy."""
    return tuple(
        [
            LabelledFirm(key, one["name"], one["country"], one["text"], classes_of(one))
            for key, one in read_data("labelled_firms").items()
        ]
    )


def classes_of(entry: Mapping[str, str]) -> dict[Axis, str]:
    """entry: of a file of labels, with `area`, `layer` and `industry`."""
    return {axis: entry[name] for name, axis in _AXES.items()}
