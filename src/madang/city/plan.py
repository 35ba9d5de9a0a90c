"""What has to be done so that the store says what the city file says: a pure comparison."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from madang.city.check import surroundings
from madang.city.model import City
from madang.connect.runtime import changed_mapping, observes
from madang.connect.source import Source
from madang.store.base import SourceStatus


class Step(StrEnum):
    """LOAD: new, or never finished. REMAP: the mapping changed. LOOK: known; loaded if its file changed. REMOVE: no
    longer in the city file."""

    LOAD = "load"
    REMAP = "remap"
    LOOK = "look"
    REMOVE = "remove"


class Action(msgspec.Struct, frozen=True):
    """source: None for REMOVE. entities: that the store has of it. history: it loses its history by this."""

    step: Step
    id: str
    source: Source | None
    entities: int = 0
    history: bool = False


def plan(city: City, known: Sequence[SourceStatus]) -> tuple[Action, ...]:
    """Removals first, then the sources in the order of the city file."""
    by_id = {status.source: status for status in known}
    wanted = {source.id for source in city.sources}
    removals = [
        Action(Step.REMOVE, status.source, None, status.entities, history=True)
        for status in known
        if status.source not in wanted
    ]
    return (*removals, *(_action(city, source, by_id.get(source.id)) for source in city.sources))


def _action(city: City, source: Source, status: SourceStatus | None) -> Action:
    if status is None or not status.fingerprint:
        return Action(Step.LOAD, source.id, source)
    if changed_mapping(source, surroundings(city, source), status):
        return Action(Step.REMAP, source.id, source, status.entities, history=observes(source))
    step = Step.LOOK if status.complete else Step.LOAD
    return Action(step, source.id, source, status.entities)
