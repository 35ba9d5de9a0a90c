"""What breaks if one of those who take part goes: its ties, those whom only it joins to the others, and flows that run through
it alone.

Who is joined to whom is asked of the graph of acts and those who take part in them. One walk through it (Tarjan's, by
low points) finds for everybody at once which branches hang on them alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from madang.ecosystem.flow_acts import Act
from madang.ecosystem.outcome import Break
from madang.ecosystem.record import Record, Thing
from madang.vocabulary import Component, Vocabulary

_MANY: Final = 40
_ORGANISATION: Final = "Organization"

Run = tuple[str, str, str]


class _Graph(msgspec.Struct, frozen=True):
    """neighbours: of each node the others. weights: 1 for organisations, 0 for all else."""

    numbers: dict[str, int]
    neighbours: list[list[int]]
    weights: list[int]


def breaks(record: Record, acts: Iterable[Act], words: Vocabulary, many: int = _MANY) -> tuple[Break, ...]:
    """The `many` whose going would break most: organisations cut off, then flows lost, then ties."""
    acts = tuple(acts)
    types = {kind.term: kind for kind in words.types.values()}
    actors = {
        thing.id: thing
        for thing in record.things
        if (kind := types.get(thing.type)) is not None
        and not kind.passes
        and not kind.protected
        and kind.component is not Component.PHYSICAL
    }
    graph = _graph(acts, record)
    severed = _severed(graph)
    only = _only(acts)
    lost = Counter(party for act in acts for party in act.parties)
    found = [
        _break(thing, lost[name], severed.get(graph.numbers[name], 0), only.get(name, ()))
        for name, thing in actors.items()
        if lost[name]
    ]
    found.sort(key=lambda one: (-one.severed, -len(one.only), -one.lost, one.id))
    return tuple(found[:many])


def _break(thing: Thing, lost: int, severed: int, only: Iterable[Run]) -> Break:
    return Break(thing.id, thing.type, thing.names, lost, severed, tuple(sorted(only)))


def _graph(acts: Iterable[Act], record: Record) -> _Graph:
    numbers: dict[str, int] = {}
    neighbours: list[list[int]] = []

    def number(name: str) -> int:
        found = numbers.get(name)
        if found is None:
            found = numbers[name] = len(neighbours)
            neighbours.append([])
        return found

    joined: set[tuple[int, int]] = set()
    for act in acts:
        parties = act.parties
        middle = number(act.thing)
        for party in parties:
            end = number(party)
            edge = (middle, end) if middle < end else (end, middle)
            if middle != end and edge not in joined:
                joined.add(edge)
                neighbours[middle].append(end)
                neighbours[end].append(middle)
    weights = [0] * len(neighbours)
    for thing in record.things:
        if thing.type == _ORGANISATION and thing.id in numbers:
            weights[numbers[thing.id]] = 1
    return _Graph(numbers, neighbours, weights)


def _severed(graph: _Graph) -> dict[int, int]:
    """By node how many organisations are no longer in the largest part of what it belongs to when it goes."""
    count = len(graph.neighbours)
    found, low, parent = [-1] * count, [0] * count, [-1] * count
    below = graph.weights.copy()
    hanging: dict[int, list[int]] = {}
    roots: dict[int, int] = {}
    clock = 0
    for root in range(count):
        if found[root] >= 0:
            continue
        found[root] = low[root] = clock
        clock += 1
        path = [root]
        nexts = [0]
        members = [root]
        while path:
            node = path[-1]
            place = nexts[-1]
            if place < len(graph.neighbours[node]):
                nexts[-1] += 1
                other = graph.neighbours[node][place]
                if found[other] < 0:
                    found[other] = low[other] = clock
                    clock += 1
                    parent[other] = node
                    path.append(other)
                    nexts.append(0)
                    members.append(other)
                elif other != parent[node]:
                    low[node] = min(low[node], found[other])
                continue
            path.pop()
            nexts.pop()
            above = parent[node]
            if above >= 0:
                low[above] = min(low[above], low[node])
                below[above] += below[node]
                if low[node] >= found[above]:
                    hanging.setdefault(above, []).append(below[node])
        roots.update(dict.fromkeys(members, below[root]))
    cut: dict[int, int] = {}
    for node, branches in hanging.items():
        others = roots[node] - graph.weights[node]
        rest = others - sum(branches)
        cut[node] = others - max(rest, *branches)
    return {node: size for node, size in cut.items() if size}


def _only(acts: Iterable[Act]) -> dict[str, list[Run]]:
    """By identifier the flows in every act of which it takes part."""
    common: dict[Run, frozenset[str]] = {}
    for act in acts:
        for source, target, _, _ in act.parts:
            run = (source, target, act.flow)
            left = common.get(run)
            if left is None:
                common[run] = act.parties
            elif left:
                common[run] = left & act.parties
    found: dict[str, list[Run]] = {}
    for run, parties in common.items():
        for party in parties:
            found.setdefault(party, []).append(run)
    return found
