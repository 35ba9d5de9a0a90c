"""What a temporal request asks: the form of its answer, the part of the history, which entities (CIM 009 §6.18, §6.19).

The parameters are those of Table 6.18.3.2-1 and Table 6.19.3.1-1; any other is refused (§6.3.20). Parameters that
are about other context sources are checked and have no effect, for there are none.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from madang.api.call import Call
from madang.api.negotiation import agree, read_query, read_window
from madang.collation import ROOT, sort_key
from madang.errors import BadRequestData, InvalidRequest
from madang.hub.temporal import Evolutions
from madang.ngsild.context import Context
from madang.ngsild.evolution_forms import EvolutionForm, Shape
from madang.ngsild.expression import ENTITY_MOMENTS, And, Expression, Linked, Or
from madang.ngsild.identifier import require_uri
from madang.ngsild.q import parse_q
from madang.ngsild.query import Order, Query, Window
from madang.ngsild.scopes_over_time import SCOPE
from madang.ngsild.temporal import TemporalQuery, parse_temporal
from madang.ngsild.times import format_moment

_SHAPES: Final = {shape.value: shape for shape in Shape}
_OPTIONS: Final = frozenset((*_SHAPES, "sysAttrs"))
_OF_ONE: Final = frozenset(
    (
        *("options", "format", "sysAttrs", "attrs", "pick", "omit", "lang", "datasetId", "local"),
        *("timerel", "timeAt", "endTimeAt", "timeproperty", "lastN", "aggrMethods", "aggrPeriodDuration"),
        *("entityMap", "entityMapLifetime"),
    )
)
_OF_MANY: Final = _OF_ONE | {
    *("id", "idPattern", "type", "q", "expandValues", "jsonKeys", "scopeQ", "csf", "splitEntities"),
    *("georel", "geometry", "coordinates", "geoproperty"),
    *("orderBy", "collation", "limit", "offset", "cursor", "count"),
}
_RANGE: Final = frozenset(("timerel", "timeAt", "endTimeAt"))
_HEAD_MEMBERS: Final = frozenset(("id", "type", "scope"))
_SYSTEM_MEMBERS: Final = _HEAD_MEMBERS | {"createdAt", "modifiedAt", "deletedAt", "expiresAt", "observedAt"}
_DEFAULT_DATASET: Final = "@none"
_ORDER: Final = re.compile(r"id(?:;(asc|desc))?")
_SEPARATORS: Final = re.compile(r"[,|]")


class Question(msgspec.Struct, frozen=True):
    """media, link: as in `Reading`. form: how to write evolutions. temporal: which part of them to read."""

    media: str
    link: bytes
    form: EvolutionForm
    temporal: TemporalQuery


async def read_question(call: Call, *, many: bool = False) -> Question:
    """What is asked of one entity, or with `many` of those that a query finds.

    Raises BadRequestData, InvalidRequest, NotAcceptable, ContextUnavailable."""
    agreed = await agree(call, geojson=False)
    context = agreed.form.context
    if not call.has_parameters:
        return Question(agreed.media, agreed.link, EvolutionForm(context), TemporalQuery())
    parameters = call.parameters
    unknown = parameters.keys() - (_OF_MANY if many else _OF_ONE)
    if unknown:
        raise InvalidRequest(f"Parameter {min(unknown)[:60]} does not belong to this operation")
    call.flag("local")
    options = set(call.options) if "options" in parameters else set()
    if options - _OPTIONS - ({"count"} if many else set()):
        known = ", ".join(sorted(_OPTIONS))
        raise InvalidRequest(f"options={parameters['options'][:60]} has a value other than {known}")
    shape = _shape(parameters.get("format"), options)
    attributes = frozenset(context.expand(name) for name in call.names("attrs"))
    pick, omit = _members(call, context, "pick"), _members(call, context, "omit")
    if attributes and (pick or omit):
        raise BadRequestData("attrs says the same as pick and cannot be used with pick or omit")
    if pick & omit:
        names = ", ".join(sorted(context.compact(name) for name in pick & omit))
        raise BadRequestData(f"pick and omit both name {names}")
    system = "sysAttrs" in options or call.flag("sysAttrs")
    form = EvolutionForm(context, shape, system, pick or None, omit, parameters.get("lang"))
    temporal = parse_temporal(parameters, aggregated=shape is Shape.AGGREGATED_VALUES)
    read = attributes or _attributes_of(pick)
    selected = temporal.reading(tuple(sorted(read)), tuple(sorted(_attributes_of(omit))), _datasets(call))
    return Question(agreed.media, agreed.link, form, selected)


def read_selection(call: Call, question: Question) -> tuple[Query, Window]:
    """Which entities, and which page of them. Raises BadRequestData, also where the question is too wide (§5.7.4.4)."""
    if question.temporal.relation is None:
        raise BadRequestData("A temporal query needs timerel (before, after or between) and timeAt")
    context = question.form.context
    filters = call.parameters.get("csf")
    if filters is not None:
        parse_q(filters, context)
    call.flag("splitEntities")
    call.flag("entityMap")
    query = read_query(call, context)
    if query.q is not None and _is_linked(query.q):
        raise BadRequestData("Conditions on linked entities, as in q=a{b}, are not of temporal queries")
    by_attribute = any(name not in _SYSTEM_MEMBERS for name in call.names("attrs"))
    by_value = query.q is not None and _names_attribute(query.q)
    by_type = query.types is not None or bool(query.selectors)
    if not (by_type or by_attribute or by_value or query.geo is not None or call.flag("local")):
        raise BadRequestData(
            "The query is too wide: give a type, an attribute in attrs or q, or georel; or local=true for all"
        )
    return query, msgspec.structs.replace(read_window(call), order=_order(call))


def link_to_the_rest(call: Call, question: Question, found: Evolutions) -> bytes:
    """The Link header to what a part of one entity's history leaves (§6.3.10): from the next microsecond on, or back."""
    temporal, covered = question.temporal, found.range
    assert covered is not None
    begin, end = temporal.earliest, temporal.end
    parameters = {key: text for key, text in call.parameters.items() if key not in _RANGE}
    if temporal.last_n:
        end = covered.end
        counts = [len(one.times) for one in found.evolutions[0].series if len(one.times)]
        parameters["lastN"] = str(max(1, temporal.last_n - min(counts, default=0)))
    else:
        begin = covered.end + 1
    moments = {"timeAt": begin if begin is not None else end, "endTimeAt": end if begin is not None else None}
    relation = "before" if begin is None else "after" if end is None else "between"
    parameters |= {"timerel": relation} | {
        key: format_moment(moment) for key, moment in moments.items() if moment is not None
    }
    media = "application/" + question.media
    path = quote(call.scope_path, safe="/:")
    return f'<{path}?{urlencode(parameters)}>; rel="next"; type="{media}"'.encode()


