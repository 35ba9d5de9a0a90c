"""What the OpenAPI document says of each route: summary, parameters, body, answers, errors.

A test holds that every route of the table in `routes.py` stands here and nothing else does.
"""

from __future__ import annotations

from typing import Final

import msgspec

from madang.api.openapi_parameters import (
    FILTER,
    FORM,
    ORDER,
    PAGE,
    TEMPORAL_FORM,
    TEMPORAL_ORDER,
    TIME,
    URI,
)
from madang.api.openapi_schemas import Schema, array_of, reference
from madang.errors import (
    AlreadyExists,
    BadRequestData,
    Busy,
    ContextUnavailable,
    Denied,
    InvalidRequest,
    LengthRequired,
    MadangError,
    NotAcceptable,
    NoTenant,
    NotFound,
    NotSupported,
    QueryTooWide,
    StoreBroken,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    UnsupportedMediaType,
)
from madang.settings import LIMITS

Key = tuple[str, str]
Errors = tuple[type[MadangError], ...]


class Operation(msgspec.Struct, frozen=True):
    """summary: one line. parameters: names in PARAMETERS. body: schema of the request. answers: schema by status,
    None for no body. errors: what it may raise beside what every operation may.
    """

    summary: str
    tag: str
    answers: dict[int, Schema | None]
    parameters: tuple[str, ...] = ()
    body: Schema | None = None
    errors: Errors = ()


EVERYWHERE: Final[Errors] = (
    *(BadRequestData, NoTenant, Unauthenticated, Denied, TooManyRequests),
    *(ContextUnavailable, StoreBroken),
)
_READS: Final[Errors] = (NotAcceptable,)
_WRITES: Final[Errors] = (InvalidRequest, LengthRequired, UnsupportedMediaType, TooLarge, Busy)

_ENTITIES: Final[Schema] = {"anyOf": [array_of("Entity"), reference("FeatureCollection")]}
_BATCH: Final[dict[int, Schema | None]] = {204: None, 207: reference("BatchResult")}
_CREATED: Final[dict[int, Schema | None]] = {201: reference("Identifiers"), 207: reference("BatchResult")}
_UPDATED: Final[dict[int, Schema | None]] = {204: None, 207: reference("UpdateResult")}
_DONE: Final[dict[int, Schema | None]] = {204: None}


def _read(
    summary: str, tag: str, answer: Schema, parameters: tuple[str, ...], *errors: type[MadangError]
) -> Operation:
    return Operation(summary, tag, {200: answer}, parameters, errors=(*_READS, *errors))


def _write(
    summary: str,
    tag: str,
    answers: dict[int, Schema | None],
    body: str,
    *errors: type[MadangError],
    parameters: tuple[str, ...] = (),
) -> Operation:
    return Operation(summary, tag, answers, parameters, reference(body), (*_WRITES, *errors))


def _batch(
    summary: str, answers: dict[int, Schema | None], item: Schema, parameters: tuple[str, ...] = ()
) -> Operation:
    body = {"type": "array", "items": item, "minItems": 1, "maxItems": LIMITS.batch_entities_max}
    return Operation(summary, "Batches", answers, parameters, body, _WRITES)


def _remove(summary: str, tag: str, parameters: tuple[str, ...] = ()) -> Operation:
    return Operation(summary, tag, _DONE, parameters, errors=(InvalidRequest, NotFound, Busy))


