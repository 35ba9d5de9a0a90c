"""One list per type: filter, order, page, columns, map; and the results of a search, as a list of their own."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import RedirectResponse, Response

from madang import vocabulary
from madang.errors import NotFound
from madang.hub import entities
from madang.ngsild.entity import Entity
from madang.ngsild.query import Window
from madang.vocabulary import ValueKind
from madang.web import filters
from madang.web.entity import ground_config
from madang.web.headers import SECURITY_HEADERS
from madang.web.listing import Listing, listing_of
from madang.web.ordering import ordered_page
from madang.web.show import LOCATION, NOT_LISTED, Fact, location
from madang.web.type_words import words
from madang.web.visit import Visit

ROWS = 50
MAP_ROWS = 500
COLUMNS_MAX = 7
RESULTS_MAX = 100
MAP_ZOOM = 16.0


class Column(msgspec.Struct, frozen=True):
    """A column of the table. number: aligned right. unit: stands once, in the head. sorted: "", "ascending" ..."""

    iri: str
    term: str
    label: str
    unit: str = ""
    number: bool = False
    sorted: str = ""
    sort_url: str = ""


class Cell(msgspec.Struct, frozen=True):
    fact: Fact | None
    text: str
    long: bool = False


class Row(msgspec.Struct, frozen=True):
    name: str
    url: str
    cells: tuple[Cell, ...]
    observed: int | None
    stale: bool


async def type_page(visit: Visit) -> Response:
    """GET /{language}/types/{type}?filter=&text=&sort=&columns=&after=&map="""
    params = visit.request.query_params
    context = visit.site.hub.contexts.own
    if "attribute" in params:
        return add_condition(visit)
    listing = await listing_of(visit)
    counts = await visit.site.hub.store(visit.access).type_counts(visit.access)
    if listing.iri not in counts and vocabulary.entity_type(listing.iri) is None:
        raise NotFound(f"There is no entity of the type {context.compact(listing.iri)}")
    found, total, following = await page_of(visit, listing)
    seen = seen_attributes(found)
    chosen = tuple(context.expand(term) for term in listing.view.columns)
    columns = table_columns(
        visit, listing, chosen or filters.usual_columns(listing.iri, seen, COLUMNS_MAX), found
    )
    term = context.compact(listing.iri)
    rows = [row(visit, entity, columns) for entity in found]
    return visit.html(
        "type.html",
        {
            "listing": listing,
            "view": listing.view,
            "term": term,
            "label": visit.shower.type_label(listing.iri),
            "columns": columns,
            "name_column": name_column(visit, listing),
            "choices": choices(visit, listing.iri, seen, {column.iri for column in columns}),
            "rows": rows,
            "dated": any(one.observed for one in rows),
            "total": total,
            "all": counts.get(listing.iri, 0),
            "next": visit.type_url(listing.iri, listing.view.query(after=following)) if following else "",
            "page_url": lambda query: visit.type_url(listing.iri, query),
            "export_url": lambda kind: visit.url(
                f"/types/{term}/export", listing.view.query(format=kind, map="")
            ),
            "operators": [
                (operator, visit.t(f"operator.{index}")) for index, operator in enumerate(filters.OPERATORS)
            ],
            "place": await place(visit, listing) if listing.view.map and not listing.empty else None,
            "sources": await type_sources(visit, listing.iri),
            "written": words(visit, listing.iri),
        },
    )


async def page_of(visit: Visit, listing: Listing) -> tuple[tuple[Entity, ...], int, str]:
    """(entities, how many in all, cursor of the next page)."""
    if listing.empty:
        return (), 0, ""
    if listing.view.sort:
        return await ordered_page(visit, listing, ROWS)
    window = Window(limit=ROWS, cursor=listing.view.after, count=True)
    page = await entities.query(visit.site.hub, visit.access, listing.query, window)
    return page.entities, page.total or 0, page.next_cursor


def add_condition(visit: Visit) -> Response:
    """The form's condition becomes part of the address, so that the view has one."""
    params = visit.request.query_params
    context = visit.site.hub.contexts.own
    view = filters.read_view(params, visit.reader, context)
    texts = [condition.text for condition in view.conditions]
    if params.get("value", "").strip():
        composed = filters.compose(
            params["attribute"], params.get("operator", "=="), params["value"], visit.language, context
        )
        texts = list(dict.fromkeys([*texts, composed]))
    target = visit.type_url(context.expand(visit.request.path_params["type"]), view.query(filter=texts))
    return RedirectResponse(target, 303, SECURITY_HEADERS)


def seen_attributes(found: tuple[Entity, ...]) -> list[str]:
    """IRIs of the attributes of these entities, in the order in which they come."""
    names: dict[str, None] = {}
    for entity in found:
        for attribute in entity.attributes:
            if attribute.name not in NOT_LISTED and attribute.name != LOCATION:
                names.setdefault(attribute.name)
    return list(names)


