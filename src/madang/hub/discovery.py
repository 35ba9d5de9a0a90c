"""What there is in the graph: its entity types and their attributes (CIM 009 §5.7.5 to §5.7.10)."""

from __future__ import annotations

import msgspec

from madang.errors import NotFound
from madang.hub import groups
from madang.hub.hub import Hub
from madang.store.base import AttributeCount
from madang.trust.access import Access


class TypeInformation(msgspec.Struct, frozen=True):
    """type: IRI. count: entities of it. attributes: what those have, by attribute IRI, then kind."""

    type: str
    count: int
    attributes: tuple[AttributeCount, ...]


class AttributeInformation(msgspec.Struct, frozen=True):
    """attribute: IRI. count: instances of it. kinds: names of attribute types. types: IRIs of entity types."""

    attribute: str
    count: int
    kinds: tuple[str, ...]
    types: tuple[str, ...]


async def types(hub: Hub, access: Access) -> list[str]:
    """IRIs of the types of which there are entities, sorted."""
    return sorted(await type_counts(hub, access))


async def type_counts(hub: Hub, access: Access) -> dict[str, int]:
    """How many entities there are, by the IRIs of their types; of protected types none where there are few."""
    _, counts = await groups.without_small(hub, access)
    return counts


async def types_in_detail(hub: Hub, access: Access) -> list[TypeInformation]:
    """Every type of which there are entities, sorted by IRI."""
    access, counts = await groups.without_small(hub, access)
    found = await _counts(hub, access)
    return [TypeInformation(type_, counts[type_], _of_type(found, type_)) for type_ in sorted(counts)]


async def type_information(hub: Hub, access: Access, type_: str) -> TypeInformation:
    """One type. Raises NotFound where there is no entity of it."""
    access, counts = await groups.without_small(hub, access)
    if type_ not in counts:
        raise NotFound(f"There is no entity of type {type_}")
    return TypeInformation(type_, counts[type_], _of_type(await _counts(hub, access), type_))


async def attributes(hub: Hub, access: Access) -> list[AttributeInformation]:
    """Every attribute that an entity has, sorted by IRI."""
    if access.recorded:
        access, _ = await groups.without_small(hub, access)
    found = await _counts(hub, access)
    return [_of_attribute(found, name) for name in sorted({count.attribute for count in found})]


async def attribute_information(hub: Hub, access: Access, attribute: str) -> AttributeInformation:
    """One attribute. Raises NotFound where no entity has it."""
    if access.recorded:
        access, _ = await groups.without_small(hub, access)
    found = _of_attribute(await _counts(hub, access), attribute)
    if not found.count:
        raise NotFound(f"There is no entity with the attribute {attribute}")
    return found


async def _counts(hub: Hub, access: Access) -> list[AttributeCount]:
    counts = await hub.store(access).attribute_counts(access)
    return sorted(counts, key=lambda count: (count.attribute, count.type, count.kind))


def _of_type(counts: list[AttributeCount], type_: str) -> tuple[AttributeCount, ...]:
    return tuple([count for count in counts if count.type == type_])


def _of_attribute(counts: list[AttributeCount], attribute: str) -> AttributeInformation:
    own = [count for count in counts if count.attribute == attribute]
    return AttributeInformation(
        attribute,
        sum(count.n for count in own if not count.type),
        tuple(dict.fromkeys(count.kind.value for count in own)),
        tuple(dict.fromkeys(count.type for count in own if count.type)),
    )
