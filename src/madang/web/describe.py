"""What the panel beside the map and the page of an entity have in common: one entity, gathered from the hub."""

from __future__ import annotations

from typing import Any

import msgspec

from madang.hub import entities
from madang.i18n import DAY
from madang.ngsild.entity import Entity
from madang.ngsild.query import Query, Window
from madang.vocabulary import ValueKind
from madang.web import history
from madang.web.chart import Box, Chart, Series, draw
from madang.web.show import Fact, main_fact
from madang.web.site import source_states
from madang.web.visit import Visit

TARGETS_MAX = 100
TARGETS_SHOWN_MAX = 12
INCOMING_MAX = 60


class Link(msgspec.Struct, frozen=True):
    """One end of a relationship. known: the entity is here."""

    id: str
    name: str
    kind: str
    url: str
    known: bool = True


class Relation(msgspec.Struct, frozen=True):
    """label: of the relationship. more: how many there are beyond `links`. iri: of the relationship."""

    label: str
    links: tuple[Link, ...]
    more: int = 0
    iri: str = ""


class Thing(msgspec.Struct, frozen=True):
    """An entity as a page describes it.

    main: the figure that leads. coverage: share of the last day in which it came, None where it is not expected.
    """

    entity: Entity
    name: str
    other_language: str
    other_name: str
    kinds: tuple[tuple[str, str, str], ...]  # label, term, address of its list
    facts: tuple[Fact, ...]
    main: Fact | None
    live: bool
    coverage: float | None = None


async def thing(visit: Visit, entity: Entity, preferred: str = "") -> Thing:
    """preferred: IRI of the attribute that leads, where the entity has it."""
    shower = visit.shower
    facts = shower.facts(entity)
    other_language, other_name = shower.other_name(entity)
    main = main_fact(facts, preferred)
    source = shower.feeder(entity, main.name) if main else None
    live = bool(source and source.interval_seconds and main and main.observed and not main.stale)
    return Thing(
        entity=entity,
        name=shower.name(entity),
        other_language=other_language,
        other_name=other_name,
        kinds=tuple(
            (shower.type_label(iri), visit.site.hub.contexts.own.compact(iri), visit.type_url(iri))
            for iri in entity.types
        ),
        facts=tuple(fact for fact in facts if fact.kind is not ValueKind.LINK),
        main=main,
        live=live,
    )


async def relations(visit: Visit, entity: Entity) -> tuple[list[Relation], list[Relation]]:
    """(outgoing, incoming), each by relationship."""
    links = [fact for fact in visit.shower.facts(entity) if fact.kind is ValueKind.LINK]
    wanted = tuple(dict.fromkeys(target for fact in links for target in fact.targets[:TARGETS_SHOWN_MAX]))[
        :TARGETS_MAX
    ]
    known: dict[str, Entity] = {}
    if wanted:
        page = await entities.query(
            visit.site.hub, visit.access, Query(ids=wanted), Window(limit=len(wanted))
        )
        known = {found.id: found for found in page.entities}
    outgoing = [
        Relation(
            fact.label,
            tuple(link(visit, target, known.get(target)) for target in fact.targets[:TARGETS_SHOWN_MAX]),
            max(0, len(fact.targets) - TARGETS_SHOWN_MAX),
            fact.name,
        )
        for fact in links
    ]
    grouped: dict[str, list[Entity]] = {}
    for iri, found in await entities.incoming(visit.site.hub, visit.access, entity.id, INCOMING_MAX):
        grouped.setdefault(iri, []).append(found)
    incoming = [
        Relation(
            visit.shower.label(iri),
            tuple(link(visit, found.id, found) for found in group[:TARGETS_SHOWN_MAX]),
            max(0, len(group) - TARGETS_SHOWN_MAX),
            iri,
        )
        for iri, group in grouped.items()
    ]
    return outgoing, incoming


def link(visit: Visit, entity_id: str, entity: Entity | None) -> Link:
    shower = visit.shower
    if entity is None:
        return Link(
            entity_id,
            shower.key(entity_id),
            visit.t("entity.unknown"),
            visit.entity_url(entity_id),
            known=False,
        )
    kind = shower.type_label(entity.types[0])
    return Link(entity_id, shower.name(entity), kind, visit.entity_url(entity_id))


# --- history ---


async def chart(
    visit: Visit, entity_id: str, fact: Fact, boxes: tuple[Box, ...], span: int | None = DAY
) -> Chart | None:
    """The history of a number, over the last `span` microseconds or all of it; None if there is none at all."""
    now = visit.reader.now
    wanted = history.Wanted(entity_id, fact.name, fact.observed is not None, now - span if span else None)
    past = await history.read(visit.site, visit.access, wanted)
    times, values = past.numbers()
    start = now - span if span else times[0] if times else now - DAY
    end = now if span or not times else max(times[-1], start + 1)
    shown = history.series(times, values, start, end)

    def words(value: float) -> str:
        return visit.words(fact, value)

    offset = int(visit.reader.local(now).utcoffset().total_seconds()) * 1_000_000  # type: ignore[union-attr] # the zone is known
    bucket, rows = history.table(times, values, start, end, offset)
    return Chart(
        fact=fact,
        series=shown,
        drawings=tuple(draw(shown, box, visit.reader, words, guides(visit, fact)) for box in boxes),
        label=chart_label(visit, fact, shown, words),
        bucket=bucket,
        rows=tuple(rows),
        count=len(times),
        coverage=Series(start, end, tuple(times), tuple(values)).coverage if span == DAY and times else None,
    )


def guides(visit: Visit, fact: Fact) -> list[tuple[float, str]]:
    """Where a grade that is not good begins: the line that a reader compares with."""
    term = visit.shower.term(fact.name)
    if term is None:
        return []
    found = []
    for before, grade in zip(term.grades, term.grades[1:], strict=False):
        if before.to is not None and grade.code.startswith("bad"):
            found.append((before.to, visit.t("chart.grade", name=grade.labels[visit.language])))
    return found


def chart_label(visit: Visit, fact: Fact, shown: Series, words: Any) -> str:
    if not shown.values:
        return visit.t("chart.empty-label", name=fact.label)
    text = visit.t(
        "chart.label",
        name=fact.label,
        low=words(min(shown.values)),
        high=words(max(shown.values)),
        last=words(shown.values[-1]),
        unit=fact.unit,
    )
    gaps = [
        visit.t("chart.gap", begin=visit.reader.moment(begin), end=visit.reader.moment(end))
        for begin, end in shown.gaps()[:3]
    ]
    return " ".join([text, *gaps])


async def provenance(visit: Visit, entity: Entity, name: str = "") -> dict[str, Any] | None:
    """Where the entity came from: its source as the city file and the last run say it; None if no source wrote it.

    name: IRI of an attribute, to ask for the source that brings its values instead.
    """
    source = visit.shower.feeder(entity, name) if name else visit.shower.source(entity.id)
    if source is None:
        return None
    states = {state.source: state for state in await source_states(visit.site, visit.access)}
    status = states[source.id].status
    return {
        "source": source,
        "name": visit.shower.pick(source.name) or source.id,
        "url": visit.source_url(source.id),
        "file": source.location.rsplit("/", 1)[-1],
        "licence": licence_words(visit, source.licence),
        "attribution": source.attribution,
        "run": status.finished if status else 0,
    }


def licence_words(visit: Visit, licence: str) -> str:
    """The name of a licence that we know by its code, otherwise what the city file says."""
    known = visit.known(f"licence.{licence}")
    return known or licence
