"""What the vocabulary says of a type, on the page of the type: its component, its attributes, what runs along its links,
and an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import orjson

from madang import vocabulary
from madang.vocabulary import AttributeTerm, EntityType, Flow, Passing, schemas
from madang.web.visit import Visit

_CATEGORY: Final = "category"


class Said(msgspec.Struct, frozen=True):
    """An attribute. runs: what runs along a link and which way, "" for what is no link of a flow."""

    label: str
    term: str
    kind: str
    unit: str
    runs: str


class Words(msgspec.Struct, frozen=True):
    """name: of the type. components: (of which entities, the component), those of the type first. passes: what runs through
    an entity. example: as JSON. schema: its address."""

    name: str
    components: tuple[tuple[str, str], ...]
    passes: tuple[str, ...]
    attributes: tuple[Said, ...]
    example: str
    schema: str


def words(visit: Visit, iri: str) -> Words | None:
    """None for a type that is not of the vocabulary."""
    entry = vocabulary.entity_type(iri)
    if entry is None:
        return None
    known = vocabulary.attributes()
    passed = {term for passing in entry.passes for term in (*passing.givers, *passing.receivers)}
    return Words(
        name=visit.shower.type_label(iri),
        components=_components(visit, entry),
        passes=tuple(_passing(visit, one) for one in entry.passes if one.flow is not None),
        attributes=tuple(_said(visit, known[one], passed) for one in entry.attributes),
        example=orjson.dumps(schemas.example(entry.term), option=orjson.OPT_INDENT_2).decode(),
        schema=f"/schemas/{entry.term}.json",
    )


def _components(visit: Visit, entry: EntityType) -> tuple[tuple[str, str], ...]:
    category = vocabulary.terms()[_CATEGORY]
    found: dict[str, list[str]] = {}
    for code, component in entry.components.items():
        name = vocabulary.component_label(component, visit.language)
        found.setdefault(name, []).append(vocabulary.value_label(category, code, visit.language))
    usual = vocabulary.component_label(entry.component, visit.language)
    return ("", usual), *((", ".join(codes), name) for name, codes in found.items())


def _passing(visit: Visit, one: Passing) -> str:
    givers, receivers = _ends(visit, one.givers), _ends(visit, one.receivers)
    flow = _flow(visit, one.flow)
    if one.both:
        return visit.t("type-words.together", who=givers, flow=flow)
    return visit.t("type-words.passes", giver=givers, receiver=receivers, flow=flow)


def _ends(visit: Visit, terms: tuple[str, ...]) -> str:
    iris: Mapping[str, str] = vocabulary.terms()
    return ", ".join(
        vocabulary.attribute_label(iris.get(term, term), visit.language)
        if term
        else visit.t("type-words.itself")
        for term in terms
    )


def _said(visit: Visit, entry: AttributeTerm, passed: set[str]) -> Said:
    runs = ""
    if entry.runs is not None and entry.term not in passed:
        runs = visit.t(f"type-words.runs.{entry.runs.value}", flow=_flow(visit, entry.flow))
    return Said(
        label=vocabulary.attribute_label(entry.iri, visit.language),
        term=entry.term,
        kind=visit.t(f"type-words.kind.{entry.kind.value}"),
        unit=vocabulary.unit_name(entry.unit, visit.language) if entry.unit else "",
        runs=runs,
    )


def _flow(visit: Visit, flow: Flow | None) -> str:
    return vocabulary.flow_label(flow, visit.language) if flow is not None else ""
