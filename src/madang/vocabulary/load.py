"""Reads the vocabulary's data files once. A mistake in them is a bug, and raises ValueError with its name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from madang.ngsild.core_terms import CORE_TERMS
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

LANGUAGES = ("ko", "en")
_NOTHING: Final = "none"
_ITSELF: Final = "self"


@cache
def vocabulary() -> Vocabulary:
    """The platform's vocabulary, read at the first call."""
    prefixes = read_data("prefixes")
    attributes = _attributes(prefixes)
    iris = {attribute.term: attribute.iri for attribute in attributes.values()}
    groups = read_data("components")
    return Vocabulary(
        types=_types(prefixes, iris),
        attributes=attributes,
        units={code: Unit(code, unit["symbol"], _labels(unit)) for code, unit in read_data("units").items()},
        components={Component(code): _labels(entry) for code, entry in groups["component"].items()},
        flows={Flow(code): _labels(entry) for code, entry in groups["flow"].items()},
        purposes=_purposes(iris),
        needed=tuple(
            Needed(
                Component(entry["source"]), Component(entry["target"]), Flow(entry["flow"]), _labels(entry)
            )
            for entry in groups["needed"]
        ),
    )


def read_data(name: str) -> dict[str, Any]:
    """A file of `data/`. name: without its ending."""
    return tomllib.loads(
        files("madang.vocabulary").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
    )


def _labels(entry: Mapping[str, Any]) -> dict[str, str]:
    return {language: entry[language] for language in LANGUAGES}


def _iri(prefixes: Mapping[str, str], short: str) -> str:
    prefix, _, rest = short.partition(":")
    if prefix not in prefixes:
        raise ValueError(f"vocabulary: '{short}' begins with no prefix of prefixes.toml")
    return prefixes[prefix] + rest


def _attributes(prefixes: Mapping[str, str]) -> dict[str, AttributeTerm]:
    values, grades = read_data("values"), read_data("grades")
    found: dict[str, AttributeTerm] = {}
    for term, entry in read_data("attributes").items():
        iri = _iri(prefixes, entry["iri"])
        if iri in found:
            raise ValueError(f"vocabulary: {term} and {found[iri].term} share {iri}")
        kind = ValueKind(entry.get("kind", "text"))
        flow, runs = _flow(term, entry) if kind is ValueKind.LINK else (None, None)
        found[iri] = AttributeTerm(
            term=term,
            iri=iri,
            labels=_labels(entry),
            kind=kind,
            unit=entry.get("unit", ""),
            decimals=entry.get("decimals"),
            flow=flow,
            runs=runs,
            back={
                language: entry[f"back_{language}"] for language in LANGUAGES if f"back_{language}" in entry
            },
            values={code: _labels(labels) for code, labels in values.get(term, {}).items()},
            grades=tuple(
                Grade(grade["code"], _labels(grade), grade.get("to")) for grade in grades.get(term, ())
            ),
            core=term in CORE_TERMS,
            personal=entry.get("personal", False),
        )
    return found


def _flow(term: str, entry: Mapping[str, Any]) -> tuple[Flow | None, Runs | None]:
    """What runs along a link, and which way. Of which nothing is said is a mistake: it would be left out unnoticed."""
    if "flow" not in entry:
        raise ValueError(f"vocabulary: {term} is a link and does not say its flow")
    if entry["flow"] == _NOTHING:
        return None, None
    return Flow(entry["flow"]), Runs(entry["runs"])


def _passing(text: str, attributes: Mapping[str, str]) -> Passing:
    """ "givers > receivers: flow", "givers? > ..." where nothing runs without one, "givers <> : flow" for everybody to
    everybody, "links: none" for those of no flow."""
    ends, _, flow = (part.strip() for part in text.rpartition(":"))
    both = "<>" in ends
    givers, _, receivers = (part.strip() for part in ends.partition("<>" if both else ">"))
    return Passing(
        _links(givers.removesuffix("?"), attributes),
        () if both else _links(receivers or _ITSELF, attributes),
        None if flow == _NOTHING else Flow(flow),
        both,
        asked=givers.endswith("?"),
    )


def _links(text: str, attributes: Mapping[str, str]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split("+"))
    for name in names:
        if name != _ITSELF and name not in attributes:
            raise ValueError(f"vocabulary: '{name}' of '{text}' is no attribute")
    return tuple("" if name == _ITSELF else name for name in names)


def _types(prefixes: Mapping[str, str], attributes: Mapping[str, str]) -> dict[str, EntityType]:
    entries = read_data("types")
    shared = entries.pop("shared")
    found: dict[str, EntityType] = {}
    for term, entry in entries.items():
        iri = _iri(prefixes, entry["iri"])
        if iri in found:
            raise ValueError(f"vocabulary: {term} and {found[iri].term} share {iri}")
        found[iri] = EntityType(
            term=term,
            iri=iri,
            labels=_labels(entry),
            component=Component(entry["component"]),
            attributes=tuple(attributes[name] for name in (*shared, *entry["attributes"])),
            indexed=tuple(attributes[name] for name in entry.get("indexed", ())),
            protected=entry.get("protected", False),
            unmasked=tuple(attributes[name] for name in entry.get("unmasked", ())),
            components={code: Component(name) for code, name in entry.get("components", {}).items()},
            passes=tuple(_passing(text, attributes) for text in entry.get("passes", ())),
            dated=entry.get("dated", False),
            channel=entry.get("channel", "outside"),
        )
    return found


def _purposes(attributes: Mapping[str, str]) -> dict[str, Purpose]:
    return {
        code: Purpose(
            code,
            _labels(entry),
            {language: entry[f"notice_{language}"] for language in LANGUAGES},
            entry["days"],
            tuple(entry.get("roles", ())),
            tuple(attributes[name] for name in entry.get("attributes", ())),
        )
        for code, entry in read_data("purposes").items()
    }
