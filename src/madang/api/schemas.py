"""The JSON Schemas of the vocabulary's types under /schemas: what an entity may say, the same in every city."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import orjson
from starlette.responses import Response

from madang.api.operations import Asking, Offer
from madang.errors import NotFound
from madang.vocabulary import schemas

_MEDIA: Final = "application/schema+json"


@lru_cache(maxsize=128)
def _written(term: str) -> bytes | None:
    found = schemas.schema(term)
    return orjson.dumps(found) if found is not None else None


async def _one(asking: Asking) -> Response:
    term = asking.request.path_params["type"]
    body = _written(term)
    if body is None:
        raise NotFound(
            f"There is no schema of the type '{term[:80]}'; /schemas lists those of the vocabulary"
        )
    return Response(body, media_type=_MEDIA)


async def _all(_asking: Asking) -> Response:
    return Response(orjson.dumps(schemas.index()), media_type="application/json")


OFFERED: Final = (
    Offer("GET", "/schemas", _all, None),
    Offer("GET", "/schemas/{type}.json", _one, None),
)