_ENTITY: Final[dict[Key, Operation]] = {
    ("POST", "/entities"): _write("Create an entity", "Entities", {201: None}, "Entity", AlreadyExists),
    ("GET", "/entities"): _read(
        "Query entities", "Entities", _ENTITIES, (*FILTER, *FORM, *ORDER, *PAGE), QueryTooWide, NotSupported
    ),
    ("GET", "/entities/{entityId}"): _read(
        "Retrieve an entity",
        "Entities",
        {"anyOf": [reference("Entity"), reference("Feature")]},
        ("ofTypes", *FORM),
        NotFound,
    ),
    ("DELETE", "/entities"): Operation(
        "Delete what a query selects, or attributes of it",
        "Entities",
        {204: None, 207: reference("BatchResult")},
        (*FILTER, "attrs", "keep", "drop"),
        errors=(InvalidRequest, QueryTooWide, NotSupported, Busy),
    ),
    ("PUT", "/entities/{entityId}"): _write(
        "Replace an entity", "Entities", _DONE, "Fragment", NotFound, parameters=("ofTypes",)
    ),
    ("PATCH", "/entities/{entityId}"): _write(
        *("Merge into an entity", "Entities", _DONE, "Fragment", NotFound),
        parameters=("ofTypes", "mergeFormat", "mergeOptions", "mergeLanguage", "mergeMoment"),
    ),
    ("DELETE", "/entities/{entityId}"): _remove(
        "Delete an entity; its history stays", "Entities", ("ofTypes",)
    ),
    ("POST", "/entities/{entityId}/attrs"): _write(
        *("Append attributes", "Entities", _UPDATED, "Fragment", NotFound),
        parameters=("appendOptions", "ofTypes"),
    ),
    ("PATCH", "/entities/{entityId}/attrs"): _write(
        "Update attributes", "Entities", _UPDATED, "Fragment", NotFound, parameters=("ofTypes",)
    ),
    ("PATCH", "/entities/{entityId}/attrs/{attrId}"): _write(
        *("Change members of an attribute", "Entities", _DONE, "AttributeFragment", NotFound),
        parameters=("ofTypes",),
    ),
    ("PUT", "/entities/{entityId}/attrs/{attrId}"): _write(
        "Replace an attribute", "Entities", _DONE, "Attribute", NotFound, parameters=("ofTypes",)
    ),
    ("DELETE", "/entities/{entityId}/attrs/{attrId}"): _remove(
        "Delete an attribute", "Entities", ("oneDatasetId", "deleteAll", "ofTypes")
    ),
}
_BATCHES: Final[dict[Key, Operation]] = {
    ("POST", "/entityOperations/create"): _batch("Create entities", _CREATED, reference("Entity")),
    ("POST", "/entityOperations/upsert"): _batch(
        "Create or update entities", {**_CREATED, 204: None}, reference("Entity"), ("upsertOptions",)
    ),
    ("POST", "/entityOperations/update"): _batch(
        "Append to entities", _BATCH, reference("Fragment"), ("appendOptions",)
    ),
    ("POST", "/entityOperations/merge"): _batch("Merge into entities", _BATCH, reference("Fragment")),
    ("POST", "/entityOperations/delete"): _batch("Delete entities", _BATCH, URI),
    ("POST", "/entityOperations/query"): Operation(
        "Query entities, the question in the body",
        "Entities",
        {200: _ENTITIES},
        ("format", "options", *PAGE),
        reference("Query"),
        (*_READS, InvalidRequest, UnsupportedMediaType, TooLarge, QueryTooWide, NotSupported),
    ),
}
# Answers of entities, which a client may prefer in the form of an earlier version (CIM 009 §4.3.6.8)
_AMENDED: Final[dict[Key, Operation]] = {
    key: msgspec.structs.replace(said, answers={**said.answers, 203: said.answers[200]})
    for key, said in (*_ENTITY.items(), *_BATCHES.items())
    if 200 in said.answers
}
_HISTORY: Final[dict[Key, Operation]] = {
    ("POST", "/temporal/entities"): _write(
        "Create a history, or add to it", "Histories", {201: None, 204: None}, "EntityTemporal"
    ),
    ("GET", "/temporal/entities"): Operation(
        "Query histories",
        "Histories",
        {200: array_of("EntityTemporal"), 206: array_of("EntityTemporal")},
        (*TIME, *FILTER, *TEMPORAL_FORM, *TEMPORAL_ORDER, *PAGE),
        errors=(*_READS, InvalidRequest, QueryTooWide, NotSupported),
    ),
    ("GET", "/temporal/entities/{entityId}"): Operation(
        "Retrieve a history",
        "Histories",
        {200: reference("EntityTemporal"), 206: reference("EntityTemporal")},
        (*TIME, *TEMPORAL_FORM),
        errors=(*_READS, InvalidRequest, NotFound),
    ),
    ("DELETE", "/temporal/entities/{entityId}"): _remove("Erase a history", "Histories"),
    ("POST", "/temporal/entities/{entityId}/attrs"): _write(
        "Add instances to a history", "Histories", _DONE, "EntityTemporal", NotFound
    ),
    ("DELETE", "/temporal/entities/{entityId}/attrs/{attrId}"): _remove(
        "Erase the history of an attribute", "Histories", ("oneDatasetId", "deleteAll")
    ),
    ("PATCH", "/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}"): _write(
        "Put another instance in the place of one", "Histories", _DONE, "AttributeFragment", NotFound
    ),
    ("DELETE", "/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}"): _remove(
        "Erase one instance", "Histories"
    ),
    ("POST", "/temporal/entityOperations/query"): Operation(
        "Query histories, the question in the body",
        "Histories",
        {200: array_of("EntityTemporal"), 206: array_of("EntityTemporal")},
        ("temporalFormat", "options", *PAGE),
        reference("Query"),
        (*_READS, InvalidRequest, UnsupportedMediaType, TooLarge, QueryTooWide, NotSupported),
    ),
}
_DISCOVERY: Final[dict[Key, Operation]] = {
    ("GET", "/types"): _read(
        "What types there are",
        "Discovery",
        {"anyOf": [reference("EntityTypeList"), array_of("EntityType")]},
        ("details",),
    ),
    ("GET", "/types/{type}"): _read("One type", "Discovery", reference("EntityTypeInfo"), (), NotFound),
    ("GET", "/attributes"): _read(
        "What attributes there are",
        "Discovery",
        {"anyOf": [reference("AttributeList"), array_of("AttributeInformation")]},
        ("details",),
    ),
    ("GET", "/attributes/{attrId}"): _read(
        "One attribute", "Discovery", reference("AttributeInformation"), (), NotFound
    ),
}

