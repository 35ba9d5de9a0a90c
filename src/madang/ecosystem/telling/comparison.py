"""Two outcomes side by side: of two days of a city, or of two cities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from madang import vocabulary
from madang.ecosystem.flow_gaps import behind
from madang.ecosystem.outcome import Outcome, Standing
from madang.ecosystem.telling import components, flows, industry, lacks, names, network, verdict
from madang.ecosystem.telling.shown import Cell, Column, Form, Shown, Sourced, Table
from madang.i18n import Reader

_PLACES: Final = 3
_FLOWS_MAX: Final = 60
_MOVED_MAX: Final = 10


class Pair(msgspec.Struct, frozen=True):
    """ours: the later one, or the city's own. theirs: with what it is compared. Both with what they are called."""

    ours: Outcome
    theirs: Outcome
    our_name: str
    their_name: str

    @property
    def same_city(self) -> bool:
        return self.ours.city == self.theirs.city


def name_of(outcome: Outcome, reader: Reader) -> str:
    """City and day."""
    return f"{names.of(reader, outcome.names, outcome.city)} {reader.local(outcome.read).date().isoformat()}"


def source(pair: Pair, reader: Reader) -> Sourced:
    coverage = min(names.sourced(reader, one).coverage or 0.0 for one in (pair.ours, pair.theirs))
    return Sourced(f"{pair.our_name}, {pair.their_name}", pair.ours.read, coverage)


def warnings(pair: Pair, reader: Reader) -> list[str]:
    """What keeps the two from being compared without a second thought."""
    found = []
    if pair.ours.method != pair.theirs.method:
        said = reader.t("ecosystem.compare.method", ours=pair.ours.method, theirs=pair.theirs.method)
        found.append(said)
    if pair.ours.synthetic != pair.theirs.synthetic:
        found.append(reader.t("ecosystem.compare.synthetic"))
    if pair.ours.industry.taxonomy != pair.theirs.industry.taxonomy:
        found.append(reader.t("ecosystem.compare.taxonomy"))
    return found


def verdicts(pair: Pair, reader: Reader) -> Shown:
    """The verdict and every piece of its evidence."""
    ours, theirs = pair.ours.judged, pair.theirs.judged
    rows: list[Sequence[Cell]] = [
        (
            reader.t("ecosystem.compare.stage"),
            verdict.stage_label(reader, ours.stage),
            verdict.stage_label(reader, theirs.stage),
            None,
        ),
        (
            reader.t("ecosystem.compare.core"),
            verdict.core_label(reader, ours.core),
            verdict.core_label(reader, theirs.core),
            None,
        ),
    ]
    known = {one.name: one.value for one in theirs.evidence}
    for one in ours.evidence:
        label = names.evidence(reader, one.name)[0]
        rows.append(_row(label, (one.value, known.get(one.name)), _PLACES))
    same = (ours.stage, ours.core) == (theirs.stage, theirs.core)
    text = reader.t(
        "ecosystem.compare.same-verdict" if same else "ecosystem.compare.other-verdict",
        ours=_verdict(pair.ours, reader),
        theirs=_verdict(pair.theirs, reader),
    )
    return Shown(
        title=reader.t("ecosystem.compare.verdict-title"),
        finding=text,
        source=source(pair, reader),
        table=Table("compared-verdict", _columns(reader.t("ecosystem.evidence.head"), pair, reader), rows),
    )


def _verdict(outcome: Outcome, reader: Reader) -> str:
    judged = outcome.judged
    stage, core = verdict.stage_label(reader, judged.stage), verdict.core_label(reader, judged.core)
    return f"{stage}{reader.t('ecosystem.dot')}{core}"


def scores(pair: Pair, reader: Reader) -> tuple[Outcome, Shown]:
    """The radar of the seven components with the other's scores in it; the outcome that it draws."""
    theirs = {one.component: one.score for one in pair.theirs.components}
    compared = tuple(
        msgspec.structs.replace(one, compared=theirs.get(one.component)) for one in pair.ours.components
    )
    outcome = msgspec.structs.replace(pair.ours, components=compared)
    shown = components.components(outcome, reader)
    apart = [
        (one.score - one.compared, one.component)
        for one in compared
        if one.score is not None and one.compared is not None
    ]
    finding = reader.t("ecosystem.compare.scores-none")
    if apart:
        most = max(apart, key=lambda pair: abs(pair[0]))
        finding = reader.t(
            "ecosystem.compare.scores-higher" if most[0] >= 0 else "ecosystem.compare.scores-lower",
            component=names.component(reader, most[1]),
            points=round(abs(most[0])),
            theirs=pair.their_name,
        )
    return outcome, msgspec.structs.replace(shown, finding=finding, source=source(pair, reader))


