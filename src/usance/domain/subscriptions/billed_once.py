"""Billed once: usage that something bills is billed by nothing else at the same time.

What a customer uses is its usage whichever resource it names, so what bills a whole customer bills
the usage of each of its resources, too. Days are those of who bills, as instants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from usance.domain.calendar import start_of_day
from usance.domain.errors import Problem
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.plans.charges import BillingModel
from usance.domain.plans.package import PackageKind
from usance.domain.subscriptions.billing import (
    ALONE,
    Neighbours,
    billing_day,
    is_collected,
    steps,
)
from usance.domain.subscriptions.sold import Charged, Sold, charged
from usance.domain.subscriptions.subscription import Subscription
from usance.domain.subscriptions.terms import Terms

FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledUsage:
    """The usage of a feature by a customer, or by one of its resources, that `by` bills from an
    instant up to another. `path` and `value`: what was asked for that brings it.
    """

    by: str
    customer_id: CustomerId
    resource_id: str | None
    feature_id: FeatureId
    start: datetime
    end: datetime = FOR_EVER
    path: str = ""
    value: str = ""

    def since(self, at: datetime) -> BilledUsage | None:
        """What of it is not before an instant; None: all is."""
        return replace(self, start=max(self.start, at)) if self.end > at else None

    def meets(self, other: BilledUsage) -> bool:
        """True when there may be usage that both bill."""
        is_apart = None not in (self.resource_id, other.resource_id)
        return (
            self.by != other.by
            and (self.feature_id, self.customer_id) == (other.feature_id, other.customer_id)
            and (self.resource_id == other.resource_id or not is_apart)
            and max(self.start, other.start) < min(self.end, other.end)
        )


def billed_usage(
    subscription: Subscription,
    sold: Mapping[int, Sold],
    where: ZoneInfo,
    beside: Neighbours = ALONE,
) -> Iterator[BilledUsage]:
    """What a subscription ever bills by use. `sold`: what each of its versions is of, by number.

    What waits for a payment counts: it is billed when that is made.
    """
    if not is_collected(subscription):
        return
    found = list(steps(subscription, where, beside))
    ends_at = subscription.ends_at
    last = FOR_EVER
    if ends_at is not None:
        last = start_of_day(billing_day(subscription, ends_at, where), where)
    starts = [start_of_day(each.day, where) for each in found]
    for step, (start, end) in zip(found, pairwise([*starts, last]), strict=True):
        terms, of = step.version.terms, sold.get(step.version.number)
        for each in () if of is None else charged(of, terms):
            feature_id = each.charge.feature_id
            if each.charge.model is BillingModel.USAGE_BASED and feature_id is not None:
                path, value = _asked(each, terms)
                yield BilledUsage(
                    by=f"subscription {subscription.id}",
                    customer_id=subscription.customer_id,
                    resource_id=subscription.resource_id,
                    feature_id=feature_id,
                    start=start,
                    end=end,
                    path=path,
                    value=value,
                )


def billed_twice(own: Iterable[BilledUsage], others: Iterable[BilledUsage]) -> Iterator[Problem]:
    """Each usage of `own` that another bills at the same time: once a feature and path."""
    beside = list(others)
    told = set()
    for each in own:
        other = next((other for other in beside if each.meets(other)), None)
        if other is None or (each.path, each.feature_id) in told:
            continue
        told.add((each.path, each.feature_id))
        until = "" if other.end == FOR_EVER else f" until {other.end.isoformat()}"
        whose = "" if other.resource_id is None else f" of resource {other.resource_id}"
        expected = (
            f"nothing that charges for the usage of {each.feature_id}: {other.by} bills the usage"
            f"{whose} from {other.start.isoformat()}{until}, and it would be billed twice"
        )
        yield Problem("UsageBilledTwice", each.path, each.value, expected)


def _asked(each: Charged, terms: Terms) -> tuple[str, str]:
    """Where a request names the package, and as what."""
    if each.package.kind is PackageKind.PLAN:
        return "planId", each.package.id
    index = [addon.id for addon in terms.addons].index(each.package.id)
    return f"addons[{index}].id", each.package.id
