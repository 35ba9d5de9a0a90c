"""From an outcome to the report of it, chapter by chapter. Everything that it says is said by `telling/`, as on the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Final

from madang.ecosystem.figures.canvas import Sheet
from madang.ecosystem.figures.palette import PAPER
from madang.ecosystem.outcome import METHOD, Outcome
from madang.ecosystem.report.document import Block, Document, Figure, Heading, Listing, Points, Text
from madang.ecosystem.telling import (
    activity,
    components,
    flows,
    industry,
    lacks,
    names,
    network,
    positions,
    strategies,
    verdict,
)
from madang.ecosystem.telling.shown import Column, Form, Shown, Sourced, Table, words
from madang.i18n import Reader

_ROWS_MAX: Final = 30
_ALL: Final = 10_000
# Columns that only programs need
_FOR_PROGRAMS: Final = frozenset(("code", "id"))
_ANNEX: Final = frozenset(("component", "indicator", "value", "unit", "score", "coverage", "formula"))


def report(outcome: Outcome, reader: Reader) -> Document:
    """The whole report. reader: its `now` is when the report is made."""
    city = names.of(reader, outcome.names, outcome.city)
    stage = verdict.stage_label(reader, outcome.judged.stage)
    core = verdict.core_label(reader, outcome.judged.core)
    return Document(
        language=reader.language,
        title=reader.t("ecosystem.report.title", city=city),
        subtitle=reader.t(
            "ecosystem.report.subtitle", date=reader.moment(outcome.read, "day-year"), method=METHOD
        ),
        lead=f"{stage}{reader.t('ecosystem.dot')}{core}",
        notice=reader.t("ecosystem.report.synthetic") if outcome.synthetic else "",
        contents=reader.t("ecosystem.report.contents"),
        blocks=tuple(_Writer(outcome, reader).blocks()),
    )


class _Writer:
    """Counts figures and tables while the chapters are written."""

    def __init__(self, outcome: Outcome, reader: Reader) -> None:
        self.outcome = outcome
        self.reader = reader
        self._figures = count(1)
        self._tables = count(1)

    def blocks(self) -> Iterator[Block]:
        yield from self._summary()
        yield from self._judged()
        yield from self._chapter("components", (components.components,))
        yield from self._chapter(
            "flows", (flows.flows, flows.over_years, activity.activity, lacks.gaps, lacks.breaks)
        )
        if text := flows.unaccounted(self.outcome, self.reader):
            yield Text(text)
        yield from self._chapter(
            "network",
            (
                network.measures,
                network.cores,
                positions.ranks,
                positions.roles,
                positions.communities,
                network.robustness,
                network.years,
            ),
        )
        yield from self._chapter("industry", (industry.industry, industry.classified))
        yield from self._strategies()
        yield from self._method()
        yield from self._annex()

    def _t(self, key: str, **values: object) -> str:
        return self.reader.t(f"ecosystem.report.{key}", **values)

    def _summary(self) -> Iterator[Block]:
        outcome, reader = self.outcome, self.reader
        yield Heading(1, self._t("summary"))
        yield Text(verdict.lead(outcome, reader))
        shown: tuple[Shown, ...] = (
            verdict.redrawn(outcome, reader),
            components.components(outcome, reader),
            flows.flows(outcome, reader),
            network.measures(outcome, reader),
            industry.industry(outcome, reader),
        )
        yield Points([one.finding for one in shown if one.finding])
        yield Text(names.sourced(reader, outcome).words(reader))

    def _judged(self) -> Iterator[Block]:
        outcome, reader = self.outcome, self.reader
        yield Heading(1, self._t("judged"))
        yield from self._evidence()
        yield from self._shown(verdict.redrawn(outcome, reader))
        yield Heading(2, self._t("overturn"))
        overturning = verdict.overturns(outcome, reader)
        yield Points(overturning) if overturning else Text(self._t("no-overturn"))
        for scale in verdict.scales(outcome, reader):
            yield from self._shown(scale)

    def _evidence(self) -> Iterator[Block]:
        """As it is read on the page: value, range, threshold, what it says."""
        shown, reader = verdict.evidence(self.outcome, self.reader), self.reader
        heads = ("head", "value", "bounds", "criterion", "says")
        yield Heading(2, shown.title)
        yield Text(shown.finding)
        yield Listing(
            self._t("table", number=next(self._tables)),
            shown.title,
            [reader.t(f"ecosystem.evidence.{head}") for head in heads],
            [False, True, True, True, False],
            [
                (f"{one.label} ({one.note})", one.value, one.bounds, one.criterion, one.says)
                for one in verdict.pieces(self.outcome, reader)
            ],
            shown.source.words(reader),
        )

    def _chapter(self, name: str, told: Iterable[Callable[[Outcome, Reader], Shown]]) -> Iterator[Block]:
        yield Heading(1, self._t(name))
        for tell in told:
            yield from self._shown(tell(self.outcome, self.reader))

    def _shown(self, shown: Shown, rows_max: int = _ROWS_MAX) -> Iterator[Block]:
        """A section: what it says, its figure, its table."""
        source = shown.source.words(self.reader)
        yield Heading(2, shown.title)
        if shown.finding:
            yield Text(shown.finding)
        if not shown.table.rows:
            return
        if svg := shown.drawn(Sheet(PAPER, shown.title)):
            yield Figure(self._t("figure", number=next(self._figures)), shown.title, svg, source)
        yield self._listing(shown.title, shown.table, source, rows_max)

    def _listing(self, title: str, table: Table, source: str, rows_max: int = _ROWS_MAX) -> Listing:
        """As the table of a page, but without what only a program needs. rows_max: longer ones say what is left out."""
        some = [place for place, column in enumerate(table.columns) if column.code not in _FOR_PROGRAMS]
        columns = [table.columns[place] for place in some]
        left = len(table.rows) - rows_max
        return Listing(
            self._t("table", number=next(self._tables)),
            title,
            [column.label for column in columns],
            [_is_number(column) for column in columns],
            [
                [words(self.reader, column, row[place]) for column, place in zip(columns, some, strict=True)]
                for row in table.rows[:rows_max]
            ],
            source,
            self._t("left-out", shown=rows_max, count=len(table.rows)) if left > 0 else "",
        )

    def _strategies(self) -> Iterator[Block]:
        outcome, reader = self.outcome, self.reader
        source = names.sourced(reader, outcome, ("Measure", "Programme", "Call")).words(reader)
        yield Heading(1, self._t("strategies"))
        table = strategies.measures(outcome, reader)
        for tree in strategies.trees(outcome, reader):
            yield Heading(2, tree.title)
            yield Text(tree.text)
            rows = [row[1:] for row in table.rows if row[0] == tree.title]
            if rows:
                yield self._listing(tree.title, Table(tree.code, table.columns[1:], rows), source, _ALL)

    def _method(self) -> Iterator[Block]:
        outcome, reader = self.outcome, self.reader
        yield Heading(1, self._t("method"))
        for name in ("record", "weights", "cores", "stage", "missing"):
            yield Text(self._t(f"method-{name}"))
        for one in outcome.network.drawn:
            yield Text(network.sampled(reader, one.sources, one.of, one.error))
        columns = (
            Column("type", self._t("source-type")),
            Column("count", self._t("source-count"), Form.NUMBER, 0),
            Column("share", self._t("source-share"), Form.SHARE),
            Column("newest", self._t("source-newest"), Form.MOMENT),
        )
        rows = [
            (names.entity_type(reader, one.type), one.count, one.share, one.newest or None)
            for one in outcome.sources
        ]
        source = Sourced(names.of(reader, outcome.names, outcome.city), outcome.read).words(reader)
        yield self._listing(self._t("sources"), Table("sources", columns, rows), source, _ALL)

    def _annex(self) -> Iterator[Block]:
        outcome, reader = self.outcome, self.reader
        yield Heading(1, self._t("annex"))
        whole = components.indicators(outcome, reader)
        some = [place for place, column in enumerate(whole.columns) if column.code in _ANNEX]
        columns = [whole.columns[place] for place in some]
        table = Table(whole.code, columns, [[row[place] for place in some] for row in whole.rows])
        source = components.sourced(outcome, reader).words(reader)
        yield self._listing(self._t("annex"), table, source, _ALL)


def _is_number(column: Column) -> bool:
    return column.form is not Form.TEXT or column.code == "criterion"
