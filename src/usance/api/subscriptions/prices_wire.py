"""What a subscription costs, as it travels: each thing once, agreed prices in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from usance.api.catalog.wire import MoneyWire, TierWire
from usance.api.subscriptions.wire import PriceWire
from usance.domain.ids import PackageId
from usance.domain.plans.charges import BillingModel, Charge, ChargeTier
from usance.domain.plans.package import Package, PackageKind
from usance.domain.subscriptions.offer import chosen, override_of
from usance.domain.subscriptions.terms import PriceOverride, Terms
from usance.store.published import VersionKey

Packages = Mapping[VersionKey, Package]


def shown_prices(plan_id: PackageId, terms: Terms, packages: Packages) -> Iterator[PriceWire]:
    """What each thing costs in its period, currency and place; agreed prices in their place."""
    unused = list(terms.prices)
    plan = packages.get(VersionKey(PackageKind.PLAN, plan_id, terms.plan_version or 0))
    for charge in [] if plan is None else _charges(plan, terms):
        agreed = override_of(terms.prices, charge)
        if agreed is not None and agreed in unused:
            unused.remove(agreed)
        yield _price(charge, agreed, None)
    for held in terms.addons:
        addon = packages.get(VersionKey(PackageKind.ADDON, held.id, held.version))
        own = [each for each in terms.prices if each.addon_id == held.id]
        for charge in [] if addon is None else _charges(addon, terms):
            agreed = override_of(own, charge, held.id)
            if agreed is not None and agreed in unused:
                unused.remove(agreed)
            yield _price(charge, agreed, held.id)
    for left in unused:
        yield _agreed(left)


def _charges(package: Package, terms: Terms) -> list[Charge]:
    place = terms.billing_period, terms.currency, terms.country
    pricing = package.pricing
    charged = [*chosen(pricing.charges, *place), *chosen(pricing.overages, *place)]
    return [each for each in charged if each.model is not BillingModel.MINIMUM_SPEND]


def _price(charge: Charge, agreed: PriceOverride | None, addon_id: str | None) -> PriceWire:
    if agreed is not None:
        return _agreed(agreed, of=charge)
    code = charge.currency.lower()
    return PriceWire(
        base_charge=charge.model is BillingModel.FLAT_FEE,
        feature_id=charge.feature_id,
        addon_id=addon_id,
        amount=charge.amount,
        currency=code,
        block_size=charge.block_size,
        billing_country_code=charge.country,
        tiers=_tiers(charge.tiers, code),
    )


def _agreed(agreed: PriceOverride, *, of: Charge | None = None) -> PriceWire:
    code = (agreed.currency or (of.currency if of is not None else "USD")).lower()
    return PriceWire(
        base_charge=agreed.feature_id is None and (agreed.addon_id is None or of is not None),
        feature_id=agreed.feature_id,
        addon_id=agreed.addon_id,
        amount=agreed.amount,
        currency=code,
        block_size=agreed.block_size,
        billing_country_code=None,
        tiers=_tiers(agreed.tiers, code),
    )


def _money(amount: Decimal | None, code: str) -> MoneyWire | None:
    return None if amount is None else MoneyWire(amount=amount, currency=code)


def _tiers(tiers: Sequence[ChargeTier], code: str) -> list[TierWire] | None:
    found = [
        TierWire(
            up_to=tier.up_to,
            unit_price=_money(tier.unit_amount, code),
            flat_price=_money(tier.flat_amount, code),
        )
        for tier in tiers
    ]
    return found or None