_SERVED: Final[Schema] = {"anyOf": [reference("Context"), reference("ContextDetails")]}
_CONTEXTS: Final[dict[Key, Operation]] = {
    ("POST", "/jsonldContexts"): Operation(
        "Have an @context hosted",
        "Contexts",
        {201: None},
        (),
        reference("Context"),
        (InvalidRequest, TooLarge, UnsupportedMediaType, Busy),
    ),
    ("GET", "/jsonldContexts"): Operation(
        "What @contexts are stored",
        "Contexts",
        {200: {"anyOf": [array_of("ContextDetails"), {"type": "array", "items": URI}]}},
        ("details", "kind"),
    ),
    ("GET", "/jsonldContexts/{contextId}"): Operation(
        "One stored @context; madang is the platform's own",
        "Contexts",
        {200: _SERVED},
        ("details",),
        None,
        (NotFound, NotAcceptable, NotSupported),
    ),
    ("DELETE", "/jsonldContexts/{contextId}"): Operation(
        "Delete a stored @context, or load its copy anew",
        "Contexts",
        {204: None},
        ("reload",),
        None,
        (NotFound, Busy),
    ),
}
_SUBSCRIPTIONS: Final[dict[Key, Operation]] = {
    ("POST", "/subscriptions"): _write(
        "Subscribe to changes", "Subscriptions", {201: None}, "Subscription", AlreadyExists
    ),
    ("GET", "/subscriptions"): _read(
        *("List subscriptions", "Subscriptions", array_of("Subscription")),
        ("limit", "offset", "count", "shownOptions"),
    ),
    ("GET", "/subscriptions/{subscriptionId}"): _read(
        "One subscription", "Subscriptions", reference("Subscription"), ("shownOptions",), NotFound
    ),
    ("PATCH", "/subscriptions/{subscriptionId}"): _write(
        "Change a subscription", "Subscriptions", _DONE, "SubscriptionFragment", NotFound
    ),
    ("DELETE", "/subscriptions/{subscriptionId}"): _remove("End a subscription", "Subscriptions"),
}
_PLATFORM: Final[dict[Key, Operation]] = {
    ("GET", "/info/sourceIdentity"): _read(
        "Who the platform is", "Platform", reference("ContextSourceIdentity"), (), InvalidRequest
    ),
}
# Resources that no context source could have a part of, so that nothing is to be kept from it (§6.3.18)
_ALWAYS_LOCAL: Final = ("/subscriptions", "/jsonldContexts", "/info")


def _with_local(path: str, operation: Operation) -> Operation:
    if path.startswith(_ALWAYS_LOCAL) or "local" in operation.parameters:
        return operation
    return msgspec.structs.replace(operation, parameters=(*operation.parameters, "local"))


OPERATIONS: Final[dict[Key, Operation]] = {
    key: _with_local(key[1], operation)
    for key, operation in (
        *_ENTITY.items(),
        *_BATCHES.items(),
        *_AMENDED.items(),
        *_HISTORY.items(),
        *_DISCOVERY.items(),
        *_CONTEXTS.items(),
        *_SUBSCRIPTIONS.items(),
        *_PLATFORM.items(),
    )
}
