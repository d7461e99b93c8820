"""Views of access: what customers may use at this moment, with what they used of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from usance.domain.entitlements.access import Decision, DenialReason
from usance.domain.entitlements.holdings import (
    Counted,
    Entitled,
    Holdings,
    everything_entitled,
    next_change,
    standing_of,
)
from usance.domain.entitlements.spending import OnDemand, on_demand, spending_window, spent
from usance.domain.ids import CustomerId
from usance.store import access, access_usage
from usance.store.database import Tx

NOBODY: frozenset[str] = frozenset()


class Asked(NamedTuple):
    """Whose access, and of which part of it; None: what is bound to no resource."""

    customer_id: CustomerId
    resource_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What somebody may use at the instant `at`. `holdings` None: there is no such customer.

    `denial_reason`: why they may use nothing, whatever the feature. `used_up`: the ids of
    subscriptions whose hard budget is spent. `valid_until`: the first instant at which it may be
    another with no more usage; windows of usage begin anew beside that.
    """

    asked: Asked
    at: datetime
    holdings: Holdings | None = None
    denial_reason: DenialReason | None = None
    used_up: frozenset[str] = NOBODY
    entitled: tuple[Entitled, ...] = ()
    used: Mapping[Counted, Decimal] = field(default_factory=dict)
    valid_until: datetime | None = None

    def decide(self, entitled: Entitled) -> Decision:
        """Where it stands, for nothing more than was used."""
        return entitled.decide(entitled.usage_of(self.used, self.at), at=self.at)


def views(tx: Tx, asked: Collection[Asked], *, now: datetime) -> dict[Asked, View]:
    """For each what there is. `now`: the world's; a moved clock goes before."""
    read = access.holdings(tx, {each.customer_id for each in asked}, now=now)
    found = {each: read[each.customer_id].holdings for each in asked if each.customer_id in read}
    spending = _used_up(tx, found, now)
    held = {
        each: _view(each, holdings, spending.get(each, NOBODY), holdings.clock_at or now)
        for each, holdings in found.items()
    }
    counted = {
        counted: entitled.feature
        for view in held.values()
        for entitled in view.entitled
        for counted in entitled.counted(view.at)
    }
    used = access_usage.used(tx, counted)
    nobody = standing_of(None, at=now).denial_reason
    return {
        each: replace(held[each], used=used)
        if each in held
        else View(asked=each, at=now, denial_reason=nobody)
        for each in asked
    }


def used_up(tx: Tx, holdings: Holdings, asked: Asked, *, now: datetime) -> frozenset[str]:
    """The subscriptions that have spent their hard budget."""
    return _used_up(tx, {asked: holdings}, now).get(asked, NOBODY)


def _view(asked: Asked, holdings: Holdings, used_up: frozenset[str], at: datetime) -> View:
    reason = standing_of(holdings, at=at, resource_id=asked.resource_id).denial_reason
    found: Iterable[Entitled] = ()
    if reason is None:
        found = everything_entitled(holdings, at=at, resource_id=asked.resource_id, used_up=used_up)
    moments = [next_change(holdings, at)]
    moments += [
        spending_window(each, at).end for each in holdings.subscriptions if each.id in used_up
    ]
    return View(
        asked=asked,
        at=at,
        holdings=holdings,
        denial_reason=reason,
        used_up=used_up,
        entitled=tuple(found),
        valid_until=min((each for each in moments if each is not None), default=None),
    )


def _used_up(tx: Tx, found: Mapping[Asked, Holdings], now: datetime) -> dict[Asked, frozenset[str]]:
    """Of each the subscriptions that have spent their hard budget, all counted at once."""
    charged: dict[tuple[Asked, str], tuple[Decimal, list[OnDemand]]] = {}
    for asked, holdings in found.items():
        at = holdings.clock_at or now
        for subscription, budget in holdings.with_budgets(at, asked.resource_id):
            if not budget.has_soft_limit:
                charges = on_demand(holdings, subscription, at)
                charged[asked, subscription.id] = (budget.limit, charges)
    if not charged:
        return {}
    every = [each for _, charges in charged.values() for each in charges]
    used = access_usage.used(tx, {one: each.feature for each in every for one in each.counted})
    over: dict[Asked, frozenset[str]] = {}
    for (asked, subscription_id), (limit, charges) in charged.items():
        if spent(charges, used) >= limit:
            over[asked] = over.get(asked, NOBODY) | {subscription_id}
    return over
