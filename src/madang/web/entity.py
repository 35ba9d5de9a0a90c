"""The page of one entity: what it is, how it changed, what it is linked to, where it came from, and its raw form."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from madang.ecosystem.joined import ORGANISATION
from madang.hub import entities
from madang.ngsild.entity import Entity
from madang.ngsild.representation import Form, to_json
from madang.vocabulary import ValueKind
from madang.web import describe, history, policy_words
from madang.web.chart import NARROW, WIDE
from madang.web.layers import GROUND, GROUND_LABELS
from madang.web.show import Fact, location
from madang.web.visit import Visit

CHANGES_MAX = 50
PLACE_ZOOM = 15.5


async def entity_page(visit: Visit) -> Response:
    """GET /{language}/entities/{id}?attribute=TERM&range=24h"""
    entity = await entities.retrieve(visit.site.hub, visit.access, visit.request.path_params["id"])
    thing = await describe.thing(visit, entity)
    outgoing, incoming = await describe.relations(visit, entity)
    charted = [
        fact
        for fact in thing.facts
        if fact.number is not None and fact.observed is not None and not fact.dataset
    ]
    asked = visit.request.query_params.get("attribute", "")
    chosen = next((fact for fact in charted if fact.term == asked), thing.main or next(iter(charted), None))
    span_name = visit.request.query_params.get("range", "")
    chart = None
    if chosen is not None:
        span_name = span_name if span_name in history.RANGES else await first_range(visit, entity.id, chosen)
        chart = await describe.chart(visit, entity.id, chosen, (WIDE, NARROW), history.RANGES[span_name])
    geometry = location(entity)
    return visit.html(
        "entity.html",
        {
            "thing": thing,
            "entity": entity,
            "outgoing": outgoing,
            "incoming": incoming,
            "charted": charted,
            "chart": chart,
            "chosen": chosen,
            "span": span_name,
            "spans": list(history.RANGES),
            "history_url": lambda **query: visit.url(f"/entities/{entity.id}/history", query),
            "page_url": lambda **query: visit.url(f"/entities/{entity.id}", query),
            "provenance": await describe.provenance(visit, entity),
            "duties": policy_words.duties(visit, visit.access.duties),
            "feed": await describe.provenance(visit, entity, chosen.name if chosen else ""),
            "raw": raw(visit, entity),
            "place": place(visit, entity, thing.name) if geometry else None,
            "firm_url": firm_url(visit, entity),
            "stale": [fact for fact in thing.facts if fact.stale],
            "listed": [fact for fact in thing.facts if fact.kind is not ValueKind.PLACE or fact.geometry],
        },
    )


def firm_url(visit: Visit, entity: Entity) -> str:
    """Of the page that tells with whom an organisation works; "" for what is none."""
    organisation = visit.site.hub.contexts.own.expand(ORGANISATION) in entity.types
    return visit.url(f"/ecosystem/firms/{entity.id}") if organisation else ""


async def first_range(visit: Visit, entity_id: str, fact: Fact) -> str:
    """The shortest range that has something to show, so that nobody opens an empty chart."""
    observed = fact.observed or 0
    for name, span in history.RANGES.items():
        if span is None or observed > visit.reader.now - span:
            return name
    return history.DEFAULT_RANGE


def raw(visit: Visit, entity: Entity) -> str:
    """The normalized representation under the platform's own @context, as the API gives it."""
    form = Form(context=visit.site.hub.contexts.own)
    return orjson.dumps(to_json(entity, form), option=orjson.OPT_INDENT_2).decode()


def ground_config(visit: Visit) -> dict[str, dict[str, str]]:
    return {role: {"url": visit.url(f"/city/ground/{role}"), "label": GROUND_LABELS[role]} for role in GROUND}


def place(visit: Visit, entity: Entity, name: str) -> dict[str, object]:
    """What the small map shows."""
    return {
        "ground": ground_config(visit),
        "things": [[entity.id, name, location(entity)]],
        "link": None,
        "zoom": PLACE_ZOOM,
    }
