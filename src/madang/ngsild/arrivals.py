"""Instances that arrive for a history: the order in which they are kept, and which of them are the newest.

The newest of each attribute and datasetId becomes the present one where the entity's own is older. Instances of
the scope (CIM 009 §4.5.6) come among the attributes; the newest of them is the entity's scope.
"""

from __future__ import annotations

from typing import Final

import msgspec

from madang.ngsild.entity import Attribute, Entity
from madang.ngsild.evolution import is_deletion
from madang.ngsild.identifier import NGSI_LD_NULL
from madang.ngsild.scopes_over_time import SCOPE, scopes_of
from madang.ngsild.times import format_moment


class Arrived(msgspec.Struct, frozen=True):
    """written: all instances, those of each series side by side, oldest first. newest: the last of each series but
    the scope's, which is in `scope`, None where there is none."""

    written: tuple[Attribute, ...]
    newest: tuple[Attribute, ...]
    scope: Attribute | None = None


_NULL: Final = NGSI_LD_NULL.encode()


class _Observed(msgspec.Struct, gc=False):
    observedAt: str | None = None  # noqa: N815


_OBSERVED = msgspec.json.Decoder(_Observed)


def arrange(fragment: Entity, now: int) -> Arrived:
    """The fragment's instances as they are written at the moment `now`."""
    stamped = tuple(
        [
            Attribute(one.name, one.body, one.dataset_id, one.contextual, now, now)
            for one in fragment.attributes
        ]
    )
    if len(stamped) == 1 and stamped[0].name != SCOPE and not _is_deletion(stamped[0]):
        return Arrived(stamped, stamped)
    # Side by side and in order, so that a reader of one attribute cuts out one piece
    written = tuple(sorted(stamped, key=_series_and_time))
    last = {(one.name, one.dataset_id): one for one in written}
    scope = last.pop((SCOPE, None), None)
    return Arrived(written, tuple([one for one in last.values() if not _is_deletion(one)]), scope)


def is_newer(arrived: Attribute, present: Attribute) -> bool:
    """Whether the present instance gives way: it is not of a later time."""
    return time_of(arrived) >= time_of(present)


def time_of(attribute: Attribute) -> str:
    """observedAt, or the moment of writing where it has none, as a text that sorts by time."""
    stated = _OBSERVED.decode(attribute.body).observedAt
    text = stated or format_moment(attribute.modified_at)
    return text[:-1] if "." not in text else text[:-1].rstrip("0").rstrip(".")


def scope_after(arrived: Arrived, fragment: Entity, entity: Entity | None) -> tuple[str, ...]:
    """The entity's scope once all has been written; that of an instance only if none is known that is younger."""
    if arrived.scope is None:
        return fragment.scope or (entity.scope if entity is not None else ())
    if entity is None or not entity.scope or time_of(arrived.scope) >= format_moment(entity.modified_at)[:-1]:
        return scopes_of(arrived.scope.body)
    return entity.scope


def _is_deletion(attribute: Attribute) -> bool:
    """Whether the instance says that there was none from then on (§4.5.7): it becomes nobody's present."""
    return _NULL in attribute.body and is_deletion(attribute.members())


def _series_and_time(attribute: Attribute) -> tuple[str, str, str]:
    return attribute.name, attribute.dataset_id or "", time_of(attribute)
