"""The city page: the map with its tools, the panel beside it, the overview, and the search."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from madang import vocabulary
from madang.city.model import Layer, Style
from madang.errors import NotFound
from madang.hub import discovery, entities
from madang.web import describe
from madang.web.chart import PANEL
from madang.web.entity import ground_config
from madang.web.layers import GROUND, ROAD_CLASS, layer_type
from madang.web.show import STALE_AFTER_MIN, STALE_INTERVALS, location, middle
from madang.web.site import source_states
from madang.web.visit import Visit

SUGGESTIONS_MAX = 8
TONES = 7


async def city_page(visit: Visit) -> Response:
    """GET /{language}/city?select=ID and what the island keeps in the address."""
    await visit.live.start()
    shown = await overview_values(visit)
    selected = visit.request.query_params.get("select", "")
    panel_values: dict[str, Any] = {"thing": None, "missing": ""}
    if selected:
        try:
            panel_values = await panel_of(visit, selected)
        except NotFound as error:
            panel_values["missing"] = error.message
    return visit.html(
        "city.html", {**shown, **panel_values, "selected": selected, "config": await config(visit, shown)}
    )


async def panel(visit: Visit) -> Response:
    """GET /{language}/city/panel?id=ID: the panel's content."""
    wanted = visit.request.query_params.get("id", "")
    try:
        values = {**await panel_of(visit, wanted), "missing": ""}
    except NotFound as error:
        values = {"thing": None, "missing": error.message}
    return visit.html("panel.html", values)


async def overview(visit: Visit) -> Response:
    """GET /{language}/city/overview: how far loading is, and what there is."""
    return visit.html("overview.html", await overview_values(visit))


async def suggestions(visit: Visit) -> Response:
    """GET /{language}/city/search?text=: things by name."""
    text = visit.request.query_params.get("text", "").strip()
    found = await entities.search(visit.site.hub, visit.access, text, SUGGESTIONS_MAX) if text else []
    shower = visit.shower
    answers = []
    for entity in found:
        geometry = location(entity)
        answers.append(
            {
                "id": entity.id,
                "name": shower.name(entity),
                "other": shower.other_name(entity)[1],
                "kind": shower.type_label(entity.types[0]),
                "place": middle(geometry) if geometry else None,
            }
        )
    words = visit.t("search.count", count=len(answers)) if answers else visit.t("search.none", text=text)
    return visit.json({"found": answers, "words": words})


class LayerView(msgspec.Struct, frozen=True):
    """A layer as the page lists it. tone: number of its category colour. ground: the part of the ground that it is."""

    layer: Layer
    name: str
    count: int
    list_url: str
    tone: int
    ground: str = ""


async def layer_views(visit: Visit) -> list[LayerView]:
    counts = await discovery.type_counts(visit.site.hub, visit.access)
    views = []
    tone = 0
    for layer in visit.site.city.layers:
        iri = layer_type(visit, layer)
        role = ground_role(visit, layer)
        if role is None and layer.style not in (Style.VALUE, Style.BUILDING):
            tone = tone % TONES + 1
        name = visit.shower.pick(layer.name) or visit.shower.type_label(iri)
        views.append(LayerView(layer, name, counts.get(iri, 0), visit.type_url(iri), tone, role or ""))
    return views[::-1]  # what is drawn on top comes first in the list


