"""Writes docs/indicators.md from the vocabulary: indicators, stages and strategies. `--print` only shows it."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from scripts.reference import table

from madang import vocabulary
from madang.ecosystem.indicators import FORMULAS
from madang.ecosystem.strategies import WEAK
from madang.vocabulary.indicators import Indicator, indicators
from madang.vocabulary.model import Component
from madang.vocabulary.strategies import Condition, proposals, scale_terms, strategy_terms

TARGET = Path(__file__).parent.parent / "docs" / "indicators.md"
OPENING = """\
# Indicators, stages and strategies

Written by `make reference` from the vocabulary; a test compares the two. Definitions and bounds are ours. A city sets its own bounds in [`[ecosystem.indicators]`](city-file.md) and its own thresholds of stages in `[ecosystem.stages]`.

## How they are computed

- An indicator is computed from the graph by the function that its table names. Where an Indicator entity has its code as `indicatorCode`, the value that the city states there takes its place, and is shown as stated.
- What is missing is missing, never zero: an indicator of which nothing of its basis is there has no value, and no score. *Basis* says what would be needed. Where a type is there and none of it is as asked, the value is zero.
- *Coverage* is the part of the basis that is known: firms whose founding year is known, contracts with a date, of types with very many entities the part that was read.
- The score is in proportion between *poor* (0) and *good* (100). Where good is the lower number, less is better.
- The range of a value is of 95 of 100 times that chance had it so: Wilson's for shares, Byar's for numbers of events, that of drawings again for sums, evenness and concentration. It says how far a small city's figure may lie from where it is another year; it does not say how wrong the sources are. Where all there are is looked at (districts, pairs of components), chance has no part and there is no range.
- A component's score is the mean of its indicators' scores, each counting alike; missing ones do not count, and are counted. Its range is of 95 of 100 drawings, in which every indicator lies within its own range and weighs from half to double, and every missing one scores as one of the known: it tells how much chance, weights and what is missing could change it.
- Indicators that a city has of its own stand beside these and are in no score, so that cities are compared by the same ones. Their score is how near they are to their target.
- Firms are organisations that are no public body, university, institute, investor or association; one whose kind nobody has said counts as a firm, and one whose confirmed layer is "outside" does not. Organisations that a person has confirmed to be the same count once. Money in other currencies than won is left out, and the coverage says so.
- Nothing about persons is looked at: meetings are counted, and whether a firm is of first-time founders is what the firm says of itself.
"""
STAGES = """\
A stage is reached if all of its conditions hold and those of every stage before it; whether that can be told, the evidence says. These scales are neither each other nor the [verdict on the industry](ecosystem.md).
"""
STRATEGIES = f"""\
Each strategy works on some components. A measure stands where it says itself (`strategy`, `component`), else where most of the indicators are that it names (`indicatorCode`, `improves`), else where its service area mostly belongs. It is late if it should have begun or ended, or if its progress lags more than a quarter behind the time that has passed.

An indicator below {WEAK:g} points is weak. Where no measure that is not done works on any weak indicator of a proposal below, the proposal is shown as absent. Programmes and calls fit whose category helps or whose component is meant, and whose service area is no other; what is open now comes first.
"""


def text() -> str:
    parts = [OPENING]
    for component in Component:
        label = (
            f"{vocabulary.component_label(component, 'en')} ({vocabulary.component_label(component, 'ko')})"
        )
        parts.append(f"## {label}\n")
        found = [one for one in indicators().values() if one.component == component]
        parts.append(
            table(("Indicator", "Meaning", "Formula", "Basis", "Poor, good"), map(indicator_row, found))
        )
    parts += [stages(), strategies()]
    return "\n".join(parts)


def indicator_row(one: Indicator) -> tuple[str, ...]:
    unit = " ".join(filter(None, (vocabulary.unit_symbol(one.unit), one.per.get("en", ""))))
    marks = "".join(
        f"<br>*{word}*" for word, said in (("diversity", one.diversity), ("stated", one.stated)) if said
    )
    formula = "" if one.stated else f"<br>{function_of(one.code)}"
    return (
        f"**{one.labels['en']}**<br>{one.labels['ko']}<br>`{one.code}`{marks}",
        f"{one.texts['en']}<br>{one.texts['ko']}",
        f"{one.formulas['en']}<br>{one.formulas['ko']}{formula}",
        one.needs.get("en") or ", ".join(f"`{name}`" for name in one.basis),
        f"{one.poor:,g}, {one.good:,g}{f'<br>{unit}' if unit else ''}",
    )


def function_of(code: str) -> str:
    formula = FORMULAS[code]
    module = inspect.getmodule(formula)
    assert module is not None
    return f"`{module.__name__.removeprefix('madang.ecosystem.')}.{formula.__name__}`"


def stages() -> str:
    parts = [
        "## Stages\n",
        STAGES,
    ]
    for scale in scale_terms().values():
        rows = [
            (
                f"**{rung.labels['en']}**<br>{rung.labels['ko']}<br>`{scale.code}.{rung.code}`",
                f"{rung.texts['en']}<br>{rung.texts['ko']}",
                "<br>".join(condition_text(one) for one in rung.conditions),
            )
            for rung in scale.rungs
        ]
        parts.append(f"### {scale.labels['en']} ({scale.labels['ko']})\n")
        parts.append(table(("Stage", "Meaning", "Conditions"), iter(rows)))
    return "\n".join(parts)


def condition_text(one: Condition) -> str:
    what = f"`{one.of}` of the verdict" if one.verdict else f"`{one.of}`"
    return f"{what} {'at least' if one.above else 'at most'} {one.threshold:g}"


def strategies() -> str:
    parts = [
        "## Strategies\n",
        STRATEGIES,
    ]
    for strategy in strategy_terms().values():
        parts.append(f"### {strategy.labels['en']} ({strategy.labels['ko']})\n")
        parts.append(f"{strategy.texts['en']}\n")
        rows = [
            (
                vocabulary.component_label(component, "en"),
                f"**{one.labels['en']}**<br>{one.labels['ko']}<br>{one.texts['en']}",
                ", ".join(f"`{code}`" for code in one.indicators),
                ", ".join(f"`{code}`" for code in one.categories),
            )
            for component in strategy.components
            for one in proposals().values()
            if one.component == component
        ]
        parts.append(
            table(("Component", "Measure", "Where these are weak", "Programmes that help"), iter(rows))
        )
    return "\n".join(parts)


if __name__ == "__main__":
    if "--print" in sys.argv:
        sys.stdout.write(text())
    else:
        TARGET.write_text(text(), encoding="utf-8")
