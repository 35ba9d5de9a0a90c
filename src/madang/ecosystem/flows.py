"""What flows between the seven components: out of the record to `FlowFacts`.

Acts come from `flow_acts.py`, their account from `flow_cells.py`, what is wrong from `flow_gaps.py`, and what hangs on
whom from `flow_breaks.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from madang.ecosystem.flow_acts import Act, Census, acts_of
from madang.ecosystem.flow_breaks import breaks
from madang.ecosystem.flow_cells import Account, activity
from madang.ecosystem.flow_gaps import Known, gaps, gone
from madang.ecosystem.joined import representatives
from madang.ecosystem.outcome import FlowFacts
from madang.ecosystem.record import Channel, Record
from madang.vocabulary import Vocabulary

_MICROSECONDS: Final = 1_000_000
_PAST: Final = "past"
# On fewer days of use nobody can say what is missing
_KNOWN_DAYS: Final = 30
_NO_TARGETS: Final[Mapping[str, float]] = {}


def flow_facts(
    record: Record,
    vocabulary: Vocabulary,
    past: FlowFacts | None = None,
    targets: Mapping[str, float] = _NO_TARGETS,
) -> FlowFacts:
    """past: of an earlier outcome of this city, to see what is there no more. targets: how often in a year something should
    flow, by "source>target:flow". Raises BadRequestData for a target that names no flow."""
    census = Census(record, vocabulary, representatives(record))
    read = acts_of(record, vocabulary, census)
    account = Account()
    for act in read.acts:
        account.add(act)
    account.use(record.uses)
    cells = account.cells()
    online, offline = _mediated(read.acts)
    used = {use.day for use in record.uses}
    known = Known(frozenset(act.flow for act in read.acts), len(used) >= _KNOWN_DAYS)
    year = datetime.fromtimestamp(record.read / _MICROSECONDS, UTC).year - 1
    facts = FlowFacts(
        cells=cells,
        mediated=None if online is None or offline is None else online + offline,
        online=online,
        offline=offline,
        gaps=gaps(cells, vocabulary.needed, known, targets, year),
        breaks=breaks(record, read.acts, vocabulary),
        unaccounted=read.unaccounted,
        activity=activity(read.acts, record.uses),
    )
    if past is None:
        return facts
    return msgspec.structs.replace(facts, gaps=facts.gaps + gone(facts, past, _PAST))


def _mediated(acts: Iterable[Act]) -> tuple[float | None, float | None]:
    """(on line, at gatherings) of the ties between different components; None where there are none. What is read from the
    platform is no tie, and all of it would be on line."""
    counts = {channel.value: 0.0 for channel in Channel}
    for act in acts:
        for source, target, number, of in act.parts:
            if source != target:
                counts[act.channel] += number / of
    total = sum(counts.values())
    if not total:
        return None, None
    return counts[Channel.ONLINE.value] / total, counts[Channel.OFFLINE.value] / total