def indicators(pair: Pair, reader: Reader) -> Shown:
    known = {one.code: one for one in pair.theirs.readings}
    rows = []
    for one in pair.ours.readings:
        other = known.get(one.code)
        label = names.of(reader, one.names) if one.names else names.indicator_label(reader, one.code)
        values = (one.value, other.value if other is not None else None)
        rows.append((*_row(label, values, None), vocabulary.unit_symbol(one.unit) if one.unit else None))
    both = sum(isinstance(row[1], float) and isinstance(row[2], float) for row in rows)
    columns = [
        *_columns(reader.t("ecosystem.indicator"), pair, reader),
        Column("unit", reader.t("ecosystem.unit")),
    ]
    return Shown(
        title=reader.t("ecosystem.compare.indicators-title"),
        finding=reader.t("ecosystem.compare.indicators-finding", count=both, of=len(rows)),
        source=source(pair, reader),
        table=Table("compared-indicators", columns, rows),
    )


def measures(pair: Pair, reader: Reader) -> Shown:
    """The network of firms in numbers."""
    ours, theirs = (network.measures(one, reader).table.rows for one in (pair.ours, pair.theirs))
    rows = [
        _row(str(mine[0]), (_number(mine[1]), _number(other[1])), None)
        for mine, other in zip(ours, theirs, strict=True)
    ]
    return Shown(
        title=reader.t("ecosystem.compare.network-title"),
        finding=reader.t("ecosystem.compare.network-finding"),
        source=source(pair, reader),
        table=Table("compared-network", _columns(reader.t("ecosystem.network.measure"), pair, reader), rows),
    )


def flowing(pair: Pair, reader: Reader) -> Shown:
    """What runs between the components, as parts of all that runs, so that a large city and a small one can be compared."""
    ours, theirs = (
        {key: one.count for key, one in flows.summed(outcome.flows.cells).items()}
        for outcome in (pair.ours, pair.theirs)
    )
    found = [
        (key, ours.get(key, 0.0), theirs.get(key, 0.0), _part(key, ours), _part(key, theirs))
        for key in dict.fromkeys([*ours, *theirs])
    ]
    found.sort(key=lambda row: -abs((row[3] or 0.0) - (row[4] or 0.0)))
    columns = [
        Column("source", reader.t("ecosystem.flows.gives")),
        Column("flow", reader.t("ecosystem.flows.what")),
        Column("target", reader.t("ecosystem.flows.gets")),
        Column("ours", reader.t("ecosystem.compare.count", name=pair.our_name), Form.NUMBER, 0),
        Column("theirs", reader.t("ecosystem.compare.count", name=pair.their_name), Form.NUMBER, 0),
        Column("our_share", reader.t("ecosystem.compare.share", name=pair.our_name), Form.SHARE),
        Column("their_share", reader.t("ecosystem.compare.share", name=pair.their_name), Form.SHARE),
    ]
    rows: list[Sequence[Cell]] = [
        (
            names.component(reader, source_),
            names.flow(reader, flow),
            names.component(reader, target),
            *(mine, other, my_part, other_part),
        )
        for (source_, flow, target), mine, other, my_part, other_part in found[:_FLOWS_MAX]
    ]
    finding = reader.t("ecosystem.flows.nothing")
    if rows:
        finding = reader.t(
            "ecosystem.compare.flows-finding",
            source=str(rows[0][0]),
            flow=str(rows[0][1]),
            target=str(rows[0][2]),
        )
    return Shown(
        title=reader.t("ecosystem.compare.flows-title"),
        finding=finding,
        source=source(pair, reader),
        table=Table("compared-flows", columns, rows),
    )


def lagging(pair: Pair, reader: Reader) -> Shown:
    """Which flows are less than half of what the other one has, each as a part of all that runs."""
    found = behind(pair.ours.flows, pair.theirs.flows, pair.their_name)
    said = "ecosystem.compare.behind-finding" if found else "ecosystem.compare.behind-none"
    return Shown(
        title=reader.t("ecosystem.compare.behind-title"),
        finding=reader.t(said, name=pair.their_name),
        source=source(pair, reader),
        table=lacks.table("compared-gaps", found, reader),
    )


def _part(key: flows.Triple, counts: dict[flows.Triple, float]) -> float | None:
    """Of all that runs; None where nothing does."""
    total = sum(counts.values())
    return counts.get(key, 0.0) / total if total else None


