"""Billing periods of a subscription: counted from its anchor, never from each other."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from usance.domain.calendar import Cadence, Instants, Unit, instants_at, month_after
from usance.domain.plans.charges import BillingPeriod
from usance.domain.plans.package import Trial, TrialUnit
from usance.domain.subscriptions.requests import Schedule
from usance.domain.subscriptions.subscription import Subscription

UTC_ZONE = ZoneInfo("UTC")  # of what is not billed; bills go by the days of who sells

CADENCES = {
    BillingPeriod.MONTHLY: Cadence(1, Unit.MONTH),
    BillingPeriod.ANNUALLY: Cadence(1, Unit.YEAR),
}


def billing_period_at(
    anchor: datetime, period: BillingPeriod, at: datetime, where: ZoneInfo
) -> Instants:
    """The period an instant is in; an instant between two is in the later."""
    return instants_at(anchor, CADENCES[period], at, where)


def month_at(anchor: datetime, at: datetime, where: ZoneInfo) -> Instants:
    """The month of billing an instant is in: of annual ones too."""
    return instants_at(anchor, CADENCES[BillingPeriod.MONTHLY], at, where)


def trial_end(start: datetime, trial: Trial, where: ZoneInfo) -> datetime:
    """When a trial that starts then is over: so many days or months later, same time of day."""
    local = start.astimezone(where)
    if trial.units is TrialUnit.MONTH:
        day = month_after(local.date(), trial.duration)
    else:
        cadence = Cadence(trial.duration, Unit.DAY)
        day = cadence.boundary(local.date(), 1)
    moved = local.replace(year=day.year, month=day.month, day=day.day)
    return moved.astimezone(start.tzinfo)


def next_boundary(subscription: Subscription, schedule: Schedule, at: datetime) -> datetime:
    """When the period that is begun ends: of a trial, the trial; at once without any period."""
    if subscription.is_trial(at):
        assert subscription.trial_ends_at is not None, "it is a trial"
        return subscription.trial_ends_at
    period = subscription.version_at(at).terms.billing_period
    if period is None or schedule is Schedule.IMMEDIATE:
        return at
    if schedule is Schedule.END_OF_BILLING_MONTH:
        return month_at(subscription.anchor, at, UTC_ZONE).end
    return billing_period_at(subscription.anchor, period, at, UTC_ZONE).end
