"""What an analysis says of an ecosystem: everything that pages, reports and exports show, as one value that is kept.

Each part is computed in a file of its own from the record (`record.py`); `whole.py` puts them together. Names and codes
are as in the vocabulary; texts for readers are made by whoever shows them.
"""

from __future__ import annotations

import msgspec

from madang.ecosystem.counts import Counts
from madang.ecosystem.verdict import CoreVerdict, Evidence, Stage

METHOD = "1"


class Source(msgspec.Struct, frozen=True):
    """What was read of one type. share: part of its entities that was read. newest: microseconds UTC, 0 if unknown."""

    type: str
    count: int
    share: float
    newest: int


class Standing(msgspec.Struct, frozen=True):
    """One organisation. constraint: None where it has no partners or it was too costly. core: number of the significant
    core that it belongs to. role: keystone, dominator, niche or "" where nothing sets it apart. first_time: whether those
    who founded it had founded nothing before, None where that is not known."""

    id: str
    names: dict[str, str]
    category: str = ""
    area: str = ""
    layer: str = ""
    industry: str = ""
    founded: int | None = None
    employees: int | None = None
    district: str = ""
    place: tuple[float, float] | None = None
    activities: int = 0
    partners: int = 0
    strength: float = 0.0
    rank: float = 0.0
    betweenness: float = 0.0
    constraint: float | None = None
    core_number: int = 0
    community: int = 0
    core: int | None = None
    role: str = ""
    first_time: bool | None = None


class FoundCore(msgspec.Struct, frozen=True):
    """members: identifiers of the core of a group of `size`. stability: None where nothing was drawn again."""

    members: tuple[str, ...]
    size: int
    quality: float
    probability: float
    significant: bool
    stability: float | None


class Loss(msgspec.Struct, frozen=True):
    """What is left when organisations go. lost: part of all that went. random, targeted: size of the largest component as
    a part of all that there were, if they go by lot (mean; low, high of 95 of 100 drawings) or by number of partners."""

    lost: float
    random: float
    low: float
    high: float
    targeted: float


class Year(msgspec.Struct, frozen=True):
    """The network of what began in one year."""

    year: int
    activities: int
    organisations: int
    newcomers: int
    pairs: int
    centralisation: float
    hhi: float
    giant: float
    amount: float = 0.0


class Drawn(msgspec.Struct, frozen=True):
    """How a figure was drawn from a part. name: of the figure. sources: of how many `of`. error: relative standard error."""

    name: str
    sources: int
    of: int
    error: float


class NetworkFacts(msgspec.Struct, frozen=True):
    """nestedness: NODF of organisations by activities against chance (z), NaN never: None where it is not known. trials:
    how many of each kind were drawn. redrawn: verdicts of the bootstraps."""

    counts: Counts
    hhi: float | None
    gini: float | None
    top_share: float | None
    centralisation: float | None
    modularity: float
    communities: int
    nestedness: float | None
    nestedness_z: float | None
    robustness: tuple[Loss, ...]
    years: tuple[Year, ...]
    cores: tuple[FoundCore, ...]
    trials: dict[str, int]
    redrawn: dict[str, int]
    drawn: tuple[Drawn, ...] = ()
    warnings: tuple[dict[str, str | int | float], ...] = ()


class Rung(msgspec.Struct, frozen=True):
    """One stage of a scale. met: whether its own conditions hold, None where that cannot be told. evidence: on which; named by
    the code of an indicator, or as in the verdict."""

    code: str
    met: bool | None
    evidence: tuple[Evidence, ...]


class Scale(msgspec.Struct, frozen=True):
    """A scale of stages that is none of the others: "moore" or "policy". stage: code of the highest rung that is met
    together with all below it, "" where that is none or cannot be told: the first rung's `met` says which."""

    code: str
    stage: str
    rungs: tuple[Rung, ...]


class Judged(msgspec.Struct, frozen=True):
    """The verdict. coverage_min: of `Thresholds`, for `Evidence.says`. sensitivity: name of a piece of evidence to the
    verdict (core, stage) if it said the opposite."""

    core: CoreVerdict
    stage: Stage
    evidence: tuple[Evidence, ...]
    coverage_min: float
    sensitivity: dict[str, tuple[CoreVerdict, Stage]] = {}
    scales: tuple[Scale, ...] = ()


class FlowCell(msgspec.Struct, frozen=True):
    """What ran from one component to another. year: None of relationships without a date. source, target: components;
    flow: kind of flow. count: how often; what has several givers or receivers is divided among them, so that all cells
    together are as many as what happened. online, offline: of these, over the platform or at a gathering of it. amount:
    money in `currency`, 0.0 and "" for other flows and where it is not known."""

    year: int | None
    source: str
    target: str
    flow: str
    count: float
    online: float = 0.0
    offline: float = 0.0
    amount: float = 0.0
    currency: str = ""


