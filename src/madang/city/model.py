"""A city as its city file describes it, parsed and checked: frozen values that the rest of the platform takes.

`Source` and the mappings stand in `connect/source.py`, because the connectors use them and may not know of
cities. `parse.py` makes a `City` of a file; `check.py` says everything that is wrong with one.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from madang.connect.source import Source
from madang.ecosystem.rules import Rules
from madang.hub.accounts.providers import Provider
from madang.trust.policy import Policy
from madang.trust.roles import Role


class Style(StrEnum):
    """How a layer is drawn. VALUE: points coloured by an attribute's value."""

    VALUE = "value"
    POINT = "point"
    LINE = "line"
    AREA = "area"
    BUILDING = "building"


class Layer(msgspec.Struct, frozen=True):
    """One layer of the city's map: the entities of one type.

    type: term or IRI. name: language to text. attribute: term or IRI of the attribute that colours it, "" for
    none. visible: shown when the page opens.
    """

    id: str
    type: str
    style: Style
    name: dict[str, str] = {}
    attribute: str = ""
    visible: bool = True


class Trust(msgspec.Struct, frozen=True):
    """open: whoever is on this machine may do everything, without signing in. public: whether visitors may read what is
    not protected; or the types (terms or IRIs) of which they may. protected: further protected types (terms or IRIs).
    group_min: fewer entities of protected types than that are not counted.
    """

    open: bool = False
    public: bool | tuple[str, ...] = False
    protected: tuple[str, ...] = ()
    group_min: int = 5


class City(msgspec.Struct, frozen=True):
    """id: part of every identifier. name: language to text. languages: the city's own first.

    time_zone: IANA name. extent: (west, south, east, north) in degrees. synthetic: generated, not a real city;
    every page says so. path: of the city file, absolute. roles: its own, and built-in ones that it changes.
    providers: by which people can sign in.
    """

    id: str
    name: dict[str, str]
    languages: tuple[str, ...]
    time_zone: str
    extent: tuple[float, float, float, float]
    synthetic: bool = False
    sources: tuple[Source, ...] = ()
    layers: tuple[Layer, ...] = ()
    trust: Trust = Trust()
    path: str = ""
    roles: tuple[Role, ...] = ()
    policies: tuple[Policy, ...] = ()
    providers: tuple[Provider, ...] = ()
    ecosystem: Rules = Rules()
