"""The form of a city file, as structs: their JSON Schema is what is checked, and what an editor can use."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

from madang.city.model import Layer
from madang.connect.source import EntityMapping
from madang.ecosystem.rules import Rules
from madang.trust.identity import Permission
from madang.trust.policy import Policy

_Identifier = Annotated[
    str,
    msgspec.Meta(
        pattern="^[a-z0-9][a-z0-9-]{0,62}$",
        description="lower-case letters, digits and hyphens",
        examples=["gaon"],
    ),
]
_Names = Annotated[
    dict[str, str],
    msgspec.Meta(description="a name for each language", examples=[{"ko": "가온시", "en": "Gaon"}]),
]


class CityTable(msgspec.Struct, frozen=True):
    """[city]"""

    id: _Identifier
    name: _Names
    languages: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            min_length=1, description="language tags, the city's own first", examples=[["ko", "en"]]
        ),
    ]
    time_zone: Annotated[
        str, msgspec.Meta(description="a name of the IANA time zone database", examples=["Asia/Seoul"])
    ]
    extent: Annotated[
        tuple[float, float, float, float],
        msgspec.Meta(
            description="west, south, east and north in degrees", examples=[[126.9, 37.4, 127.0, 37.5]]
        ),
    ]
    synthetic: bool = False


class SourceTable(msgspec.Struct, frozen=True):
    """[[source]]"""

    id: _Identifier
    connector: Literal["table", "gtfs", "osm"]
    location: Annotated[
        str,
        msgspec.Meta(
            min_length=1, description="a file, relative to the city file", examples=["data/stops.csv"]
        ),
    ]
    schedule: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^(|(0\.\d*[1-9]\d*|[1-9]\d*(\.\d+)?) ?(s|min|h|d))$",
            description="a number with s, min, h or d: how often it is read again",
            examples=["15 s"],
        ),
    ] = ""
    name: _Names = {}
    licence: str = ""
    attribution: str = ""
    recipe: Annotated[
        Literal["", "organisations", "ties", "g2b", "ntis", "kipris", "dart", "dart-contracts"],
        msgspec.Meta(description="a mapping that comes with Madang"),
    ] = ""
    options: dict[str, Any] = {}
    entity: tuple[EntityMapping, ...] = ()


class TrustTable(msgspec.Struct, frozen=True):
    """[trust]"""

    open: Annotated[
        bool,
        msgspec.Meta(
            description="true or false: whether everybody on this machine may do everything without signing in"
        ),
    ] = False
    public: Annotated[
        bool | tuple[str, ...],
        msgspec.Meta(
            description="true lets visitors read what is not protected; a list of types, those of them",
            examples=[["BikeHireDockingStation"]],
        ),
    ] = False
    protected: tuple[str, ...] = ()
    group_min: Annotated[int, msgspec.Meta(ge=1, le=1000, description="a whole number from 1 to 1000")] = 5


class RoleTable(msgspec.Struct, frozen=True):
    """[[role]]"""

    id: _Identifier
    name: _Names
    permissions: tuple[Permission, ...] = ()
    ordinary: bool = True


class ProviderTable(msgspec.Struct, frozen=True):
    """[[provider]]"""

    id: _Identifier
    name: _Names
    issuer: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^https?://[^\s?#]+$",
            description="the address by which the provider names itself",
            examples=["https://sso.example"],
        ),
    ]
    client: str
    secret: str = ""
    roles: tuple[str, ...] = ("citizen",)


class CityFile(msgspec.Struct, frozen=True):
    city: CityTable
    trust: TrustTable = TrustTable()
    ecosystem: Rules = Rules()
    source: tuple[SourceTable, ...] = ()
    layer: tuple[Layer, ...] = ()
    role: tuple[RoleTable, ...] = ()
    policy: tuple[Policy, ...] = ()
    provider: tuple[ProviderTable, ...] = ()


SCHEMA: Final = msgspec.json.schema(CityFile)
