"""The unfolded end of a history: instances out of the segments of change rows (see `codec.py`).

All rows of one entity in the order of their writing, in slices: `collect` adds what a slice holds. Chunks, which
come before the tail, are read in `pieces.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from madang.ngsild.entity import Kind
from madang.ngsild.evolution import Instance, deletion_body
from madang.ngsild.temporal import TemporalQuery
from madang.store.sqlite import codec
from madang.store.sqlite.codec import FIELD_SEPARATOR, SEGMENT_SEPARATOR

# (term number, datasetId or b"") as the segments write them
Key = tuple[bytes, bytes]
Tail = dict[Key, list[Instance]]


class Wanted(msgspec.Struct, frozen=True):
    """Which series to read. terms: numbers as text, None for all. hidden: numbers that do not exist for the reader.

    datasets: datasetIds, b"" for the default instance; empty for all. temporal: what of each series will be selected;
    more may be read.
    """

    terms: tuple[bytes, ...] | None
    hidden: frozenset[bytes]
    datasets: frozenset[bytes]
    temporal: TemporalQuery

    def includes(self, key: Key) -> bool:
        term, dataset = key
        if term in self.hidden or (self.terms is not None and term not in self.terms):
            return False
        return not self.datasets or dataset in self.datasets


_WITH_BODY: Final = (b"", codec.CONTEXTUAL)
EVERYTHING: Final = Wanted(None, frozenset(), frozenset(), TemporalQuery())


def collect(rows: list[tuple[int, bytes]], which: Wanted, series: Tail) -> None:
    """Add the wanted instances of some change rows, (sequence, data) in order, to their series."""
    if which.terms is None:
        _collect_all(rows, which, series)
    elif rows:
        _collect_terms(rows, which, series)


def with_kind_before(tail: Iterable[Instance], dataset: bytes, kind: Kind) -> list[Instance]:
    """A series' tail. Deletions with which it begins are of the kind that the chunk before the tail knows."""
    known = list(tail)
    if kind is Kind.PROPERTY:
        return known
    for at, instance in enumerate(known):
        if not instance.deleted:
            break
        null = deletion_body(kind, dataset.decode() or None, instance.modified_at)
        known[at] = msgspec.structs.replace(instance, body=null)
    return known


def _collect_all(rows: list[tuple[int, bytes]], which: Wanted, series: Tail) -> None:
    """Every segment; its place counts the segments of the same term before it in the row."""
    firsts: dict[bytes, bytes] = {}
    for sequence, data in rows:
        places: dict[bytes, int] = {}
        for segment in data.split(SEGMENT_SEPARATOR) if data else ():
            term, dataset, flags, created, modified, body = segment.split(FIELD_SEPARATOR, 5)
            place = places.get(term, 0)
            places[term] = place + 1
            instances = series.get((term, dataset))
            if instances is None:
                if not which.includes((term, dataset)):
                    continue
                instances = series[term, dataset] = []
            name = b"%b-%d" % (term, place) if place else firsts.get(term)
            if name is None:
                name = firsts[term] = term + b"-0"
            if flags:
                _append_flagged(instances, (sequence, name), (dataset, flags, created, modified, body))
            else:
                instances.append(Instance(body, sequence, name, created, modified))


def _collect_terms(rows: list[tuple[int, bytes]], which: Wanted, series: Tail) -> None:
    """Only the segments of some terms."""
    for term in which.terms or ():
        first = term + b"-0"
        known: bytes | None = None
        instances: list[Instance] = []
        for sequence, piece in _pieces(rows, term):
            _, dataset, flags, created, modified, body = piece.split(FIELD_SEPARATOR, 5)
            if SEGMENT_SEPARATOR in body:
                _collect_piece(piece, (sequence, term), which, series)
                continue
            if dataset != known:
                known, instances = dataset, series.setdefault((term, dataset), [])
            if flags:
                _append_flagged(instances, (sequence, first), (dataset, flags, created, modified, body))
            else:
                instances.append(Instance(body, sequence, first, created, modified))
    for key in [key for key, instances in series.items() if not instances or not which.includes(key)]:
        del series[key]


