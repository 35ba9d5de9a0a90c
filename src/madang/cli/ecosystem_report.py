"""`madang ecosystem report`: what an analysis says, as a document to be handed in.

Named by `main.py` without being imported, as all commands of the ecosystem.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from madang.cli.ecosystem import Named, told
from madang.cli.exits import OK
from madang.clock import SystemClock
from madang.ecosystem import kept
from madang.ecosystem.frames import Columns, read_table
from madang.ecosystem.outcome import Outcome
from madang.ecosystem.report.making import make
from madang.ecosystem.report.order import Form, Order
from madang.ecosystem.tables import record_of_tables
from madang.ecosystem.whole import Whole
from madang.errors import BadRequestData, NotFound
from madang.home import Home
from madang.settings import read

_NICENESS: Final = 10
_Flag = Annotated[bool, Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True)
class Of:
    """Of what: one of a home, a file, or tables.

    Parameters
    ----------
    home
        Folder of a platform (MADANG_HOME, ./.madang), which may be running; the newest analysis is taken.
    tenant
        Whose, "default" without one.
    outcome
        An outcome as the pages give it (JSON), instead.
    edges
        A table with a row for each participation (CSV or Parquet), instead: it is analysed first.
    nodes
        A table with a row for each organisation.
    """

    home: str | None = None
    tenant: str = "default"
    outcome: Path | None = None
    edges: Path | None = None
    nodes: Path | None = None


@Parameter(name="*")
@dataclass(frozen=True)
class As:
    """In which form.

    Parameters
    ----------
    language
        Of the report.
    format
        HTML, PDF, or OpenDocument text, which Hancom Office opens.
    zone
        Time zone of the moments in it.
    """

    language: Literal["ko", "en"] = "ko"
    format: Literal["html", "pdf", "odt"] = "pdf"
    zone: str = "Asia/Seoul"


def report_command(
    *,
    of: Of = Of(),
    named: Named = Named(),  # noqa: B008 frozen
    form: As = As(),
    out: Path | None = None,
    json: _Flag = False,
) -> int:
    """Write the report of an analysis.

    Parameters
    ----------
    out
        File to write; without it one named after the city.
    json
        Print the outcome itself instead, with which another city can compare.
    """
    os.nice(_NICENESS)
    outcome = _analysed(of, named) if of.edges is not None else _kept(of)
    if json:
        sys.stdout.buffer.write(kept.encoded(outcome) + b"\n")
        return OK
    path = out or Path(f"{outcome.city}-report-{form.language}.{form.format}")
    made = make(Order(outcome, Form(form.format), form.language, form.zone, SystemClock().now()))
    try:
        path.write_bytes(made)
    except OSError as error:
        raise BadRequestData(
            f"{path} cannot be written: {error.strerror}; choose another with --out"
        ) from error
    sys.stderr.write(f"{path}\n")
    return OK


def _kept(of: Of) -> Outcome:
    if of.outcome is not None:
        return kept.read(of.outcome)
    folder = Home(Path(read(os.environ, {"home": of.home}).home)).outcomes / of.tenant
    days = kept.days(folder)
    if not days:
        raise NotFound(
            f"There is no analysis in {folder}; open the page of the ecosystem once while the platform runs, "
            "or name tables with --edges"
        )
    return kept.read(folder / f"{days[0]}.json")


def _analysed(of: Of, named: Named) -> Outcome:
    assert of.edges is not None
    columns = Columns(named.organisation, named.activity, named.began, named.kind, named.founded)
    nodes = read_table(of.nodes) if of.nodes is not None else None
    whole = Whole(record_of_tables(read_table(of.edges), nodes, SystemClock().now(), columns))
    return whole.outcome(told(whole.draw(), whole.asked))
