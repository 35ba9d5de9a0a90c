"""The page of one organisation: with whom it works, what it did when, where it stands in the network, what is suggested."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from madang import vocabulary
from madang.ecosystem import neighbourhood, suggestions
from madang.ecosystem.joined import ORGANISATION
from madang.ecosystem.neighbourhood import Neighbourhood
from madang.ecosystem.outcome import Outcome, Standing
from madang.ecosystem.suggestions import AXES, Category, Status, Suggestion
from madang.ecosystem.telling import exports, firm, network
from madang.ecosystem.telling.shown import Sourced
from madang.errors import Denied, NotFound
from madang.hub import entities
from madang.i18n import Reader, join
from madang.ngsild.entity import Entity
from madang.trust.identity import Permission
from madang.web import describe
from madang.web.ecosystem import drawn, outcome_of, sourced
from madang.web.ecosystem_data import given
from madang.web.ecosystem_network import FIRMS, firm_url
from madang.web.review import PATH as REVIEW
from madang.web.review import class_label, organisations, reason_words
from madang.web.visit import Visit

_SUGGESTIONS_MAX: Final = 100
_TIES_SHOWN_MAX: Final = 100
_PARTNERS_SHOWN_MAX: Final = 100
_NAMED_MAX: Final = 4
_FILES: Final = ("csv", "csv-excel")


class Told(msgspec.Struct, frozen=True):
    """An organisation with all that its page tells. standing: None where the analysis does not have it."""

    entity: Entity
    name: str
    found: Neighbourhood
    outcome: Outcome | None
    standing: Standing | None


async def firm_page(visit: Visit) -> Response:
    """GET /{language}/ecosystem/firms/{id}?day="""
    told = await _told(visit)
    reader = visit.reader
    known = _names(told, reader)
    partners = firm.partners(told.name, told.found, reader, _near(told), lambda one: firm_url(visit, one))
    ties = firm.ties(told.found, reader, known, _NAMED_MAX)
    about = await suggestions.about(visit.site.hub, visit.access, told.entity.id, _SUGGESTIONS_MAX)
    return visit.html(
        "ecosystem_firm.html",
        {
            "thing": await describe.thing(visit, told.entity),
            "name": told.name,
            "kind": _kind(visit, told.entity),
            "newest": told.entity.modified_at,
            "provenance": await describe.provenance(visit, told.entity),
            "partners": partners,
            "shown_partners": partners.table.rows[:_PARTNERS_SHOWN_MAX],
            "knows_near": told.standing is not None,
            "history": firm.history(told.found, reader),
            "ties": ties,
            "shown_ties": ties.rows[:_TIES_SHOWN_MAX],
            "cut": told.found.cut,
            "standing": firm.standing(told.standing, told.outcome, reader)
            if told.standing and told.outcome
            else [],
            "standing_source": _standing_source(visit, told),
            "same": await _same(visit, told),
            "classes": _classes(visit, told.entity),
            "suggested": await _suggested(visit, told, about),
            "review": visit.url(REVIEW) if visit.may(Permission.WRITE) else "",
            "waiting": [one for one in about if one.status is Status.PROPOSED],
            "files": _files(visit, told.entity.id),
            "firm_url": lambda one: firm_url(visit, one),
            "drawn": drawn,
            "sourced": lambda one: sourced(visit, one),
            "day": visit.request.query_params.get("day", ""),
        },
    )


async def firm_data(visit: Visit) -> Response:
    """GET /{language}/ecosystem/firms/{id}/data/{table}.{csv|csv-excel}: partners, ties or years."""
    told = await _told(visit)
    code, _, kind = visit.request.path_params["file"].partition(".")
    tables = {
        "partners": lambda: firm.partners(told.name, told.found, visit.reader, _near(told), str).table,
        "years": lambda: firm.history(told.found, visit.reader).table,
        "ties": lambda: firm.ties(told.found, visit.reader, _names(told, visit.reader)),
    }
    if code not in tables or kind not in _FILES:
        raise NotFound(
            f"There is no table '{code:.20}.{kind:.20}' of an organisation; there are {', '.join(tables)}"
        )
    text = exports.csv(tables[code](), bom=kind == "csv-excel")
    return given(text.encode(), f"{code}.csv", "text/csv; charset=utf-8")


async def _told(visit: Visit) -> Told:
    """Raises NotFound for what is no organisation."""
    hub, access = visit.site.hub, visit.access
    entity = await entities.retrieve(hub, access, visit.request.path_params["id"])
    if visit.site.hub.contexts.own.expand(ORGANISATION) not in entity.types:
        raise NotFound(f"{entity.id} is no organisation")
    found = await neighbourhood.neighbourhood(hub, access, entity)
    try:
        outcome = await outcome_of(visit) if visit.site.outcomes is not None else None
    except Denied:  # who sees a part only sees a part of this page
        outcome = None
    standings = {one.id: one for one in outcome.standings} if outcome is not None else {}
    standing = next((standings[one] for one in found.ids if one in standings), None)
    return Told(entity, visit.shower.name(entity), found, outcome, standing)


def _names(told: Told, reader: Reader) -> dict[str, str]:
    """What organisations are called, as far as they are known here."""
    found = {one.id: one.names for one in told.found.neighbours}
    if told.outcome is not None:
        found.update({one.id: one.names for one in told.outcome.standings})
    return {one: firm.label(reader, some, one) for one, some in found.items()}


def _near(told: Told) -> dict[str, bool]:
    """Which neighbours are in its community; empty where it has none."""
    if told.outcome is None or told.standing is None:
        return {}
    own = told.standing.community
    return {one.id: one.community == own for one in told.outcome.standings if one.partners}


def _kind(visit: Visit, entity: Entity) -> str:
    """What it is, in a few words: "창업 기업 · 2019년 설립 · 12명"."""
    facts = {fact.term: fact for fact in reversed(visit.shower.facts(entity))}
    found = [facts["category"].text] if "category" in facts else []
    if "foundingYear" in facts:
        found.append(visit.t("ecosystem-firm.founded", year=facts["foundingYear"].text))
    employees = facts.get("numberOfEmployees")
    if employees is not None and employees.number is not None:
        found.append(visit.t("ecosystem-firm.employees", count=round(employees.number)))
    return join(found)


def _standing_source(visit: Visit, told: Told) -> Sourced | None:
    if told.outcome is None:
        return None
    source = network.source(told.outcome, visit.reader)
    return Sourced(source.text, told.outcome.computed, source.coverage)


async def _same(visit: Visit, told: Told) -> list[tuple[str, str]]:
    """(name, address) of the other entries that people have confirmed to be this organisation."""
    found = await organisations(visit, told.found.ids[1:])
    return [(visit.shower.name(one), visit.entity_url(one.id)) for one in found.values()]


def _classes(visit: Visit, entity: Entity) -> list[tuple[str, str, str]]:
    """(axis, class, who says so: a person or its source) of what is known of it; "" for a class that is not."""
    expand = visit.site.hub.contexts.own.expand
    source = expand("source")
    found = []
    for axis in AXES:
        value, by = "", ""
        for attribute in entity.instances(expand(axis)):
            members = attribute.members()
            value, said = str(members.get("value", "")), members.get(source)
            by = visit.t("ecosystem-firm.by-person") if said else visit.t("ecosystem-firm.by-source")
        label = vocabulary.attribute_label(expand(axis), visit.language)
        found.append((label, class_label(visit, axis, value) if value else "", by))
    return found


async def _suggested(visit: Visit, told: Told, about: tuple[Suggestion, ...]) -> list[dict[str, Any]]:
    """Partners that fit: those that a person has confirmed, and for who may decide, those that wait."""
    may = visit.may(Permission.WRITE)
    wanted = [
        one
        for one in about
        if one.category is Category.PARTNER
        and (one.status is Status.CONFIRMED or (may and one.status is Status.PROPOSED))
    ]
    ends = {one.id: one.participant if one.subject == told.entity.id else one.subject for one in wanted}
    known = await organisations(visit, ends.values())
    return [
        {
            "name": visit.shower.name(known[ends[one.id]]),
            "url": firm_url(visit, ends[one.id]),
            "score": one.score,
            "reasons": [(reason_words(visit, reason), reason.against) for reason in one.reasons],
            "waits": one.status is Status.PROPOSED,
        }
        for one in wanted
        if ends[one.id] in known
    ]


def _files(visit: Visit, entity_id: str) -> list[tuple[str, str]]:
    """(format, start of the address) of the files of a table; none for who may not take data away."""
    if not visit.may(Permission.EXPORT):
        return []
    return [(kind, visit.url(f"{FIRMS}/{entity_id}/data/")) for kind in _FILES]