class Gap(msgspec.Struct, frozen=True):
    """Something that does not flow as it should. kind: "missing" (nothing at all of what a city cannot do without),
    "unknown" (of that, what nothing in the record could tell), "falling" (against its own past), "short" (of the target),
    "behind" (another city), "stuck" (comes in at `source` and does not go on; target ""). expected: how much there would
    be. against: the years compared with, "need", "target", "inflow" or a city."""

    kind: str
    source: str
    target: str
    flow: str
    count: float
    expected: float
    against: str


class Break(msgspec.Struct, frozen=True):
    """What breaks if one entity goes. lost: ties that go with it. severed: organisations that are cut off from the largest
    component. only: flows (source, target, flow) that run through it alone."""

    id: str
    type: str
    names: dict[str, str]
    lost: int
    severed: int
    only: tuple[tuple[str, str, str], ...] = ()


class Activity(msgspec.Struct, frozen=True):
    """What happened in a month ("2026-03"). what: as in `Use`, or the type of what was done: Meeting, Contract."""

    month: str
    what: str
    count: int
    online: int
    offline: int


class FlowFacts(msgspec.Struct, frozen=True):
    """cells: none twice. mediated: part of the ties between different components that came about over the platform (online)
    or at a gathering of it (offline); None where there are none. unaccounted: links of which either end is of no type that
    is known, by attribute. activity: the earliest month first."""

    cells: tuple[FlowCell, ...]
    mediated: float | None
    online: float | None
    offline: float | None
    gaps: tuple[Gap, ...]
    breaks: tuple[Break, ...]
    unaccounted: dict[str, int] = {}
    activity: tuple[Activity, ...] = ()


class Reading(msgspec.Struct, frozen=True):
    """An indicator. code: names its definition in the vocabulary; of what a city measures besides, the entity's identifier.
    value: None where it is missing. score: 0 to 100 within what the definition calls poor and good, or how near a city's
    own one is to its target; None where it is missing. low, high: of 95 of 100 times that chance had the value so; None
    where chance has no part in it. score_low, score_high: the same as scores, the lower first. coverage: part of what it is
    computed from that is known. newest: microseconds UTC of the latest of it, 0 unknown. entity: the Indicator entity that
    says so, "" if computed here. names: of a city's own one. target: its goal.
    """

    code: str
    component: str
    value: float | None
    unit: str
    score: float | None
    low: float | None
    high: float | None
    coverage: float
    newest: int
    entity: str = ""
    score_low: float | None = None
    score_high: float | None = None
    names: dict[str, str] = {}
    target: float | None = None


class ComponentScore(msgspec.Struct, frozen=True):
    """score: mean of its indicators' scores, None where none is known. low, high: of 95 of 100 drawings of values, weights and
    what is missing. compared: of another city or year, None without one. missing: indicators without a value."""

    component: str
    score: float | None
    low: float | None
    high: float | None
    coverage: float
    indicators: int
    missing: int
    compared: float | None = None


class Step(msgspec.Struct, frozen=True):
    """A measure of a strategy: an entity, or one that is only proposed (id "", state "absent") because indicators are weak on
    which no measure works. state: "running", "planned", "done", "late", "absent", or "" where that is not known. progress: 0 to 1.
    indicators: codes linked to it, and identifiers of the city's own ones. evidence: identifiers of what is part of it.
    weak: those of the indicators that are weak. fits: identifiers of programmes and calls that fit, the best first.
    code: of the proposal in the vocabulary."""

    id: str
    names: dict[str, str]
    owner: str
    owner_names: dict[str, str]
    state: str
    progress: float | None
    indicators: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    fits: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    code: str = ""


class Strategy(msgspec.Struct, frozen=True):
    """code: "virtual-city", "urban-environment", "enterprise". Its measures stand in groups, by component."""

    code: str
    groups: tuple[tuple[str, tuple[Step, ...]], ...]


class IndustryCell(msgspec.Struct, frozen=True):
    """Firms of one technology layer and service area. young: part of them under five years old, None where none is known."""

    layer: str
    area: str
    firms: int
    young: float | None


class IndustryFacts(msgspec.Struct, frozen=True):
    """taxonomy: its version. confirmed, suggested, open: how many firms a person or a source has classified, have a suggestion only, or
    have none. outside: of the confirmed, those that are no part of the industry; all others are in `cells`. industries:
    category of the industry axis to firms, "" for codes that belong to none."""

    taxonomy: str
    cells: tuple[IndustryCell, ...]
    confirmed: int
    suggested: int
    open: int
    outside: int
    industries: dict[str, int] = {}


class Outcome(msgspec.Struct, frozen=True):
    """city, names, synthetic: as in the record. read, computed: microseconds UTC. sequence: of the last change that is in
    it. standings: the highest rank first."""

    city: str
    names: dict[str, str]
    read: int
    computed: int
    sequence: int
    synthetic: bool
    sources: tuple[Source, ...]
    standings: tuple[Standing, ...]
    network: NetworkFacts
    judged: Judged
    flows: FlowFacts
    readings: tuple[Reading, ...]
    components: tuple[ComponentScore, ...]
    strategies: tuple[Strategy, ...]
    industry: IndustryFacts
    programmes: dict[str, dict[str, str]] = {}
    method: str = METHOD
