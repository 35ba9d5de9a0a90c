"""What aggregation needs of long series that sums do not answer: their values, read in slices (CIM 009 §4.5.19).

Numbers come out of the columns of chunks, without instances. Texts, objects and all else are decoded some hundred at a
time, and only so many of them, for they are compared in one go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import orjson

from madang.errors import QueryTooWide
from madang.ngsild.aggregation import Values, read_numbers, read_opaque, read_values
from madang.ngsild.entity import VALUE_MEMBERS, Kind
from madang.ngsild.evolution import Evolution, Instance, Series, is_deletion
from madang.settings import LIMITS
from madang.store.sqlite.pieces import Taken

_SLICE_INSTANCES: Final = 256
_OF_VALUES: Final = frozenset((Kind.PROPERTY, Kind.LIST_PROPERTY))


async def valued(evolution: Evolution) -> Evolution:
    """The evolution, its long series with their values. Raises QueryTooWide for too many that are no numbers."""
    series = tuple([await with_values(one) for one in evolution.series])
    return msgspec.structs.replace(evolution, series=series)


async def with_values(series: Series) -> Series:
    """The series with its values, if it is long. Raises QueryTooWide for too many that are no numbers."""
    instances = series.instances
    if series.summary is not None or len(instances) <= _SLICE_INSTANCES:
        return series
    numbers = instances.numbers() if isinstance(instances, Taken) else None
    if numbers is not None:
        kept = ~np.isnan(numbers)
        return _valued(series, read_numbers(numbers[kept]), series.times[kept])
    if len(instances) > LIMITS.compared_instances_max:
        raise QueryTooWide(
            f"{len(instances)} values that are not all numbers would have to be compared, and "
            f"{LIMITS.compared_instances_max} at a time is the most; ask for a shorter range"
        )
    return await _decoded(series)


async def _decoded(series: Series) -> Series:
    """As it is where the attribute changed its kind, whose parts are told from each other where they are shown."""
    kind = series.instances[0].kind
    member = VALUE_MEMBERS[kind]
    items = []
    kept = np.ones(len(series.times), np.bool_)
    for start in range(0, len(series.instances), _SLICE_INSTANCES):
        some: Sequence[Instance] = series.instances[start : start + _SLICE_INSTANCES]
        for place, one in enumerate(some, start):
            members = orjson.loads(one.body)
            if members["type"] != kind:
                return series
            if one.deleted or is_deletion(members):
                kept[place] = False
            else:
                items.append(members[member])
        await asyncio.sleep(0)
    values = read_values(items) if kind in _OF_VALUES else read_opaque(items)
    return _valued(series, values, series.times[kept], kind)


def _valued(series: Series, values: Values, times: np.ndarray, kind: Kind = Kind.PROPERTY) -> Series:
    return msgspec.structs.replace(series, instances=(), times=times, values=values, kind=kind)
