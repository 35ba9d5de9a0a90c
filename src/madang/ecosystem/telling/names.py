"""What components, kinds of flow, classes, evidence and indicators are called in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from madang import vocabulary
from madang.ecosystem.outcome import Outcome, Source
from madang.ecosystem.telling.shown import Sourced
from madang.i18n import Reader
from madang.vocabulary import Component, Flow
from madang.vocabulary.indicators import Indicator, indicators
from madang.vocabulary.strategies import proposals, scale_terms, strategy_terms

_SOURCES_NAMED_MAX = 3
NETWORK: Final = (
    *("Organization", "Project", "Contract", "Investment", "Partnership", "Agreement", "Programme"),
    *("Event", "Pilot", "Acquisition", "Technology"),
)
"""Types (terms) of which the network of firms is made."""


def component(reader: Reader, code: str) -> str:
    """Its label; the code of one that is none of the seven."""
    return vocabulary.component_label(Component(code), reader.language) if code in set(Component) else code


def component_shortly(reader: Reader, code: str) -> str:
    return reader.known(f"ecosystem.short.{code}") or component(reader, code)


def flow(reader: Reader, code: str) -> str:
    return vocabulary.flow_label(Flow(code), reader.language) if code in set(Flow) else code


def value(reader: Reader, attribute: str, code: str) -> str:
    """The label of a code of an attribute (its term)."""
    return vocabulary.value_label(vocabulary.terms()[attribute], code, reader.language)


def entity_type(reader: Reader, term: str) -> str:
    return vocabulary.type_label(vocabulary.terms().get(term, term), reader.language)


def of(reader: Reader, names: Mapping[str, str], fallback: str = "") -> str:
    """The name in the reader's language, else any; else the fallback, which may be an identifier."""
    return names.get(reader.language) or next(iter(names.values()), "") or fallback.rsplit(":", 1)[-1]


def indicator(code: str) -> Indicator | None:
    return indicators().get(code)


def indicator_label(reader: Reader, code: str) -> str:
    """Its label; what it is called of one that the vocabulary does not know."""
    known = indicators().get(code)
    return (known.labels.get(reader.language) or code) if known else code.rsplit(":", 1)[-1]


def evidence(reader: Reader, name: str) -> tuple[str, str]:
    """(label, note) of a piece of evidence, which may be an indicator or a component."""
    label = reader.known(f"ecosystem.evidence.{name}.label")
    if label:
        return label, reader.known(f"ecosystem.evidence.{name}.note")
    known = indicators().get(name)
    if known:
        return known.labels.get(reader.language, name), ""
    return component(reader, name), ""


def scale(reader: Reader, code: str) -> str:
    known = scale_terms().get(code)
    return known.labels[reader.language] if known else code


def rung(reader: Reader, scale_code: str, code: str) -> str:
    known = scale_terms().get(scale_code)
    rungs = {one.code: one for one in known.rungs} if known else {}
    return rungs[code].labels[reader.language] if code in rungs else code


def strategy(reader: Reader, code: str) -> tuple[str, str]:
    """(label, text) of a strategy; what belongs to none of the three is told so."""
    known = strategy_terms().get(code)
    if known is None:
        return reader.t("ecosystem.strategies.other"), ""
    return known.labels[reader.language], known.texts[reader.language]


def proposal(reader: Reader, code: str) -> tuple[str, str]:
    """(label, text) of a measure that is proposed; "" for one that the vocabulary does not know."""
    known = proposals().get(code)
    return (known.labels[reader.language], known.texts[reader.language]) if known else ("", "")


def sourced(reader: Reader, outcome: Outcome, types: tuple[str, ...] = ()) -> Sourced:
    """Of which types (terms, the first named first; all, the most frequent first, if none are given) something was computed,
    how old the newest of it is, how much of it was read."""
    wanted = [one for one in outcome.sources if one.count and (not types or one.type in types)]
    if not wanted:
        return Sourced(reader.t("ecosystem.source.nothing"), outcome.read)
    order = {term: place for place, term in enumerate(types)}
    named = sorted(wanted, key=lambda one: (order.get(one.type, 0), -one.count))[:_SOURCES_NAMED_MAX]
    texts = [f"{entity_type(reader, one.type)} {reader.number(one.count)}" for one in named]
    text = ", ".join(texts)
    if len(wanted) > len(named):
        text = reader.t("ecosystem.source.more", text=text, count=len(wanted) - len(named))
    return Sourced(text, max(one.newest for one in wanted) or outcome.read, read_share(wanted))


def read_share(sources: list[Source]) -> float:
    """What part of all entities was read."""
    count = sum(one.count for one in sources)
    return sum(one.count * one.share for one in sources) / count if count else 0.0