def table_columns(
    visit: Visit, listing: Listing, iris: tuple[str, ...], found: tuple[Entity, ...]
) -> list[Column]:
    """The unit stands in the head where all values of the page share it."""
    columns = []
    view = listing.view
    for iri in iris:
        term = visit.site.hub.contexts.own.compact(iri)
        facts = [visit.shower.fact(attribute) for entity in found for attribute in entity.instances(iri)[:1]]
        units = {fact.unit for fact in facts if fact.number is not None}
        known = vocabulary.attribute(iri)
        number = (
            any(fact.number is not None for fact in facts)
            if facts
            else bool(known and known.kind is ValueKind.NUMBER)
        )
        down = view.sort == f"-{term}"
        up = view.sort == term
        # A number is first shown from the top, a word from the beginning of the alphabet
        following = (
            ("" if up else term if down else f"-{term}")
            if number
            else ("" if down else f"-{term}" if up else term)
        )
        columns.append(
            Column(
                iri=iri,
                term=term,
                label=visit.shower.label(iri),
                unit=units.pop() if len(units) == 1 else "",
                number=number,
                sorted="descending" if down else "ascending" if up else "",
                sort_url=visit.type_url(listing.iri, view.query(sort=following)),
            )
        )
    return columns


def name_column(visit: Visit, listing: Listing) -> Column:
    view = listing.view
    down, up = view.sort == f"-{filters.NAME_SORT}", view.sort == filters.NAME_SORT
    following = f"-{filters.NAME_SORT}" if up else "" if down else filters.NAME_SORT
    return Column(
        iri=vocabulary.NAME,
        term=filters.NAME_SORT,
        label=visit.t("list.name"),
        sorted="descending" if down else "ascending" if up else "",
        sort_url=visit.type_url(listing.iri, view.query(sort=following)),
    )


def choices(visit: Visit, iri: str, seen: list[str], shown: set[str]) -> list[tuple[str, str, bool]]:
    """(term, label, shown) of every column that there could be."""
    known = vocabulary.entity_type(iri)
    names = list(dict.fromkeys([*(known.attributes if known else ()), *seen]))
    context = visit.site.hub.contexts.own
    return [
        (context.compact(name), visit.shower.label(name), name in shown)
        for name in names
        if name not in NOT_LISTED and name != LOCATION and (name in seen or name in shown)
    ]


def row(visit: Visit, entity: Entity, columns: list[Column]) -> Row:
    shower = visit.shower
    facts = {
        attribute.name: shower.fact(attribute, shower.feeder(entity, attribute.name))
        for attribute in reversed(entity.attributes)
    }
    observed = max((fact.observed for fact in facts.values() if fact.observed is not None), default=None)
    cells = []
    for column in columns:
        fact = facts.get(column.iri)
        text = fact.text if fact else ""
        if fact and fact.unit and fact.unit != column.unit:
            text += "\u202f" + fact.unit
        cells.append(Cell(fact, text, long=len(text) > 40))
    stale = any(fact.stale for fact in facts.values() if fact.observed == observed)
    return Row(shower.name(entity), visit.entity_url(entity.id), tuple(cells), observed, stale)


async def place(visit: Visit, listing: Listing) -> dict[str, Any]:
    """The things of the list on a map: at most MAP_ROWS of them."""
    page = await entities.query(visit.site.hub, visit.access, listing.query, Window(limit=MAP_ROWS))
    things = [
        [entity.id, visit.shower.name(entity), geometry]
        for entity in page.entities
        if (geometry := location(entity))
    ]
    return {
        "ground": ground_config(visit),
        "things": things,
        "link": visit.url("/entities/{id}"),
        "zoom": MAP_ZOOM,
        "more": bool(page.next_cursor),
    }


async def type_sources(visit: Visit, iri: str) -> list[dict[str, Any]]:
    """The sources of the city file that write this type, with what their last run left out."""
    expand = visit.site.hub.contexts.own.expand
    statuses = {status.source: status for status in await visit.site.hub.store(visit.access).sources.all()}
    found = []
    for source in visit.site.city.sources:
        if not any(expand(mapping.type) == iri for mapping in source.entities):
            continue
        status = statuses.get(source.id)
        found.append(
            {
                "name": visit.shower.pick(source.name) or source.id,
                "url": visit.source_url(source.id),
                "finished": status.finished if status else 0,
                "rejected": status.rejected if status else 0,
            }
        )
    return found


async def search_page(visit: Visit) -> Response:
    """GET /{language}/search?text=: what a search finds, for those without scripts, and to share."""
    text = visit.request.query_params.get("text", "").strip()
    found = await entities.search(visit.site.hub, visit.access, text, RESULTS_MAX) if text else []
    results = [
        {
            "name": visit.shower.name(entity),
            "other": visit.shower.other_name(entity),
            "kind": visit.shower.type_label(entity.types[0]),
            "type_url": visit.type_url(entity.types[0]),
            "url": visit.entity_url(entity.id),
        }
        for entity in found
    ]
    return visit.html("search.html", {"text": text, "results": results, "more": len(found) == RESULTS_MAX})
