"""Stored entities as JSON under any @context, without decoding them.

Entities of one shape (types, attributes and their order) differ in their values only. What lies between the values
is made once per shape and @context, and then filled: bytes with a place for each value. Entities in which an
attribute has several instances take the way through `representation`, and so do values that hold names.
"""

from __future__ import annotations

from typing import Final

import orjson

from madang.ngsild.context import Context
from madang.ngsild.representation import compact_members, render_whole
from madang.store.sqlite.codec import (
    FIELD_SEPARATOR,
    SEGMENT_SEPARATOR,
    Terms,
    decode_entity,
    decode_scopes,
    decode_types,
)

COLUMNS: Final = "e.id, e.types, e.scopes, e.segments"
_SHAPES_MAX: Final = 1000
# Fields of a segment, see `codec`: term, datasetId, flags, created, modified, body
_FIELDS: Final = 6

Shape = tuple[str, tuple[bytes, ...]]


class Rewriter:
    """Writes entities under one @context: the normalized form with every member but the system attributes."""

    __slots__ = ("_shapes", "_terms", "context")

    def __init__(self, context: Context, terms: Terms) -> None:
        self.context = context
        self._terms = terms
        self._shapes: dict[Shape, bytes] = {}

    def __call__(self, row: tuple[str, str, str, bytes]) -> bytes:
        """row: COLUMNS."""
        identifier, types, scopes, segments = row
        fields = (
            segments.replace(SEGMENT_SEPARATOR, FIELD_SEPARATOR).split(FIELD_SEPARATOR) if segments else []
        )
        shape = (types, tuple(fields[::_FIELDS]))
        template = self._shapes.get(shape)
        if template is None:
            template = self._shapes[shape] = self._template(shape)
        if not template:
            return render_whole(decode_entity((*row[:3], 0, 0, 0, segments), self._terms), self.context)
        bodies = fields[5::_FIELDS]
        flags = fields[2::_FIELDS]
        if any(flags):
            bodies = [
                orjson.dumps(compact_members(orjson.loads(body), self.context)) if flag else body
                for body, flag in zip(bodies, flags, strict=True)
            ]
        scope = self._scope(scopes) if scopes else b""
        return template % (orjson.dumps(identifier), scope, *bodies)

    def _scope(self, scopes: str) -> bytes:
        named = decode_scopes(scopes)
        return b',"scope":' + orjson.dumps(named[0] if len(named) == 1 else named)

    def _template(self, shape: Shape) -> bytes:
        """What lies between the values: id, scope, attributes. Empty where an attribute has several instances."""
        if len(self._shapes) >= _SHAPES_MAX:
            self._shapes.clear()
        types, terms = shape
        if len(set(terms)) < len(terms):
            return b""
        names = [self.context.compact(name) for name in decode_types(types, self._terms)]
        head = orjson.dumps({"type": names[0] if len(names) == 1 else names})[1:-1]
        keys = [self.context.key(self._terms.iri(int(term))) for term in terms]
        plain = b",".join([b'{"id":\0,' + head + b"\0", *(key + b"\0" for key in keys)]) + b"}"
        return plain.replace(b"%", b"%%").replace(b"\0", b"%b")