def classes(pair: Pair, reader: Reader) -> Shown:
    """How the firms are spread over the layers of technology."""
    ours, theirs = (_layers(outcome) for outcome in (pair.ours, pair.theirs))
    totals = sum(ours.values()), sum(theirs.values())
    rows: list[Sequence[Cell]] = [
        (
            industry.layer(reader, layer),
            *(ours.get(layer, 0), theirs.get(layer, 0)),
            ours.get(layer, 0) / totals[0] if totals[0] else None,
            theirs.get(layer, 0) / totals[1] if totals[1] else None,
        )
        for layer in dict.fromkeys([*ours, *theirs])
    ]
    columns = [
        Column("layer", reader.t("ecosystem.industry.layer")),
        Column("ours", reader.t("ecosystem.compare.firms", name=pair.our_name), Form.NUMBER, 0),
        Column("theirs", reader.t("ecosystem.compare.firms", name=pair.their_name), Form.NUMBER, 0),
        Column("our_share", reader.t("ecosystem.compare.share", name=pair.our_name), Form.SHARE),
        Column("their_share", reader.t("ecosystem.compare.share", name=pair.their_name), Form.SHARE),
    ]
    return Shown(
        title=reader.t("ecosystem.compare.industry-title"),
        finding=reader.t("ecosystem.compare.industry-finding", ours=totals[0], theirs=totals[1]),
        source=source(pair, reader),
        table=Table("compared-industry", columns, rows),
    )


def _layers(outcome: Outcome) -> dict[str, int]:
    found: dict[str, int] = {}
    for cell in outcome.industry.cells:
        found[cell.layer] = found.get(cell.layer, 0) + cell.firms
    return found


def moved(pair: Pair, reader: Reader) -> Shown:
    """Of one city: who is new, who is gone, and whose place changed most."""
    before = {one.id: place for place, one in enumerate(pair.theirs.standings, 1)}
    after = {one.id: place for place, one in enumerate(pair.ours.standings, 1)}
    known = {one.id: one for one in (*pair.theirs.standings, *pair.ours.standings)}
    new = [one for one in after if one not in before]
    gone = [one for one in before if one not in after]
    stayed = [one for one in after if one in before and known[one].partners and after[one] != before[one]]
    stayed.sort(key=lambda one: (-abs(before[one] - after[one]), after[one]))
    kinds: tuple[tuple[str, list[str]], ...] = (
        ("new", new[:_MOVED_MAX]),
        ("gone", gone[:_MOVED_MAX]),
        ("moved", stayed[:_MOVED_MAX]),
    )
    rows: list[Sequence[Cell]] = [
        (
            one,
            reader.t(f"ecosystem.compare.changes.{kind}"),
            _label(known[one], reader),
            before.get(one),
            after.get(one),
        )
        for kind, some in kinds
        for one in some
    ]
    columns = [
        Column("id", reader.t("ecosystem.id")),
        Column("kind", reader.t("ecosystem.compare.change")),
        Column("name", reader.t("ecosystem.position.name")),
        Column("before", reader.t("ecosystem.compare.place", name=pair.their_name), Form.PLAIN),
        Column("after", reader.t("ecosystem.compare.place", name=pair.our_name), Form.PLAIN),
    ]
    return Shown(
        title=reader.t("ecosystem.compare.moved-title"),
        finding=reader.t("ecosystem.compare.moved-finding", new=len(new), gone=len(gone)),
        source=source(pair, reader),
        table=Table("compared-organisations", columns, rows),
    )


def _label(one: Standing, reader: Reader) -> str:
    return names.of(reader, one.names, one.id)


def _columns(first: str, pair: Pair, reader: Reader) -> list[Column]:
    return [
        Column("what", first),
        Column("ours", pair.our_name, Form.NUMBER),
        Column("theirs", pair.their_name, Form.NUMBER),
        Column("difference", reader.t("ecosystem.compare.difference"), Form.SIGNED),
    ]


def _row(
    label: str, values: tuple[float | None, float | None], decimals: int | None
) -> tuple[Cell, Cell, Cell, Cell]:
    ours, theirs = (None if one is None else float(one) for one in values)
    if decimals is not None:
        ours, theirs = (None if one is None else round(one, decimals) for one in (ours, theirs))
    difference = None if ours is None or theirs is None else float(f"{ours - theirs:.4g}")
    return label, ours, theirs, difference


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None


TABLES: Final[Mapping[str, Callable[[Pair, Reader], Shown]]] = {
    "compared-verdict": verdicts,
    "compared-indicators": indicators,
    "compared-network": measures,
    "compared-flows": flowing,
    "compared-gaps": lagging,
    "compared-industry": classes,
    "compared-organisations": moved,
}
"""By the codes of their tables."""
