"""What an operator can set, and every limit of the platform.

`SETTINGS` is the table of environment variables; `read` turns an environment and the flags of a command into
one frozen `Settings`. `LIMITS` are numbers that protect the platform; they are the same for every city and
are no settings. Both are listed in docs/reference.md, which a test compares with this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from madang.errors import SettingInvalid
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


class Limits(msgspec.Struct, frozen=True):
    """Every limit, its unit last in its name."""

    body_bytes_max: Annotated[int, msgspec.Meta(description="body of a request on one entity")] = 2 * 1024**2
    batch_bytes_max: Annotated[int, msgspec.Meta(description="body of a batch request")] = 4 * 1024**2
    batch_entities_max: Annotated[int, msgspec.Meta(description="entities in one batch request")] = 1000
    json_depth_max: Annotated[int, msgspec.Meta(description="nesting of objects and arrays in a body")] = 64
    entity_attributes_max: Annotated[int, msgspec.Meta(description="attribute instances of one entity")] = (
        2000
    )
    request_uri_bytes_max: Annotated[int, msgspec.Meta(description="path and query of a request")] = 16 * 1024
    identifier_bytes_max: Annotated[int, msgspec.Meta(description="one URI: id, datasetId, type, name")] = (
        2048
    )
    tenant_bytes_max: Annotated[int, msgspec.Meta(description="name of a tenant")] = 64
    open_tenants_max: Annotated[
        int,
        msgspec.Meta(description="tenants whose store stays open; of more, those longest idle are closed"),
    ] = 64
    busy_tenants_max: Annotated[
        int, msgspec.Meta(description="tenants at work at one time, those with subscriptions among them")
    ] = 4096
    page_entities_default: Annotated[int, msgspec.Meta(description="entities on a page without `limit`")] = 20
    page_entities_max: Annotated[int, msgspec.Meta(description="the largest `limit`")] = 1000
    offset_entities_max: Annotated[int, msgspec.Meta(description="the largest `offset`")] = 10_000
    questions_remembered_max: Annotated[
        int, msgspec.Meta(description="questions that are kept as they were understood")
    ] = 1024
    query_ids_max: Annotated[int, msgspec.Meta(description="identifiers named in one query")] = 1000
    query_ms_max: Annotated[
        int, msgspec.Meta(description="a query that no index serves, before it is too wide")
    ] = 10_000
    value_indexes_max: Annotated[int, msgspec.Meta(description="indexes of attribute values per tenant")] = (
        256
    )
    q_bytes_max: Annotated[int, msgspec.Meta(description="text of q, scopeQ or a type selection")] = 8 * 1024
    q_terms_max: Annotated[int, msgspec.Meta(description="conditions in q, scopeQ or a type selection")] = 100
    q_depth_max: Annotated[int, msgspec.Meta(description="nested parentheses in q")] = 20
    join_levels_max: Annotated[
        int,
        msgspec.Meta(
            description="relationships followed one after the other, in joinLevel, pick, omit and q"
        ),
    ] = 5
    join_entities_max: Annotated[int, msgspec.Meta(description="linked entities in one answer")] = 1000
    order_keys_max: Annotated[int, msgspec.Meta(description="keys in orderBy")] = 8
    regex_bytes_max: Annotated[int, msgspec.Meta(description="a regular expression in q or idPattern")] = 512
    geo_vertices_max: Annotated[int, msgspec.Meta(description="vertices of a geo-query's geometry")] = 2000
    temporal_instances_default: Annotated[
        int,
        msgspec.Meta(
            description="instances of one attribute in a temporal answer without MADANG_HISTORY_PAGE"
        ),
    ] = 1000
    temporal_instances_max: Annotated[int, msgspec.Meta(description="the largest MADANG_HISTORY_PAGE")] = (
        100_000
    )
    compared_instances_max: Annotated[
        int,
        msgspec.Meta(
            description="values of a history that are compared with each other, unless they are numbers"
        ),
    ] = 50_000
    temporal_ordered_entities_max: Annotated[
        int, msgspec.Meta(description="histories that orderBy puts in order")
    ] = 100_000
    temporal_page_instances_max: Annotated[
        int, msgspec.Meta(description="instances read for one temporal answer, before the page ends early")
    ] = 100_000
    context_bytes_max: Annotated[int, msgspec.Meta(description="one @context document")] = 4 * 1024**2
    context_depth_max: Annotated[int, msgspec.Meta(description="@contexts that refer to each other")] = 8
    context_fetch_ms_max: Annotated[int, msgspec.Meta(description="fetching a remote @context")] = 3000
    context_documents_max: Annotated[
        int, msgspec.Meta(description="@context documents that one request's @context leads to")
    ] = 64
    context_resolve_ms_max: Annotated[
        int, msgspec.Meta(description="finding all documents of a request's @context")
    ] = 10_000
    context_fetches_max: Annotated[int, msgspec.Meta(description="remote @contexts fetched at one time")] = 64
    context_fresh_seconds_min: Annotated[
        int,
        msgspec.Meta(description="that a copy of a remote @context is used before its host is asked anew"),
    ] = 1
    context_fresh_seconds_max: Annotated[
        int, msgspec.Meta(description="that a copy of a remote @context is used, whatever its host says")
    ] = 7 * 24 * 3600
    context_retry_seconds_max: Annotated[
        int,
        msgspec.Meta(description="that an old copy is used before a host that did not answer is asked anew"),
    ] = 60
    contexts_cached_max: Annotated[int, msgspec.Meta(description="remote @contexts kept in memory")] = 256
    cached_context_terms_max: Annotated[int, msgspec.Meta(description="terms of all @contexts in memory")] = (
        200_000
    )
    kept_contexts_max: Annotated[
        int, msgspec.Meta(description="copies of remote @contexts kept on disk per tenant")
    ] = 1000
    hosted_contexts_max: Annotated[
        int, msgspec.Meta(description="@contexts hosted per tenant, for clients and for subscriptions")
    ] = 10_000
    commit_queue_changes_max: Annotated[
        int, msgspec.Meta(description="changes that wait for their commit before writers are told to retry")
    ] = 20_000
    kept_changes_max: Annotated[
        int, msgspec.Meta(description="newest changes that live readers may ask for again after a pause")
    ] = 10_000
    slice_ms_max: Annotated[int, msgspec.Meta(description="work in the event loop between two breaths")] = 5
    slice_entities_max: Annotated[int, msgspec.Meta(description="entities read or written in one slice")] = (
        512
    )
    stream_clients_max: Annotated[int, msgspec.Meta(description="pages that follow live changes")] = 1000
    stream_queue_changes_max: Annotated[
        int, msgspec.Meta(description="changes that wait for one slow page before it must start anew")
    ] = 1000
    source_files_max: Annotated[int, msgspec.Meta(description="files that one source's pattern matches")] = (
        10_000
    )
    source_step_rows_max: Annotated[
        int, msgspec.Meta(description="rows of a source that are written in one transaction")
    ] = 256
    source_step_observations_max: Annotated[
        int, msgspec.Meta(description="observed values of a source that are written in one transaction")
    ] = 768
    source_row_bytes_max: Annotated[int, msgspec.Meta(description="one row of a CSV file")] = 1024**2
    source_row_lines_max: Annotated[
        int, msgspec.Meta(description="lines of one row of a CSV file, in quotation marks")
    ] = 1000
    source_retry_seconds_max: Annotated[
        int, msgspec.Meta(description="pause before a source that failed is tried again")
    ] = 600
    quarantine_original_characters_max: Annotated[
        int, msgspec.Meta(description="of a rejected row that are kept")
    ] = 4000
    quarantine_rows_max: Annotated[int, msgspec.Meta(description="rejected rows kept per source")] = 10_000
    subscriptions_max: Annotated[int, msgspec.Meta(description="subscriptions of one tenant")] = 100_000
    subscription_entries_max: Annotated[
        int, msgspec.Meta(description="entries of one list in a subscription, such as watchedAttributes")
    ] = 1000
    subscription_text_bytes_max: Annotated[
        int, msgspec.Meta(description="one text in a subscription: a description, a header for the receiver")
    ] = 8 * 1024
    notification_interval_ms_min: Annotated[int, msgspec.Meta(description="the smallest `timeInterval`")] = (
        100
    )
    notification_entities_max: Annotated[
        int, msgspec.Meta(description="entities in one notification of changes")
    ] = 100
    notification_bytes_max: Annotated[
        int, msgspec.Meta(description="stored changes that one notification joins")
    ] = 1024**2
    notification_timeout_ms_max: Annotated[
        int, msgspec.Meta(description="an endpoint's answer, where the subscription names no shorter time")
    ] = 10_000
    notification_waiting_changes_max: Annotated[
        int, msgspec.Meta(description="changes that wait in memory for one subscription; more wait on disk")
    ] = 1000
    notification_waiting_bytes_max: Annotated[
        int, msgspec.Meta(description="changes that wait in memory for all subscriptions of a tenant")
    ] = 16 * 1024**2
    notifications_in_flight_max: Annotated[
        int, msgspec.Meta(description="notifications on their way to endpoints that answer quickly")
    ] = 256
    slow_notifications_in_flight_max: Annotated[
        int, msgspec.Meta(description="notifications on their way to endpoints that are slow or fail")
    ] = 128
    notification_pause_seconds_max: Annotated[
        int, msgspec.Meta(description="pause before a notification that failed is tried again")
    ] = 300
    notification_age_seconds_max: Annotated[
        int, msgspec.Meta(description="age of a change at which it becomes a dead letter if it fails again")
    ] = 3600
    notification_refusals_max: Annotated[
        int, msgspec.Meta(description="answers that refuse a notification before it becomes a dead letter")
    ] = 3
    caller_requests_per_minute_max: Annotated[
        int,
        msgspec.Meta(description="requests a minute of somebody who is known, in a city that is not open"),
    ] = 12_000
    visitor_requests_per_minute_max: Annotated[
        int, msgspec.Meta(description="requests a minute from an address of somebody who is not known")
    ] = 1200
    refusals_per_minute_max: Annotated[
        int, msgspec.Meta(description="keys and tokens that are not valid, a minute and address")
    ] = 30
    callers_remembered_max: Annotated[
        int, msgspec.Meta(description="callers who are known without looking them up anew")
    ] = 10_000
    session_seconds_max: Annotated[int, msgspec.Meta(description="that a browser stays signed in")] = (
        7 * 24 * 3600
    )
    session_idle_seconds_max: Annotated[
        int, msgspec.Meta(description="that a browser stays signed in without being used")
    ] = 8 * 3600
    session_secret_seconds_max: Annotated[
        int, msgspec.Meta(description="before a session's cookie gets another value")
    ] = 3600
    accounts_max: Annotated[int, msgspec.Meta(description="accounts of people")] = 1_000_000
    account_keys_max: Annotated[int, msgspec.Meta(description="keys of one person that work")] = 50
    account_clients_max: Annotated[
        int, msgspec.Meta(description="applications that one person has registered")
    ] = 20
    key_days_max: Annotated[
        int, msgspec.Meta(description="for which a key or an application's secret works")
    ] = 400
    key_overlap_hours_max: Annotated[
        int, msgspec.Meta(description="that a key's former secret still works after a rotation")
    ] = 14 * 24
    token_seconds_max: Annotated[int, msgspec.Meta(description="for which an application's token works")] = (
        3600
    )
    link_hours_max: Annotated[int, msgspec.Meta(description="for which a single-use link works")] = 7 * 24
    password_characters_min: Annotated[int, msgspec.Meta(description="the shortest password")] = 12
    password_bytes_max: Annotated[int, msgspec.Meta(description="the longest password")] = 1024
    waiting_passwords_max: Annotated[
        int, msgspec.Meta(description="passwords that wait to be checked before others are told to retry")
    ] = 32
    begun_sign_ins_max: Annotated[
        int, msgspec.Meta(description="sign-ins at a provider that have begun and are not finished")
    ] = 10_000
    provider_ms_max: Annotated[int, msgspec.Meta(description="an answer of a sign-in provider")] = 5000
    provider_bytes_max: Annotated[int, msgspec.Meta(description="an answer of a sign-in provider")] = (
        256 * 1024
    )
    sign_in_failures_max: Annotated[
        int,
        msgspec.Meta(description="wrong passwords for one account from one address in a quarter of an hour"),
    ] = 8
    sign_in_account_failures_max: Annotated[
        int,
        msgspec.Meta(description="wrong passwords for one account, from everywhere, in a quarter of an hour"),
    ] = 50
    sign_in_address_failures_max: Annotated[
        int, msgspec.Meta(description="wrong passwords from one address in a quarter of an hour")
    ] = 40
    waiting_threads_max: Annotated[
        int, msgspec.Meta(description="threads that wait for look-ups of names and for brokers")
    ] = 64
    dead_letters_max: Annotated[
        int, msgspec.Meta(description="dead letters kept of one subscription; no more are added")
    ] = 1000
    outbox_bytes_max: Annotated[
        int, msgspec.Meta(description="changes of a tenant that wait on disk; the oldest are given up")
    ] = 1024**3
    policies_max: Annotated[
        int, msgspec.Meta(description="policies of a city, the built-in ones not counted")
    ] = 1000
    policy_bytes_max: Annotated[
        int, msgspec.Meta(description="a policy that is written while the city runs")
    ] = 64 * 1024
    policy_names_max: Annotated[
        int, msgspec.Meta(description="names of one kind in a policy, such as types or roles")
    ] = 200
    policy_text_characters_max: Annotated[
        int, msgspec.Meta(description="an attribution or a name in a policy; what a caller says as purpose")
    ] = 200
    person_open_requests_max: Annotated[
        int, msgspec.Meta(description="requests of one person that wait for an answer")
    ] = 10
    person_entities_max: Annotated[
        int, msgspec.Meta(description="entities that are looked through for what is one person's")
    ] = 100_000
    person_readings_max: Annotated[
        int, msgspec.Meta(description="readings of a person's data that are handed out to them, newest first")
    ] = 10_000
    disk_free_bytes_min: Annotated[
        int, msgspec.Meta(description="free on the disk of the home folder, or the platform is not ready")
    ] = 256 * 1024**2
    shutdown_ms_max: Annotated[int, msgspec.Meta(description="finishing what runs when the server stops")] = (
        1500
    )


LIMITS = Limits()
