"""What a view hides, no answer tells: a platform seen through it is as one from which the hidden was removed.

Random cities, views and questions (`worlds.py`). In the first test the questions are asked of a city through a view, and
of the city without what the view hides; in the second of two cities that differ in what the view hides alone, and
there also writes, notifications and the live stream are compared. At the end the filters are taken away, one after
the other, and the tests must fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.delivery.receiver import receiving
from tests.trust import worlds
from tests.trust.seen_city import (
    LATER,
    City,
    Owners,
    Question,
    answers,
    city,
    looks,
    stream,
)
from tests.trust.worlds import IDS, NOON, STEP, TYPES, Place, Step, World, ended, fragment, seen_by, without

from madang.errors import MadangError
from madang.hub import batch, live, subscriptions
from madang.hub.delivery.notifier import Notifier
from madang.ngsild.changes import Change, Delete, DeleteAttribute, Mode, Retain, Write
from madang.ngsild.context import CORE
from madang.ngsild.query import Selector
from madang.ngsild.selection import type_is
from madang.ngsild.subscription import Endpoint, NotificationParameters, Subscription, Trigger
from madang.store.base import ChangeRow, Store
from madang.store.sqlite.row_sight import Sights
from madang.trust.access import OPEN, Access
from madang.trust.view import View, compile_view


def run(work: Awaitable[None]) -> None:
    async def all_of_it() -> None:
        await work

    asyncio.run(all_of_it())


# --- a view is a city without what it hides ---


async def compare_with_the_city_without(
    world: World, where: dict[str, Place], view: View, asked: list[Question]
) -> None:
    async with city(view) as whole, city(None) as less:
        await whole.write(world)
        await less.write(without(world, seen_by(view, world, where)))
        for one in (whole, less):
            one.clock.advance(NOON + LATER - one.clock.now())
        for question in map(in_any_order, asked):
            told = ordered(question, await answers(whole.client, question, moments=False))
            expected = ordered(question, await answers(less.client, question, moments=False))
            assert told == expected, f"{question} tells {told} and not {expected}"
        assert await looks(whole) == await looks(less)


def in_any_order(question: Question) -> Question:
    """Where no order is asked for, a view may be quicker in another one: then all is compared, in none."""
    path, parameters = question
    if path != "/entities":
        return question
    if "orderBy" in parameters:
        keys = parameters["orderBy"].split(",")
        named = [key for key in keys if not key.startswith("id")]
        return path, {**parameters, "orderBy": ",".join([*named, "id"])}
    without_place = {name: text for name, text in parameters.items() if name != "offset"}
    if parameters.get("join") == "flat":
        without_place.pop("limit", None)
    return path, without_place


def ordered(question: Question, pages: list[Any]) -> list[Any]:
    """The pages; where no order was asked for, what they hold together."""
    path, parameters = question
    if path != "/entities" or "orderBy" in parameters or any(status != 200 for status, _, _ in pages):
        return pages
    found = [one for _, body, _ in pages for one in body]
    return [
        len(pages),
        sorted(found, key=lambda one: orjson.dumps(one, option=orjson.OPT_SORT_KEYS)),
        pages[0][2],
    ]


def moments_asked(question: Question) -> bool:
    """Whether it depends on when entities were modified: a view says when what is seen was, and knows of no
    attribute that is gone."""
    _, parameters = question
    return any("modifiedAt" in parameters.get(name, "") for name in ("q", "orderBy"))


ASKED: Final = given(worlds.worlds(), worlds.views, st.lists(worlds.questions, min_size=12, max_size=12))


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@ASKED
def test_a_view_is_a_city_without_what_it_hides(
    made: tuple[World, dict[str, Place]], view: View, asked: list[Question]
) -> None:
    world, where = made
    run(compare_with_the_city_without(world, where, view, [one for one in asked if not moments_asked(one)]))


# --- two cities that differ in what is hidden tell the same ---


@st.composite
def twins(
    draw: st.DrawFn, some_views: st.SearchStrategy[View]
) -> tuple[World, World, dict[str, Place], View]:
    """A world, the same with more that is hidden, and the view that hides it."""
    world, where = draw(worlds.worlds())
    view = draw(some_views)
    more = world
    for number, change in enumerate(draw(st.lists(worlds.changes(where), min_size=4, max_size=12))):
        at = draw(st.integers(0, len(world))) * STEP + (number + 1) * 1000
        tried = tuple(sorted((*more, Step(at, change)), key=lambda step: step.at))
        if seen_at_the_end(view, tried, where) == seen_at_the_end(view, world, where):
            more = tried
    return world, more, where, view


def seen_at_the_end(view: View, world: World, where: dict[str, Place]) -> Any:
    """What the view shows of a world, now and of its past: all that an answer may depend on."""
    sight = compile_view(view)
    now = {one.id: seen for one in ended(world).values() if (seen := sight.seen(one)) is not None}
    names = [*map(CORE.expand, worlds.LOCATED), "modifiedAt"]
    shown = {
        identifier: [name for name in names if shows(name)]
        for identifier, shows in seen_by(view, world, where).items()
    }
    return now, shown, without(world, seen_by(view, world, where))


def subscription(number: int, uri: str, **members: Any) -> Subscription:
    return Subscription(
        f"urn:ngsi-ld:Subscription:{number}",
        NotificationParameters(Endpoint(f"{uri}/{number}")),
        triggers=frozenset(Trigger),
        **members,
    )


async def subscribe(to: City, uri: str) -> None:
    """To everything, to what meets a condition, and to one attribute."""
    q = worlds.rows_of("level>0|note==1|since")
    type_ = Selector(type_is(CORE.expand("Sensor")))
    for one in (
        subscription(1, uri, selectors=(Selector(),)),
        subscription(2, uri, selectors=(type_,), q=q.q),
        subscription(3, uri, watched=(CORE.expand("level"),)),
    ):
        await subscriptions.create(to.hub, to.access, one)


async def told(to: City) -> None:
    """Wait until nothing waits any more; the first subscription is told of everything."""
    notifier = to.hub.delivery
    assert isinstance(notifier, Notifier)
    books = notifier._dispatchers[""].books
    last = await to.hub.store(OPEN).last_sequence()
    async with asyncio.timeout(20):
        while books.position < last or not all(line.is_idle for line in notifier.lines("")):
            await asyncio.sleep(0.005)


async def outcomes(asked: City, changes: list[Change]) -> list[Any]:
    """What comes of changes that the caller tries."""
    found = []
    for change in changes:
        (outcome,) = await batch.apply(asked.hub, asked.access, [change])
        found.append(str(outcome) if isinstance(outcome, MadangError) else outcome)
    return found


async def all_told(one: City, asked: list[Question], tried: list[Change]) -> list[Any]:
    """Everything that the caller of a city can find out."""
    one.clock.advance(NOON + LATER - one.clock.now())
    found: list[Any] = [(question, await answers(one.client, question)) for question in asked]
    found.append(await looks(one))
    found.append(await stream(one))
    found.append(await outcomes(one, tried))
    return found + [(question, await answers(one.client, question)) for question in asked[:4]]


def alike(change: Change, *two: World) -> bool:
    """Whether there is, or was, such an entity in both worlds or in none: who writes one cannot but find out."""
    (first, then), (second, later) = [
        (change.id in ended(world), any(step.change.id == change.id for step in world)) for world in two
    ]
    return (first, then) == (second, later)


async def compare_twins(
    made: tuple[World, World, dict[str, Place], View], asked: list[Question], tried: list[Change]
) -> None:
    world, more, _, view = made
    changes = [change for change in tried if alike(change, world, more)]
    async with city(view) as one, city(view) as other:
        await one.write(world)
        await other.write(more)
        first, second = await all_told(one, asked, changes), await all_told(other, asked, changes)
    for here, there in zip(first, second, strict=True):
        assert here == there


async def compare_what_is_notified(made: tuple[World, World, dict[str, Place], View]) -> None:
    world, more, where, view = made
    async with (
        receiving() as receiver,
        city(view) as one,
        city(view) as other,
        city(None) as less,
    ):
        three = [(one, world), (other, more), (less, without(world, seen_by(view, world, where)))]
        for number, (to, written) in enumerate(three):
            await subscribe(to, f"{receiver.url}/{number}")
            await to.write(written)
            await told(to)
        for path in (1, 2, 3):
            first, second, third = [receiver.entities(f"/{number}/{path}") for number in range(3)]
            assert first == second
            assert first == third


@st.composite
def attempts(draw: st.DrawFn) -> Change:
    """What a caller may try to write."""
    identifier = draw(st.sampled_from(IDS))
    name = CORE.expand(draw(st.sampled_from(worlds.LOCATED)))
    form = draw(st.integers(0, 5))
    if form == 0:
        return Delete(identifier)
    if form == 1:
        return DeleteAttribute(identifier, name, every=draw(st.booleans()))
    if form == 2:
        return Retain(identifier, frozenset((name,)), keep=draw(st.booleans()))
    place = Place((draw(st.sampled_from(TYPES)),), ())
    mode = draw(st.sampled_from([mode for mode in Mode if mode is not Mode.MERGE]))
    return Write(mode, fragment(identifier, place, draw(worlds.attributes)))


ASKED_TWICE: Final = given(
    twins(worlds.views),
    st.lists(worlds.questions, min_size=8, max_size=8),
    st.lists(attempts(), min_size=6, max_size=6),
)
TRIED: Final = given(twins(worlds.views), st.just([]), st.lists(attempts(), min_size=15, max_size=15))
TOLD: Final = given(twins(worlds.steady_views))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@ASKED_TWICE
def test_what_is_hidden_changes_no_answer(
    made: tuple[World, World, dict[str, Place], View], asked: list[Question], tried: list[Change]
) -> None:
    run(compare_twins(made, asked, tried))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@TOLD
def test_what_is_hidden_is_not_notified(made: tuple[World, World, dict[str, Place], View]) -> None:
    run(compare_what_is_notified(made))


# --- the filters taken away ---


def fails(given_these: Callable[[Any], Any], test: Any) -> None:
    """The test must not hold any more; its first failure is enough."""
    hasty = settings(
        max_examples=300,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(AssertionError):
        hasty(given_these(test.hypothesis.inner_test))()


def test_reading_without_the_view_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sights, "of", lambda _self, _access: None)
    fails(ASKED, test_a_view_is_a_city_without_what_it_hides)
    fails(ASKED_TWICE, test_what_is_hidden_changes_no_answer)


def test_writing_without_the_view_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "limits", lambda _access: None)
    fails(TRIED, test_what_is_hidden_changes_no_answer)


def test_telling_without_the_view_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Owners, "access", Owners.everything)
    fails(TOLD, test_what_is_hidden_is_not_notified)


def test_a_stream_without_the_view_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def everything(_store: Store, _access: Access, change: ChangeRow) -> ChangeRow:
        return change

    monkeypatch.setattr(live, "seen", everything)
    fails(ASKED_TWICE, test_what_is_hidden_changes_no_answer)
