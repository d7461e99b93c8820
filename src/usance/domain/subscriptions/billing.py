"""What of a subscription is billed: from which day on, by which terms, until when.

All days are those of the legal entity that bills, in `where`. A subscription's instants become days
here: a change counts for the whole of the day it falls on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from usance.domain.calendar import Cadence, Unit, day_of, start_of_day
from usance.domain.errors import NotAllowedNow
from usance.domain.plans.charges import BillingPeriod
from usance.domain.plans.package import TrialEnd
from usance.domain.subscriptions.periods import CADENCES, UTC_ZONE, month_at
from usance.domain.subscriptions.subscription import (
    CollectionMethod,
    EndReason,
    ProrationBehavior,
    Subscription,
    Version,
)

MONTH, YEAR = Cadence(1, Unit.MONTH), Cadence(1, Unit.YEAR)
ONE_DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
REPLACED = (EndReason.UPGRADE_OR_DOWNGRADE, EndReason.TRIAL_CONVERTED)


class SubscriptionNotBilled(NotAllowedNow):
    """It has no agreement: it is free, sold on a contract, in trial, or nobody bills it yet."""

    code = "SubscriptionNotBilled"

    def __init__(self, subscription_id: str) -> None:
        super().__init__(
            f"Subscription {subscription_id} is not billed here: it is free, sold on a contract, "
            "not begun, or there is no legal entity to bill it."
        )


class NoInvoiceIssued(NotAllowedNow):
    """There is nothing that could be paid."""

    code = "NoInvoiceIssued"

    def __init__(self, subscription_id: str) -> None:
        super().__init__(f"No invoice of subscription {subscription_id} was issued yet.")


@dataclass(frozen=True, slots=True)
class Step:
    """The terms that are billed from a day on, up to the next step."""

    version: Version
    day: date


@dataclass(frozen=True, slots=True)
class Ending:
    """The first day that is not billed any more, and whether days paid for beyond are given back.

    `bound`: the day up to which it is billed: `day`, or the end of the period then begun.
    """

    day: date
    is_refunded: bool
    bound: date


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What decides beside the subscription: is the one before it paid for, without a say about
    days that remain of it; and does the one after it begin unprorated.
    """

    is_paid_before: bool = False
    is_unprorated_after: bool = False


ALONE = Neighbours()


def is_billed(subscription: Subscription) -> bool:
    """False while a payment is awaited, and of what is not paid through us at all."""
    return is_collected(subscription) and not subscription.is_payment_pending


def is_collected(subscription: Subscription) -> bool:
    """False of what is not paid through us at all."""
    return subscription.collection is not CollectionMethod.NONE


def anchor_day(subscription: Subscription, where: ZoneInfo) -> date:
    """The day its periods are counted from."""
    return day_of(subscription.anchor, where)


def billing_day(subscription: Subscription, at: datetime, where: ZoneInfo) -> date:
    """The day an instant counts for. The instant at which a period ends is the day on which the
    next begins, wherever clocks stand: counted in months from the anchor's own day.
    """
    anchor = subscription.anchor
    if at > anchor and month_at(anchor, at, UTC_ZONE).start == at:
        index = MONTH.index_at(day_of(anchor, UTC_ZONE), day_of(at, UTC_ZONE))
        return MONTH.boundary(anchor_day(subscription, where), index)
    return day_of(at, where)


def begins_at(subscription: Subscription) -> datetime:
    """The instant billing begins at: a trial is not billed."""
    trial_ends_at = subscription.trial_ends_at
    if trial_ends_at is None or trial_ends_at <= subscription.starts_at:
        return subscription.starts_at
    return trial_ends_at


def first_day(
    subscription: Subscription, where: ZoneInfo, beside: Neighbours = ALONE
) -> date | None:
    """The first day that is billed; None: there is none.

    One that starts before the day it was provisioned on is not billed for what was: its first
    period is the next to begin. So is one that takes the place of what was paid for, unprorated.
    """
    starts_at = begins_at(subscription)
    if subscription.trial_end is TrialEnd.CANCEL_SUBSCRIPTION:
        return None
    if subscription.ends_at is not None and subscription.ends_at <= starts_at:
        return None
    day = billing_day(subscription, starts_at, where)
    first = subscription.versions[0]
    made_on = day_of(first.created_at, where)
    if day < made_on:
        day = _next_boundary(subscription, first, made_on, where)
    if beside.is_paid_before and first.proration is ProrationBehavior.NONE:
        day = _next_boundary(subscription, first, day, where)
    end = ending(subscription, where, beside)
    return None if end is not None and end.day <= day else day


def steps(
    subscription: Subscription, where: ZoneInfo, beside: Neighbours = ALONE
) -> Iterator[Step]:
    """Every change of what is billed, in time, also those to come.

    A version that is not to be prorated is billed from the next period on; of several that are
    billed from one day on, or of which a later one is billed sooner, the last counts.
    """
    first = first_day(subscription, where, beside)
    if first is None:
        return
    found: list[Step] = []
    for version, start, _ in subscription.spans():
        day = max(first, billing_day(subscription, start, where))
        if found and version.proration is ProrationBehavior.NONE and day > first:
            day = _next_boundary(subscription, found[-1].version, day, where)
        while found and found[-1].day >= day:
            found.pop()
        found.append(Step(version, day))
    yield from found


def ending(
    subscription: Subscription, where: ZoneInfo, beside: Neighbours = ALONE
) -> Ending | None:
    """When and how its billing ends; None: it goes on.

    Where days are given back, the day it ends on is the first of them. Else that day is its last,
    unless it ends just when a period does.
    """
    ends_at = subscription.ends_at
    if ends_at is None:
        return None
    day = billing_day(subscription, ends_at, where)
    if _gives_back(subscription, beside):
        return Ending(day, is_refunded=True, bound=day)
    begun = month_at(subscription.anchor, ends_at - INSTANT, UTC_ZONE).start
    is_begun = billing_day(subscription, begun, where) == day
    is_edge = MONTH.first_boundary(anchor_day(subscription, where), day) == day
    if is_begun or not is_edge:
        day += ONE_DAY
    last = subscription.version_at(ends_at)
    return Ending(day, is_refunded=False, bound=_next_boundary(subscription, last, day, where))


def next_look(
    subscription: Subscription, where: ZoneInfo, beside: Neighbours, after: datetime
) -> datetime | None:
    """The first instant after `after` at which what is billed of it may change by itself."""
    moments = [begins_at(subscription), subscription.next_change(after)]
    moments += [start_of_day(each.day, where) for each in steps(subscription, where, beside)]
    return min((each for each in moments if each is not None and each > after), default=None)


def year_end(subscription: Subscription, where: ZoneInfo, after: date) -> date:
    """The first day after `after` on which a year counted from its anchor begins."""
    anchor = anchor_day(subscription, where)
    return YEAR.boundary(anchor, YEAR.index_at(anchor, after) + 1)


def cadence_of(version: Version) -> Cadence:
    """How often a version is billed; monthly, where nothing in it recurs."""
    return CADENCES[version.terms.billing_period or BillingPeriod.MONTHLY]


def _gives_back(subscription: Subscription, beside: Neighbours) -> bool:
    if subscription.is_prorated is not None:
        return subscription.is_prorated
    if subscription.end_reason in REPLACED:
        return not beside.is_unprorated_after
    return subscription.canceled_at is None  # it was never to be longer


def _next_boundary(
    subscription: Subscription, version: Version, day: date, where: ZoneInfo
) -> date:
    """`day` when a period begins on it, else the day on which the next does."""
    return cadence_of(version).first_boundary(anchor_day(subscription, where), day)
