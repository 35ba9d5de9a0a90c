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
    CONTEXTUAL,
    FIELD_SEPARATOR,
    SEGMENT_SEPARATOR,
    Terms,
    decode_entity,
    decode_scopes,
    decode_types,
)
from madang.store.sqlite.mask import Mask

COLUMNS: Final = "e.id, e.types, e.scopes, e.segments"
_SHAPES_MAX: Final = 1000
# Fields of a segment, see `codec`: term, datasetId, flags, created, modified, body
_FIELDS: Final = 6

Shape = tuple[str, tuple[bytes, ...]]
MaskedShape = tuple[str, tuple[bytes, ...], Mask]


class Rewriter:
    """Writes entities under one @context: the normalized form with every member but the system attributes."""

    __slots__ = ("_masked", "_shapes", "_terms", "context")

    def __init__(self, context: Context, terms: Terms) -> None:
        self.context = context
        self._terms = terms
        self._shapes: dict[Shape, bytes] = {}
        self._masked: dict[MaskedShape, tuple[bytes, tuple[int, ...]]] = {}

    def __call__(self, row: tuple[str, str, str, bytes]) -> bytes:
        """row: COLUMNS."""
        identifier, types, scopes, segments = row
        fields = (
            segments.replace(SEGMENT_SEPARATOR, FIELD_SEPARATOR).split(FIELD_SEPARATOR) if segments else []
        )
        shape = (types, tuple(fields[::_FIELDS]))
        template = self._shapes.get(shape)
        if template is None:
            if len(self._shapes) >= _SHAPES_MAX:
                self._shapes.clear()
            template = self._shapes[shape] = self._template(shape)
        if not template:
            return render_whole(decode_entity((*row[:3], 0, 0, 0, segments), self._terms), self.context)
        bodies = fields[5::_FIELDS]
        flags = fields[2::_FIELDS]
        if any(flags):
            bodies = [
                self._compacted(body) if flag else body for body, flag in zip(bodies, flags, strict=True)
            ]
        scope = self._scope(scopes) if scopes else b""
        return template % (orjson.dumps(identifier), scope, *bodies)

    def masked(self, row: tuple[str, str, str, bytes], mask: Mask) -> bytes:
        """The same of what is seen of the entity: attributes that are hidden are left out before anything is written."""
        identifier, types, scopes, segments = row
        segments = segments.replace(SEGMENT_SEPARATOR, FIELD_SEPARATOR)
        fields = segments.split(FIELD_SEPARATOR) if segments else []
        shape = (types, tuple(fields[::_FIELDS]), mask)
        known = self._masked.get(shape)
        if known is None:
            known = self._masked[shape] = self._masked_template(shape)
        template, kept = known
        if not template:
            whole = decode_entity((*row[:3], 0, 0, 0, row[3]), self._terms)
            return render_whole(mask.of(whole), self.context)
        bodies = [fields[at] for at in kept]
        if CONTEXTUAL in fields[2::_FIELDS]:
            flags = [fields[at - 3] for at in kept]
            bodies = [
                self._compacted(body) if flag else body for body, flag in zip(bodies, flags, strict=True)
            ]
        scope = self._scope(scopes) if scopes else b""
        return template % (orjson.dumps(identifier), scope, *bodies)

    def _masked_template(self, shape: MaskedShape) -> tuple[bytes, tuple[int, ...]]:
        """(template, the places of the bodies that go into it)."""
        if len(self._masked) >= _SHAPES_MAX:
            self._masked.clear()
        types, terms, mask = shape
        kept = [at for at, term in enumerate(terms) if not mask.hides(self._terms.iri(int(term)))]
        template = self._template((types, tuple([terms[at] for at in kept])))
        return template, tuple([_FIELDS * at + 5 for at in kept])

    def _compacted(self, body: bytes) -> bytes:
        return orjson.dumps(compact_members(orjson.loads(body), self.context))

    def _scope(self, scopes: str) -> bytes:
        named = decode_scopes(scopes)
        return b',"scope":' + orjson.dumps(named[0] if len(named) == 1 else named)

    def _template(self, shape: Shape) -> bytes:
        """What lies between the values: id, scope, attributes. Empty where an attribute has several instances."""
        types, terms = shape
        if len(set(terms)) < len(terms):
            return b""
        names = [self.context.compact(name) for name in decode_types(types, self._terms)]
        head = orjson.dumps({"type": names[0] if len(names) == 1 else names})[1:-1]
        keys = [self.context.key(self._terms.iri(int(term))) for term in terms]
        plain = b",".join([b'{"id":\0,' + head + b"\0", *(key + b"\0" for key in keys)]) + b"}"
        return plain.replace(b"%", b"%%").replace(b"\0", b"%b")
