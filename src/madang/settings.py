"""What an operator can set, and every limit of the platform.

`SETTINGS` is the table of environment variables; `read` turns an environment and the flags of a command into
one frozen `Settings`. The limits, which no operator sets, stand in `limits.py` and are given on here. Both are
listed in docs/reference.md, which a test compares with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from madang.errors import SettingInvalid
from madang.limits import LIMITS, Limits
from madang.logs import FORMS, LEVELS
from madang.setting_forms import (
    one_of,
    parse_egress_allow,
    parse_history_kept,
    parse_home,
    parse_host,
    parse_networks,
    parse_url,
    whole_number,
)

__all__ = ["CORE_ALONE", "LIMITS", "PLATFORM", "SETTINGS", "Limits", "Setting", "Settings", "read"]

PLATFORM = "platform"
CORE_ALONE = "core"


class Settings(msgspec.Struct, frozen=True):
    """home: absolute path of the home folder. host, port: where the server listens (port 0: any free one).

    url: where people reach the platform, "" for where it listens. proxies: networks of the proxies that stand before it.
    egress_allow: hosts ("name", "*.name") and networks ("10.0.0.0/8") that outgoing requests may reach
    although they are loopback or private. history_page: instances of one attribute in a temporal answer before it
    is cut to a part of its range (CIM 009 §6.3.10). log, log_level: form and least level of the log, see `logs.py`.
    default_context: "platform" or "core", the @context of requests that name none (CIM 009 §5.5.5).
    history_kept: (type as term or IRI, "*" for all others; for how many days its history is kept); no type: for ever.
    personal_kept: (protected type as term or IRI, "*" for all others; after how many days without a change its entities are
    destroyed).
    audit_years: for how many years the events of the audit are kept.
    """

    home: Path
    host: str
    port: int
    url: str = ""
    proxies: tuple[str, ...] = ()
    egress_allow: tuple[str, ...] = ()
    log: str = "lines"
    log_level: str = "warning"
    history_page: int = 1000
    default_context: str = PLATFORM
    history_kept: tuple[tuple[str, int], ...] = ()
    personal_kept: tuple[tuple[str, int], ...] = ()
    audit_years: int = 2


class Setting(msgspec.Struct, frozen=True):
    """One row of the reference: an environment variable, the field of `Settings` it fills, and its form."""

    variable: str
    field: str
    default: str
    form: str
    meaning: str
    parse: Callable[[str], object]


def parse_history_page(text: str) -> int:
    return whole_number(1, LIMITS.temporal_instances_max)(text)


SETTINGS = (
    Setting(
        "MADANG_HOME",
        "home",
        "./.madang",
        "a folder",
        "Where the platform keeps everything. Flag: --home.",
        parse_home,
    ),
    Setting(
        "MADANG_HOST",
        "host",
        "127.0.0.1",
        "a host name or address",
        "The address to listen on; 0.0.0.0 for every one of this machine. Flag: --host.",
        parse_host,
    ),
    Setting(
        "MADANG_PORT",
        "port",
        "8080",
        "a whole number from 0 to 65535",
        "The port to listen on; 0 takes any free one. Flag: --port.",
        whole_number(0, 65535),
    ),
    Setting(
        "MADANG_URL",
        "url",
        "",
        'an address such as "https://city.example"',
        "Where people reach the platform, if a proxy stands before it: for links, and for cookies that go over https only.",
        parse_url,
    ),
    Setting(
        "MADANG_PROXIES",
        "proxies",
        "",
        'addresses and networks ("127.0.0.1,10.1.0.0/16"), separated by commas',
        "The proxies before the platform, whose X-Forwarded-For says from where a request came.",
        parse_networks,
    ),
    Setting(
        "MADANG_EGRESS_ALLOW",
        "egress_allow",
        "",
        'host names ("context.example.org", "*.example.org") and networks ("10.0.0.0/8"), separated by commas',
        "Loopback and private hosts that the platform may call; all others of that kind are refused.",
        parse_egress_allow,
    ),
    Setting(
        "MADANG_LOG",
        "log",
        "lines",
        " or ".join(FORMS),
        "How the log is written: lines for people, or one JSON object per line.",
        one_of(FORMS),
    ),
    Setting(
        "MADANG_LOG_LEVEL",
        "log_level",
        "warning",
        " or ".join(LEVELS),
        "The least that is logged.",
        one_of(LEVELS),
    ),
    Setting(
        "MADANG_HISTORY_PAGE",
        "history_page",
        "1000",
        "a whole number from 1 to 100000",
        "Instances of one attribute in a temporal answer, before it is cut to a part of its range of time (206).",
        parse_history_page,
    ),
    Setting(
        "MADANG_DEFAULT_CONTEXT",
        "default_context",
        PLATFORM,
        f"{PLATFORM} or {CORE_ALONE}",
        "The @context of requests that name none: the platform's vocabulary, or the core @context alone.",
        one_of((PLATFORM, CORE_ALONE)),
    ),
    Setting(
        "MADANG_HISTORY_KEEP",
        "history_kept",
        "",
        'types with a number of days, "*" for all others, separated by commas ("AirQualityObserved=400d,*=3650d")',
        "For how long the history of a type's entities is kept; of a type that is not named, for ever.",
        parse_history_kept,
    ),
    Setting(
        "MADANG_PERSONAL_KEEP",
        "personal_kept",
        "",
        'types with a number of days, "*" for all others, separated by commas ("Complaint=1095d,Message=365d")',
        "After how long without a change entities of a protected type are destroyed for good, with a record of it; of a type that is not named, never.",
        parse_history_kept,
    ),
    Setting(
        "MADANG_AUDIT_YEARS",
        "audit_years",
        "2",
        "a whole number from 1 to 10",
        "For how many years it is kept who did and read what; the law asks for one or two.",
        whole_number(1, 10),
    ),
)


def read(environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Settings:
    """Settings from the environment; a flag (by field name) that is not None wins over its variable.

    Raises SettingInvalid, which names the flag or variable and says the right form."""
    given = {field: text for field, text in (flags or {}).items() if text is not None}
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        if setting.field in given:
            name, text = f"--{setting.field.replace('_', '-')}", given[setting.field]
        else:
            name, text = setting.variable, environment.get(setting.variable, setting.default)
        try:
            values[setting.field] = setting.parse(text)
        except ValueError as error:
            raise SettingInvalid(f"{name} is {text!r}, but must be {setting.form}") from error
    return Settings(**values)