def _shape(stated: str | None, options: set[str]) -> Shape:
    """`format` wins over `options` (§6.3.12). Raises InvalidRequest where it is unknown or options name two."""
    if stated is not None:
        if stated not in _SHAPES:
            raise InvalidRequest(f"format={stated[:60]} is none of {', '.join(_SHAPES)}")
        return _SHAPES[stated]
    found = [_SHAPES[name] for name in sorted(options & _SHAPES.keys())]
    if len(found) > 1:
        raise InvalidRequest("options ask for two representations at once")
    return found[0] if found else Shape.NORMALIZED


def _members(call: Call, context: Context, name: str) -> frozenset[str]:
    """Members of entities as IRIs but for id, type and scope (§4.21). Raises BadRequestData."""
    text = call.parameters.get(name)
    if text is None:
        return frozenset()
    names = [part.strip() for part in _SEPARATORS.split(text)]
    if not all(names):
        raise BadRequestData(f"Parameter {name} has an empty entry; write names separated by single commas")
    if "{" in text:
        raise BadRequestData(
            f"{name} names members of linked entities, which temporal requests do not follow"
        )
    return frozenset(member if member in _HEAD_MEMBERS else context.expand(member) for member in names)


def _attributes_of(members: frozenset[str]) -> frozenset[str]:
    """What has a history, under its IRI."""
    return frozenset(SCOPE if name == "scope" else name for name in members if name not in ("id", "type"))


def _datasets(call: Call) -> tuple[str, ...]:
    """The datasetIds that are asked for, "" for the default instance (§4.5.5). Raises BadRequestData."""
    if "datasetId" not in call.parameters:
        return ()
    found = dict.fromkeys(call.names("datasetId"))
    return tuple(
        "" if dataset == _DEFAULT_DATASET else require_uri(dataset, "Parameter datasetId")
        for dataset in found
    )


def _order(call: Call) -> tuple[Order, ...]:
    """Histories may only be ordered by id (§5.7.4.4). Raises BadRequestData."""
    collation = call.parameters.get("collation", ROOT)
    sort_key(collation)
    stated = call.parameters.get("orderBy")
    if stated is None:
        return ()
    match = _ORDER.fullmatch(stated)
    if match is None:
        raise BadRequestData(
            f"orderBy={stated[:60]} is not offered for histories; order by id, id;asc or id;desc"
        )
    return (Order(("@id",), descending=match[1] == "desc", collation=collation),)


def _is_linked(expression: Expression) -> bool:
    if isinstance(expression, And | Or):
        return any(_is_linked(part) for part in expression.parts)
    return isinstance(expression, Linked)


def _names_attribute(expression: Expression) -> bool:
    """Whether a condition is on an attribute that is not a system one."""
    if isinstance(expression, And | Or):
        return any(_names_attribute(part) for part in expression.parts)
    return expression.path.names[0] not in ENTITY_MOMENTS
