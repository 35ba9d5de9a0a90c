"""What the platform's own words are, as frozen values: types of entity, attributes, units, codes, grades.

The words themselves stand in `data/*.toml`; `load.py` makes these values of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Component(StrEnum):
    """The seven components of an innovation city (7가지 구성요소)."""

    PLATFORM = "platform"
    PHYSICAL = "physical"
    VIRTUAL = "virtual"
    HUMAN = "human"
    ECONOMIC = "economic"
    INSTITUTION = "institution"
    CULTURE = "culture"


class Flow(StrEnum):
    """What runs along a relationship."""

    DATA = "data"
    KNOWLEDGE = "knowledge"
    CAPITAL = "capital"
    PEOPLE = "people"
    SERVICE = "service"
    RULE = "rule"


class Runs(StrEnum):
    """Which way something runs along a link: to what it leads to, from there to the entity, or both ways."""

    OUT = "out"
    BACK = "back"
    BOTH = "both"


class Passing(msgspec.Struct, frozen=True):
    """What an entity passes on between those that its links lead to. givers, receivers: terms of links, "" for the entity
    itself. both: everybody gives to everybody else, and `receivers` are the givers. asked: nothing runs where no giver is
    named. flow: None for links along which nothing runs in an entity of this type, whatever runs along them elsewhere."""

    givers: tuple[str, ...]
    receivers: tuple[str, ...]
    flow: Flow | None
    both: bool = False
    asked: bool = False


class Needed(msgspec.Struct, frozen=True):
    """A flow that an innovation city cannot do without. reasons: language to why."""

    source: Component
    target: Component
    flow: Flow
    reasons: Mapping[str, str]


class ValueKind(StrEnum):
    """What a reader meets as the value of an attribute.

    NAMES: one text per language. CODE: a text that stands for labels. FLAG: yes or no. PLACE: a geometry. LINK: other
    entities.
    """

    NUMBER = "number"
    TEXT = "text"
    NAMES = "names"
    CODE = "code"
    TIME = "time"
    FLAG = "flag"
    PLACE = "place"
    LINK = "link"
    LIST = "list"
    JSON = "json"


class Grade(msgspec.Struct, frozen=True):
    """A word for numbers up to and including `to` (None: without end). labels: language to text."""

    code: str
    labels: Mapping[str, str]
    to: float | None = None


class EntityType(msgspec.Struct, frozen=True):
    """labels: language to text. attributes: IRIs in the order of a page, the shared ones first.

    indexed: IRIs of the attributes by which entities of the type are found and sorted from the start. protected: entities
    of it are about persons. unmasked: of a protected type, the attributes (IRIs) that whoever may see such entities sees
    without the person's consent.
    """

    term: str
    iri: str
    labels: Mapping[str, str]
    component: Component
    attributes: tuple[str, ...]
    indexed: tuple[str, ...] = ()
    protected: bool = False
    unmasked: tuple[str, ...] = ()
    components: Mapping[str, Component] = {}
    passes: tuple[Passing, ...] = ()
    dated: bool = False
    channel: str = "outside"

    def component_of(self, category: str) -> Component:
        """The component of an entity of this type and category."""
        return self.components.get(category, self.component)


class Purpose(msgspec.Struct, frozen=True):
    """For what personal data is read. days: for which a consent holds. notices: language to what the person is told.

    roles: who reads by a consent, none where no consent is asked for. attributes: IRIs of what they see of the person.
    """

    code: str
    labels: Mapping[str, str]
    notices: Mapping[str, str]
    days: int
    roles: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


class AttributeTerm(msgspec.Struct, frozen=True):
    """unit: UN/CEFACT code that holds where a value carries none, "" for none. decimals: worth showing, None for all.

    flow, runs: what runs along a link and which way; None where nothing does. back: labels of a link where it arrives.
    values: code to labels. core: the term belongs to the NGSI-LD core context, which says what it expands to. personal:
    a link to a person whose data the entity is.
    """

    term: str
    iri: str
    labels: Mapping[str, str]
    kind: ValueKind = ValueKind.TEXT
    unit: str = ""
    decimals: int | None = None
    flow: Flow | None = None
    runs: Runs | None = None
    back: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, str]] = {}
    grades: tuple[Grade, ...] = ()
    core: bool = False
    personal: bool = False

    def grade(self, value: float) -> Grade | None:
        """The grade that this number falls into; None where the attribute has no grades."""
        for grade in self.grades:
            if grade.to is None or value <= grade.to:
                return grade
        return None


class Unit(msgspec.Struct, frozen=True):
    """code: UN/CEFACT. symbol: as printed after a number, "" where a number stands alone."""

    code: str
    symbol: str
    labels: Mapping[str, str]


class Vocabulary(msgspec.Struct, frozen=True):
    """All of it. types, attributes: by IRI. units, purposes: by code. components, flows: to labels. needed: flows without
    which something is missing."""

    types: Mapping[str, EntityType]
    attributes: Mapping[str, AttributeTerm]
    units: Mapping[str, Unit]
    components: Mapping[Component, Mapping[str, str]]
    flows: Mapping[Flow, Mapping[str, str]]
    purposes: Mapping[str, Purpose]
    needed: tuple[Needed, ...] = ()
