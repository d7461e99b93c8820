"""What of a subscription is billed: from which day on, by which terms, until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.calendar import month_after
from usance.domain.ids import CustomerId, PackageId
from usance.domain.plans.charges import BillingPeriod
from usance.domain.plans.package import PricingType, TrialEnd
from usance.domain.subscriptions.billing import (
    Neighbours,
    billing_day,
    cadence_of,
    ending,
    first_day,
    is_billed,
    next_look,
    steps,
    year_end,
)
from usance.domain.subscriptions.subscription import (
    CollectionMethod,
    EndReason,
    ProrationBehavior,
    Subscription,
    Version,
)
from usance.domain.subscriptions.terms import Terms

BERLIN, TOKYO, SAN_FRANCISCO = map(ZoneInfo, ("Europe/Berlin", "Asia/Tokyo", "America/Los_Angeles"))
ZONES = (BERLIN, TOKYO, SAN_FRANCISCO, ZoneInfo("UTC"))
MONTHLY = Terms(plan_version=1, billing_period=BillingPeriod.MONTHLY, currency="EUR")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def version(number: int, effective_at: datetime, **more: Any) -> Version:
    fields = {"terms": MONTHLY, "created_at": effective_at, **more}
    return Version(number=number, effective_at=effective_at, **fields)


def subscription(start: datetime, *later: Version, **more: Any) -> Subscription:
    first = version(1, start, created_at=more.pop("created_at", start))
    if "first" in more:
        first = replace(first, **more.pop("first"))
    fields: dict[str, Any] = {
        "id": "s",
        "customer_id": CustomerId("c"),
        "plan_id": PackageId("p"),
        "product_id": None,
        "pricing_type": PricingType.PAID,
        "starts_at": start,
        "anchor": start,
        "versions": (first, *later),
        **more,
    }
    return Subscription(**fields)


def days(made: Subscription, where: ZoneInfo = BERLIN, **beside: bool) -> list[tuple[int, str]]:
    found = steps(made, where, Neighbours(**beside))
    return [(each.version.number, each.day.isoformat()) for each in found]


def test_a_change_is_billed_from_the_day_it_falls_on() -> None:
    made = subscription(at("2025-01-10T12:00"), version(2, at("2025-01-20T23:30")))
    assert days(made) == [(1, "2025-01-10"), (2, "2025-01-21")]  # half past midnight in Berlin


def test_of_several_changes_on_a_day_the_last_counts() -> None:
    later = [version(2, at("2025-01-20T08:00")), version(3, at("2025-01-20T09:00"))]
    assert days(subscription(at("2025-01-10T12:00"), *later)) == [
        (1, "2025-01-10"),
        (3, "2025-01-20"),
    ]


def test_what_is_not_prorated_waits_for_its_period_unless_a_later_change_is_sooner() -> None:
    waiting = version(2, at("2025-01-15T12:00"), proration=ProrationBehavior.NONE)
    made = subscription(at("2025-01-10T12:00"), waiting)
    assert days(made) == [(1, "2025-01-10"), (2, "2025-02-10")]
    sooner = subscription(at("2025-01-10T12:00"), waiting, version(3, at("2025-01-20T12:00")))
    assert days(sooner) == [(1, "2025-01-10"), (3, "2025-01-20")]


def test_a_trial_is_not_billed() -> None:
    trial = {"trial_ends_at": at("2025-01-24T12:00"), "anchor": at("2025-01-24T12:00")}
    made = subscription(at("2025-01-10T12:00"), trial_end=TrialEnd.CONVERT_TO_PAID, **trial)
    assert days(made) == [(1, "2025-01-24")]
    ends = replace(made, trial_end=TrialEnd.CANCEL_SUBSCRIPTION)
    assert days(ends) == []
    over = replace(made, ends_at=at("2025-01-24T12:00"))
    assert days(over) == []


def test_the_time_before_it_was_provisioned_is_not_billed() -> None:
    made = subscription(at("2024-12-05T12:00"), created_at=at("2025-01-20T12:00"))
    assert first_day(made, BERLIN) == date(2025, 2, 5)
    ended = replace(made, ends_at=at("2025-01-25T12:00"), is_prorated=True)
    assert first_day(ended, BERLIN) is None


def test_what_takes_the_place_of_what_was_paid_for_begins_unprorated_with_the_next_period() -> None:
    new = subscription(
        at("2025-01-20T12:00"),
        anchor=at("2025-01-10T12:00"),
        first={"proration": ProrationBehavior.NONE},
    )
    assert first_day(new, BERLIN, Neighbours(is_paid_before=True)) == date(2025, 2, 10)
    assert first_day(new, BERLIN) == date(2025, 1, 20)


@pytest.mark.parametrize(
    ("ends_at", "day", "bound"),
    [
        ("2025-01-20T12:00", "2025-01-21", "2025-02-10"),  # the day it ends on was used
        ("2025-02-10T12:00", "2025-02-10", "2025-02-10"),  # just when the period ends
        ("2025-02-10T13:00", "2025-02-11", "2025-03-10"),  # the next had begun
        ("2025-02-10T11:00", "2025-02-10", "2025-02-10"),  # it had not
    ],
)
def test_an_end_that_gives_nothing_back_bills_what_was_begun(
    ends_at: str, day: str, bound: str
) -> None:
    made = subscription(
        at("2025-01-10T12:00"),
        ends_at=at(ends_at),
        canceled_at=at("2025-01-15T12:00"),
        end_reason=EndReason.IMMEDIATE,
        is_prorated=False,
    )
    found = ending(made, BERLIN)
    assert found is not None
    assert (found.day.isoformat(), found.bound.isoformat()) == (day, bound)
    given_back = ending(replace(made, is_prorated=True), BERLIN)
    assert given_back is not None
    assert given_back.day == given_back.bound == at(ends_at).date()


def test_what_another_takes_the_place_of_is_given_back_unless_that_is_not_prorated() -> None:
    made = subscription(
        at("2025-01-10T12:00"),
        ends_at=at("2025-01-20T12:00"),
        canceled_at=at("2025-01-20T12:00"),
        end_reason=EndReason.UPGRADE_OR_DOWNGRADE,
    )
    usual = ending(made, BERLIN)
    unprorated = ending(made, BERLIN, Neighbours(is_unprorated_after=True))
    assert usual is not None
    assert unprorated is not None
    assert (usual.is_refunded, unprorated.is_refunded) == (True, False)
    agreed = ending(replace(made, canceled_at=None, end_reason=EndReason.EXPIRED), BERLIN)
    assert agreed is not None
    assert agreed.is_refunded, "it was never to be longer"


def test_what_is_paid_elsewhere_or_awaits_a_payment_is_not_billed() -> None:
    made = subscription(at("2025-01-10T12:00"))
    assert is_billed(made)
    assert not is_billed(replace(made, collection=CollectionMethod.NONE))
    assert not is_billed(replace(made, is_payment_pending=True))


def test_it_is_looked_at_again_when_something_may_change() -> None:
    waiting = version(2, at("2025-01-15T12:00"), proration=ProrationBehavior.NONE)
    made = subscription(at("2025-01-10T12:00"), waiting)
    looks = [at("2025-01-01T00:00")]
    while (look := next_look(made, BERLIN, Neighbours(), looks[-1])) is not None:
        looks.append(look)
    assert [each.isoformat() for each in looks[1:]] == [
        "2025-01-09T23:00:00+00:00",  # the first instant of the first day in Berlin
        "2025-01-10T12:00:00+00:00",
        "2025-01-15T12:00:00+00:00",
        "2025-02-09T23:00:00+00:00",  # of the day on which the next period begins
    ]


def test_without_a_period_it_is_counted_in_months() -> None:
    bare = version(1, at("2025-01-10T12:00"), terms=Terms())
    assert cadence_of(bare).months == 1
    assert year_end(subscription(at("2025-01-10T12:00")), BERLIN, date(2025, 1, 10)) == date(
        2026, 1, 10
    )


instants = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: at("2024-01-01T00:00") + timedelta(minutes=minutes)
)


@given(start=instants, where=st.sampled_from(ZONES), months=st.integers(1, 30))
def test_a_boundary_of_periods_is_a_boundary_in_every_zone(
    start: datetime, where: ZoneInfo, months: int
) -> None:
    made = subscription(start)
    boundary = datetime.combine(month_after(start.date(), months), start.timetz())
    anchor = billing_day(made, start, where)
    assert billing_day(made, boundary, where) == month_after(anchor, months)


@given(
    start=instants,
    where=st.sampled_from(ZONES),
    gaps=st.lists(st.tuples(st.integers(0, 100 * 24), st.booleans()), max_size=6),
)
def test_steps_ascend_day_by_day_and_the_last_version_is_billed_last(
    start: datetime, where: ZoneInfo, gaps: list[tuple[int, bool]]
) -> None:
    later, moment = [], start
    for number, (hours, is_prorated) in enumerate(gaps, start=2):
        moment += timedelta(hours=hours)
        proration = None if is_prorated else ProrationBehavior.NONE
        later.append(version(number, moment, proration=proration))
    found = list(steps(subscription(start, *later), where))
    assert [each.day for each in found] == sorted({each.day for each in found})
    assert found[-1].version.number == len(gaps) + 1
