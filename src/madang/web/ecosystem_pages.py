"""The pages of an outcome: at a glance, components, flows, industry, strategies."""

from __future__ import annotations

from markupsafe import Markup
from starlette.responses import Response

from madang.ecosystem.figures.canvas import Sheet
from madang.ecosystem.figures.palette import PAGE
from madang.ecosystem.outcome import METHOD
from madang.ecosystem.telling import activity, components, flows, industry, lacks, names, strategies, verdict
from madang.errors import BadRequestData
from madang.trust.identity import Permission
from madang.vocabulary import Flow
from madang.web.ecosystem import outcome_of, page, waiting
from madang.web.visit import Visit

_PLOT = Sheet(PAGE, "")


async def overview(visit: Visit) -> Response:
    """GET /{language}/ecosystem?day="""
    outcome = await outcome_of(visit)
    if outcome is None:
        return await waiting(visit)
    reader = visit.reader
    pieces = verdict.pieces(outcome, reader)
    return page(
        visit,
        outcome,
        "overview",
        {
            "headline": verdict.headline(outcome, reader),
            "lead": verdict.lead(outcome, reader),
            "method": METHOD,
            "head_source": names.sourced(reader, outcome, names.NETWORK),
            "evidence": verdict.evidence(outcome, reader),
            "pieces": [(piece, Markup(verdict.plot(piece, _PLOT))) for piece in pieces],  # noqa: S704 - figures escape
            "redrawn": verdict.redrawn(outcome, reader),
            "legend": verdict.legend(outcome, reader),
            "overturns": verdict.overturns(outcome, reader),
            "overturns_none": verdict.overturns_none(outcome, reader),
            "scales": list(zip(outcome.judged.scales, verdict.scales(outcome, reader), strict=True)),
            "rung": lambda scale, code: names.rung(reader, scale, code),
            "components": components.components(outcome, reader),
            "scores": [
                (one, names.component(reader, one.component), components.spread(one, reader))
                for one in outcome.components
            ],
            "compared": any(one.compared is not None for one in outcome.components),
            "flows": flows.flows(outcome, reader),
            "industry": industry.industry(outcome, reader),
            "warnings": warnings(visit, outcome.network.warnings),
        },
    )


def warnings(visit: Visit, found: tuple[dict[str, str | int | float], ...]) -> list[str]:
    """What must be known before a figure is believed, in words; one without words says its name."""
    said = []
    for one in found:
        key = f"ecosystem.warning.{one.get('name', '')}"
        known = visit.reader.known(key)
        said.append(visit.t(key, **one) if known else str(one.get("name", "")))
    return said


async def components_page(visit: Visit) -> Response:
    """GET /{language}/ecosystem/components?day="""
    outcome = await outcome_of(visit)
    if outcome is None:
        return await waiting(visit)
    reader = visit.reader
    groups = []
    for one in outcome.components:
        rows = [
            components.indicator_row(each, reader)
            for each in outcome.readings
            if each.component == one.component
        ]
        source = components.sourced(outcome, reader, one.component)
        spread = components.spread(one, reader)
        groups.append((one, names.component(reader, one.component), spread, source, rows))
    values = {
        "components": components.components(outcome, reader),
        "scores": [(one, label, spread) for one, label, spread, _, _ in groups],
        "compared": any(one.compared is not None for one in outcome.components),
        "groups": groups,
    }
    return page(visit, outcome, "components", values)


async def flows_page(visit: Visit) -> Response:
    """GET /{language}/ecosystem/flows?year=&flow=&day="""
    outcome = await outcome_of(visit)
    if outcome is None:
        return await waiting(visit)
    reader, years = visit.reader, flows.years(outcome)
    chosen = chosen_flows(visit)
    return page(
        visit,
        outcome,
        "flows",
        {
            "chosen": chosen,
            "years": [(year, flows.year_label(reader, year)) for year in years],
            "kinds": [(str(flow), names.flow(reader, flow)) for flow in flows.ROLES],
            "flows": flows.flows(outcome, reader, chosen),
            "matrix": flows.matrix(outcome, reader, chosen),
            "getters": [names.component(reader, code) for code in flows.COMPONENTS],
            "over_years": flows.over_years(outcome, reader),
            "activity": activity.activity(outcome, reader),
            "gaps": lacks.gaps(outcome, reader),
            "breaks": lacks.breaks(outcome, reader),
            "unaccounted": flows.unaccounted(outcome, reader),
        },
    )


def chosen_flows(visit: Visit) -> flows.Chosen:
    """Which flows the address asks for. Raises BadRequestData."""
    year, flow = (visit.request.query_params.get(name, "") for name in ("year", "flow"))
    if year and not (year.isascii() and year.isdigit() and len(year) <= 4):
        raise BadRequestData(f"A year is a number such as 2025, not '{year[:20]}'")
    if flow and flow not in set(Flow):
        raise BadRequestData(f"A kind of flow is one of {', '.join(Flow)}, not '{flow[:20]}'")
    return flows.Chosen(int(year) if year else None, flow)


async def industry_page(visit: Visit) -> Response:
    """GET /{language}/ecosystem/industry?day="""
    outcome = await outcome_of(visit)
    if outcome is None:
        return await waiting(visit)
    values = {
        "industry": industry.industry(outcome, visit.reader),
        "cells": [
            (
                cell,
                industry.layer(visit.reader, cell.layer),
                industry.area(visit.reader, cell.area),
                industry.tone(cell.young),
            )
            for cell in outcome.industry.cells
        ],
        "classified": industry.classified(outcome, visit.reader),
        "may_review": visit.may(Permission.WRITE),
    }
    return page(visit, outcome, "industry", values)


async def strategies_page(visit: Visit) -> Response:
    """GET /{language}/ecosystem/strategies?day="""
    outcome = await outcome_of(visit)
    if outcome is None:
        return await waiting(visit)
    values = {
        "trees": strategies.trees(outcome, visit.reader),
        "measures": strategies.measures(outcome, visit.reader),
        "head_source": strategies.sourced(outcome, visit.reader),
        "evidence_name": lambda identifier: evidence_name(visit, identifier),
    }
    return page(visit, outcome, "strategies", values)


def evidence_name(visit: Visit, identifier: str) -> str:
    """What is part of a measure: its type and its key."""
    kind = identifier.split(":")[2] if identifier.count(":") > 2 else ""
    label = names.entity_type(visit.reader, kind) if kind else ""
    return f"{label} {visit.shower.key(identifier)}".strip()
