"""Whether the instances of a history meet a question, asked in slices (CIM 009 §5.7.4.4).

Each condition of q asks one attribute and holds if any instance meets it, so a long series is asked piece by piece,
until one does, and the event loop breathes between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.evolution import Series
from madang.ngsild.expression import ENTITY_MOMENTS, And, Expression, Or
from madang.ngsild.matcher import Matcher, compile_expression, compile_geo
from madang.ngsild.query import Query

_SLICE_INSTANCES: Final = 128


class _Leaf(msgspec.Struct, frozen=True):
    """attribute: IRI of the one that is asked, None if it is the entity."""

    attribute: str | None
    meets: Matcher


class _All(msgspec.Struct, frozen=True):
    parts: tuple[_All | _Any | _Leaf, ...]


class _Any(msgspec.Struct, frozen=True):
    parts: tuple[_All | _Any | _Leaf, ...]


Conditions = _All


def conditions(query: Query, mask: frozenset[str] = frozenset()) -> Conditions | None:
    """What a query asks of instances, with masked attributes taken as absent; None if it asks nothing.

    Raises NotSupported for conditions on linked entities."""
    parts: list[_All | _Any | _Leaf] = []
    if query.attributes:
        shown = [name for name in query.attributes if name not in mask]
        parts.append(_Any(tuple([_Leaf(name, _is_there) for name in shown])))
    if query.q is not None:
        parts.append(_compiled(query.q, mask))
    if query.geo is not None:
        parts.append(_Leaf(query.geo.attribute, compile_geo(query.geo, mask)))
    return _All(tuple(parts)) if parts else None


def _compiled(expression: Expression, mask: frozenset[str]) -> _All | _Any | _Leaf:
    if isinstance(expression, And):
        return _All(tuple([_compiled(part, mask) for part in expression.parts]))
    if isinstance(expression, Or):
        return _Any(tuple([_compiled(part, mask) for part in expression.parts]))
    name = expression.path.names[0]
    return _Leaf(None if name in ENTITY_MOMENTS else name, compile_expression(expression, mask))


def _is_there(entity: Entity) -> bool:
    return bool(entity.attributes)


async def met(asked: _All | _Any | _Leaf, head: Entity, series: Sequence[Series]) -> bool:
    """Whether instances of these series meet the conditions. head: the entity without its attributes."""
    if isinstance(asked, _All):
        for part in asked.parts:
            if not await met(part, head, series):
                return False
        return True
    if isinstance(asked, _Any):
        for part in asked.parts:
            if await met(part, head, series):
                return True
        return False
    if asked.attribute is None:
        return asked.meets(head)
    return await _any_instance(asked, head, [one for one in series if one.name == asked.attribute])


async def _any_instance(asked: _Leaf, head: Entity, series: Sequence[Series]) -> bool:
    for one in series:
        for start in range(0, len(one.instances), _SLICE_INSTANCES):
            if start:
                await asyncio.sleep(0)
            attributes = tuple(
                [
                    Attribute(
                        one.name,
                        instance.body,
                        one.dataset_id,
                        instance.contextual,
                        instance.created_at,
                        instance.modified_at,
                    )
                    for instance in one.instances[start : start + _SLICE_INSTANCES]
                    if not instance.deleted
                ]
            )
            if asked.meets(msgspec.structs.replace(head, attributes=attributes)):
                return True
    return False
