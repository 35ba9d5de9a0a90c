"""How a request for entities wants its answer: parameters, representation, projection, join, order (CIM 009 §5.7.1, §5.7.2).

What both operations have in common is parsed here once; `answers.py` writes what comes of it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from madang.api.call import Call
from madang.api.negotiation import Reading, agree
from madang.errors import BadRequestData, InvalidRequest
from madang.ngsild.context import Context
from madang.ngsild.expression import Expression, linked_depth
from madang.ngsild.identifier import require_uri
from madang.ngsild.linked import Join, Mode
from madang.ngsild.ordering import parse_order, parse_place
from madang.ngsild.projection import HEAD_MEMBERS, parse_projection, projected
from madang.ngsild.q import parse_q
from madang.ngsild.query import Order
from madang.ngsild.representation import LOCATION, Form, Format
from madang.settings import LIMITS

_FORMATS: Final = {
    "normalized": Format.NORMALIZED,
    "concise": Format.CONCISE,
    "simplified": Format.SIMPLIFIED,
    "keyValues": Format.SIMPLIFIED,
}
# Parameters of a form, the ones that a distributed platform would need (entityMap ...) among them
_FORM: Final = frozenset(
    (
        *("options", "format", "sysAttrs", "attrs", "pick", "omit", "lang", "datasetId", "geometryProperty"),
        *("join", "joinLevel", "containedBy", "local", "entityMap", "entityMapLifetime"),
    )
)
RETRIEVE: Final = _FORM | {"type"}
QUERY: Final = _FORM.union(
    (
        "type",
        "id",
        "idPattern",
        "q",
        "expandValues",
        "jsonKeys",
        "scopeQ",
        "csf",
        "splitEntities",
        "entities",
    ),
    ("georel", "geometry", "coordinates", "geoproperty"),
    ("orderBy", "orderFrom", "orderGeometry", "collation"),
    ("limit", "offset", "cursor", "count"),
)
_OPTIONS: Final = frozenset((*_FORMATS, "sysAttrs"))
_NONE: Final = "@none"


class Asked(msgspec.Struct, frozen=True):
    """reading: the form of the answer. join: None where linked entities are left where they are."""

    reading: Reading
    join: Join | None = None


def require_known(call: Call, known: frozenset[str]) -> None:
    """Raises InvalidRequest for a parameter that the operation does not have (§6.3.20)."""
    unknown = call.parameters.keys() - known
    if unknown:
        raise InvalidRequest(
            f"Parameter {min(unknown)[:60]} does not belong to this operation; it has {', '.join(sorted(known))}"
        )
    call.flag("local")


async def read_form(call: Call, known: frozenset[str]) -> Asked:
    """How the answer is wanted. known: the operation's parameters.

    Raises BadRequestData, InvalidRequest, NotAcceptable, ContextUnavailable."""
    agreed = await agree(call)
    if not call.has_parameters:
        return Asked(agreed)
    require_known(call, known)
    context, parameters = agreed.form.context, call.parameters
    options = set(call.options)
    format_ = _format(parameters.get("format"), options, known)
    geometry = LOCATION
    if "geometryProperty" in parameters:
        if agreed.media != "geo+json":
            raise BadRequestData("geometryProperty is of answers in application/geo+json only; accept that")
        geometry = context.expand(parameters["geometryProperty"])
    attributes = frozenset([_attribute(name, context) for name in call.names("attrs")])
    form = Form(
        context=context,
        format=format_,
        system="sysAttrs" in options or call.flag("sysAttrs"),
        attributes=attributes or None,
        language=parameters.get("lang"),
        dataset_ids=frozenset(
            [
                name if name == _NONE else require_uri(name, "Parameter datasetId")
                for name in call.names("datasetId")
            ]
        ),
        geometry=geometry,
    )
    join = _join(call)
    if "pick" in parameters or "omit" in parameters:
        form = _projected(call, form, join)
    call.flag("entityMap")
    call.flag("splitEntities")
    return Asked(msgspec.structs.replace(agreed, form=form), join)


def _attribute(name: str, context: Context) -> str:
    """The IRI of a name in attrs, which knows attributes only (§6.5.3.1). Raises BadRequestData."""
    if name in HEAD_MEMBERS:
        raise BadRequestData(f"attrs names '{name}', which is no attribute; use pick for members of entities")
    return context.expand(name)


def _format(stated: str | None, options: set[str], known: frozenset[str]) -> Format:
    """`format` wins over `options` (§6.3.7). Raises InvalidRequest where one is unknown, or options name two."""
    unknown = options - _OPTIONS - ({"count"} if "count" in known else set())
    if unknown:
        raise InvalidRequest(f"options has '{min(unknown)[:60]}'; it may have {', '.join(sorted(_OPTIONS))}")
    if stated is not None:
        if stated not in _FORMATS:
            raise InvalidRequest(f"format is '{stated[:60]}'; it may be {', '.join(_FORMATS)}")
        return _FORMATS[stated]
    found = {_FORMATS[option] for option in options & _FORMATS.keys()}
    if len(found) > 1:
        raise InvalidRequest("options ask for two representations at once")
    return found.pop() if found else Format.NORMALIZED


def _join(call: Call) -> Join | None:
    """What join, joinLevel and containedBy say (§4.5.23). Raises BadRequestData."""
    stated = call.parameters.get("join", _NONE)
    level = call.number("joinLevel", 1, LIMITS.join_levels_max, 1)
    encountered = frozenset(
        [require_uri(name, "Parameter containedBy") for name in call.names("containedBy")]
    )
    if stated == _NONE:
        return None
    if stated not in Mode.__members__.values():
        raise BadRequestData(f"join is '{stated[:60]}'; it may be {', '.join(Mode)} or {_NONE}")
    return Join(Mode(stated), level, encountered)


def _projected(call: Call, form: Form, join: Join | None) -> Form:
    """The form with what pick and omit say, of the entities and of those they link to (§4.21)."""
    if form.attributes is not None:
        raise BadRequestData("attrs says the same as pick and cannot be used with pick or omit")
    expand, parameters = form.context.expand, call.parameters
    pick, omit = (
        parse_projection(parameters[name], name, expand) if name in parameters else None
        for name in ("pick", "omit")
    )
    depth = max(one.depth for one in (pick, omit) if one is not None)
    if depth > (join.levels if join is not None else 0):
        raise BadRequestData(
            f"pick or omit name members of linked entities {depth} levels deep; that needs join=inline or join=flat "
            f"and joinLevel={depth}"
        )
    return projected(form, pick, omit)


def read_order(call: Call, context: Context) -> tuple[Order, ...]:
    """What orderBy, orderFrom, orderGeometry and collation say (§4.23). Raises BadRequestData."""
    parameters = call.parameters
    place = parse_place(
        parameters.get("orderGeometry"), parameters.get("orderFrom"), ("orderGeometry", "orderFrom")
    )
    return parse_order(parameters.get("orderBy"), place, parameters.get("collation"), context)


def check_query(call: Call, q: Expression | None, context: Context, join: Join | None) -> None:
    """What a query says beside its filter. Raises BadRequestData for conditions on entities deeper than the answer
    goes (§5.7.2.4), and for a filter of context sources that cannot be read."""
    depth = linked_depth(q) if q is not None else 0
    if depth > (join.levels if join is not None else 0):
        raise BadRequestData(
            f"q has conditions on linked entities {depth} levels deep; that needs join=inline or join=flat and "
            f"joinLevel={depth}"
        )
    if "csf" in call.parameters:
        parse_q(call.parameters["csf"], context)
