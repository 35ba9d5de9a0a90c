"""Every limit of the platform: numbers that protect it. They are the same for every city and are no settings.

They are listed in docs/reference.md, which a test compares with this module; `settings.py` gives them to the others.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec


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
    source_unpacked_bytes_max: Annotated[
        int, msgspec.Meta(description="all files of an archive or workbook that is a source, unpacked")
    ] = 4 * 1024**3
    source_row_bytes_max: Annotated[int, msgspec.Meta(description="one row of a CSV file")] = 1024**2
    source_row_lines_max: Annotated[
        int, msgspec.Meta(description="lines of one row of a CSV file, in quotation marks")
    ] = 1000
    row_parties_entities_max: Annotated[
        int, msgspec.Meta(description="organisations that one row of a table names")
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
    person_request_characters_max: Annotated[
        int, msgspec.Meta(description="what a person writes in a request, and its answer")
    ] = 2000
    person_entities_max: Annotated[
        int, msgspec.Meta(description="entities that are looked through for what is one person's")
    ] = 100_000
    person_readings_max: Annotated[
        int, msgspec.Meta(description="readings of a person's data that are handed out to them, newest first")
    ] = 10_000
    ecosystem_entities_max: Annotated[
        int, msgspec.Meta(description="entities of one type that an analysis of the ecosystem reads")
    ] = 100_000
    learnt_labels_entities_max: Annotated[
        int, msgspec.Meta(description="confirmed classes of firms that suggestions are learnt from")
    ] = 5000
    class_suggestions_entities_max: Annotated[
        int, msgspec.Meta(description="firms whose classes wait for a person, the surest")
    ] = 2000
    partner_suggestions_entities_max: Annotated[
        int, msgspec.Meta(description="partners that are suggested at one time in all, the likeliest")
    ] = 2000
    outcomes_kept_max: Annotated[
        int, msgspec.Meta(description="outcomes of analyses of a tenant that are kept, one a day")
    ] = 400
    neighbourhood_entities_max: Annotated[
        int, msgspec.Meta(description="entities around one organisation that its page reads")
    ] = 2000
    neighbourhood_members_entities_max: Annotated[
        int, msgspec.Meta(description="members of one activity between whom its page looks for ties")
    ] = 100
    others_kept_max: Annotated[
        int, msgspec.Meta(description="outcomes of other cities that are kept to compare with")
    ] = 50
    outcome_bytes_max: Annotated[
        int, msgspec.Meta(description="an outcome of another city that is compared")
    ] = 16 * 1024**2
    disk_free_bytes_min: Annotated[
        int, msgspec.Meta(description="free on the disk of the home folder, or the platform is not ready")
    ] = 256 * 1024**2
    shutdown_ms_max: Annotated[int, msgspec.Meta(description="finishing what runs when the server stops")] = (
        1500
    )


LIMITS: Final = Limits()