async def config(visit: Visit, shown: dict[str, Any]) -> dict[str, Any]:
    """What the island needs to know; web-src/src/data.ts says the same in its language."""
    context = visit.site.hub.contexts.own
    layers = []
    for view in shown["layers"]:
        layer: Layer = view.layer
        attribute = context.expand(layer.attribute) if layer.attribute else None
        term = vocabulary.attribute(attribute) if attribute else None
        layers.append(
            {
                "id": layer.id,
                "name": view.name,
                "style": layer.style.value,
                "types": [layer_type(visit, layer)],
                "attribute": attribute,
                "unit": vocabulary.unit_symbol(term.unit) if term and term.unit else "",
                "label": visit.shower.label(attribute) if attribute else "",
                "url": visit.url(f"/city/layers/{layer.id}"),
                "list": view.list_url,
                "tone": view.tone or 1,
                "visible": layer.visible,
                "count": view.count,
                "staleAfter": stale_after(visit, layer),
                "ground": ground_role(visit, layer),
            }
        )
    return {
        "language": visit.language,
        "city": visit.site.city.id,
        "extent": visit.site.city.extent,
        "ground": ground_config(visit),
        "layers": layers,
        "urls": {
            "panel": visit.url("/city/panel"),
            "search": visit.url("/city/search"),
            "overview": visit.url("/city/overview"),
            "stream": "/stream",
            "hours": visit.url("/city/hours"),
        },
        "loading": shown["loading"],
        "sequence": await visit.site.hub.store(visit.access).last_sequence(),
    }


def ground_role(visit: Visit, layer: Layer) -> str | None:
    """The part of the ground that the layer is: then it switches what is drawn already.

    Streets are drawn in classes anyway, so a layer of them by class is the ground's too.
    """
    attribute = visit.site.hub.contexts.own.expand(layer.attribute) if layer.attribute else ""
    if attribute not in ("", ROAD_CLASS) or layer.style not in (Style.AREA, Style.LINE):
        return None
    iri = layer_type(visit, layer)
    return next((role for role, types in GROUND.items() if iri in types and role != "places"), None)


def stale_after(visit: Visit, layer: Layer) -> int | None:
    """Milliseconds after which a value of the layer is old, where its source promises new ones."""
    iri = layer_type(visit, layer)
    expand = visit.site.hub.contexts.own.expand
    for source in visit.site.city.sources:
        seconds = source.interval_seconds
        if seconds is not None and any(expand(mapping.type) == iri for mapping in source.entities):
            return max(STALE_AFTER_MIN // 1000, STALE_INTERVALS * int(seconds * 1000))
    return None


async def overview_values(visit: Visit) -> dict[str, Any]:
    """The counts, and how far the sources are that are read for the first time."""
    states = await source_states(visit.site, visit.access)
    layers = await layer_views(visit)
    counts = await discovery.type_counts(visit.site.hub, visit.access)
    names = {source.id: visit.shower.pick(source.name) or source.id for source in visit.site.city.sources}
    return {
        "layers": layers,
        "states": states,
        "source_names": names,
        "loading": any(state.loading for state in states),
        "broken": [state for state in states if state.problem],
        "attributions": list(
            dict.fromkeys(source.attribution for source in visit.site.city.sources if source.attribution)
        ),
        "things": sum(counts.values()),
        "kinds": sum(1 for count in counts.values() if count),
    }


async def panel_of(visit: Visit, entity_id: str) -> dict[str, Any]:
    """What the panel says of an entity. Raises NotFound."""
    entity = await entities.retrieve(visit.site.hub, visit.access, entity_id)
    thing = await describe.thing(visit, entity, preferred(visit, entity.types))
    outgoing, incoming = await describe.relations(visit, entity)
    chart = None
    if thing.main is not None and thing.main.observed is not None:
        chart = await describe.chart(visit, entity.id, thing.main, (PANEL,))
        thing = msgspec.structs.replace(thing, coverage=chart.coverage if chart else None)
    others = [fact for fact in thing.facts if thing.main is None or fact.name != thing.main.name]
    geometry = location(entity)
    return {
        "thing": thing,
        "at": middle(geometry) if geometry else None,
        "others": [fact for fact in others if fact.geometry is None and fact.text],
        "chart": chart,
        "outgoing": outgoing,
        "incoming": incoming,
        "provenance": await describe.provenance(visit, entity, thing.main.name if thing.main else ""),
    }


def preferred(visit: Visit, types: tuple[str, ...]) -> str:
    """The attribute by which a layer of the city file colours things of this type."""
    expand = visit.site.hub.contexts.own.expand
    for layer in visit.site.city.layers:
        if layer.attribute and expand(layer.type) in types:
            return expand(layer.attribute)
    return ""
