"""Random lives of subscriptions: whatever happened, whoever was late, they are billed right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import NamedTuple

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import new_sandbox
from tests.stories.billed import NO_TRIAL, net, seats, sold_by_halden_de, until
from tests.stories.shop import subscribe
from tests.stories.world import World
from usance.domain.calendar import month_after
from usance.domain.plans.product import CancellationTime
from usance.domain.subscriptions.requests import CancelRequest, Schedule, UpdateRequest
from usance.domain.subscriptions.subscription import ProrationBehavior
from usance.flows.bill_subscription import bill_subscription
from usance.flows.cancel_subscription import cancel_subscription
from usance.flows.runtime import Runtime
from usance.flows.update_subscription import update_subscription
from usance.store import subscriptions
from usance.store.database import Database

HORIZON = 100  # days
FEE = {"team": 30, "business": 90}
A_SEAT = 10


class Event(NamedTuple):
    """So many days after the one before: other seats, another plan, or the end.

    `is_billed`: the daily work runs then, and all is issued; else it is down. `is_waiting`: what
    other seats come to stands on the next invoice.
    """

    after: int
    what: str
    seats: int
    is_billed: bool
    is_waiting: bool


class Held(NamedTuple):
    """A plan held from a day on, with its seats from their days on."""

    plan: str
    start: date
    seats: dict[date, int]


events = st.lists(
    st.builds(
        Event,
        st.integers(0, 30),
        st.sampled_from(["seats", "seats", "plan"]),
        st.integers(2, 9),
        st.booleans(),
        st.booleans(),
    ),
    max_size=5,
)


@settings(max_examples=12, deadline=None, phases=[Phase.generate])  # each is seconds long
@given(
    start=st.sampled_from([date(2025, 1, 1), date(2025, 1, 10), date(2025, 1, 31)]),
    life=events,
    end=st.sampled_from(["", "kept", "given back"]),
)
def test_a_subscription_is_billed_what_its_versions_come_to(
    database: Database, start: date, life: list[Event], end: str
) -> None:
    """Always true: what was billed is the price of the final timeline, to the minor unit, and
    billing again changes nothing.
    """
    world = sold_by_halden_de(World(Runtime(database), new_sandbox(database)).open())
    world.on(start.isoformat())
    held = [Held("team", start, {start: 2})]
    current, day = subscribe(world, "team"), start
    for event in life:
        day = min(day + timedelta(days=event.after), start + timedelta(days=HORIZON))
        if event.is_billed:
            until(world, day.isoformat())
        world.on(day.isoformat())
        current = _happens(world, current, event, held, day)
    ended = None
    if end:
        world.at(f"{day}T13:00:00+00:00")
        cancel_subscription(
            world.runtime,
            world.scope,
            current,
            CancelRequest(time=CancellationTime.IMMEDIATE, is_prorated=end == "given back"),
        )
        ended = day
    last = month_after(start, 4)  # with the next invoice, which bears what was given back
    until(world, last.isoformat())

    assert net(world) == sum(_expected(held, start, last, (ended, end == "given back")))
    before = world.documents()
    with world.runtime.transaction(world.scope) as tx:
        ids = [each.subscription.id for each in subscriptions.some(tx, customer_ids=["nordlicht"])]
    assert [bill_subscription(world.runtime, world.scope, each) for each in ids] == [[]] * len(ids)
    until(world, last.isoformat())
    assert world.documents() == before
    world.audit()


def _happens(world: World, current: str, event: Event, held: list[Held], day: date) -> str:
    """The event, in the world and in what is held; the subscription that runs then."""
    now = held[-1]
    if event.what == "plan":
        other = "business" if now.plan == "team" else "team"
        held.append(Held(other, day, {day: 2} if other == "team" else {}))
        at_once = Schedule.IMMEDIATE
        return subscribe(world, other, trial=NO_TRIAL, schedule=at_once)
    if now.plan == "team":
        now.seats[day] = event.seats
        created = ProrationBehavior.CREATE_PRORATIONS
        request = UpdateRequest(
            units=seats(event.seats),
            schedule=Schedule.IMMEDIATE,
            proration=created if event.is_waiting else None,
        )
        update_subscription(world.runtime, world.scope, current, request)
    return current


def _expected(
    held: list[Held], anchor: date, last: date, ended: tuple[date | None, bool]
) -> Iterator[Decimal]:
    """What each stretch of days at one price comes to, rounded once, period by period."""
    end, is_given_back = ended
    for index, each in enumerate(held):
        stop = held[index + 1].start if index + 1 < len(held) else end
        is_whole = index + 1 == len(held) and not is_given_back
        months = 0
        while (begins := month_after(anchor, months)) <= last:
            months += 1
            ends = month_after(anchor, months)
            cut = ends if stop is None or (is_whole and begins <= stop) else min(stop, ends)
            yield from _period(each, (begins, ends), cut)


def _period(held: Held, period: tuple[date, date], cut: date) -> Iterator[Decimal]:
    begins, ends = period
    first = max(begins, held.start)
    if first >= cut:
        return
    yield _part(FEE[held.plan], (cut - first).days, (ends - begins).days)
    days = sorted({first, *(day for day in held.seats if first < day < cut), cut})
    merged: list[tuple[int, int]] = []
    for start, stop in pairwise(days):
        known = [day for day in held.seats if day <= start]
        count = held.seats[max(known)] if known else 0
        if merged and merged[-1][0] == count:
            merged[-1] = (count, merged[-1][1] + (stop - start).days)
        else:
            merged.append((count, (stop - start).days))
    for count, length in merged:
        yield _part(A_SEAT * count, length, (ends - begins).days)


def _part(price: int, days: int, of: int) -> Decimal:
    return (Decimal(price) * days / of).quantize(Decimal("0.01"), ROUND_HALF_UP)
