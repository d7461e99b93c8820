"""The offer: what may be bought of a plan, and what of it somebody asks for comes to a month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from usance.domain.catalog import Feature
from usance.domain.customer import EU
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import FeatureId, PackageId
from usance.domain.plans.charges import (
    EUROPE,
    BillingModel,
    BillingPeriod,
    Charge,
    ChargeCadence,
)
from usance.domain.plans.entitlements import PackageEntitlement, fitting_problems
from usance.domain.plans.package import Package, PricingType
from usance.domain.plans.product import Product
from usance.domain.rating.rate import rate
from usance.domain.subscriptions.terms import (
    EntitlementOverride,
    PriceOverride,
    Terms,
    UnitQuantity,
)

MONTHS = {BillingPeriod.MONTHLY: 1, BillingPeriod.ANNUALLY: 12}
ONE = Decimal(1)
NEVER = datetime.min.replace(tzinfo=UTC)  # of an entitlement that stands in no package


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A plan as published, its product, and the add-ons and features that are named with it."""

    plan: Package
    product: Product
    addons: Mapping[PackageId, Package] = field(default_factory=dict)
    features: Mapping[FeatureId, Feature] = field(default_factory=dict)

    @property
    def packages(self) -> tuple[Package, ...]:
        """The plan and the add-ons."""
        return (self.plan, *self.addons.values())

    def charges(self) -> Iterator[Charge]:
        """All charges of plan and add-ons."""
        for package in self.packages:
            yield from package.pricing.charges

    def periods(self) -> list[BillingPeriod]:
        """By which periods the plan is billed; none of one that is free."""
        charges = self.plan.pricing.charges
        recurring = {c.period for c in charges if c.cadence is ChargeCadence.RECURRING}
        charged = recurring or {c.period for c in charges}
        return [each for each in BillingPeriod if each in charged]

    def by_unit(self) -> list[FeatureId]:
        """The features of which units are ordered, each once, in the order of their charges."""
        found = (c.feature_id for c in self.charges() if c.model is BillingModel.PER_UNIT)
        return list(dict.fromkeys(each for each in found if each is not None))


def chosen(
    charges: Iterable[Charge],
    period: BillingPeriod | None,
    currency: str | None,
    country: str | None,
) -> list[Charge]:
    """Of the charges for one thing the one for that period, currency and place.

    The charge of the very country goes before that of the Union, and that before the one for
    everybody. `country` of EU is the Union itself.
    """
    best: dict[tuple[object, ...], Charge] = {}
    for charge in charges:
        if charge.period is not period or (currency is not None and charge.currency != currency):
            continue
        if charge.country not in (None, EUROPE, country):
            continue
        thing = charge.model, charge.feature_id, charge.cadence
        held = best.get(thing)
        if held is None or _nearness(charge, country) > _nearness(held, country):
            best[thing] = charge
    return [each for each in best.values() if _nearness(each, country) >= 0]


def currencies(plan: Package, period: BillingPeriod | None, country: str | None) -> list[str]:
    """In which currencies all of a plan may be paid there, those of that very place first."""
    all_things = {_thing(c) for c in plan.pricing.charges if c.period is period}
    found = {c.currency for c in plan.pricing.charges if c.period is period}
    complete = []
    for currency in found:
        own = chosen(plan.pricing.charges, period, currency, country)
        if {_thing(c) for c in own} == all_things:
            complete.append((-max((_nearness(c, country) for c in own), default=0), currency))
    first = [c.currency for c in plan.pricing.charges]
    return [name for _, name in sorted(complete, key=lambda each: (each[0], first.index(each[1])))]


def monthly_amount(offer: Offer, terms: Terms) -> Decimal:
    """What recurs of it a month without usage, in major units: to compare, never to bill."""
    if terms.billing_period is None:
        return Decimal(0)
    total = Decimal(0)
    quantities = {each.id: each.quantity for each in terms.addons}
    for package in offer.packages:
        times = quantities.get(package.id, 1)
        for charge in chosen(
            package.pricing.charges, terms.billing_period, terms.currency, terms.country
        ):
            total += times * _a_period(charge, terms)
    return total / MONTHS[terms.billing_period]


def _a_period(charge: Charge, terms: Terms) -> Decimal:
    if charge.cadence is ChargeCadence.ONE_OFF or charge.model is BillingModel.USAGE_BASED:
        return Decimal(0)
    agreed = override_of(terms.prices, charge)
    quantity = ONE
    if charge.feature_id is not None:
        quantity = terms.units_of(charge.feature_id) or Decimal(charge.min_units or 0)
    if agreed is not None and agreed.amount is not None:
        return agreed.amount * quantity
    return rate(charge.price(), quantity).amount


