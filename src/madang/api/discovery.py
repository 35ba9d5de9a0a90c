"""What types and attributes there are, over HTTP (CIM 009 §6.25 to §6.28)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import orjson

from madang.api.call import JSON, LD_JSON, Answer, Call
from madang.api.negotiation import Reading, agree, context_value
from madang.api.reading import require_known
from madang.hub import discovery
from madang.hub.discovery import AttributeInformation, TypeInformation
from madang.ngsild.context import Context
from madang.store.base import AttributeCount
from madang.trust.identity import Permission

_ONE: Final = frozenset(("local",))
_MANY: Final = _ONE | {"details"}


async def types(call: Call) -> Answer:
    """CIM 009 §5.7.5, §5.7.6, §6.25.3.1."""
    how = await _agreed(call, _MANY)
    compact = how.form.context.compact
    if call.flag("details"):
        found = await discovery.types_in_detail(call.hub, call.access)
        return _answer(call, how, [_entity_type(one, how.form.context) for one in found])
    names = [compact(name) for name in await discovery.types(call.hub, call.access)]
    return _answer(call, how, _list(call, "EntityTypeList", "typeList", names))


async def type_information(call: Call) -> Answer:
    """CIM 009 §5.7.7, §6.26.3.1."""
    how = await _agreed(call, _ONE)
    context = how.form.context
    found = await discovery.type_information(call.hub, call.access, context.expand(call.path[0]))
    details = [
        {**_attribute_head(name, context), "attributeTypes": kinds}
        for name, kinds in _kinds(found.attributes)
    ]
    information = {
        "id": found.type,
        "type": "EntityTypeInfo",
        "typeName": context.compact(found.type),
        "entityCount": found.count,
        "attributeDetails": details,
    }
    return _answer(call, how, information)


async def attributes(call: Call) -> Answer:
    """CIM 009 §5.7.8, §5.7.9, §6.27.3.1."""
    how = await _agreed(call, _MANY)
    context = how.form.context
    found = await discovery.attributes(call.hub, call.access)
    if call.flag("details"):
        return _answer(
            call,
            how,
            [{**_attribute_head(one.attribute, context), **_type_names(one, context)} for one in found],
        )
    names = [context.compact(one.attribute) for one in found]
    return _answer(call, how, _list(call, "AttributeList", "attributeList", names))


async def attribute_information(call: Call) -> Answer:
    """CIM 009 §5.7.10, §6.28.3.1."""
    how = await _agreed(call, _ONE)
    context = how.form.context
    found = await discovery.attribute_information(call.hub, call.access, context.expand(call.path[0]))
    information = {
        **_attribute_head(found.attribute, context),
        "attributeCount": found.count,
        "attributeTypes": list(found.kinds),
        **_type_names(found, context),
    }
    return _answer(call, how, information)


ROUTES: Final[tuple[tuple[str, str, Callable[[Call], Awaitable[Answer]], Permission], ...]] = (
    ("GET", "/types", types, Permission.READ),
    ("GET", "/types/{type}", type_information, Permission.READ),
    ("GET", "/attributes", attributes, Permission.READ),
    ("GET", "/attributes/{attrId}", attribute_information, Permission.READ),
)


def _list(call: Call, type_: str, member: str, names: list[str]) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:{type_}:{call.access.tenant or 'default'}",
        "type": type_,
        member: sorted(names),
    }


def _entity_type(found: TypeInformation, context: Context) -> dict[str, Any]:
    return {
        "id": found.type,
        "type": "EntityType",
        "typeName": context.compact(found.type),
        "attributeNames": sorted({context.compact(count.attribute) for count in found.attributes}),
    }


def _attribute_head(name: str, context: Context) -> dict[str, Any]:
    return {"id": name, "type": "Attribute", "attributeName": context.compact(name)}


def _type_names(found: AttributeInformation, context: Context) -> dict[str, Any]:
    return {"typeNames": [context.compact(name) for name in found.types]}


def _kinds(counts: Iterable[AttributeCount]) -> Iterable[tuple[str, list[str]]]:
    """Each attribute with the names of its kinds."""
    kinds: dict[str, list[str]] = {}
    for count in counts:
        kinds.setdefault(count.attribute, []).append(count.kind.value)
    return kinds.items()


async def _agreed(call: Call, known: frozenset[str]) -> Reading:
    """@context and media type of the answer. Raises InvalidRequest for parameters other than the known ones."""
    require_known(call, known)
    return await agree(call, geojson=False)


def _answer(call: Call, how: Reading, body: dict[str, Any] | list[dict[str, Any]]) -> Answer:
    if how.media != "ld+json":
        return Answer(200, orjson.dumps(body), [JSON, (b"link", how.link)])
    value = context_value(call, how.form.context)
    if isinstance(body, list):
        return Answer(200, orjson.dumps([{**one, "@context": value} for one in body]), [LD_JSON])
    return Answer(200, orjson.dumps({**body, "@context": value}), [LD_JSON])
