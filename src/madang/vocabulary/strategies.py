"""What a city can do for its ecosystem, and how far it can come: the three strategies with measures that would help, and
the scales of stages. They stand in `data/strategies.toml` and `data/scales.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from madang.vocabulary.load import LANGUAGES, read_data
from madang.vocabulary.model import Component


class Proposal(msgspec.Struct, frozen=True):
    """A measure that would help where its indicators are weak. labels, texts: language to text. indicators: their codes.
    categories: of programmes that help with it."""

    code: str
    component: Component
    labels: Mapping[str, str]
    texts: Mapping[str, str]
    indicators: tuple[str, ...]
    categories: tuple[str, ...]


class StrategyTerm(msgspec.Struct, frozen=True):
    """One of the three strategies. components: on which it works, in the order of a page."""

    code: str
    labels: Mapping[str, str]
    texts: Mapping[str, str]
    components: tuple[Component, ...]


class Condition(msgspec.Struct, frozen=True):
    """of: code of an indicator, or a piece of evidence of the verdict. above: whether it must be at least the threshold,
    or at most."""

    of: str
    verdict: bool
    threshold: float
    above: bool


class RungTerm(msgspec.Struct, frozen=True):
    code: str
    labels: Mapping[str, str]
    texts: Mapping[str, str]
    conditions: tuple[Condition, ...]


class ScaleTerm(msgspec.Struct, frozen=True):
    """rungs: the lowest first."""

    code: str
    labels: Mapping[str, str]
    rungs: tuple[RungTerm, ...]


@cache
def strategy_terms() -> Mapping[str, StrategyTerm]:
    """The three strategies by code, in the order of a page."""
    return {
        code: StrategyTerm(
            code,
            _texts(entry, ""),
            _texts(entry, "text_"),
            tuple(Component(one) for one in entry["components"]),
        )
        for code, entry in read_data("strategies")["strategy"].items()
    }


@cache
def proposals() -> Mapping[str, Proposal]:
    """All measures that are proposed, by code."""
    return {
        code: Proposal(
            code,
            Component(entry["component"]),
            _texts(entry, ""),
            _texts(entry, "text_"),
            tuple(entry["indicators"]),
            tuple(entry["categories"]),
        )
        for code, entry in read_data("strategies")["measure"].items()
    }


@cache
def scale_terms() -> Mapping[str, ScaleTerm]:
    """The scales of stages by code."""
    return {
        code: ScaleTerm(code, _texts(entry, ""), tuple(_rung(rung) for rung in entry["rung"]))
        for code, entry in read_data("scales").items()
    }


@cache
def stage_thresholds() -> frozenset[str]:
    """All conditions that a city may set a threshold for: scale, stage and what is looked at, with dots between."""
    return frozenset(
        f"{scale.code}.{rung.code}.{condition.of}"
        for scale in scale_terms().values()
        for rung in scale.rungs
        for condition in rung.conditions
    )


def strategy_of(component: str) -> str:
    """The strategy that works on a component; "" for none."""
    return next((one.code for one in strategy_terms().values() if component in one.components), "")


def legal_areas() -> tuple[str, ...]:
    """Codes of the twelve service areas of the law."""
    return tuple(_areas())


@cache
def _areas() -> Mapping[str, str]:
    areas: dict[str, str] = read_data("strategies")["areas"]
    return areas


def component_of_area(area: str) -> str:
    """The component to which a service area mostly belongs; institutions for those that are of none."""
    return _areas().get(area, Component.INSTITUTION.value)


def _rung(entry: Mapping[str, Any]) -> RungTerm:
    return RungTerm(
        entry["code"],
        _texts(entry, ""),
        _texts(entry, "text_"),
        tuple(_condition(one) for one in entry["conditions"]),
    )


def _condition(entry: Mapping[str, Any]) -> Condition:
    above = "from" in entry
    of = entry["of"]
    return Condition(
        of.removeprefix("verdict:"), of.startswith("verdict:"), float(entry["from" if above else "to"]), above
    )


def _texts(entry: Mapping[str, Any], key: str) -> dict[str, str]:
    return {language: entry[f"{key}{language}"] for language in LANGUAGES}