def _pieces(rows: list[tuple[int, bytes]], term: bytes) -> Iterator[tuple[int, bytes]]:
    """Of each row that has segments of a term its sequence, and what stands from the first of them to the last."""
    begins = term + FIELD_SEPARATOR
    inner = SEGMENT_SEPARATOR + begins
    for sequence, data in rows:
        begin = 0
        if not data.startswith(begins):
            begin = data.find(inner) + 1
            if not begin:
                continue
        last = data.rfind(inner, begin)
        end = data.find(SEGMENT_SEPARATOR, max(last + 1, begin))
        yield sequence, data[begin:end] if end >= 0 else data[begin:]


def collect_bodies(data: bytes, which: Wanted, found: dict[Key, list[bytes]]) -> None:
    """Add the bodies of the wanted series, several of them with commas between, and no more than that: quick where many
    numbers are summed up. Deletions are left out.

    data: of many change rows, joined as segments are. which: names its terms."""
    for term in which.terms or ():
        for _, piece in _pieces([(0, data)], term):
            _, dataset, flags, _, _, body = piece.split(FIELD_SEPARATOR, 5)
            separators = body.count(SEGMENT_SEPARATOR)
            head = SEGMENT_SEPARATOR + piece[: len(piece) - len(body)]
            if flags in _WITH_BODY and body.count(head) == separators:
                # Of one write
                found.setdefault((term, dataset), []).append(body.replace(head, b",") if separators else body)
                continue
            begin = FIELD_SEPARATOR.join((term, dataset, flags, b""))
            parts = piece[len(begin) :].split(SEGMENT_SEPARATOR + begin)
            if flags in _WITH_BODY and len(parts) == separators + 1:
                # Of one series in many writes
                found.setdefault((term, dataset), []).extend([part[part.index(b"{") :] for part in parts])
                continue
            # Of many writes of several series: only segments of this term are cut out, for the others may be many more
            for part in piece[len(term) + 1 :].split(SEGMENT_SEPARATOR + term + FIELD_SEPARATOR):
                dataset, flags, _, _, body = part.split(FIELD_SEPARATOR, 4)
                end = body.find(SEGMENT_SEPARATOR)
                if flags in _WITH_BODY:
                    found.setdefault((term, dataset), []).append(body if end < 0 else body[:end])
    for key in [key for key in found if not which.includes(key)]:
        del found[key]


def _collect_piece(piece: bytes, origin: tuple[int, bytes], which: Wanted, series: Tail) -> None:
    """Several segments of one term of one change row. origin: its sequence, and the term.

    A batch of history has the same fields before all its bodies and the segments side by side, so that one
    cut serves all; elsewhere segments of other terms may stand between.
    """
    sequence, term = origin
    _, dataset, flags, created, modified, body = piece.split(FIELD_SEPARATOR, 5)
    head = piece[: len(piece) - len(body)]
    bodies = piece.split(SEGMENT_SEPARATOR + head)
    if not flags and piece.count(SEGMENT_SEPARATOR) == len(bodies) - 1:
        bodies[0] = bodies[0][len(head) :]
        series.setdefault((term, dataset), []).extend(
            [
                Instance(one, sequence, b"%b-%d" % (term, place), created, modified)
                for place, one in enumerate(bodies)
            ]
        )
        return
    begins = term + FIELD_SEPARATOR
    segments = [one for one in piece.split(SEGMENT_SEPARATOR) if one.startswith(begins)]
    for place, segment in enumerate(segments):
        _, dataset, flags, created, modified, body = segment.split(FIELD_SEPARATOR, 5)
        instances = series.setdefault((term, dataset), [])
        name = b"%b-%d" % (term, place)
        if flags:
            _append_flagged(instances, (sequence, name), (dataset, flags, created, modified, body))
        else:
            instances.append(Instance(body, sequence, name, created, modified))


def _append_flagged(
    instances: list[Instance], name: tuple[int, bytes], segment: tuple[bytes, bytes, bytes, bytes, bytes]
) -> None:
    """Add an instance that is no plain one. name: of what its instanceId is made. segment: its fields but the term."""
    dataset, flags, created, modified, body = segment
    if flags == codec.CONTEXTUAL:
        instances.append(Instance(body, *name, created, modified, contextual=True))
    elif flags == codec.REMOVED:
        kind = instances[-1].kind if instances else Kind.PROPERTY
        null = deletion_body(kind, dataset.decode() or None, int(modified))
        instances.append(Instance(null, *name, created, modified, deleted=True))
