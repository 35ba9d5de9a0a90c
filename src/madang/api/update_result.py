"""The answer to an operation that may do a part of what was asked (CIM 009 §5.2.18, §5.2.19)."""

from __future__ import annotations

import orjson

from madang.api.call import JSON, Answer
from madang.ngsild.changes import Outcome


def update_answer(outcome: Outcome) -> Answer:
    """204 where all was done, else 207 with what was and what was not, and why; names as IRIs (§6.3.6)."""
    if not outcome.skipped:
        return Answer(204)
    result = {
        "updated": outcome.updated,
        "notUpdated": [{"attributeName": name, "reason": why} for name, why in outcome.skipped],
    }
    return Answer(207, orjson.dumps(result), [JSON])
