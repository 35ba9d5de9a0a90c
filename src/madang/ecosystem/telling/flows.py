"""Flows between the components in words: the Sankey, the matrix, what changed over the years, what is missing, what breaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from madang import vocabulary
from madang.ecosystem.figures.lines import Axis, Line, lines
from madang.ecosystem.figures.sankey import Columns, Node, Ribbon, sankey
from madang.ecosystem.outcome import FlowCell, Outcome
from madang.ecosystem.telling import names
from madang.ecosystem.telling.shown import Cell, Column, Form, Shown, Sourced, Table
from madang.i18n import THIN, Reader
from madang.vocabulary import Component, Flow

ROLES: Final = {
    Flow.DATA: "cat-1",
    Flow.KNOWLEDGE: "cat-3",
    Flow.PEOPLE: "cat-4",
    Flow.CAPITAL: "cat-5",
    Flow.SERVICE: "cat-6",
    Flow.RULE: "cat-7",
}
"""Colour of each kind, in the order of the drawing."""
COMPONENTS: Final = (
    Component.PHYSICAL,
    Component.VIRTUAL,
    Component.PLATFORM,
    Component.HUMAN,
    Component.ECONOMIC,
    Component.INSTITUTION,
    Component.CULTURE,
)
"""In the order of the drawing: what is close stands close."""


class Chosen(msgspec.Struct, frozen=True):
    """Which flows are shown. year: None for all; UNDATED for those without a date. flow: one kind, "" for all."""

    year: int | None = None
    flow: str = ""


UNDATED: Final = 0


class Sum(msgspec.Struct):
    """What has several givers or receivers is divided among them: counts need not be whole."""

    count: float = 0.0
    online: float = 0.0
    offline: float = 0.0
    amount: float = 0.0
    currency: str = ""

    def add(self, cell: FlowCell) -> None:
        self.count += cell.count
        self.online += cell.online
        self.offline += cell.offline
        # Amounts in several currencies are no sum
        if cell.amount and self.currency in ("", cell.currency):
            self.amount, self.currency = self.amount + cell.amount, cell.currency


Triple = tuple[str, str, str]
"""source, flow, target"""


def chosen_cells(outcome: Outcome, chosen: Chosen) -> list[FlowCell]:
    return [
        cell
        for cell in outcome.flows.cells
        if (chosen.year is None or (cell.year or UNDATED) == chosen.year)
        and (not chosen.flow or cell.flow == chosen.flow)
    ]


def summed(cells: Iterable[FlowCell]) -> dict[Triple, Sum]:
    """The largest first."""
    found: dict[Triple, Sum] = {}
    for cell in cells:
        found.setdefault((cell.source, cell.flow, cell.target), Sum()).add(cell)
    return dict(sorted(found.items(), key=lambda item: (-item[1].count, item[0])))


def years(outcome: Outcome) -> list[int]:
    """The newest first; UNDATED last, where there is any."""
    found = {cell.year or UNDATED for cell in outcome.flows.cells}
    return sorted(found, reverse=True)


def year_label(reader: Reader, year: int | None) -> str:
    if year is None:
        return reader.t("ecosystem.flows.all-years")
    return reader.t("ecosystem.flows.undated") if year == UNDATED else str(year)


def flows(outcome: Outcome, reader: Reader, chosen: Chosen = Chosen()) -> Shown:  # noqa: B008 frozen
    sums = summed(chosen_cells(outcome, chosen))
    count = sum(one.count for one in sums.values())
    return Shown(
        title=reader.t("ecosystem.flows.title"),
        finding=finding(outcome, sums, reader),
        source=sourced(outcome, reader, chosen.year, count),
        table=Table("flows", _columns(reader), [_row(reader, *item) for item in sums.items()]),
        label=reader.t("ecosystem.flows.label"),
        draw=(lambda sheet: sankey(_ribbons(sums), _nodes(outcome, sums, reader), sheet)) if sums else None,
    )


def sourced(outcome: Outcome, reader: Reader, year: int | None = None, count: float | None = None) -> Sourced:
    """Of how many ties, all if their number is not given."""
    if count is None:
        count = sum(cell.count for cell in outcome.flows.cells)
    found = names.sourced(reader, outcome)
    text = reader.t("ecosystem.flows.source", year=year_label(reader, year), count=round(count))
    return Sourced(text, found.newest, found.coverage)


def finding(outcome: Outcome, sums: dict[Triple, Sum], reader: Reader) -> str:
    if not sums:
        any_flow = bool(outcome.flows.cells)
        return reader.t("ecosystem.flows.nothing-chosen" if any_flow else "ecosystem.flows.nothing")
    (source, flow, target), most = next(iter(sums.items()))
    said = [
        reader.t(
            "ecosystem.flows.most",
            flow=names.flow(reader, flow),
            source=names.component(reader, source),
            target=names.component(reader, target),
            count=round(most.count),
        )
    ]
    if outcome.flows.mediated is not None:
        said.append(
            reader.t(
                "ecosystem.flows.mediated",
                share=reader.percent(outcome.flows.mediated),
                online=reader.percent(outcome.flows.online or 0.0),
                offline=reader.percent(outcome.flows.offline or 0.0),
            )
        )
    if outcome.flows.gaps:
        said.append(reader.t("ecosystem.flows.gaps-found", count=len(outcome.flows.gaps)))
    return " ".join(said)


def _columns(reader: Reader) -> list[Column]:
    return [
        Column("source", reader.t("ecosystem.flows.gives")),
        Column("flow", reader.t("ecosystem.flows.what")),
        Column("target", reader.t("ecosystem.flows.gets")),
        Column("count", reader.t("ecosystem.flows.count"), Form.NUMBER, 0),
        Column("online", reader.t("ecosystem.flows.online"), Form.NUMBER, 0),
        Column("offline", reader.t("ecosystem.flows.offline"), Form.NUMBER, 0),
        Column("amount", reader.t("ecosystem.flows.amount"), Form.NUMBER, 0),
        Column("currency", reader.t("ecosystem.flows.currency")),
    ]


def _row(reader: Reader, triple: Triple, one: Sum) -> Sequence[Cell]:
    source, flow, target = triple
    ends = names.component(reader, source), names.flow(reader, flow), names.component(reader, target)
    return (*ends, one.count, one.online, one.offline, one.amount or None, one.currency or None)


def _ribbons(sums: dict[Triple, Sum]) -> list[Ribbon]:
    return [Ribbon(*triple, float(one.count)) for triple, one in sums.items()]


def _nodes(outcome: Outcome, sums: dict[Triple, Sum], reader: Reader) -> Columns:
    got = {(flow, target) for _, flow, target in sums}
    lacking: dict[str, list[str]] = {}
    for gap in outcome.flows.gaps:
        flow = names.flow(reader, gap.flow)
        known = lacking.setdefault(gap.target, [])
        if gap.kind == "missing" and (gap.flow, gap.target) not in got and flow not in known:
            known.append(flow)
    missing = {
        target: reader.t("ecosystem.flows.none-of", flow=", ".join(kinds))
        for target, kinds in lacking.items()
        if kinds
    }
    totals: list[dict[str, float]] = [{}, {}, {}]
    for triple, one in sums.items():
        for total, code in zip(totals, triple, strict=True):
            total[code] = total.get(code, 0) + one.count

    def nodes(total: dict[str, float], notes: dict[str, str]) -> list[Node]:
        # A component that is none of the seven comes last
        codes = [*COMPONENTS, *sorted(total.keys() - set(COMPONENTS))]
        return [
            Node(
                str(code),
                names.component(reader, code),
                names.component_shortly(reader, code),
                reader.number(total.get(code, 0), 0),
                notes.get(code, "") if total.get(code) else "",
            )
            for code in codes
        ]

    kinds = [
        Node(
            str(code),
            names.flow(reader, code),
            names.flow(reader, code),
            reader.number(totals[1].get(code, 0), 0),
            role=role,
        )
        for code, role in ROLES.items()
    ]
    heads = (
        reader.t("ecosystem.flows.gives"),
        reader.t("ecosystem.flows.what"),
        reader.t("ecosystem.flows.gets"),
    )
    return Columns(nodes(totals[0], {}), kinds, nodes(totals[2], missing), heads)


class Square(msgspec.Struct, frozen=True):
    """One cell of the matrix. tone: 1 to 7, 0 for nothing at all."""

    text: str
    tone: int
    parts: str


def matrix(outcome: Outcome, reader: Reader, chosen: Chosen) -> list[tuple[str, list[Square]]]:
    """(component that gives, a cell for each component that gets), in the order of `COMPONENTS`."""
    kinds: dict[tuple[str, str], dict[str, float]] = {}
    for (source, flow, target), one in summed(chosen_cells(outcome, chosen)).items():
        kinds.setdefault((source, target), {})[flow] = one.count
    most = max((sum(counts.values()) for counts in kinds.values()), default=0)
    rows = []
    for source in COMPONENTS:
        squares = []
        for target in COMPONENTS:
            counts = kinds.get((source, target), {})
            total = sum(counts.values())
            parts = ", ".join(
                f"{names.flow(reader, flow)}{THIN}{reader.number(n, 0)}" for flow, n in counts.items()
            )
            tone = max(1, min(7, 1 + int(6.999 * (total / most) ** 0.5))) if total else 0
            squares.append(Square(reader.number(total, 0) if total else "–", tone, parts))
        rows.append((names.component(reader, source), squares))
    return rows


def over_years(outcome: Outcome, reader: Reader) -> Shown:
    """How often each kind of flow ran in each year."""
    dated = sorted({cell.year for cell in outcome.flows.cells if cell.year})
    span = list(range(dated[0], dated[-1] + 1)) if dated else []
    totals: dict[tuple[str, int], float] = {}
    for cell in outcome.flows.cells:
        if cell.year:
            totals[cell.flow, cell.year] = totals.get((cell.flow, cell.year), 0) + cell.count
    kinds = [flow for flow in ROLES if any((flow, year) in totals for year in span)]
    drawn = [
        Line(
            names.flow(reader, flow),
            reader.number(totals.get((flow, span[-1]), 0.0), 0),
            [totals.get((flow, year), 0.0) for year in span],
            ROLES[flow],
        )
        for flow in kinds
    ]
    columns = [
        Column("year", reader.t("ecosystem.year"), Form.PLAIN),
        *(Column(str(flow), names.flow(reader, flow), Form.NUMBER, 0) for flow in kinds),
    ]
    rows: list[Sequence[Cell]] = [
        (year, *(totals.get((str(flow), year), 0.0) for flow in kinds)) for year in span
    ]
    axis = Axis(
        [float(year) for year in span], [str(year) for year in span], reader.t("ecosystem.flows.count")
    )
    return Shown(
        title=reader.t("ecosystem.flows.years-title"),
        finding=reader.t("ecosystem.flows.years-finding", first=str(span[0]), last=str(span[-1]))
        if span
        else reader.t("ecosystem.flows.years-none"),
        source=sourced(outcome, reader),
        table=Table("flow-years", columns, rows),
        draw=(lambda sheet: lines(drawn, axis, sheet)) if len(span) > 1 else None,
    )


def cells(outcome: Outcome, reader: Reader) -> Table:
    """Every cell by year, for files."""
    columns = [Column("year", reader.t("ecosystem.year"), Form.PLAIN), *_columns(reader)]
    rows = [
        (
            cell.year,
            *_row(
                reader,
                (cell.source, cell.flow, cell.target),
                Sum(cell.count, cell.online, cell.offline, cell.amount, cell.currency),
            ),
        )
        for cell in outcome.flows.cells
    ]
    return Table("flow-cells", columns, rows)


def unaccounted(outcome: Outcome, reader: Reader) -> str:
    """Links that are no flow, by attribute; "" if there are none."""
    return ", ".join(
        f"{vocabulary.attribute_label(vocabulary.terms().get(term, term), reader.language)}{THIN}{reader.number(n)}"
        for term, n in outcome.flows.unaccounted.items()
    )
