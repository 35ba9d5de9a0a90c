"""From the record to acts: what somebody gave somebody, read from the links of the graph by what the vocabulary says of them.

A contract is two acts, money one way and service the other; a meeting is one in which everybody gives to everybody else.
A link that its type does not pass on is an act of its two ends. What stands (a street is operated by the city) and has no
date of its own is told once, however many streets there are: what is physical counts by type, and what both ends say is
said once. What is planned or was called off has not happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from madang.ecosystem.record import Channel, Record, Thing
from madang.vocabulary import Component, EntityType, Flow, Passing, Runs, ValueKind, Vocabulary

_URN_TYPE: Final = 2
_CHANNELS: Final = frozenset(channel.value for channel in Channel)
_DAY_MICROSECONDS: Final = 86_400_000_000
# Something of these states has not happened, or not come about
_NOT_DONE: Final = frozenset(("planned", "cancelled", "refused"))
_STATUS: Final = "status"
_AMOUNT: Final = "amount"
_ARISEN: Final = "arisenFrom"
_CATEGORY: Final = "category"
_CHANNEL: Final = "channel"
_CURRENCY: Final = "currency"
_CAPITAL: Final = Flow.CAPITAL.value

Part = tuple[str, str, int, int]
"""(from component, to component, number, of): the part `number / of` of an act ran between the two."""


class Act(msgspec.Struct, frozen=True):
    """thing, type: the entity that tells of it. flow: kind. parties: who takes part, identifiers. parts: between which
    components it ran; together they are one. day: days since 1970, None of what stands without a date. channel: as
    `Channel`. amount: money that ran, None where that is not known or it is none.

    Components, flows and channels are their values, plain texts: there may be millions of acts."""

    thing: str
    type: str
    flow: str
    parties: frozenset[str]
    parts: tuple[Part, ...]
    day: int | None = None
    channel: str = Channel.OUTSIDE.value
    amount: float | None = None
    currency: str = ""


class _Plan(msgspec.Struct, frozen=True):
    """What to look at in entities of a type. links: all along which something runs. plain: of these those that the type does
    not pass on, with what runs along them and which way."""

    kind: EntityType
    passes: tuple[Passing, ...]
    links: frozenset[str]
    plain: Mapping[str, tuple[str, Runs]]


class _Base(msgspec.Struct, frozen=True):
    """What all acts of one entity share. thing: as it is counted."""

    thing: str
    type: str
    day: int | None
    channel: str
    amount: float | None
    currency: str


class Census:
    """Who is there: of each identifier the component, and the identifier by which somebody is counted."""

    def __init__(self, record: Record, words: Vocabulary, same: Mapping[str, str]) -> None:
        self._same = same
        self._types = {entry.term: entry.component.value for entry in words.types.values()}
        categories = {
            entry.term: {code: component.value for code, component in entry.components.items()}
            for entry in words.types.values()
        }
        self._known: dict[str, str] = {
            thing.id: categories[thing.type].get(thing.text(_CATEGORY), self._types[thing.type])
            for thing in record.things
            if thing.type in self._types
        }

    def component(self, identifier: str) -> str:
        """Of what is not in the record by its identifier, which names its type; "" where no such type is known."""
        found = self._known.get(identifier)
        if found is None:
            parts = identifier.split(":", _URN_TYPE + 1)
            named = parts[_URN_TYPE] if len(parts) > _URN_TYPE + 1 else ""
            found = self._known[identifier] = self._types.get(named, "")
        return found

    def counted(self, identifiers: Iterable[str]) -> tuple[str, ...]:
        """Those whose component is known, each once, as they are counted."""
        same, known = self._same, self._known
        found = [same.get(one, one) for one in identifiers if known.get(one) or self.component(one)]
        return tuple(dict.fromkeys(found))


class Acts(msgspec.Struct, frozen=True):
    """unaccounted: links whose end is of no type that is known, by attribute."""

    acts: tuple[Act, ...]
    unaccounted: dict[str, int]


def acts_of(record: Record, words: Vocabulary, census: Census) -> Acts:
    """Everything that the record tells of who gave what to whom."""
    plans = _plans(words)
    today = record.read // _DAY_MICROSECONDS
    money = next(term.unit for term in words.attributes.values() if term.term == _AMOUNT)
    channels = {thing.id: _own_channel(thing, plans) for thing in record.things if thing.type in plans}
    unaccounted: Counter[str] = Counter()
    standing: set[tuple[str, ...]] = set()
    found: list[Act] = []
    for thing in record.things:
        plan = plans.get(thing.type)
        if plan is None:
            continue
        said = plan.links & thing.values.keys()
        if (not said and not plan.kind.protected) or _is_to_come(thing, plan, today):
            continue
        base = _base(thing, plan, census, channels, money)
        found += _passed(thing, plan, base, census)
        found += _along_links(thing, plan, base, census, standing)
        for term in said:
            if lost := sum(not census.component(one) for one in thing.links(term)):
                unaccounted[term] += lost
    return Acts(tuple(found), dict(unaccounted))


def parts_of(givers: tuple[str, ...], receivers: tuple[str, ...], census: Census) -> tuple[Part, ...]:
    """Between which components something runs; without receivers from everybody to everybody else. Every pair of two gets
    the same part. Who is alone gives to itself."""
    if len(givers) == len(receivers) == 1:
        return ((census.component(givers[0]), census.component(receivers[0]), 1, 1),)
    sources = _numbers(givers, census)
    targets = same = sources
    if receivers:
        targets = _numbers(receivers, census)
        same = _numbers(set(givers).intersection(receivers), census)
    pairs = [
        (source, target, number * other - (same.get(source, 0) if source == target else 0))
        for source, number in sources.items()
        for target, other in targets.items()
    ]
    of = sum(number for _, _, number in pairs)
    if not of:
        pairs, of = [(source, source, number) for source, number in sources.items()], len(givers)
    return tuple([(source, target, number, of) for source, target, number in pairs if number])


def _numbers(identifiers: Iterable[str], census: Census) -> dict[str, int]:
    """How many are of each component."""
    found: dict[str, int] = {}
    for one in identifiers:
        component = census.component(one)
        found[component] = found.get(component, 0) + 1
    return found


def _plans(words: Vocabulary) -> dict[str, _Plan]:
    links = {
        term.term: (term.flow.value, term.runs)
        for term in words.attributes.values()
        if term.kind is ValueKind.LINK and term.flow is not None and term.runs is not None
    }
    plans = {}
    for kind in words.types.values():
        named = {term for passing in kind.passes for term in (*passing.givers, *passing.receivers)}
        passes = tuple(passing for passing in kind.passes if passing.flow is not None)
        ran = {term for passing in passes for term in (*passing.givers, *passing.receivers)}
        plain = {term: ran for term, ran in links.items() if term not in named}
        plans[kind.term] = _Plan(kind, passes, frozenset({*plain, *ran} - {""}), plain)
    return plans


def _is_to_come(thing: Thing, plan: _Plan, today: int) -> bool:
    """Whether it is only planned, or was called off: nothing has run yet."""
    if not plan.kind.dated:
        return False
    return thing.text(_STATUS) in _NOT_DONE or (thing.day is not None and thing.day > today)


def _own_channel(thing: Thing, plans: Mapping[str, _Plan]) -> str:
    said = thing.text(_CHANNEL)
    return said if said in _CHANNELS else plans[thing.type].kind.channel


def _base(thing: Thing, plan: _Plan, census: Census, channels: Mapping[str, str], money: str) -> _Base:
    """What arose from something came about the way that did, unless it says how."""
    channel = channels[thing.id]
    if thing.text(_CHANNEL) not in _CHANNELS:
        outside = Channel.OUTSIDE.value
        origins = [channels.get(origin, outside) for origin in thing.links(_ARISEN)]
        channel = next((one for one in origins if one != outside), channel)
    amount = thing.number(_AMOUNT)
    return _Base(
        thing=census.counted((thing.id,))[0],
        type=thing.type,
        day=thing.day if plan.kind.dated else None,
        channel=channel,
        amount=amount,
        currency=(thing.text(_CURRENCY) or money) if amount is not None else "",
    )


def _act(base: _Base, flow: str, givers: tuple[str, ...], receivers: tuple[str, ...], census: Census) -> Act:
    """Only money has an amount. Without receivers everybody gives to everybody else."""
    priced = flow == _CAPITAL
    return Act(
        thing=base.thing,
        type=base.type,
        flow=flow,
        parties=frozenset(givers + receivers),
        parts=parts_of(givers, receivers, census),
        day=base.day,
        channel=base.channel,
        amount=base.amount if priced else None,
        currency=base.currency if priced else "",
    )


def _passed(thing: Thing, plan: _Plan, base: _Base, census: Census) -> Iterator[Act]:
    """What runs through the entity. Where one side is not known, the entity stands for it; of an entity about persons both
    may be hidden."""
    itself = (base.thing,)
    for passing in plan.passes:
        givers = _ends(thing, passing.givers, census)
        receivers = _ends(thing, passing.receivers, census)
        named = {*givers, *receivers} - {base.thing}
        if passing.flow is None or (not named and not plan.kind.protected) or (passing.asked and not givers):
            continue
        flow = passing.flow.value
        if passing.both:
            yield _act(base, flow, givers if len(givers) > 1 else givers + itself, (), census)
        else:
            yield _act(base, flow, givers or itself, receivers or itself, census)


def _ends(thing: Thing, terms: tuple[str, ...], census: Census) -> tuple[str, ...]:
    named: list[str] = []
    for term in terms:
        named += thing.links(term) if term else (thing.id,)
    return census.counted(named)


def _along_links(
    thing: Thing, plan: _Plan, base: _Base, census: Census, standing: set[tuple[str, ...]]
) -> Iterator[Act]:
    """What runs along the links that the type does not pass on. standing: what was told before; it is added to."""
    itself = base.thing
    physical = plan.kind.component is Component.PHYSICAL
    for term in plan.plain.keys() & thing.values.keys():
        flow, runs = plan.plain[term]
        for target in census.counted(thing.links(term)):
            if target == itself:
                continue
            if not plan.kind.dated:
                ends = (thing.type if physical else itself, target)
                told = (term, *(sorted(ends) if runs is Runs.BOTH else ends))
                if told in standing:
                    continue
                standing.add(told)
            if runs is Runs.BOTH:
                yield _act(base, flow, (itself, target), (), census)
            elif runs is Runs.OUT:
                yield _act(base, flow, (itself,), (target,), census)
            else:
                yield _act(base, flow, (target,), (itself,), census)
