"""The value of "@context" as a document holds it: what it may be, and the addresses in it (JSON-LD 1.1 §9; CIM 009 §4.4).

Nothing is fetched here: whoever has the documents makes a `Context` of them.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from madang.errors import BadRequestData
from madang.ngsild.context import Context, is_core_url
from madang.ngsild.core_terms import CORE_CONTEXT_URL

DEPTH_MAX: Final = 8


def checking(value: Any) -> Generator[None, None, Context]:
    """Raises BadRequestData for what cannot be a @context, also deep inside or in the definition of a term.

    In steps, as `Context.building`."""
    _require(value, 0)
    return (yield from Context.building(inline(value), None))


def _require(value: Any, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise BadRequestData(f"The @context is nested more than {DEPTH_MAX} levels deep")
    if isinstance(value, str):
        require_address(value)
    elif isinstance(value, list):
        for item in value:
            _require(item, depth + 1)
    elif isinstance(value, dict):
        if "@context" in value:
            _require(value["@context"], depth + 1)
    elif value is not None:
        raise BadRequestData(
            f"An @context must be an address, an object or a list of these, not {type(value).__name__}"
        )


def require_address(url: str) -> str:
    """The address, if it is one that can be fetched. Raises BadRequestData."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadRequestData(f"The @context '{url[:200]}' is not an http or https address")
    return url


def inline(value: Any) -> list[dict[str, Any]]:
    """The objects of terms in a @context, in order, without what its addresses lead to."""
    if isinstance(value, list):
        return [part for item in value for part in inline(item)]
    if isinstance(value, dict):
        return inline(value["@context"]) if "@context" in value else [value]
    return []


def absolute(value: Any, base: str) -> Any:
    """The same @context with relative addresses resolved against that of the document which it came from."""
    if isinstance(value, str):
        return urljoin(base, value)
    if isinstance(value, list):
        return [absolute(item, base) for item in value]
    if isinstance(value, dict) and "@context" in value:
        return {**value, "@context": absolute(value["@context"], base)}
    return value


def address_of(reference: Any) -> str | None:
    """The one address that stands for this @context, the core one being present in any case; None if none does."""
    items = reference if isinstance(reference, list) else [reference]
    others = [item for item in items if not (isinstance(item, str) and is_core_url(item))]
    if not others:
        return next((item for item in items if isinstance(item, str)), CORE_CONTEXT_URL)
    return others[0] if len(others) == 1 and isinstance(others[0], str) else None
