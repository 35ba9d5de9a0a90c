"""Subscriptions over HTTP (CIM 009 §6.10, §6.11): each handler parses, makes one call of the hub, and renders."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import orjson

from madang.api.call import JSON, LD_JSON, Answer, Call, Headers, applied_version
from madang.api.negotiation import (
    accepted,
    body_context,
    context_link,
    context_value,
    link_context,
    with_context,
)
from madang.api.writing import read_options
from madang.errors import BadRequestData, MethodNotAllowed
from madang.hub import hosted_contexts, subscriptions
from madang.hub.subscriptions import Shown
from madang.ngsild.conformance import preferred_version
from madang.ngsild.context import Context
from madang.ngsild.identifier import NGSI_LD_NULL, require_uri
from madang.ngsild.subscription import Subscription
from madang.ngsild.subscription_input import parse_subscription, patch_subscription
from madang.ngsild.subscription_output import subscription_json
from madang.settings import LIMITS
from madang.trust.identity import Permission

_PATH = "/ngsi-ld/v1/subscriptions"


async def create(call: Call) -> Answer:
    """CIM 009 §5.8.1, §6.10.3.1."""
    read_options(call)
    body = call.json()
    context = await body_context(call, body)
    new_id = f"urn:ngsi-ld:Subscription:{uuid.uuid4()}"
    subscription = parse_subscription(body, context, call.hub.clock.now(), new_id)
    subscription = await _with_notification_context(call, subscription, context)
    await subscriptions.create(call.hub, call.access, subscription)
    return Answer(201, b"", [(b"location", f"{_PATH}/{quote(subscription.id, safe=':')}".encode())])


async def query(call: Call) -> Answer:
    """CIM 009 §5.8.4, §6.10.3.2."""
    read_options(call, "count", "sysAttrs", parameters=("count", "limit", "offset"))
    count = call.flag("count") or "count" in call.options
    limit = call.number("limit", LIMITS.page_entities_default, LIMITS.page_entities_max)
    offset = call.number("offset", 0, LIMITS.subscriptions_max)
    if limit == 0 and not count:
        raise BadRequestData("limit=0 needs count=true: there would be nothing to answer")
    context = await link_context(call)
    media = accepted(call)
    page = await subscriptions.query(call.hub, call.access, limit, offset)
    written = [_json(call, shown, context) for shown in page.subscriptions]
    headers = [(b"link", link) for link in _page_links(call, (limit, offset, page.total), media)]
    headers += _conforming(call)
    if count:
        headers.append((b"ngsild-results-count", str(page.total).encode()))
    if media == "ld+json":
        value = context_value(call, context)
        bodies = [with_context(orjson.dumps(one), value) for one in written]
        return Answer(200, b"[" + b",".join(bodies) + b"]", [LD_JSON, *headers])
    return Answer(200, orjson.dumps(written), [JSON, (b"link", context_link(call, context)), *headers])


async def retrieve(call: Call) -> Answer:
    """CIM 009 §5.8.3, §6.11.3.1."""
    read_options(call, "sysAttrs")
    identifier = _id(call)
    context = await link_context(call)
    media = accepted(call)
    body = orjson.dumps(_json(call, await subscriptions.retrieve(call.hub, call.access, identifier), context))
    headers = _conforming(call)
    if media == "ld+json":
        return Answer(200, with_context(body, context_value(call, context)), [LD_JSON, *headers])
    return Answer(200, body, [JSON, (b"link", context_link(call, context)), *headers])


async def update(call: Call) -> Answer:
    """CIM 009 §5.8.2, §6.11.3.2."""
    read_options(call)
    identifier = _id(call)
    body = call.json()
    context = await body_context(call, body)
    now = call.hub.clock.now()
    named = body.get("jsonldContext") if isinstance(body, dict) else None
    if isinstance(named, str) and named != NGSI_LD_NULL:
        await call.hub.contexts.resolve(named, call.access)

    def change(subscription: Subscription) -> Subscription:
        return patch_subscription(subscription, body, context, now)

    await subscriptions.update(call.hub, call.access, identifier, change)
    return Answer(204)


async def delete(call: Call) -> Answer:
    """CIM 009 §5.8.5, §6.11.3.3."""
    read_options(call)
    await subscriptions.delete(call.hub, call.access, _id(call))
    return Answer(204)


ROUTES = (
    ("POST", "/subscriptions", create, Permission.SUBSCRIBE),
    ("GET", "/subscriptions", query, Permission.SUBSCRIBE),
    ("GET", "/subscriptions/{subscriptionId}", retrieve, Permission.SUBSCRIBE),
    ("PATCH", "/subscriptions/{subscriptionId}", update, Permission.SUBSCRIBE),
    ("DELETE", "/subscriptions/{subscriptionId}", delete, Permission.SUBSCRIBE),
)


def _conforming(call: Call) -> Headers:
    """A subscription is in every version what it is in this one, so the preferred one holds (CIM 009 §4.3.6.8)."""
    version = preferred_version(call.header(b"prefer"))
    return [] if version is None else [applied_version(version)]


def _id(call: Call) -> str:
    if not call.path[0]:
        offered = "GET, POST"
        raise MethodNotAllowed(f"{call.method} needs a subscription's id after {_PATH}/", detail=offered)
    return require_uri(call.path[0], "The subscription id")


async def _with_notification_context(
    call: Call, subscription: Subscription, context: Context
) -> Subscription:
    """With the address of the @context for its notifications: the one that it names, if that can be had, else
    the one that it was made with (CIM 009 §5.8.1.4)."""
    if subscription.context:
        await call.hub.contexts.resolve(subscription.context, call.access)
        return subscription
    address = await hosted_contexts.address(call.hub, call.access, context, lasting=True)
    if address.startswith("/"):
        address = f"http://{call.header(b'host') or 'localhost'}{address}"
    return msgspec.structs.replace(subscription, context=address)


def _json(call: Call, shown: Shown, context: Context) -> dict[str, Any]:
    system = "sysAttrs" in call.options
    return subscription_json(shown.subscription, shown.state, context, call.hub.clock.now(), system=system)


def _page_links(call: Call, page: tuple[int, int, int], media: str) -> list[bytes]:
    """Link headers to the next and the previous page (§6.3.10). page: limit, offset, how many there are."""
    limit, offset, total = page
    of_page = {"limit": limit, "offset": offset, **call.parameters}
    places = []
    if offset + limit < total:
        places.append((offset + limit, "next"))
    if offset:
        places.append((max(0, offset - limit), "prev"))
    return [
        f'<{_PATH}?{urlencode(of_page | {"offset": place})}>; rel="{rel}"; type="application/{media}"'.encode()
        for place, rel in places
    ]
