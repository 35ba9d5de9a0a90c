"""The scope in the history of an entity (CIM 009 §4.5.6, §4.18): a Property whose values are the scopes of a time.

A scope is valid from the moment at which it was set until another takes its place or it is removed. Among the
series of an evolution it stands under the name SCOPE.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from madang.ngsild.core_terms import NGSI_LD
from madang.ngsild.entity import Attribute
from madang.ngsild.scope import ScopeExpression
from madang.ngsild.times import format_moment

SCOPE: Final = NGSI_LD + "scope"
_END_OF_TIME: Final = int(np.iinfo(np.int64).max)

# From this moment on, up to but without that one; microseconds UTC
Span = tuple[int, int]


class _Value(msgspec.Struct, gc=False):
    value: str | list[str]


_VALUE: Final = msgspec.json.Decoder(_Value)


def scope_instance(scopes: Sequence[str], observed_at: str) -> Attribute:
    """The instance that says: these were the scopes from then on. observed_at: DateTime in UTC."""
    value = scopes[0] if len(scopes) == 1 else list(scopes)
    return Attribute(SCOPE, orjson.dumps({"type": "Property", "value": value, "observedAt": observed_at}))


def scope_set(scopes: Sequence[str], now: int) -> Attribute:
    """The instance of a scope that was set through the present state: observed when it was set (§4.5.6)."""
    instance = scope_instance(scopes, format_moment(now))
    return Attribute(SCOPE, instance.body, None, False, now, now)


def removed_body(deleted_at: int) -> bytes:
    """The body of the instance that records that the scope was removed: there is none any longer."""
    return orjson.dumps({"type": "Property", "value": [], "deletedAt": format_moment(deleted_at)})


def scopes_of(body: bytes) -> tuple[str, ...]:
    """The scopes that an instance names; none if it is of an attribute that goes by the scope's IRI."""
    try:
        value = _VALUE.decode(body).value
    except msgspec.ValidationError:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def valid_spans(states: Iterable[tuple[int, tuple[str, ...]]], asked: ScopeExpression) -> list[Span]:
    """When the scopes met the expression. states: (moment, scopes from then on, none where they were removed)."""
    spans: list[Span] = []
    begin: int | None = None
    for moment, scopes in states:
        if bool(scopes) and asked.matches(scopes):
            begin = moment if begin is None else begin
        elif begin is not None:
            spans.append((begin, moment))
            begin = None
    if begin is not None:
        spans.append((begin, _END_OF_TIME))
    return spans


def inside(times: NDArray[np.int64], spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Which of the ascending times lie in one of the spans."""
    mask = np.zeros(len(times), np.bool_)
    for begin, end in spans:
        mask[np.searchsorted(times, begin) : np.searchsorted(times, end)] = True
    return mask