def override_of(
    prices: Sequence[PriceOverride], charge: Charge, addon_id: PackageId | None = None
) -> PriceOverride | None:
    """What was agreed instead of a charge of the plan, or an add-on; None when nothing was.

    What is due once keeps its own price.
    """
    if charge.cadence is ChargeCadence.ONE_OFF:
        return None
    is_base = charge.model is BillingModel.FLAT_FEE
    for each in prices:
        if each.addon_id == addon_id and (
            each.feature_id == charge.feature_id if each.feature_id is not None else is_base
        ):
            return each
    return None


def addon_problems(offer: Offer, asked: Sequence[tuple[PackageId, int]]) -> Iterator[Problem]:
    """What is wrong with the add-ons somebody asks for."""
    named = {addon_id for addon_id, _ in asked}
    for index, (addon_id, quantity) in enumerate(asked):
        path = f"addons[{index}]"
        addon = offer.addons.get(addon_id)
        if addon is None or addon.product_id != offer.plan.product_id:
            expected = f"a published add-on of the product {offer.plan.product_id}"
            yield Problem("AddonNotFound", f"{path}.id", addon_id, expected)
            continue
        if addon_id not in offer.plan.compatible_addon_ids:
            known = ", ".join(offer.plan.compatible_addon_ids) or "none"
            expected = f"an add-on that goes with the plan {offer.plan.id}: {known}"
            yield Problem("AddonNotCompatible", f"{path}.id", addon_id, expected)
        if addon.max_quantity is not None and quantity > addon.max_quantity:
            expected = f"at most {addon.max_quantity}"
            yield Problem("AddonQuantityExceedsLimit", f"{path}.quantity", str(quantity), expected)
        missing = [each for each in addon.dependency_ids if each not in named]
        if missing:
            expected = f"also {', '.join(missing)}, without which it does nothing"
            yield Problem("AddonDependencyMissing", f"{path}.id", addon_id, expected)


def unit_problems(offer: Offer, units: Sequence[UnitQuantity]) -> Iterator[Problem]:
    """What is wrong with the units somebody orders."""
    sold = offer.by_unit()
    for index, unit in enumerate(units):
        if unit.feature_id not in sold:
            known = ", ".join(sold) or "none"
            expected = f"a feature that is charged by unit: {known}"
            yield Problem("ChargeNotFound", f"charges[{index}].id", unit.feature_id, expected)
            continue
        for charge in offer.charges():
            if charge.feature_id != unit.feature_id or charge.model is not BillingModel.PER_UNIT:
                continue
            least, most = charge.min_units or 0, charge.max_units
            if unit.quantity < least or (most is not None and unit.quantity > most):
                expected = f"{least} or more" if most is None else f"{least} to {most}"
                path = f"charges[{index}].quantity"
                yield Problem("InvalidQuantity", path, str(unit.quantity), expected)
                break


def override_problems(offer: Offer, asked: Sequence[EntitlementOverride]) -> Iterator[Problem]:
    """What is wrong with entitlements agreed with one customer."""
    for index, each in enumerate(asked):
        path = f"entitlements[{index}]"
        feature = offer.features.get(each.feature_id)
        if feature is None:
            expected = "the id of a feature"
            yield Problem("FeatureNotFound", f"{path}.id", each.feature_id, expected)
            continue
        try:
            entitlement = _entitlement(each)
        except Invalid as refused:
            yield from (problem.under(path) for problem in refused.problems)
            continue
        for problem in fitting_problems(entitlement, feature):
            yield problem.under(path)


def _entitlement(each: EntitlementOverride) -> PackageEntitlement:
    return PackageEntitlement(
        feature_id=each.feature_id,
        created_at=NEVER,
        updated_at=NEVER,
        has_unlimited_usage=each.has_unlimited_usage,
        has_soft_limit=each.has_soft_limit,
        usage_limit=each.usage_limit,
        enum_values=each.enum_values,
        reset_period=each.reset_period,
        reset_according_to=each.reset_according_to,
    )


def is_lower(old: Package, new: Package) -> bool:
    """True when the old plan inherits from the new, or is paid and the new one free."""
    if old.parent_id == new.id:
        return True
    return old.pricing.type is PricingType.PAID and new.pricing.type is PricingType.FREE


def _thing(charge: Charge) -> tuple[object, ...]:
    return charge.model, charge.feature_id, charge.cadence


def _nearness(charge: Charge, country: str | None) -> int:
    if charge.country is None:
        return 0
    if charge.country == country:
        return 2
    return 1 if charge.country == EUROPE and country in EU else -1
