"""Where the city's data comes from: every type with its count, every source with its state and what it left out."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from madang import vocabulary
from madang.connect.source import Source
from madang.errors import NotFound
from madang.hub import discovery
from madang.store.base import SourceStatus
from madang.trust.identity import Permission
from madang.vocabulary import Component
from madang.web.describe import licence_words
from madang.web.site import SourceState, source_states
from madang.web.visit import Visit

REJECTED_ROWS = 50


async def data_page(visit: Visit) -> Response:
    """GET /{language}/data"""
    counts = await discovery.type_counts(visit.site.hub, visit.access)
    states = {state.source: state for state in await source_states(visit.site, visit.access)}
    sources = [source_view(visit, source, states[source.id], counts) for source in visit.site.city.sources]
    return visit.html(
        "data.html",
        {
            "groups": groups(visit, counts),
            "things": sum(counts.values()),
            "kinds": sum(1 for count in counts.values() if count),
            "sources": sources,
            "rejected": sum(source["rejected"] for source in sources),
        },
    )


def groups(visit: Visit, counts: dict[str, int]) -> list[tuple[str, list[dict[str, Any]]]]:
    """(component, its types) in the order of the seven components; types of nobody's vocabulary come last."""
    found: dict[Component | None, list[dict[str, Any]]] = {}
    for iri, count in counts.items():
        if count:
            known = vocabulary.entity_type(iri)
            view = {
                "label": visit.shower.type_label(iri),
                "term": visit.site.hub.contexts.own.compact(iri),
                "url": visit.type_url(iri),
                "count": count,
            }
            found.setdefault(known.component if known else None, []).append(view)
    order: list[Component | None] = [*Component, None]
    return [
        (
            vocabulary.component_label(component, visit.language)
            if component
            else visit.t("data.other-types"),
            sorted(found[component], key=lambda view: -int(view["count"])),
        )
        for component in order
        if component in found
    ]


def source_view(visit: Visit, source: Source, state: SourceState, counts: dict[str, int]) -> dict[str, Any]:
    """One source as both pages show it. counts: of entities that the reader sees, by type."""
    status: SourceStatus | None = state.status
    context = visit.site.hub.contexts.own
    types = list(dict.fromkeys(context.expand(mapping.type) for mapping in source.entities))
    return {
        "id": source.id,
        "name": visit.shower.pick(source.name) or source.id,
        "url": visit.source_url(source.id),
        "connector": visit.known(f"connector.{source.connector}") or source.connector,
        "file": source.location.rsplit("/", 1)[-1],
        "schedule": schedule(visit, source),
        "licence": licence_words(visit, source.licence),
        "attribution": source.attribution,
        "types": [(visit.shower.type_label(iri), visit.type_url(iri)) for iri in types],
        "finished": status.finished if status else 0,
        "entities": counted(visit, state, types, counts),
        "rejected": status.rejected if status else 0,
        "problem": state.problem,
        "loading": state.loading,
        "percent": state.percent,
    }


def counted(visit: Visit, state: SourceState, types: list[str], counts: dict[str, int]) -> int:
    """How many entities of a source may be told: no more than the reader sees of its types. counts: those, by type."""
    if visit.access.view is None:
        return state.entities
    return min(state.entities, sum(counts.get(iri, 0) for iri in types))


def schedule(visit: Visit, source: Source) -> str:
    """How often a source is read, in words."""
    seconds = source.interval_seconds
    if seconds is None:
        return visit.t("data.once")
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds >= length and seconds % length == 0:
            return visit.t(f"data.every-{unit}", count=int(seconds // length))
    return visit.t("data.every-second", count=seconds)


async def source_page(visit: Visit) -> Response:
    """GET /{language}/data/sources/{source}?after=N: one source and the rows that it could not take."""
    wanted = visit.request.path_params["source"]
    source = next((candidate for candidate in visit.site.city.sources if candidate.id == wanted), None)
    if source is None:
        raise NotFound(f"The city has no source '{wanted}'")
    given = visit.request.query_params.get("after", "")
    after = int(given) if given.isascii() and given.isdigit() else 0
    # What was rejected is as it came, whoever it is about
    looks = visit.may(Permission.SOURCES)
    sources = visit.site.hub.store(visit.access).sources
    rows = await sources.rejected(source.id, REJECTED_ROWS + 1, after) if looks else []
    states = {state.source: state for state in await source_states(visit.site, visit.access)}
    more = len(rows) > REJECTED_ROWS
    rows = rows[:REJECTED_ROWS]
    counts = await discovery.type_counts(visit.site.hub, visit.access)
    return visit.html(
        "source.html",
        {
            "source": source_view(visit, source, states[source.id], counts),
            "looks": looks,
            "rows": [row for _, row in rows],
            "next": visit.source_url(source.id) + f"?after={rows[-1][0]}" if more else "",
            "first": visit.source_url(source.id) if after else "",
        },
    )
