"""What was agreed with one customer: entitlements, prices, ceilings, as they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from usance.api.catalog.entitlements_wire import resets_of
from usance.api.catalog.wire import (
    MoneyWire,
    TierWire,
    no_credit_currency,
    no_credits_to_grant,
)
from usance.api.fields import at
from usance.api.subscriptions.bodies import (
    CreditOverrideBody,
    FeatureOverrideBody,
    MinimumSpendBody,
    PatchBody,
    PriceOverrideBody,
    ProvisionBody,
)
from usance.api.subscriptions.instants import capitals
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import FeatureId, PackageId
from usance.domain.plans.charges import ChargeTier
from usance.domain.plans.package import Budget
from usance.domain.subscriptions.terms import (
    EntitlementOverride,
    MinimumSpend,
    PriceOverride,
)


def overrides_of(
    sent: Sequence[FeatureOverrideBody | CreditOverrideBody],
) -> tuple[EntitlementOverride, ...]:
    found = []
    for index, each in enumerate(sent):
        if isinstance(each, CreditOverrideBody):
            raise no_credit_currency(f"entitlements[{index}].id", each.id)
        resets = at(f"entitlements[{index}]", partial(resets_of, each))
        found.append(
            EntitlementOverride(
                feature_id=FeatureId(each.id),
                usage_limit=each.usage_limit,
                has_unlimited_usage=each.has_unlimited_usage or False,
                has_soft_limit=each.has_soft_limit or False,
                enum_values=tuple(each.enum_values or ()),
                reset_period=resets.period,
                reset_according_to=resets.according_to,
            )
        )
    return tuple(found)


def prices_of(sent: Sequence[PriceOverrideBody], country: str | None) -> tuple[PriceOverride, ...]:
    found = []
    for index, each in enumerate(sent):
        path = f"priceOverrides[{index}]"
        _check_price(each, path, country)
        money = _currencies(each)
        found.append(
            PriceOverride(
                feature_id=None if each.feature_id is None else FeatureId(each.feature_id),
                addon_id=None if each.addon_id is None else PackageId(each.addon_id),
                amount=each.amount,
                currency=next(iter(money), None),
                tiers=tuple(_tier(tier) for tier in each.tiers or ()),
                tiers_mode=each.tiers_mode,
                block_size=each.block_size,
            )
        )
    return tuple(found)


def _check_price(each: PriceOverrideBody, path: str, country: str | None) -> None:
    if each.credit_rate is not None:
        raise no_credit_currency(f"{path}.creditRate.currencyId", each.credit_rate.currency_id)
    if each.currency_id is not None:
        raise no_credit_currency(f"{path}.currencyId", each.currency_id)
    if each.credit_grant_cadence is not None:
        where, cadence = f"{path}.creditGrantCadence", each.credit_grant_cadence
        raise no_credits_to_grant("InvalidPriceOverride", where, cadence)
    if each.base_charge and each.feature_id is not None:
        expected = "a feature's charge or the base charge, not both"
        raise Invalid(
            Problem("InvalidPriceOverride", f"{path}.featureId", each.feature_id, expected)
        )
    if not each.base_charge and each.feature_id is None and each.addon_id is None:
        expected = "true, or a featureId, or an addonId"
        value = "" if each.base_charge is None else "false"
        raise Invalid(Problem("InvalidPriceOverride", f"{path}.baseCharge", value, expected))
    if (each.amount is None) == (not each.tiers):
        expected = "exactly one of amount and tiers"
        value = "" if each.amount is None else str(each.amount)
        raise Invalid(Problem("InvalidPriceOverride", f"{path}.amount", value, expected))
    if len(money := _currencies(each)) > 1:
        expected = "one currency in all of its tiers"
        value = ", ".join(sorted(money))
        raise Invalid(Problem("InvalidPriceOverride", f"{path}.currency", value, expected))
    place = each.billing_country_code
    if place is not None and capitals(place) != capitals(country):
        expected = "nothing, or the billingCountryCode of the subscription"
        raise Invalid(
            Problem("InvalidPriceOverride", f"{path}.billingCountryCode", place, expected)
        )


def _currencies(each: PriceOverrideBody) -> set[str]:
    tiers = each.tiers or ()
    parts = [part for tier in tiers for part in (tier.unit_price, tier.flat_price)]
    named = {part.currency.upper() for part in parts if part is not None}
    return named | ({each.currency.upper()} if each.currency is not None else set())


def _tier(tier: TierWire) -> ChargeTier:
    return ChargeTier(tier.up_to, _amount(tier.unit_price), _amount(tier.flat_price))


def _amount(price: MoneyWire | None) -> Decimal | None:
    return None if price is None else price.amount


def minimum_of(sent: MinimumSpendBody | None) -> MinimumSpend | None:
    if sent is None:
        return None
    return MinimumSpend(amount=sent.amount, currency=sent.currency.upper())


def budget_of(body: ProvisionBody | PatchBody) -> Budget | None:
    sent = body.budget
    return None if sent is None else Budget(limit=sent.limit, has_soft_limit=sent.has_soft_limit)
