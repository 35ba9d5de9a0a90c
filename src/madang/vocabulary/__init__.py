"""The platform's own words: what a type, an attribute, a unit or a code is called, in Korean and in English.

What is asked of the vocabulary elsewhere is here; what it consists of stands in `model.py` and `data/`. A name
that the vocabulary does not know is never an error: users bring types and attributes of their own, and the last
part of their IRI is then their label.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from madang.ngsild.context import Context
from madang.vocabulary.load import LANGUAGES, vocabulary
from madang.vocabulary.model import (
    AttributeTerm,
    Component,
    EntityType,
    Flow,
    Grade,
    Needed,
    Passing,
    Purpose,
    Runs,
    Unit,
    ValueKind,
    Vocabulary,
)

__all__ = [
    "LANGUAGES",
    "NAME",
    "AttributeTerm",
    "Component",
    "EntityType",
    "Flow",
    "Grade",
    "Needed",
    "Passing",
    "Purpose",
    "Runs",
    "Unit",
    "ValueKind",
    "Vocabulary",
    "attribute",
    "attribute_label",
    "attributes",
    "back_label",
    "component_label",
    "context",
    "entity_type",
    "flow_label",
    "indexed",
    "need_reason",
    "personal",
    "protected",
    "purpose",
    "purpose_label",
    "purposes",
    "terms",
    "type_label",
    "types",
    "unit",
    "unit_name",
    "unit_symbol",
    "unmasked",
    "value_label",
    "vocabulary",
]

NAME = "https://smartdatamodels.org/name"
"""IRI of the attribute by which everything is searched."""


@cache
def terms() -> dict[str, str]:
    """Term to IRI, without the terms of the core context."""
    known = {entry.term: entry.iri for entry in vocabulary().types.values()}
    known.update({entry.term: entry.iri for entry in vocabulary().attributes.values() if not entry.core})
    return known


@cache
def context() -> Context:
    """The platform's default @context: the core terms and ours."""
    return Context.from_terms(terms())


def types() -> Mapping[str, EntityType]:
    """All types by IRI, in the order of the vocabulary."""
    return vocabulary().types


def attributes() -> Mapping[str, AttributeTerm]:
    """All attributes by IRI, in the order of the vocabulary."""
    return vocabulary().attributes


def entity_type(iri: str) -> EntityType | None:
    return vocabulary().types.get(iri)


def attribute(iri: str) -> AttributeTerm | None:
    return vocabulary().attributes.get(iri)


def unit(code: str) -> Unit | None:
    return vocabulary().units.get(code)


@cache
def indexed() -> frozenset[tuple[str, str]]:
    """(type IRI, attribute IRI) pairs whose values are indexed from the start; `NAME` for every type."""
    return frozenset((entry.iri, name) for entry in types().values() for name in (NAME, *entry.indexed))


@cache
def protected() -> frozenset[str]:
    """IRIs of the types whose entities are about persons."""
    return frozenset(entry.iri for entry in types().values() if entry.protected)


@cache
def personal() -> frozenset[str]:
    """IRIs of the links that lead from an entity of a protected type to a person whose data it is."""
    return frozenset(entry.iri for entry in attributes().values() if entry.personal)


def unmasked(type_iri: str) -> frozenset[str]:
    """Of a protected type the attributes (IRIs) that are seen without consent by those who may see its entities."""
    entry = types().get(type_iri)
    return frozenset(entry.unmasked) if entry is not None else frozenset()


def purposes() -> Mapping[str, Purpose]:
    """By code, for what personal data may be read."""
    return vocabulary().purposes


def purpose(code: str) -> Purpose | None:
    return vocabulary().purposes.get(code)


def purpose_label(code: str, language: str) -> str:
    """What a purpose is called; its code where that is not known."""
    found = vocabulary().purposes.get(code)
    return _in(found.labels, language) if found else code


def type_label(iri: str, language: str) -> str:
    entry = vocabulary().types.get(iri)
    return _in(entry.labels, language) if entry else _last_part(iri)


def attribute_label(iri: str, language: str) -> str:
    entry = vocabulary().attributes.get(iri)
    return _in(entry.labels, language) if entry else _last_part(iri)


def back_label(iri: str, language: str) -> str:
    """What a relationship is called where it arrives: "Operates" for operatedBy; "" where no word is known."""
    entry = vocabulary().attributes.get(iri)
    return _in(entry.back, language) if entry and entry.back else ""


def value_label(iri: str, value: str, language: str) -> str:
    """What a code of this attribute means; the code itself where that is not known."""
    entry = vocabulary().attributes.get(iri)
    labels = entry.values.get(str(value)) if entry else None
    return _in(labels, language) if labels else str(value)


def unit_symbol(code: str) -> str:
    """The symbol after a number: "µg/m³" for GQ, "" for counts, the code itself where it is not known."""
    known = vocabulary().units.get(code)
    return known.symbol if known else code


def unit_name(code: str, language: str) -> str:
    known = vocabulary().units.get(code)
    return _in(known.labels, language) if known else code


def component_label(component: Component, language: str) -> str:
    return _in(vocabulary().components[component], language)


def flow_label(flow: Flow, language: str) -> str:
    return _in(vocabulary().flows[flow], language)


def need_reason(between: tuple[str, str, str], language: str) -> str:
    """Why a city cannot do without a flow, by (source, target, flow); "" for one that is none of these."""
    reasons = _reasons().get(between)
    return _in(reasons, language) if reasons else ""


@cache
def _reasons() -> dict[tuple[str, str, str], Mapping[str, str]]:
    return {(one.source.value, one.target.value, one.flow.value): one.reasons for one in vocabulary().needed}


def _in(labels: Mapping[str, str], language: str) -> str:
    """The label in this language, or in English for a language that we do not have."""
    return labels.get(language) or labels["en"]


def _last_part(iri: str) -> str:
    return re.split(r"[/#:]", iri.rstrip("/#:"))[-1] or iri
