"""Entities and fragments of entities as clients write them (CIM 009 §4.5.1, §5.4)."""

from __future__ import annotations

import re
from typing import Any, Final

from madang.errors import BadRequestData
from madang.ngsild.attribute import NOT_REIFIED, parse_attribute
from madang.ngsild.attribute_values import Part
from madang.ngsild.context import Context
from madang.ngsild.entity import STAYS, Attribute, Entity
from madang.ngsild.identifier import NGSI_LD_NULL, require_uri
from madang.ngsild.simplified import normalized
from madang.ngsild.times import parse_moment, require_moment
from madang.settings import LIMITS

NOT_ATTRIBUTES: Final = frozenset(
    ("id", "type", "scope", "@context", "@id", "@type", "createdAt", "modifiedAt", "deletedAt", "expiresAt")
)

_SCOPE: Final = re.compile(r"/?[^\W\d_]\w*(/[^\W\d_]\w*)*")
_SCOPE_LENGTH_MAX: Final = 1000


def parse_entity(raw: Any, context: Context) -> Entity:
    """A whole entity: id and type are required. Raises BadRequestData."""
    members = require_object(raw, "An entity")
    identifier = parse_id(members)
    types = parse_types(members, context, f"Entity {identifier}")
    if not types:
        raise BadRequestData(f"Entity {identifier} has no type")
    return _entity(identifier, types, members, context, Part.WHOLE)


def parse_fragment(
    raw: Any,
    context: Context,
    entity_id: str | None = None,
    *,
    partial: Part = Part.WHOLE,
    simplified: bool = False,
) -> Entity:
    """A fragment: type and attributes are optional. entity_id: the id if the request names it elsewhere.

    partial: whether values may be missing, and where `urn:ngsi-ld:null` may stand. simplified: attributes are
    in simplified form. Raises BadRequestData.
    """
    members = require_object(raw, "A fragment of an entity")
    identifier = parse_id(members) if entity_id is None else require_uri(entity_id, "The entity id")
    stated = members.get("id", members.get("@id", identifier))
    if stated != identifier:
        raise BadRequestData(f"The body is of entity {stated!r:.100}, but the request is on {identifier}")
    types = parse_types(members, context, f"Entity {identifier}")
    if simplified:
        members = {name: raw if name in NOT_ATTRIBUTES else normalized(raw) for name, raw in members.items()}
    return _entity(identifier, types, members, context, partial)


def require_object(raw: Any, what: str) -> dict[str, Any]:
    """The value, if it is a JSON object. Raises BadRequestData."""
    if type(raw) is not dict:
        raise BadRequestData(f"{what} must be a JSON object, but is {type(raw).__name__}")
    return raw


def parse_id(members: dict[str, Any]) -> str:
    """The entity's id. Raises BadRequestData if it is missing or no URI."""
    identifier = members.get("id", members.get("@id"))
    if identifier is None:
        raise BadRequestData("The entity has no id")
    if identifier == NGSI_LD_NULL:
        raise BadRequestData(f"No entity can have the id {NGSI_LD_NULL}; it only deletes")
    return require_uri(identifier, "The entity id")


def parse_types(members: dict[str, Any], context: Context, where: str) -> tuple[str, ...]:
    """The entity's types as IRIs, each once; empty if none is named. Raises BadRequestData."""
    stated = members.get("type", members.get("@type"))
    if stated is None:
        return ()
    names = stated if isinstance(stated, list) else [stated]
    if not all(isinstance(name, str) and name != NGSI_LD_NULL for name in names):
        raise BadRequestData(f"{where}: 'type' must be a name or a list of names")
    types = tuple(dict.fromkeys([context.expand(name) for name in names]))
    for iri in types:
        if iri.startswith("@"):
            raise BadRequestData(f"{where}: a keyword of JSON-LD such as {iri} cannot be a type")
    return types


def parse_scope(stated: Any, where: str) -> tuple[str, ...]:
    """The scopes as paths that begin with "/" (CIM 009 §4.18). Raises BadRequestData."""
    if isinstance(stated, dict) and "value" in stated:
        stated = stated["value"]
    scopes = [stated] if isinstance(stated, str) else stated
    if not isinstance(scopes, list) or not all(
        isinstance(scope, str) and len(scope) <= _SCOPE_LENGTH_MAX and _SCOPE.fullmatch(scope)
        for scope in scopes
    ):
        raise BadRequestData(
            f"{where}: 'scope' must be a path such as /Madrid/Gardens, or a list of paths; each level begins with a "
            "letter and goes on with letters, digits and _"
        )
    return tuple(dict.fromkeys(scope if scope.startswith("/") else "/" + scope for scope in scopes))


def _entity(
    identifier: str, types: tuple[str, ...], members: dict[str, Any], context: Context, partial: Part
) -> Entity:
    attributes: list[Attribute] = []
    for name, raw in members.items():
        if name in NOT_REIFIED:
            raise BadRequestData(
                f"'{name}' is a term of the core @context and cannot be the name of an attribute"
            )
        if name not in NOT_ATTRIBUTES:
            attributes.extend(parse_attribute(name, raw, context, partial=partial))
    if len(attributes) > LIMITS.entity_attributes_max:
        raise BadRequestData(
            f"Entity {identifier} has more than {LIMITS.entity_attributes_max} attribute instances"
        )
    where = f"Entity {identifier}"
    stated = members.get("scope")
    if stated is None or (partial and stated == NGSI_LD_NULL):
        scope: tuple[str, ...] = () if stated is None else (NGSI_LD_NULL,)
    else:
        scope = parse_scope(stated, where)
    expires_at = _parse_expiry(members["expiresAt"], where, partial) if "expiresAt" in members else 0
    return Entity(identifier, types, tuple(attributes), scope, expires_at=expires_at)


def _parse_expiry(stated: Any, where: str, partial: Part) -> int:
    """When the entity expires, in microseconds (CIM 009 §4.22); STAYS for a null that takes the moment away."""
    if partial and stated == NGSI_LD_NULL:
        return STAYS
    moment = parse_moment(require_moment(stated, f"{where}: expiresAt"))
    if moment <= 0:
        raise BadRequestData(f"{where}: expiresAt must be later than 1970-01-01T00:00:00Z")
    return moment
