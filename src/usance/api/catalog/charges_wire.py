"""Charges as they are sent (models with price periods) and read (one row a price)."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from usance.api.catalog.entitlements_wire import ResetFields
from usance.api.catalog.wire import CreditRateWire, MoneyWire, Number, TierWire
from usance.api.envelope import Instant, Wire
from usance.api.fields import Ref
from usance.domain.plans.charges import (
    BillingModel,
    BillingPeriod,
    Charge,
    ChargeCadence,
    OverageBilling,
    TiersMode,
)
from usance.domain.plans.package import PricingType

GrantCadence = Literal["BEGINNING_OF_BILLING_PERIOD", "MONTHLY"]


class PricePeriodWire(Wire):
    """The price for a billing period, in a currency, perhaps for one country only."""

    billing_period: BillingPeriod
    price: MoneyWire | None = None
    tiers: list[TierWire] | None = Field(default=None, max_length=100)
    block_size: Number | None = None
    billing_country_code: str | None = Field(
        default=None, max_length=2, description="ISO 3166; `eu` for all of its states."
    )
    credit_rate: CreditRateWire | None = None
    credit_grant_cadence: GrantCadence | None = None


class PricingModelWire(ResetFields):
    """What is counted, and what it costs."""

    billing_model: Literal["FLAT_FEE", "MINIMUM_SPEND", "PER_UNIT", "USAGE_BASED", "CREDIT_BASED"]
    price_periods: list[PricePeriodWire] = Field(min_length=1, max_length=500)
    billing_cadence: ChargeCadence = ChargeCadence.RECURRING
    feature_id: Ref | None = None
    min_unit_quantity: int | None = None
    max_unit_quantity: int | None = None
    tiers_mode: TiersMode | None = None
    top_up_custom_currency_id: str | None = None


class OverageEntitlementWire(ResetFields):
    """What is included before overage begins."""

    feature_id: Ref
    usage_limit: Number | None = None
    has_soft_limit: bool | None = None
    has_unlimited_usage: bool | None = None


class CreditEntitlementWire(Wire):
    """Credits that are included before overage begins."""

    custom_currency_id: str
    amount: Number
    cadence: Literal["MONTH", "YEAR"]


class OverageModelWire(Wire):
    """What is charged beyond the limit of an entitlement."""

    price_periods: list[PricePeriodWire] = Field(min_length=1, max_length=500)
    feature_id: Ref | None = None
    currency_id: str | None = None
    entitlement: OverageEntitlementWire | None = None
    credit_entitlement: CreditEntitlementWire | None = None


class MinimumWire(Wire):
    """The least to be paid a billing period."""

    billing_period: BillingPeriod
    minimum: MoneyWire


class ChargesWire(Wire):
    """The whole pricing of a draft: what is left out is taken away."""

    pricing_type: PricingType
    billing_id: str | None = None
    minimum_spend: list[MinimumWire] | None = Field(default=None, max_length=100)
    overage_billing_period: OverageBilling | None = None
    overage_pricing_models: list[OverageModelWire] | None = Field(default=None, max_length=200)
    pricing_models: list[PricingModelWire] | None = Field(default=None, max_length=200)


class ChargeWire(Wire):
    """One price of a plan or add-on."""

    id: str
    billing_model: BillingModel
    billing_cadence: ChargeCadence
    billing_period: BillingPeriod
    price: MoneyWire | None
    tiers: list[TierWire] | None
    tiers_mode: TiersMode | None
    block_size: Number | None
    feature_id: str | None
    min_unit_quantity: int | None
    max_unit_quantity: int | None
    billing_country_code: str | None
    used_in_subscriptions: bool = Field(
        description="Whether a subscription has or had that version of the plan or add-on."
    )
    created_at: Instant


def charge_wire(charge: Charge, *, is_used: bool) -> ChargeWire:
    """As it travels."""
    code = charge.currency.lower()

    def money(amount: Decimal | None) -> MoneyWire | None:
        return None if amount is None else MoneyWire(amount=amount, currency=code)

    tiers = [
        TierWire(
            up_to=tier.up_to,
            unit_price=money(tier.unit_amount),
            flat_price=money(tier.flat_amount),
        )
        for tier in charge.tiers
    ]
    return ChargeWire(
        id=charge.id,
        billing_model=charge.model,
        billing_cadence=charge.cadence,
        billing_period=charge.period,
        price=money(charge.amount),
        tiers=tiers or None,
        tiers_mode=charge.tiers_mode,
        block_size=charge.block_size,
        feature_id=charge.feature_id,
        min_unit_quantity=charge.min_units,
        max_unit_quantity=charge.max_units,
        billing_country_code=charge.country,
        used_in_subscriptions=is_used,
        created_at=charge.created_at,
    )
