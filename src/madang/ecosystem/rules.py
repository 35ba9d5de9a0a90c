"""What a city decides of its own analysis: [ecosystem] of the city file. Everything has a default that docs/ecosystem.md
gives reasons for."""

from __future__ import annotations

from typing import Annotated

import msgspec

from madang.ecosystem.verdict import Thresholds

_Count = Annotated[int, msgspec.Meta(ge=0, le=10_000, description="a whole number from 0 to 10000")]


class Drawings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many networks are drawn at random: with the same degrees, with as many ties, and the activities again."""

    configurations: _Count = 30
    evens: _Count = 20
    bootstraps: _Count = 100


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """thresholds: of the verdict. drawings: how much chance is drawn. targets: how often in a year something should flow,
    by "source>target:flow", such as "economic>human:capital". indicators: by code, what counts as poor and as good.
    stages: by scale, stage and what is looked at, from which value on it is reached. taxonomy: file of the city's own
    classification, relative to the city file, "" for the platform's.
    """

    thresholds: Thresholds = Thresholds()
    drawings: Drawings = Drawings()
    targets: Annotated[
        dict[str, float],
        msgspec.Meta(
            description='numbers a year by "source>target:flow"', examples=[{"economic>human:capital": 12}]
        ),
    ] = {}
    indicators: Annotated[
        dict[str, tuple[float, float]],
        msgspec.Meta(
            description="what is poor and what is good, by indicator", examples=[{"new-firms": [10, 50]}]
        ),
    ] = {}
    stages: Annotated[
        dict[str, float],
        msgspec.Meta(
            description="from which value on a stage is reached", examples=[{"moore.expansion.newcomers": 10}]
        ),
    ] = {}
    taxonomy: str = ""
