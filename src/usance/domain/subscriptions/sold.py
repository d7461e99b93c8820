"""What a version of a subscription is charged for: the charges of its plan and add-ons that apply.

Of the charges for one thing the one of its billing period, currency and country counts; a thing
that is not priced for that period is charged by the other. What was agreed with the customer takes
the place of a charge's amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from usance.domain.catalog import Feature, MeterType
from usance.domain.ids import FeatureId
from usance.domain.plans.charges import (
    BillingModel,
    BillingPeriod,
    Charge,
    ChargeCadence,
    OverageBilling,
    TiersMode,
)
from usance.domain.plans.entitlements import Behavior, PackageEntitlement, ResetPeriod
from usance.domain.plans.package import Package, PackageKind, PricingType
from usance.domain.subscriptions.offer import NEVER, chosen
from usance.domain.subscriptions.terms import PriceOverride, Terms

WINDOWS = {  # of an allowance that starts anew, how many a month and a year hold
    ResetPeriod.YEAR: (1, 1),
    ResetPeriod.MONTH: (1, 12),
    ResetPeriod.WEEK: (4, 52),
    ResetPeriod.DAY: (30, 365),
    ResetPeriod.HOUR: (30 * 24, 365 * 24),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """The packages a version names, as published then, how many of each, and their features."""

    plan: Package
    addons: tuple[tuple[Package, int], ...] = ()
    features: Mapping[FeatureId, Feature] = field(default_factory=dict)

    @property
    def is_paid(self) -> bool:
        """False of what is free, or billed by a contract that was negotiated."""
        return self.plan.pricing.type is PricingType.PAID

    @property
    def packages(self) -> Iterator[tuple[Package, int]]:
        """The plan once, and each add-on with how many of it."""
        yield self.plan, 1
        yield from self.addons

    @property
    def is_by_use(self) -> bool:
        """True when anything of it is priced by what is used, whether or not that applies."""
        return any(package.by_use() for package, _ in self.packages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """One charge that applies, `times` as often, of `package`.

    `included`: units that cost nothing, of an overage; `is_counted_yearly`: they are given for a
    year, whatever the billing period.
    """

    charge: Charge
    package: Package
    times: int = 1
    units: Decimal | None = None
    included: Decimal | None = None
    is_counted_yearly: bool = False


def charged(sold: Sold, terms: Terms) -> Iterator[Charged]:
    """All that a version is billed for, its minimum last."""
    if sold.is_paid:
        yield from _all(sold, terms)


def charged_by_use(sold: Sold, terms: Terms) -> Iterator[Charged]:
    """Of that what depends on usage; of a custom plan what its charges say."""
    for each in _all(sold, terms):
        if each.charge.model is BillingModel.USAGE_BASED:
            yield each


def _all(sold: Sold, terms: Terms) -> Iterator[Charged]:
    minimums: list[Charge] = []
    for package, times in sold.packages:
        prices = _agreed(terms, package)
        for charge in _with_base(_applying(package.pricing.charges, terms), prices, terms):
            if charge.model is BillingModel.MINIMUM_SPEND:
                minimums.append(charge)
                continue
            agreed = _overridden(charge, prices)
            yield Charged(charge=agreed, package=package, times=times, units=_units(agreed, terms))
        for charge in _applying(package.pricing.overages, terms):
            overage = _overage(_overridden(charge, prices), package, sold, terms)
            if overage is not None:
                yield replace(overage, times=times)
    minimum = _minimum(minimums, terms)
    if minimum is not None:
        yield Charged(charge=minimum, package=sold.plan)


def _applying(charges: tuple[Charge, ...], terms: Terms) -> list[Charge]:
    """Those for its period; of what has no price for that, those for the other."""
    found: dict[tuple[object, ...], Charge] = {}
    own = terms.billing_period
    for period in sorted(BillingPeriod, key=lambda each: each is not own):
        for charge in chosen(charges, period, terms.currency, terms.country):
            found.setdefault((charge.model, charge.feature_id, charge.cadence), charge)
    return list(found.values())


def _agreed(terms: Terms, package: Package) -> list[PriceOverride]:
    addon_id = package.id if package.kind is PackageKind.ADDON else None
    return [each for each in terms.prices if each.addon_id == addon_id]


def _with_base(charges: list[Charge], prices: list[PriceOverride], terms: Terms) -> list[Charge]:
    """The charges, and a base fee where one was agreed that the package itself has not."""
    has_base = any(
        each.model is BillingModel.FLAT_FEE and each.cadence is ChargeCadence.RECURRING
        for each in charges
    )
    base = next((each for each in prices if each.feature_id is None), None)
    if has_base or base is None or base.amount is None or terms.currency is None or not charges:
        return charges
    made = Charge(
        id="agreed",
        created_at=charges[0].created_at,
        model=BillingModel.FLAT_FEE,
        period=terms.billing_period or BillingPeriod.MONTHLY,
        currency=terms.currency,
        amount=base.amount,
    )
    return [made, *charges]


def _overridden(charge: Charge, prices: list[PriceOverride]) -> Charge:
    """The charge at the price that was agreed; what is due once keeps its own."""
    if charge.cadence is ChargeCadence.ONE_OFF:
        return charge
    is_base = charge.model is BillingModel.FLAT_FEE
    for agreed in prices:
        is_meant = is_base if agreed.feature_id is None else agreed.feature_id == charge.feature_id
        if not is_meant:
            continue
        if agreed.tiers:
            mode = agreed.tiers_mode or charge.tiers_mode or TiersMode.GRADUATED
            return replace(
                charge, amount=None, tiers=agreed.tiers, tiers_mode=mode, block_size=None
            )
        if agreed.amount is not None:
            size = agreed.block_size or charge.block_size
            return replace(charge, amount=agreed.amount, tiers=(), tiers_mode=None, block_size=size)
    return charge


def _units(charge: Charge, terms: Terms) -> Decimal | None:
    """How many were ordered of what is charged by unit."""
    if charge.model is not BillingModel.PER_UNIT:
        return None
    assert charge.feature_id is not None, "units are of a feature"
    ordered = terms.units_of(charge.feature_id)
    return max(ordered or Decimal(0), Decimal(charge.min_units or 0))


def _overage(charge: Charge, package: Package, sold: Sold, terms: Terms) -> Charged | None:
    """What is charged beyond what is included; None where nothing ends."""
    feature_id = charge.feature_id
    assert feature_id is not None, "an overage counts a feature"
    limit, reset = _limit(feature_id, package, sold, terms)
    if limit is None:
        return None
    is_monthly = package.pricing.overage_billing is OverageBilling.MONTHLY
    period = BillingPeriod.MONTHLY if is_monthly else terms.billing_period or charge.period
    charge = replace(charge, period=period)
    feature = sold.features.get(feature_id)
    if feature is not None and feature.meter_type is MeterType.FLUCTUATING:  # never set back
        return Charged(charge=charge, package=package, included=limit)
    if reset in (None, ResetPeriod.YEAR) and period is BillingPeriod.MONTHLY:
        return Charged(charge=charge, package=package, included=limit, is_counted_yearly=True)
    a_month, a_year = WINDOWS[reset or ResetPeriod.YEAR]
    windows = a_month if period is BillingPeriod.MONTHLY else a_year
    return Charged(charge=charge, package=package, included=limit * windows)


def _limit(
    feature_id: FeatureId, package: Package, sold: Sold, terms: Terms
) -> tuple[Decimal | None, ResetPeriod | None]:
    """How much of a feature is included, and how often that starts anew; None: without end."""
    own = _entitlement(package, feature_id) or _entitlement(sold.plan, feature_id)
    reset = None if own is None else own.reset_period
    for agreed in terms.overrides:
        says_limit = agreed.has_unlimited_usage or agreed.usage_limit is not None
        if agreed.feature_id == feature_id:
            reset = agreed.reset_period or reset
            if says_limit:
                return (None if agreed.has_unlimited_usage else agreed.usage_limit), reset
    total = Decimal(0)
    for each, times in sold.packages:
        held = _entitlement(each, feature_id)
        if held is None or not held.is_granted:
            continue
        if held.has_unlimited_usage:
            return None, reset
        given = (held.usage_limit or Decimal(0)) * times
        total = given if held.behavior is Behavior.OVERRIDE else total + given
    return total, reset


def _entitlement(package: Package, feature_id: FeatureId) -> PackageEntitlement | None:
    return next((each for each in package.entitlements if each.feature_id == feature_id), None)


def _minimum(minimums: list[Charge], terms: Terms) -> Charge | None:
    """The least that on-demand charges come to: as agreed, or as the plan says."""
    agreed = terms.minimum_spend
    plan = minimums[0] if minimums else None
    if agreed is None or (terms.currency is not None and agreed.currency != terms.currency):
        return plan
    if plan is not None:
        return replace(plan, amount=agreed.amount)
    return Charge(
        id="agreed",
        created_at=NEVER,
        model=BillingModel.MINIMUM_SPEND,
        period=terms.billing_period or BillingPeriod.MONTHLY,
        currency=agreed.currency,
        amount=agreed.amount,
    )
