"""`madang ecosystem classify`: of which industry, service area and layer firms are, in a table or in the platform that runs.

Named by `main.py` without being imported, as all commands of the ecosystem.
"""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import orjson
from cyclopts import Parameter

from madang.cli.exits import OK, PARTIAL
from madang.cli.organisations import At, of_platform, of_table, write
from madang.ecosystem.frames import read_table
from madang.ecosystem.hints import Suggested
from madang.ecosystem.labelling import Labelled, Labeller, starting_labels
from madang.ecosystem.record import Thing
from madang.ecosystem.reviewing import classes_of, text_of
from madang.errors import BadRequestData
from madang.vocabulary.labelled import classes_of as classes_of_entry
from madang.vocabulary.taxonomy import Axis, Taxonomy, read_taxonomy, taxonomy

_NICENESS: Final = 10
_SHOWN: Final = 40
_TELL_SECONDS: Final = 1.0
_AXES: Final = {"area": Axis.AREA, "layer": Axis.LAYER, "industry": Axis.INDUSTRY}
_Flag = Annotated[bool, Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True)
class By:
    """How firms are classified.

    Parameters
    ----------
    labels
        Table of firms whose classes are known (CSV or Parquet) with the columns text, area, layer and industry, some of
        which may be empty: they are learnt from, beside the firms that come with Madang.
    taxonomy
        File of a taxonomy in place of Madang's.
    search
        Learn from no labels: compare with what the taxonomy says of its categories.
    sure
        How often a suggestion has to be right, from 0 to 1; of what is less sure nothing is chosen.
    """

    labels: Path | None = None
    taxonomy: Path | None = None
    search: _Flag = False
    sure: float = 0.5

    @property
    def classes(self) -> Taxonomy:
        return read_taxonomy(self.taxonomy) if self.taxonomy else taxonomy()

    def known(self) -> tuple[Labelled, ...]:
        """Raises NotFound, BadRequestData."""
        if self.search:
            return ()
        return (*starting_labels(), *(_labels(self.labels) if self.labels else ()))


class Classified(msgspec.Struct, frozen=True):
    """suggested: by axis; nothing where nothing is written of the firm."""

    key: str
    name: str
    suggested: dict[Axis, Suggested]


def classify_command(
    file: Path | None = None,
    /,
    *,
    by: By = By(),
    out: Path | None = None,
    json: _Flag = False,
    language: Literal["ko", "en"] = "en",
    at: At = At(),  # noqa: B008 frozen
) -> int:
    """Suggest industry, service area and technology layer of firms, three of each with the words that decided. Nothing is
    ever labelled by this: a person confirms.

    Parameters
    ----------
    file
        Table of firms (CSV, Excel, Parquet), with columns as the recipe "organisations" knows them; without it those of the
        platform, where what is suggested waits for a person under Review.
    out
        Write all suggestions to this CSV file.
    json
        Print all suggestions as JSON.
    language
        Of the names of categories.

    In a city that is not open, a key of the platform is needed; it is taken from the variable MADANG_KEY.
    """
    if not 0 <= by.sure <= 1:
        raise BadRequestData(f"--sure is a part from 0 to 1, not {by.sure:g}")
    if file is None:
        return _in_platform(at, by)
    os.nice(_NICENESS)
    things, refused = of_table(file)
    for one in refused[:_SHOWN]:
        sys.stderr.write(f"{one.place}: {one.reason}\n")
    classes = by.classes
    found = list(_classified(things, Labeller(classes, by.known(), by.sure)))
    rows = [row for one in found for row in _rows(one, classes, language)]
    if out is not None:
        _write(out, rows)
    if json:
        sys.stdout.buffer.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        sys.stdout.write(_text(found, rows, out))
    return PARTIAL if refused else OK


def _in_platform(at: At, by: By) -> int:
    """Write what is found as suggestions; what somebody has decided stays so."""
    where = at.where
    register = of_platform(where)
    found = classes_of(register.record, by.classes, by.sure, by.known())
    fresh = [one for one in found if one.id not in register.decided]
    loaded = write(where, fresh)
    unsure = sum(not one.classes for one in fresh)
    sys.stdout.write(
        f"{len(register.record.things):,} organisations, {len(fresh):,} firms whose classes wait for a person,"
        f" {unsure:,} of them without any that is sure ({len(found) - len(fresh):,} more were decided before)\n"
    )
    for _, reason in loaded.refused[:_SHOWN]:
        sys.stderr.write(f"{reason}\n")
    return PARTIAL if loaded.refused else OK


def _labels(path: Path) -> list[Labelled]:
    table = read_table(path)
    missing = [name for name in ("text", *_AXES) if name not in table.columns]
    if missing == list(_AXES) or "text" in missing:
        raise BadRequestData(
            f"{path} is no table of labels: it needs a column text and at least one of {', '.join(_AXES)}"
        )
    rows = [{name: row.get(name) or "" for name in ("text", *_AXES)} for row in table.to_dicts()]
    found = [
        Labelled(row["text"], {axis: code for axis, code in classes_of_entry(row).items() if code})
        for row in rows
    ]
    return [one for one in found if one.text.strip() and one.classes]


def _classified(things: list[Thing], labeller: Labeller) -> Iterator[Classified]:
    """Each firm in turn, saying every second how many are done."""
    texts = [text_of([thing]) for thing in things]
    told = time.monotonic() + _TELL_SECONDS
    for done, (thing, suggested) in enumerate(zip(things, labeller.suggest_all(texts), strict=True)):
        yield Classified(thing.id.rpartition(":")[2], next(iter(thing.names.values()), ""), suggested)
        if done and time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()
            sys.stderr.write(f"{done + 1:,} of {len(things):,} firms\n")


def _rows(firm: Classified, classes: Taxonomy, language: str) -> Iterator[dict[str, Any]]:
    for name, axis in _AXES.items():
        suggested = firm.suggested[axis]
        for place, hint in enumerate(suggested.hints, 1):
            yield {
                "firm": firm.key,
                "name": firm.name,
                "axis": name,
                "place": place,
                "code": hint.code,
                "category": classes.label(axis, hint.code, language),
                "words": list(hint.words),
                "sure": round(suggested.confidence, 2) if place == 1 else None,
                "abstains": suggested.abstains,
            }


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("firm", "name", "axis", "place", "code", "category", "words", "sure", "abstains"))
        for row in rows:
            writer.writerow([" ".join(value) if isinstance(value, list) else value for value in row.values()])


def _text(found: list[Classified], rows: list[dict[str, Any]], out: Path | None) -> str:
    silent = sum(not any(one.hints for one in firm.suggested.values()) for firm in found)
    lines = []
    by_firm: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_firm.setdefault(row["firm"], []).append(row)
    for key, some in list(by_firm.items())[:_SHOWN]:
        lines.append(f"{key} {some[0]['name']}")
        for row in some:
            sure = "" if row["sure"] is None else "   ?  " if row["abstains"] else f"{row['sure']:5.0%} "
            axis = row["axis"] if row["place"] == 1 else ""
            lines.append(
                f"  {axis:9}{sure:6} {row['code']} {row['category']}: {', '.join(row['words']) or '-'}"
            )
    if len(by_firm) > _SHOWN:
        lines.append(f"and {len(by_firm) - _SHOWN:,} more firms" + ("" if out else "; --out FILE writes all"))
    lines.append(f"{len(found):,} firms, {silent:,} of which nothing is written that tells anything")
    if any(row["abstains"] for row in rows):
        lines.append("?: too unsure to be chosen; a person decides")
    return "\n".join(lines) + "\n"
