"""The platform's own @context over HTTP; hosting those of others (CIM 009 §5.13) follows later."""

from __future__ import annotations

import orjson

from madang.api.call import LD_JSON, Answer, Call
from madang.ngsild.core_terms import CORE_CONTEXT_URL, CORE_TERMS


async def own(call: Call) -> Answer:
    """The terms of the default @context over the core one."""
    terms = {
        term: iri for term, iri in call.hub.contexts.default.terms.items() if CORE_TERMS.get(term) != iri
    }
    return Answer(200, orjson.dumps({"@context": [terms, CORE_CONTEXT_URL]}), [LD_JSON])
