"""Who the platform is, over HTTP (CIM 009 §6.33)."""

from __future__ import annotations

import orjson

from madang.api.call import JSON, LD_JSON, Answer, Call
from madang.api.negotiation import agree, context_value, with_context
from madang.api.writing import read_options
from madang.hub.identity import identity
from madang.ngsild.times import format_moment


async def source_identity(call: Call) -> Answer:
    """CIM 009 §5.15.1, §6.33.3.1."""
    read_options(call)
    agreed = await agree(call, geojson=False)
    found = identity(call.hub, call.access)
    body = orjson.dumps(
        {
            "id": found.id,
            "type": "ContextSourceIdentity",
            "contextSourceAlias": found.alias,
            "contextSourceUptime": _duration(found.now - found.since),
            "contextSourceTimeAt": format_moment(found.now),
        }
    )
    if agreed.media == "ld+json":
        return Answer(200, with_context(body, context_value(call, agreed.form.context)), [LD_JSON])
    return Answer(200, body, [JSON, (b"link", agreed.link)])


def _duration(microseconds: int) -> str:
    """ISO 8601, in whole seconds."""
    minutes, seconds = divmod(max(microseconds, 0) // 1_000_000, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"P{days}DT{hours}H{minutes}M{seconds}S"
