"""What [ecosystem] of a city file must hold beyond its form: indicators, stages and flows that exist. Pure, as `rules.py`,
but for the file of the city's own taxonomy, which `check_taxonomy` reads."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from madang.city.file import CityFile
from madang.city.mistake import Found, nearest
from madang.errors import BadRequestData, NotFound
from madang.vocabulary.indicators import indicators
from madang.vocabulary.model import Component, Flow
from madang.vocabulary.strategies import stage_thresholds
from madang.vocabulary.taxonomy import read_taxonomy

_TARGET: Final = re.compile(r"(\w+)>(\w+):(\w+)")


def check_ecosystem(file: CityFile) -> list[Found]:
    """All mistakes of this part."""
    rules = file.ecosystem
    found = _codes("indicators", rules.indicators, indicators(), "indicator")
    found += _codes("stages", rules.stages, stage_thresholds(), "condition of a stage")
    for code, (poor, good) in rules.indicators.items():
        if poor == good or not (math.isfinite(poor) and math.isfinite(good)):
            reason = f'What is poor and what is good of "{code}" must be two different numbers'
            found.append(Found(("ecosystem", "indicators", code), reason))
    for condition, threshold in rules.stages.items():
        if not math.isfinite(threshold):
            found.append(
                Found(("ecosystem", "stages", condition), f'The threshold of "{condition}" must be a number')
            )
    for target, number in rules.targets.items():
        path = ("ecosystem", "targets", target)
        if not _is_flow(target):
            reason = (
                f'"{target}" is no flow between components; write it as "economic>human:capital", with '
                f"components {', '.join(Component)} and flows {', '.join(Flow)}"
            )
            found.append(Found(path, reason, key=True))
        elif not (math.isfinite(number) and number >= 0):
            found.append(Found(path, f'The target of "{target}" must be a number of times a year, 0 or more'))
    return found


def check_taxonomy(named: str, file: Path) -> list[Found]:
    """What is wrong with the city's own taxonomy. named: relative to the city file, "" for none."""
    if not named:
        return []
    try:
        read_taxonomy(file.absolute().parent / named)
    except (NotFound, BadRequestData) as error:
        return [Found(("ecosystem", "taxonomy"), error.message)]
    return []


def _codes(table: str, given: Mapping[str, object], known: Iterable[str], what: str) -> list[Found]:
    names = sorted(known)
    return [
        Found(("ecosystem", table, code), f'There is no {what} "{code}"; {nearest(code, names)}', key=True)
        for code in given
        if code not in names
    ]


def _is_flow(target: str) -> bool:
    parts = _TARGET.fullmatch(target)
    return (
        parts is not None
        and {parts[1], parts[2]} <= {str(one) for one in Component}
        and parts[3] in {str(one) for one in Flow}
    )
