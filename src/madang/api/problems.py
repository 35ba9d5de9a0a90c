"""The one table from errors to HTTP: status and NGSI-LD problem type (CIM 009 §5.5.2, §6.3.2; RFC 7807)."""

from __future__ import annotations

from typing import Any, Final

import orjson

from madang import errors
from madang.api.call import Answer
from madang.errors import MadangError

TYPES: Final = "https://uri.etsi.org/ngsi-ld/errors/"

# Every error of the tree that can reach a client: (status, NGSI-LD error type, title)
PROBLEMS: Final[dict[type[MadangError], tuple[int, str, str]]] = {
    errors.InvalidRequest: (400, "InvalidRequest", "The request cannot be read"),
    errors.BadRequestData: (400, "BadRequestData", "The request says something that is not valid"),
    errors.NotFound: (404, "ResourceNotFound", "There is no such resource"),
    errors.AlreadyExists: (409, "AlreadyExists", "The resource exists already"),
    errors.Conflict: (409, "Conflict", "The request contradicts the present state"),
    errors.NotSupported: (422, "OperationNotSupported", "The operation is not supported"),
    errors.MethodNotAllowed: (405, "MethodNotAllowed", "The resource does not have this method"),
    errors.NotAcceptable: (406, "NotAcceptable", "None of the accepted media types is offered"),
    errors.UnsupportedMediaType: (415, "UnsupportedMediaType", "The media type of the body is not taken"),
    errors.LengthRequired: (411, "LengthRequired", "The header Content-Length is missing"),
    errors.TooLarge: (413, "TooLarge", "The request is too large"),
    errors.TooManyResults: (403, "TooManyResults", "The answer would be too large"),
    errors.QueryTooWide: (403, "TooComplexQuery", "The query reads too much"),
    errors.ContextUnavailable: (504, "LdContextNotAvailable", "A remote @context cannot be had"),
    errors.NoTenant: (404, "NonexistentTenant", "There is no such tenant"),
    errors.LoopDetected: (508, "LoopDetected", "The request comes from this platform itself"),
    errors.Unauthenticated: (401, "Unauthorized", "Sign in, or send a key"),
    errors.TooManyRequests: (429, "TooManyRequests", "You ask more often than you may"),
    errors.Denied: (403, "Forbidden", "This is not allowed to you"),
    errors.Busy: (503, "Busy", "The platform is busy"),
    errors.ProviderFailed: (502, "ProviderFailed", "The sign-in provider does not answer as it should"),
    errors.StoreBroken: (500, "InternalError", "The store cannot be used"),
}
# Told by their status alone (§6.3.4)
BARE: Final = frozenset((411, 415))
_INTERNAL: Final = (500, "InternalError", "Something went wrong inside the platform")


def status_of(error: MadangError) -> int:
    return PROBLEMS.get(type(error), _INTERNAL)[0]


def problem(error: MadangError) -> dict[str, Any]:
    """The problem details of an error. The type is an NGSI-LD error type, the detail names the thing."""
    status, name, title = PROBLEMS.get(type(error), _INTERNAL)
    return {"type": TYPES + name, "title": title, "detail": error.message, "status": status}


def problem_answer(error: MadangError) -> Answer:
    """The answer that tells a client of an error."""
    headers = [(b"content-type", b"application/json")]
    if isinstance(error, errors.MethodNotAllowed):
        headers.append((b"allow", error.detail.encode()))
    headers.extend((name.encode(), value.encode()) for name, value in said_by(error).items())
    if status_of(error) in BARE:
        return Answer(status_of(error))
    return Answer(status_of(error), orjson.dumps(problem(error)), headers)


def said_by(error: MadangError) -> dict[str, str]:
    """The headers, in lower case, by which an error tells a client what to do."""
    if isinstance(error, errors.Busy):
        return {"retry-after": "1"}
    if isinstance(error, errors.TooManyRequests):
        return {"retry-after": error.detail}
    if isinstance(error, errors.Unauthenticated):
        return {"www-authenticate": 'Bearer realm="madang"'}
    return {}


def internal(request_id: str) -> dict[str, Any]:
    """The problem details of a fault of ours: they say nothing but the number under which the log tells more."""
    status, name, title = _INTERNAL
    detail = f"The log has it under {request_id}"
    return {"type": TYPES + name, "title": title, "detail": detail, "status": status}


def internal_problem(request_id: str) -> Answer:
    return Answer(500, orjson.dumps(internal(request_id)), [(b"content-type", b"application/json")])
