"""Reading entities over HTTP (CIM 009 §6.4.3.2, §6.5.3.1, §6.23): retrieve one, query for many."""

from __future__ import annotations

from typing import Final

import msgspec

from madang.api.answers import Item, for_version, many, one, written_already
from madang.api.call import JSON, Answer, Call
from madang.api.negotiation import body_context, link_to, page_headers, read_query, read_window
from madang.api.query_body import body_parameters
from madang.api.reading import QUERY, RETRIEVE, Asked, check_query, read_form, read_order
from madang.errors import NotFound
from madang.hub import entities, linking
from madang.ngsild.context import Context
from madang.ngsild.entity import Entity
from madang.ngsild.identifier import require_uri
from madang.ngsild.linked import Join, Mode, write_inline
from madang.ngsild.projection import HEAD_MEMBERS
from madang.ngsild.query import Query, Window
from madang.ngsild.representation import Form, leaves_nothing
from madang.ngsild.selection import parse_types
from madang.settings import LIMITS
from madang.trust.identity import Action

_ORDERING: Final = frozenset(("orderBy", "orderFrom", "orderGeometry", "collation"))


class _Question(msgspec.Struct, frozen=True):
    """What a query asks: how the answer is wanted, of which entities, which page."""

    asked: Asked
    wanted: Query
    window: Window


# Questions as they were read under the default @context: what follows a city asks the same again and again
_questions: dict[tuple[Context, tuple[bytes, ...]], _Question] = {}


async def _question(call: Call) -> _Question:
    """The question of a request, read once for all requests that say the same."""
    spoken = call.spoken
    if spoken is None:
        return await _read_question(call)
    key = (call.hub.contexts.default, spoken)
    known = _questions.get(key)
    if known is None:
        known = await _read_question(call)
        if len(_questions) >= LIMITS.questions_remembered_max:
            _questions.clear()
        _questions[key] = known
    return known


async def _read_question(call: Call) -> _Question:
    asked = await read_form(call, QUERY)
    context = asked.reading.form.context
    wanted = read_query(call, context)
    window = read_window(call)
    if wanted.q is not None or "csf" in call.parameters:
        check_query(call, wanted.q, context, asked.join)
    pick = asked.reading.form.pick
    if pick is not None and pick.isdisjoint(HEAD_MEMBERS):
        # Of an entity without any of these attributes nothing would be left to answer
        wanted = msgspec.structs.replace(wanted, attributes=tuple(sorted(pick)))
    if not _ORDERING.isdisjoint(call.parameters):
        window = msgspec.structs.replace(window, order=read_order(call, context))
    return _Question(asked, wanted, window)


async def query(call: Call) -> Answer:
    """CIM 009 §5.7.2, §6.4.3.2."""
    answer = await _query(call)
    return for_version(call, answer) if call.header(b"prefer") else answer


async def _query(call: Call) -> Answer:
    question = await _question(call)
    asked, wanted, window = question.asked, question.wanted, question.window
    how, context = asked.reading, asked.reading.form.context
    if window.limit == 0:
        call.ask_for(Action.AGGREGATE)
    if how.plain and asked.join is None and context is call.hub.contexts.default:
        page = await entities.rendered_query(call.hub, call.access, wanted, window)
        headers = [JSON, (b"link", how.link), *page_headers(call, window, page.total, page.next_cursor)]
        return Answer(200, b"[" + b",".join(page.entities) + b"]", headers)
    if how.form.whole and asked.join is None and how.media != "geo+json":
        other = None if context is call.hub.contexts.default else context
        page = await entities.rendered_query(call.hub, call.access, wanted, window, other)
        answer = written_already(call, how, page.entities)
        answer.headers.extend(page_headers(call, window, page.total, page.next_cursor))
        return answer
    found = await entities.query(call.hub, call.access, wanted, window)
    answer = many(call, how, await _joined(call, found.entities, how.form, asked.join))
    answer.headers.extend(page_headers(call, window, found.total, found.next_cursor))
    return answer


async def query_by_body(call: Call) -> Answer:
    """CIM 009 §5.7.2, §6.23.3.1: as `query`, the question in the body. Its page links lead to the GET form."""
    body = call.json()
    context = await body_context(call, body)
    return await query(call.asking(body_parameters(body, call.parameters), "/ngsi-ld/v1/entities", context))


async def retrieve(call: Call) -> Answer:
    """CIM 009 §5.7.1, §6.5.3.1."""
    entity_id = require_uri(call.path[0], "The entity id")
    if call.is_plain:
        body = await entities.rendered(call.hub, call.access, entity_id)
        return Answer(200, body, [JSON, (b"link", link_to(call, call.hub.contexts.default_address))])
    return for_version(call, await _retrieve(call, entity_id))


async def _retrieve(call: Call, entity_id: str) -> Answer:
    asked = await read_form(call, RETRIEVE)
    how, join = asked.reading, asked.join
    types = call.parameters.get("type") if call.has_parameters else None
    if how.plain and join is None and types is None:
        context = how.form.context
        other = None if context is call.hub.contexts.default else context
        body = await entities.rendered(call.hub, call.access, entity_id, other)
        return Answer(200, body, [JSON, (b"link", how.link)])
    selection = parse_types(types, how.form.context) if types is not None else None
    entity = await entities.retrieve(call.hub, call.access, entity_id)
    if selection is not None and not selection.matches(entity.types):
        raise NotFound(f"Entity {entity_id} does not exist with a type that type={types} selects")
    if leaves_nothing(entity, how.form):
        raise NotFound(f"attrs, pick and omit leave nothing of entity {entity_id}")
    items = await _joined(call, (entity,), how.form, join)
    return many(call, how, items) if join is not None and join.mode is Mode.FLAT else one(call, how, items[0])


async def _joined(call: Call, roots: tuple[Entity, ...], form: Form, join: Join | None) -> list[Item]:
    """What an answer holds: the entities, with those that they link to inside of them or behind them (§4.5.23)."""
    if join is None:
        return [(root, form, None) for root in roots]
    reached = await linking.follow(call.hub, call.access, roots, form, join)
    if join.mode is Mode.FLAT:
        return [*((root, form, None) for root in roots), *((one, its, None) for one, its in reached.linked)]
    written = write_inline(list(roots), reached.found, form, join)
    return [(root, form, members) for root, members in zip(roots, written, strict=True)]
