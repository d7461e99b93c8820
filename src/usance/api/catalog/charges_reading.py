"""From the charges that were sent to those of the rules, with the ids and the instant given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial

from usance.api.catalog.charges_wire import (
    ChargesWire,
    OverageModelWire,
    PricePeriodWire,
    PricingModelWire,
)
from usance.api.catalog.entitlements_wire import Resets, resets_of
from usance.api.catalog.wire import (
    USD,
    MoneyWire,
    TierWire,
    no_credit_currency,
    no_credits_to_grant,
)
from usance.api.fields import at
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import FeatureId
from usance.domain.plans.charges import (
    BillingModel,
    Charge,
    ChargeTier,
    TiersMode,
)
from usance.domain.plans.entitlements import PackageEntitlement
from usance.domain.plans.package import Package, PackagePricing, with_entitlement


@dataclass(frozen=True, slots=True)
class ReadCharges:
    """Reads the charges of one request."""

    instant: datetime
    new_id: Callable[[str], str]

    def applied(self, draft: Package, wire: ChargesWire) -> Package:
        """The draft with this pricing, and with the entitlements that it brings. Raises Invalid."""
        pricing = PackagePricing(
            type=wire.pricing_type,
            charges=(*self._charges(wire), *self._minimums(wire)),
            overages=tuple(self._overages(wire)),
            overage_billing=wire.overage_billing_period,
        )
        priced = replace(draft, pricing=pricing)
        if wire.billing_id is not None:
            priced = replace(priced, billing_id=wire.billing_id)
        for entitlement in self._included(draft, wire):
            priced = with_entitlement(priced, entitlement)
        return priced

    def _charges(self, wire: ChargesWire) -> Iterator[Charge]:
        for index, model in enumerate(wire.pricing_models or ()):
            path = f"charges.pricingModels[{index}]"
            if model.billing_model == "CREDIT_BASED" or model.top_up_custom_currency_id is not None:
                named = model.top_up_custom_currency_id or ""
                raise no_credit_currency(f"{path}.topUpCustomCurrencyId", named)
            for number, period in enumerate(model.price_periods):
                yield self._charge(model, period, f"{path}.pricePeriods[{number}]")

    def _overages(self, wire: ChargesWire) -> Iterator[Charge]:
        for index, model in enumerate(wire.overage_pricing_models or ()):
            path = f"charges.overagePricingModels[{index}]"
            as_usage = PricingModelWire(
                billing_model="USAGE_BASED",
                price_periods=model.price_periods,
                feature_id=_overage_feature(model, path),
                tiers_mode=TiersMode.GRADUATED,
            )
            for number, period in enumerate(model.price_periods):
                yield self._charge(as_usage, period, f"{path}.pricePeriods[{number}]")

    def _minimums(self, wire: ChargesWire) -> Iterator[Charge]:
        for index, each in enumerate(wire.minimum_spend or ()):
            period = PricePeriodWire(billing_period=each.billing_period, price=each.minimum)
            model = PricingModelWire(billing_model="MINIMUM_SPEND", price_periods=[period])
            yield self._charge(model, period, f"charges.minimumSpend[{index}]")

    def _charge(self, model: PricingModelWire, period: PricePeriodWire, path: str) -> Charge:
        if period.credit_rate is not None:
            raise no_credit_currency(
                f"{path}.creditRate.currencyId", period.credit_rate.currency_id
            )
        if period.credit_grant_cadence is not None:
            cadence = period.credit_grant_cadence
            raise no_credits_to_grant("InvalidCharge", f"{path}.creditGrantCadence", cadence)
        country = period.billing_country_code
        return at(
            path,
            lambda: Charge(
                id=self.new_id("chg"),
                created_at=self.instant,
                model=BillingModel(model.billing_model),
                period=period.billing_period,
                currency=_currency_of(period).upper(),
                amount=None if period.price is None else period.price.amount,
                tiers=tuple(_tier(tier) for tier in period.tiers or ()),
                tiers_mode=model.tiers_mode if period.tiers else None,
                block_size=period.block_size,
                country=None if country is None else country.upper(),
                feature_id=None if model.feature_id is None else FeatureId(model.feature_id),
                cadence=model.billing_cadence,
                min_units=model.min_unit_quantity,
                max_units=model.max_unit_quantity,
            ),
        )

    def _included(self, draft: Package, wire: ChargesWire) -> Iterator[PackageEntitlement]:
        """What overage goes beyond; and of what is paid as it is used, as much as one likes."""
        known = {each.feature_id: each for each in draft.entitlements}
        for index, model in enumerate(wire.pricing_models or ()):
            path = f"charges.pricingModels[{index}]"
            resets = at(path, partial(resets_of, model))
            if model.feature_id is not None and resets.period is not None:
                feature_id = FeatureId(model.feature_id)
                open_ended = PackageEntitlement(
                    feature_id=feature_id,
                    created_at=self.instant,
                    updated_at=self.instant,
                    has_unlimited_usage=True,
                )
                yield _reset(known.get(feature_id, open_ended), resets, self.instant, path)
        for index, overage in enumerate(wire.overage_pricing_models or ()):
            path, sent = f"charges.overagePricingModels[{index}].entitlement", overage.entitlement
            if sent is not None:
                included = PackageEntitlement(
                    feature_id=FeatureId(sent.feature_id),
                    created_at=self.instant,
                    updated_at=self.instant,
                    usage_limit=sent.usage_limit,
                    has_soft_limit=True,
                    has_unlimited_usage=sent.has_unlimited_usage or False,
                )
                resets = at(path, partial(resets_of, sent))
                yield _reset(included, resets, self.instant, path)


def _reset(
    entitlement: PackageEntitlement, resets: Resets, instant: datetime, path: str
) -> PackageEntitlement:
    return at(
        path,
        lambda: replace(
            entitlement,
            reset_period=resets.period,
            reset_according_to=resets.according_to,
            updated_at=instant,
        ),
    )


def _overage_feature(model: OverageModelWire, path: str) -> str:
    if model.currency_id is not None:
        raise no_credit_currency(f"{path}.currencyId", model.currency_id)
    if model.credit_entitlement is not None:
        currency_id = model.credit_entitlement.custom_currency_id
        raise no_credit_currency(f"{path}.creditEntitlement.customCurrencyId", currency_id)
    included = None if model.entitlement is None else model.entitlement.feature_id
    named = model.feature_id or included
    if named is None or (included is not None and included != named):
        expected = "the feature that is charged for, the same as the entitlement's"
        raise Invalid(Problem("InvalidCharge", f"{path}.featureId", named or "", expected))
    return named


def _currency_of(period: PricePeriodWire) -> str:
    tiers = period.tiers or ()
    prices = [each for tier in tiers for each in (tier.unit_price, tier.flat_price)]
    named = {each.currency.lower() for each in (period.price, *prices) if each is not None}
    if len(named) > 1:
        expected = "one currency in all of its tiers"
        raise Invalid(Problem("InvalidCharge", "tiers", ", ".join(sorted(named)), expected))
    return next(iter(named), USD)


def _tier(tier: TierWire) -> ChargeTier:
    return ChargeTier(tier.up_to, _amount(tier.unit_price), _amount(tier.flat_price))


def _amount(price: MoneyWire | None) -> Decimal | None:
    return None if price is None else price.amount
