"""What a request to write says beside its body: which types it is meant for, and how it writes (CIM 009 §6.4 to §6.7).

Parsed here once into the values that changes carry.
"""

from __future__ import annotations

from typing import Final

from madang.api.call import Call
from madang.api.reading import require_known
from madang.errors import BadRequestData, InvalidRequest
from madang.ngsild.changes import Merging
from madang.ngsild.context import Context
from madang.ngsild.selection import TypeExpression, parse_types
from madang.ngsild.times import require_moment

_ALWAYS: Final = frozenset(("local", "options"))
_SIMPLIFIED: Final = frozenset(("simplified", "keyValues"))
_NORMALIZED: Final = frozenset(("normalized", "concise"))


def read_options(call: Call, *offered: str, parameters: tuple[str, ...] = ()) -> frozenset[str]:
    """The values of `options`. parameters: what else the operation takes beside `local`.

    Raises InvalidRequest for a parameter or a value that the operation does not have (§6.3.20)."""
    if not call.has_parameters:
        return frozenset()
    require_known(call, _ALWAYS.union(parameters) if offered else _ALWAYS.union(parameters) - {"options"})
    said = frozenset(call.options)
    unknown = said.difference(offered)
    if unknown:
        raise InvalidRequest(f"options has '{min(unknown)[:60]}'; it may have {', '.join(offered)}")
    return said


def read_types(call: Call, context: Context) -> TypeExpression | None:
    """The types that the entity must be of (§4.17); None if it may be of any. Raises BadRequestData."""
    stated = call.parameters.get("type") if call.has_parameters else None
    return parse_types(stated, context) if stated is not None else None


def read_merging(call: Call) -> Merging:
    """What the request says of all that it merges (§6.5.3.4). `format` wins over `options`.

    Raises InvalidRequest, BadRequestData."""
    options = read_options(
        call, *sorted(_SIMPLIFIED | _NORMALIZED), parameters=("format", "lang", "observedAt", "type")
    )
    if not call.has_parameters:
        return Merging()
    parameters = call.parameters
    form = parameters.get("format")
    if form is not None and form not in _SIMPLIFIED | _NORMALIZED:
        raise InvalidRequest(f"format is '{form[:60]}'; it may be {', '.join(sorted(_SIMPLIFIED))}")
    language = parameters.get("lang", "")
    if "," in language or language == "*" or ("lang" in parameters and not language):
        raise BadRequestData(f"lang must be one language tag such as ko, but is '{language[:60]}'")
    moment = parameters.get("observedAt")
    return Merging(
        form in _SIMPLIFIED if form is not None else not _SIMPLIFIED.isdisjoint(options),
        require_moment(moment, "Parameter observedAt") if moment is not None else "",
        language,
    )
