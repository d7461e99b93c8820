"""Spending: what usage comes to so far, to hold against a budget."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.domain.entitlements.test_holdings import ACME, APP, held
from usance.domain.entitlements.from_subscriptions import Offered, PackageKey
from usance.domain.entitlements.holdings import Holdings
from usance.domain.entitlements.spending import on_demand, spending_window, spent
from usance.domain.entitlements.windows import Window
from usance.domain.ids import FeatureId, PackageId
from usance.domain.plans.charges import BillingModel, BillingPeriod, Charge, ChargeTier, TiersMode
from usance.domain.plans.entitlements import PackageEntitlement
from usance.domain.plans.package import (
    Package,
    PackageKind,
    PackagePricing,
    PricingType,
    TrialEnd,
)
from usance.domain.subscriptions.subscription import Subscription, Version
from usance.domain.subscriptions.terms import PriceOverride, Terms

START = datetime(2025, 1, 31, tzinfo=UTC)
MARCH = datetime(2025, 3, 5, tzinfo=UTC)
CALLS = FeatureId("calls")
MONTHLY = Terms(plan_version=1, billing_period=BillingPeriod.MONTHLY, currency="USD")


def charge(**more: Any) -> Charge:
    """Half a dollar a call, unless said otherwise."""
    usual = {
        "id": "calls",
        "created_at": START,
        "model": BillingModel.USAGE_BASED,
        "period": BillingPeriod.MONTHLY,
        "currency": "USD",
        "amount": Decimal("0.5"),
        "feature_id": CALLS,
    }
    return Charge(**{**usual, **more})


def holding(pricing: PackagePricing, terms: Terms = MONTHLY, **more: Any) -> Holdings:
    """Somebody with a plan of 100 calls at those prices."""
    hundred = PackageEntitlement(
        feature_id=CALLS, created_at=START, updated_at=START, usage_limit=Decimal(100)
    )
    plan = Package(
        kind=PackageKind.PLAN,
        id=PackageId("payg"),
        product_id=APP,
        version=1,
        display_name="Pay as you go",
        pricing=pricing,
        entitlements=(hundred,),
    )
    version = Version(number=1, effective_at=START, terms=terms, created_at=START)
    usual = {
        "id": "one",
        "customer_id": ACME,
        "plan_id": plan.id,
        "product_id": None,
        "pricing_type": PricingType.PAID,
        "starts_at": START,
        "anchor": START,
        "versions": (version,),
    }
    offered = Offered({PackageKey(plan.kind, plan.id, 1): plan}, {})
    return held(offered, [Subscription(**{**usual, **more})])


def amount(holdings: Holdings, calls: int, *, at: datetime = MARCH, scope: str = "*") -> Decimal:
    """What so many calls in the billing period of that instant, and none before, come to."""
    [subscription] = holdings.subscriptions
    charged = on_demand(holdings, subscription, at)
    used = {one.through: Decimal(calls) for each in charged for one in each.slices}
    used = {each: calls for each, calls in used.items() if each.scope == scope}
    return spent(charged, used)


def test_what_is_charged_by_use_is_spent_from_the_first_unit() -> None:
    assert amount(holding(PackagePricing(charges=(charge(),))), 7) == Decimal("3.5")


def test_fees_seats_and_other_currencies_are_not_spent() -> None:
    fee = charge(model=BillingModel.FLAT_FEE, feature_id=None, amount=Decimal(99))
    euros = charge(currency="EUR", amount=Decimal(9))
    assert amount(holding(PackagePricing(charges=(fee, charge(), euros))), 2) == 1


def test_overage_is_spent_beyond_what_is_included() -> None:
    over = holding(PackagePricing(overages=(charge(),)))
    assert [amount(over, calls) for calls in (100, 101, 110)] == [0, Decimal("0.5"), 5]


def test_a_price_that_was_agreed_is_spent_instead() -> None:
    tiers = (ChargeTier(Decimal(10), Decimal(1)), ChargeTier(None, Decimal("0.1")))
    agreed = PriceOverride(feature_id=CALLS, tiers=tiers, tiers_mode=TiersMode.GRADUATED)
    own = holding(PackagePricing(charges=(charge(),)), replace(MONTHLY, prices=(agreed,)))
    assert amount(own, 20) == 11


def test_a_part_of_a_customer_spends_what_it_uses_itself() -> None:
    site = holding(PackagePricing(charges=(charge(),)), resource_id="site")
    assert amount(site, 4, scope="Rsite") == 2
    assert amount(site, 4) == 0


def test_spending_counts_in_the_trial_and_then_in_billing_periods() -> None:
    end = START + timedelta(days=14)
    trial = holding(
        PackagePricing(charges=(charge(),)),
        trial_ends_at=end,
        trial_end=TrialEnd.CONVERT_TO_PAID,
        anchor=end,
    )
    [subscription] = trial.subscriptions
    assert spending_window(subscription, START) == Window(START, end)
    assert spending_window(subscription, end) == Window(end, datetime(2025, 3, 14, tzinfo=UTC))
    month = replace(subscription, trial_ends_at=None, trial_end=None, anchor=START)
    window = Window(datetime(2025, 2, 28, tzinfo=UTC), datetime(2025, 3, 31, tzinfo=UTC))
    assert spending_window(month, MARCH) == window
