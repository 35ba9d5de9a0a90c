"""`madang ecosystem resolve`: which organisations may be one, in a table or in the platform that runs.

Named by `main.py` without being imported, as all commands of the ecosystem.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from cyclopts import Parameter

from madang.cli.exits import OK, PARTIAL
from madang.cli.organisations import At, of_platform, of_table, write
from madang.ecosystem.likely import merges_of
from madang.ecosystem.resolution import PROPOSED, Entry, Resolution, entries_of, resolve

_SHOWN: Final = 40
_Flag = Annotated[bool, Parameter(negative=())]


def resolve_command(
    file: Path | None = None,
    /,
    *,
    least: float = PROPOSED,
    out: Path | None = None,
    json: _Flag = False,
    at: At = At(),  # noqa: B008 frozen
) -> int:
    """Find entries that may be the same organisation, with reasons for and against. Nothing is ever merged by this.

    Parameters
    ----------
    file
        Table of organisations (CSV, Excel, Parquet), with columns as the recipe "organisations" knows them; without it
        those of the platform, where what is found waits for a person under Review.
    least
        Score, from 0 to 1, from which two are told of.
    out
        Write all pairs to this CSV file.
    json
        Print all pairs as JSON.

    In a city that is not open, a key of the platform is needed; it is taken from the variable MADANG_KEY.
    """
    if file is None:
        return _in_platform(at, least)
    things, refused = of_table(file.absolute())
    entries = entries_of(things)
    found = resolve(entries, least)
    for one in refused[:_SHOWN]:
        sys.stderr.write(f"{one.place}: {one.reason}\n")
    if out is not None:
        _write(out, entries, found)
    if json:
        sys.stdout.buffer.write(orjson.dumps([*_rows(entries, found)], option=orjson.OPT_INDENT_2) + b"\n")
    else:
        sys.stdout.write(_text(entries, found))
    return PARTIAL if refused else OK


def _in_platform(at: At, least: float) -> int:
    """Write what is found as suggestions; what somebody has decided stays so."""
    where = at.where
    register = of_platform(where)
    found = merges_of(register.record, least)
    fresh = [one for one in found if one.id not in register.decided]
    loaded = write(where, fresh)
    sys.stdout.write(
        f"{len(register.record.things):,} organisations, {len(fresh):,} pairs that may be one and wait for a person"
        f" ({len(found) - len(fresh):,} more were decided before)\n"
    )
    for _, reason in loaded.refused[:_SHOWN]:
        sys.stderr.write(f"{reason}\n")
    return PARTIAL if loaded.refused else OK


def _rows(entries: tuple[Entry, ...], found: Resolution) -> Any:
    for match in found.matches:
        one, other = entries[match.one], entries[match.other]
        yield {
            "score": round(match.score, 4),
            "one": one.id.rpartition(":")[2],
            "one_name": " / ".join(one.names),
            "other": other.id.rpartition(":")[2],
            "other_name": " / ".join(other.names),
            "for": [ground.code for ground in match.grounds if ground.weight > 0],
            "against": [ground.code for ground in match.grounds if ground.weight < 0],
        }


def _write(path: Path, entries: tuple[Entry, ...], found: Resolution) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("score", "one", "one_name", "other", "other_name", "for", "against"))
        for row in _rows(entries, found):
            writer.writerow([" ".join(value) if isinstance(value, list) else value for value in row.values()])


def _text(entries: tuple[Entry, ...], found: Resolution) -> str:
    lines = [f"{len(entries):,} organisations, {len(found.matches):,} pairs that may be one"]
    if found.common:
        lines.append(f"{found.common:,} names or sites are so common that they brought nobody together")
    for row in [*_rows(entries, found)][:_SHOWN]:
        lines.append(
            f"{row['score']:.2f}  {row['one']} {row['one_name']}  =  {row['other']} {row['other_name']}"
        )
        against = f"; against: {', '.join(row['against'])}" if row["against"] else ""
        lines.append(f"      for: {', '.join(row['for'])}{against}")
    if len(found.matches) > _SHOWN:
        lines.append(f"and {len(found.matches) - _SHOWN:,} more; --out FILE writes all")
    return "\n".join(lines) + "\n"
