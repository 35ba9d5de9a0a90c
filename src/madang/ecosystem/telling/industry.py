"""The classes of the firms in words: the treemap of technology layers and service areas, and who has classified."""

from __future__ import annotations

from collections.abc import Sequence

from madang.ecosystem.figures.share import Part, share
from madang.ecosystem.figures.treemap import Cell as Box
from madang.ecosystem.figures.treemap import Group, treemap
from madang.ecosystem.outcome import IndustryCell, Outcome
from madang.ecosystem.telling import names
from madang.ecosystem.telling.shown import Cell, Column, Form, Shown, Sourced, Table
from madang.i18n import Reader

TONES = 7


def industry(outcome: Outcome, reader: Reader) -> Shown:
    """Area is how many firms there are, colour which part of them is young."""
    cells = [cell for cell in outcome.industry.cells if cell.firms]
    columns = [
        Column("layer", reader.t("ecosystem.industry.layer")),
        Column("area", reader.t("ecosystem.industry.area")),
        Column("firms", reader.t("ecosystem.industry.firms"), Form.NUMBER, 0),
        Column("young", reader.t("ecosystem.industry.young"), Form.SHARE),
    ]
    rows: list[Sequence[Cell]] = [
        (layer(reader, cell.layer), area(reader, cell.area), cell.firms, cell.young) for cell in cells
    ]
    firms = sum(cell.firms for cell in cells)
    return Shown(
        title=reader.t("ecosystem.industry.title"),
        finding=finding(outcome, cells, reader),
        source=sourced(outcome, reader),
        table=Table("industry", columns, rows),
        label=reader.t("ecosystem.industry.label", count=firms),
        draw=(lambda sheet: treemap(groups(cells, reader), sheet)) if cells else None,
    )


def groups(cells: Sequence[IndustryCell], reader: Reader) -> list[Group]:
    found: dict[str, list[IndustryCell]] = {}
    for cell in cells:
        found.setdefault(cell.layer, []).append(cell)
    return [
        Group(
            layer(reader, code),
            reader.number(sum(cell.firms for cell in members)),
            [
                Box(area(reader, cell.area), reader.number(cell.firms), cell.firms, tone(cell.young))
                for cell in members
            ],
        )
        for code, members in found.items()
    ]


def tone(share: float | None) -> int | None:
    """1 to 7 of the sequential colours."""
    return None if share is None else min(TONES, 1 + int(share * TONES))


def layer(reader: Reader, code: str) -> str:
    return names.value(reader, "technologyLayer", code) if code else reader.t("ecosystem.industry.no-class")


def area(reader: Reader, code: str) -> str:
    return names.value(reader, "serviceArea", code) if code else reader.t("ecosystem.industry.no-class")


def finding(outcome: Outcome, cells: Sequence[IndustryCell], reader: Reader) -> str:
    if not cells:
        return reader.t("ecosystem.industry.nothing")
    largest = max(cells, key=lambda cell: cell.firms)
    return reader.t(
        "ecosystem.industry.finding",
        count=sum(cell.firms for cell in cells),
        layer=layer(reader, largest.layer),
        area=area(reader, largest.area),
        most=largest.firms,
    )


def classified(outcome: Outcome, reader: Reader) -> Shown:
    """Who has classified the firms: a person, the platform, nobody yet."""
    found = outcome.industry
    parts = [
        Part(
            reader.t("ecosystem.industry.confirmed"),
            reader.number(found.confirmed),
            found.confirmed,
            "accent",
        ),
        Part(
            reader.t("ecosystem.industry.suggested"), reader.number(found.suggested), found.suggested, "cat-7"
        ),
        Part(reader.t("ecosystem.industry.open"), reader.number(found.open), found.open),
    ]
    every = sum(part.size for part in parts)
    columns = [
        Column("state", reader.t("ecosystem.industry.state")),
        Column("firms", reader.t("ecosystem.industry.firms"), Form.NUMBER, 0),
        Column("share", reader.t("ecosystem.industry.share"), Form.SHARE),
    ]
    rows: list[Sequence[Cell]] = [
        (part.label, part.size, part.size / every if every else None) for part in parts
    ]
    outside = found.outside
    rows.append((reader.t("ecosystem.industry.outside"), outside, outside / every if every else None))
    version = reader.t("ecosystem.industry.taxonomy", version=found.taxonomy)
    return Shown(
        title=reader.t("ecosystem.industry.who-title"),
        finding=reader.t("ecosystem.industry.who-text"),
        source=Sourced(version, outcome.read),
        table=Table("classified", columns, rows),
        draw=(lambda sheet: share(parts, sheet)) if every else None,
    )


def sourced(outcome: Outcome, reader: Reader) -> Sourced:
    found = outcome.industry
    text = reader.t("ecosystem.industry.source", confirmed=found.confirmed, suggested=found.suggested)
    if found.open:
        text = reader.t("ecosystem.industry.source-open", text=text, count=found.open)
    known = found.confirmed + found.suggested
    every = known + found.open
    return Sourced(text, outcome.read, known / every if every else None)
